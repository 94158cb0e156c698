//! Ids of many rows at once.
//!
//! BLAKE3 is fast on long inputs, where it works on up to sixteen chunks of 1024 bytes side by side. A row of a
//! bill is one chunk or two, and block after block of one chunk takes 1.3 s for a million rows: more than all
//! other work on them. So the sides are rows here: `hash_many` takes the same number of blocks off each of
//! sixteen, and only what is left of each (its last block, which may be short) is compressed alone. 0.3 s.
//!
//! These functions of `blake3` are public but not documented, so `Cargo.toml` names its version exactly. What
//! comes out is the plain keyed hash; a test compares every length.

use crate::identity::{ContentKey, Id};
use blake3::platform::Platform;
use blake3::{BLOCK_LEN, CHUNK_LEN, IncrementCounter};
use std::ops::Range;

/// How many rows are worth waiting for.
pub(super) const GROUP: usize = 64;
/// A longer row has chunks enough of its own.
const LONG: usize = 8 * CHUNK_LEN;
/// The most that any processor takes side by side.
const LANES: usize = 16;

// The flags of the specification, section 2.2.
const CHUNK_START: u8 = 1;
const CHUNK_END: u8 = 2;
const PARENT: u8 = 4;
const ROOT: u8 = 8;
const KEYED: u8 = 16;

type Words = [u32; 8];

/// One chunk of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Chunk {
    /// Its number in the row.
    number: u32,
    /// How many blocks stand before its last one.
    blocks: u32,
    /// Where it starts and how long it is.
    start: usize,
    length: usize,
    /// Where its value goes.
    place: usize,
    /// Whether it is its row's only one.
    only: bool,
}

/// A worker's buffers.
#[derive(Debug)]
pub(super) struct Lanes {
    platform: Platform,
    chunks: Vec<Chunk>,
    /// The value of each chunk, those of a row together.
    values: Vec<Words>,
    /// How many chunks each row has; none where it was too long.
    counts: Vec<usize>,
}

impl Default for Lanes {
    fn default() -> Self {
        let platform = Platform::detect();
        Self { platform, chunks: Vec::new(), values: Vec::new(), counts: Vec::new() }
    }
}

impl Lanes {
    /// The bases of the rows whose inputs stand in `text`.
    pub(super) fn bases(
        &mut self,
        key: &ContentKey,
        text: &[u8],
        inputs: &[Range<usize>],
        bases: &mut Vec<Id>,
    ) {
        let (words, _) = key.bytes().as_chunks::<4>();
        let mut key_words = [0; 8];
        for (word, bytes) in key_words.iter_mut().zip(words) {
            *word = u32::from_le_bytes(*bytes);
        }
        self.cut(inputs);
        self.chunk_values(&key_words, text);
        bases.clear();
        let mut values = &self.values[..];
        for (input, &count) in inputs.iter().zip(&self.counts) {
            let (row, rest) = values.split_at(count);
            values = rest;
            bases.push(match row {
                [] => key.base_of(&text[input.clone()]),
                [value] => id(value),
                _ => id(&self.tree(&key_words, row, ROOT)),
            });
        }
    }

    #[allow(clippy::cast_possible_truncation, reason = "rows here have few chunks of 16 blocks")]
    fn cut(&mut self, inputs: &[Range<usize>]) {
        self.chunks.clear();
        self.counts.clear();
        let mut place = 0;
        for input in inputs {
            let length = input.len();
            let count = if (1..=LONG).contains(&length) { length.div_ceil(CHUNK_LEN) } else { 0 };
            for number in 0..count {
                let start = number * CHUNK_LEN;
                let length = (length - start).min(CHUNK_LEN);
                let blocks = ((length - 1) / BLOCK_LEN) as u32;
                let start = input.start + start;
                let (number, only) = (number as u32, count == 1);
                self.chunks.push(Chunk { number, blocks, start, length, place, only });
                place += 1;
            }
            self.counts.push(count);
        }
        self.values.resize(place, [0; 8]);
        // Neighbours have the same number in their rows, and about as many blocks.
        self.chunks.sort_unstable();
    }

    fn chunk_values(&mut self, key: &Words, text: &[u8]) {
        let lanes = self.platform.simd_degree().min(LANES);
        for same in self.chunks.chunk_by(|a, b| a.number == b.number) {
            for group in same.chunks(lanes) {
                let common = group.first().map_or(0, |chunk| chunk.blocks as usize);
                let mut out = [0; LANES * 32];
                let counter = u64::from(group.first().map_or(0, |chunk| chunk.number));
                self.common_blocks(key, text, group, common, counter, &mut out);
                let (outs, _) = out.as_chunks::<32>();
                for (chunk, out) in group.iter().zip(outs) {
                    let value = if common == 0 { *key } else { words(out) };
                    let rest = &text[chunk.start..chunk.start + chunk.length];
                    self.values[chunk.place] =
                        self.finish(value, rest, common, counter, chunk.only);
                }
            }
        }
    }

