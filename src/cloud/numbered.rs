//! Walks APIs that number their pages and name the total: pages side by side, handed over in order, and counted
//! by their rows. What the service calls the page size counts for nothing: one that caps it loses no row.
//!
//! The calling thread keeps the books and hands pages over; each fetch runs on a thread of its own.

use super::ensure_whole;
use crate::event::Batch;
use crate::exit::{Failure, fail};
use crate::report::plural;
use anyhow::{Context, Result};
use std::collections::{BTreeMap, HashMap};
use std::sync::mpsc;
use std::thread;

/// No bill has this many pages.
const MOST: u64 = 100_000;

/// One page.
pub(crate) struct Numbered<T> {
    /// Its rows.
    pub(crate) rows: Vec<T>,
    /// How many rows the service counts on all pages.
    pub(crate) total: u64,
}

/// Where a page stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Which question it answers, from 0.
    pub(crate) question: usize,
    /// Its number among the question's pages, from 1.
    pub(crate) page: u32,
    /// How many pages the question has.
    pub(crate) of: u32,
    /// How many pages there are as far as is known, all questions together.
    pub(crate) known: u64,
}

/// Asks questions, such as the days of a window, each with pages of its own, and hands the pages over in order:
/// all of the first question, all of the second and so on. Page 1 tells how many there are; the others follow
/// side by side, and so do the first pages of later questions, at most `concurrency` in flight. `fetch` gets the
/// index of the question and the number of the page.
///
/// Fails unless the rows read are as many as the service counts, or when a page names another total or is short
/// although it is not the last. After the first failed page no other is begun; those that came before it are
/// still handed over.
///
/// At most twice `concurrency` pages are in flight or wait for their turn, so that memory stays flat.
pub(crate) fn questions<T: Send>(
    whats: &[String],
    concurrency: usize,
    fetch: &(dyn Fn(usize, u32) -> Result<Numbered<T>> + Sync),
    emit: &mut dyn FnMut(Place, Vec<T>) -> Result<()>,
) -> Result<()> {
    thread::scope(|scope| {
        let (fetched, arrivals) = mpsc::channel();
        let mut walk = Walk::new(whats, concurrency.max(1));
        let mut failure = None;
        loop {
            while let Some((question, page)) = walk.next().filter(|_| failure.is_none()) {
                let fetched = fetched.clone();
                thread::Builder::new()
                    .name(format!("page {page}"))
                    // The receiver is gone only once nobody waits for the page any more.
                    .spawn_scoped(scope, move || {
                        drop(fetched.send((question, page, fetch(question, page))));
                    })
                    .context("no thread for a page")?;
                walk.begun(question);
            }
            if let Some((place, rows)) = walk.take() {
                emit(place, rows)?;
            } else if walk.in_flight == 0 {
                return failure.map_or(Ok(()), Err);
            } else {
                let (question, page, result) = arrivals.recv().context("a page is lost")?;
                walk.in_flight -= 1;
                let kept = result.and_then(|got| walk.keep(question, page, got));
                failure = failure.or(kept.err());
            }
        }
    })
}

/// The books of a walk.
struct Walk<'a, T> {
    questions: Vec<Question<'a>>,
    /// The question whose pages are handed over.
    head: usize,
    concurrency: usize,
    in_flight: usize,
    /// Pages that wait for their turn.
    waiting: BTreeMap<(usize, u32), Vec<T>>,
}

struct Question<'a> {
    what: &'a str,
    /// Pages asked for, and pages handed over.
    begun: u32,
    taken: u32,
    /// What page 1 said: rows in all, rows a page, pages.
    shape: Option<Shape>,
}

#[derive(Clone, Copy)]
struct Shape {
    total: u64,
    size: u64,
    pages: u32,
}

impl<'a, T> Walk<'a, T> {
    fn new(whats: &'a [String], concurrency: usize) -> Self {
        let question = |what: &'a String| Question { what, begun: 0, taken: 0, shape: None };
        let questions = whats.iter().map(question).collect();
        Self { questions, head: 0, concurrency, in_flight: 0, waiting: BTreeMap::new() }
    }

    /// The earliest page that is known of and not yet begun, if it may be begun. The question that is being
    /// handed over has an allowance of its own, else pages of later ones could hold it up for ever.
    fn next(&self) -> Option<(usize, u32)> {
        if self.in_flight >= self.concurrency {
            return None;
        }
        let later = self.questions.iter().enumerate().skip(self.head);
        let (at, page) = later.into_iter().find_map(|(at, question)| {
            let known = question.shape.map_or(1, |shape| shape.pages);
            (question.begun < known).then_some((at, question.begun + 1))
        })?;
        let held = if at == self.head {
            let head = &self.questions[at];
            (head.begun - head.taken) as usize
        } else {
            self.in_flight + self.waiting.len()
        };
        (held < self.concurrency).then_some((at, page))
    }

