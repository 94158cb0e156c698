//! When the files of each type are pushed, and so what is missing of a window.
//! <https://www.alibabacloud.com/help/en/user-center/developer-reference/api-bssopenapi-2017-12-14-subscribebilltooss>

use super::names::Period;
use crate::window::{Granularity, Window, first_of_month};
use chrono::{Days, Months, NaiveDate, NaiveDateTime, TimeDelta};
use std::collections::{BTreeMap, BTreeSet};

/// The hour in UTC+8 by which files are pushed: those of a day on the next, that of a month on the 4th of the next.
const HOUR: i64 = 18;
const DAY_OF_NEXT_MONTH: i64 = 4;
/// So many days are named one by one.
const NAMED: usize = 5;

/// Whether a bill of this type is a PDF.
pub(super) fn is_pdf(file_type: &str) -> bool {
    file_type == "MonthBill"
}

/// Whether there is one file a month, which is replaced every day, and none a day.
pub(super) fn is_by_month_only(file_type: &str) -> bool {
    file_type.ends_with("Monthly")
        || ["SplitItemDetailDaily", "BillingItemDetailDaily", "monthBillOverview"]
            .contains(&file_type)
}

/// Period and account of each file that was read.
pub(super) type Found = BTreeSet<(Period, Option<String>)>;

/// The window up to the last file of the account whose files end first: what comes behind may only be late.
pub(super) fn whole(window: &Window, found: &Found) -> Option<Window> {
    let mut last: BTreeMap<&Option<String>, Period> = BTreeMap::new();
    for (period, account) in found {
        last.insert(account, *period);
    }
    let end = last.into_values().min()?.last_day();
    Some(Window { end, ..*window })
}

/// Why the window may be incomplete; `now` is the time in UTC+8.
pub(super) fn missing(
    window: &Window,
    file_type: &str,
    found: &Found,
    now: NaiveDateTime,
) -> Option<String> {
    let monthly = window.granularity == Granularity::Monthly;
    let period = |first| if monthly { Period::Month(first) } else { Period::Day(first) };
    let name = |first: &NaiveDate| {
        if monthly { first.format("%Y-%m").to_string() } else { first.to_string() }
    };
    let has = |first: &NaiveDate| found.iter().any(|(known, _)| *known == period(*first));
    let periods = window.periods();
    let last = *periods.last()?;
    if let Some(due) = due(last, monthly).filter(|due| now < *due) {
        let until = due.format("%Y-%m-%d %H:%M");
        if !has(&last) {
            return Some(format!(
                "the file of {} is not there yet: it is pushed until {until} (UTC+8); pull it again then",
                name(&last)
            ));
        }
        if is_by_month_only(file_type) {
            return Some(format!(
                "the file of {} holds the month to date: it is replaced every day until {until} (UTC+8)",
                name(&last)
            ));
        }
    }
    if found.is_empty() {
        return None;
    }
    let gaps: Vec<String> = periods.iter().filter(|first| !has(first)).map(name).collect();
    if !gaps.is_empty() {
        let named = gaps.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
        let more = gaps.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        return Some(format!("the bucket has no file of {file_type} for {named}{more}"));
    }
    let accounts = |of: Option<Period>| -> BTreeSet<&str> {
        let here = found.iter().filter(|(known, _)| of.is_none_or(|of| of == *known));
        here.filter_map(|(_, account)| account.as_deref()).collect()
    };
    let (all, at_end) = (accounts(None), accounts(Some(period(last))));
    let absent: Vec<&str> = all.difference(&at_end).copied().collect();
    (!absent.is_empty()).then(|| {
        let accounts = absent.join(", ");
        format!("the bucket has no file of {file_type} for {} of account {accounts}", name(&last))
    })
}

