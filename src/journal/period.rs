//! Which day or month a row is about: rows are only compared with rows of the days that a run pulled.

use super::line::Strings;
use crate::cloud::alicloud_oss::{BillName, BillPeriod};
use crate::event::Batch;
use crate::json::{Members, plain_text};
use chrono::{Datelike, NaiveDate};
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

    /// That of a journaled row of this type; subject, account and data as JSON text.
    pub(super) fn of_row(kind: &str, subject: &str, account: &str, data: &str) -> Option<Self> {
        let (cloud, name) = kind.split_once('.')?;
        match (cloud, name.split('.').next()?) {
            ("aws", _) | (_, "account_billing") => {
                // The account stands in front where it is known; a slash within it is escaped.
                let mut parts = subject.split('/');
                parts.nth(usize::from(!account.is_empty())).and_then(Self::parse)
            }
            ("baidu", _) => {
                let is_period = |name: &str| ["date", "billMonth"].contains(&name);
                let mut strings = Strings::of(data)?;
                if let Some((_, text)) = (&mut strings).find(|(name, _)| is_period(name)) {
                    return Self::parse(text);
                }
                // A field of the bill that is no string may stand before it.
                let members: Members = serde_json::from_str(data).ok()?;
                let (_, text) = members.0.iter().find(|(name, _)| is_period(name))?;
                Self::parse(&plain_text(text))
            }
            _ => Self::of_file(data),
        }
    }

    /// That of a bill file. All whose names tell none share one, which is the same on every run.
    pub(crate) fn of_bill(bill: Option<&BillName>) -> Self {
        match bill.and_then(|bill| bill.period) {
            Some(BillPeriod::Day(day)) => Self::new(day, false),
            Some(BillPeriod::Month(first)) => Self::new(first, true),
            None => Self::new(NaiveDate::default(), false),
        }
    }

    /// `2022-06-13` or `2022-06`. By hand: it is most of the work on a row of another day.
    fn parse(text: &str) -> Option<Self> {
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

    /// The period that stands in the name of the file that a bill's line is from.
    fn of_file(data: &str) -> Option<Self> {
        const FILE: &str = r#","file":""#;
        let at = memchr::memmem::rfind(data.as_bytes(), FILE.as_bytes())? + FILE.len();
        let key = data.get(at..)?.split('"').next()?;
        // A member of an archive stands behind it; the archive has the name.
        Some(Self::of_bill(BillName::parse(key.split('!').next()?).as_ref()))
    }

    /// The first day.
    pub(super) fn first(self) -> NaiveDate {
        self.first
    }

    /// Its part of a key.
    pub(super) fn to_bytes(self) -> [u8; 5] {
        let [a, b, c, d] = self.first.num_days_from_ce().to_le_bytes();
        [a, b, c, d, self.is_month.into()]
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_month { write!(f, "{}", self.first.format("%Y-%m")) } else { self.first.fmt(f) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_tells_its_period() {
        let of = |kind, subject, account, data| {
            Period::of_row(kind, subject, account, data).map(|period| period.to_string())
        };
        let day = Some("2022-06-13".to_owned());
        assert_eq!(of("aws.service.daily", "2022-06-13/Tax", "", "{}"), day);
        assert_eq!(of("aws.service.daily", "2022-01-01/2022-06-13/Tax", "2022-01-01", "{}"), day);
        assert_eq!(
            of("aws.service.monthly", "1/2022-06-01/Tax", "1", "{}"),
            Some("2022-06-01".into())
        );
        assert_eq!(of("alicloud.account_billing.daily", "1/2022-06-13/ecs", "1", "{}"), day);
        assert_eq!(
            of("alicloud.account_billing.monthly", "1/2022-06/ecs", "1", "{}"),
            Some("2022-06-01".into())
        );
        let data = r#"{"vanceSource":"x","vanceType":"y","date":"2022-06-13","n":1}"#;
        assert_eq!(of("baidu.resource.daily", "id", "1", data), day);
        let data = r#"{"vanceSource":"x","vanceType":"y","billMonth":"2022-06"}"#;
        assert_eq!(of("baidu.resource.monthly", "id", "1", data), Some("2022-06-01".into()));
        for bad in ["Tax", "2022-6-13", "2022-13-01", "2022-06-1x", "+022-06-13", "22022-06-13"] {
            assert_eq!(of("aws.service.daily", bad, "", "{}"), None, "{bad}");
        }
        assert_eq!(of("baidu.resource.daily", "id", "1", "{}"), None);
        assert_eq!(of("nonsense", "", "", ""), None);
    }

    #[test]
    fn a_bill_file_tells_it_by_its_name() {
        let of = |file: &str| {
            let data = format!(r#"{{"a":"b","file":"{file}","line":7}}"#);
            Period::of_row("alicloud.billing_item_detail", "s", "", &data).unwrap().to_string()
        };
        assert_eq!(of("bills/1234567890123456_BillingItemDetail_20220613"), "2022-06-13");
        assert_eq!(of("1234567890123456_BillingItemDetail_202206.csv"), "2022-06");
        assert_eq!(
            of(
                "202206/20220601010203/1234567890123456_2688801000001_consumeDetailBillV2_20220613.zip!1_2.csv"
            ),
            "2022-06-13"
        );
        assert_eq!(
            of("1234567890123456-20251201010203_consumedetailbillv2_2025-12.csv"),
            "2025-12"
        );
        assert_eq!(of("1234567890123456_BillingItemDetail_20220613_1_2.csv"), "2022-06-13");
        assert_eq!(of("bill.csv"), "1970-01-01");
    }
}
