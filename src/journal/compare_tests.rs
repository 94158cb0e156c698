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
use world::*;

#[path = "compare_world.rs"]
mod world;

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