    fn begun(&mut self, question: usize) {
        self.questions[question].begun += 1;
        self.in_flight += 1;
    }

    /// Puts a page in its place, if it is what has to be there.
    fn keep(&mut self, at: usize, page: u32, got: Numbered<T>) -> Result<()> {
        let question = &mut self.questions[at];
        let read = got.rows.len() as u64;
        let shape = match question.shape {
            Some(shape) => shape,
            None => Shape::of(question.what, read, got.total)?,
        };
        question.shape = Some(shape);
        shape.check(question.what, page, read, got.total)?;
        self.waiting.insert((at, page), got.rows);
        Ok(())
    }

    /// The next page in order, if it is there.
    fn take(&mut self) -> Option<(Place, Vec<T>)> {
        let question = self.questions.get_mut(self.head)?;
        let page = question.taken + 1;
        let rows = self.waiting.remove(&(self.head, page))?;
        question.taken = page;
        let of = question.shape.map_or(1, |shape| shape.pages);
        let pages = |q: &Question<'_>| q.shape.map_or(1, |shape| u64::from(shape.pages));
        let known = self.questions.iter().map(pages).sum();
        let place = Place { question: self.head, page, of, known };
        if page == of {
            self.head += 1;
        }
        Some((place, rows))
    }
}

impl Shape {
    /// Page 1 brought `read` rows of `total`: as many as every other page but the last has to bring.
    fn of(what: &str, read: u64, total: u64) -> Result<Self> {
        let pages = total.div_ceil(read.max(1)).max(1);
        if read == 0 || pages > MOST {
            ensure_whole(what, read, total)?;
        }
        Ok(Self { total, size: read, pages: u32::try_from(pages)? })
    }

    fn check(self, what: &str, page: u32, read: u64, total: u64) -> Result<()> {
        let changed = |how: String| {
            let message =
                format!("{what}: page {page} {how}: the bill changed while it was read; try again");
            Err(fail(Failure::Unavailable, message))
        };
        if total != self.total {
            return changed(format!(
                "counts {} where page 1 counted {}",
                plural(total, "row"),
                self.total
            ));
        }
        let before = u64::from(page - 1) * self.size;
        let due = self.size.min(self.total - before.min(self.total));
        if read != due {
            return changed(format!("has {} where {due} were due", plural(read, "row")));
        }
        Ok(())
    }
}

/// Notices a page that brings what an earlier page of its question brought: rows moved while the pages were read,
/// or the service gave one page for another, so that rows are missing although their count is right.
#[derive(Default)]
pub(crate) struct Repeats {
    question: usize,
    /// Where a row that is like no other came first, and where so many different rows in this order did.
    pages: HashMap<u128, u32>,
    /// The last row of the page before.
    last: Option<u128>,
    /// A page that begins with the very row that the one before it ended with.
    joint: Option<String>,
}

impl Repeats {
    /// Fails if this page repeats an earlier one. `alone` says which of its rows have an id of the service's own, so
    /// that there is no other like them; others may be identical, but not whole pages of different ones.
    pub(crate) fn check(
        &mut self,
        what: &str,
        Place { question, page, .. }: Place,
        batch: &Batch,
        alone: &[bool],
    ) -> Result<()> {
        if question != self.question {
            *self = Self { question, joint: self.joint.take(), ..Self::default() };
        }
        let mut ends = batch.events.iter().map(|event| event.base.0);
        let first = ends.next();
        if first.is_some() && first == self.last {
            self.joint.get_or_insert_with(|| format!("{what}: page {page}"));
        }
        self.last = ends.next_back().or(first);
        let rows = || batch.events.iter().map(|event| event.base.0);
        let differ = rows().min() != rows().max();
        let all = differ.then(|| rows().fold(0, |all: u128, row| all.rotate_left(1) ^ row));
        let alone = rows().zip(alone).filter_map(|(row, alone)| alone.then_some(row));
        for brought in alone.chain(all) {
            let before = *self.pages.entry(brought).or_insert(page);
            if before != page {
                let message = format!(
                    "{what}: page {page} repeats a row of page {before}: the bill changed while it was read; try again"
                );
                return Err(fail(Failure::Unavailable, message));
            }
        }
        Ok(())
    }

    /// What to say after the pull of rows that may be one row twice: only a row of its own id tells for certain.
    pub(crate) fn doubt(&self) -> Option<String> {
        let page = self.joint.as_ref()?;
        Some(format!(
            "{page} begins with the row that the page before it ended with: these are two charges that are alike, or \
             the bill moved while it was read and another row is missing; pull it again to be sure"
        ))
    }
}

#[cfg(test)]
#[path = "numbered_tests.rs"]
mod tests;
