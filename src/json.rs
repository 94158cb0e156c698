//! JSON text without a DOM: the service's own bytes go into the event, so every digit survives. Strings are
//! brought to one spelling (RFC 8259 lets a service write `é` or `\u00e9`), white space between tokens goes.

mod skim;

pub(crate) use skim::{Skim, check};

use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// Appends `text` as a JSON string with its quotes.
pub(crate) fn write_str(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    escape_into(out, text);
    out.push(b'"');
}

/// Appends `text` escaped as inside a JSON string, in runs: only `"`, `\` and controls are rewritten.
pub(crate) fn escape_into(out: &mut Vec<u8>, text: &str) {
    let bytes = text.as_bytes();
    let mut copied = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.extend_from_slice(&bytes[copied..at]);
        escape_byte(out, byte);
        copied = at + 1;
    }
    out.extend_from_slice(&bytes[copied..]);
}

/// The escape of one byte that a JSON string may not hold as it is.
pub(crate) fn escape_byte(out: &mut Vec<u8>, byte: u8) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    match byte {
        b'"' => out.extend_from_slice(b"\\\""),
        b'\\' => out.extend_from_slice(b"\\\\"),
        b'\n' => out.extend_from_slice(b"\\n"),
        b'\r' => out.extend_from_slice(b"\\r"),
        b'\t' => out.extend_from_slice(b"\\t"),
        0x08 => out.extend_from_slice(b"\\b"),
        0x0c => out.extend_from_slice(b"\\f"),
        _ => out.extend_from_slice(&[
            b'\\',
            b'u',
            b'0',
            b'0',
            HEX[usize::from(byte >> 4)],
            HEX[usize::from(byte & 15)],
        ]),
    }
}

/// Appends the JSON value `raw` on one line: no white space between tokens, strings in one spelling, every
/// other token (numbers above all) byte for byte. `trim` takes trailing tabs and spaces off a string value.
pub(crate) fn write_compact(out: &mut Vec<u8>, raw: &RawValue, trim: bool) {
    let text = raw.get();
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b' ' | b'\t' | b'\n' | b'\r' => at += 1,
            b'"' => {
                let end = string_end(bytes, at);
                write_string_token(out, &text[at..end], trim);
                at = end;
            }
            byte => {
                out.push(byte);
                at += 1;
            }
        }
    }
}

/// The index behind the closing quote of the string that starts at `at`.
fn string_end(bytes: &[u8], at: usize) -> usize {
    let mut end = at + 1;
    while end < bytes.len() {
        match bytes[end] {
            b'\\' => end += 2,
            b'"' => return end + 1,
            _ => end += 1,
        }
    }
    bytes.len()
}

fn write_string_token(out: &mut Vec<u8>, token: &str, trim: bool) {
    if token.contains('\\') {
        // A lone surrogate is no text: such a token passes as it came.
        match serde_json::from_str::<String>(token) {
            Ok(text) => write_str(out, if trim { trim_end(&text) } else { &text }),
            Err(_) => out.extend_from_slice(token.as_bytes()),
        }
        return;
    }
    let inner = token.get(1..token.len().saturating_sub(1)).unwrap_or_default();
    out.push(b'"');
    out.extend_from_slice(if trim { trim_end(inner) } else { inner }.as_bytes());
    out.push(b'"');
}

/// Without the tabs and spaces that some billing APIs leave behind a text.
pub(crate) fn trim_end(text: &str) -> &str {
    text.trim_end_matches([' ', '\t'])
}

/// The text of a string value, trimmed, or the bare text of a number, `true`, `false`; `null` is empty. Copied
/// only where it holds an escape.
pub(crate) fn plain_text(raw: &RawValue) -> Cow<'_, str> {
    let text = raw.get();
    match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        Some(inner) if !inner.contains('\\') => trim_end(inner).into(),
        Some(_) => match serde_json::from_str::<String>(text) {
            Ok(text) => trim_end(&text).to_owned().into(),
            Err(_) => text.into(),
        },
        None if text == "null" => "".into(),
        None => text.into(),
    }
}

