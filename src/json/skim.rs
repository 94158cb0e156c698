//! JSON that is passed over and not read: where its strings end, and whether it is JSON at all.
//!
//! A journal is read back a gigabyte a second, so its text is looked at 64 bytes at a time (see [`crate::scan`]) and
//! its strings are jumped over. What is laid out as this program writes it is judged here; wherever there is any
//! doubt (a space between tokens, an escape by number, a number with an exponent), serde_json is asked.

use crate::scan::{WIDTH, specials_in_json};
use serde::de::IgnoredAny;

/// Deeper values are left to serde_json.
const DEPTH: u32 = 32;

/// Finds the ends of a text's strings, going forward.
pub(crate) struct Skim<'a> {
    text: &'a [u8],
    /// Where the bytes start that were looked at last.
    start: usize,
    /// Which of them no string holds as they are.
    specials: u64,
}

impl<'a> Skim<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let mut skim = Self { text: text.as_bytes(), start: 0, specials: 0 };
        skim.look(0);
        skim
    }

    /// Looks at the bytes around `at`.
    fn look(&mut self, at: usize) {
        self.start = at & !(WIDTH - 1);
        let rest = self.text.get(self.start..).unwrap_or_default();
        self.specials = if let Some(chunk) = rest.first_chunk() {
            specials_in_json(chunk)
        } else {
            let mut chunk = [b' '; WIDTH];
            chunk[..rest.len()].copy_from_slice(rest);
            specials_in_json(&chunk)
        };
    }

    /// The first byte from `from` on, which is not before those of an earlier call, that no string holds as it is.
    #[inline]
    fn special(&mut self, from: usize) -> Option<usize> {
        let mut from = from;
        loop {
            if from >= self.start + WIDTH {
                if from >= self.text.len() {
                    return None;
                }
                self.look(from);
            }
            let specials = self.specials >> (from - self.start);
            if specials != 0 {
                return Some(from + specials.trailing_zeros() as usize);
            }
            from = self.start + WIDTH;
        }
    }

    /// Where the quote stands that ends the string whose text starts at `from`; none where there is none.
    #[inline]
    pub(crate) fn string_end(&mut self, from: usize) -> Option<usize> {
        let mut from = from;
        loop {
            let at = self.special(from)?;
            match self.text.get(at)? {
                b'"' => return Some(at),
                b'\\' => from = at + 2,
                _ => return None,
            }
        }
    }
}

/// Whether this is one JSON value.
pub(crate) fn check(text: &str) -> serde_json::Result<()> {
    if is_plain(text) {
        return Ok(());
    }
    serde_json::from_str::<IgnoredAny>(text).map(|_| ())
}

/// Whether this is, beyond doubt, one JSON value.
fn is_plain(text: &str) -> bool {
    let mut walk = Walk { skim: Skim::new(text), at: 0 };
    walk.value(0).is_some() && walk.at == text.len()
}

/// Goes through a value token by token. None is doubt.
struct Walk<'a> {
    skim: Skim<'a>,
    at: usize,
}

