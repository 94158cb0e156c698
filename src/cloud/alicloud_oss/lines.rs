//! Lines are laid out here: each cell is copied once into its event's line, and from there once into the text that
//! the id is computed from.
//!
//! Nearly all copies are of a name or a cell of a dozen bytes, for which a call of `memcpy` costs more than the
//! copy. So 32 bytes are copied whatever the length, and the next copy overwrites what was too much; the buffers
//! have room behind their text for that.

use super::cell;
use super::index::CellEnd;
use super::lanes::{self, Lanes};
use super::plan::{Fragment, Plan, STEP};
use super::totals::Totals;
use crate::event::{Batch, Laid};
use crate::identity::Id;
use std::ops::Range;

/// What one huge row blew up beyond this is not kept.
const MOST_KEPT: usize = 1 << 20;

/// Lays out the lines of one batch after another.
#[derive(Debug, Default)]
pub(super) struct Writer {
    /// The lines; text up to `at`, room behind it.
    out: Vec<u8>,
    at: usize,
    /// The batch that they go into; `out` is its text.
    batch: Option<Batch>,
    /// Its last lines, which have no id yet, and what their ids are computed from.
    laid: Vec<Laid>,
    hashed: Vec<u8>,
    hashed_at: usize,
    inputs: Vec<Range<usize>>,
    lanes: Lanes,
    bases: Vec<Id>,
    /// Where the value of each column of a row stands and how long it is; then those of [`Plan::vance`].
    places: Vec<(usize, usize)>,
    /// A row's own id, where it is not plain.
    id: Vec<u8>,
    totals: Totals,
}

impl Writer {
    /// Begins with an empty batch and a buffer for its lines.
    pub(super) fn start(&mut self, (batch, out): (Batch, Vec<u8>)) {
        (self.batch, self.out, self.at) = (Some(batch), out, 0);
    }

    /// How long the lines are.
    pub(super) fn length(&self) -> usize {
        self.at
    }

    /// The batch that was begun; none without lines.
    pub(super) fn finish(&mut self, plan: &Plan) -> Option<Batch> {
        self.flush(plan);
        let mut batch = self.batch.take()?;
        batch.bytes = std::mem::take(&mut self.out);
        batch.bytes.truncate(self.at);
        batch.sums = self.totals.take(plan);
        Some(batch).filter(|batch| batch.len() > 0)
    }

    /// Computes the ids of the last lines.
    fn flush(&mut self, plan: &Plan) {
        let Some(batch) = &mut self.batch else { return };
        self.lanes.bases(&plan.key, &self.hashed, &self.inputs, &mut self.bases);
        std::mem::swap(&mut batch.bytes, &mut self.out);
        for (laid, base) in self.laid.iter().zip(&self.bases) {
            batch.adopt(&plan.frame, *laid, *base, plan.period);
        }
        std::mem::swap(&mut batch.bytes, &mut self.out);
        self.laid.clear();
        self.inputs.clear();
        self.hashed_at = 0;
        if self.hashed.len() > MOST_KEPT {
            (self.hashed, self.id) = (Vec::new(), Vec::new());
        }
    }

