//! What the name of a bill file says: whose bill, which kind, which day or month, and when it was pushed.
//!
//! Three layouts are known, from the vendor's guide, from importers that are public, and from a console export:
//!
//! ```text
//! {folder}/{UID}_{Type}_{YYYYMMDD or YYYYMM}                              SubscribeBillToOSS
//! {folder}/{YYYYMM}/{YYYYMMDDhhmmss}/{UID}_{SiteID}_{Type}_{YYYYMM[DD]}   one folder per push
//! {folder}/{UID}-{YYYYMMDDhhmmss}_{type}[_YYYY-MM]                        an export of the console
//! ```
//!
//! Each with or without `.csv` or `.zip`, which say nothing: content decides. A file that was cut in parts may
//! have their numbers at the end of its name.

use crate::window::last_of_month;
use chrono::{NaiveDate, NaiveDateTime};
use std::fmt;

/// The types whose spelling is known; an export writes them in lower case.
const TYPES: [&str; 12] = [
    "BillingItemDetail",
    "InstanceDetail",
    "BillingItemDetailMonthly",
    "InstanceDetailMonthly",
    "BillingItemDetailDaily",
    "SplitItemDetailDaily",
    "MonthBill",
    "consumeDetailBillV2",
    "splitDetailBillV2",
    "costDetailBillV2",
    "monthBillOverview",
    "focus",
];

/// A day or a month, as it stands in a file's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Period {
    /// Bills generated on this day.
    Day(NaiveDate),
    /// The month that starts on this day.
    Month(NaiveDate),
}

impl Period {
    /// Its first day.
    pub(crate) fn first_day(self) -> NaiveDate {
        match self {
            Self::Day(day) | Self::Month(day) => day,
        }
    }

    /// Its last day.
    pub(super) fn last_day(self) -> NaiveDate {
        match self {
            Self::Day(day) => day,
            Self::Month(first) => last_of_month(first),
        }
    }

    /// `20260301` or `202602`; exports write `2025-12`.
    fn parse(text: &str) -> Option<Self> {
        let digits = text.replace('-', "");
        let expected = match digits.len() {
            8 => "0000-00-00",
            6 => "0000-00",
            _ => return None,
        };
        if !all_digits(&digits) || (text != digits && text.len() != expected.len()) {
            return None;
        }
        let number = |range: std::ops::Range<usize>| digits.get(range)?.parse::<u32>().ok();
        let (year, month) = (number(0..4)?.cast_signed(), number(4..6)?);
        let day = if digits.len() == 8 { Some(number(6..8)?) } else { None };
        let first =
            NaiveDate::from_ymd_opt(year, month, day.unwrap_or(1)).filter(|_| year >= 2000)?;
        Some(if day.is_some() { Self::Day(first) } else { Self::Month(first) })
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(day) => write!(f, "{}", day.format("%Y%m%d")),
            Self::Month(day) => write!(f, "{}", day.format("%Y%m")),
        }
    }
}

/// What a name says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BillName {
    /// The account; none where the name is no bill's (stdin, a renamed file).
    pub(crate) uid: Option<String>,
    /// The type as the subscription's files spell it: `BillingItemDetail`, `consumeDetailBillV2`.
    pub(crate) file_type: String,
    /// The day or month; some exports name none.
    pub(crate) period: Option<Period>,
    /// When a file of the newer layout was pushed, or an export made (UTC+8).
    pub(crate) pushed: Option<NaiveDateTime>,
    /// The site of the newer layout.
    pub(crate) site: Option<String>,
    /// The number of a part: `1`, `1_2`.
    pub(crate) part: Option<String>,
}

impl BillName {
    /// A file whose name says nothing, of this type.
    pub(crate) fn of_type(file_type: &str) -> Self {
        let file_type = canonical_type(file_type);
        Self { uid: None, file_type, period: None, pushed: None, site: None, part: None }
    }

