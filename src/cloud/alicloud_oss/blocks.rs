//! Cuts a stream into blocks that end at a row's end, so that each can be worked on alone.
//!
//! Only quotes decide what ends a row: a line end outside a quoted cell does. `memchr` finds them at memory
//! speed, and a bill has a handful in a row, so this one thread keeps up with many workers. A quote is judged
//! exactly as in [`super::index`], also where it stands against RFC 4180.

use super::index::PADDING;
use memchr::{memchr_iter, memrchr, memrchr2};
use std::io::{self, Read};

/// The longest cell.
pub(super) const CELL_LIMIT: usize = 16 << 20;
/// The longest row: far above any bill's, but a row has to be held whole.
pub(super) const ROW_LIMIT: usize = 4 * CELL_LIMIT;
/// What is said of longer ones.
pub(super) const CELL_TOO_LONG: &str = "a cell is longer than 16 MiB";
pub(super) const ROW_TOO_LONG: &str = "the row is longer than 64 MiB";

/// Whole rows (and blank lines) of one file.
#[derive(Debug, Default)]
pub(super) struct Block {
    /// The text and at least [`PADDING`] more bytes.
    pub(super) bytes: Vec<u8>,
    /// Where the rows start; behind the header in a file's first block.
    pub(super) start: usize,
    /// Where they end, behind a line end.
    pub(super) end: usize,
    /// The offset of `bytes[0]` in the file.
    pub(super) offset: u64,
}

/// Why there is no next block.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The stream failed at this byte.
    Read(u64, io::Error),
    /// The row behind those of the last block cannot be read: at which byte of the file, and why.
    Row(u64, &'static str),
}

/// The reader of blocks.
pub(super) struct Splitter<R> {
    source: R,
    size: usize,
    /// The start of the row before which the last block ended.
    rest: Vec<u8>,
    /// Where in the file that is.
    offset: u64,
    ended: bool,
    /// Why the stream ended, where rows that came before had to go first.
    failed: Option<io::Error>,
    quotes: Quotes,
}

impl<R: Read> Splitter<R> {
    /// Blocks of about `size` bytes; `offset` is that of the stream's first byte in its file.
    pub(super) fn new(source: R, offset: u64, size: usize) -> Self {
        let quotes = Quotes::default();
        Self { source, size, rest: Vec::new(), offset, ended: false, failed: None, quotes }
    }

    /// The next block, in this buffer.
    pub(super) fn next(&mut self, mut bytes: Vec<u8>) -> Result<Option<Block>, Trouble> {
        self.quotes.clear();
        let mut used = self.rest.len();
        let mut wanted = self.size.max(used * 2);
        grow(&mut bytes, wanted);
        if let Some(start) = bytes.get_mut(..used) {
            start.copy_from_slice(&self.rest);
        }
        loop {
            while used < wanted && !self.ended && self.failed.is_none() {
                let room = bytes.get_mut(used..wanted).unwrap_or_default();
                match self.source.read(room) {
                    Ok(count) => {
                        self.ended = count == 0;
                        used += count;
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => self.failed = Some(error),
                }
            }
            let text = bytes.get(..used).unwrap_or_default();
            self.quotes.find(text, self.ended);
            let whole = self.ended && self.quotes.outside_since.is_some();
            if let Some(cut) = self.quotes.last_row_end(text).filter(|_| !whole) {
                return Ok(Some(self.cut(bytes, cut, used)));
            }
            if let Some(error) = self.failed.take() {
                return Err(Trouble::Read(self.offset + used as u64, error));
            }
            if self.ended {
                break;
            }
            if let Some(what) = self.quotes.too_long(text) {
                return Err(Trouble::Row(self.offset, what));
            }
            wanted *= 2;
            grow(&mut bytes, wanted);
        }
        if self.quotes.outside_since.is_none() {
            let at = self.offset + self.quotes.opened as u64;
            return Err(Trouble::Row(at, "the quote that opens a cell is never closed"));
        }
        if used == 0 {
            return Ok(None);
        }
        // The last row may end with the file; where it has its own line end, this is a blank line.
        if let Some(behind) = bytes.get_mut(used) {
            *behind = b'\n';
        }
        let block = self.cut(bytes, used, used);
        Ok(Some(Block { end: used + 1, ..block }))
    }

    fn cut(&mut self, bytes: Vec<u8>, end: usize, used: usize) -> Block {
        self.rest.clear();
        self.rest.extend_from_slice(bytes.get(end..used).unwrap_or_default());
        let offset = self.offset;
        self.offset += end as u64;
        Block { bytes, start: 0, end, offset }
    }
}

/// Makes room for so much text, a line end and the padding.
fn grow(bytes: &mut Vec<u8>, text: usize) {
    if bytes.len() < text + 1 + PADDING {
        bytes.resize(text + 1 + PADDING, 0);
    }
}

/// Which stretches of a block lie outside quoted cells.
#[derive(Debug, Default)]
struct Quotes {
    /// How far it was looked.
    seen: usize,
    /// The stretches that ended, first to last.
    outside: Vec<(usize, usize)>,
    /// Where the stretch that is still open started; none inside a quoted cell.
    outside_since: Option<usize>,
    /// The last quote that opened a cell.
    opened: usize,
}

impl Quotes {
    fn clear(&mut self) {
        self.outside.clear();
        (self.seen, self.outside_since, self.opened) = (0, Some(0), 0);
    }

    /// Goes on to the end of the text. A closing quote at its very end waits for the byte behind it.
    fn find(&mut self, text: &[u8], ended: bool) {
        let from = self.seen;
        self.seen = text.len();
        let mut next = from;
        for at in memchr_iter(b'"', text.get(from..).unwrap_or_default()).map(|at| from + at) {
            if at < next {
                continue;
            }
            match (self.outside_since, text.get(at + 1)) {
                (Some(since), _) => {
                    let before = at.checked_sub(1).and_then(|at| text.get(at));
                    if matches!(before, None | Some(b',' | b'\n' | b'\r')) {
                        self.outside.push((since, at));
                        (self.outside_since, self.opened) = (None, at);
                    }
                }
                (None, Some(b'"')) => next = at + 2,
                (None, None) if !ended => self.seen = at,
                (None, _) => self.outside_since = Some(at + 1),
            }
        }
    }

    /// The offset behind the last line end outside quoted cells.
    fn last_row_end(&self, text: &[u8]) -> Option<usize> {
        let open = self.outside_since.map(|since| (since, text.len()));
        self.outside.iter().copied().chain(open).rev().find_map(|(from, to)| {
            memrchr2(b'\n', b'\r', text.get(from..to)?).map(|at| from + at + 1)
        })
    }

    /// What is wrong with a row that does not end in this text.
    fn too_long(&self, text: &[u8]) -> Option<&'static str> {
        let cell = self.outside_since.map_or(self.opened, |since| {
            let stretch = text.get(since..).unwrap_or_default();
            memrchr(b',', stretch).map_or(if since == 0 { 0 } else { self.opened }, |at| since + at)
        });
        if text.len() - cell > CELL_LIMIT {
            return Some(CELL_TOO_LONG);
        }
        (text.len() > ROW_LIMIT).then_some(ROW_TOO_LONG)
    }
}
