use super::super::request::{ProductType, Query};
use super::*;
use crate::event::Batch;
use crate::event::Envelope;
use crate::exit::{Failure, kind_of};
use crate::window::{Granularity, Window};
use chrono::DateTime;

const SEED: &str = include_str!("../../../tests/data/baidu-resource-month.json");

fn asked(start: &str, granularity: Granularity, product: ProductType) -> Asked {
    let start = start.parse().unwrap();
    let query = Query::new(granularity, Some(product), None, None);
    query.series(&Window { start, end: start, granularity })[0]
}

fn february() -> Asked {
    asked("2019-02-01", Granularity::Monthly, ProductType::Postpay)
}

fn day() -> Asked {
    asked("2026-03-09", Granularity::Daily, ProductType::Postpay)
}

/// An answer around these rows; `more` are further members, such as `"pageNo":2,`.
fn page(more: &str, rows: &[&str]) -> String {
    let (count, rows) = (rows.len(), rows.join(","));
    format!(
        r#"{{{more}"accountId":"master","loginName":"m","subAccountId":"/","subLoginName":"/","ouName":"/","totalCount":{count},"bills":[{rows}]}}"#
    )
}

fn answer(body: &str) -> Answer {
    Answer::of(200, &[], body)
}

fn read(asked: Asked, body: &str) -> Result<Vec<Bill>> {
    Ok(Reader::new("baidu.resource.daily", Some("label"), &Told::default())
        .read(asked, 1, &answer(body))?
        .rows)
}

fn one(row: &str) -> Row {
    read(day(), &page("", &[row])).unwrap().remove(0).row
}

fn batch(rows: &[Row]) -> Batch {
    let envelope = Envelope::new("s", "t", DateTime::UNIX_EPOCH, &[]).unwrap();
    let mut batch = Batch::new(envelope);
    for row in rows {
        batch.push(row);
    }
    batch
}

fn data(row: &Row) -> String {
    let batch = batch(std::slice::from_ref(row));
    String::from_utf8(batch.data(&batch.events[0]).to_vec()).unwrap()
}

#[test]
fn the_documents_own_example_is_an_event() {
    let told = Told::default();
    let reader = Reader::new("baidu.resource.monthly", None, &told);
    let got = reader.read(february(), 1, &answer(SEED)).unwrap();
    assert_eq!((got.total, got.rows.len()), (1, 1));
    let Bill { row, has_id } = &got.rows[0];
    assert!(!has_id);
    assert_eq!(row.account.as_deref(), Some("xxx"));
    assert_eq!(row.period.to_string(), "2019-02-01");
    assert_eq!(
        row.subject,
        "xxx/2019-02/postpay/SCS/bj/30749///RunningTimeMinutes/2019-01-31T16:00:00.000Z"
    );
    assert_eq!(
        data(row),
        concat!(
            r#"{"vanceSource":"cloud.baidu.billing","vanceType":"baidu.resource.monthly","billMonth":"2019-02","#,
            r#""accountId":"xxx","loginName":"xxx","subAccountId":"/","subLoginName":"/","ouName":"/","currency":"CNY","#,
            r#""vendor":"Baidu AI Cloud","serviceType":"SCS","serviceTypeName":"Simple cache service","#,
            r#""productType":"postpay","region":"bj","instanceId":"30749","orderId":"/","orderType":"/","#,
            r#""orderTypeDesc":"/","orderPurchaseTime":"2018-01-07T07:10:24.000Z","#,
            r#""startTime":"2019-01-31T16:00:00.000Z","endTime":"2019-02-28T15:59:59.000Z","#,
            r#""configurationCH":"Capacity: 1G","tag":"tag:value","duration":"/","#,
            r#""chargeItem":"RunningTimeMinutes","chargeItemDesc":"Running time","amount":"35909","#,
            r#""amountUnit":"Minutes","unitPrice":"0.003333 CNY/min","pricingUnit":"Minutes","#,
            r#""discountUnit":"100.00","tex":6,"originPrice":119.68,"financePrice":119.68,"cash":119.68,"#,
            r#""rebate":0,"creditCost":0,"creditRefund":0,"debt":0,"noPaidPrice":0,"voucherPrice":0,"#,
            r#""discountvoucherPrice":0,"discountPrice":0,"sysGold":0}"#
        )
    );
    assert_eq!(reader.masked(), None);
}

