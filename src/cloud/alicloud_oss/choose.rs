//! Which objects of a bucket are the bill of a window: every bill once, from its newest push.
//!
//! The same bill may lie there more than once: pushed again into a folder of its own time, copied, unpacked
//! beside its ZIP. Reading one too few loses rows, one too many doubles them, so that what cannot be told apart
//! for certain ends the run with both names.

use super::listing::Listed;
use super::names::{BillName, Period};
use super::pushes::{self, is_pdf};
use crate::exit::{Failure, fail};
use crate::shard::Shard;
use crate::window::{Granularity, Window};
use anyhow::Result;
use chrono::NaiveDate;
use std::collections::{BTreeMap, BTreeSet};

/// So many keys are named when nothing was found.
const NEAR: usize = 5;

/// A bill file.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) listed: Listed,
    pub(super) bill: BillName,
}

/// What a window's bill is made of.
#[derive(Debug, Default)]
pub(super) struct Choice {
    /// By period, account and key.
    pub(super) files: Vec<Found>,
    /// What the user should know.
    pub(super) warnings: Vec<String>,
    /// Bills that a newer push took the place of.
    pub(super) superseded: Vec<String>,
    /// Where nothing was found: keys that were near, nearest first.
    pub(super) near: Vec<String>,
    /// Of which periods and accounts there are files, other shards' among them.
    pub(super) there: pushes::Found,
}

/// Looks through a listing.
pub(super) struct Finder {
    window: Window,
    file_type: String,
    shard: Option<Shard>,
    /// By period and account.
    bills: BTreeMap<(Period, Option<String>), Vec<Found>>,
    near: Vec<(Nearness, String)>,
    there: pushes::Found,
}

/// Whether the type is another, how many days lie between, whether it is by day and not by month or the reverse.
type Nearness = (bool, u64, bool);

impl Finder {
    /// For bills of this type, as [`super::names::canonical_type`] has it.
    pub(super) fn new(window: Window, file_type: &str, shard: Option<Shard>) -> Self {
        let file_type = file_type.to_owned();
        Self {
            window,
            file_type,
            shard,
            bills: BTreeMap::new(),
            near: Vec::new(),
            there: BTreeSet::new(),
        }
    }

    /// Takes an object if it belongs to the window; says why it does not if it can belong to none.
    pub(super) fn offer(&mut self, listed: Listed) -> Option<&'static str> {
        // A part of a path that is a dot would be resolved on its way.
        let dotted = listed.key.split('/').any(|part| matches!(part, "." | ".."));
        if dotted {
            return Some("a part of its path is a dot, so that it is no bill file");
        }
        let Some(bill) = BillName::parse(&listed.key) else {
            return Some("it is no bill file by its name");
        };
        if is_pdf(&bill.file_type) {
            return Some("it is a PDF");
        }
        let Some(period) = bill.period else { return Some("its name tells no period") };
        let of_type = bill.file_type.eq_ignore_ascii_case(&self.file_type);
        if !of_type || !self.holds(period) {
            self.note_near(of_type, period, &listed.key);
            return None;
        }
        self.there.insert((period, bill.uid.clone()));
        if takes(self.shard, &bill) {
            let bills = self.bills.entry((period, bill.uid.clone())).or_default();
            // A listing that says a key twice means one object.
            bills.retain(|found| found.listed.key != listed.key);
            bills.push(Found { listed, bill });
        }
        None
    }

    fn holds(&self, period: Period) -> bool {
        let Window { start, end, granularity } = self.window;
        match (period, granularity) {
            (Period::Day(day), Granularity::Daily) | (Period::Month(day), Granularity::Monthly) => {
                (start..=end).contains(&day)
            }
            _ => false,
        }
    }

    fn note_near(&mut self, of_type: bool, period: Period, key: &str) {
        let day = period.first_day();
        let away = if day < self.window.start {
            self.window.start - day
        } else {
            (day - self.window.end).max(chrono::TimeDelta::zero())
        };
        let monthly = self.window.granularity == Granularity::Monthly;
        let other_cut = matches!(period, Period::Month(_)) != monthly;
        let away = away.num_days().unsigned_abs();
        // A month that holds the window's first day is near, whichever day of it that is.
        let away = if other_cut && same_month(day, self.window.start) { 0 } else { away };
        if !of_type && away > 0 {
            return;
        }
        self.near.push(((!of_type, away, other_cut), key.to_owned()));
        if self.near.len() > 100 {
            self.near.sort();
            self.near.truncate(NEAR);
        }
    }

    /// Settles which copy of each bill counts.
    pub(super) fn finish(mut self) -> Result<Choice> {
        let mut choice = Choice { there: self.there, ..Choice::default() };
        for ((period, uid), bills) in self.bills {
            let what = format!("{}_{}_{period}", uid.unwrap_or_default(), self.file_type);
            for bills in by_site(&what, bills).map_err(|message| fail(Failure::Usage, message))? {
                settle(&what, bills, &mut choice)
                    .map_err(|message| fail(Failure::Usage, message))?;
            }
        }
        if choice.files.is_empty() {
            self.near.sort();
            choice.near = self.near.into_iter().take(NEAR).map(|(_, key)| key).collect();
        }
        Ok(choice)
    }
}

