use crate::common::{Cloud, Done, Run, assert_unique, change, cloud, cloud_of, twisted};
use crate::failures::{always, once};
use billing_pull::demo::Sample;
use billing_pull::demo::server::{Reply, Request};
use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};

/// A member of the sample account's organization.
const MEMBER: &str = "decaf00123456789abcdef0123456789";
const ACCOUNT: &str = "c0ffee0123456789abcdef0123456789";
const DAY: [&str; 2] = ["--date", "2024-02-29"];

fn baidu(cloud: &Cloud) -> Run {
    Run::of("baidu", cloud)
}

/// The queries that the cloud was asked, in the order of their text: pages come side by side.
fn asked(cloud: &Cloud) -> Vec<String> {
    let query = |request: &Request| {
        assert_eq!((&*request.method, request.path()), ("GET", "/v1/bill/resource/month"));
        request.target.split_once('?').unwrap().1.to_owned()
    };
    let mut asked: Vec<String> = cloud.seen().iter().map(query).collect();
    asked.sort();
    asked
}

/// A refusal as the service writes it.
fn refusal(status: u16, code: &str, message: &str) -> Reply {
    let body = json!({"requestId": "REQUEST-ID-1", "code": code, "message": message});
    Reply { status, ..Reply::json(body.to_string()) }
}

/// A cloud whose bill `edit` has changed; it gets the query too.
fn edited(sample: Sample, edit: impl Fn(&str, &mut Value) + Send + Sync + 'static) -> Cloud {
    twisted(sample, move |_, request, reply| change(reply, |page| edit(&request.target, page)))
}

/// Only these rows, on one page, in the pass for postpaid ones.
fn rows(rows: &'static str) -> Cloud {
    twisted(Sample::default(), move |_, request, _| {
        let rows = if request.target.contains("postpay") { rows } else { "" };
        let count = serde_json::from_str::<Vec<Value>>(&format!("[{rows}]")).unwrap().len();
        Reply::json(format!(
            r#"{{"accountId":"{ACCOUNT}","subAccountId":"/","totalCount":{count},"bills":[{rows}]}}"#
        ))
    })
}

fn data(done: &Done, field: &str) -> Vec<String> {
    let text = |event: &Value| event["data"][field].as_str().unwrap_or_default().to_owned();
    done.events().iter().map(text).collect()
}

#[test]
fn a_day_is_asked_for_by_itself_and_for_either_way_of_paying() {
    let cloud = cloud();
    let done = baidu(&cloud).args(["--date", "2024-02-29..2024-03-01"]).go().exits(0);
    let page = |day: &str, page: u32, product: &str| {
        format!("beginTime={day}&endTime={day}&pageNo={page}&pageSize=100&productType={product}")
    };
    assert_eq!(
        asked(&cloud),
        [
            page("2024-02-29", 1, "postpay"),
            page("2024-02-29", 1, "prepay"),
            page("2024-02-29", 2, "postpay"),
            page("2024-03-01", 1, "postpay"),
            page("2024-03-01", 1, "prepay"),
            page("2024-03-01", 2, "postpay"),
        ]
    );
    assert!(done.each("type").iter().all(|kind| kind == "baidu.resource.daily"));
    assert!(done.each("source").iter().all(|source| source == "cloud.baidu.billing"));
    assert!(done.each("account").iter().all(|account| account == ACCOUNT));
    let days = data(&done, "date");
    assert!(days.is_sorted() && days.len() == 62, "{days:?}");
    assert!(data(&done, "productType")[..31].is_sorted_by(|a, b| a >= b), "prepaid rows go first");
    assert!(
        done.closing()
            .starts_with("baidu 2024-02-29..2024-03-01: 62 events delivered, 6 requests, ")
    );
}

