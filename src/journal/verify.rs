//! `billing-pull journal verify`: every line read in full, every id recomputed from its content, every window's
//! numbers added up; then what the journal holds.

use super::blocks::{self, Block};
use super::completed::{Completed, Pulled};
use super::file::Journal;
use super::line::{COMPACTION, COMPLETED, Line, kind_of};
use crate::exit::{Failed, Failure, fail};
use crate::identity::Id;
use crate::report::{Report, plural};
use anyhow::Result;
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::Write;
use std::path::Path;

/// Faults that are told one by one.
const TOLD: usize = 20;
/// Identical rows of one bill whose ids are looked for in vain.
const ORDINALS: u64 = 100_000;

/// What one line turned out to be.
enum Read {
    Row(Row),
    /// A completed window, and its id if that is not the one of its content.
    Window(Box<Pulled>, Option<Id>),
    /// The mark of a compaction.
    Mark,
    Fault(String),
}

struct Row {
    kind: String,
    account: String,
    scope: String,
    is_retraction: bool,
    id: Id,
    base: Id,
    restates: Option<Id>,
}

/// Rows of one type, account and scope.
#[derive(Default)]
struct Tally {
    events: u64,
    restatements: u64,
    retractions: u64,
    alive: HashSet<Id>,
}

type Key = (String, String, String);

#[derive(Default)]
struct Book {
    lines: u64,
    tallies: BTreeMap<Key, Tally>,
    windows: Vec<Completed>,
    /// How many rows of a content came before: the ordinal that the next one should have.
    ordinals: HashMap<Id, u64>,
    faults: Vec<(u64, String)>,
}

/// Checks a journal and writes what it holds to `out`; fails if anything is wrong with it.
pub(crate) fn verify(path: &Path, out: &mut dyn Write, report: &Report) -> Result<()> {
    let journal = Journal::open_to_read(path)?;
    let mut book = Book::default();
    let read =
        |block: &Block<'_>| Ok(block.lines().map(|(_, line)| read(line)).collect::<Vec<_>>());
    let result = blocks::scan(journal.file(), journal.end(), read, |lines| {
        for line in lines {
            book.add(line);
        }
        Ok(())
    });
    journal.context(result)?;
    if journal.is_torn() {
        let why = "it is cut short; the next pull cuts it off and sends its row again".to_owned();
        book.faults.push((book.lines + 1, why));
    }
    for (line, why) in book.faults.iter().take(TOLD) {
        report.error(&format!("line {line}: {why}"));
    }
    write(&book, out).map_err(|error| match error.kind() {
        std::io::ErrorKind::BrokenPipe => {
            Failed::because(Failure::OutputClosed, "stdout was closed").into()
        }
        _ => anyhow::Error::from(error).context("stdout cannot be written"),
    })?;
    if book.faults.is_empty() {
        return Ok(());
    }
    let faults = plural(book.faults.len() as u64, "fault");
    Err(fail(Failure::Unexpected, format!("the journal {} has {faults}", path.display())))
}

fn read(line: &str) -> Read {
    let read = || -> Result<Read, String> {
        serde_json::from_str::<serde::de::IgnoredAny>(line).map_err(|error| error.to_string())?;
        // Another program may have put the members of inner objects into another order.
        let as_written = kind_of(line.as_bytes()).is_some();
        let line = Line::read(line)?;
        if line.kind == COMPLETED {
            let is_own = !as_written || line.base(COMPLETED)?.derive(0, None) == line.id;
            let stranger = (!is_own).then_some(line.id);
            return Ok(Read::Window(Box::new(Pulled::read(&line, 0)?), stranger));
        }
        if line.kind == COMPACTION {
            return Ok(Read::Mark);
        }
        let _: DateTime<Utc> =
            line.time.parse().map_err(|error| format!("time {:?}: {error}", line.time))?;
        line.period()
            .ok_or_else(|| format!("type {:?} names no day or month of a bill", line.kind))?;
        let kind = if line.is_retraction {
            format!("{}{}", line.kind, crate::event::RETRACTED)
        } else {
            line.kind.to_string()
        };
        Ok(Read::Row(Row {
            account: line.account.to_string(),
            scope: line.scope.to_string(),
            is_retraction: line.is_retraction,
            id: line.id,
            base: line.base(&kind)?,
            restates: line.restates,
            kind: line.kind.into_owned(),
        }))
    };
    read().unwrap_or_else(Read::Fault)
}

