//! Where the cells of a block end: the only part of the reader that knows what CSV is.
//!
//! Two ways give one answer. The quick way works on 64 bytes at a time (see [`crate::scan`]): quotes come in
//! pairs, so a running parity tells which commas and line ends lie inside a cell. That holds only while every
//! quote stands where RFC 4180 lets it. The first one that does not (`5" disk`, unquoted) sends the block to the
//! careful way, a state for every byte, which reads such a quote as itself, as the `csv` crate does.
//!
//! Rows end with LF, CR LF or CR. A blank line is no row, wherever it stands: a bill has more than one column, so
//! nothing can be meant by it (the `csv` crate passes over it, too).

use crate::scan::{self, WIDTH};

/// Bytes that every block carries behind its text, so that a step may look (and copy) past the end.
pub(super) const PADDING: usize = WIDTH;

/// Where the cells of one block end. Reused from block to block.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// One per cell: the offset of the comma or line end behind it, times two, plus one if the cell holds a
    /// byte that JSON cannot hold as it is (or is quoted).
    ends: Vec<CellEnd>,
    /// How many of them are in use.
    cells: usize,
    /// One per row: how many cells end with it or before it.
    rows: Vec<u32>,
    /// How many cells of a row are worth keeping.
    most: usize,
    /// Whether a row has more, of which some are not here.
    overfull: bool,
}

/// Text stands behind a closing quote; where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stray(pub(super) usize);

/// A place where the text of a block ends, as [`Index`] keeps it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct CellEnd(u32);

impl CellEnd {
    #[inline]
    #[allow(clippy::cast_possible_truncation, reason = "a block is below 2^31 bytes")]
    fn new(at: usize, special: bool) -> Self {
        Self((at as u32) << 1 | u32::from(special))
    }

    /// The offset of the byte behind the cell.
    #[inline]
    pub(super) fn at(self) -> usize {
        (self.0 >> 1) as usize
    }

    /// Whether the cell is more than plain text.
    #[inline]
    pub(super) fn is_special(self) -> bool {
        self.0 & 1 == 1
    }
}

impl Index {
    /// Finds the cells of the rows in `bytes[from..to]`, which must start with a row and end with a line end.
    /// `bytes` must be [`PADDING`] longer. On an error the rows before it are there. A row of more than `most`
    /// cells is none that counts: it may lack cells, and those behind it all of theirs.
    pub(super) fn read(
        &mut self,
        bytes: &[u8],
        from: usize,
        to: usize,
        most: usize,
    ) -> Result<(), Stray> {
        self.clear(most);
        if self.quick(bytes, from, to) {
            return Ok(());
        }
        self.clear(most);
        self.careful(bytes, from, to)
    }

    fn clear(&mut self, most: usize) {
        self.rows.clear();
        (self.cells, self.most, self.overfull) = (0, most, false);
    }

    /// Whether a row may have more cells than are here.
    pub(super) fn is_overfull(&self) -> bool {
        self.overfull
    }

    /// How many rows there are.
    pub(super) fn rows(&self) -> usize {
        self.rows.len()
    }

    /// The ends of the cells of each row.
    pub(super) fn iter(&self) -> impl Iterator<Item = &[CellEnd]> {
        let mut first = 0;
        self.rows.iter().map(move |&last| {
            let cells = self.ends.get(first as usize..last as usize).unwrap_or_default();
            first = last;
            cells
        })
    }

    #[cold]
    fn grow(&mut self) {
        let before = self.rows.last().map_or(0, |&cells| cells as usize);
        if self.cells - before > self.most {
            self.overfull = true;
        } else {
            self.ends.resize((self.cells * 2).max(1024), CellEnd::default());
        }
    }

    #[inline]
    fn push(&mut self, at: usize, special: bool) {
        if self.cells == self.ends.len() {
            self.grow();
        }
        if let Some(end) = self.ends.get_mut(self.cells) {
            *end = CellEnd::new(at, special);
            self.cells += 1;
        }
    }

    #[allow(clippy::cast_possible_truncation, reason = "fewer cells than bytes")]
    fn end_row(&mut self) {
        self.rows.push(self.cells as u32);
    }