    /// Reads an object's key or a path; none for anything that is no bill.
    pub(crate) fn parse(key: &str) -> Option<Self> {
        let (folders, file) = key.rsplit_once('/').unwrap_or(("", key));
        let stem = without_extension(file);
        if let Some(export) = Self::export(stem) {
            return Some(export);
        }
        // The vendor's example of MonthBill has two underscores.
        let mut parts = stem.split('_').filter(|part| !part.is_empty()).peekable();
        let uid = parts.next().filter(|uid| is_account(uid))?;
        let site = parts.next_if(|part| is_account(part));
        let file_type = parts.next().filter(|name| is_type(name))?;
        let period = Period::parse(parts.next().filter(|period| all_digits(period))?)?;
        let numbers: Vec<&str> = parts.collect();
        let is_part = numbers.len() <= 2 && numbers.iter().all(|n| n.len() <= 4 && all_digits(n));
        if !is_part {
            return None;
        }
        let part = numbers.join("_");
        Some(Self {
            uid: Some(uid.to_owned()),
            file_type: canonical_type(file_type),
            period: Some(period),
            pushed: timestamp(folders.rsplit('/').next().unwrap_or_default()),
            site: site.map(str::to_owned),
            part: Some(part).filter(|part| !part.is_empty()),
        })
    }

    fn export(stem: &str) -> Option<Self> {
        let (uid, rest) = stem.split_once('-').filter(|(uid, _)| is_account(uid))?;
        let (time, rest) = rest.split_once('_')?;
        let pushed = Some(timestamp(time)?);
        let (file_type, period) = match rest.split_once('_') {
            Some((file_type, period)) => (file_type, Some(Period::parse(period)?)),
            None => (rest, None),
        };
        let file_type = is_type(file_type).then(|| canonical_type(file_type))?;
        let uid = Some(uid.to_owned());
        Some(Self { uid, file_type, period, pushed, site: None, part: None })
    }

    /// `alicloud.billing_item_detail`.
    pub(crate) fn event_type(&self) -> String {
        format!("alicloud.{}", snake_case(&self.file_type))
    }

    /// The subject of its rows, where they have no id of their own: `<uid>/<type>/<period>`, as far as known.
    pub(crate) fn subject(&self) -> String {
        let period = self.period.map(|period| period.to_string());
        let parts = [self.uid.clone(), Some(self.file_type.clone()), period];
        parts.into_iter().flatten().collect::<Vec<_>>().join("/")
    }

    /// The first day of its period.
    pub(crate) fn first_day(&self) -> Option<NaiveDate> {
        self.period.map(Period::first_day)
    }
}

/// One spelling of a type, whether it came from a file's name, an export's or the subscription's list.
pub(crate) fn canonical_type(name: &str) -> String {
    let name = name.strip_suffix("ForBillingPeriod").unwrap_or(name);
    let known = TYPES.iter().find(|known| known.eq_ignore_ascii_case(name));
    (*known.unwrap_or(&name)).to_owned()
}

/// `consumeDetailBillV2` becomes `consume_detail_bill_v2`.
fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    let mut after_small = false;
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && after_small {
            snake.push('_');
        }
        after_small = letter.is_ascii_lowercase() || letter.is_ascii_digit();
        snake.push(if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '_' });
    }
    snake
}

fn all_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Account and site numbers have 13 to 16 digits; a number below is no reason to overlook a bill.
fn is_account(text: &str) -> bool {
    all_digits(text) && (5..=20).contains(&text.len())
}

