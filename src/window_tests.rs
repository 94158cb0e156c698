use super::*;
use crate::exit::kind_of;

const AWS: Calendar = Calendar {
    cloud: "aws",
    zone_hours: 0,
    daily: Some(Served::Months(14)),
    monthly: Some(Served::Months(38)),
    settles: Settles { day: 11, hour: 0 },
};
const ALICLOUD: Calendar = Calendar {
    cloud: "alicloud",
    zone_hours: 8,
    daily: Some(Served::MonthsBefore(18)),
    monthly: Some(Served::MonthsBefore(18)),
    settles: Settles { day: 3, hour: 12 },
};

fn at(now: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(now).unwrap().to_utc()
}

fn window(calendar: &Calendar, now: &str, when: &str, granularity: Granularity) -> String {
    let when: When = when.parse().unwrap();
    let wish = Wish { when: &when, granularity, journal: None };
    match resolve(&wish, calendar, at(now)) {
        Ok(Some(window)) => window.to_string(),
        Ok(None) => "none".into(),
        Err(error) => {
            assert_eq!(kind_of(&error), Failure::Usage);
            format!("{error:#}")
        }
    }
}

fn daily(calendar: &Calendar, now: &str, when: &str) -> String {
    window(calendar, now, when, Granularity::Daily)
}

#[test]
fn words_mean_days_of_the_clouds_bill() {
    let table = [
        // 17:30 UTC is the next day in UTC+8.
        (&AWS, "2026-11-20T17:30:00Z", "yesterday", "2026-11-19"),
        (&ALICLOUD, "2026-11-20T17:30:00Z", "yesterday", "2026-11-20"),
        (&ALICLOUD, "2026-11-20T15:59:59Z", "yesterday", "2026-11-19"),
        (&ALICLOUD, "2026-11-20T16:00:00Z", "yesterday", "2026-11-20"),
        (&AWS, "2026-11-20T17:30:00Z", "today", "2026-11-20"),
        (&AWS, "2026-03-01T00:00:00Z", "yesterday", "2026-02-28"),
        (&AWS, "2028-03-01T00:00:00Z", "yesterday", "2028-02-29"),
        (&AWS, "2026-01-01T00:00:00Z", "yesterday", "2025-12-31"),
        (&AWS, "2026-11-20T00:00:00Z", "this-month", "2026-11-01..2026-11-19"),
        (&AWS, "2026-11-01T23:59:59Z", "this-month", "none"),
        (&AWS, "2026-11-02T00:00:00Z", "this-month", "2026-11-01"),
        (&ALICLOUD, "2026-11-01T15:59:00Z", "this-month", "none"),
        (&ALICLOUD, "2026-11-01T16:00:00Z", "this-month", "2026-11-01"),
        (&AWS, "2026-03-31T00:00:00Z", "last-month", "2026-02-01..2026-02-28"),
        (&AWS, "2026-11-20T00:00:00Z", "last-7-days", "2026-11-13..2026-11-19"),
        (&AWS, "2026-11-20T00:00:00Z", "last-1-days", "2026-11-19"),
        (&AWS, "2026-11-20T00:00:00Z", "2026-03-01..2026-03-09", "2026-03-01..2026-03-09"),
        (&AWS, "2026-11-20T00:00:00Z", "2026-03", "2026-03-01..2026-03-31"),
        (&AWS, "2026-11-20T00:00:00Z", "2026-02..2026-03", "2026-02-01..2026-03-31"),
        (&AWS, "2026-11-20T00:00:00Z", "2026-11", "2026-11-01..2026-11-19"),
        (&AWS, "2026-11-20T00:00:00Z", "2026-10..2026-11", "2026-10-01..2026-11-19"),
        (&AWS, "2026-11-01T00:00:00Z", "2026-11", "none"),
        (&AWS, "2026-11-20T00:00:00Z", "2026-11-20", "2026-11-20"),
    ];
    for (calendar, now, when, expected) in table {
        assert_eq!(daily(calendar, now, when), expected, "{when} at {now}");
    }
}

#[test]
fn settling_is_what_the_cloud_may_still_restate() {
    let table = [
        (&AWS, "2026-11-10T23:59:59Z", "2026-10-01..2026-11-09"),
        (&AWS, "2026-11-11T00:00:00Z", "2026-11-01..2026-11-10"),
        (&AWS, "2026-11-01T00:00:00Z", "2026-10-01..2026-10-31"),
        (&AWS, "2026-01-05T00:00:00Z", "2025-12-01..2026-01-04"),
        // 12:00 in UTC+8 is 04:00 UTC.
        (&ALICLOUD, "2026-11-03T03:59:59Z", "2026-10-01..2026-11-02"),
        (&ALICLOUD, "2026-11-03T04:00:00Z", "2026-11-01..2026-11-02"),
        (&ALICLOUD, "2026-11-02T15:59:59Z", "2026-10-01..2026-11-01"),
        (&ALICLOUD, "2026-10-31T16:00:00Z", "2026-10-01..2026-10-31"),
    ];
    for (calendar, now, expected) in table {
        assert_eq!(daily(calendar, now, "settling"), expected, "{now}");
    }
}