fn due(first: NaiveDate, monthly: bool) -> Option<NaiveDateTime> {
    let day = if monthly {
        let next = first_of_month(first).checked_add_months(Months::new(1))?;
        next.checked_add_signed(TimeDelta::days(DAY_OF_NEXT_MONTH - 1))?
    } else {
        first.checked_add_days(Days::new(1))?
    };
    Some(day.and_time(chrono::NaiveTime::MIN) + TimeDelta::hours(HOUR))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::window::last_of_month;

    fn daily(from: &str, to: &str) -> Window {
        let (start, end) = (from.parse().unwrap(), to.parse().unwrap());
        Window { start, end, granularity: Granularity::Daily }
    }

    fn monthly(month: &str) -> Window {
        let start: NaiveDate = format!("{month}-01").parse().unwrap();
        Window { start, end: last_of_month(start), granularity: Granularity::Monthly }
    }

    /// `YYYYMMDD account` or `YYYYMM account`.
    fn read(file: &&str) -> (Period, Option<String>) {
        let (period, account) = file.split_once(' ').unwrap();
        let day = |text: &str| NaiveDate::parse_from_str(text, "%Y%m%d").unwrap();
        let period = match period.len() {
            8 => Period::Day(day(period)),
            _ => Period::Month(day(&format!("{period}01"))),
        };
        (period, Some(account.to_owned()))
    }

    /// What is said when these files were found.
    fn said(window: Window, file_type: &str, files: &[&str], now: &str) -> Option<String> {
        let now = NaiveDateTime::parse_from_str(now, "%Y-%m-%d %H:%M").unwrap();
        missing(&window, file_type, &files.iter().map(read).collect(), now)
    }

    #[test]
    fn what_may_be_missing() {
        let three = daily("2026-03-01", "2026-03-03");
        let all = ["20260301 a", "20260302 a", "20260303 a"];
        let detail = "BillingItemDetail";
        let table: [(Window, &str, &[&str], &str, &str); 12] = [
            (three, detail, &all, "2026-03-04 01:00", ""),
            (
                three,
                detail,
                &all[..2],
                "2026-03-04 17:59",
                "the file of 2026-03-03 is not there yet: it is pushed until 2026-03-04 18:00",
            ),
            (
                three,
                detail,
                &all[..2],
                "2026-03-04 18:00",
                "no file of BillingItemDetail for 2026-03-03",
            ),
            (three, detail, &[], "2026-03-04 01:00", "the file of 2026-03-03 is not there yet"),
            (three, detail, &[], "2026-03-04 18:00", ""),
            (three, detail, &all[1..2], "2026-03-09 01:00", "for 2026-03-01, 2026-03-03"),
            (
                daily("2026-03-01", "2026-03-09"),
                detail,
                &all[..1],
                "2026-04-09 01:00",
                "2026-03-06 and 3 more",
            ),
            (
                three,
                detail,
                &["20260301 a", "20260301 b", "20260302 a", "20260303 a"],
                "2026-03-09 01:00",
                "for 2026-03-03 of account b",
            ),
            (monthly("2026-02"), detail, &["202602 a"], "2026-03-03 19:00", ""),
            (
                monthly("2026-02"),
                detail,
                &[],
                "2026-03-03 19:00",
                "the file of 2026-02 is not there yet: it is pushed until 2026-03-04 18:00",
            ),
            (
                monthly("2026-02"),
                "InstanceDetailMonthly",
                &["202602 a"],
                "2026-03-04 17:59",
                "the month to date",
            ),
            (monthly("2026-02"), "InstanceDetailMonthly", &["202602 a"], "2026-03-04 18:00", ""),
        ];
        for (window, file_type, files, now, expected) in table {
            let got = said(window, file_type, files, now).unwrap_or_default();
            assert_eq!(got.is_empty(), expected.is_empty(), "{window} {files:?} {now}: {got}");
            assert!(got.contains(expected), "{window} {files:?} {now}: {got}");
        }
    }

    #[test]
    fn a_window_is_whole_up_to_the_first_account_that_ends() {
        let window = daily("2026-03-01", "2026-03-05");
        for (files, end) in [
            (&["20260301 a", "20260305 a"][..], Some("2026-03-05")),
            (&["20260301 a", "20260303 a"], Some("2026-03-03")),
            (&["20260301 a", "20260305 a", "20260301 b", "20260304 b"], Some("2026-03-04")),
            (&["20260301 a", "20260304 b"], Some("2026-03-01")),
            (&[], None),
        ] {
            let got = whole(&window, &files.iter().map(read).collect());
            let end = end.map(|end| Window { end: end.parse().unwrap(), ..window });
            assert_eq!(got, end, "{files:?}");
        }
        let month = monthly("2026-02");
        assert_eq!(whole(&month, &["202602 a"].iter().map(read).collect()), Some(month));
    }

    #[test]
    fn types_and_their_periods() {
        for name in ["BillingItemDetailMonthly", "InstanceDetailMonthly", "SplitItemDetailDaily"] {
            assert!(is_by_month_only(name), "{name}");
        }
        for name in ["BillingItemDetail", "InstanceDetail", "consumeDetailBillV2"] {
            assert!(!is_by_month_only(name) && !is_pdf(name), "{name}");
        }
        assert!(is_pdf("MonthBill"));
    }
}
