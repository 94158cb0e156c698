//! The members of a ZIP, one after another, each as a stream. Nothing is unpacked to disk.
//!
//! The directory at the end is what counts (a ZIP that was cut has none). Its names are only ever printed, yet
//! one that climbs out of a folder says that this is no bill. Sizes are believed only as limits: what comes out
//! is counted.

use super::window::Window;
use flate2::bufread::DeflateDecoder;
use std::io::{self, BufReader, Read};
use zip::read::{ArchiveOffset, Config, ZipFile};
use zip::{CompressionMethod, ZipArchive};

/// How much is unpacked at a time: what comes out of it fills a block. A tenth faster than with the 8 KiB of the
/// ZIP library's own reader, since the inflater saves its window after every call.
const PACKED_CHUNK: usize = 64 << 10;
/// Bills shrink to a fifth, a very repetitive one to a fiftieth.
const RATIO: u64 = 200;
/// So much may come out whatever the ratio.
const FREE: u64 = 64 << 20;
/// So much of the ZIP may be read for its directory: ten thousand members.
const DIRECTORY: u64 = 2 << 20;
/// Sizes and checksum may stand behind a member's bytes, in at most so many.
const DESCRIPTOR: u64 = 24;
/// So much may come out of one ZIP.
const TOTAL: u64 = 1 << 40;

/// Why an archive or member is refused.
#[derive(Debug)]
pub(super) struct Refused {
    /// The member, where it is one.
    pub(super) member: Option<String>,
    pub(super) what: String,
}

fn refused(member: Option<&str>, what: impl Into<String>) -> Refused {
    Refused { member: member.map(str::to_owned), what: what.into() }
}

/// A ZIP whose directory was read.
pub(super) struct Archive<'a> {
    zip: ZipArchive<Window<'a>>,
    /// The files in it, folders left out: their places in the directory.
    files: Vec<usize>,
    /// Folders, which have no bytes but a header.
    folders: Vec<usize>,
    /// Where each member that was looked at starts and ends.
    spans: Vec<(u64, u64)>,
}

impl<'a> Archive<'a> {
    /// Reads the directory.
    pub(super) fn open(window: Window<'a>, size: u64) -> Result<Self, Refused> {
        let note = window.note();
        note.budget.set(DIRECTORY);
        // The start is known, so it is not searched for, which could read the whole object.
        let config = Config { archive_offset: ArchiveOffset::Known(0) };
        let zip = ZipArchive::with_config(config, window)
            .map_err(|error| refused(None, format!("the ZIP is cut or damaged: {error}")))?;
        if zip.has_duplicate_names() {
            return Err(refused(None, "two members of the ZIP have one name"));
        }
        let directory = zip.metadata();
        let (mut files, mut folders) = (Vec::with_capacity(directory.len()), Vec::new());
        let (mut packed, mut unpacked) = (0u64, 0u64);
        for at in 0..directory.len() {
            let entry = directory.entry(at).map_err(|error| refused(None, error.to_string()))?;
            let name = entry.name().map_err(|_| refused(None, "a member's name is not text"))?;
            check_name(&name)?;
            if entry.is_dir() {
                folders.push(at);
                continue;
            }
            if entry.encrypted() {
                return Err(refused(Some(&name), "the member is encrypted, which bills are not"));
            }
            let method = entry.compression();
            if !matches!(method, CompressionMethod::STORE | CompressionMethod::DEFLATE) {
                return Err(refused(Some(&name), format!("the member is packed with {method}")));
            }
            if let Some(what) = bomb(entry.size(), entry.compressed_size()) {
                return Err(refused(Some(&name), what));
            }
            packed = packed.saturating_add(entry.compressed_size());
            unpacked = unpacked.saturating_add(entry.size());
            files.push(at);
        }
        if packed > size {
            return Err(refused(None, "members of the ZIP overlap"));
        }
        if unpacked > TOTAL {
            return Err(refused(None, format!("the ZIP unpacks to {unpacked} bytes")));
        }
        if files.is_empty() {
            return Err(refused(None, "the ZIP holds no CSV"));
        }
        note.budget.set(u64::MAX);
        Ok(Self { zip, files, folders, spans: Vec::new() })
    }

    /// How many files there are.
    pub(super) fn len(&self) -> usize {
        self.files.len()
    }

    /// Hands one file to `read`: its name, and its bytes.
    pub(super) fn with<T>(
        &mut self,
        at: usize,
        read: impl FnOnce(&str, &mut Member<'_>) -> T,
    ) -> Result<T, Refused> {
        let at = self.files.get(at).copied().unwrap_or(usize::MAX);
        let entry = look(&mut self.zip, &mut self.spans, at)?;
        let name = entry.name().map_err(|_| refused(None, "a member's name is not text"))?;
        let name = name.into_owned();
        let (size, packed, checksum) = (entry.size(), entry.compressed_size(), entry.crc32());
        let stream: Box<dyn Read + '_> = match entry.compression() {
            CompressionMethod::STORE => Box::new(entry),
            _ => Box::new(DeflateDecoder::new(BufReader::with_capacity(PACKED_CHUNK, entry))),
        };
        let hasher = crc32fast::Hasher::new();
        Ok(read(&name, &mut Member { stream, read: 0, size, packed, hasher, checksum }))
    }

