use super::super::request::Group;
use super::*;
use crate::exit::kind_of;
use crate::window::Granularity;

fn read(groups: &[&str], metrics: &[&str], pages: &[&str]) -> Result<Vec<Row>> {
    let groups: Vec<Group> = groups.iter().map(|group| group.parse().unwrap()).collect();
    let metrics: Vec<String> = metrics.iter().map(|&metric| metric.to_owned()).collect();
    let query = Query::new(Granularity::Daily, &metrics, &groups, None, &[])?;
    let day = |d| NaiveDate::from_ymd_opt(2022, 6, d).unwrap();
    let window = Window { start: day(13), end: day(14), granularity: Granularity::Daily };
    let mut reader = Reader::new(
        &query,
        &window,
        "cloud.aws.billing",
        "aws.service.daily",
        Some("111122223333"),
    );
    let mut rows = Vec::new();
    for page in pages {
        rows.extend(reader.read(&Answer::of(200, &[], page))?.rows);
    }
    Ok(rows)
}

fn page(day: u32, groups: &str) -> String {
    format!(
        r#"{{"ResultsByTime":[{{"TimePeriod":{{"Start":"2022-06-{day}","End":"x"}},"Groups":[{groups}],"Estimated":true}}],"Unknown":1}}"#
    )
}

fn group(key: &str, amount: &str) -> String {
    format!(
        r#"{{"Keys":["{key}"],"Metrics":{{"UnblendedCost":{{"Amount":{amount},"Unit":"USD"}}}}}}"#
    )
}

fn data(row: &Row) -> String {
    let time = chrono::DateTime::UNIX_EPOCH;
    let envelope = crate::event::Envelope::new("s", "t", time, &[]).unwrap();
    let mut batch = crate::event::Batch::new(envelope);
    batch.push(row);
    String::from_utf8(batch.data(&batch.events[0]).to_vec()).unwrap()
}

#[test]
fn digits_are_kept() {
    for amount in ["12345678901234567890.1234567890", "-1.5E-8", "0", "0.10"] {
        let rows = read(
            &["SERVICE"],
            &["UnblendedCost"],
            &[&page(13, &group("Tax", &format!("{amount:?}")))],
        )
        .unwrap();
        assert_eq!(rows[0].subject, "111122223333/2022-06-13/Tax");
        assert_eq!(
            data(&rows[0]),
            format!(
                r#"{{"vanceSource":"cloud.aws.billing","vanceType":"aws.service.daily","date":"2022-06-13","service":"Tax","amount":"{amount}","unit":"USD","estimated":true}}"#
            )
        );
    }
}

#[test]
fn several_metrics_and_keys() {
    let groups = r#"{"Keys":["111122223333","team$a/b"],"Metrics":{"A":{"Amount":"1.50","Unit":"USD"},"B":{"Amount":"2","Unit":"N/A"}}}"#;
    let page = page(13, groups).replace("\"Unknown\":1", r#""DimensionValueAttributes":[{"Value":"111122223333","Attributes":{"description":"prod"}}]"#);
    let rows = read(&["LINKED_ACCOUNT", "TAG:team"], &["B", "A"], &[&page]).unwrap();
    assert_eq!(rows[0].subject, "111122223333/2022-06-13/111122223333/a/b");
    assert!(data(&rows[0]).ends_with(
        r#""date":"2022-06-13","linkedAccount":"111122223333","tag:team":"a/b","linkedAccountName":"prod","amount":"2","unit":"N/A","estimated":true,"metrics":{"B":{"amount":"2","unit":"N/A"},"A":{"amount":"1.50","unit":"USD"}}}"#
    ), "{}", data(&rows[0]));
}

#[test]
fn a_period_may_go_on_in_the_next_page() {
    let one = page(13, &[group("A", "\"1\""), group("B", "\"2\"")].join(","));
    let two = page(13, &[group("B", "\"2\""), group("C", "\"3\"")].join(","));
    assert_eq!(read(&["SERVICE"], &["UnblendedCost"], &[&one, &two]).unwrap().len(), 3);
    let changed = page(13, &group("B", "\"2.1\""));
    let error = read(&["SERVICE"], &["UnblendedCost"], &[&one, &changed]).unwrap_err();
    assert_eq!(kind_of(&error), Failure::Unavailable);
    assert!(error.to_string().contains("comes twice with different amounts"));
    let error = read(&["SERVICE"], &["UnblendedCost"], &[&one, &one]).unwrap_err();
    assert_eq!(kind_of(&error), Failure::Unavailable);
    assert!(error.to_string().contains("every row of it came before"));
}

#[test]
fn what_makes_no_sense_is_an_error() {
    for (body, needle) in [
        ("<html>Proxy</html>".to_owned(), "it starts: \"<html>Proxy</html>\""),
        ("{}".into(), "no ResultsByTime"),
        (page(13, &group("A", "\"1,000\"")), "\"1,000\", which is no number"),
        (page(13, &group("A", "null")), "which is no number"),
        (page(15, ""), "outside of 2022-06-13..2022-06-14"),
        (page(13, r#"{"Keys":["A"],"Metrics":{}}"#), "the metric UnblendedCost is missing"),
        (page(13, r#"{"Keys":["A","B"],"Metrics":{}}"#), "2 keys where 1 were asked for"),
    ] {
        let error = read(&["SERVICE"], &["UnblendedCost"], &[&body]).unwrap_err();
        assert_eq!(kind_of(&error), Failure::Refused);
        assert!(error.to_string().contains(needle), "{error}");
    }
}
