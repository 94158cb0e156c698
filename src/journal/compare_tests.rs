use super::super::{compact, read};
use super::*;
use crate::cloud::Renderer;
use crate::event::{Data, Row};
use crate::identity::Ordinals;
use crate::journal::Journal;
use crate::report::{Level, LogFormat, Report};
use crate::window::{Granularity, Window};
use chrono::NaiveDate;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::PathBuf;
use tempfile::TempDir;

const KIND: &str = "aws.service.daily";

/// A row of the model: day, subject, value.
type Said = (u32, u32, u32);

fn day(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2022, 6, 13 + day).unwrap()
}

fn row(&(at, subject, value): &Said) -> Row {
    let mut data = Data::default();
    data.text("date", &day(at).to_string());
    data.text("amount", &value.to_string());
    let subject = format!("{}/service {subject}", day(at));
    Row { account: None, period: day(at), subject, data, amounts: Vec::new() }
}

/// A receiver as it is meant to be: it passes over ids that it knows, and applies the rest.
#[derive(Default)]
struct Receiver {
    seen: HashSet<String>,
    rows: BTreeMap<String, Value>,
}

impl Receiver {
    fn take(&mut self, line: &[u8]) {
        let event: Value = serde_json::from_slice(line).unwrap();
        let id = event["id"].as_str().unwrap().to_owned();
        if !self.seen.insert(id.clone()) {
            return;
        }
        if let Some(old) = event["restates"].as_str() {
            self.rows.remove(old);
        }
        if !event["type"].as_str().unwrap().ends_with(".retracted") {
            self.rows.insert(id, event);
        }
    }

    fn bill(&self) -> Vec<String> {
        let text = |event: &Value| format!("{} {}", event["subject"], event["data"]["amount"]);
        let mut bill: Vec<String> = self.rows.values().map(text).collect();
        bill.sort();
        bill
    }
}

fn bill_of(rows: &[Said]) -> Vec<String> {
    let text =
        |&(at, subject, value): &Said| format!("\"{}/service {subject}\" \"{value}\"", day(at));
    let mut bill: Vec<String> = rows.iter().map(text).collect();
    bill.sort();
    bill
}

/// A journal, a receiver, and runs between them.
struct World {
    folder: TempDir,
    receiver: Receiver,
    room: usize,
}

/// How a run goes.
#[derive(Clone, Copy, Debug)]
enum Run {
    Whole,
    /// As whole, but mass retractions are not allowed.
    Careful,
    /// It ends after this many pages.
    Cut(usize),
    /// It is killed: this many events are noted, and of those after them each one whose bit is set, from the lowest
    /// on. The others up to the highest bit were sent and not noted, as posts in flight are.
    Killed(usize, u32),
}

struct Killed;

impl World {
    fn new() -> Self {
        // In memory where there is such a folder: hundreds of journals are synced again and again.
        let folder = TempDir::new_in("/dev/shm").or_else(|_| TempDir::new()).unwrap();
        Self { folder, receiver: Receiver::default(), room: HOLD }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("j")
    }