impl Walk<'_> {
    #[inline]
    fn byte(&self) -> Option<u8> {
        self.skim.text.get(self.at).copied()
    }

    #[inline]
    fn eat(&mut self, byte: u8) -> Option<()> {
        (self.byte()? == byte).then(|| self.at += 1)
    }

    fn value(&mut self, depth: u32) -> Option<()> {
        match self.byte()? {
            b'"' => self.string(),
            b'{' => self.object(depth),
            b'[' => self.array(depth),
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            b'n' => self.word(b"null"),
            _ => self.number(),
        }
    }

    fn word(&mut self, word: &[u8]) -> Option<()> {
        self.skim.text.get(self.at..)?.starts_with(word).then(|| self.at += word.len())
    }

    #[allow(
        clippy::inline_always,
        reason = "it is called for every name and value: a third of all time"
    )]
    #[inline(always)]
    fn string(&mut self) -> Option<()> {
        self.eat(b'"')?;
        loop {
            self.at = self.skim.special(self.at)? + 1;
            match self.skim.text.get(self.at - 1)? {
                b'"' => return Some(()),
                b'\\' if br#""\/bfnrt"#.contains(&self.byte()?) => self.at += 1,
                _ => return None,
            }
        }
    }

    fn object(&mut self, depth: u32) -> Option<()> {
        let depth = (depth < DEPTH).then_some(depth + 1)?;
        self.at += 1;
        if self.eat(b'}').is_some() {
            return Some(());
        }
        loop {
            self.string()?;
            self.eat(b':')?;
            // Most values are strings, and a call for each is felt.
            if self.byte()? == b'"' {
                self.string()?;
            } else {
                self.value(depth)?;
            }
            if self.eat(b',').is_none() {
                return self.eat(b'}');
            }
        }
    }

    fn array(&mut self, depth: u32) -> Option<()> {
        let depth = (depth < DEPTH).then_some(depth + 1)?;
        self.at += 1;
        if self.eat(b']').is_some() {
            return Some(());
        }
        loop {
            self.value(depth)?;
            if self.eat(b',').is_none() {
                return self.eat(b']');
            }
        }
    }

    /// Digits, perhaps with a sign before them and a point among them.
    fn number(&mut self) -> Option<()> {
        let _ = self.eat(b'-');
        let first = self.byte()?;
        let whole = self.digits()?;
        if first == b'0' && whole > 1 {
            return None;
        }
        if self.eat(b'.').is_some() {
            self.digits()?;
        }
        Some(())
    }

    /// How many digits there are: at least one.
    fn digits(&mut self) -> Option<usize> {
        let rest = self.skim.text.get(self.at..)?;
        let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += count;
        (count > 0).then_some(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn strings_end_at_their_quotes() {
        for length in 0..200 {
            let plain = "x".repeat(length);
            for (inside, end) in [("", 0), ("\\\"", 2), ("\\\\", 2), ("云", 3)] {
                let text = format!("{plain}{inside}{plain}\"{plain}");
                let mut skim = Skim::new(&text);
                assert_eq!(skim.string_end(0), Some(2 * length + end), "{text}");
                assert_eq!(skim.string_end(2 * length + end + 1), None);
            }
            for bad in ["\n", "\\", ""] {
                let text = format!("{plain}{bad}");
                assert_eq!(Skim::new(&text).string_end(0), None, "{text:?}");
            }
        }
    }

    #[test]
    fn what_we_write_is_judged_without_serde_json() {
        for plain in [
            r#"{"vanceSource":"x","date":"2022-06-13","estimated":true,"metrics":{"a":{"amount":"-1.50","unit":"USD"},"b":{}},"c":null}"#,
            r#"[[],[1,-2.50,0,0.1,"\"\\\/\n"],{"云":false}]"#,
            "\"\"",
            "17",
        ] {
            assert!(is_plain(plain), "{plain}");
        }
    }

    #[test]
    fn doubt_is_left_to_serde_json() {
        let deep = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        for good in ["1e5", "{ }", r#""\u4e91""#, "-0.5E-7", " 1", &deep(100)] {
            assert!(!is_plain(good), "{good}");
            assert!(check(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "{",
            "}",
            "[1,]",
            r#"{"a":1,}"#,
            r#"{"a"x:1}"#,
            r#"{"a":"1"2"}"#,
            r#"{"a":1}{"b":1}"#,
            r#"{"a":1},"#,
            r#"{"a",1}"#,
            "{1:1}",
            "01",
            "-",
            "1.",
            ".5",
            "+1",
            "tru",
            "truex",
            "nulL",
            "\"a\nb\"",
            r#""\x""#,
            r#""\"#,
            r#""abc"#,
            &deep(100)[1..],
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }

    /// JSON, and after it what damage makes of it.
    fn texts() -> impl Strategy<Value = (String, Vec<(usize, u8)>)> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            (-1e6..1e6).prop_map(Into::into),
            ".{0,80}".prop_map(Into::into),
            "[ -~\u{80}-\u{800}]{0,9}".prop_map(Into::into),
        ];
        let value = leaf.prop_recursive(4, 40, 8, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
                prop::collection::vec((".{0,70}", inner), 0..6).prop_map(|members| {
                    members.into_iter().collect::<serde_json::Map<_, _>>().into()
                }),
            ]
        });
        let token = prop::sample::select(&br#"{}[]",:\0.-etn x"#[..]);
        (
            value.prop_map(|value| value.to_string()),
            prop::collection::vec((any::<usize>(), token), 0..3),
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn nothing_passes_that_serde_json_refuses((text, damage) in texts()) {
            prop_assert!(check(&text).is_ok());
            for insert in [false, true] {
                let mut bytes = text.clone().into_bytes();
                for &(at, byte) in &damage {
                    let at = at % (bytes.len() + 1);
                    bytes.splice(at..(at + usize::from(!insert)).min(bytes.len()), [byte]);
                }
                let Ok(damaged) = String::from_utf8(bytes) else { continue };
                let is_json = serde_json::from_str::<IgnoredAny>(&damaged).is_ok();
                prop_assert!(!is_plain(&damaged) || is_json, "{damaged}");
                prop_assert_eq!(check(&damaged).is_ok(), is_json);
            }
        }
    }
}
