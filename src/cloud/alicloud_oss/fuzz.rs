//! The entry of the fuzz target.

use super::names::BillName;
use super::object::Object;
use super::reader::{ReadContext, read_in_blocks};
use crate::identity::Ordinals;
use anyhow::Result;
use chrono::DateTime;
use std::io::{Cursor, Read};
use std::sync::atomic::AtomicU64;

struct Bytes(Vec<u8>);

impl Object for Bytes {
    fn name(&self) -> &'static str {
        "1234567890123456_BillingItemDetail_20260301"
    }

    fn size(&self) -> Option<u64> {
        Some(self.0.len() as u64)
    }

    fn open(&self, from: u64) -> Result<Box<dyn Read + Send>> {
        let mut cursor = Cursor::new(self.0.clone());
        cursor.set_position(from);
        Ok(Box::new(cursor))
    }
}

/// The lines, and the error, of these bytes in blocks of this size.
fn read(object: &Bytes, block: usize) -> (Vec<u8>, Option<String>) {
    let mut lines = Vec::new();
    let bill = BillName::parse(object.name()).unwrap_or_else(|| BillName::of_type("x"));
    let mut context = ReadContext {
        sums: true,
        time: DateTime::UNIX_EPOCH,
        extensions: &[],
        workers: Some(1),
        ordinals: &mut Ordinals::default(),
        progress: &AtomicU64::new(0),
        warn: &mut |_| {},
    };
    let result = read_in_blocks(object, &bill, &mut context, block, &mut |batch| {
        // What comes out of a bomb is not kept.
        if lines.len() < 1 << 20 {
            lines.extend_from_slice(&batch.bytes);
        }
        Ok(())
    });
    (lines, result.err().map(|error| format!("{error:#}")))
}

/// Reads bytes twice, in small blocks and in large ones, and compares.
///
/// # Panics
/// Where they differ, or where a line is no JSON: that is the finding.
pub fn fuzz_read(bytes: &[u8]) {
    let object = Bytes(bytes.to_vec());
    let (lines, error) = read(&object, 1 << 16);
    for line in lines.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
        assert!(serde_json::from_slice::<serde::de::IgnoredAny>(line).is_ok());
    }
    if lines.len() < 1 << 20 {
        assert_eq!((lines, error), read(&object, bytes.len() % 97 + 1));
    }
}
