use super::*;
use serde_json::value::RawValue;

fn day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2022, 6, 13).unwrap()
}

fn row(members: &[(&str, &str)]) -> Row {
    let mut data = Data::default();
    for (name, raw) in members {
        data.raw(name, &serde_json::from_str::<Box<RawValue>>(raw).unwrap());
    }
    Row {
        account: Some("1\"2".into()),
        period: day(),
        subject: "2022-06-13/云 \"x\"".into(),
        data,
        amounts: Vec::new(),
    }
}

fn batch(rows: &[Row]) -> Batch {
    let time = DateTime::parse_from_rfc3339("2022-06-14T07:05:55.777689Z").unwrap().to_utc();
    let extensions = [("region".to_owned(), "eu".to_owned())];
    let envelope =
        Envelope::new("cloud.aws.billing", "aws.service.daily", time, &extensions).unwrap();
    let mut batch = Batch::new(envelope);
    for row in rows {
        batch.push(row);
    }
    batch
}

#[test]
fn the_sdk_reads_a_line_back() {
    use cloudevents::AttributesReader;
    let batch = batch(&[row(&[("a", "0.10"), ("b", "\"x\\t\"")])]);
    let line = batch.line(&batch.events[0]);
    let event: cloudevents::Event = serde_json::from_slice(line).unwrap();
    assert_eq!(event.id(), batch.events[0].id.to_string());
    assert_eq!(event.subject(), Some("2022-06-13/云 \"x\""));
    assert_eq!(event.time().unwrap().to_rfc3339(), "2022-06-14T07:05:55.777689+00:00");
    assert_eq!(event.extension("account").unwrap().to_string(), "1\"2");
    assert_eq!(event.extension("region").unwrap().to_string(), "eu");
    assert_eq!(batch.data(&batch.events[0]), br#"{"a":0.10,"b":"x"}"#);
    assert_eq!(batch.envelope.time, "2022-06-14T07:05:55.777689Z");
}

#[test]
fn an_id_hangs_on_what_the_row_says() {
    let id = |members: &[(&str, &str)]| batch(&[row(members)]).events[0].id;
    let first = id(&[("a", "0.10"), ("b", "\"\\u4e91\"")]);
    assert_eq!(first, id(&[("b", "\"云\\t\""), ("a", "0.10")]), "order and spelling play no part");
    assert_eq!(first, id(&[("a", "0.10"), ("b", "\"云\""), ("estimated", "true"), ("line", "7")]));
    assert_ne!(first, id(&[("a", "0.1"), ("b", "\"云\"")]));
    assert_ne!(first, id(&[("a", "0.10"), ("c", "\"云\"")]));
    assert_ne!(first, id(&[("a", "\"0.10\""), ("b", "\"云\"")]));
}

#[test]
fn a_copy_may_restate() {
    let from = batch(&[row(&[("a", "1")]), row(&[("a", "2")])]);
    let old = from.events[0].id;
    let mut to = from.like();
    to.copy(&from, &from.events[1], 0, None);
    to.copy(&from, &from.events[1], 3, Some(old));
    assert_eq!(to.line(&to.events[0]), from.line(&from.events[1]));
    let event: serde_json::Value = serde_json::from_slice(to.line(&to.events[1])).unwrap();
    assert_eq!(event["restates"], old.to_string());
    assert_eq!(event["id"], from.events[1].base.derive(3, Some(old)).to_string());
    assert_eq!(to.data(&to.events[1]), br#"{"a":2}"#);
    assert_eq!(to.subject_json(&to.events[1]), from.subject_json(&from.events[1]));
    assert_eq!(to.account_json(&to.events[1]), br#"1\"2"#);
    assert_eq!(to.span(0..2), &to.bytes[..]);
    assert_eq!(to.span(1..2), [to.line(&to.events[1]), b"\n"].concat());
    assert!(to.span(1..1).is_empty());
}

#[test]
fn data_reads_back() {
    let row = row(&[("a", "1.50"), ("b", "{\"c\":[1E5]}"), ("estimated", "true")]);
    let batch = batch(std::slice::from_ref(&row));
    let read = Data::read(batch.data(&batch.events[0])).unwrap();
    assert_eq!(read.json, row.data.json);
    let member = |data: &Data, at: usize| data.members[at].value.clone();
    assert!((0..3).all(|at| member(&read, at) == member(&row.data, at)));
}

#[test]
fn an_empty_row_is_an_empty_object() {
    let batch = batch(&[row(&[])]);
    assert_eq!(batch.data(&batch.events[0]), b"{}");
}
