//! What a cell says: CSV text as JSON text, without the blanks that these files leave behind identifiers.

use crate::json;
use crate::scan;

/// The text between the quotes of a quoted cell, or all of it; and whether it was quoted. Without the tabs
/// and spaces at its end.
pub(super) fn content(cell: &[u8]) -> (&[u8], bool) {
    let cell = trim_end(cell);
    match cell {
        [b'"', inner @ .., b'"'] => (trim_end(inner), true),
        _ => (cell, false),
    }
}

fn trim_end(text: &[u8]) -> &[u8] {
    let kept = text.iter().rposition(|&byte| byte != b' ' && byte != b'\t').map_or(0, |at| at + 1);
    text.get(..kept).unwrap_or_default()
}

/// A cell's text, before any JSON.
pub(super) fn text(cell: &[u8]) -> Vec<u8> {
    let (content, quoted) = content(cell);
    let mut text = Vec::with_capacity(content.len());
    let mut bytes = content.iter();
    while let Some(&byte) = bytes.next() {
        text.push(byte);
        if quoted && byte == b'"' {
            bytes.next();
        }
    }
    text
}

/// How long the JSON text of this many bytes of CSV can become at most.
pub(super) fn longest(text: &[u8]) -> usize {
    const SHORT: usize = 16 << 10;
    if text.len() <= SHORT {
        return text.len() * 6;
    }
    // A long row is counted, so that room is made for what it holds and not for the worst.
    let (chunks, rest) = text.as_chunks::<16>();
    let special: usize =
        chunks.iter().map(|chunk| scan::special_in_json(chunk).count_ones() as usize).sum();
    text.len() + 5 * (special + rest.len())
}

/// Writes a cell's JSON text (no quotes around it) at `at` and returns where it ends. `out` must have room for
/// [`longest`] and 16 bytes more.
pub(super) fn write(cell: &[u8], out: &mut [u8], at: usize) -> usize {
    let (content, quoted) = content(cell);
    let (mut from, mut at) = (0, at);
    // Sixteen bytes at a time, as far as they need no escape; then the byte that does.
    while let Some(chunk) = content.get(from..).and_then(|rest| rest.first_chunk::<16>()) {
        out[at..at + 16].copy_from_slice(chunk);
        let special = scan::special_in_json(chunk);
        if special == 0 {
            (from, at) = (from + 16, at + 16);
            continue;
        }
        let plain = special.trailing_zeros() as usize;
        at = escape(content[from + plain], out, at + plain);
        from += plain + if quoted && content[from + plain] == b'"' { 2 } else { 1 };
    }
    while let Some(&byte) = content.get(from) {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            out[at] = byte;
            at += 1;
        } else {
            at = escape(byte, out, at);
        }
        from += if quoted && byte == b'"' { 2 } else { 1 };
    }
    at
}

fn escape(byte: u8, out: &mut [u8], at: usize) -> usize {
    let short = match byte {
        b'"' | b'\\' => byte,
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        _ => {
            let mut escaped = Vec::with_capacity(6);
            json::escape_byte(&mut escaped, byte);
            out[at..at + escaped.len()].copy_from_slice(&escaped);
            return at + escaped.len();
        }
    };
    out[at..at + 2].copy_from_slice(&[b'\\', short]);
    at + 2
}