#[test]
fn months_are_whole() {
    let now = "2026-11-20T00:00:00Z";
    for (when, expected) in [
        ("yesterday", "2026-11"),
        ("2026-03-05", "2026-03"),
        ("2026-02-28..2026-03-01", "2026-02..2026-03"),
        ("2026-11", "2026-11"),
        ("last-month", "2026-10"),
        ("this-month", "2026-11"),
    ] {
        assert_eq!(window(&AWS, now, when, Granularity::Monthly), expected, "{when}");
    }
    assert_eq!(window(&AWS, "2026-11-01T00:00:00Z", "2026-11", Granularity::Monthly), "2026-11");
}

#[test]
fn what_cannot_be_is_refused() {
    let now = "2026-11-20T12:00:00Z";
    for (calendar, when, needle) in [
        (&AWS, "2026-03-09..2026-03-01", "lies before the start"),
        (&AWS, "2026-11-21", "lies in the future (it is 2026-11-20 in UTC)"),
        (&AWS, "2026-11-01..2026-11-30", "2026-11-30 lies in the future"),
        (&AWS, "2026-12", "lies in the future"),
        (&AWS, "2025-09-30", "aws keeps 14 months by day (2025-10-01 and later)"),
        (
            &ALICLOUD,
            "2025-04-30",
            "alicloud keeps 18 months before this one by day (2025-05-01 and later)",
        ),
        (&AWS, "last-500-days", "older than the API serves"),
        (&AWS, "since-journal", "the journal has no completed window"),
    ] {
        let message = daily(calendar, now, when);
        assert!(message.contains(needle), "{when}: {message}");
    }
    assert_eq!(daily(&AWS, now, "2025-10-01"), "2025-10-01");
    assert_eq!(daily(&ALICLOUD, now, "2025-06-01"), "2025-06-01");
}

#[test]
fn only_strict_forms() {
    for bad in [
        "2026-3-1",
        "26-11-02",
        "2026-11-2",
        "2026/11/02",
        "2026-13",
        "2026-02-30",
        "",
        "tomorrow",
        "20261102",
        "2026-11-02T00:00:00Z",
        "+026-11-02",
        "last-0-days",
        "last-07-days",
        "last--7-days",
        "last-x-days",
        "2026-01..",
        "..2026-01",
        "2026-01...2026-02",
        "Yesterday",
        " yesterday",
        "２026-11-02",
    ] {
        assert!(bad.parse::<When>().is_err(), "{bad:?}");
    }
}

#[test]
fn the_journal_moves_the_start() {
    let journal = NaiveDate::from_ymd_opt(2026, 10, 10);
    let resolve = |when: When, journal| {
        let wish = Wish { when: &when, granularity: Granularity::Daily, journal };
        super::resolve(&wish, &AWS, at("2026-11-20T00:00:00Z")).unwrap().map(|w| w.to_string())
    };
    assert_eq!(resolve(When::SinceJournal, journal).unwrap(), "2026-10-10..2026-11-19");
    assert_eq!(resolve(When::Settling, journal).unwrap(), "2026-10-10..2026-11-19");
    assert_eq!(
        resolve(When::Settling, NaiveDate::from_ymd_opt(2026, 11, 15)).unwrap(),
        "2026-11-01..2026-11-19"
    );
    assert_eq!(resolve(When::SinceJournal, NaiveDate::from_ymd_opt(2026, 11, 20)), None);
    assert_eq!(
        resolve(When::SinceJournal, NaiveDate::from_ymd_opt(2020, 1, 1)).unwrap(),
        "2025-10-01..2026-11-19",
        "what the API no longer serves is left out"
    );
}

#[test]
fn shards_are_disjoint_and_whole() {
    let day = |d| NaiveDate::from_ymd_opt(2026, 3, d).unwrap();
    let window = Window { start: day(1), end: day(31), granularity: Granularity::Daily };
    for of in [1, 2, 3, 7, 31, 40] {
        let days: Vec<NaiveDate> =
            (0..of).filter_map(|i| window.shard(i, of)).flat_map(|shard| shard.days()).collect();
        assert_eq!(days, window.days().collect::<Vec<_>>(), "{of}");
    }
    let year = Window {
        start: NaiveDate::from_ymd_opt(2025, 1, 1).unwrap(),
        end: NaiveDate::from_ymd_opt(2025, 12, 31).unwrap(),
        granularity: Granularity::Monthly,
    };
    assert_eq!(year.shard(1, 4).unwrap().to_string(), "2025-04..2025-06");
}

#[test]
fn a_window_is_final_once_its_month_is_settled() {
    let day = |m, d| NaiveDate::from_ymd_opt(2026, m, d).unwrap();
    let one = |day| Window { start: day, end: day, granularity: Granularity::Daily };
    assert!(!ALICLOUD.is_final(&one(day(10, 31)), at("2026-11-03T03:59:59Z")));
    assert!(ALICLOUD.is_final(&one(day(10, 31)), at("2026-11-03T04:00:00Z")));
    assert!(!ALICLOUD.is_final(&one(day(11, 1)), at("2026-11-20T00:00:00Z")));
}