/// Whether `text` is a decimal number as JSON writes one, which bills may also lead with a plus sign or a point.
pub(crate) fn is_decimal(text: &str) -> bool {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    !(whole.is_empty() && fraction.is_empty())
        && digits(whole)
        && digits(fraction)
        && exponent.is_none_or(|exponent| {
            let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
            !exponent.is_empty() && digits(exponent)
        })
}

/// A JSON object's members in the order sent, values as raw text. A name that comes twice is an error: two
/// amounts under one name cannot be understood.
#[derive(Debug, Default)]
pub(crate) struct Members<'a>(pub(crate) Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Members<'a> {
    /// The value under `name`.
    pub(crate) fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| *value)
    }

    /// The trimmed text under `name`; empty where there is none.
    pub(crate) fn text(&self, name: &str) -> String {
        self.get(name).map(plain_text).unwrap_or_default().into_owned()
    }
}

impl<'de: 'a, 'a> serde::Deserialize<'de> for Members<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Members<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Members(Vec::with_capacity(map.size_hint().unwrap_or(24)));
                while let Some((Name(name), value)) = map.next_entry()? {
                    if members.get(&name).is_some() {
                        return Err(serde::de::Error::custom(format_args!(
                            "the member {name:?} comes twice"
                        )));
                    }
                    members.0.push((name, value));
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

/// A name, copied only where it holds an escape: serde copies every `Cow` that is no field of its own.
#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;

    fn compact(text: &str, trim: bool) -> String {
        let raw: Box<RawValue> = serde_json::from_str(text).unwrap();
        let mut out = Vec::new();
        write_compact(&mut out, &raw, trim);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn numbers_keep_their_digits_and_lines_stay_lines() {
        assert_eq!(
            compact(
                "{ \"a\" :\n 12345678901234567890.1234567890,\"b\":[1.2E-5 , 0.10, -0 ]\r\n}",
                true
            ),
            r#"{"a":12345678901234567890.1234567890,"b":[1.2E-5,0.10,-0]}"#
        );
    }

    #[test]
    fn strings_have_one_spelling() {
        assert_eq!(compact(r#""\u4e91 \/ \u000a\t""#, true), "\"云 / \\n\"");
        assert_eq!(compact("\"ecs.g7\\t\"", true), "\"ecs.g7\"");
        assert_eq!(compact("\"ecs  \"", true), "\"ecs\"");
        assert_eq!(compact("\"ecs  \"", false), "\"ecs  \"");
        assert_eq!(compact(r#""a\\""#, true), r#""a\\""#);
        assert_eq!(compact(r#""\ud800""#, true), r#""\ud800""#);
    }

    #[test]
    fn escapes_match_serde_json() {
        let text: String = (0..0x250).filter_map(char::from_u32).collect();
        let mut out = Vec::new();
        write_str(&mut out, &text);
        assert_eq!(String::from_utf8(out).unwrap(), serde_json::to_string(&text).unwrap());
    }

    #[test]
    fn decimals() {
        for good in
            ["0", "-1.5E-8", "12345678901234567890.1234567890", "0.10", "1e+5", "+3", ".5", "5."]
        {
            assert!(is_decimal(good), "{good}");
        }
        for bad in ["", "-", ".", "1e", "1,000", "0x1", "NaN", "Infinity", "1 ", "一"] {
            assert!(!is_decimal(bad), "{bad}");
        }
    }

    #[test]
    fn a_member_that_comes_twice_is_an_error() {
        assert!(serde_json::from_str::<Members>(r#"{"a":1,"a":2}"#).is_err());
        let members: Members = serde_json::from_str(r#"{"b":"x\t","a":1.50}"#).unwrap();
        assert_eq!(
            (members.text("b"), members.text("a"), members.text("c")),
            ("x".into(), "1.50".into(), String::new())
        );
    }
}
