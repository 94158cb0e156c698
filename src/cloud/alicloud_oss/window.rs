//! An [`Object`] as something to seek in, for the ZIP's directory at its end. Each jump would be a request to
//! the bucket, so the end is fetched once and kept, and small jumps forward are read over.

use super::object::{Meter, Object, Watched, failure};
use anyhow::Result;
use std::cell::{Cell, RefCell};
use std::io::{self, Read, Seek, SeekFrom};
use std::rc::Rc;

/// How much of the end is kept: the directory of some hundred members, and the longest comment behind it.
const TAIL: u64 = 128 << 10;
/// How much is fetched at a time.
const CHUNK: usize = 64 << 10;
/// A longer jump forward opens the object anew.
const HOP: u64 = 512 << 10;

/// What passes between the window and its owner around the ZIP library between them.
#[derive(Debug)]
pub(super) struct Note {
    /// An error of the object's own, which would not survive the way.
    pub(super) error: RefCell<Option<anyhow::Error>>,
    /// How many bytes may still be read.
    pub(super) budget: Cell<u64>,
}

/// The reader.
pub(super) struct Window<'a> {
    object: &'a dyn Object,
    meter: &'a Meter<'a>,
    size: u64,
    position: u64,
    stream: Option<Watched<'a>>,
    /// Where the stream goes on.
    stream_at: u64,
    /// The last bytes of the stream, which end at `stream_at`.
    chunk: Vec<u8>,
    tail: Vec<u8>,
    note: Rc<Note>,
}

impl<'a> Window<'a> {
    /// Over an object of this size, of which the stream has given `start` so far.
    pub(super) fn new(
        object: &'a dyn Object,
        size: u64,
        meter: &'a Meter<'a>,
        stream: Watched<'a>,
        start: Vec<u8>,
    ) -> Result<Self> {
        let (mut tail, length) = (Vec::new(), size.min(TAIL));
        Watched::open(object, size - length, meter)?
            .take(length)
            .read_to_end(&mut tail)
            .map_err(failure)?;
        Ok(Self {
            object,
            meter,
            size,
            position: 0,
            stream: Some(stream),
            stream_at: start.len() as u64,
            chunk: start,
            tail,
            note: Rc::new(Note { error: RefCell::new(None), budget: Cell::new(u64::MAX) }),
        })
    }

    /// What passes around the ZIP library.
    pub(super) fn note(&self) -> Rc<Note> {
        Rc::clone(&self.note)
    }

    /// The bytes at the position, as many as are at hand without reading.
    fn at_hand(&self) -> &[u8] {
        for (end, bytes) in [(self.size, &self.tail), (self.stream_at, &self.chunk)] {
            let start = end - bytes.len() as u64;
            if self.position >= start && self.position < end {
                let from = usize::try_from(self.position - start).unwrap_or(usize::MAX);
                return bytes.get(from..).unwrap_or_default();
            }
        }
        &[]
    }

    /// Brings the position into the chunk.
    fn fetch(&mut self) -> Result<()> {
        if self.position < self.stream_at || self.position - self.stream_at > HOP {
            self.stream = None;
        }
        loop {
            let stream = if let Some(stream) = &mut self.stream {
                stream
            } else {
                self.stream_at = self.position;
                self.stream.insert(Watched::open(self.object, self.position, self.meter)?)
            };
            self.chunk.resize(CHUNK, 0);
            let count = stream.read(&mut self.chunk).map_err(failure)?;
            self.chunk.truncate(count);
            self.stream_at += count as u64;
            if self.position < self.stream_at || count == 0 {
                return Ok(());
            }
        }
    }
}

impl Read for Window<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.position >= self.size || buffer.is_empty() {
            return Ok(0);
        }
        if self.at_hand().is_empty()
            && let Err(error) = self.fetch()
        {
            self.chunk.clear();
            self.stream = None;
            self.note.error.borrow_mut().get_or_insert(error);
            return Err(io::Error::other("the object cannot be read"));
        }
        let bytes = self.at_hand();
        let count = bytes.len().min(buffer.len());
        let Some(budget) = self.note.budget.get().checked_sub(count as u64) else {
            return Err(io::Error::other("its directory is too long"));
        };
        self.note.budget.set(budget);
        buffer[..count].copy_from_slice(&bytes[..count]);
        self.position += count as u64;
        Ok(count)
    }
}

impl Seek for Window<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.size.checked_add_signed(by),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
        };
        self.position = position.ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidInput, "a jump before the start")
        })?;
        Ok(self.position)
    }
}