#[test]
fn exactly_the_headers_that_are_listed_are_signed() {
    let plain = cloud();
    baidu(&plain).args(DAY).go().exits(0);
    let request = &plain.seen()[0];
    let date = request.header("x-bce-date").unwrap();
    let authorization = request.header("authorization").unwrap();
    assert!(authorization.contains(&format!("/{date}/1800/host;x-bce-date/")), "{authorization}");
    // The sample cloud knows no token, and says so; what was sent is the point.
    let temporary = cloud();
    let run = baidu(&temporary).env("BCE_SESSION_TOKEN", "ZjkyZmQ2t0ken").args(DAY);
    run.go().exits(3);
    let request = &temporary.seen()[0];
    assert_eq!(request.header("x-bce-security-token"), Some("ZjkyZmQ2t0ken"));
    let authorization = request.header("authorization").unwrap();
    assert!(authorization.contains("/host;x-bce-date;x-bce-security-token/"), "{authorization}");
}

#[test]
fn a_month_is_the_documents_own_call() {
    let cloud = cloud_of(Sample { page: 100, ..Sample::default() });
    let run = baidu(&cloud).args(["--date", "2019-02-14", "--granularity", "monthly"]);
    let done = run.go().exits(0);
    assert_eq!(
        asked(&cloud),
        [
            "month=2019-02&pageNo=1&pageSize=100&productType=postpay",
            "month=2019-02&pageNo=1&pageSize=100&productType=prepay",
        ]
    );
    assert_eq!(done.events().len(), 31);
    assert!(done.each("type").iter().all(|kind| kind == "baidu.resource.monthly"));
    assert!(data(&done, "billMonth").iter().all(|month| month == "2019-02"));
    assert!(done.events().iter().all(|event| event["data"].get("date").is_none()));
}

#[test]
fn what_narrows_the_bill_is_passed_on() {
    let cloud = cloud();
    let run = baidu(&cloud).args(DAY).args(["--product-type", "prepay", "--service-type", "EIP"]);
    let done = run.args(["--query-account-id", MEMBER]).go().exits(0);
    assert_eq!(
        asked(&cloud),
        [format!(
            "beginTime=2024-02-29&endTime=2024-02-29&pageNo=1&pageSize=100&productType=prepay&queryAccountId={MEMBER}&serviceType=EIP"
        )]
    );
    assert!(!done.events().is_empty());
    assert!(data(&done, "serviceType").iter().all(|service| service == "EIP"));
    // The bill is the member's own, and the answer's account fields say whose circle it is in.
    assert!(done.each("account").iter().all(|account| account == MEMBER));
    assert_eq!(done.events()[0]["data"]["subAccountId"], MEMBER);
    for empty in ["--service-type", "--query-account-id", "--product-type"] {
        baidu(&cloud).args([empty, ""]).go().exits(2);
    }
}

#[test]
fn a_bill_that_is_not_whole_is_a_failure() {
    let small = || Sample { page: 7, ..Sample::default() };
    let repeated = twisted(small(), |_, request, reply| {
        let again = request.target.contains("pageNo=3");
        change(reply, |page| {
            if again {
                page["bills"][0] = json!({"billId": "b1", "cash": 1});
            } else if request.target.contains("pageNo=2") {
                page["bills"][3] = json!({"billId": "b1", "cash": 1});
            }
        })
    });
    // The other way of paying has enough rows to make up for those that are lost.
    let swapped = edited(Sample { page: 100, ..Sample::default() }, |target, page| {
        if target.contains("postpay") {
            page["totalCount"] = 31.into();
        }
    });
    for (cloud, needle) in [
        (repeated, "page 3 repeats a row of page 2: the bill changed while it was read"),
        (swapped, "2024-02-29 postpay: page 2"),
    ] {
        let done = baidu(&cloud).args(DAY).go().exits(5);
        done.says(&["GET 127.0.0.1:", "GetResourceMonthBill 2024-02-29 postpay: ", needle]);
    }
}

