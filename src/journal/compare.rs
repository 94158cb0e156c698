//! What is new in a bill, against what was delivered of it before.
//!
//! Within a subject rows are compared as a multiset: each pulled row claims one delivered row of the same content,
//! which is then unchanged. One row that is new where one is gone is a restatement; only the end of the pull tells,
//! so new rows of such a subject are held back until then. Where there are several, those that are gone are taken
//! back first, and the new ones follow when that is acknowledged. In the other order a killed run could leave one
//! that is new beside one that is gone, and the next run would take the former, which may have arrived, for a
//! restatement and send it under another id.
//!
//! An event must not have an id that was used before for something that was taken back since, for a receiver may
//! pass over an id that it knows. So a row that returns names an earlier event of its own in `restates`, which
//! makes its id new.

use super::period::Period;
use super::read::{Domain, Found, Group, Kinds, Known, key};
use crate::event::{Batch, Entry};
use crate::exit::{Failure, fail};
use crate::identity::Id;
use crate::report::plural;
use anyhow::Result;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::File;
use std::ops::Range;
use std::sync::Arc;

/// Bytes of rows that are held back. Beyond it a row that can restate something does so at once: should what it
/// replaced come later in the same answer, that is sent again, so a receiver still ends with the bill.
const HOLD: usize = 64 << 20;

/// What was delivered before, and what this pull says to it.
pub(crate) struct History {
    pub(super) file: File,
    pub(super) rows: Vec<Known>,
    pub(super) groups: Vec<Group>,
    domain: Domain,
    /// Subjects that have new rows.
    news: HashMap<u64, News>,
    /// Rows held back, in the order of the bill: the subject, and the row as a batch of its own.
    held: Vec<(u64, Batch)>,
    held_bytes: usize,
    room: usize,
    /// Ids given in this run to rows whose content was delivered before.
    given: HashSet<Id>,
    /// For subjects whose history is not whole: what makes the ids of returning rows new.
    compacted: Option<Id>,
    /// For a content that was delivered before: the ordinals that may be free.
    next: HashMap<Id, Next>,
    /// What this pull told about.
    seen: HashSet<Group>,
    last_seen: Option<Group>,
}

/// How many new rows a subject has.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct News {
    held: u64,
    sent: u64,
}

impl News {
    const NONE: Self = Self { held: 0, sent: 0 };
    const ONE_HELD: Self = Self { held: 1, sent: 0 };
}

/// The lowest ordinals that may be free.
#[derive(Clone, Copy, Default)]
struct Next {
    /// Of rows that are new.
    plain: u64,
    /// Of rows that return.
    returning: u64,
}

/// Rows that were held back.
#[derive(Default)]
pub(super) struct Held {
    /// To be sent first.
    pub(super) now: Vec<Batch>,
    /// To be sent when what is gone was taken back.
    pub(super) later: Vec<Batch>,
}

enum Verdict {
    Unchanged,
    Held,
    Send { ordinal: u64, restates: Option<Id> },
}

impl History {
    pub(super) fn new(file: File, found: Found, domain: Domain) -> Self {
        Self {
            file,
            rows: found.rows,
            groups: found.groups,
            domain,
            news: HashMap::new(),
            held: Vec::new(),
            held_bytes: 0,
            room: HOLD,
            given: HashSet::new(),
            compacted: found.compacted,
            next: HashMap::new(),
            seen: HashSet::new(),
            last_seen: None,
        }
    }

    /// What of a page is to be sent now, and how many of its rows are unchanged.
    pub(crate) fn news(&mut self, page: Batch) -> (Vec<Batch>, u64) {
        let mut verdicts = Vec::with_capacity(page.len());
        for entry in &page.events {
            self.see(&page, entry);
            verdicts.push(self.judge(&page, entry));
        }
        let as_it_is = |(verdict, entry): (&Verdict, &Entry)| matches!(verdict, Verdict::Send { ordinal, restates: None } if *ordinal == entry.ordinal);
        if verdicts.iter().zip(&page.events).all(as_it_is) {
            return (vec![page], 0);
        }
        let (mut out, mut unchanged) = (Vec::new(), 0);
        for (verdict, entry) in verdicts.iter().zip(&page.events) {
            match verdict {
                Verdict::Unchanged => unchanged += 1,
                Verdict::Held => {}
                Verdict::Send { ordinal, restates } => {
                    add(&mut out, &page, entry, *ordinal, *restates);
                }
            }
        }
        (out, unchanged)
    }

