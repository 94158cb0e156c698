//! Events as requests, in the three content modes of the HTTP protocol binding 1.0.2.

use crate::cli::ContentMode;
use crate::event::{Batch, Entry};
use crate::http::Call;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use std::ops::Range;

/// The most that one batch request holds: every engine that takes batches takes this much.
const BATCH_BYTES: usize = 256 << 10;
/// Header values hold U+0021 to U+007E but `"` and `%` (HTTP binding, 3.1.3.2); the rest is percent-encoded.
const HEADER: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'%');

/// Which events go together.
pub(super) fn posts(mode: ContentMode, batch_size: usize, batch: &Batch) -> Vec<Range<usize>> {
    if mode != ContentMode::Batch {
        return (0..batch.len()).map(|at| at..at + 1).collect();
    }
    let mut posts = Vec::new();
    let (mut from, mut bytes) = (0, 2);
    for (at, entry) in batch.events.iter().enumerate() {
        let size = batch.line(entry).len() + 1;
        if at > from && (at - from >= batch_size || bytes + size > BATCH_BYTES) {
            posts.push(from..at);
            (from, bytes) = (at, 2);
        }
        bytes += size;
    }
    if from < batch.len() {
        posts.push(from..batch.len());
    }
    posts
}

/// Puts events that go together into a request.
pub(super) fn encode(mut call: Call, mode: ContentMode, batch: &Batch, entries: &[Entry]) -> Call {
    match (mode, entries) {
        (ContentMode::Structured, [entry]) => {
            call.header("content-type", "application/cloudevents+json").body(batch.line(entry))
        }
        (ContentMode::Binary, [entry]) => {
            call.headers.extend(binary_headers(batch, entry));
            call.header("content-type", "application/json").body(batch.data(entry))
        }
        _ => {
            let lines = entries.iter().map(|entry| batch.line(entry).len() + 1);
            let mut body = Vec::with_capacity(lines.sum::<usize>() + 1);
            body.push(b'[');
            for (at, entry) in entries.iter().enumerate() {
                if at > 0 {
                    body.push(b',');
                }
                body.extend_from_slice(batch.line(entry));
            }
            body.push(b']');
            call.header("content-type", "application/cloudevents-batch+json").body(body)
        }
    }
}

/// Every attribute but the content type, which is the body's own header.
fn binary_headers(batch: &Batch, entry: &Entry) -> Vec<(String, String)> {
    let envelope = &batch.envelope;
    let mut headers = Vec::with_capacity(8 + envelope.extensions.len());
    let mut add = |name: &str, value: &str| {
        headers.push((format!("ce-{name}"), utf8_percent_encode(value, HEADER).to_string()));
    };
    add("specversion", "1.0");
    add("id", &entry.id.to_string());
    add("source", &envelope.source);
    add("type", &envelope.kind);
    add("subject", &unescape(batch.subject_json(entry)));
    add("time", &envelope.time);
    for (name, value) in &envelope.extensions {
        add(name, value);
    }
    let account = batch.account_json(entry);
    if !account.is_empty() {
        add("account", &unescape(account));
    }
    if let Some(restates) = entry.restates {
        add("restates", &restates.to_string());
    }
    headers
}

/// The text behind JSON text without quotes.
pub(super) fn unescape(json: &[u8]) -> String {
    let text = String::from_utf8_lossy(json);
    if !text.contains('\\') {
        return text.into_owned();
    }
    serde_json::from_str(&format!("\"{text}\"")).unwrap_or_else(|_| text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_values_are_percent_encoded() {
        let encode = |text: &str| utf8_percent_encode(text, HEADER).to_string();
        assert_eq!(encode("a b\"%云\u{7f}~!"), "a%20b%22%25%E4%BA%91%7F~!");
        assert_eq!(unescape(br#"a\"\u4e91"#), "a\"云");
    }
}
