use super::super::request::Group;
use super::*;
use crate::event::{Batch, Envelope};
use crate::exit::{Failure, kind_of};

const KIND: &str = "alicloud.account_billing.daily";
const RESPONSES: &str = include_str!("../../../tests/vectors/alicloud-responses.json");

fn read_as(granularity: Granularity, page: u32, body: &str) -> Result<Numbered<Row>> {
    let query =
        Query { granularity, group: Group::Product, product_code: None, bill_owner_id: None };
    let start = NaiveDate::from_ymd_opt(2026, 3, 1).unwrap();
    let reader =
        Reader { query: &query, kind: KIND, start, account: Some("given"), told: &Told::default() };
    reader.rows(serde_json::from_str(body).unwrap(), page)
}

fn read(page: u32, body: &str) -> Result<Numbered<Row>> {
    read_as(Granularity::Daily, page, body)
}

/// A page with these items.
fn page(items: &str) -> String {
    format!(
        r#"{{"Success":true,"Data":{{"AccountID":"1","TotalCount":1,"Items":{{"Item":[{items}]}}}}}}"#
    )
}

fn data(row: &Row) -> String {
    let envelope = Envelope::new("s", "t", chrono::DateTime::UNIX_EPOCH, &[]).unwrap();
    let mut batch = Batch::new(envelope);
    batch.push(row);
    String::from_utf8(batch.data(&batch.events[0]).to_vec()).unwrap()
}

