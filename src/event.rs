//! Rows become CloudEvents here. `cloudevents-sdk` writes the attributes once per page (the template in
//! [`Envelope`]); ids, subjects and data are written around it as bytes, so that a row costs no DOM and no
//! digit of an amount is touched.
//!
//! An event's place is its line in a [`Batch`]: the same bytes go to stdout, into an HTTP body and into the
//! journal. How an id is computed is told in [`crate::identity`].

mod data;
mod laid;

use crate::identity::Id;
use crate::json;
use crate::sums::{Amount, Sums};
use anyhow::{Context, Result};
use chrono::{DateTime, NaiveDate, Utc};
use cloudevents::{EventBuilder, EventBuilderV10};
use std::ops::Range;
use std::sync::Arc;

pub(crate) use data::{Data, Identifier, UNHASHED};
pub(crate) use laid::{Buffers, Frame, Laid};

/// One row of a bill, before it is an event.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// The account that the bill belongs to, where it is known.
    pub(crate) account: Option<String>,
    /// The first day of what the row covers, in the cloud's zone.
    pub(crate) period: NaiveDate,
    /// The row's business key, account in front where it is known.
    pub(crate) subject: String,
    /// What the row says.
    pub(crate) data: Data,
    /// The amounts that are summed up when the window is complete.
    pub(crate) amounts: Vec<Amount>,
}

/// The attributes that all events of one page share, as JSON with two gaps: id and subject.
#[derive(Debug)]
pub(crate) struct Envelope {
    /// `source`.
    pub(crate) source: String,
    /// `type`.
    pub(crate) kind: String,
    /// `time`, as written.
    pub(crate) time: String,
    /// Extensions that every event carries, in order.
    pub(crate) extensions: Vec<(String, String)>,
    middle: Vec<u8>,
    tail: Vec<u8>,
}

/// What stands before the id in every line.
pub(crate) const HEAD: &[u8] = br#"{"specversion":"1.0","id":""#;
/// What the type of an event that takes another one back ends with.
pub(crate) const RETRACTED: &str = ".retracted";
/// The length of a UUID in text.
pub(crate) const ID_LENGTH: usize = 36;
/// What stands before the data.
const DATA: &[u8] = br#","data":"#;
/// What stands behind it.
const LINE_END: &[u8] = b"}\n";

impl Envelope {
    /// A template for events of this source and type, pulled at `time` (UTC).
    pub(crate) fn new(
        source: &str,
        kind: &str,
        time: DateTime<Utc>,
        extensions: &[(String, String)],
    ) -> Result<Arc<Self>> {
        const ID: &str = "\u{e000}id\u{e000}";
        const SUBJECT: &str = "\u{e000}subject\u{e000}";
        let event = EventBuilderV10::new()
            .id(ID)
            .source(source)
            .ty(kind)
            .subject(SUBJECT)
            .time(time)
            .build()
            .context("the event's attributes are not valid")
            .map(|mut event: cloudevents::Event| {
                use cloudevents::AttributesWriter;
                event.set_datacontenttype(Some("application/json"));
                event
            })?;
        let line = serde_json::to_string(&event)?;
        let (head, rest) = line.split_once(ID).context("the template has no id")?;
        let (middle, tail) = rest.split_once(SUBJECT).context("the template has no subject")?;
        anyhow::ensure!(head.as_bytes() == HEAD, "the template starts with {head:?}");
        let mut tail = tail.as_bytes().to_vec();
        anyhow::ensure!(tail.pop() == Some(b'}'), "the template does not end an object");
        for (name, value) in extensions {
            write_extension(&mut tail, name, value);
        }
        let time = serde_json::to_value(time)?.as_str().unwrap_or_default().to_owned();
        Ok(Arc::new(Self {
            source: source.to_owned(),
            kind: kind.to_owned(),
            time,
            extensions: extensions.to_vec(),
            middle: middle.as_bytes().to_vec(),
            tail,
        }))
    }
}

fn write_extension(out: &mut Vec<u8>, name: &str, value: &str) {
    out.push(b',');
    json::write_str(out, name);
    out.push(b':');
    json::write_str(out, value);
}

/// Finished events of one envelope, one NDJSON line each, in bill order.
#[derive(Debug, Clone)]
pub(crate) struct Batch {
    /// What they share.
    pub(crate) envelope: Arc<Envelope>,
    /// The lines, each with its line feed.
    pub(crate) bytes: Vec<u8>,
    /// Where each one stands.
    pub(crate) events: Vec<Entry>,
    /// Whether they are a whole month's although their type does not say so, as in a bill file.
    pub(crate) of_month: bool,
    /// What their amounts sum up to.
    pub(crate) sums: Sums,
    identifier: Identifier,
    /// Where its buffers go in the end.
    home: Option<laid::Home>,
}

/// One event of a [`Batch`].
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    line: Range<usize>,
    /// The JSON text of subject and account, without the quotes.
    subject: Range<usize>,
    account: Range<usize>,
    data: Range<usize>,
    /// What the row says, whatever its ordinal and history.
    pub(crate) base: Id,
    /// The event's id.
    pub(crate) id: Id,
    /// How many identical rows came before.
    pub(crate) ordinal: u64,
    /// The id of the event that this one takes the place of.
    pub(crate) restates: Option<Id>,
    /// The first day of what the row covers.
    pub(crate) period: NaiveDate,
}

impl Batch {
    /// No events yet.
    pub(crate) fn new(envelope: Arc<Envelope>) -> Self {
        Self {
            envelope,
            bytes: Vec::new(),
            events: Vec::new(),
            of_month: false,
            sums: Sums::default(),
            identifier: Identifier::default(),
            home: None,
        }
    }