/// Whether a bill is this shard's: all its parts and pushes are the same shard's, whatever their keys, and whether these
/// name a site or not.
pub(super) fn takes(shard: Option<Shard>, bill: &BillName) -> bool {
    shard.is_none_or(|shard| shard.takes_key(&bill.subject()))
}

/// The bills of one account and period: one for each site. Only the newer layout names a site, so that a file without
/// one is another copy of the same bill, as long as there is one site.
fn by_site(what: &str, bills: Vec<Found>) -> Result<Vec<Vec<Found>>, String> {
    let sites: BTreeSet<String> =
        bills.iter().filter_map(|found| found.bill.site.clone()).collect();
    if sites.len() <= 1 {
        return Ok(vec![bills]);
    }
    if let Some(at) = bills.iter().position(|found| found.bill.site.is_none()) {
        let other = bills.iter().find(|found| found.bill.site.is_some());
        return Err(ambiguous(what, bills.get(at), other));
    }
    let mut bills: BTreeMap<Option<String>, Vec<Found>> =
        bills.into_iter().fold(BTreeMap::new(), |mut sites, found| {
            sites.entry(found.bill.site.clone()).or_default().push(found);
            sites
        });
    Ok(sites.into_iter().filter_map(|site| bills.remove(&Some(site))).collect())
}

fn same_month(one: NaiveDate, other: NaiveDate) -> bool {
    use crate::window::first_of_month;
    first_of_month(one) == first_of_month(other)
}

/// Adds to `choice` the files of one bill, which may lie in one place or in several.
fn settle(what: &str, bills: Vec<Found>, choice: &mut Choice) -> Result<(), String> {
    let mut places: BTreeMap<Place, Vec<Found>> = BTreeMap::new();
    for found in bills {
        places.entry(Place::of(&found)).or_default().push(found);
    }
    let mut kept: Option<Vec<Found>> = None;
    for bills in places.into_values() {
        let bills = newest_push(bills, choice);
        let parts = parts(what, bills, choice)?;
        match &kept {
            None => kept = Some(parts),
            Some(first) if same_bytes(first, &parts) => {
                choice.superseded.extend(parts.into_iter().map(|found| found.listed.key));
            }
            Some(first) => return Err(ambiguous(what, first.first(), parts.first())),
        }
    }
    choice.files.extend(kept.unwrap_or_default());
    Ok(())
}

fn ambiguous(what: &str, one: Option<&Found>, other: Option<&Found>) -> String {
    let key =
        |found: Option<&Found>| found.map(|found| found.listed.key.clone()).unwrap_or_default();
    format!(
        "the bill {what} is there twice, as {:?} and {:?}, and nothing tells which one counts: \
         narrow --prefix, or move one of them away",
        key(one),
        key(other)
    )
}

/// Where a subscription or a person puts files: its folder, and whether it makes a folder for each push.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    folder: String,
    layout: Layout,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Layout {
    /// One name for each bill, written over.
    Plain,
    /// `{folder}/{month}/{time of the push}/..`
    FolderForEachPush,
    /// A name with the time of an export.
    Export,
}

