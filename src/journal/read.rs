//! Reading a journal back: what was delivered of the days that a run pulls, and nothing of any other day.

use super::blocks::{self, Block, Fault};
use super::completed::Pulled;
use super::line::{COMPACTION, COMPLETED, Line, kind_of};
use super::period::Period;
use crate::event::{HEAD, RETRACTED};
use crate::identity::Id;
use crate::window::Window;
use anyhow::Result;
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};

/// What a pull may be compared with.
#[derive(Clone, Debug)]
pub(crate) struct Domain {
    /// The source of its events.
    pub(super) source: &'static str,
    /// Which types.
    pub(super) kinds: Kinds,
    /// Which days or months, in order; all of them where there is none.
    pub(super) periods: Option<Vec<Period>>,
    /// The extension that rows of this scope carry; empty for a plain bill.
    pub(super) scope: String,
}

/// Types of events.
#[derive(Clone, Debug)]
pub(crate) enum Kinds {
    /// This one.
    One(String),
    /// Those of a cloud's bill files. What is gone is then told by file: a file that is not there says nothing.
    Files(fn(&str) -> bool),
    /// All.
    All,
}

impl Domain {
    /// Rows of this type and scope in the days or months of the window.
    pub(crate) fn of(source: &'static str, kind: String, window: &Window, scope: &str) -> Self {
        let periods = window.periods().into_iter().map(|first| Period::new(first, false));
        Self {
            source,
            kinds: Kinds::One(kind),
            periods: Some(periods.collect()),
            scope: super::scope_mark(scope),
        }
    }

    /// Lines of bill files of these days or months; of all where there is none. `is_file` knows their types.
    pub(crate) fn of_files(
        source: &'static str,
        is_file: fn(&str) -> bool,
        periods: Option<Vec<Period>>,
    ) -> Self {
        let periods = periods.map(|mut periods| {
            periods.sort_unstable();
            periods
        });
        Self { source, kinds: Kinds::Files(is_file), periods, scope: String::new() }
    }

    /// Every row there is.
    pub(super) fn everything() -> Self {
        Self { source: "", kinds: Kinds::All, periods: None, scope: String::new() }
    }

    /// Whether this type, which may be that of a retraction, can belong here.
    fn has_kind(&self, kind: &[u8]) -> bool {
        let kind = kind.strip_suffix(RETRACTED.as_bytes()).unwrap_or(kind);
        match &self.kinds {
            Kinds::One(own) => kind == own.as_bytes(),
            Kinds::Files(is_file) => std::str::from_utf8(kind).is_ok_and(is_file),
            Kinds::All => !kind.starts_with(b"billing-pull."),
        }
    }

    fn has_period(&self, period: Period) -> bool {
        self.periods.as_ref().is_none_or(|periods| periods.binary_search(&period).is_ok())
    }
}

/// A row that was delivered: 56 bytes, and nothing else is kept of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    /// A hash of type, account, period, scope and subject.
    pub(super) key: u64,
    base: [u64; 2],
    id: [u64; 2],
    /// Where its line is.
    pub(super) offset: u64,
    /// Its index among the groups.
    pub(super) group: u32,
    state: u8,
}

impl Known {
    /// No longer what the bill says.
    const DEAD: u8 = 1;
    /// Found in this pull's answer.
    const CLAIMED: u8 = 2;
    /// The line at `offset` is not its own but the one that takes it back.
    const TAKEN_BACK: u8 = 4;
    /// Its own line is no longer in the journal, and perhaps more of its subject's history is not.
    const FORGOTTEN: u8 = 8;
    /// In this run another row took its place.
    const REPLACED: u8 = 16;
    /// It took the place of another one.
    const RESTATES: u8 = 32;

    fn new(key: u64, base: Id, id: Id, offset: u64) -> Self {
        Self { key, base: halves(base), id: halves(id), offset, group: 0, state: 0 }
    }

    pub(super) fn base(&self) -> Id {
        whole(self.base)
    }

    pub(super) fn id(&self) -> Id {
        whole(self.id)
    }

    pub(super) fn is_dead(&self) -> bool {
        self.state & Self::DEAD != 0
    }

    /// Whether the bill may no longer say it.
    pub(super) fn is_open(&self) -> bool {
        self.state & (Self::DEAD | Self::CLAIMED) == 0
    }

    pub(super) fn is_taken_back(&self) -> bool {
        self.state & Self::TAKEN_BACK != 0
    }

    pub(super) fn restates(&self) -> bool {
        self.state & Self::RESTATES != 0
    }

