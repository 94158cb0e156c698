use super::*;

fn said(granularity: Granularity, start: &str, end: &str, now: &str) -> String {
    let day = |text: &str| text.parse::<NaiveDate>().unwrap();
    let window = Window { start: day(start), end: day(end), granularity };
    why_incomplete(&window, now.parse().unwrap()).unwrap_or_default()
}

#[test]
fn the_last_day_is_incomplete_for_a_day() {
    let table = [
        // now in UTC, the window's last day, when it is whole in UTC+8
        ("2026-03-10T15:59:59Z", "2026-03-09", "2026-03-11 00:00"),
        ("2026-03-10T16:00:00Z", "2026-03-09", ""),
        ("2026-03-09T16:00:00Z", "2026-03-09", "2026-03-11 00:00"),
        ("2026-03-09T12:00:00Z", "2026-03-09", "2026-03-11 00:00"),
        ("2026-02-28T18:00:00Z", "2026-02-28", "2026-03-02 00:00"),
        ("2026-03-01T16:00:00Z", "2026-02-28", ""),
        ("2028-02-29T17:00:00Z", "2028-02-29", "2028-03-02 00:00"),
        ("2025-12-31T20:00:00Z", "2025-12-31", "2026-01-02 00:00"),
    ];
    for (now, last, whole) in table {
        let said = said(Granularity::Daily, "2025-12-01", last, now);
        let young = said.contains("follows consumption by 24 hours");
        assert_eq!(young, !whole.is_empty(), "{last} at {now}: {said}");
        assert!(said.contains(&format!("the bill of {}", &last[..7])), "{said}");
        assert!(!young || said.ends_with(&format!("again after {whole} (UTC+8)")), "{said}");
    }
}

#[test]
fn a_month_is_for_reference_until_the_third_at_noon() {
    let reference = |month: &str, until: &str| {
        format!(
            "the bill of {month} is for reference until {until} 12:00 (UTC+8), when the month is final"
        )
    };
    let (daily, monthly) = (Granularity::Daily, Granularity::Monthly);
    let february = reference("2026-02", "2026-03-03");
    let table = [
        // 04:00 UTC is noon in UTC+8.
        (daily, "2026-02-10", "2026-03-03T03:59:59Z", february.as_str()),
        (daily, "2026-02-10", "2026-03-03T04:00:00Z", ""),
        (daily, "2026-02-28", "2026-03-02T16:00:00Z", &february),
        (daily, "2026-01-31", "2026-03-03T03:59:59Z", ""),
        (daily, "2026-03-01", "2026-03-20T00:00:00Z", &reference("2026-03", "2026-04-03")),
        (monthly, "2026-02-28", "2026-03-01T00:00:00Z", &february),
        (monthly, "2026-02-28", "2026-03-03T03:59:59Z", &february),
        (monthly, "2026-02-28", "2026-03-03T04:00:00Z", ""),
        (monthly, "2026-03-31", "2026-03-10T00:00:00Z", &reference("2026-03", "2026-04-03")),
        (monthly, "2025-12-31", "2026-01-02T16:00:00Z", &reference("2025-12", "2026-01-03")),
        // Midnight in UTC+8: the month before last is settled once this one begins there.
        (monthly, "2026-01-31", "2026-02-28T15:59:59Z", ""),
    ];
    for (granularity, last, now, expected) in table {
        assert_eq!(said(granularity, "2025-12-01", last, now), expected, "{last} at {now}");
    }
}
