//! Which row is which: the id of an event, computed from what the row says.
//!
//! An id is a UUID of version 8 (RFC 9562, 5.8) over BLAKE3. BLAKE3 because two rows must never share an id by
//! accident nor by design (a name in a bill is chosen by whoever names a resource), and because SHA-1, which
//! version 5 would ask for, takes four times as long and more than all the other work on a row.
//!
//! ```text
//! key  = BLAKE3.derive_key("billing-pull 2026 row", source ␟ type ␟ account ␟ names sorted, each with ␟)
//! base = BLAKE3.keyed(key, subject ␟ values in the order of the names, each with ␟), first 16 bytes
//! id   = base                                                                  for a row that is there once
//! id   = BLAKE3.keyed("..repeat/restatement", base, ordinal, restated id)      otherwise
//! ```
//!
//! The last bit tells the two apart, so that a reader of the journal knows without reading the data whether an
//! id already says what the row says.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};

const ROW: &str = "billing-pull 2026 row";
const DERIVED: &str = "billing-pull 2026 repeat or restatement";

/// A UUID, version 8.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Id(pub(crate) u128);

/// Bits that are fixed: version, variant and the last one.
const FIXED: u128 = (0xf << 76) | (0b11 << 62) | 1;
const VERSION_8: u128 = (8 << 76) | (0b10 << 62);

impl Id {
    fn from_hash(hash: &blake3::Hash, derived: bool) -> Self {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash.as_bytes()[..16]);
        Self::from_start(bytes, derived)
    }

    fn from_start(bytes: [u8; 16], derived: bool) -> Self {
        Self(u128::from_be_bytes(bytes) & !FIXED | VERSION_8 | u128::from(derived))
    }

    /// The base whose hash starts with these bytes, for who computes many hashes at once.
    pub(crate) fn of_base(start: [u8; 16]) -> Self {
        Self::from_start(start, false)
    }

    /// Whether an ordinal or a restated id went into it, so that it is not its row's base.
    pub(crate) fn is_derived(self) -> bool {
        self.0 & 1 == 1
    }

    /// The id of the `ordinal`th (from 0) row of this base, in the place of `restates`.
    pub(crate) fn derive(self, ordinal: u64, restates: Option<Self>) -> Self {
        if ordinal == 0 && restates.is_none() {
            return self;
        }
        let mut hasher = blake3::Hasher::new_derive_key(DERIVED);
        hasher.update(&self.0.to_be_bytes());
        hasher.update(&ordinal.to_be_bytes());
        if let Some(old) = restates {
            hasher.update(&old.0.to_be_bytes());
        }
        Self::from_hash(&hasher.finalize(), true)
    }

    /// Writes the 36 characters of its text.
    pub(crate) fn write(self, out: &mut [u8]) {
        if out.len() != 36 {
            return;
        }
        for at in DASHES {
            out[at] = b'-';
        }
        for (byte, at) in self.0.to_be_bytes().into_iter().zip(STARTS) {
            out[at] = HEX[usize::from(byte >> 4)];
            out[at + 1] = HEX[usize::from(byte & 15)];
        }
    }

    /// Reads the text of a UUID in lower case; anything else is none of ours.
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        let text: &[u8; 36] = text.try_into().ok()?;
        let mut bytes = [0; 16];
        let mut all = 0;
        for (byte, at) in bytes.iter_mut().zip(STARTS) {
            let (high, low) = (digit(text[at]), digit(text[at + 1]));
            all |= high | low;
            *byte = high << 4 | low & 15;
        }
        let is_id = all & NO_DIGIT == 0 && DASHES.iter().all(|&at| text[at] == b'-');
        is_id.then_some(Self(u128::from_be_bytes(bytes)))
    }
}

/// Where in the text of an id its bytes stand, and where what parts them.
const STARTS: [usize; 16] = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];
const DASHES: [usize; 4] = [8, 13, 18, 23];
const HEX: &[u8; 16] = b"0123456789abcdef";
const NO_DIGIT: u8 = 0x80;

/// What a digit in lower case is worth, by a table: each of the millions of lines of a journal has an id or two.
fn digit(byte: u8) -> u8 {
    const WORTH: [u8; 256] = {
        let mut worth = [NO_DIGIT; 256];
        let mut value = 0;
        while value < 16 {
            worth[HEX[value as usize] as usize] = value;
            value += 1;
        }
        worth
    };
    WORTH[usize::from(byte)]
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; 36];
        self.write(&mut text);
        f.write_str(std::str::from_utf8(&text).unwrap_or_default())
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What rows of one shape share: source, type, account and the names of their members.
#[derive(Clone, Debug)]
pub(crate) struct ContentKey([u8; 32]);

