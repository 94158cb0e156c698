use crate::common::{Cloud, Run, assert_unique, change, cloud, cloud_of, twisted};
use billing_pull::demo::Sample;
use billing_pull::demo::server::Reply;
use chrono::{Days, NaiveDate, TimeDelta, Utc};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// The day `ago` days before today, in UTC+8.
fn day(ago: u64) -> NaiveDate {
    (Utc::now() + TimeDelta::hours(8)).date_naive() - Days::new(ago)
}

fn of(cloud: &Cloud) -> Run {
    Run::of("alicloud", cloud)
}

/// Rows that all fit into one page.
fn one_page() -> Sample {
    Sample { page: 300, ..Sample::default() }
}

/// A cloud whose answers, read as JSON, `edit` has changed; it gets the number of the page.
fn edited(sample: Sample, edit: fn(&str, &mut Value)) -> Cloud {
    twisted(sample, move |_, request, reply| {
        let page = request.query().remove("PageNum").unwrap_or_default();
        change(reply, |body| edit(&page, body))
    })
}

fn refusal(status: u16, code: &'static str) -> Cloud {
    twisted(one_page(), move |_, _, _| {
        let body = format!(r#"{{"RequestId":"R-1","HostId":"x","Code":"{code}","Message":"No."}}"#);
        Reply { status, ..Reply::json(body) }
    })
}

#[test]
fn the_request_is_the_one_that_the_api_documents() {
    let today = day(2).to_string();
    let cloud = cloud_of(one_page());
    of(&cloud).args(["--date", &today]).go().exits(0);
    let seen = cloud.seen();
    let [request] = &seen[..] else { panic!("{} requests", seen.len()) };
    assert_eq!((&*request.method, request.path(), request.body.len()), ("POST", "/", 0));
    assert_eq!(request.header("x-acs-action"), Some("QueryAccountBill"));
    assert_eq!(request.header("x-acs-version"), Some("2017-12-14"));
    assert_eq!(request.header("accept"), Some("application/json"));
    assert!(request.header("authorization").unwrap().starts_with("ACS3-HMAC-SHA256 "));
    let expected = [
        ("BillingCycle", &today[..7]),
        ("BillingDate", &today),
        ("Granularity", "DAILY"),
        ("IsGroupByProduct", "true"),
        ("PageNum", "1"),
        ("PageSize", "300"),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(request.query().into_iter().collect::<BTreeMap<_, _>>(), expected.into());
}

#[test]
fn the_older_signature_asks_the_same() {
    let cloud = cloud_of(one_page());
    let older = of(&cloud).args(["--signature", "v1"]).go().exits(0);
    let newer = of(&cloud).go().exits(0);
    assert_eq!(older.each("id"), newer.each("id"));
    let seen = cloud.seen();
    assert_eq!(seen[0].header("authorization"), None);
    let query = seen[0].query();
    for (name, value) in [
        ("Action", "QueryAccountBill"),
        ("Version", "2017-12-14"),
        ("Format", "JSON"),
        ("SignatureMethod", "HMAC-SHA1"),
        ("SignatureVersion", "1.0"),
    ] {
        assert_eq!(query.get(name).map(String::as_str), Some(value));
    }
}

#[test]
fn temporary_keys_are_signed_with_their_token() {
    let token = "CAISabc+def/ghi==";
    let cloud = cloud_of(one_page());
    // The sample cloud knows no such keys, which is what it says.
    for (signature, code) in [("v3", "SignatureDoesNotMatch"), ("v1", "SignatureDoesNotMatch")] {
        of(&cloud)
            .env("ALIBABA_CLOUD_SECURITY_TOKEN", token)
            .secret(&token.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D"))
            .secret("CAISabc")
            .args(["--signature", signature])
            .go()
            .exits(3)
            .says(&[code]);
    }
    let seen = cloud.seen();
    assert_eq!(seen[0].header("x-acs-security-token"), Some(token));
    assert_eq!(seen[1].query().get("SecurityToken").map(String::as_str), Some(token));
}

#[test]
fn identical_rows_stay_events_of_their_own() {
    let done = of(&cloud_of(one_page())).args(["--date", &day(2).to_string()]).go().exits(0);
    let events = done.events();
    let (one, two) = (&events[8], &events[9]);
    assert_eq!((&one["data"], &one["subject"]), (&two["data"], &two["subject"]));
    assert_unique(&done.each("id"));
}

#[test]
fn an_event_is_the_item_whole() {
    let item = concat!(
        r#"{"PipCode":"ecs\t","PretaxAmount":1234567.89,"ProductName":"云服务器 \t","AdjustAmount":0,"#,
        r#""Currency":"CNY","SubscriptionType":"PayAsYouGo","BizType":"","OwnerID":"7","#,
        r#""BillAccountID":"123456","PaymentAmount":16777217,"InvoiceDiscount":0.0000001,"#,
        r#""OutstandingAmount":1.2E-5,"CashAmount":0.10,"CostUnit":"未分配","ProductCode":"ecs","New":{"a":[1.0]}}"#
    );
    let cloud = twisted(one_page(), move |_, _, _| {
        Reply::json(format!(
            r#"{{"Success":true,"Code":"200","Data":{{"TotalCount":1,"Items":{{"Item":[{item}]}}}}}}"#
        ))
    });
    let date = day(2).to_string();
    let done = of(&cloud).args(["--date", &date]).go().exits(0);
    let expected = concat!(
        r#""data":{"VanceSource":"cloud.alicloud.billing","VanceType":"alicloud.account_billing.daily","#,
        r#""PipCode":"ecs","PretaxAmount":1234567.89,"ProductName":"云服务器","AdjustAmount":0,"#,
        r#""Currency":"CNY","SubscriptionType":"PayAsYouGo","BizType":"","OwnerId":"7","#,
        r#""BillAccountID":"123456","PaymentAmount":16777217,"InvoiceDiscount":0.0000001,"#,
        r#""OutstandingAmount":1.2E-5,"CashAmount":0.10,"CostUnit":"未分配","ProductCode":"ecs","New":{"a":[1.0]}}"#,
        "}\n"
    );
    assert!(done.stdout.ends_with(expected), "{}", done.stdout);
    let event = &done.events()[0];
    assert_eq!(event["source"], "cloud.alicloud.billing");
    assert_eq!(event["type"], "alicloud.account_billing.daily");
    assert_eq!(event["account"], "123456");
    assert_eq!(event["subject"], format!("123456/{date}/ecs/ecs/PayAsYouGo/7//未分配/CNY"));
}

#[test]
fn months_owners_and_filters() {
    let month = day(40).format("%Y-%m").to_string();
    let cloud = cloud_of(one_page());
    let done = of(&cloud)
        .args(["--granularity", "monthly", "--date", &month, "--group-by", "owner"])
        .args(["--bill-owner-id", "42"])
        .go()
        .exits(0);
    let [event] = &done.events()[..] else { panic!("{}", done.stdout) };
    assert_eq!(event["type"], "alicloud.account_billing.monthly");
    assert_eq!(event["data"]["OwnerId"], "42");
    let query = cloud.seen()[0].query();
    assert_eq!((&*query["Granularity"], &*query["BillingCycle"]), ("MONTHLY", &*month));
    assert_eq!((&*query["IsGroupByProduct"], &*query["BillOwnerId"]), ("false", "42"));
    assert!(!query.contains_key("BillingDate"));

    let done = of(&cloud).args(["--product-code", "rds"]).go().exits(0);
    assert_eq!(done.events().len(), 1);
    assert_eq!(done.events()[0]["data"]["ProductCode"], "rds");
    for (name, value) in [("--product-code", ""), ("--bill-owner-id", "x"), ("--group-by", "y")] {
        of(&cloud).args([name, value]).go().exits(2);
    }
}

#[test]
fn what_passes_by_itself_is_tried_again() {
    for (status, code) in [
        (400, "Throttling.User"),
        (400, "Throttling"),
        (400, "InternalError"),
        (400, "SignatureNonceUsed"),
        (503, "ServiceUnavailable"),
    ] {
        let cloud = twisted(one_page(), move |number, _, reply| match number {
            1 => Reply { status, ..Reply::json(format!(r#"{{"Code":"{code}","Message":"m"}}"#)) },
            _ => reply,
        });
        let done = of(&cloud).go().exits(0);
        assert!(done.closing().contains("2 requests, 1 retry"), "{code}: {}", done.closing());
        let seen = cloud.seen();
        let nonce = |at: usize| seen[at].header("x-acs-signature-nonce").unwrap();
        assert_ne!(nonce(0), nonce(1), "each try is signed anew");
    }
    let failed = edited(one_page(), |_, body| {
        body["Success"] = false.into();
        body["Code"] = "InternalError".into();
    });
    of(&failed).args(["--retries", "1"]).go().exits(5).says(&["InternalError", "tried 2 times"]);
    let cut = twisted(one_page(), |_, _, mut reply| {
        reply.body.truncate(700);
        reply
    });
    of(&cut).args(["--retries", "1"]).go().exits(5).says(&["cut short after 700 bytes"]);
}

#[test]
fn a_refusal_says_what_to_do() {
    for (status, code, exit, needle) in [
        (404, "InvalidAccessKeyId.NotFound", 3, "the access key id is unknown"),
        (400, "NotAuthorized", 3, "allow bssapi:QueryAccountBill and bss:QueryAccountBill"),
        (400, "NotApplicable", 4, "--endpoint business.ap-southeast-1.aliyuncs.com"),
        (400, "InvalidSecurityToken.Expired", 3, "get new ones"),
        (400, "MissingBillingCycle", 4, "check --date"),
        (200, "NotAuthorized", 3, "RAM user or role"),
    ] {
        let cloud = refusal(status, code);
        of(&cloud).go().exits(exit).says(&[
            "Alibaba Cloud billing: POST 127.0.0.1",
            " QueryAccountBill 2",
            code,
            "R-1",
            needle,
        ]);
        assert_eq!(cloud.seen().len(), 1, "{code} is final");
    }
}

#[test]
fn a_wrong_secret_shows_nothing_of_what_was_signed() {
    for signature in ["v3", "v1"] {
        of(&cloud())
            .env("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "wrong-secret")
            .args(["--signature", signature])
            .go()
            .exits(3)
            .says(&["SignatureDoesNotMatch", "secret does not belong to this access key id"])
            .never_says("POST&%2F&");
    }
}

#[test]
fn a_clock_that_is_off_is_told_by_how_much() {
    let date = (Utc::now() + TimeDelta::minutes(20)).format("%a, %d %b %Y %H:%M:%S GMT");
    let date = date.to_string();
    let cloud = twisted(one_page(), move |_, _, _| {
        let body = r#"{"Code":"InvalidTimeStamp.Expired","Message":"Specified time stamp or date value is expired."}"#;
        Reply { status: 400, ..Reply::json(body) }.with("Date", &date)
    });
    of(&cloud).go().exits(3).says(&["s behind the service's: set it right (NTP)"]);
}

#[test]
fn an_answer_to_another_question_is_not_understood() {
    let seven = || Sample { page: 7, ..Sample::default() };
    type Edit = fn(&str, &mut Value);
    let cases: [(Edit, &str); 4] = [
        (|_, body| body["Data"]["PageNum"] = 1.into(), "it is page 1, not "),
        (
            |page, body| {
                if page == "2" {
                    body["Data"]["Items"]["Item"][0]["BillingDate"] = "2020-01-01".into();
                }
            },
            "BillingDate is \"2020-01-01\"",
        ),
        (
            |page, body| {
                if page == "2" {
                    body["Data"]["Items"]["Item"][0]["CashAmount"] = "***".into();
                }
            },
            "CashAmount is \"***\", which is no number",
        ),
        (|_, body| body["Data"] = Value::Null, "it has no Data"),
    ];
    for (edit, needle) in cases {
        let done = of(&edited(seven(), edit)).go().exits(4).says(&[needle]);
        assert!(done.stderr.contains("Alibaba Cloud billing: POST 127.0.0.1"), "{}", done.stderr);
    }
}

#[test]
fn an_empty_day_has_several_forms() {
    for empty in [r#""Items":{"Item":[]}"#, r#""Items":{}"#, r#""AccountID":"1""#] {
        let body = format!(r#"{{"Success":true,"Data":{{"TotalCount":0,{empty}}}}}"#);
        let cloud = twisted(one_page(), move |_, _, _| Reply::json(body.clone()));
        of(&cloud).go().exits(0).says(&["holds no row", "0 events delivered, 1 request"]);
    }
}

#[test]
fn no_second_sees_more_than_ten_requests() {
    static TIMES: Mutex<Vec<Instant>> = Mutex::new(Vec::new());
    let cloud = twisted(one_page(), |number, request, reply| {
        TIMES.lock().unwrap().push(Instant::now());
        // Retries are requests too.
        if number % 4 == 1 { billing_pull::demo::throttled(request) } else { reply }
    });
    let window = format!("{}..{}", day(11), day(2));
    of(&cloud).args(["--date", &window, "--concurrency", "64"]).go().exits(0);
    let mut times = TIMES.lock().unwrap().clone();
    times.sort_unstable();
    assert!(times.len() > 11);
    for span in times.windows(11) {
        let took = span[10] - span[0];
        // Eleven requests of an even pace take 1.05 s; what the way there changes is not the program's doing.
        assert!(took > Duration::from_millis(950), "eleven requests within {took:?}");
    }
}

#[test]
fn the_bill_of_yesterday_may_be_incomplete() {
    let cloud = cloud_of(one_page());
    let again = format!("pull it again after {} 00:00 (UTC+8)", day(0) + Days::new(1));
    of(&cloud).go().exits(0).says(&[&format!("the bill of {} may still be", day(1)), &again]);
    let old = day(75).to_string();
    of(&cloud).args(["--date", &old]).go().exits(0).never_says("warning");
}

#[test]
fn what_the_api_no_longer_serves_is_refused_before_a_call() {
    let cloud = cloud();
    for granularity in ["daily", "monthly"] {
        let date = day(600).format("%Y-%m").to_string();
        of(&cloud)
            .args(["--granularity", granularity, "--date", &date])
            .go()
            .exits(2)
            .says(&["alicloud keeps 18 months"]);
    }
    assert_eq!(cloud.seen().len(), 0);
}

#[test]
fn a_dry_run_names_one_request_a_day() {
    let done = Run::command("alicloud").args(["--dry-run", "--date", "last-3-days"]).go().exits(0);
    let line = format!(
        "would send POST business.aliyuncs.com QueryAccountBill BillingCycle={} BillingDate={} Granularity=DAILY",
        day(3).format("%Y-%m"),
        day(3)
    );
    let done = done.says(&[&line, "3 requests or more, one for each page; it would cost nothing"]);
    assert_eq!(done.stderr.matches("would send").count(), 3);
}

#[test]
fn keys_are_found_where_the_command_line_tool_keeps_them() {
    let cloud = cloud_of(one_page());
    let config = format!(
        r#"{{"current":"x","profiles":[{{"name":"x","mode":"AK","access_key_id":"{}","access_key_secret":"{}"}}]}}"#,
        billing_pull::demo::ACCESS_KEY_ID,
        billing_pull::demo::SECRET_ACCESS_KEY
    );
    let keyless = || {
        of(&cloud)
            .without("ALIBABA_CLOUD_ACCESS_KEY_ID")
            .without("ALIBABA_CLOUD_ACCESS_KEY_SECRET")
            .env("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true")
    };
    let done = keyless().file(".aliyun/config.json", &config).arg("-v").go().exits(0);
    done.says(&["credentials: profile \"x\" in ~/.aliyun/config.json"]);
}
