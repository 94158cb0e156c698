//! A journal, a receiver that applies the events, and runs between them that end well or are killed.

use super::*;

pub(super) const KIND: &str = "aws.service.daily";

/// A row of the model: day, subject, value.
pub(super) type Said = (u32, u32, u32);

pub(super) fn day(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2022, 6, 13 + day).unwrap()
}

pub(super) fn row(&(at, subject, value): &Said) -> Row {
    let mut data = Data::default();
    data.text("date", &day(at).to_string());
    data.text("amount", &value.to_string());
    let subject = format!("{}/service {subject}", day(at));
    Row { account: None, period: day(at), subject, data, amounts: Vec::new() }
}

/// A receiver as it is meant to be: it passes over ids that it knows, and applies the rest.
#[derive(Default)]
pub(super) struct Receiver {
    pub(super) seen: HashSet<String>,
    pub(super) rows: BTreeMap<String, Value>,
}

impl Receiver {
    pub(super) fn take(&mut self, line: &[u8]) {
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

    pub(super) fn bill(&self) -> Vec<String> {
        let text = |event: &Value| format!("{} {}", event["subject"], event["data"]["amount"]);
        let mut bill: Vec<String> = self.rows.values().map(text).collect();
        bill.sort();
        bill
    }
}

pub(super) fn bill_of(rows: &[Said]) -> Vec<String> {
    let text =
        |&(at, subject, value): &Said| format!("\"{}/service {subject}\" \"{value}\"", day(at));
    let mut bill: Vec<String> = rows.iter().map(text).collect();
    bill.sort();
    bill
}

/// A journal, a receiver, and runs between them.
pub(super) struct World {
    pub(super) folder: TempDir,
    pub(super) receiver: Receiver,
    pub(super) room: usize,
}

/// How a run goes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Run {
    Whole,
    /// As whole, but mass retractions are not allowed.
    Careful,
    /// It ends after this many pages.
    Cut(usize),
    /// It is killed: this many events are noted, and of those after them each one whose bit is set, from the lowest
    /// on. The others up to the highest bit were sent and not noted, as posts in flight are.
    Killed(usize, u32),
}

pub(super) struct Killed;

impl World {
    pub(super) fn new() -> Self {
        // In memory where there is such a folder: hundreds of journals are synced again and again.
        let folder = TempDir::new_in("/dev/shm").or_else(|_| TempDir::new()).unwrap();
        Self { folder, receiver: Receiver::default(), room: HOLD }
    }

    pub(super) fn path(&self) -> PathBuf {
        self.folder.path().join("j")
    }

    pub(super) fn lines(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.path()).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Pulls the days `days`, of which `bill` is what the cloud says; returns the events sent and how many rows
    /// were unchanged, and the verdict on retractions.
    pub(super) fn pull(
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
    pub(super) fn complete(&self, days: Range<u32>) {
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

    pub(super) fn whole(&mut self, days: Range<u32>, bill: &[Said]) -> (Vec<Value>, u64) {
        let (sent, unchanged, verdict) = self.pull(days.clone(), bill, 2, Run::Whole);
        verdict.unwrap();
        (sent, unchanged)
    }
}