fn not_of_content(id: Id) -> String {
    format!("the id {id} is not that of its content")
}

impl Book {
    fn add(&mut self, line: Read) {
        self.lines += 1;
        let fault = match line {
            Read::Fault(why) => Some(why),
            Read::Mark => None,
            Read::Window(window, stranger) => {
                self.add_window(*window).err().or(stranger.map(not_of_content))
            }
            Read::Row(row) => self.add_row(row).err(),
        };
        self.faults.extend(fault.map(|why| (self.lines, why)));
    }

    fn add_window(&mut self, pulled: Pulled) -> Result<(), String> {
        let window = pulled.completed;
        let Completed { rows, new, changed, unchanged, .. } = window;
        let parts = [new, changed, unchanged].iter().try_fold(0u64, |sum, n| sum.checked_add(*n));
        let span = window.window.to_window();
        let result = match span {
            None => Err(format!("granularity {:?} is unknown", window.window.granularity)),
            Some(span) if span.end < span.start => {
                Err(format!("the window {span} ends before it starts"))
            }
            Some(_) if parts != Some(rows) => Err(format!(
                "{new} new, {changed} changed and {unchanged} unchanged rows are not {rows}"
            )),
            Some(_) => Ok(()),
        };
        self.windows.push(window);
        result
    }

    fn add_row(&mut self, row: Row) -> Result<(), String> {
        let tally = self.tallies.entry((row.kind, row.account, row.scope)).or_default();
        tally.events += 1;
        if let Some(old) = row.restates {
            tally.alive.remove(&old);
            let count =
                if row.is_retraction { &mut tally.retractions } else { &mut tally.restatements };
            *count += 1;
        }
        let fresh = row.is_retraction || tally.alive.insert(row.id);
        let ordinal = self.ordinals.entry(row.base).or_default();
        // Nearly always the next; after a crash or a compaction, or with restatements, another.
        let mut candidates = [*ordinal, 0].into_iter().chain(1..ORDINALS);
        let limit = 2 * *ordinal + 1000;
        let found = candidates
            .by_ref()
            .take_while(|candidate| *candidate <= limit)
            .find(|candidate| row.base.derive(*candidate, row.restates) == row.id);
        *ordinal += 1;
        if found.is_none() {
            return Err(not_of_content(row.id));
        }
        if fresh { Ok(()) } else { Err(format!("the id {} was there before", row.id)) }
    }
}

fn write(book: &Book, out: &mut dyn Write) -> std::io::Result<()> {
    let count = |count: u64, noun: &str| plural(count, noun);
    for ((kind, account, scope), tally) in &book.tallies {
        let account =
            if account.is_empty() { String::new() } else { format!(" account {account}") };
        let scope = if scope.is_empty() { String::new() } else { format!(" scope {scope}") };
        writeln!(
            out,
            "{kind}{account}{scope}: {}, {} in force, {}, {}",
            count(tally.events, "event"),
            count(tally.alive.len() as u64, "row"),
            count(tally.restatements, "restatement"),
            count(tally.retractions, "retraction"),
        )?;
    }
    for window in &book.windows {
        let span = window.window.to_window().map(|span| span.to_string()).unwrap_or_default();
        let accounts = window.accounts.iter().map(|account| format!(" account {account}"));
        let mut sums = String::new();
        for (metric, currencies) in &window.sums {
            for (currency, sum) in currencies {
                sums.extend([", ", metric, " ", sum, " ", currency]);
            }
        }
        let scope =
            if window.scope.is_empty() { String::new() } else { format!(" ({})", window.scope) };
        writeln!(
            out,
            "{} {span}{}{scope}: {}, {} new, {} changed, {} unchanged, {} retracted{}, {}, {}",
            window.cloud,
            accounts.collect::<String>(),
            count(window.rows, "row"),
            window.new,
            window.changed,
            window.unchanged,
            window.retracted,
            sums.trim_end(),
            count(window.requests, "request"),
            if window.r#final { "final" } else { "provisional" },
        )?;
    }
    let lines = count(book.lines, "line");
    let windows = count(book.windows.len() as u64, "completed window");
    writeln!(out, "{lines}, {windows}, {}", count(book.faults.len() as u64, "fault"))?;
    out.flush()
}
