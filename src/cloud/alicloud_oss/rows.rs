//! Rows become lines here: one pass over the cells of a block, each copied once into its event's line and once
//! into the text that the id is computed from.
//!
//! Nearly all copies are of a name or a cell of a dozen bytes, for which a call of `memcpy` costs more than the
//! copy. So 32 bytes are copied whatever the length, and the next copy overwrites what was too much; the buffers
//! have room behind their text for that.

use super::blocks::{Block, CELL_LIMIT, CELL_TOO_LONG, ROW_LIMIT, ROW_TOO_LONG};
use super::cell;
use super::index::{CellEnd, Index, Stray};
use super::lanes::{self, Lanes};
use super::plan::{Fragment, Plan, STEP};
use crate::event::{Batch, Buffers, Laid};
use crate::identity::Id;
use std::ops::Range;
use std::sync::Arc;

/// What one huge row blew up beyond this is not kept.
const MOST_KEPT: usize = 1 << 20;

/// Why a row cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// The row, from 1.
    pub(super) line: u64,
    /// The byte of the file.
    pub(super) byte: u64,
    /// What is wrong.
    pub(super) what: String,
}

/// One worker's buffers.
#[derive(Debug, Default)]
pub(super) struct Rows {
    index: Index,
    stray: Option<Stray>,
    writer: Writer,
}

impl Rows {
    /// Finds the rows of a block and says how many there are.
    pub(super) fn index(&mut self, block: &Block) -> u64 {
        self.stray = self.index.read(&block.bytes, block.start, block.end).err();
        self.index.rows() as u64
    }

    /// Writes the rows found last, of which the first has the number `line`: the events of those before the
    /// first that is not understood, and what is wrong with that.
    pub(super) fn write(
        &mut self,
        plan: &Plan,
        block: &Block,
        line: u64,
        buffers: &Arc<Buffers>,
    ) -> (Batch, Option<Fault>) {
        let (mut batch, out) = buffers.batch(&plan.envelope);
        (self.writer.out, self.writer.at) = (out, 0);
        let fault = self.write_rows(plan, block, line, &mut batch).err();
        self.writer.flush(plan, &mut batch);
        self.writer.out.truncate(self.writer.at);
        batch.bytes = std::mem::take(&mut self.writer.out);
        (batch, fault)
    }

    fn write_rows(
        &mut self,
        plan: &Plan,
        block: &Block,
        line: u64,
        batch: &mut Batch,
    ) -> Result<(), Fault> {
        let bytes = &block.bytes;
        let valid = block.start + valid_utf8(&bytes[block.start..block.end]);
        let fault = |line, at: usize, what: &str| {
            Err(Fault { line, byte: block.offset + at as u64, what: what.to_owned() })
        };
        let mut number = Number::new(line);
        let mut start = block.start;
        for cells in self.index.iter() {
            while matches!(bytes[start], b'\n' | b'\r') {
                start += 1;
            }
            let end = cells.last().map_or(start, |end| end.at());
            if end > valid {
                return fault(number.value, valid, NOT_UTF8);
            }
            if cells.len() != plan.fragments.len() {
                let (have, want) = (cells.len(), plan.fragments.len());
                let what = format!("the row has {have} cells and the header {want}");
                return fault(number.value, start, &what);
            }
            if end - start > CELL_LIMIT && longest_cell(cells, start) > CELL_LIMIT {
                return fault(number.value, start, CELL_TOO_LONG);
            }
            if end - start > ROW_LIMIT {
                return fault(number.value, start, ROW_TOO_LONG);
            }
            self.writer.row(plan, &bytes[..], start, cells, &number);
            if self.writer.laid.len() == lanes::GROUP {
                self.writer.flush(plan, batch);
            }
            start = end + 1;
            number.increment();
        }
        match self.stray {
            Some(Stray(at)) if at > valid => fault(number.value, valid, NOT_UTF8),
            Some(Stray(at)) => {
                fault(number.value, at, "text stands behind the closing quote of a cell")
            }
            None => Ok(()),
        }
    }
}

const NOT_UTF8: &str = "a byte is not UTF-8";

/// How many bytes from the start are UTF-8. Bills are half Chinese, on which the standard library takes five
/// times as long as `simdutf8`.
fn valid_utf8(text: &[u8]) -> usize {
    match simdutf8::basic::from_utf8(text) {
        Ok(_) => text.len(),
        Err(_) => simdutf8::compat::from_utf8(text).map_or_else(|e| e.valid_up_to(), str::len),
    }
}

fn longest_cell(cells: &[CellEnd], start: usize) -> usize {
    let mut from = start;
    let lengths = cells.iter().map(|end| {
        let length = end.at() - from;
        from = end.at() + 1;
        length
    });
    lengths.max().unwrap_or_default()
}

/// Lays out lines, and under them what their ids are computed from.
#[derive(Debug, Default)]
struct Writer {
    /// The lines; text up to `at`, room behind it.
    out: Vec<u8>,
    at: usize,
    /// What the ids of the rows since the last flush are computed from.
    hashed: Vec<u8>,
    hashed_at: usize,
    inputs: Vec<Range<usize>>,
    laid: Vec<Laid>,
    bases: Vec<Id>,
    lanes: Lanes,
    /// Where the value of each column of a row stands and how long it is; then those of [`Plan::vance`].
    places: Vec<(usize, usize)>,
    /// A row's own id, where it is not plain.
    id: Vec<u8>,
}

impl Writer {
    /// Computes the ids of the lines laid out since the last time, and hands these lines over.
    fn flush(&mut self, plan: &Plan, batch: &mut Batch) {
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

    fn row(&mut self, plan: &Plan, bytes: &[u8], start: usize, cells: &[CellEnd], line: &Number) {
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
struct Number {
    value: u64,
    digits: [u8; 20],
    first: usize,
}

impl Number {
    fn new(value: u64) -> Self {
        let mut number = Self { value, digits: [b'0'; 20], first: 20 };
        let text = value.to_string();
        number.first -= text.len();
        number.digits[number.first..].copy_from_slice(text.as_bytes());
        number
    }

    fn increment(&mut self) {
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
