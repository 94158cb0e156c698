//! Lines that a reader of files lays out itself, a million at a time: it writes what is the same in each from a
//! [`Frame`] and its own data around that, into buffers that come back when their batch is done with.

use super::{Batch, DATA, Entry, Envelope, HEAD, ID_LENGTH, LINE_END};
use crate::identity::Id;
use chrono::NaiveDate;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

/// The constant text of an envelope's lines: before the subject, and from there to the data.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    /// Up to the subject; the id is a gap in it.
    pub(crate) before: Vec<u8>,
    /// From behind the subject to the data.
    pub(crate) after: Vec<u8>,
    /// What stands behind the data.
    pub(crate) end: &'static [u8],
    /// Where in `after` the account stands.
    account: Range<usize>,
}

/// A line that was laid out in a [`Frame`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Laid {
    /// Where it starts.
    pub(crate) start: usize,
    /// How long its subject is.
    pub(crate) subject: usize,
    /// Where it ends, behind [`Frame::end`].
    pub(crate) end: usize,
}

impl Envelope {
    /// The text of the lines of this account (JSON text without quotes; empty is none).
    pub(crate) fn frame(&self, account: &[u8]) -> Frame {
        let before = [HEAD, &[b'0'; ID_LENGTH], &self.middle].concat();
        let mut after = self.tail.clone();
        let account = write_account(&mut after, account);
        after.extend_from_slice(DATA);
        Frame { before, after, end: LINE_END, account }
    }
}

/// Appends the account, where there is one, and returns where it stands.
pub(super) fn write_account(out: &mut Vec<u8>, account: &[u8]) -> Range<usize> {
    if account.is_empty() {
        return out.len()..out.len();
    }
    out.extend_from_slice(br#","account":""#);
    let start = out.len();
    out.extend_from_slice(account);
    out.push(b'"');
    start..start + account.len()
}

impl Batch {
    /// Adds the event of a line that stands in `bytes` already, and fills its id in.
    pub(crate) fn adopt(&mut self, frame: &Frame, laid: Laid, base: Id, period: NaiveDate) {
        let subject = laid.start + frame.before.len();
        let after = subject + laid.subject;
        self.events.push(Entry {
            line: laid.start..laid.end,
            subject: subject..after,
            account: after + frame.account.start..after + frame.account.end,
            data: after + frame.after.len()..laid.end - frame.end.len(),
            base,
            id: base,
            ordinal: 0,
            restates: None,
            period,
        });
        self.set_id(self.events.len() - 1, 0, None);
    }
}

/// Buffers of batches that are done with. Fresh memory from the system costs more than filling it.
#[derive(Debug)]
pub(crate) struct Buffers {
    spare: Mutex<Vec<(Vec<u8>, Vec<Entry>)>>,
    most: usize,
    largest: usize,
}

impl Buffers {
    /// Keeps `most` of them, and none of more than `largest` bytes.
    pub(crate) fn new(most: usize, largest: usize) -> Arc<Self> {
        Arc::new(Self { spare: Mutex::default(), most, largest })
    }

    /// An empty batch whose buffers come back, and bytes to write its lines into: what they hold means nothing.
    pub(crate) fn batch(self: &Arc<Self>, envelope: &Arc<Envelope>) -> (Batch, Vec<u8>) {
        let spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let (bytes, mut events) = spare.unwrap_or_default();
        events.clear();
        let mut batch = Batch::new(Arc::clone(envelope));
        batch.events = events;
        batch.home = Some(Home(Arc::clone(self)));
        (batch, bytes)
    }
}

/// The way back of a batch's buffers.
#[derive(Debug, Clone)]
pub(super) struct Home(Arc<Buffers>);

impl Drop for Batch {
    fn drop(&mut self) {
        let Some(Home(buffers)) = self.home.take() else { return };
        let mut spare = buffers.spare.lock().unwrap_or_else(PoisonError::into_inner);
        if spare.len() < buffers.most && self.bytes.capacity() <= buffers.largest {
            spare.push((std::mem::take(&mut self.bytes), std::mem::take(&mut self.events)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;

    #[test]
    fn a_line_that_was_laid_out_is_the_line_that_is_written() {
        let extensions = [("region".to_owned(), "eu".to_owned())];
        let time = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        let day = NaiveDate::from_ymd_opt(2026, 3, 1).unwrap();
        let envelope = Envelope::new("s", "t", time, &extensions).unwrap();
        let buffers = Buffers::new(1, 10_000);
        for account in ["", "17"] {
            let mut written = Batch::new(Arc::clone(&envelope));
            written.write(b"subject", account.as_bytes(), None, day, |data| {
                data.extend_from_slice(b"{\"a\":1}");
                Id(7)
            });
            let frame = envelope.frame(account.as_bytes());
            let (mut laid, mut bytes) = buffers.batch(&envelope);
            bytes.clear();
            for part in [&frame.before[..], b"subject", &frame.after, b"{\"a\":1}", frame.end] {
                bytes.extend_from_slice(part);
            }
            let line = Laid { start: 0, subject: 7, end: bytes.len() };
            laid.bytes = bytes;
            laid.adopt(&frame, line, Id(7), day);
            let [(a, x), (b, y)] = [&written, &laid].map(|batch| (batch, &batch.events[0]));
            assert_eq!((a.line(x), a.data(x)), (b.line(y), b.data(y)));
            assert_eq!((a.subject_json(x), x.id, x.base), (b.subject_json(y), y.id, y.base));
            assert_eq!(
                (a.account_json(x), b.account_json(y)),
                (account.as_bytes(), account.as_bytes())
            );
        }
        let (batch, bytes) = buffers.batch(&envelope);
        assert!(batch.events.is_empty() && batch.bytes.is_empty() && bytes.capacity() > 0);
    }
}
