//! The reader as a whole, over objects in memory.

mod against_csv;
mod archives;
mod events;
mod refusals;
mod text;

use super::BillName;
use super::object::Object;
use super::reader::{ReadContext, read_in_blocks};
use crate::exit::{Failure, kind_of};
use crate::identity::Ordinals;
use anyhow::Result;
use chrono::DateTime;
use serde_json::Value;
use std::io::{Cursor, Read};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// An object in memory.
pub(super) struct Memory {
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
    /// How many bytes one read gives at most.
    pub(super) sip: usize,
    /// Whether it says how long it is.
    pub(super) sized: bool,
    /// How often it was opened.
    pub(super) opened: AtomicU64,
}

impl Memory {
    pub(super) fn new(name: &str, bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            name: name.into(),
            bytes: bytes.into(),
            sip: usize::MAX,
            sized: true,
            opened: AtomicU64::new(0),
        }
    }
}

struct Sips(Cursor<Vec<u8>>, usize);

impl Read for Sips {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let most = buffer.len().min(self.1);
        self.0.read(&mut buffer[..most])
    }
}

impl Object for Memory {
    fn name(&self) -> &str {
        &self.name
    }

    fn size(&self) -> Option<u64> {
        self.sized.then_some(self.bytes.len() as u64)
    }

    fn open(&self, from: u64) -> Result<Box<dyn Read + Send>> {
        assert!(self.sized || from == 0);
        self.opened.fetch_add(1, Relaxed);
        let mut cursor = Cursor::new(self.bytes.clone());
        cursor.set_position(from);
        Ok(Box::new(Sips(cursor, self.sip)))
    }
}

/// What reading gave.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// The events.
    pub(super) events: Vec<Value>,
    pub(super) warnings: Vec<String>,
    pub(super) error: Option<String>,
    pub(super) kind: Option<Failure>,
}

impl Outcome {
    /// The cells of each row, in the order of these columns.
    pub(super) fn cells(&self, columns: &[&str]) -> Vec<Vec<String>> {
        let row = |event: &Value| {
            let cell = |name: &&str| event["data"][*name].as_str().unwrap_or("(none)").to_owned();
            columns.iter().map(cell).collect()
        };
        self.events.iter().map(row).collect()
    }
}

/// Reads an object in blocks of this size.
pub(super) fn read_object(object: &dyn Object, block: usize, workers: usize) -> Outcome {
    let mut outcome = Outcome::default();
    let bill =
        BillName::parse(object.name()).unwrap_or_else(|| BillName::of_type("BillingItemDetail"));
    let mut ordinals = Ordinals::default();
    let progress = AtomicU64::new(0);
    let (events, warnings) = (&mut outcome.events, &mut outcome.warnings);
    let mut warn = |warning: &str| warnings.push(warning.to_owned());
    let mut context = ReadContext {
        sums: true,
        time: DateTime::from_timestamp(1_772_000_000, 0).unwrap(),
        extensions: &[],
        workers: Some(workers),
        ordinals: &mut ordinals,
        progress: &progress,
        warn: &mut warn,
    };
    let result = read_in_blocks(object, &bill, &mut context, block, &mut |batch| {
        for entry in &batch.events {
            let event: Value = serde_json::from_slice(batch.line(entry)).unwrap();
            assert_eq!(event["id"], entry.id.to_string());
            assert_eq!(event["data"], serde_json::from_slice::<Value>(batch.data(entry)).unwrap());
            let subject = [b"\"", batch.subject_json(entry), b"\""].concat();
            assert_eq!(event["subject"], serde_json::from_slice::<Value>(&subject).unwrap());
            events.push(event);
        }
        Ok(())
    });
    match result {
        Ok(rows) => {
            assert_eq!(rows, outcome.events.len() as u64);
            assert!(object.size().is_none_or(|size| progress.load(Relaxed) == size));
        }
        Err(error) => {
            outcome.kind = Some(kind_of(&error));
            outcome.error = Some(format!("{error:#}"));
        }
    }
    outcome
}

/// Reads a CSV with a name that says nothing.
pub(super) fn read_text(text: &(impl AsRef<[u8]> + ?Sized)) -> Outcome {
    read_object(&Memory::new("x.csv", text.as_ref()), 1 << 16, 2)
}
