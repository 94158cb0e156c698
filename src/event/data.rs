//! What an event says: the members of its `data`, and what of them identifies the row.

use crate::identity::{ContentKey, Id};
use crate::json::{self, Members};
use serde_json::value::RawValue;
use std::ops::Range;

/// Data members that say when and where a row was read, not what it says: they play no part in the id.
/// `estimated` turns false when a month closes although no amount moved; a bill file may be renamed.
pub(crate) const UNHASHED: [&str; 3] = ["estimated", "file", "line"];

/// The `data` of one event, built member by member in the order in which it is emitted.
#[derive(Debug, Default, Clone)]
pub(crate) struct Data {
    pub(super) json: Vec<u8>,
    pub(super) members: Vec<Member>,
}

/// Where one of them stands.
#[derive(Debug, Clone)]
pub(super) struct Member {
    name: Range<usize>,
    pub(super) value: Range<usize>,
}

impl Data {
    /// The data of an event that was emitted before.
    pub(crate) fn read(json: &[u8]) -> serde_json::Result<Self> {
        let members: Members = serde_json::from_slice(json)?;
        let mut data = Self::default();
        for (name, value) in &members.0 {
            data.member(name, |out| json::write_compact(out, value, false));
        }
        Ok(data)
    }

    /// No members yet, with room for about this many bytes of JSON.
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self { json: Vec::with_capacity(bytes), members: Vec::with_capacity(bytes / 24) }
    }

    /// Adds a string.
    pub(crate) fn text(&mut self, name: &str, value: &str) {
        self.member(name, |out| json::write_str(out, value));
    }

    /// Adds a value as the service wrote it, on one line; strings lose trailing tabs and spaces.
    pub(crate) fn raw(&mut self, name: &str, value: &RawValue) {
        self.member(name, |out| json::write_compact(out, value, true));
    }

    /// Adds `true` or `false`.
    pub(crate) fn flag(&mut self, name: &str, value: bool) {
        self.member(name, |out| out.extend_from_slice(if value { b"true" } else { b"false" }));
    }

    /// Adds whatever JSON value `write` appends.
    pub(crate) fn member(&mut self, name: &str, write: impl FnOnce(&mut Vec<u8>)) {
        self.json.push(if self.members.is_empty() { b'{' } else { b',' });
        let start = self.json.len();
        json::write_str(&mut self.json, name);
        let name = start + 1..self.json.len() - 1;
        self.json.push(b':');
        let start = self.json.len();
        write(&mut self.json);
        self.members.push(Member { name, value: start..self.json.len() });
    }

    /// Whether there is no member yet.
    pub(super) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Whether a member of this name is there already.
    pub(crate) fn has(&self, name: &str) -> bool {
        let mut escaped = Vec::new();
        json::escape_into(&mut escaped, name);
        self.members.iter().any(|member| self.json[member.name.clone()] == escaped[..])
    }

    /// Writes the names and the values that count, sorted by name: each followed by U+001F. Both are JSON text,
    /// in which U+001F cannot stand, so that the joins are unambiguous.
    fn write_content(&self, names: &mut Vec<u8>, values: &mut Vec<u8>) {
        let name = |member: &Member| &self.json[member.name.clone()];
        let counts = |member: &&Member| !UNHASHED.iter().any(|n| n.as_bytes() == name(member));
        let mut members: Vec<&Member> = self.members.iter().filter(counts).collect();
        members.sort_unstable_by(|a, b| name(a).cmp(name(b)));
        for member in members {
            names.extend_from_slice(name(member));
            names.push(0x1f);
            values.extend_from_slice(&self.json[member.value.clone()]);
            values.push(0x1f);
        }
    }
}

/// Computes what identifies a row: the same on any machine, in any order of the members. Rows of one page mostly
/// share their names, and so the key that is made from them.
#[derive(Debug, Default, Clone)]
pub(crate) struct Identifier {
    names: Vec<u8>,
    input: Vec<u8>,
    last: Option<(Vec<u8>, ContentKey)>,
}

impl Identifier {
    /// Account and subject are JSON text without quotes, as in the line.
    pub(crate) fn base(
        &mut self,
        kind: (&str, &str),
        account: &[u8],
        subject: &[u8],
        data: &Data,
    ) -> Id {
        let (source, kind) = kind;
        self.input.clear();
        self.input.extend_from_slice(subject);
        self.input.push(0x1f);
        self.names.clear();
        data.write_content(&mut self.names, &mut self.input);
        let names = self.names.len();
        for part in [source.as_bytes(), kind.as_bytes(), account] {
            self.names.push(0x1f);
            self.names.extend_from_slice(part);
        }
        let key = match &self.last {
            Some((known, key)) if *known == self.names => key,
            _ => {
                let key = ContentKey::new(source, kind, account, &self.names[..names]);
                &self.last.insert((self.names.clone(), key)).1
            }
        };
        key.base_of(&self.input)
    }
}
