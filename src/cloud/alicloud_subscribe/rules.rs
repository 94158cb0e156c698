//! What the vendor's document says about the parameters of a subscription, checked before anything is sent.
//! <https://www.alibabacloud.com/help/en/user-center/developer-reference/api-bssopenapi-2017-12-14-subscribebilltooss>

use chrono::{Months, NaiveDate};

/// The types that can be subscribed to. The service's list grows.
pub(super) const TYPES: [&str; 6] = [
    "BillingItemDetailForBillingPeriod",
    "InstanceDetailForBillingPeriod",
    "BillingItemDetailMonthly",
    "InstanceDetailMonthly",
    "SplitItemDetailDaily",
    PDF,
];

/// The type whose files are PDFs.
pub(super) const PDF: &str = "MonthBill";

/// Whose bills a subscription is of: of the primary account and those linked to it, of a partner's sub-accounts,
/// of all of the China site's.
pub(super) const ACCOUNTS: [&str; 3] = ["MA", "ACP1", "China_ALL"];

/// What is said of a value that is not among the known ones, which is sent all the same.
pub(super) fn unknown(option: &str, value: &str, known: &[&str]) -> Option<String> {
    if known.contains(&value) {
        return None;
    }
    let closeness = |name: &str| {
        // The names of the files go without this.
        let name = name.strip_suffix("ForBillingPeriod").unwrap_or(name);
        strsim::jaro_winkler(&name.to_lowercase(), &value.to_lowercase())
    };
    let nearest = known.iter().max_by(|a, b| closeness(a).total_cmp(&closeness(b)));
    let nearest = nearest.copied().unwrap_or_default();
    Some(format!(
        "{option} {value:?} is not known here and is passed on as it is; the nearest known one is {nearest}"
    ))
}

/// Whether a folder in a bucket can be named so.
pub(super) fn check_folder(folder: &str) -> Result<(), String> {
    let refuse = |why: &str| Err(format!("--path {folder:?} {why}"));
    let length = folder.chars().count();
    if !(1..=254).contains(&length) {
        return refuse(&format!("has {length} characters: 1 to 254 are allowed"));
    }
    if folder.starts_with(['/', '\\']) {
        return refuse("may not start with a slash or a backslash");
    }
    if folder.contains("//") {
        return refuse("may not have two slashes in a row");
    }
    if folder.split('/').any(|part| part == "..") {
        return refuse("may not have a part that is ..");
    }
    if folder.chars().any(is_emoji) {
        return refuse("may not have emojis");
    }
    if folder.chars().any(char::is_control) {
        return refuse("may not have control characters");
    }
    Ok(())
}

/// The pictures of Unicode, and the joiners that make one of several. Chinese characters beyond the first plane
/// are none.
fn is_emoji(c: char) -> bool {
    matches!(
        u32::from(c),
        0x200d | 0x203c | 0x2049 | 0x20e3 | 0x2122 | 0x2139
            | 0x2194..=0x21aa
            | 0x231a..=0x23ff
            | 0x25aa..=0x27bf
            | 0x2934..=0x2935
            | 0x2b05..=0x2b55
            | 0x3030 | 0x303d | 0x3297 | 0x3299
            | 0xfe0f
            | 0x1f000..=0x1faff
            | 0xe0020..=0xe007f
    )
}

/// The month of `--begin`: what lies further back than a year is not pushed. `today` is a day in UTC+8.
pub(super) fn check_begin(begin: &str, file_type: &str, today: NaiveDate) -> Result<(), String> {
    let refuse = |why: String| Err(format!("--begin {begin}{why}"));
    let shape: String = begin.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    let first = NaiveDate::parse_from_str(&format!("{begin}-01"), "%Y-%m-%d");
    let (Ok(first), "0000-00") = (first, shape.as_str()) else {
        return refuse(" is no month: write YYYY-MM".to_owned());
    };
    if file_type == PDF {
        return refuse(format!(" has no effect on {PDF}: leave it out"));
    }
    let this = crate::window::first_of_month(today);
    if first > this {
        return refuse(" lies in the future".to_owned());
    }
    let oldest = this.checked_sub_months(Months::new(12)).unwrap_or(this);
    if first < oldest {
        let oldest = oldest.format("%Y-%m");
        return refuse(format!(
            " is more than a year ago: bills are pushed from {oldest} on at most"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders() {
        let longest = "a".repeat(254);
        for good in [
            "a",
            "bill-data",
            "bill-data/",
            "a/b/c/",
            "账单/2026",
            "a..b/..c",
            "a b",
            "𠀀",
            "~!@#",
            &longest,
        ] {
            assert_eq!(check_folder(good), Ok(()), "{good}");
        }
        let long = "账".repeat(255);
        for (bad, why) in [
            ("", "0 characters"),
            (long.as_str(), "255 characters"),
            ("/a", "start with a slash"),
            ("\\a", "start with a slash"),
            ("a//b", "two slashes"),
            ("..", "part that is .."),
            ("a/..", "part that is .."),
            ("../a", "part that is .."),
            ("a/../b", "part that is .."),
            ("bills-😀", "emojis"),
            ("☀️", "emojis"),
            ("1️⃣", "emojis"),
            ("🇨🇳", "emojis"),
            ("a\nb", "control characters"),
        ] {
            let error = check_folder(bad).unwrap_err();
            assert!(error.contains(why), "{bad}: {error}");
        }
    }

    #[test]
    fn the_first_month() {
        let today: NaiveDate = "2026-03-15".parse().unwrap();
        let check = |begin| check_begin(begin, "InstanceDetailMonthly", today);
        for good in ["2026-03", "2025-12", "2025-03"] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for (bad, why) in [
            ("2025-02", "more than a year ago: bills are pushed from 2025-03 on"),
            ("2026-04", "in the future"),
            ("2026-3", "is no month"),
            ("2026-13", "is no month"),
            ("2026-03-01", "is no month"),
            ("202603", "is no month"),
            ("+026-03", "is no month"),
            ("last", "is no month"),
        ] {
            let error = check(bad).unwrap_err();
            assert!(error.contains(why), "{bad}: {error}");
        }
        assert!(check_begin("2026-02", PDF, today).unwrap_err().contains("no effect on MonthBill"));
    }

    #[test]
    fn what_is_not_known_is_said_with_what_is() {
        assert_eq!(unknown("--type", "MonthBill", &TYPES), None);
        for (value, nearest) in [
            ("BillingItemDetail", "BillingItemDetailForBillingPeriod"),
            ("instancedetailmonthly", "InstanceDetailMonthly"),
            ("SplitItemDetail", "SplitItemDetailDaily"),
        ] {
            let said = unknown("--type", value, &TYPES).unwrap();
            assert!(said.ends_with(nearest) && said.contains(value), "{said}");
        }
        assert!(unknown("--accounts", "ACP", &ACCOUNTS).unwrap().ends_with("ACP1"));
    }
}
