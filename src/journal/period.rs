//! Which day or month a row is about: rows are only compared with rows of the days that a run pulled.

use super::line::Strings;
use crate::event::Batch;
use crate::json::{Members, plain_text};
use chrono::NaiveDate;
use memchr::memchr;
use std::fmt;

/// A day or a month, by its first day. The two differ only in bill files: elsewhere a type has one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Period {
    first: NaiveDate,
    is_month: bool,
}

impl Period {
    /// The one that starts on this day; `is_month` is true for a month's bill file alone.
    pub(crate) fn new(first: NaiveDate, is_month: bool) -> Self {
        Self { first, is_month }
    }

    /// That of a pulled row.
    pub(super) fn of_entry(batch: &Batch, first: NaiveDate) -> Self {
        Self::new(first, batch.of_month)
    }

    /// `2022-06-13` or `2022-06`. By hand: it is most of the work on a row of another day.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (year, month, day) = match text.as_bytes() {
            [year @ .., b'-', a, b, b'-', c, d] if year.len() == 4 => (year, [*a, *b], [*c, *d]),
            [year @ .., b'-', a, b] if year.len() == 4 => (year, [*a, *b], *b"01"),
            _ => return None,
        };
        let number = |digits: &[u8]| {
            digits.iter().try_fold(0, |number, digit| {
                digit.is_ascii_digit().then(|| number * 10 + u32::from(digit - b'0'))
            })
        };
        let year = number(year)?.cast_signed();
        NaiveDate::from_ymd_opt(year, number(&month)?, number(&day)?)
            .map(|first| Self::new(first, false))
    }

    /// The first day.
    pub(super) fn first(self) -> NaiveDate {
        self.first
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_month { write!(f, "{}", self.first.format("%Y-%m")) } else { self.first.fmt(f) }
    }
}

/// A journaled row, as JSON text without quotes. [`crate::cloud::period_of`] knows where a row of each type says its
/// period.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Journaled<'a> {
    /// Empty where there is none.
    pub(crate) account: &'a str,
    pub(crate) subject: &'a str,
    /// An object.
    pub(crate) data: &'a str,
}

impl Journaled<'_> {
    /// The period at the head of the subject. The account stands before it where it is known; a slash within it is
    /// escaped.
    pub(crate) fn period_in_subject(&self) -> Option<Period> {
        let mut rest = self.subject;
        if !self.account.is_empty() {
            rest = rest.get(memchr(b'/', rest.as_bytes())? + 1..)?;
        }
        let end = memchr(b'/', rest.as_bytes()).unwrap_or(rest.len());
        rest.get(..end).and_then(Period::parse)
    }

    /// The period in the first of these members of the data.
    pub(crate) fn period_in_data(&self, names: &[&str]) -> Option<Period> {
        let mut strings = Strings::of(self.data)?;
        if let Some((_, text)) = (&mut strings).find(|(name, _)| names.contains(name)) {
            return Period::parse(text);
        }
        // A field of the bill that is no string may stand before it.
        let members: Members = serde_json::from_str(self.data).ok()?;
        let (_, text) = members.0.iter().find(|(name, _)| names.contains(&&**name))?;
        Period::parse(&plain_text(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_tells_a_period() {
        let of = |subject, account| {
            Journaled { account, subject, data: "{}" }.period_in_subject().map(|p| p.to_string())
        };
        let day = Some("2022-06-13".to_owned());
        assert_eq!(of("2022-06-13/Tax", ""), day);
        assert_eq!(of("2022-01-01/2022-06-13/Tax", "2022-01-01"), day);
        assert_eq!(of("1/2022-06-01/Tax", "1"), Some("2022-06-01".into()));
        assert_eq!(of("1/2022-06/ecs", "1"), Some("2022-06-01".into()));
        for bad in ["Tax", "2022-6-13", "2022-13-01", "2022-06-1x", "+022-06-13", "22022-06-13"] {
            assert_eq!(of(bad, ""), None, "{bad}");
        }
    }

    #[test]
    fn data_tell_a_period() {
        let of = |data| {
            let row = Journaled { account: "1", subject: "id", data };
            row.period_in_data(&["date", "billMonth"]).map(|period| period.to_string())
        };
        let day = Some("2022-06-13".to_owned());
        assert_eq!(of(r#"{"vanceSource":"x","date":"2022-06-13","n":1}"#), day);
        assert_eq!(of(r#"{"n":1,"date":"2022-06-13"}"#), day);
        assert_eq!(of(r#"{"billMonth":"2022-06"}"#), Some("2022-06-01".into()));
        assert_eq!(of("{}"), None);
    }
}