    /// Adds the row whose cells these are, under its number.
    pub(super) fn row(
        &mut self,
        plan: &Plan,
        bytes: &[u8],
        start: usize,
        cells: &[CellEnd],
        line: &Number,
    ) {
        let end = cells.last().map_or(start, |end| end.at());
        let subject = own_id(plan, bytes, start, cells, &mut self.id);
        let longest = cell::longest(&bytes[start..end]) + subject.len();
        make_room(&mut self.out, self.at + plan.fixed + longest);
        make_room(&mut self.hashed, self.hashed_at + plan.hashed + longest);
        let out = &mut self.out[..];

        let first = self.at;
        let mut at = copy(out, first, &plan.frame.before);
        let subject_at = at;
        at = copy(out, at, subject);
        let opening = at;
        at = copy(out, at, &plan.opening);
        self.places.clear();
        let mut from = start;
        for (end, fragment) in cells.iter().zip(&plan.fragments) {
            at = put(out, at, fragment);
            let value = at;
            let to = end.at();
            if end.is_special() {
                at = cell::write(&bytes[from..to], out, at);
            } else {
                at = plain(bytes, from, to, out, at);
            }
            self.places.push((value, at - value));
            from = to + 1;
        }
        for (value, length) in plan.vance {
            self.places.push((opening + value, length));
        }
        at = copy(out, at, &plan.closing);
        at = copy(out, at, line.text());
        at = copy(out, at, b"}");
        at = copy(out, at, plan.frame.end);
        self.at = at;
        self.laid.push(Laid { start: first, subject: opening - subject_at, end: at });

        self.totals.add(plan, &self.out, &self.places);
        // Subject and values, each value with its quotes, each with a separator behind it.
        let out = &self.out[..];
        let hashed = &mut self.hashed[..];
        let input = self.hashed_at;
        let mut at = copy(hashed, input, &out[subject_at..opening]);
        hashed[at] = 0x1f;
        at += 1;
        for &place in &plan.order {
            let (value, length) = self.places[place as usize];
            at = step(hashed, at, out, value - 1, length + 2);
            hashed[at] = 0x1f;
            at += 1;
        }
        self.inputs.push(input..at);
        self.hashed_at = at;
        if self.laid.len() == lanes::GROUP || at > MOST_KEPT / 2 {
            self.flush(plan);
        }
    }
}

/// The subject of a row as JSON text: its own id where it has one.
fn own_id<'a>(
    plan: &'a Plan,
    bytes: &'a [u8],
    start: usize,
    cells: &[CellEnd],
    buffer: &'a mut Vec<u8>,
) -> &'a [u8] {
    let Some(id) = plan.id else { return &plan.subject };
    let from = if id == 0 { start } else { cells[id - 1].at() + 1 };
    let cell = &bytes[from..cells[id].at()];
    let text = if cells[id].is_special() {
        buffer.resize(cell::longest(cell) + 16, 0);
        let end = cell::write(cell, buffer, 0);
        &buffer[..end]
    } else {
        cell::content(cell).0
    };
    if text.is_empty() { &plan.subject } else { text }
}

fn make_room(buffer: &mut Vec<u8>, wanted: usize) {
    if buffer.len() < wanted {
        buffer.resize(wanted.max(buffer.len() * 3 / 2), 0);
    }
}

#[inline]
fn copy(out: &mut [u8], at: usize, text: &[u8]) -> usize {
    out[at..at + text.len()].copy_from_slice(text);
    at + text.len()
}

#[inline]
fn put(out: &mut [u8], at: usize, fragment: &Fragment) -> usize {
    if fragment.length <= STEP {
        out[at..at + STEP].copy_from_slice(&fragment.bytes);
        return at + fragment.length;
    }
    copy(out, at, &fragment.long)
}

/// Copies `length` bytes of `text`, from `from`.
#[inline]
fn step(out: &mut [u8], at: usize, text: &[u8], from: usize, length: usize) -> usize {
    if length <= STEP {
        out[at..at + STEP].copy_from_slice(&text[from..from + STEP]);
    } else {
        out[at..at + length].copy_from_slice(&text[from..from + length]);
    }
    at + length
}

/// Copies a cell that is plain text, without the spaces at its end.
#[inline]
fn plain(bytes: &[u8], from: usize, to: usize, out: &mut [u8], at: usize) -> usize {
    let mut to = to;
    while to > from && bytes[to - 1] == b' ' {
        to -= 1;
    }
    step(out, at, bytes, from, to - from)
}

/// A row's number, in text.
#[derive(Debug)]
pub(super) struct Number {
    pub(super) value: u64,
    digits: [u8; 20],
    first: usize,
}

impl Number {
    pub(super) fn new(value: u64) -> Self {
        let mut number = Self { value, digits: [b'0'; 20], first: 20 };
        let text = value.to_string();
        number.first -= text.len();
        number.digits[number.first..].copy_from_slice(text.as_bytes());
        number
    }

    pub(super) fn increment(&mut self) {
        self.value += 1;
        let mut at = 19;
        while self.digits[at] == b'9' && at > 0 {
            self.digits[at] = b'0';
            at -= 1;
        }
        self.digits[at] += 1;
        self.first = self.first.min(at);
    }

    fn text(&self) -> &[u8] {
        &self.digits[self.first..]
    }
}