    fn lines(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.path()).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Pulls the days `days`, of which `bill` is what the cloud says; returns the events sent and how many rows
    /// were unchanged, and the verdict on retractions.
    fn pull(
        &mut self,
        days: Range<u32>,
        bill: &[Said],
        page: usize,
        run: Run,
    ) -> (Vec<Value>, u64, Result<()>) {
        let window = Window {
            start: day(days.start),
            end: day(days.end - 1),
            granularity: Granularity::Daily,
        };
        let domain = Domain::of("cloud.aws.billing", KIND.into(), &window, "");
        let mut journal = Journal::open(&self.path()).unwrap();
        let found = read::read(journal.file(), journal.end(), &domain).unwrap();
        let mut history = History::new(journal.file().try_clone().unwrap(), found, domain);
        history.room = self.room;
        let mut sent = Vec::new();
        let (mut left, mut noted) = match run {
            Run::Killed(after, noted) => (after, noted),
            _ => (usize::MAX, 0),
        };
        // Whether something sent is not noted: nothing that waits for that is sent.
        let waits = std::cell::Cell::new(false);
        let receiver = &mut self.receiver;
        let mut deliver = |batch: &Batch| {
            for (at, entry) in batch.events.iter().enumerate() {
                if left == 0 && noted == 0 {
                    return Err(Killed);
                }
                receiver.take(batch.line(entry));
                sent.push(serde_json::from_slice(batch.line(entry)).unwrap());
                let is_noted = left > 0 || noted & 1 == 1;
                if left > 0 {
                    left -= 1;
                } else {
                    noted >>= 1;
                }
                if is_noted {
                    journal.append(batch.span(at..at + 1)).unwrap();
                } else {
                    waits.set(true);
                }
            }
            Ok(())
        };
        let mut renderer = Renderer::for_tests("cloud.aws.billing", KIND, Ordinals::default());
        let mut unchanged = 0;
        let mut verdict = Ok(());
        let mut whole = || {
            for (number, rows) in bill.chunks(page).enumerate() {
                if matches!(run, Run::Cut(pages) if number >= pages) {
                    return Err(Killed);
                }
                let rows: Vec<Row> = rows.iter().map(row).collect();
                let (batches, same) = history.news(renderer.page(&rows).unwrap());
                unchanged += same;
                batches.iter().try_for_each(&mut deliver)?;
            }
            let Held { now, later } = history.held();
            now.iter().try_for_each(&mut deliver)?;
            match history.gone(&[String::new()], &HashSet::new(), !matches!(run, Run::Careful)) {
                Ok(gone) => {
                    let mut all = Vec::new();
                    history
                        .retract(&gone, &[], |batch| {
                            all.push(batch);
                            Ok(())
                        })
                        .unwrap();
                    all.iter().try_for_each(&mut deliver)?;
                }
                Err(error) => verdict = Err(error),
            }
            if !later.is_empty() && waits.get() {
                return Err(Killed);
            }
            later.iter().try_for_each(&mut deliver)
        };
        let _: Result<(), Killed> = whole();
        (sent, unchanged, verdict)
    }

    /// Notes that these days were delivered whole.
    fn complete(&self, days: Range<u32>) {
        let window = Window {
            start: day(days.start),
            end: day(days.end - 1),
            granularity: Granularity::Daily,
        };
        let line = crate::journal::completed::Completed::for_tests(&window)
            .event("s", &[], chrono::DateTime::UNIX_EPOCH)
            .unwrap();
        Journal::open(&self.path()).unwrap().append(&line).unwrap();
    }

    fn whole(&mut self, days: Range<u32>, bill: &[Said]) -> (Vec<Value>, u64) {
        let (sent, unchanged, verdict) = self.pull(days.clone(), bill, 2, Run::Whole);
        verdict.unwrap();
        (sent, unchanged)
    }
}

fn marks(events: &[Value]) -> Vec<(bool, bool)> {
    let is_retraction = |event: &Value| event["type"].as_str().unwrap().ends_with(".retracted");
    events.iter().map(|event| (!event["restates"].is_null(), is_retraction(event))).collect()
}

const NEW: (bool, bool) = (false, false);
const RESTATED: (bool, bool) = (true, false);
const RETRACTED: (bool, bool) = (true, true);

#[test]
fn a_rerun_sends_nothing() {
    let mut world = World::new();
    let bill = [(0, 1, 1), (0, 2, 1), (0, 2, 1), (0, 2, 2), (1, 1, 1)];
    assert_eq!(world.whole(0..2, &bill).0.len(), 5);
    let mut turned = bill;
    turned.reverse();
    assert_eq!(world.whole(0..2, &turned), (Vec::new(), 5));
}

#[test]
fn one_gone_and_one_new_is_a_restatement() {
    let mut world = World::new();
    let (before, _) = world.whole(0..1, &[(0, 1, 1), (0, 2, 1)]);
    let (sent, unchanged) = world.whole(0..1, &[(0, 1, 2), (0, 2, 1)]);
    assert_eq!((marks(&sent), unchanged), (vec![RESTATED], 1));
    assert_eq!(sent[0]["restates"], before[0]["id"]);
    // The value returns: the same row, and an id that never was.
    let (again, _) = world.whole(0..1, &[(0, 1, 1), (0, 2, 1)]);
    assert_eq!(again[0]["restates"], sent[0]["id"]);
    assert_eq!(again[0]["data"], before[0]["data"]);
    assert_ne!(again[0]["id"], before[0]["id"]);
    let (third, _) = world.whole(0..1, &[(0, 1, 2), (0, 2, 1)]);
    assert_ne!(third[0]["id"], sent[0]["id"]);
}