#[test]
fn every_digit_of_an_amount_arrives() {
    let done = baidu(&cloud()).args(DAY).go().exits(0);
    for amount in [
        "119.68",
        "16777217",
        "0.0000001",
        "1.2E-5",
        "0.10",
        "-3.50",
        "0",
        "12345678901234567890.123456789",
    ] {
        let member =
            format!(r#""originPrice":{amount},"financePrice":{amount},"cash":{amount},"rebate":0"#);
        assert_eq!(done.stdout.matches(&member).count(), 1, "{amount}");
    }
    // Old names and new ones, unknown fields, "not applicable", trailing tabs.
    for text in [
        r#""voucherPrice":0,"discountvoucherPrice":0"#,
        r#""couponPrice":0,"discountCouponPrice":0.00"#,
        r#""sampleOfWhatIsToCome":{"since":2027,"steps":[1.0,2.50]}"#,
        r#""orderId":"/""#,
        r#""configurationCH":"容量: 1G","#,
        r#""startTime":"2024-02-28T16:00:00.000Z","endTime":"2024-02-29T15:59:59.000Z""#,
    ] {
        assert!(done.stdout.contains(text), "{text}");
    }
    let currencies = data(&done, "currency");
    assert!(currencies.iter().all(|currency| currency == "CNY"));
}

#[test]
fn identical_rows_are_events_of_their_own_with_ids_that_repeat() {
    let ids = || {
        let done = baidu(&rows(
            r#"{"instanceId":"i-1","cash":1},{"instanceId":"i-1","cash":1},{"billId":"b","cash":1},{"billId":"b","cash":1}"#,
        ));
        let done = done.args(DAY).go().exits(0);
        let same = format!("{ACCOUNT}/2024-02-29////i-1////");
        assert_eq!(done.each("subject"), [&same, &same, "b", "b"]);
        done.each("id")
    };
    let first = ids();
    assert_unique(&first);
    assert_eq!(first, ids());
}

#[test]
fn amounts_that_a_finance_circle_hides_go_on_as_sent() {
    let done = baidu(&rows(
        r#"{"billId":"a","cash":"**","financePrice":"/","couponPrice":1.50},{"billId":"b","cash":"**","couponPrice":0}"#,
    ));
    let done = done.args(DAY).go().exits(0);
    assert!(done.stdout.contains(r#""cash":"**","financePrice":"/","couponPrice":1.50"#));
    let said =
        "3 amounts held no number, such as \"**\", and went on as sent (cash 2, financePrice 1)";
    assert_eq!(done.stderr.matches(said).count(), 1, "{}", done.stderr);
    baidu(&cloud()).args(DAY).go().exits(0).never_says("held no number");
}

#[test]
fn what_passes_by_itself_is_tried_again() {
    let faults: [fn(&Request, Reply) -> Reply; 4] = [
        |_, _| refusal(500, "InternalError", "We encountered an internal error."),
        |_, _| refusal(400, "TooManyRequests", "x"),
        |_, _| refusal(400, "RequestExpired", "Request has expired. Timestamp date is x."),
        |_, _| refusal(200, "InternalError", "x"),
    ];
    for (number, fault) in faults.into_iter().enumerate() {
        let done = baidu(&once(2, fault)).args(DAY).go().exits(0);
        assert_eq!(done.events().len(), 31, "{number}");
        assert!(done.closing().contains("4 requests, 1 retry, "), "{number}: {}", done.closing());
    }
}

#[test]
fn a_refusal_says_whose_fault_it_is_and_what_to_do() {
    let table = [
        (403, "AccessDenied", "Access denied.", 3, "FCFullControlPolicy"),
        (
            403,
            "InvalidAccessKeyId",
            "The Access Key ID you provided does not exist in our records.",
            3,
            "unknown or disabled",
        ),
        (403, "QualifyNotPass", "The User has not pass qualify.", 3, "real-name verification"),
        (403, "OptInRequired", "x", 3, "open it in the console"),
        (400, "SignatureDoesNotMatch", "x", 3, "does not belong to this access key id"),
        (
            400,
            "InvalidHTTPRequest",
            "The specified parameter queryAccountId is invalid!",
            4,
            "queryAccountId is invalid!",
        ),
        (404, "InvalidVersion", "x", 4, "is the endpoint"),
        (200, "QualifyNotPass", "The User has not pass qualify.", 3, "real-name verification"),
        (200, "SomethingNew", "never seen before", 4, "never seen before"),
        (400, "SomethingNew", "never seen before", 4, "never seen before"),
    ];
    for (status, code, message, exit, hint) in table {
        let cloud = always(move |_| refusal(status, code, message));
        let run = baidu(&cloud).args(DAY).args(["--product-type", "prepay"]);
        run.go().exits(exit).says(&[
            "error: Baidu AI Cloud: GET 127.0.0.1:",
            " GetResourceMonthBill 2024-02-29 prepay: ",
            &format!("{code} (HTTP {status})"),
            hint,
            "REQUEST-ID-1",
            "0 events delivered, 1 request, 0 retries",
        ]);
    }
}

#[test]
fn a_request_that_expires_twice_is_the_clock() {
    let expired = || {
        always(|_| {
            let there = (Utc::now() - TimeDelta::minutes(45)).to_rfc2822();
            let message = "Request has expired. Timestamp date is 2024-03-01T00:00:00Z.";
            refusal(400, "RequestExpired", message).with("Date", &there)
        })
    };
    for (retries, requests) in [("5", 2), ("0", 1)] {
        let cloud = expired();
        let run = baidu(&cloud).args(DAY).args(["--product-type", "prepay", "--retries", retries]);
        run.go().exits(3).says(&["RequestExpired", "s ahead of the service's: set it right (NTP)"]);
        assert_eq!(cloud.seen().len(), requests, "--retries {retries}");
    }
}

#[test]
fn a_member_that_is_none_is_refused() {
    let run = baidu(&cloud()).args(DAY).args(["--query-account-id", "somebody"]);
    run.go().exits(3).says(&["AccessDenied", "--query-account-id is for the master account"]);
}

#[test]
fn an_answer_that_makes_no_sense_is_not_understood() {
    for body in [
        r#"{"totalCount":0}"#,
        r#"{"totalCount":"many","bills":[]}"#,
        r#"{"totalCount":1,"bills":["row"]}"#,
        r#"{"totalCount":0,"pageNo":2,"bills":[]}"#,
        r#"{"totalCount":0,"beginTime":"2024-02-01","bills":[]}"#,
    ] {
        let done = baidu(&always(move |_| Reply::new(200, body))).args(DAY).go().exits(4);
        done.says(&["not understood", "GET 127.0.0.1:", "request id none"]);
    }
}

#[test]
fn keys_come_from_files_and_from_either_set_of_variables() {
    let cloud = cloud();
    let id = billing_pull::demo::ACCESS_KEY_ID;
    let secret = billing_pull::demo::SECRET_ACCESS_KEY;
    let bare = || {
        let run = baidu(&cloud).args(DAY).args(["--product-type", "prepay"]);
        run.without("BCE_ACCESS_KEY_ID").without("BCE_SECRET_ACCESS_KEY")
    };
    let terraform =
        |run: Run| run.env("BAIDUCLOUD_ACCESS_KEY", id).env("BAIDUCLOUD_SECRET_KEY", secret);
    terraform(bare()).go().exits(0);
    let file = format!("access_key_id: {id}\nsecret_access_key: {secret}\n");
    let run = bare().file("secret.yml", file).args(["--secret", "secret.yml"]);
    run.env("BCE_ACCESS_KEY_ID", "half-a-pair").go().exits(0);
    let run = terraform(bare()).env("BCE_ACCESS_KEY_ID", "half-a-pair");
    run.go().exits(3).says(&["BCE_ACCESS_KEY_ID is set and BCE_SECRET_ACCESS_KEY is not"]);
    bare().go().exits(3).says(&[
        "no Baidu AI Cloud credentials found",
        "BCE_ACCESS_KEY_ID is not set",
        "BAIDUCLOUD_ACCESS_KEY is not set",
        "secret file (none with keys)",
    ]);
}

#[test]
fn a_dry_run_names_one_request_a_day_and_way_of_paying() {
    let run = Run::command("baidu").without("HOME").args(DAY).arg("--dry-run");
    run.go().exits(0).says(&[
        "would send GET billing.baidubce.com GetResourceMonthBill /v1/bill/resource/month?beginTime=2024-02-29&endTime=2024-02-29&pageNo=1&pageSize=100&productType=prepay",
        "2 requests or more, one for each page; it would cost nothing; none was made",
    ]);
}
