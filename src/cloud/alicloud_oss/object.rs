//! What bill files are read from.

use crate::exit::{Failed, Failure};
use anyhow::{Context, Result};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

/// Something that can be read from an offset: an object in a bucket, a local file, stdin.
///
/// A read that fails for a reason with an exit code of its own says so with
/// `io::Error::other(exit::Failed::because(..))`; every other I/O error is an unexpected failure (exit 1).
pub(crate) trait Object: Send + Sync {
    /// The key or path; it goes into `data.file`.
    fn name(&self) -> &str;
    /// How many bytes there are; none for stdin.
    fn size(&self) -> Option<u64>;
    /// The bytes from this offset to the end; from 0 only where there is no size.
    fn open(&self, from: u64) -> Result<Box<dyn Read + Send>>;
}

/// A file of this machine.
#[derive(Debug)]
pub(crate) struct LocalFile {
    path: PathBuf,
    name: String,
    size: Option<u64>,
}

impl LocalFile {
    /// A pipe (`<(...)`) has no size and is read like stdin.
    pub(crate) fn new(path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        let name = path.to_string_lossy().into_owned();
        let metadata = std::fs::metadata(&path)
            .context(Failed::because(Failure::Usage, format!("{name} cannot be read")))?;
        if metadata.is_dir() {
            return Err(crate::exit::fail(Failure::Usage, format!("{name} is a folder")));
        }
        Ok(Self { path, name, size: metadata.is_file().then_some(metadata.len()) })
    }
}

impl Object for LocalFile {
    fn name(&self) -> &str {
        &self.name
    }

    fn size(&self) -> Option<u64> {
        self.size
    }

    fn open(&self, from: u64) -> Result<Box<dyn Read + Send>> {
        let cannot = || Failed::because(Failure::Usage, format!("{} cannot be read", self.name));
        let mut file = File::open(&self.path).with_context(cannot)?;
        if from > 0 {
            file.seek(SeekFrom::Start(from)).with_context(cannot)?;
        }
        Ok(Box::new(file))
    }
}

/// Standard input, which can be read once.
#[derive(Debug)]
pub(crate) struct Stdin;

impl Object for Stdin {
    fn name(&self) -> &'static str {
        "-"
    }

    fn size(&self) -> Option<u64> {
        None
    }

    fn open(&self, _: u64) -> Result<Box<dyn Read + Send>> {
        // Not locked, since a lock cannot go to another thread; blocks are larger than its buffer.
        Ok(Box::new(io::stdin()))
    }
}

/// Adds what is read of one object to the bytes of all, and never more than the object has: parts of a ZIP are
/// read twice, others never.
#[derive(Debug)]
pub(super) struct Meter<'a> {
    progress: &'a AtomicU64,
    size: Option<u64>,
    seen: AtomicU64,
}

impl<'a> Meter<'a> {
    pub(super) fn new(object: &dyn Object, progress: &'a AtomicU64) -> Self {
        Self { progress, size: object.size(), seen: AtomicU64::new(0) }
    }

    fn add(&self, count: u64) {
        let seen = self.seen.fetch_add(count, Ordering::Relaxed);
        let left = self.size.map_or(u64::MAX, |size| size.saturating_sub(seen));
        self.progress.fetch_add(count.min(left), Ordering::Relaxed);
    }

    /// The object was read to its end.
    pub(super) fn finish(&self) {
        let seen = self.seen.load(Ordering::Relaxed);
        self.add(self.size.unwrap_or(seen).saturating_sub(seen));
    }
}

/// A stream of an object that is counted, and notices an early end.
pub(super) struct Watched<'a> {
    stream: Box<dyn Read + Send>,
    meter: &'a Meter<'a>,
    at: u64,
}

impl<'a> Watched<'a> {
    pub(super) fn open(object: &dyn Object, from: u64, meter: &'a Meter<'a>) -> Result<Self> {
        Ok(Self { stream: object.open(from)?, meter, at: from })
    }
}

impl Read for Watched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = loop {
            match self.stream.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        self.at += count as u64;
        self.meter.add(count as u64);
        match self.meter.size {
            Some(size) if count == 0 && !buffer.is_empty() && self.at < size => {
                Err(io::Error::other(Failed::because(
                    Failure::Unavailable,
                    format!("the object ended after {} of its {size} bytes", self.at),
                )))
            }
            _ => Ok(count),
        }
    }
}

/// An I/O error as a failure: of its own kind where it brought one.
pub(super) fn failure(error: io::Error) -> anyhow::Error {
    match error.downcast::<Failed>() {
        Ok(failed) => anyhow::Error::new(failed),
        Err(error) => anyhow::Error::new(error),
    }
}