impl ContentKey {
    /// `names` are the sorted names of the members that count, as JSON text, each followed by U+001F.
    pub(crate) fn new(source: &str, kind: &str, account: &[u8], names: &[u8]) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key(ROW);
        for part in [source.as_bytes(), kind.as_bytes(), account] {
            hasher.update(part);
            hasher.update(&[0x1f]);
        }
        hasher.update(names);
        Self(*hasher.finalize().as_bytes())
    }

    /// The key of the hash.
    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The base of the row with this input: subject, then values in the order of the names, as JSON text, each
    /// followed by U+001F.
    pub(crate) fn base_of(&self, input: &[u8]) -> Id {
        Id::from_hash(&blake3::keyed_hash(&self.0, input), false)
    }
}

/// Tells rows that are identical byte for byte apart: the first has ordinal 0, the next 1. Real bills hold
/// such rows, and each is a charge of its own.
///
/// Sixteen bytes and a control byte a row; in shards, so that growing copies only a small part at a time.
#[derive(Default)]
pub(crate) struct Ordinals {
    shards: Vec<HashSet<u128, BuildHasherDefault<Folded>>>,
    repeats: HashMap<u128, u64>,
}

impl Ordinals {
    const SHARDS: usize = 64;

    /// How many rows of this base came before.
    pub(crate) fn next(&mut self, base: Id) -> u64 {
        if self.shards.is_empty() {
            self.shards.resize_with(Self::SHARDS, HashSet::default);
        }
        // The top bits choose the shard; the table inside mixes all of them.
        let shard = (base.0 >> 122) as usize % Self::SHARDS;
        if self.shards[shard].insert(base.0) {
            return 0;
        }
        let count = self.repeats.entry(base.0).or_insert(0);
        *count += 1;
        *count
    }

    /// Forgets everything: ordinals count within one period.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}

/// A base is a hash already; this only folds it to the 64 bits that a table wants.
#[derive(Default)]
pub(crate) struct Folded(u64);

impl Hasher for Folded {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    #[allow(clippy::cast_possible_truncation, reason = "folding is the point")]
    fn write_u128(&mut self, value: u128) {
        self.0 = ((value >> 64) as u64 ^ value as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 ^= self.0 >> 32;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_uuid_of_version_8() {
        let id = ContentKey::new("s", "t", b"a", b"").base_of(b"x\x1f");
        let text = id.to_string();
        assert_eq!((text.len(), &text[14..15]), (36, "8"));
        assert!("89ab".contains(&text[19..20]), "{text}");
        assert_eq!(Id::parse(text.as_bytes()), Some(id));
        assert!(!id.is_derived() && id.derive(1, None).is_derived());
        for bad in
            ["", "00000000-0000-0000-0000-00000000000G", "00000000x0000-0000-0000-000000000000"]
        {
            assert_eq!(Id::parse(bad.as_bytes()), None);
        }
    }

    /// Ids are a promise to everybody who stored one: this value must never change.
    #[test]
    fn ids_are_the_same_on_every_machine() {
        let key =
            ContentKey::new("cloud.aws.billing", "aws.service.daily", b"", b"amount\x1fdate\x1f");
        let id = key.base_of(b"2022-06-13/Tax\x1f\"0\"\x1f\"2022-06-13\"\x1f");
        assert_eq!(id.to_string(), "b3ba4230-7da7-8cba-8db2-53cc450556aa");
    }

    #[test]
    fn parts_do_not_run_together() {
        let base = |s: &str, k: &str| ContentKey::new(s, k, b"", b"").base_of(b"x\x1f");
        assert_ne!(base("ab", "c"), base("a", "bc"));
    }

    #[test]
    fn repeats_count() {
        let key = ContentKey::new("s", "t", b"a", b"");
        let id = |n: u32| key.base_of(n.to_string().as_bytes());
        let mut ordinals = Ordinals::default();
        for n in 0..5000 {
            assert_eq!(ordinals.next(id(n)), 0);
        }
        assert_eq!((ordinals.next(id(7)), ordinals.next(id(7)), ordinals.next(id(8))), (1, 2, 1));
        ordinals.clear();
        assert_eq!(ordinals.next(id(7)), 0);
        let ids =
            [id(7), id(7).derive(1, None), id(7).derive(2, None), id(7).derive(0, Some(id(1)))];
        assert_eq!(ids.iter().collect::<HashSet<_>>().len(), 4);
    }
}