    /// After the whole pull: the rows that were held back.
    pub(super) fn held(&mut self) -> Held {
        let mut out = Held::default();
        let mut open = HashMap::new();
        for (key, row) in std::mem::take(&mut self.held) {
            let Some(entry) = row.events.first() else { continue };
            let news = self.news.get(&key).copied().unwrap_or_default();
            let open = *open.entry(key).or_insert_with(|| self.open_ones(key));
            let (to, (ordinal, restates)) = match open {
                (Some(only), None) if news == News::ONE_HELD => {
                    (&mut out.now, self.replace(only, entry))
                }
                (Some(_), _) => (&mut out.later, self.fresh(key, entry)),
                (None, _) => (&mut out.now, self.fresh(key, entry)),
            };
            add(to, &row, entry, ordinal, restates);
        }
        out
    }

    /// After that: the places among `rows` of what the bill no longer says, in the order of the journal. Accounts
    /// are those that the pull was about even if it told no row of theirs, as JSON text; so are `files`.
    pub(crate) fn gone(
        &self,
        accounts: &[String],
        files: &HashSet<Group>,
        allow_mass: bool,
    ) -> Result<Vec<usize>> {
        let seen: HashSet<&str> = self.seen.iter().map(|group| &*group.account).collect();
        let is_told = |group: &Group| match self.domain.kinds {
            Kinds::Files(_) => self.seen.contains(group) || files.contains(group),
            _ => seen.contains(&*group.account) || accounts.contains(&group.account),
        };
        let told: Vec<bool> = self.groups.iter().map(is_told).collect();
        let mut days: BTreeMap<(Period, &str), (u64, u64)> = BTreeMap::new();
        let mut gone = Vec::new();
        for (at, row) in self.rows.iter().enumerate().filter(|(_, row)| !row.is_dead()) {
            let group = row.group as usize;
            if !told[group] {
                continue;
            }
            let Group { period, kind, .. } = &self.groups[group];
            let (lost, all) = days.entry((*period, kind)).or_default();
            *all += 1;
            if row.is_open() {
                *lost += 1;
                gone.push(at);
            }
        }
        let mass = days.iter().find(|(_, (lost, all))| lost * 2 > *all);
        if let Some(((period, _), (lost, all))) = mass.filter(|_| !allow_mass) {
            let message = format!(
                "{period}: the answer lacks {lost} of the {} delivered before, more than half: nothing was \
                 retracted; if the bill is right, run again with --allow-mass-retraction",
                plural(*all, "row")
            );
            return Err(fail(Failure::Refused, message));
        }
        gone.sort_unstable_by_key(|&at| self.rows[at].offset);
        Ok(gone)
    }

    /// The accounts that the pull told rows of, as JSON text.
    pub(crate) fn accounts(&self) -> impl Iterator<Item = &str> {
        self.seen.iter().map(|group| &*group.account)
    }

    fn see(&mut self, page: &Batch, entry: &Entry) {
        let period = Period::of_entry(page, entry.period);
        let account = page.account_json(entry);
        let is = |group: &Group| {
            group.period == period
                && group.account.as_bytes() == account
                && group.kind == page.envelope.kind
        };
        if self.last_seen.as_ref().is_some_and(is) {
            return;
        }
        let account = String::from_utf8_lossy(account).into_owned();
        let group = Group { kind: page.envelope.kind.clone(), account, period };
        self.seen.insert(group.clone());
        self.last_seen = Some(group);
    }

    fn judge(&mut self, page: &Batch, entry: &Entry) -> Verdict {
        let as_it_is = Verdict::Send { ordinal: entry.ordinal, restates: None };
        if self.rows.is_empty() {
            return as_it_is;
        }
        let period = Period::of_entry(page, entry.period);
        let (account, subject) = (page.account_json(entry), page.subject_json(entry));
        let key = key(&page.envelope.kind, account, period, &self.domain.scope, subject);
        if self.subject(key).is_empty() {
            return as_it_is;
        }
        // Alive come first, and of those the claimed ones.
        let same = self.content(key, entry.base);
        let same = &mut self.rows[same];
        let next = same.partition_point(|row| !row.is_open() && !row.is_dead());
        if let Some(row) = same.get_mut(next).filter(|row| row.is_open()) {
            row.claim();
            return Verdict::Unchanged;
        }
        let before = self.news.get(&key).copied().unwrap_or_default();
        // A subject may have very many rows, so only the first new one looks through them. Behind one that is held the
        // others wait, too: they take their ids in the order of the bill.
        let open = if before == News::NONE { self.open_ones(key) } else { (None, None) };
        let waits = open.0.is_some() || before.held > 0;
        let room = self.room.saturating_sub(self.held_bytes);
        let news = self.news.entry(key).or_default();
        if waits && page.line(entry).len() <= room {
            news.held += 1;
            let mut row = page.like();
            row.copy(page, entry, entry.ordinal, None);
            self.held_bytes += row.bytes.len();
            self.held.push((key, row));
            return Verdict::Held;
        }
        news.sent += 1;
        let (ordinal, restates) = match open {
            (Some(only), None) => self.replace(only, entry),
            _ => self.fresh(key, entry),
        };
        Verdict::Send { ordinal, restates }
    }