impl Place {
    fn of(found: &Found) -> Self {
        let key = &found.listed.key;
        let folder = key.rsplit_once('/').map_or("", |(folder, _)| folder);
        let (above, last) = folder.rsplit_once('/').unwrap_or(("", folder));
        let digits =
            |text: &str, count| text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
        if found.bill.pushed.is_none() {
            return Self { folder: folder.to_owned(), layout: Layout::Plain };
        }
        if !digits(last, 14) {
            return Self { folder: folder.to_owned(), layout: Layout::Export };
        }
        let (top, month) = above.rsplit_once('/').unwrap_or(("", above));
        let folder = if digits(month, 6) { top } else { above };
        Self { folder: folder.to_owned(), layout: Layout::FolderForEachPush }
    }
}

/// Of one place only what was pushed last. A push without a byte is one that failed or is under way: what was pushed
/// before it counts.
fn newest_push(bills: Vec<Found>, choice: &mut Choice) -> Vec<Found> {
    let last = bills.iter().map(|found| found.bill.pushed).max().flatten();
    let full = bills.iter().filter(|found| found.listed.size > 0);
    let newest = full.map(|found| found.bill.pushed).max().unwrap_or(last);
    let (new, old): (Vec<_>, Vec<_>) =
        bills.into_iter().partition(|found| found.bill.pushed == newest);
    if let Some(empty) = old.iter().find(|found| newest < last && found.bill.pushed == last) {
        choice.warnings.push(format!(
            "{:?} was pushed last and is empty: the push before it is read",
            empty.listed.key
        ));
    }
    let before = old.iter().map(|found| found.bill.pushed).filter(|push| *push < newest).max();
    let parts_before = old.iter().filter(|found| Some(found.bill.pushed) == before).count();
    if let Some(first) = new.first().filter(|_| parts_before > new.len()) {
        choice.warnings.push(format!(
            "the push of {:?} has fewer files than the one before it ({}, not {parts_before}): it may be under way",
            first.listed.key,
            new.len()
        ));
    }
    choice.superseded.extend(old.into_iter().map(|found| found.listed.key));
    new
}

/// The files of one push, which are parts of one bill, or one file with and without an extension.
fn parts(what: &str, bills: Vec<Found>, choice: &mut Choice) -> Result<Vec<Found>, String> {
    let mut parts: BTreeMap<Option<String>, Found> = BTreeMap::new();
    for found in bills {
        let part = found.bill.part.clone();
        let found = match parts.remove(&part) {
            None => found,
            Some(other) => newer(what, other, found, choice)?,
        };
        parts.insert(part, found);
    }
    if parts.len() > 1 && parts.contains_key(&None) {
        let mut both = parts.values();
        return Err(ambiguous(what, both.next(), both.next()));
    }
    let mut files: Vec<Found> = parts.into_values().collect();
    files.sort_by(|a, b| a.listed.key.cmp(&b.listed.key));
    Ok(files)
}

/// Which of two files in one folder is the bill. A bill that outgrew its row limit comes as a ZIP, and what was
/// there before under a name with another extension stays.
fn newer(what: &str, one: Found, other: Found, choice: &mut Choice) -> Result<Found, String> {
    let is_empty = |found: &Found| found.listed.size == 0;
    let (new, old) = if is_empty(&one) != is_empty(&other) {
        if is_empty(&one) { (other, one) } else { (one, other) }
    } else if same_bytes(std::slice::from_ref(&one), std::slice::from_ref(&other)) {
        (one, other)
    } else {
        match (one.listed.modified, other.listed.modified) {
            (Some(a), Some(b)) if a > b => (one, other),
            (Some(a), Some(b)) if b > a => (other, one),
            _ => return Err(ambiguous(what, Some(&one), Some(&other))),
        }
    };
    choice.warnings.push(format!(
        "{:?} is passed over: {:?} is the newer file of the same bill",
        old.listed.key, new.listed.key
    ));
    Ok(new)
}

/// Whether the store itself says that both hold the same.
fn same_bytes(some: &[Found], others: &[Found]) -> bool {
    let mark = |found: &Found| Some((found.listed.size, found.listed.etag.clone()?));
    let marks = |files: &[Found]| files.iter().map(mark).collect::<Option<BTreeSet<_>>>();
    some.len() == others.len() && marks(some).is_some_and(|mine| marks(others) == Some(mine))
}

#[cfg(test)]
#[path = "choose_tests.rs"]
mod tests;
