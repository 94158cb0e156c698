//! The lines of a journal, read in blocks by several threads, each line checked. What a block yields comes back in
//! the order of the file.

use crate::exit::{Failure, fail};
use anyhow::{Context, Result};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::mpsc::{SyncSender, sync_channel};

/// Bytes of one block: large enough that threads seldom wait for each other, small enough for any machine.
const BLOCK: u64 = 512 << 10;
/// Bytes of one read behind a block's end, for the line that goes on there.
const TAIL: usize = 64 << 10;
/// More threads than this wait for memory.
const THREADS: usize = 8;

/// What is wrong with a line of a block: its number within the block, from 0, and why.
pub(super) type Fault = (u64, String);

/// Some whole lines of a journal.
pub(super) struct Block<'a> {
    /// Where the first one starts in the file.
    pub(super) offset: u64,
    text: &'a str,
}

impl<'a> Block<'a> {
    /// Each line with its offset and without its line feed.
    pub(super) fn lines(&self) -> impl Iterator<Item = (u64, &'a str)> + use<'a> {
        let (text, start) = (self.text, self.offset);
        let mut from = 0;
        memchr::memchr_iter(b'\n', text.as_bytes()).map(move |end| {
            let line = (start + from as u64, text.get(from..end).unwrap_or_default());
            from = end + 1;
            line
        })
    }
}

/// Reads the first `end` bytes of a journal, which end a line. `scan` gets each block on some thread; `take` gets
/// what it makes of them in order. An error names the line.
pub(super) fn scan<T: Send>(
    file: &File,
    end: u64,
    scan: impl Fn(&Block<'_>) -> Result<T, Fault> + Sync,
    mut take: impl FnMut(T) -> Result<()>,
) -> Result<()> {
    let blocks = end.div_ceil(BLOCK);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = (cores.min(THREADS) as u64).min(blocks);
    std::thread::scope(|scope| {
        let mut receivers = Vec::new();
        for thread in 0..threads {
            let (sender, receiver) = sync_channel(1);
            receivers.push(receiver);
            let scan = &scan;
            std::thread::Builder::new()
                .name("journal".into())
                .spawn_scoped(scope, move || {
                    let mine = (thread..blocks).step_by(size(threads));
                    read(file, end, mine, scan, &sender);
                })
                .context("no thread to read the journal")?;
        }
        let mut lines = 0;
        for receiver in receivers.iter().cycle().take(size(blocks)) {
            let (result, count) = receiver.recv().context("the journal's reader ended")??;
            match result {
                Ok(found) => take(found)?,
                Err((line, why)) => return Err(corrupt(lines + line, &why)),
            }
            lines += count;
        }
        Ok(())
    })
}

/// A length in memory: no journal is longer than what a machine can address.
fn size(length: u64) -> usize {
    usize::try_from(length).unwrap_or(usize::MAX)
}

fn corrupt(line: u64, why: &str) -> anyhow::Error {
    fail(Failure::Unexpected, format!("line {} is corrupt: {why}", line + 1))
}

/// What a thread hands over: a block's result, and how many lines it has.
type Handed<T> = Result<(Result<T, Fault>, u64)>;

fn read<T>(
    file: &File,
    end: u64,
    blocks: impl Iterator<Item = u64>,
    scan: impl Fn(&Block<'_>) -> Result<T, Fault>,
    sender: &SyncSender<Handed<T>>,
) {
    let mut buffer = Vec::new();
    for block in blocks {
        let handed = lines_of(file, end, block, &mut buffer).map(|(offset, bytes)| {
            let count = memchr::memchr_iter(b'\n', bytes).count() as u64;
            (checked(bytes, count).and_then(|text| scan(&Block { offset, text })), count)
        });
        // A receiver that is gone has seen an error already.
        if sender.send(handed).is_err() {
            return;
        }
    }
}

/// The lines that start in this block, whole, and where the first one starts.
fn lines_of<'a>(
    file: &File,
    end: u64,
    block: u64,
    buffer: &'a mut Vec<u8>,
) -> Result<(u64, &'a [u8])> {
    let read = |buffer: &mut Vec<u8>, from: usize, at: u64| {
        file.read_exact_at(&mut buffer[from..], at).context("the journal cannot be read")
    };
    // The byte before tells whether the first line starts here.
    let from = (block * BLOCK).saturating_sub(1);
    let stop = ((block + 1) * BLOCK).min(end);
    buffer.resize(size(stop - from), 0);
    read(buffer, 0, from)?;
    let start = if block == 0 {
        0
    } else {
        // A line that starts behind the last byte is the next block's.
        let behind = memchr::memchr(b'\n', buffer).map_or(buffer.len(), |at| at + 1);
        if behind == buffer.len() {
            return Ok((stop, &[]));
        }
        behind
    };
    let mut known = buffer.len();
    while buffer[known - 1] != b'\n' {
        let at = from + known as u64;
        buffer.resize(known + TAIL.min(size(end - at)), 0);
        anyhow::ensure!(buffer.len() > known, "the journal became shorter while it was read");
        read(buffer, known, at)?;
        if let Some(line_feed) = memchr::memchr(b'\n', &buffer[known..]) {
            buffer.truncate(known + line_feed + 1);
        }
        known = buffer.len();
    }
    Ok((from + start as u64, &buffer[start..]))
}

/// The bytes as text, if every one of their lines is text and looks like an object.
fn checked(bytes: &[u8], lines: u64) -> Result<&str, Fault> {
    let line_of = |at: usize| memchr::memchr_iter(b'\n', &bytes[..at]).count() as u64;
    let Ok(text) = simdutf8::basic::from_utf8(bytes) else {
        let at = simdutf8::compat::from_utf8(bytes).map_or_else(|e| e.valid_up_to(), str::len);
        return Err((line_of(at), "a byte is not UTF-8".into()));
    };
    if controls(bytes) != lines {
        let stray = bytes.iter().position(|&byte| byte < b' ' && byte != b'\n');
        return Err((line_of(stray.unwrap_or_default()), "it holds a control character".into()));
    }
    Ok(text)
}

/// How many bytes are control characters, line feeds included. Counted in bytes as long as those cannot overflow,
/// which the compiler turns into vector code.
fn controls(bytes: &[u8]) -> u64 {
    let count = |chunk: &[u8]| {
        let sum = chunk.iter().fold(0u8, |sum, &byte| sum + u8::from(byte < b' '));
        u64::from(sum)
    };
    bytes.chunks(255).map(count).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8]) -> Result<Vec<(u64, String)>> {
        let file = tempfile::tempfile().unwrap();
        file.write_all_at(text, 0).unwrap();
        let mut lines = Vec::new();
        scan(
            &file,
            text.len() as u64,
            |block| Ok(block.lines().map(|(at, line)| (at, line.to_owned())).collect::<Vec<_>>()),
            |found| {
                lines.extend(found);
                Ok(())
            },
        )?;
        Ok(lines)
    }