    /// After all files were read: fails unless members and directory fill the ZIP. A directory that was damaged, or
    /// belongs to the second of two ZIPs, leaves members out, and their rows would be lost without a word.
    pub(super) fn finish(mut self) -> Result<(), Refused> {
        for at in std::mem::take(&mut self.folders) {
            look(&mut self.zip, &mut self.spans, at)?;
        }
        self.spans.sort_unstable();
        let directory = self.zip.central_directory_start();
        let starts = self.spans.iter().map(|(start, _)| *start).skip(1).chain([directory]);
        let first = self.spans.first().map_or(directory, |(start, _)| *start);
        let ends = self.spans.iter().map(|(_, end)| *end);
        let is_gap =
            |(end, next): (u64, u64)| next.checked_sub(end).is_none_or(|gap| gap > DESCRIPTOR);
        if first > 0 || ends.zip(starts).any(is_gap) {
            let what = "the ZIP holds bytes that its directory does not name: it is damaged, or two in one";
            return Err(refused(None, what));
        }
        Ok(())
    }
}

/// One member, and where it is.
fn look<'z, 'a>(
    zip: &'z mut ZipArchive<Window<'a>>,
    spans: &mut Vec<(u64, u64)>,
    at: usize,
) -> Result<ZipFile<'z, Window<'a>>, Refused> {
    let lost = |what: String| refused(None, format!("a member cannot be found: {what}"));
    let entry = zip.by_index_raw(at).map_err(|error| lost(error.to_string()))?;
    let data = entry.data_start().ok_or_else(|| lost("it has no data".into()))?;
    spans.push((entry.header_start(), data.saturating_add(entry.compressed_size())));
    Ok(entry)
}

/// What is wrong with so many bytes out of so many.
fn bomb(unpacked: u64, packed: u64) -> Option<String> {
    (unpacked > FREE && unpacked / RATIO > packed)
        .then(|| format!("the member unpacks to over {RATIO} times its {packed} bytes"))
}

fn check_name(name: &str) -> Result<(), Refused> {
    let mut parts = name.split(['/', '\\']);
    let drive = name.as_bytes().get(1) == Some(&b':');
    let bad = name.is_empty()
        || name.starts_with(['/', '\\'])
        || drive
        || name.contains('\0')
        || parts.any(|part| part == "..");
    if !bad {
        return Ok(());
    }
    Err(refused(Some(name), "the member's name is absolute or leads out of its folder"))
}

/// One file of a ZIP, as it comes out.
pub(super) struct Member<'a> {
    stream: Box<dyn Read + 'a>,
    read: u64,
    size: u64,
    packed: u64,
    hasher: crc32fast::Hasher,
    checksum: u32,
}

impl Member<'_> {
    /// What is wrong, now that so much came out; `end` if that was all.
    fn complaint(&self, end: bool) -> Option<String> {
        let Self { read, size, packed, .. } = self;
        if let Some(what) = bomb(*read, *packed) {
            return Some(what);
        }
        if *read > *size || (end && read != size) {
            let more = if end { "" } else { " or more" };
            return Some(format!("the member has {read} bytes{more} where the ZIP says {size}"));
        }
        if end && self.hasher.clone().finalize() != self.checksum {
            return Some("the member does not match its CRC-32, so the ZIP is damaged".to_owned());
        }
        None
    }
}

impl Read for Member<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let invalid = |what: String| io::Error::new(io::ErrorKind::InvalidData, what);
        let count = self.stream.read(buffer).map_err(|error| {
            invalid(format!("the member cannot be unpacked, so the ZIP is damaged: {error}"))
        })?;
        self.read += count as u64;
        self.hasher.update(buffer.get(..count).unwrap_or_default());
        self.complaint(count == 0).map_or(Ok(count), |what| Err(invalid(what)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(packed: u64, size: u64) -> Member<'static> {
        let stream: Box<dyn Read> = Box::new(io::repeat(b'1').take(size));
        Member { stream, read: 0, size, packed, hasher: crc32fast::Hasher::new(), checksum: 0 }
    }

    /// How many bytes come out, and what is said then.
    fn drain(mut member: Member<'_>) -> (u64, String) {
        let mut buffer = vec![0; 1 << 20];
        loop {
            if let Err(error) = member.read(&mut buffer) {
                return (member.read, error.to_string());
            }
        }
    }

    #[test]
    fn bombs_are_stopped_on_the_way() {
        let (out, said) = drain(member(1000, 1 << 40));
        assert_eq!(said, "the member unpacks to over 200 times its 1000 bytes");
        assert_eq!(out, FREE + (1 << 20));
        // So much comes out of a small one, or out of one that is as large as it should be.
        let (out, said) = drain(member(1000, FREE));
        assert_eq!((out, said.contains("CRC-32")), (FREE, true));
        let (out, said) = drain(member(1 << 20, 100 << 20));
        assert_eq!((out, said.contains("CRC-32")), (100 << 20, true));
    }

    #[test]
    fn a_size_that_is_not_kept() {
        let mut short = member(10, 5);
        short.size = 9;
        assert_eq!(drain(short).1, "the member has 5 bytes where the ZIP says 9");
        let mut long = member(10, 5);
        long.size = 3;
        assert_eq!(drain(long).1, "the member has 5 bytes or more where the ZIP says 3");
    }
}