    /// The first `blocks` blocks of each chunk of the group.
    fn common_blocks(
        &self,
        key: &Words,
        text: &[u8],
        group: &[Chunk],
        blocks: usize,
        counter: u64,
        out: &mut [u8; LANES * 32],
    ) {
        macro_rules! lengths {
            ($($count:literal)*) => {
                match blocks {
                    $($count => self.many::<{ $count * BLOCK_LEN }>(key, text, group, counter, out),)*
                    _ => {}
                }
            };
        }
        lengths!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
    }

    fn many<const N: usize>(
        &self,
        key: &Words,
        text: &[u8],
        group: &[Chunk],
        counter: u64,
        out: &mut [u8; LANES * 32],
    ) {
        let mut inputs = [&[0; N]; LANES];
        for (input, chunk) in inputs.iter_mut().zip(group) {
            if let Some(start) = text.get(chunk.start..).and_then(|text| text.first_chunk()) {
                *input = start;
            }
        }
        let no = IncrementCounter::No;
        let inputs = &inputs[..group.len()];
        self.platform.hash_many(inputs, key, counter, no, KEYED, CHUNK_START, 0, out);
    }

    /// The blocks of a chunk from `done` on, one after another.
    #[allow(clippy::cast_possible_truncation, reason = "a block has 64 bytes")]
    fn finish(&self, value: Words, text: &[u8], done: usize, counter: u64, only: bool) -> Words {
        let mut value = value;
        let last = (text.len() - 1) / BLOCK_LEN;
        let start = |block| if block == 0 { CHUNK_START } else { 0 };
        let (blocks, _) = text.as_chunks::<BLOCK_LEN>();
        for (at, block) in blocks.iter().enumerate().take(last).skip(done) {
            let flags = KEYED | start(at);
            self.platform.compress_in_place(&mut value, block, BLOCK_LEN as u8, counter, flags);
        }
        let rest = &text[last * BLOCK_LEN..];
        let mut block = [0; BLOCK_LEN];
        block[..rest.len()].copy_from_slice(rest);
        let root = if only { ROOT } else { 0 };
        let flags = KEYED | CHUNK_END | start(last) | root;
        self.platform.compress_in_place(&mut value, &block, rest.len() as u8, counter, flags);
        value
    }

    /// The value over these chunks: the left side is the largest power of two that leaves a right one.
    #[allow(clippy::cast_possible_truncation, reason = "a block has 64 bytes")]
    fn tree(&self, key: &Words, chunks: &[Words], root: u8) -> Words {
        if let [value] = chunks {
            return *value;
        }
        let (left, right) = chunks.split_at(chunks.len().next_power_of_two() / 2);
        let sides = [self.tree(key, left, 0), self.tree(key, right, 0)];
        let mut block = [0; BLOCK_LEN];
        for (bytes, word) in block.as_chunks_mut::<4>().0.iter_mut().zip(sides.as_flattened()) {
            *bytes = word.to_le_bytes();
        }
        let mut value = *key;
        let flags = KEYED | PARENT | root;
        self.platform.compress_in_place(&mut value, &block, BLOCK_LEN as u8, 0, flags);
        value
    }
}

fn words(bytes: &[u8; 32]) -> Words {
    let (words, _) = bytes.as_chunks::<4>();
    std::array::from_fn(|at| words.get(at).map_or(0, |word| u32::from_le_bytes(*word)))
}

fn id(value: &Words) -> Id {
    let mut start = [0; 16];
    for (bytes, word) in start.as_chunks_mut::<4>().0.iter_mut().zip(value) {
        *bytes = word.to_le_bytes();
    }
    Id::of_base(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_has_the_plain_hash() {
        let key = ContentKey::new("s", "t", b"", b"");
        let text: Vec<u8> = (0..100_000u32).map(|n| (n * 7 % 251) as u8).collect();
        let mut lanes = Lanes::default();
        let mut bases = Vec::new();
        // One after another, and long and short ones together.
        for steps in [1, 617] {
            let lengths = (0..LONG + 200).map(|n| n * steps % (LONG + 200));
            let inputs: Vec<_> =
                lengths.map(|length| length % 999..length % 999 + length).collect();
            for group in inputs.chunks(GROUP) {
                lanes.bases(&key, &text, group, &mut bases);
                assert_eq!(bases.len(), group.len());
                for (input, base) in group.iter().zip(&bases) {
                    assert_eq!(*base, key.base_of(&text[input.clone()]), "{input:?}");
                }
            }
        }
    }
}