    pub(super) fn is_forgotten(&self) -> bool {
        self.state & Self::FORGOTTEN != 0
    }

    pub(super) fn claim(&mut self) {
        self.state |= Self::CLAIMED;
    }

    /// Another row of this pull takes its place.
    pub(super) fn replace(&mut self) {
        self.state |= Self::CLAIMED | Self::REPLACED;
    }

    /// Whether an event of another id may name it as what it takes the place of.
    pub(super) fn is_past(&self) -> bool {
        self.state & (Self::DEAD | Self::REPLACED) != 0
    }

    /// By subject; there, what is forgotten first, then by content, what is alive first.
    fn order(&self) -> (u64, bool, [u64; 2], bool, [u64; 2]) {
        (self.key, !self.is_forgotten(), self.base, self.is_dead(), self.id)
    }
}

#[allow(clippy::cast_possible_truncation, reason = "both halves are kept")]
fn halves(id: Id) -> [u64; 2] {
    [(id.0 >> 64) as u64, id.0 as u64]
}

fn whole([high, low]: [u64; 2]) -> Id {
    Id(u128::from(high) << 64 | u128::from(low))
}

/// Rows that belong together when it is told what is gone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Group {
    pub(super) kind: String,
    /// JSON text without quotes; empty where there is none.
    pub(super) account: String,
    pub(super) period: Period,
}

/// An id that an event took the place of, and the subject and place of that event.
#[derive(Clone, Copy)]
struct Kill {
    id: Id,
    key: u64,
    offset: u64,
    group: u32,
}

/// What was found, in one block or in all.
#[derive(Default)]
pub(super) struct Found {
    pub(super) rows: Vec<Known>,
    pub(super) groups: Vec<Group>,
    /// The completed windows, of any pull.
    pub(super) windows: Vec<Pulled>,
    /// What the last compaction left to make the ids of returning rows new.
    pub(super) compacted: Option<Id>,
    kills: Vec<Kill>,
}

/// What a subject is known by, in memory only. SipHash under a fixed key is quick on short texts, and of a journal's
/// millions of subjects two are the same by chance once in a million journals.
pub(super) fn key(kind: &str, account: &[u8], period: Period, scope: &str, subject: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for part in [kind.as_bytes(), account, scope.as_bytes(), subject] {
        hasher.write(part);
        // No part holds it: they are JSON text.
        hasher.write_u8(0x1f);
    }
    period.hash(&mut hasher);
    hasher.finish()
}

/// Whether two texts are the same. Two empty ones are not compared: memcmp with AVX-512 takes 90 ns to find that
/// nothing is at the address of nothing, on every line of a journal.
fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && (a.is_empty() || a == b)
}

/// Reads what the first `end` bytes of a journal know of the domain.
pub(super) fn read(file: &File, end: u64, domain: &Domain) -> Result<Found> {
    let mut all = Found::default();
    blocks::scan(
        file,
        end,
        |block| read_block(block, domain),
        |found| {
            all.add(found);
            Ok(())
        },
    )?;
    all.bury();
    Ok(all)
}

fn read_block(block: &Block<'_>, domain: &Domain) -> Result<Found, Fault> {
    let mut found = Found::default();
    for (number, (offset, line)) in (0..).zip(block.lines()) {
        found.line(line, offset, domain).map_err(|why| (number, why))?;
    }
    Ok(found)
}

impl Found {
    fn line(&mut self, line: &str, offset: u64, domain: &Domain) -> Result<(), String> {
        if let Some(kind) = kind_of(line.as_bytes()) {
            if !line.ends_with('}') {
                return Err("it does not end an event".into());
            }
            let may_be_marked =
                [COMPLETED, COMPACTION].iter().any(|known| kind == known.as_bytes());
            if !domain.has_kind(kind) && !may_be_marked {
                return Ok(());
            }
        } else if line.as_bytes().starts_with(HEAD) && !line.ends_with('}') {
            return Err("it does not end an event".into());
        }
        let line = Line::read(line)?;
        self.compacted = line.compacted.or(self.compacted);
        if line.kind == COMPLETED {
            self.windows.push(Pulled::read(&line, offset)?);
        }
        let scope_fits = matches!(domain.kinds, Kinds::All) || same(&line.scope, &domain.scope);
        if !domain.has_kind(line.kind.as_bytes()) || !scope_fits {
            return Ok(());
        }
        let period = line.period().ok_or("it names no day or month of a bill")?;
        if domain.has_period(period) {
            self.row(&line, period, offset)?;
        }
        Ok(())
    }