    fn replace(&mut self, old: usize, entry: &Entry) -> (u64, Option<Id>) {
        self.rows[old].replace();
        (entry.ordinal, Some(self.rows[old].id()))
    }

    /// The ordinal and the restated id under which a row that takes nobody's place gets an id that never was. Those
    /// that an earlier run sent and could not note, being killed, are given again, whichever of them it noted: rows
    /// of one content take what is free in a fixed order.
    fn fresh(&mut self, key: u64, entry: &Entry) -> (u64, Option<Id>) {
        let subject = self.subject(key);
        // An id that was used may be forgotten, unless it names what was not there then.
        let first = (self.forgotten(subject) > 0).then(|| self.compacted.unwrap_or(Id(0)));
        let same = self.content(key, entry.base);
        if same.is_empty() {
            return (entry.ordinal, first);
        }
        let mut next = self.next.get(&entry.base).copied().unwrap_or_default();
        let plain = |next: &Next| next.plain <= entry.ordinal;
        while plain(&next) && self.was_used(&same, entry.base.derive(next.plain, first)) {
            next.plain += 1;
        }
        let (ordinal, restates) = if plain(&next) {
            next.plain += 1;
            (next.plain - 1, first)
        } else {
            // It was there and went. What came last was likeliest taken back last, so that nothing has named it yet.
            let past = self.rows[same.clone()].iter().filter(|row| row.is_past());
            let latest = past.max_by_key(|row| row.offset).map(Known::id);
            let old = latest.unwrap_or_else(|| entry.base.derive(u64::MAX, None));
            while self.was_used(&same, entry.base.derive(next.returning, Some(old))) {
                next.returning += 1;
            }
            next.returning += 1;
            (next.returning - 1, Some(old))
        };
        self.next.insert(entry.base, next);
        self.given.insert(entry.base.derive(ordinal, restates));
        (ordinal, restates)
    }

    fn was_used(&self, rows: &Range<usize>, id: Id) -> bool {
        let rows = &self.rows[rows.clone()];
        let (alive, dead) = rows.split_at(rows.partition_point(|row| !row.is_dead()));
        let among = |rows: &[Known]| rows.binary_search_by_key(&id, Known::id).is_ok();
        self.given.contains(&id) || among(alive) || among(dead)
    }

    /// The rows of a subject.
    fn subject(&self, key: u64) -> Range<usize> {
        let start = self.rows.partition_point(|row| row.key < key);
        start..start + self.rows[start..].partition_point(|row| row.key == key)
    }

    /// How many of a subject's rows, its first ones, are no longer in the journal.
    fn forgotten(&self, subject: Range<usize>) -> usize {
        self.rows[subject].partition_point(Known::is_forgotten)
    }

    /// The rows of a subject that have this content.
    fn content(&self, key: u64, base: Id) -> Range<usize> {
        let subject = self.subject(key);
        let start = subject.start + self.forgotten(subject.clone());
        let rest = &self.rows[start..subject.end];
        let from = rest.partition_point(|row| row.base() < base);
        start + from..start + from + rest[from..].partition_point(|row| row.base() == base)
    }

    /// The places of the first two of a subject's rows that no pulled row has claimed.
    fn open_ones(&self, key: u64) -> (Option<usize>, Option<usize>) {
        let mut open = self.subject(key).filter(|&at| self.rows[at].is_open());
        (open.next(), open.next())
    }
}

/// Adds an event to the last batch, if that has the same envelope, or to one of its own.
fn add(out: &mut Vec<Batch>, from: &Batch, entry: &Entry, ordinal: u64, restates: Option<Id>) {
    if !out.last().is_some_and(|last| Arc::ptr_eq(&last.envelope, &from.envelope)) {
        out.push(from.like());
    }
    if let Some(batch) = out.last_mut() {
        batch.copy(from, entry, ordinal, restates);
    }
}

#[cfg(test)]
#[path = "compare_tests.rs"]
mod tests;
