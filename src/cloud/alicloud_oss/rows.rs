//! The rows of one block: found, checked one after another, and written as lines.

use super::blocks::{Block, CELL_LIMIT, CELL_TOO_LONG, ROW_LIMIT, ROW_TOO_LONG};
use super::index::{CellEnd, Index, Stray};
use super::lines::{Number, Writer};
use super::plan::Plan;
use crate::event::{Batch, Buffers};
use std::sync::Arc;

/// Lines in one batch. A block of a bill gives less; one of short rows under long names far more.
const PART: usize = 1 << 20;

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
    pub(super) fn index(&mut self, plan: &Plan, block: &Block) -> u64 {
        let most = plan.fragments.len();
        self.stray = self.index.read(&block.bytes, block.start, block.end, most).err();
        self.index.rows() as u64
    }

    /// Writes the rows found last, of which the first has the number `line`, up to the first that is not
    /// understood. A bill's block makes one batch; short rows under long names make more.
    pub(super) fn write(
        &mut self,
        plan: &Plan,
        block: &Block,
        line: u64,
        buffers: &Arc<Buffers>,
        emit: &mut dyn FnMut(Batch),
    ) -> Result<(), Fault> {
        self.writer.start(buffers.batch(&plan.envelope));
        let result = self.write_rows(plan, block, line, &mut |writer| {
            writer.finish(plan).into_iter().for_each(&mut *emit);
            writer.start(buffers.batch(&plan.envelope));
        });
        self.writer.finish(plan).into_iter().for_each(emit);
        result
    }

    fn write_rows(
        &mut self,
        plan: &Plan,
        block: &Block,
        line: u64,
        full: &mut dyn FnMut(&mut Writer),
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
                let more = if self.index.is_overfull() { " or more" } else { "" };
                let cells = if have == 1 && more.is_empty() { "cell" } else { "cells" };
                let what = format!("the row has {have}{more} {cells} and the header {want}");
                return fault(number.value, start, &what);
            }
            if end - start > CELL_LIMIT && longest_cell(cells, start) > CELL_LIMIT {
                return fault(number.value, start, CELL_TOO_LONG);
            }
            if end - start > ROW_LIMIT {
                return fault(number.value, start, ROW_TOO_LONG);
            }
            self.writer.row(plan, &bytes[..], start, cells, &number);
            if self.writer.length() > PART {
                full(&mut self.writer);
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