#[test]
fn otherwise_new_rows_come_as_they_are_and_gone_ones_go() {
    let mut world = World::new();
    let (before, _) = world.whole(0..1, &[(0, 1, 1), (0, 1, 2), (0, 2, 1), (0, 3, 1)]);
    let (sent, unchanged) =
        world.whole(0..1, &[(0, 1, 3), (0, 1, 2), (0, 1, 4), (0, 2, 1), (0, 3, 1)]);
    assert_eq!((marks(&sent), unchanged), (vec![RETRACTED, NEW, NEW], 3));
    assert_eq!(sent[0]["restates"], before[0]["id"]);
    assert_eq!(sent[0]["data"], before[0]["data"]);
    assert_eq!(sent[0]["subject"], before[0]["subject"]);
    assert_eq!(sent[0]["type"], "aws.service.daily.retracted");
    let (back, _) =
        world.whole(0..1, &[(0, 1, 3), (0, 1, 2), (0, 1, 4), (0, 1, 1), (0, 2, 1), (0, 3, 1)]);
    assert_eq!(marks(&back), [RESTATED]);
    assert_eq!(back[0]["restates"], before[0]["id"]);
    assert_ne!(back[0]["id"], before[0]["id"]);
}

/// What was in flight when a run was killed does no harm, in a subject of several rows as well.
#[test]
fn several_new_rows_wait_until_what_they_replace_is_gone() {
    let (before, after) = ([(0, 1, 1), (0, 1, 2)], [(0, 1, 2), (0, 1, 3), (0, 1, 4)]);
    // Which of the first events are noted, from the first on.
    for noted in [0b01, 0b10, 0b101, 0b110] {
        let mut world = World::new();
        world.whole(0..1, &before);
        let (sent, ..) = world.pull(0..1, &after, 2, Run::Killed(0, noted));
        assert!(!sent.is_empty() && marks(&sent)[0] == RETRACTED);
        let (again, _) = world.whole(0..1, &after);
        assert_eq!(world.receiver.bill(), bill_of(&after), "{noted:b}: {sent:#?} {again:#?}");
    }
}

#[test]
fn more_than_half_of_a_day_is_not_taken_back() {
    let mut world = World::new();
    let bill: Vec<Said> = (0..4).map(|subject| (0, subject, 1)).chain([(1, 0, 1)]).collect();
    world.whole(0..2, &bill);
    let (sent, _, verdict) = world.pull(0..2, &[(0, 0, 1), (0, 9, 1), (1, 0, 1)], 9, Run::Careful);
    let error = verdict.unwrap_err();
    assert_eq!(crate::exit::kind_of(&error), Failure::Refused);
    let message = error.to_string();
    assert!(message.starts_with("2022-06-13: the answer lacks 3 of the 4 rows"), "{message}");
    assert!(message.contains("--allow-mass-retraction"), "{message}");
    assert_eq!(marks(&sent), [NEW], "the rest is delivered");
    // Half is not more than half.
    let (sent, _, verdict) =
        world.pull(0..2, &[(0, 0, 1), (0, 9, 1), (0, 1, 1), (1, 0, 1)], 9, Run::Careful);
    verdict.unwrap();
    assert_eq!(marks(&sent), [RETRACTED, RETRACTED]);
    let (sent, _) = world.whole(0..2, &[]);
    assert_eq!(sent.len(), 4);
    assert!(world.receiver.bill().is_empty());
}

#[test]
fn other_days_and_a_cut_pull_take_nothing_back() {
    let mut world = World::new();
    let bill: Vec<Said> =
        (0..2).flat_map(|day| (0..6).map(move |subject| (day, subject, 1))).collect();
    world.whole(0..2, &bill);
    assert_eq!(world.whole(1..2, &bill[6..]), (Vec::new(), 6));
    let (sent, unchanged, _) = world.pull(0..2, &bill, 4, Run::Cut(1));
    assert_eq!((sent.len(), unchanged), (0, 4));
    assert_eq!(world.receiver.bill(), bill_of(&bill));
}