#[test]
fn digits_and_unknown_fields_are_kept() {
    for amount in ["0.10", "1.2E-5", "-0.0", "16777217", "12345678901234567890.1234567890", "1e400"]
    {
        let row = one(&format!(
            r#"{{"billId":"b1","cash":{amount},"couponPrice":"{amount}","new":{{"a":[ 1.0 ]}},"tag":"x:y\t "}}"#
        ));
        assert_eq!(
            data(&row),
            format!(
                r#"{{"vanceSource":"cloud.baidu.billing","vanceType":"baidu.resource.daily","date":"2026-03-09","accountId":"master","loginName":"m","subAccountId":"/","subLoginName":"/","ouName":"/","currency":"CNY","billId":"b1","cash":{amount},"couponPrice":"{amount}","new":{{"a":[1.0]}},"tag":"x:y"}}"#
            )
        );
    }
}

#[test]
fn a_name_comes_once_and_the_rows_own_value_goes_first() {
    let table = [
        (r#"{"accountId":"member"}"#, r#""accountId":"member""#),
        (r#"{"accountId":"/"}"#, r#""accountId":"master""#),
        (r#"{"accountId":null}"#, r#""accountId":"master""#),
        (r#"{"currency":"USD"}"#, r#""currency":"USD""#),
        (r#"{"currency":""}"#, r#""currency":"CNY""#),
        (r#"{"date":"2026-03-08"}"#, r#""date":"2026-03-08""#),
        (r#"{"billMonth":"2026-03"}"#, r#""billMonth":"2026-03""#),
    ];
    for (row, member) in table {
        let data = data(&one(row));
        assert!(data.contains(member), "{row}: {data}");
        assert!(serde_json::from_str::<Members>(&data).is_ok(), "a name comes twice: {data}");
    }
}

#[test]
fn the_account_is_the_one_that_the_bill_is_of() {
    let member = page("", &["{}"]).replace(r#""subAccountId":"/""#, r#""subAccountId":"sub""#);
    let nobody = r#"{"totalCount":1,"bills":[{}]}"#;
    for (body, account) in
        [(page("", &["{}"]), "master"), (member, "sub"), (nobody.into(), "label")]
    {
        let rows = read(day(), &body).unwrap();
        assert_eq!(rows[0].row.account.as_deref(), Some(account), "{body}");
    }
}

#[test]
fn a_subject_is_the_bill_id_or_the_rows_own_keys() {
    let table = [
        (r#"{"billId":"4711/1","instanceId":"i-1"}"#, "4711/1"),
        (r#"{"billId":4711}"#, "4711"),
        (r#"{"billId":"/","instanceId":"i-1"}"#, "master/2026-03-09////i-1////"),
        (r#"{"billId":"","accountId":"master"}"#, "master/2026-03-09////////"),
        (r#"{"accountId":"member"}"#, "master/member/2026-03-09////////"),
        (
            r#"{"productType":"postpay","serviceType":"BCC","region":"bj","instanceId":"a/b","orderId":"o","orderType":"NEW","chargeItem":"c","startTime":"t","endTime":"u","cash":1}"#,
            "master/2026-03-09/postpay/BCC/bj/a%2Fb/o/NEW/c/t",
        ),
    ];
    for (row, subject) in table {
        assert_eq!(one(row).subject, subject, "{row}");
    }
}

#[test]
fn rows_with_other_keys_never_share_a_subject() {
    let mut seen = std::collections::BTreeMap::new();
    for name in KEYS.into_iter().chain(["accountId"]) {
        for value in ["x", "y", "x/y", "x%2Fy", "2026-03-09", "master"] {
            let value =
                if name == "productType" { format!("{value}pay") } else { value.to_owned() };
            let row = one(&format!(r#"{{"{name}":"{value}"}}"#));
            let before = seen.insert(row.subject, (name, value.clone()));
            // The account that the bill is of is no key besides.
            assert!(before.is_none() || value == "master", "{name} {value}: {before:?}");
        }
    }
    let other_day = asked("2026-03-10", Granularity::Daily, ProductType::Postpay);
    let row = read(other_day, &page("", &["{}"])).unwrap().remove(0).row;
    assert_ne!(row.subject, one("{}").subject);
}

#[test]
fn an_amount_that_is_no_number_is_passed_and_counted() {
    let told = Told::default();
    let reader = Reader::new("k", None, &told);
    let rows = [
        r#"{"cash":"**","financePrice":"/","couponPrice":1.5,"amount":"/","unitPrice":"/","sysGold":null}"#,
        r#"{"cash":"**","deductCash":"","debt":"0.10","originPrice":true}"#,
    ];
    let got = reader.read(day(), 1, &answer(&page("", &rows))).unwrap();
    assert!(data(&got.rows[0].row).contains(r#""cash":"**","financePrice":"/","couponPrice":1.5"#));
    let said = reader.masked().unwrap();
    assert!(
        said.starts_with(
            "5 amounts held no number, such as \"**\", and went on as sent (cash 2, deductCash 1, financePrice 1, originPrice 1)"
        ),
        "{said}"
    );
}

#[test]
fn what_makes_no_sense_is_an_error() {
    let with = |more: &str| page(more, &["{}"]);
    let table = [
        ("<html>Proxy</html>".to_owned(), "it starts: \"<html>Proxy</html>\""),
        ("[]".into(), "expected a JSON object"),
        ("{}".into(), "totalCount is \"\", which is no count"),
        (r#"{"totalCount":-1,"bills":[]}"#.into(), "totalCount is \"-1\""),
        (r#"{"totalCount":0}"#.into(), "it has no bills"),
        (r#"{"totalCount":1,"bills":[1]}"#.into(), "bills: "),
        (page("", &[r#"{"cash":1,"cash":2}"#]), "\"cash\" comes twice"),
        (page("", &[r#"{"productType":"prepay"}"#]), "a row is prepay where postpay was asked for"),
        (with(r#""pageNo":2,"#), "it is page 2 of another request"),
        (
            with(r#""beginTime":"2026-03-01","#),
            "beginTime is 2026-03-01 where 2026-03-09 was asked for",
        ),
        (with(r#""endTime":"2026-03-31","#), "endTime is 2026-03-31"),
    ];
    for (body, needle) in table {
        let error = read(day(), &body).err().unwrap();
        assert_eq!(kind_of(&error), Failure::Refused);
        assert!(error.to_string().contains(needle), "{error}");
    }
    let other = SEED.replace("\"billMonth\":\"2019-02\"", "\"billMonth\":\"2019-03\"");
    let error = read(february(), &other).err().unwrap();
    assert!(error.to_string().contains("billMonth is 2019-03 where 2019-02"), "{error}");
}

#[test]
fn what_says_the_same_in_another_form_is_none() {
    for more in [
        r#""pageNo":1,"beginTime":"2026-03-09","endTime":"2026-03-09","billMonth":"2026-03","#,
        r#""pageNo":null,"beginTime":"2026-03-08T16:00:00Z","endTime":null,"billMonth":"/","#,
    ] {
        assert_eq!(read(day(), &page(more, &["{}"])).unwrap().len(), 1);
    }
    let none = r#"{"totalCount":0,"bills":null}"#;
    assert!(read(day(), none).unwrap().is_empty());
}