    /// Whether all went well.
    fn quick(&mut self, bytes: &[u8], from: usize, to: usize) -> bool {
        // All bits while inside a quoted cell.
        let mut inside = 0u64;
        // Of the byte before this chunk, in the lowest bit: a line end, any end of a cell, a closing quote.
        let (mut after_line, mut after_end, mut after_close) = (1u64, 1u64, 0u64);
        // Whether the cell that reaches into this chunk is special so far.
        let mut special = false;
        let mut at = from;
        while at < to {
            let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<WIDTH>()) else {
                return false;
            };
            let inside_text = if to - at < WIDTH { !(!0 << (to - at)) } else { !0 };
            let scan::Marks { comma, rare } = scan::marks(chunk);
            let (mut comma, mut rare) = (comma & inside_text, rare & inside_text);
            if rare == 0 {
                if inside == 0 {
                    if after_close & !comma & 1 != 0 {
                        return false;
                    }
                    (after_line, after_end, after_close) = (0, comma >> 63, 0);
                    if comma != 0 {
                        self.plain(at, comma, special);
                        special = false;
                    }
                }
                at += WIDTH;
                continue;
            }
            let scan::Rare { quote, line_end } = scan::rare(chunk);
            let (quote, line_end) = (quote & inside_text, line_end & inside_text);
            let quoted = scan::parity(quote) ^ inside;
            let (open, close) = (quote & quoted, quote & !quoted);
            comma &= !quoted;
            let line_end = line_end & !quoted;
            let ends = comma | line_end;
            // A quote opens a cell behind an end, or goes on with one behind a closing quote (`""`); behind a
            // closing quote stands an end or that.
            let may_open = (ends | close) << 1 | after_end | after_close;
            let closed = close << 1 | after_close;
            if open & !may_open != 0 || closed & inside_text & !(ends | open) != 0 {
                return false;
            }
            let again = line_end & (line_end << 1 | after_line);
            let row_end = line_end & !again;
            rare &= !line_end;
            let mut cell_end = comma | row_end;
            while cell_end != 0 {
                let bit = cell_end.trailing_zeros();
                let below = (1u64 << bit) - 1;
                self.push(at + bit as usize, special || rare & below != 0);
                special = false;
                rare &= !below;
                if row_end >> bit & 1 == 1 {
                    self.end_row();
                }
                cell_end &= cell_end - 1;
            }
            special |= rare != 0;
            inside = 0u64.wrapping_sub(quoted >> 63);
            (after_line, after_end, after_close) = (line_end >> 63, ends >> 63, close >> 63);
            at += WIDTH;
        }
        inside == 0
    }

    /// Adds the cells that end at these commas; the first may be special.
    #[inline]
    fn plain(&mut self, at: usize, comma: u64, first_is_special: bool) {
        if self.ends.len() < self.cells + WIDTH {
            self.grow();
        }
        let Some(ends) = self.ends.get_mut(self.cells..self.cells + WIDTH) else { return };
        let mut comma = comma;
        let mut count = 0;
        for end in ends {
            if comma == 0 {
                break;
            }
            *end =
                CellEnd::new(at + comma.trailing_zeros() as usize, first_is_special && count == 0);
            comma &= comma - 1;
            count += 1;
        }
        self.cells += count;
    }

    fn careful(&mut self, bytes: &[u8], from: usize, to: usize) -> Result<(), Stray> {
        let text = bytes.get(..to).unwrap_or_default();
        let mut at = from;
        // Where the row starts, and where the cell.
        let (mut row, mut start) = (from, from);
        while let Some(&byte) = text.get(at) {
            match byte {
                b'"' if at == start => at = closing(text, at)?,
                b',' => {
                    self.push(at, is_special(text, start, at));
                    at += 1;
                    start = at;
                }
                b'\n' | b'\r' => {
                    if at > row {
                        self.push(at, is_special(text, start, at));
                        self.end_row();
                    }
                    at += 1;
                    (row, start) = (at, at);
                }
                _ => at += 1,
            }
        }
        Ok(())
    }
}

/// The end of the quoted cell that starts at `open`. Blanks behind the closing quote are let pass, since blanks
/// at the end of a cell mean nothing.
fn closing(text: &[u8], open: usize) -> Result<usize, Stray> {
    let mut at = open + 1;
    loop {
        match (text.get(at), text.get(at + 1)) {
            (Some(b'"'), Some(b'"')) => at += 2,
            (Some(b'"'), _) => break,
            (Some(_), _) => at += 1,
            (None, _) => return Ok(at),
        }
    }
    at += 1;
    loop {
        match text.get(at) {
            None | Some(b',' | b'\n' | b'\r') => return Ok(at),
            Some(b' ' | b'\t') => at += 1,
            Some(_) => return Err(Stray(at)),
        }
    }
}

fn is_special(text: &[u8], start: usize, end: usize) -> bool {
    let cell = text.get(start..end).unwrap_or_default();
    cell.iter().any(|&byte| byte < 0x20 || byte == b'"' || byte == b'\\')
}