fn vector(pointer: &str) -> String {
    let all: serde_json::Value = serde_json::from_str(RESPONSES).unwrap();
    match all.pointer(pointer).unwrap() {
        serde_json::Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}

#[test]
fn pages_as_the_service_writes_them() {
    let first = read(1, &vector("/query_account_bill/pages/0")).unwrap();
    let second = read(2, &vector("/query_account_bill/pages/1")).unwrap();
    assert_eq!((first.total, first.rows.len(), second.total, second.rows.len()), (3, 2, 3, 1));
    let row = &second.rows[0];
    assert_eq!(row.account.as_deref(), Some("1234567890123456"));
    assert_eq!(row.period.to_string(), "2026-03-01");
    assert_eq!(
        row.subject, "1234567890123456/2026-03-01/oss/oss/PayAsYouGo/1234567890123456//未分配/CNY",
        "tabs behind a text are no part of it"
    );
    assert!(data(row).contains(r#""ProductName":"对象存储","#), "{}", data(row));
    assert_eq!(read(1, &vector("/query_account_bill/empty")).unwrap().rows.len(), 0);
}

#[test]
fn every_field_passes_in_its_place_with_its_digits() {
    let item = concat!(
        r#"{"Zeta":{"b":[1.50, null],"a":"x\t"},"PretaxAmount":1.2E-5,"PaymentAmount":1234567.89,"#,
        r#""CashAmount":16777217,"AdjustAmount":0.0000001,"PretaxGrossAmount":0.10,"InvoiceDiscount":-3.50,"#,
        r#""OutstandingAmount":12345678901234567890.123456789,"DeductedByCoupons":"0.10","DeductedByCashCoupons":null,"#,
        r#""OwnerID":"7","Currency":"CNY \t","ProductCode":"a/b","BillAccountID":"9"}"#
    );
    let row = read(1, &page(item)).unwrap().rows.remove(0);
    assert_eq!(
        data(&row),
        concat!(
            r#"{"VanceSource":"cloud.alicloud.billing","VanceType":"alicloud.account_billing.daily","#,
            r#""Zeta":{"b":[1.50,null],"a":"x"},"PretaxAmount":1.2E-5,"PaymentAmount":1234567.89,"#,
            r#""CashAmount":16777217,"AdjustAmount":0.0000001,"PretaxGrossAmount":0.10,"InvoiceDiscount":-3.50,"#,
            r#""OutstandingAmount":12345678901234567890.123456789,"DeductedByCoupons":"0.10","DeductedByCashCoupons":null,"#,
            r#""OwnerId":"7","Currency":"CNY","ProductCode":"a/b","BillAccountID":"9"}"#
        )
    );
    assert_eq!(row.subject, "9/2026-03-01//a%2Fb//7///CNY");
    let numbers = read(1, &vector("/query_account_bill/raw_numbers")).unwrap();
    let text = data(&numbers.rows[0]);
    for number in ["1.2E-5", "0.10", "100000000.00", "-3.5"] {
        assert!(text.contains(&format!(":{number},")), "{number}: {text}");
    }
}

#[test]
fn the_account_is_the_rows_own_if_it_says_one() {
    let without = page("{}").replace(r#""AccountID":"1","#, "");
    for (body, account) in [
        (page(r#"{"BillAccountID":"9"}"#), "9"),
        (page(r#"{"BillAccountID":9}"#), "9"),
        (page(r#"{"BillAccountID":""}"#), "1"),
        (page("{}"), "1"),
        (without, "given"),
    ] {
        let row = read(1, &body).unwrap().rows.remove(0);
        assert_eq!(row.account.as_deref(), Some(account), "{body}");
        assert!(row.subject.starts_with(&format!("{account}/2026-03-01/")), "{}", row.subject);
    }
}

#[test]
fn a_month_names_itself_or_nothing() {
    for date in ["", "2026-03", "2026-03-01"] {
        let body = page(&format!(r#"{{"BillingDate":"{date}"}}"#));
        let row = read_as(Granularity::Monthly, 1, &body).unwrap().rows.remove(0);
        assert_eq!(row.subject, "1/2026-03///////");
        assert_eq!(row.period.to_string(), "2026-03-01");
    }
    let other = page(r#"{"BillingDate":"2026-02"}"#);
    assert!(read_as(Granularity::Monthly, 1, &other).is_err());
}

#[test]
fn an_empty_day_has_many_forms() {
    for items in [
        r#""Items":{}"#,
        r#""Items":{"Item":[]}"#,
        r#""Items":null"#,
        r#""Items":{"Item":null}"#,
        r#""AccountName":"x""#,
    ] {
        let body = format!(r#"{{"Success":true,"Data":{{"TotalCount":0,{items}}}}}"#);
        let page = read(1, &body).unwrap();
        assert_eq!((page.total, page.rows.len()), (0, 0), "{items}");
    }
}

#[test]
fn what_makes_no_sense_is_an_error() {
    let amount = |value: &str| page(&format!(r#"{{"ProductCode":"ecs","CashAmount":{value}}}"#));
    for (body, message) in [
        (r#"{"Success":true}"#.to_owned(), "it has no Data"),
        (r#"{"Success":true,"Data":{}}"#.into(), "it has no TotalCount"),
        (r#"{"Success":true,"Data":{"TotalCount":0,"PageNum":2}}"#.into(), "it is page 2, not 1"),
        (
            r#"{"Success":true,"Data":{"TotalCount":0,"BillingCycle":"2026-02"}}"#.into(),
            "it is the bill of \"2026-02\", not of 2026-03",
        ),
        (
            page(r#"{"BillingDate":"2026-03-02"}"#),
            "BillingDate is \"2026-03-02\", but 2026-03-01 was asked for",
        ),
        (
            amount("\"1,000\""),
            "2026-03-01, product \"ecs\": CashAmount is \"1,000\", which is no number",
        ),
        (amount("\"***\""), "which is no number"),
        (amount("\"\""), "which is no number"),
        (amount("true"), "which is no number"),
        (amount("[1]"), "which is no number"),
        (page(r#"{"VanceType":"x"}"#), "it has a field VanceType"),
    ] {
        let error = read(1, &body).err().unwrap_or_else(|| panic!("{body}"));
        assert_eq!(kind_of(&error), Failure::Refused, "{body}");
        assert!(error.to_string().contains(message), "{error}");
    }
    let twice = page(r#"{"CashAmount":1,"CashAmount":2}"#);
    assert!(serde_json::from_str::<Body<'_>>(&twice).is_err(), "two amounts under one name");
}