#[test]
fn another_account_is_not_in_the_answer() {
    let mut world = World::new();
    world.whole(0..1, &[(0, 1, 1), (0, 2, 1)]);
    let window = Window { start: day(0), end: day(0), granularity: Granularity::Daily };
    let domain = Domain::of("cloud.aws.billing", KIND.into(), &window, "");
    let journal = Journal::open(&world.path()).unwrap();
    let found = read::read(journal.file(), journal.end(), &domain).unwrap();
    let history = History::new(journal.file().try_clone().unwrap(), found, domain);
    assert_eq!(history.gone(&["9".into()], &HashSet::new(), true).unwrap().len(), 0);
    assert_eq!(history.gone(&[String::new()], &HashSet::new(), true).unwrap().len(), 2);
    let scoped = Domain::of("cloud.aws.billing", KIND.into(), &window, "a filter");
    assert!(read::read(journal.file(), journal.end(), &scoped).unwrap().rows.is_empty());
}

/// Files of one type, a day's and a month's, of which each run has some.
#[test]
fn what_a_bill_file_lacks_is_told_by_the_file() {
    let folder = TempDir::new().unwrap();
    let mut renderer = Renderer::for_tests(
        "cloud.alicloud.billing",
        "alicloud.billing_item_detail",
        Ordinals::default(),
    );
    let mut file = |name: &str, period: NaiveDate, of_month: bool, ids: Range<u32>| {
        let rows: Vec<Row> = ids
            .map(|id| {
                let mut data = Data::default();
                data.text("账单明细ID", &id.to_string());
                data.text("file", &format!("bills/12345_BillingItemDetail_{name}"));
                let account = Some("12345".to_owned());
                Row { account, period, subject: id.to_string(), data, amounts: Vec::new() }
            })
            .collect();
        let mut page = renderer.page(&rows).unwrap();
        page.of_month = of_month;
        page
    };
    let first = day(0);
    let month = crate::window::first_of_month(first);
    let today = file("20220613", first, false, 0..4);
    let whole = file("202206", month, true, 10..14);
    let mut journal = Journal::open(&folder.path().join("j")).unwrap();
    journal.append(&[today.span(0..4), whole.span(0..4)].concat()).unwrap();
    let known = |periods: Option<Vec<Period>>| {
        let domain = Domain::of_files(
            "cloud.alicloud.billing",
            crate::cloud::alicloud_oss::has_type,
            periods,
        );
        let found = read::read(journal.file(), journal.end(), &domain).unwrap();
        History::new(journal.file().try_clone().unwrap(), found, domain)
    };
    let mut history = known(None);
    let (news, unchanged) = history.news(file("20220613", first, false, 4..7));
    assert_eq!((news.len(), unchanged), (1, 0));
    let (news, unchanged) = history.news(file("20220613", first, false, 1..4));
    assert_eq!((news.len(), unchanged), (0, 3));
    assert_eq!(
        history.gone(&[], &HashSet::new(), false).unwrap().len(),
        1,
        "the month's file was not read"
    );
    let mut history = known(Some(vec![Period::new(first, false)]));
    assert_eq!(history.rows.len(), 4);
    let (news, unchanged) = history.news(file("202206", month, true, 10..14));
    assert_eq!((news[0].len(), unchanged), (4, 0), "it was not asked for");
    assert!(history.gone(&[], &HashSet::new(), false).unwrap().is_empty());
}

/// Posts are acknowledged in any order: what was in flight when a run was killed comes again with the same id.
#[test]
fn the_gap_among_identical_rows_is_filled() {
    let mut world = World::new();
    let bill = [(0, 1, 1); 4];
    let (sent, _) = world.whole(0..1, &bill);
    let text = std::fs::read_to_string(world.path()).unwrap();
    let noted: Vec<&str> = text.lines().skip(2).collect();
    std::fs::write(world.path(), noted.join("\n") + "\n").unwrap();
    let (again, unchanged) = world.whole(0..1, &bill);
    let ids = |events: &[Value]| events.iter().map(|e| e["id"].clone()).collect::<Vec<_>>();
    assert_eq!((ids(&again), unchanged), (ids(&sent[..2]), 2));
    assert_eq!(world.receiver.bill(), bill_of(&bill));
}

#[path = "compare_property.rs"]
mod property;