/// Whether this can be a type.
pub(super) fn is_type(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn timestamp(text: &str) -> Option<NaiveDateTime> {
    let time = (text.len() == 14 && all_digits(text)).then_some(text)?;
    NaiveDateTime::parse_from_str(time, "%Y%m%d%H%M%S").ok()
}

fn without_extension(file: &str) -> &str {
    let mut stem = file;
    while let Some((rest, extension)) = stem.rsplit_once('.') {
        if !["csv", "zip", "pdf"].iter().any(|known| known.eq_ignore_ascii_case(extension)) {
            break;
        }
        stem = rest;
    }
    stem
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_of_the_vectors() {
        let vectors: serde_json::Value =
            serde_json::from_str(include_str!("../../../tests/vectors/alicloud-bill-files.json"))
                .unwrap();
        for case in vectors["object_keys"].as_array().unwrap() {
            let key = case["key"].as_str().unwrap();
            let parsed = BillName::parse(key);
            let Some(expected) = case["parsed"].as_object() else {
                assert_eq!(parsed, None, "{key}");
                continue;
            };
            let said =
                |name: &str| expected.get(name).map(|value| value.as_str().unwrap().to_owned());
            let name = parsed.unwrap_or_else(|| panic!("{key} is no bill"));
            assert_eq!(name.uid, said("uid"), "{key}");
            assert!(name.file_type.eq_ignore_ascii_case(&said("type").unwrap()), "{key}");
            assert_eq!(
                name.period.map(|period| period.to_string()),
                said("period").map(|period| period.replace('-', "")),
                "{key}"
            );
            assert_eq!(name.site, said("site"), "{key}");
            let folder = name.pushed.map(|time| time.format("%Y%m%d%H%M%S").to_string());
            if expected["layout"] == "console-export" {
                assert_eq!(folder.as_deref(), Some("20260325130300"));
            } else {
                assert_eq!(folder, said("push_time"), "{key}");
            }
        }
    }

    #[test]
    fn names_near_the_known_ones() {
        let parse = |key: &str| {
            let name = BillName::parse(key)?;
            Some(format!("{} {:?}", name.subject(), name.part))
        };
        for (key, expected) in [
            (
                "1234567890123456_BillingItemDetail_202406_1.csv",
                "1234567890123456/BillingItemDetail/202406 Some(\"1\")",
            ),
            (
                "a/1234567890123456_billingitemdetail_20240601.CSV.zip",
                "1234567890123456/BillingItemDetail/20240601 None",
            ),
            ("1234567890123456_NewType9_202406", "1234567890123456/NewType9/202406 None"),
            (
                "1234567890123456-20260325130300_instanceconsumeday.csv",
                "1234567890123456/instanceconsumeday None",
            ),
            (
                "1234567890123456_BillingItemDetail_202406_1_2",
                "1234567890123456/BillingItemDetail/202406 Some(\"1_2\")",
            ),
        ] {
            assert_eq!(parse(key).as_deref(), Some(expected), "{key}");
        }
        for key in [
            "1234567890123456_BillingItemDetail_202413",
            "1234567890123456_BillingItemDetail_20240230",
            "1234567890123456_BillingItemDetail_2024",
            "1234567890123456_BillingItemDetail",
            "1234567890123456_BillingItemDetail_202406_final",
            "1234567890123456_BillingItemDetail_202406.txt",
            "1234567890123456_Billing Item_202406",
            "x1234567890123456_BillingItemDetail_202406",
            "123_BillingItemDetail_202406",
            "1234567890123456-2026_consumedetailbillv2.csv",
            "1234567890123456-20260325130300_consumedetailbillv2_2025.csv",
            "",
            "/",
        ] {
            assert_eq!(parse(key), None, "{key}");
        }
    }

    #[test]
    fn types_have_one_spelling() {
        assert_eq!(canonical_type("BillingItemDetailForBillingPeriod"), "BillingItemDetail");
        assert_eq!(canonical_type("consumedetailbillv2"), "consumeDetailBillV2");
        for (name, event_type) in [
            ("BillingItemDetail", "alicloud.billing_item_detail"),
            ("InstanceDetailForBillingPeriod", "alicloud.instance_detail"),
            ("InstanceDetailMonthly", "alicloud.instance_detail_monthly"),
            ("SplitItemDetailDaily", "alicloud.split_item_detail_daily"),
            ("consumedetailbillv2", "alicloud.consume_detail_bill_v2"),
            ("focus", "alicloud.focus"),
            ("Some New-Thing", "alicloud.some_new_thing"),
        ] {
            assert_eq!(BillName::of_type(name).event_type(), event_type);
        }
    }
}