    fn row(&mut self, line: &Line<'_>, period: Period, offset: u64) -> Result<(), String> {
        if let Err(error) = crate::json::check(&line.data) {
            // Of two lines that lost the line feed between them, the second stands in the data of the first.
            let two = line.data.contains(r#"}{"specversion""#);
            return Err(if two {
                "it is two events in one".into()
            } else {
                format!("data: {error}")
            });
        }
        let (account, subject) = (line.account.as_bytes(), line.subject.as_bytes());
        let key = key(&line.kind, account, period, &line.scope, subject);
        let group = self.group(|known| {
            known.period == period
                && same(&known.kind, &line.kind)
                && same(&known.account, &line.account)
        });
        let group = group.unwrap_or_else(|| {
            let (kind, account) = (line.kind.to_string(), line.account.to_string());
            self.groups.push(Group { kind, account, period });
            self.groups.len() - 1
        });
        let group = u32::try_from(group).map_err(|error| error.to_string())?;
        if let Some(id) = line.restates {
            self.kills.push(Kill { id, key, offset, group });
        }
        let mut row = Known::new(key, line.known_base()?, line.id, offset);
        row.group = group;
        row.state = if line.restates.is_some() { Known::RESTATES } else { 0 };
        if line.is_retraction {
            row.id = halves(line.restates.ok_or("it retracts nothing: restates is missing")?);
            row.state = Known::DEAD | Known::TAKEN_BACK;
        }
        self.rows.push(row);
        Ok(())
    }

    /// Groups come in runs, so the last one is the likeliest.
    fn group(&self, is: impl Fn(&Group) -> bool) -> Option<usize> {
        self.groups.iter().rposition(is)
    }

    fn add(&mut self, block: Self) {
        self.compacted = block.compacted.or(self.compacted);
        self.windows.extend(block.windows);
        let groups: Vec<u32> = block
            .groups
            .into_iter()
            .map(|group| {
                let known = self.group(|known| *known == group);
                let at = known.unwrap_or_else(|| {
                    self.groups.push(group);
                    self.groups.len() - 1
                });
                u32::try_from(at).unwrap_or(u32::MAX)
            })
            .collect();
        let moved = |group: u32| groups.get(group as usize).copied().unwrap_or(u32::MAX);
        self.rows
            .extend(block.rows.into_iter().map(|row| Known { group: moved(row.group), ..row }));
        let kills = block.kills.into_iter();
        self.kills.extend(kills.map(|kill| Kill { group: moved(kill.group), ..kill }));
    }

    /// Marks what was taken the place of, and puts the rows in order.
    fn bury(&mut self) {
        let mut kills = std::mem::take(&mut self.kills);
        kills.sort_unstable_by_key(|kill| (kill.id, kill.offset));
        let mut there = vec![false; kills.len()];
        for row in &mut self.rows {
            let id = row.id();
            let at = kills.partition_point(|kill| kill.id < id);
            for (kill, there) in kills[at..].iter().zip(&mut there[at..]) {
                if kill.id != id {
                    break;
                }
                // Bills of another scope may have rows of the same id.
                if kill.key != row.key {
                    continue;
                }
                row.state |= Known::DEAD;
                *there |= !row.is_taken_back();
            }
        }
        for (kill, _) in kills.iter().zip(there).filter(|(_, there)| !there) {
            let mut row = Known::new(kill.key, Id(0), kill.id, kill.offset);
            row.group = kill.group;
            row.state = Known::DEAD | Known::FORGOTTEN;
            self.rows.push(row);
        }
        sort(&mut self.rows, std::thread::available_parallelism().map_or(1, usize::from));
        // A line that is there twice, as when somebody joined two journals, is one event.
        self.rows
            .dedup_by(|next, row| (row.key, row.id, row.state) == (next.key, next.id, next.state));
    }
}

/// Sorts rows on this many threads.
fn sort(rows: &mut [Known], threads: usize) {
    /// Fewer are sorted before a thread has begun.
    const FEW: usize = 10_000;
    if threads < 2 || rows.len() < FEW {
        return rows.sort_unstable_by_key(Known::order);
    }
    let (lower, _, upper) = rows.select_nth_unstable_by_key(rows.len() / 2, Known::order);
    let is_shared = std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("sort".into());
        let upper = thread.spawn_scoped(scope, || sort(upper, threads / 2));
        sort(lower, threads - threads / 2);
        upper.is_ok()
    });
    // Where there is no thread to be had, this one does it all.
    if !is_shared {
        sort(upper, 1);
    }
}