    /// Adds one row.
    pub(crate) fn push(&mut self, row: &Row) {
        let account = row.account.as_deref().unwrap_or_default();
        let (mut subject, mut escaped) = (Vec::new(), Vec::new());
        json::escape_into(&mut subject, &row.subject);
        json::escape_into(&mut escaped, account);
        let envelope = &self.envelope;
        let base =
            self.identifier.base((&envelope.source, &envelope.kind), &escaped, &subject, &row.data);
        self.write(&subject, &escaped, None, row.period, |data| {
            if row.data.is_empty() {
                data.push(b'{');
            }
            data.extend_from_slice(&row.data.json);
            data.push(b'}');
            base
        });
    }

    /// Adds one event whose data `write` appends, returning what identifies it. Subject and account are JSON
    /// text without quotes; an empty account is none.
    pub(crate) fn write(
        &mut self,
        subject: &[u8],
        account: &[u8],
        restates: Option<Id>,
        period: NaiveDate,
        write: impl FnOnce(&mut Vec<u8>) -> Id,
    ) {
        let start = self.bytes.len();
        let out = &mut self.bytes;
        out.extend_from_slice(HEAD);
        out.extend_from_slice(&[b'0'; ID_LENGTH]);
        out.extend_from_slice(&self.envelope.middle);
        let subject_at = out.len();
        out.extend_from_slice(subject);
        let subject = subject_at..out.len();
        out.extend_from_slice(&self.envelope.tail);
        let account = laid::write_account(out, account);
        if let Some(old) = restates {
            write_extension(out, "restates", &old.to_string());
        }
        out.extend_from_slice(DATA);
        let data_at = out.len();
        let base = write(out);
        let data = data_at..out.len();
        out.extend_from_slice(LINE_END);
        let line = start..out.len();
        self.events.push(Entry {
            line,
            subject,
            account,
            data,
            base,
            id: base,
            ordinal: 0,
            restates,
            period,
        });
        self.set_id(self.events.len() - 1, 0, restates);
    }

    /// Gives event `at` its final id: that of the `ordinal`th identical row, or of a restatement.
    pub(crate) fn set_id(&mut self, at: usize, ordinal: u64, restates: Option<Id>) {
        let Some(entry) = self.events.get_mut(at) else { return };
        entry.ordinal = ordinal;
        entry.id = entry.base.derive(ordinal, restates);
        let id_at = entry.line.start + HEAD.len();
        if let Some(gap) = self.bytes.get_mut(id_at..id_at + ID_LENGTH) {
            entry.id.write(gap);
        }
    }

    /// Adds one event of another batch with the same envelope as the `ordinal`th of its kind, in the place of
    /// `restates`.
    pub(crate) fn copy(&mut self, from: &Self, entry: &Entry, ordinal: u64, restates: Option<Id>) {
        let start = self.bytes.len();
        let data = entry.data.start - DATA.len();
        self.bytes.extend_from_slice(&from.bytes[entry.line.start..data]);
        if let Some(old) = restates {
            write_extension(&mut self.bytes, "restates", &old.to_string());
        }
        let data_at = self.bytes.len() + DATA.len();
        self.bytes.extend_from_slice(&from.bytes[data..entry.line.end]);
        let moved = |range: &Range<usize>| {
            let (from, to) = (range.start - entry.line.start, range.end - entry.line.start);
            start + from..start + to
        };
        self.events.push(Entry {
            line: start..self.bytes.len(),
            subject: moved(&entry.subject),
            account: moved(&entry.account),
            data: data_at..data_at + entry.data.len(),
            restates,
            ..entry.clone()
        });
        self.set_id(self.events.len() - 1, ordinal, restates);
    }

    /// No events yet, of the same kind.
    pub(crate) fn like(&self) -> Self {
        let mut batch = Self::new(Arc::clone(&self.envelope));
        batch.of_month = self.of_month;
        batch
    }

    /// Whether they take back what was said before.
    pub(crate) fn is_retraction(&self) -> bool {
        self.envelope.kind.ends_with(RETRACTED)
    }

    /// How many events.
    pub(crate) fn len(&self) -> usize {
        self.events.len()
    }

    /// The structured-mode event, without its line feed.
    pub(crate) fn line(&self, entry: &Entry) -> &[u8] {
        &self.bytes[entry.line.start..entry.line.end - 1]
    }

    /// The lines of these events, each with its line feed.
    pub(crate) fn span(&self, events: Range<usize>) -> &[u8] {
        match self.events.get(events).unwrap_or_default() {
            [first, .., last] => &self.bytes[first.line.start..last.line.end],
            [only] => &self.bytes[only.line.clone()],
            [] => &[],
        }
    }

    /// Whole lines from event `from` on, of about `most` bytes: the index behind the last one, and the bytes.
    pub(crate) fn lines(&self, from: usize, most: usize) -> (usize, &[u8]) {
        let Some(first) = self.events.get(from) else { return (from, &[]) };
        let mut to = from;
        while let Some(entry) = self.events.get(to) {
            if to > from && entry.line.end - first.line.start > most {
                break;
            }
            to += 1;
        }
        (to, &self.bytes[first.line.start..self.events[to - 1].line.end])
    }

    /// The event's data as JSON text.
    pub(crate) fn data(&self, entry: &Entry) -> &[u8] {
        &self.bytes[entry.data.clone()]
    }

    /// The event's subject as JSON text without the quotes.
    pub(crate) fn subject_json(&self, entry: &Entry) -> &[u8] {
        &self.bytes[entry.subject.clone()]
    }

    /// The event's account as JSON text without the quotes; empty where there is none.
    pub(crate) fn account_json(&self, entry: &Entry) -> &[u8] {
        &self.bytes[entry.account.clone()]
    }
}

#[cfg(test)]
#[path = "event_tests.rs"]
mod tests;