    #[test]
    fn lines_come_in_order_whatever_the_blocks() {
        // Lines of 0 to some 300,000 bytes, and one that is longer than two blocks.
        let mut text = Vec::new();
        let mut expected = Vec::new();
        for n in 0..200usize {
            let length = if n == 100 { 5 << 20 } else { n * n * 7919 % 300_000 };
            let line: String = ["x", "é", "云"].iter().cycle().take(length / 2).copied().collect();
            expected.push((text.len() as u64, line.clone()));
            text.extend_from_slice(line.as_bytes());
            text.push(b'\n');
        }
        assert!(read(&text).unwrap() == expected);
    }

    #[test]
    fn a_line_that_ends_with_its_block() {
        for length in [BLOCK - 2, BLOCK - 1, BLOCK, BLOCK + 1] {
            let mut text = vec![b'x'; size(length)];
            text.extend_from_slice(b"\nnext\n");
            let lines = read(&text).unwrap();
            assert_eq!(lines.len(), 2, "{length}");
            assert_eq!(lines[1], (length + 1, "next".to_owned()));
        }
        assert!(read(b"").unwrap().is_empty());
        assert_eq!(read(b"\n\n").unwrap().len(), 2);
    }

    #[test]
    fn a_fault_names_its_line() {
        let mut text = b"some line of text\n".repeat(300_000);
        let place = |line: usize| (line - 1) * 18 + 4;
        for (byte, why) in [(0, "control"), (b'\r', "control"), (0xff, "UTF-8")] {
            for line in [1, 2, 150_000, 300_000] {
                let before = std::mem::replace(&mut text[place(line)], byte);
                let error = read(&text).unwrap_err().to_string();
                assert!(error.starts_with(&format!("line {line} is corrupt: ")), "{error}");
                assert!(error.contains(why), "{error}");
                text[place(line)] = before;
            }
        }
    }
}
