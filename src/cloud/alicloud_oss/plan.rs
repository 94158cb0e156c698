//! What the rows of one file share, worked out once from its header: everything in an event's line that is not
//! a cell, and the order in which cells go into the id.

use super::totals::Amounts;
use crate::event::{Envelope, Frame, UNHASHED};
use crate::identity::ContentKey;
use crate::json;
use chrono::NaiveDate;
use std::sync::Arc;

/// The source of these events.
pub(super) const SOURCE: &str = "cloud.alicloud.billing";

/// Members that every event has beside its columns.
const SOURCE_MEMBER: &str = "VanceSource";
const TYPE_MEMBER: &str = "VanceType";
const FILE_MEMBER: &str = "file";
const LINE_MEMBER: &str = "line";
/// Names that a column may not have.
pub(super) const RESERVED: [&str; 4] = [SOURCE_MEMBER, TYPE_MEMBER, FILE_MEMBER, LINE_MEMBER];

/// The column that is a row's own id, under its plain or its V2 name (`标识信息/账单明细ID`).
const ID_COLUMN: &str = "账单明细ID";

/// What a plan is made from.
#[derive(Debug)]
pub(super) struct Source<'a> {
    /// Event type and so on.
    pub(super) envelope: &'a Arc<Envelope>,
    /// The file's account, where it is known.
    pub(super) account: &'a str,
    /// The subject of rows without an id of their own.
    pub(super) subject: &'a str,
    /// What goes into `data.file`.
    pub(super) file: &'a str,
    /// Whether amounts are summed up.
    pub(super) sums: bool,
    /// The first day of what the file covers.
    pub(super) period: NaiveDate,
}

/// The constant parts of one file's lines.
#[derive(Debug)]
pub(super) struct Plan {
    /// What the events share.
    pub(super) envelope: Arc<Envelope>,
    /// Around subject and data.
    pub(super) frame: Frame,
    /// The first day of what the file covers.
    pub(super) period: NaiveDate,
    /// From behind the subject to the first value.
    pub(super) opening: Vec<u8>,
    /// One per column: from the end of the value before to its own; the first is empty.
    pub(super) fragments: Vec<Fragment>,
    /// From the last value to the row's number.
    pub(super) closing: Vec<u8>,
    /// Which value goes into the id at which place: a column, or behind the last one those of [`Self::vance`].
    pub(super) order: Vec<u32>,
    /// Where in `opening` the values of `VanceSource` and `VanceType` stand, without their quotes.
    pub(super) vance: [(usize, usize); 2],
    /// The column that is the row's own id.
    pub(super) id: Option<usize>,
    /// The subject of rows without one, as JSON text.
    pub(super) subject: Vec<u8>,
    /// The columns that are summed up, if any are.
    pub(super) amounts: Option<Amounts>,
    /// For the rows' ids.
    pub(super) key: ContentKey,
    /// Bytes of a line that are no cell, with room for the row's number and for copies that go too far.
    pub(super) fixed: usize,
    /// The same of what a row's id is computed from.
    pub(super) hashed: usize,
}

/// What is copied in one step, see [`super::rows`].
pub(super) const STEP: usize = 32;
/// A row's number and the end of a line, and the most that a copy in steps goes too far.
const ROOM: usize = 128;

/// `","name":"`, in a form that is copied in one step where it is short.
#[derive(Debug, Clone)]
pub(super) struct Fragment {
    pub(super) bytes: [u8; STEP],
    pub(super) length: usize,
    pub(super) long: Vec<u8>,
}

impl Fragment {
    fn new(text: Vec<u8>) -> Self {
        let mut bytes = [0; STEP];
        let length = text.len();
        if let Some(start) = bytes.get_mut(..length) {
            start.copy_from_slice(&text);
            return Self { bytes, length, long: Vec::new() };
        }
        Self { bytes, length, long: text }
    }
}

impl Plan {
    /// For a file with this header.
    pub(super) fn new(source: &Source<'_>, columns: &[String]) -> Self {
        let mut subject = Vec::new();
        json::escape_into(&mut subject, source.subject);
        let mut account = Vec::new();
        json::escape_into(&mut account, source.account);
        let frame = source.envelope.frame(&account);

        let mut opening = frame.after.clone();
        opening.push(b'{');
        let kind = source.envelope.kind.as_str();
        let vance = [(SOURCE_MEMBER, SOURCE), (TYPE_MEMBER, kind)].map(|(name, value)| {
            json::write_str(&mut opening, name);
            opening.extend_from_slice(b":\"");
            let start = opening.len();
            json::escape_into(&mut opening, value);
            let length = opening.len() - start;
            opening.extend_from_slice(b"\",");
            (start, length)
        });
        let name = |out: &mut Vec<u8>, column: &str| {
            json::write_str(out, column);
            out.extend_from_slice(b":\"");
        };
        if let Some(first) = columns.first() {
            name(&mut opening, first);
        }
        let fragments = columns.iter().enumerate().map(|(at, column)| {
            let mut fragment = Vec::new();
            if at > 0 {
                fragment.extend_from_slice(b"\",");
                name(&mut fragment, column);
            }
            Fragment::new(fragment)
        });
        let mut closing = b"\",".to_vec();
        json::write_str(&mut closing, FILE_MEMBER);
        closing.push(b':');
        json::write_str(&mut closing, source.file);
        closing.push(b',');
        json::write_str(&mut closing, LINE_MEMBER);
        closing.push(b':');

        let fragments: Vec<Fragment> = fragments.collect();

        let (order, names) = order(columns);
        let between: usize = fragments.iter().map(|fragment| fragment.length).sum();
        let around = frame.before.len() + opening.len() + closing.len() + subject.len();
        Self {
            fixed: around + between + ROOM,
            hashed: subject.len()
                + vance.map(|(_, length)| length).iter().sum::<usize>()
                + 3 * order.len()
                + ROOM,
            fragments,
            opening,
            closing,
            order,
            vance,
            id: columns.iter().position(|column| {
                column == ID_COLUMN || column.rsplit('/').next() == Some(ID_COLUMN)
            }),
            subject,
            amounts: source.sums.then(|| Amounts::of(columns)),
            key: ContentKey::new(&source.envelope.source, kind, &account, &names),
            envelope: Arc::clone(source.envelope),
            frame,
            period: source.period,
        }
    }
}

/// The members that count in the order of their names, and those names as the id wants them: as
/// [`crate::event::Data`] does it row by row.
#[allow(clippy::cast_possible_truncation, reason = "a header has fewer columns than 2^32")]
fn order(columns: &[String]) -> (Vec<u32>, Vec<u8>) {
    let members = columns.iter().map(String::as_str).chain([SOURCE_MEMBER, TYPE_MEMBER]);
    let mut members: Vec<(Vec<u8>, u32)> = members
        .enumerate()
        .filter(|(_, name)| !UNHASHED.contains(name))
        .map(|(at, name)| {
            let mut text = Vec::new();
            json::escape_into(&mut text, name);
            (text, at as u32)
        })
        .collect();
    members.sort();
    let mut names = Vec::new();
    for (name, _) in &members {
        names.extend_from_slice(name);
        names.push(0x1f);
    }
    (members.into_iter().map(|(_, at)| at).collect(), names)
}
