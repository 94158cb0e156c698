//! What holds for every cloud, written once, with a row per cloud: see the table at the end.

use crate::common::{
    Cloud, Done, Run, assert_unique, change, cloud, cloud_of, day, key_names, twisted,
};
use crate::failures::{always, once};
use billing_pull::demo::server::{Fault, Reply, Request};
use billing_pull::demo::{Sample, throttled};
use chrono::{DateTime, Utc};
use cloudevents::AttributesReader;
use serde_json::Value;
use std::sync::Mutex;

/// A cloud as the suite knows it.
struct Tested {
    command: &'static str,
    /// Further arguments of every run.
    options: &'static [&'static str],
    /// `source` and `type` of its events by day.
    source: &'static str,
    kind: &'static str,
    /// Status and body of a refusal that is nobody's right to make.
    refusal: (u16, &'static str),
    pages: Pages,
}

/// Where things stand in the pages of one question, for tests that change them.
struct Pages {
    /// The number of the page that a request asks for; none for a question that is left alone.
    number: fn(&Request) -> Option<u32>,
    /// The rows of an answer.
    rows: fn(&mut Value) -> &mut Value,
    /// How many rows the answer says there are, where the API says so.
    total: Option<fn(&mut Value) -> &mut Value>,
}

/// Rows of the sample bill.
const ROWS: usize = 31;

/// A sample cloud with pages of so many rows.
fn paged(page: usize) -> Sample {
    Sample { page, ..Sample::default() }
}

impl Tested {
    /// A run for one day that is over everywhere.
    fn run(&self, cloud: &Cloud) -> Run {
        self.run_for(&day(2).to_string(), cloud)
    }

    fn run_for(&self, date: &str, cloud: &Cloud) -> Run {
        Run::of(self.command, cloud)
            .args(self.options)
            .args(["--date", date])
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true")
    }

    /// The events of an undisturbed run.
    fn bill(&self) -> Vec<Value> {
        let events = timeless(&self.run(&cloud()).go().exits(0));
        assert_eq!(events.len(), ROWS);
        events
    }
}

/// The events without the time of their pull.
fn timeless(done: &Done) -> Vec<Value> {
    let mut events = done.events();
    for event in &mut events {
        event.as_object_mut().unwrap().remove("time");
    }
    events
}

fn pages_are_read_to_the_end(tested: &Tested) {
    let bill = tested.bill();
    for page in [7, 30, 31, 1000] {
        for concurrency in ["1", "8"] {
            let cloud = cloud_of(paged(page));
            let done = tested.run(&cloud).args(["--concurrency", concurrency]).go().exits(0);
            assert_eq!(timeless(&done), bill, "pages of {page}, {concurrency} at a time");
            let asked = cloud.seen().len();
            assert!(asked >= ROWS.div_ceil(page), "{asked} requests for pages of {page}");
            done.says(&[&format!("31 events delivered, {asked} request")]);
        }
    }
}

fn ids_are_unique_and_repeat(tested: &Tested) {
    let of = |sample: Sample| tested.run(&cloud_of(sample)).env("TZ", "Asia/Tokyo").go().exits(0);
    let ids = of(Sample::default()).each("id");
    assert_unique(&ids);
    assert_eq!(ids, of(Sample::default()).each("id"));
    let restated = of(Sample { revision: 1, ..Sample::default() });
    assert_unique(&restated.each("id"));
    assert_eq!(restated.each("subject"), of(Sample::default()).each("subject"));
    let changed = restated.each("id").iter().filter(|id| !ids.contains(id)).count();
    assert!(changed > 0 && changed < ROWS / 2, "{changed} rows were restated");
}

fn a_longer_window_has_the_same_events(tested: &Tested) {
    let window = format!("{}..{}", day(4), day(2));
    let done = tested.run_for(&window, &cloud()).go().exits(0);
    let events = timeless(&done);
    assert_eq!(events.len(), 3 * ROWS);
    assert_unique(&done.each("id"));
    assert_eq!(events[2 * ROWS..], tested.bill()[..], "in bill order, so the last day goes last");
}

/// CloudEvents 1.0, sections 3.1 and 3.2, and what the contract says.
fn every_line_is_a_valid_event(tested: &Tested) {
    let before = Utc::now();
    let done = tested.run(&cloud()).args(["--account", "1234"]).go().exits(0);
    let is_text = |text: &str| !text.is_empty() && !text.contains(char::is_control);
    for (event, parsed) in done.events().iter().zip(done.cloudevents()) {
        let mut attributes = event.as_object().unwrap().clone();
        assert!(attributes.remove("data").unwrap().is_object());
        for (name, value) in &attributes {
            let letters = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
            assert!(letters && name.len() <= 20, "{name}");
            assert!(value.as_str().is_some_and(is_text), "{name}: {value}");
        }
        let known = ["datacontenttype", "id", "source", "specversion", "subject", "time", "type"];
        let mut names: Vec<&String> = attributes.keys().collect();
        names.retain(|name| *name != "account");
        assert_eq!(names, known);
        assert_eq!(event["specversion"], "1.0");
        assert_eq!(event["datacontenttype"], "application/json");
        assert_eq!((&**parsed.source(), parsed.ty()), (tested.source, tested.kind));
        assert_eq!(parsed.subject(), event["subject"].as_str());
        let account = parsed.extension("account").unwrap().to_string();
        assert_eq!(account, event["account"].as_str().unwrap());
        let id = parsed.id();
        let dashes: Vec<usize> = id.match_indices('-').map(|(at, _)| at).collect();
        assert_eq!((id.len(), dashes), (36, vec![8, 13, 18, 23]), "{id} is a UUID");
        let time = event["time"].as_str().unwrap();
        let time: DateTime<Utc> = time.strip_suffix('Z').map(|_| time.parse().unwrap()).unwrap();
        assert!(before <= time && time <= Utc::now(), "the time of the pull");
    }
}

/// How a service may fail for a while.
const FAULTS: [(&str, fn(&Request, Reply) -> Reply); 7] = [
    ("throttled", |request, _| throttled(request)),
    ("429", |_, _| Reply::new(429, "<html>Slow down</html>").with("Retry-After", "0")),
    ("500", |_, _| Reply::new(500, "{}")),
    ("503", |_, _| Reply::new(503, "")),
    ("reset", |_, good| good.broken(Fault::Reset)),
    ("cut", |_, good| good.broken(Fault::Cut(100))),
    ("no body", |_, good| good.broken(Fault::Cut(0))),
];

fn what_passes_by_itself_is_tried_again(tested: &Tested) {
    let bill = tested.bill();
    for (name, fault) in FAULTS {
        for at in [1, 2] {
            let cloud = once(at, fault);
            let done = tested.run(&cloud).go().exits(0);
            assert_eq!(timeless(&done), bill, "{name} at request {at}");
            assert!(done.closing().contains(", 1 retry, "), "{name}: {}", done.closing());
        }
    }
}

fn what_does_not_pass_is_unavailable(tested: &Tested) {
    for (name, fault) in FAULTS {
        let cloud = twisted(Sample::default(), move |_, request, good| fault(request, good));
        let run = tested.run(&cloud).args(["--retries", "2", "--concurrency", "1"]);
        let done = run.go().exits(5).says(&["(tried 3 times)", " 127.0.0.1:"]);
        assert_eq!(done.stdout, "", "{name}");
        let closing = "0 events delivered, 3 requests";
        assert!(done.closing().contains(closing), "{name}: {}", done.closing());
        assert!(done.closing().contains(", 2 retries, "), "{name}: {}", done.closing());
    }
    let gone = cloud().url();
    let names = key_names(tested.command);
    let run = Run::command(tested.command).args(tested.options);
    let run = run.env(names[0], "AKIDEXAMPLE").env(names[1], "wJalrXUtnFEMI/K7MDENG");
    let run = run.args(["--endpoint", &gone, "--retries", "1", "--concurrency", "1"]);
    run.go().exits(5).says(&["could not connect", "(tried 2 times)", "2 requests", "1 retry"]);
}

fn a_page_that_fails_leaves_the_bill_unfinished(tested: &Tested) {
    let failing = twisted(paged(7), |number, _, reply| match number {
        1..=2 => reply,
        _ => Reply::new(503, ""),
    });
    let run = tested.run(&failing).args(["--retries", "1", "--concurrency", "1"]);
    let done = run.go().exits(5).says(&[" page ", "(tried 2 times)"]);
    let bill = tested.bill();
    let events = timeless(&done);
    assert_eq!(events[..], bill[..14], "what came before is delivered");
    assert!(done.closing().contains("14 events delivered, 4 requests"), "{}", done.closing());
}

fn requests_end_at_their_limit(tested: &Tested) {
    let throttling = once(1, |request, _| throttled(request));
    for (cloud, delivered) in [(cloud_of(paged(7)), 7), (throttling, 0)] {
        let run = tested.run(&cloud).args(["--max-requests", "1", "--concurrency", "1"]);
        let done = run.go().exits(9).says(&["--max-requests 1 is reached", ", 1 request"]);
        assert_eq!((done.events().len(), cloud.seen().len()), (delivered, 1));
    }
}

fn keys_that_are_wrong_are_told_from_keys_that_lack(tested: &Tested) {
    let [id, secret, _] = key_names(tested.command);
    let cloud = cloud();
    let run = tested.run(&cloud).env(secret, "an0ther/s3cret+key");
    run.go().exits(3).says(&["does not belong to this access key id", "0 events delivered"]);
    let run = tested.run(&cloud).env(id, "AKIDEXAMPLE");
    run.go().exits(3).says(&["access key", "unknown", "0 events delivered"]);
    let asked = cloud.seen().len();
    for (missing, other) in [(id, secret), (secret, id)] {
        let run = tested.run(&cloud).without(missing);
        run.go().exits(3).says(&[missing, other]);
    }
    let run = tested.run(&cloud).without(id).without(secret);
    run.go().exits(3).says(&["credentials found", &format!("{id} is not set"), "secret file ("]);
    assert_eq!(cloud.seen().len(), asked, "nothing is asked without keys");
}

fn a_refusal_is_final(tested: &Tested) {
    let (status, body) = tested.refusal;
    // Some services name the exchange in the body, some in a header.
    let refusal = move || Reply { status, ..Reply::json(body) };
    let cloud = always(move |_| refusal().with("x-amzn-RequestId", "REQUEST-ID-1"));
    let done = tested.run(&cloud).args(["--concurrency", "1"]).go().exits(4);
    let done = done.says(&["error: ", " 127.0.0.1:", &format!("(HTTP {status})"), "REQUEST-ID-1"]);
    assert_eq!(done.stdout, "");
    let closing = "0 events delivered, 1 request";
    assert!(done.closing().contains(closing), "{}", done.closing());
    assert_eq!(cloud.seen().len(), 1, "no second try");
}

fn an_answer_that_makes_no_sense_is_not_understood(tested: &Tested) {
    let page = "<!DOCTYPE html>\n<html><title>Sign in to the network</title></html>";
    for body in [page, "", "null", "[]", "{}", "{", "\u{feff}", "0", "\"\""] {
        let cloud = always(move |_| Reply::new(200, body));
        let done = tested.run(&cloud).args(["--retries", "1"]).go();
        // What was cut may come whole another time.
        let is_cut = matches!(body, "" | "{");
        let expected = if is_cut { 5..=5 } else { 4..=5 };
        assert!(expected.contains(&done.code), "{body:?}: {} {}", done.code, done.stderr);
        assert_eq!(done.stdout, "", "{body:?}");
        done.says(&["error: ", " 127.0.0.1:", "0 events delivered"]);
    }
    let half = twisted(paged(7), |_, _, mut reply| {
        reply.body.truncate(reply.body.len() / 2);
        reply
    });
    let done = tested.run(&half).args(["--retries", "1"]).go();
    done.exits(5).says(&["is cut short after ", "tried 2 times"]);
    let elsewhere = always(|_| Reply::new(302, "").with("Location", "http://127.0.0.1:1/login"));
    tested.run(&elsewhere).go().exits(4).says(&["HTTP 302"]);
}

/// How the second page may be wrong: what comes on it, given what came on the first.
fn a_page_that_is_wrong_is_never_passed_over(tested: &Tested) {
    type Spoil = fn(&Pages, &mut Value, &Value);
    let repeated: [(&str, Spoil); 2] = [
        ("the first page again", |_, page, first| page.clone_from(first)),
        ("the rows of the first page again", |pages, page, first| {
            let mut first = first.clone();
            *(pages.rows)(page) = (pages.rows)(&mut first).take();
        }),
    ];
    let counted: [(&str, Spoil); 5] = [
        ("no rows", |pages, page, _| (pages.rows)(page).as_array_mut().unwrap().clear()),
        ("one row less", |pages, page, _| {
            (pages.rows)(page).as_array_mut().unwrap().pop();
        }),
        ("one row twice", |pages, page, _| {
            let rows = (pages.rows)(page).as_array_mut().unwrap();
            rows.push(rows[0].clone());
        }),
        ("a smaller total", |pages, page, _| *(pages.total.unwrap())(page) = 8.into()),
        ("a larger total", |pages, page, _| *(pages.total.unwrap())(page) = 100.into()),
    ];
    let counted = counted.iter().filter(|_| tested.pages.total.is_some());
    for (name, spoil) in repeated.iter().chain(counted) {
        let (number, first) = (tested.pages.number, Mutex::new(Value::Null));
        let (pages, spoil) = (Pages { ..tested.pages }, *spoil);
        let cloud = twisted(paged(7), move |_, request, reply| {
            change(reply, |page| match number(request) {
                Some(1) => first.lock().unwrap().clone_from(page),
                Some(2) => spoil(&pages, page, &first.lock().unwrap()),
                _ => {}
            })
        });
        let done = tested.run(&cloud).go();
        assert!(matches!(done.code, 4 | 5), "{name}: {} {}", done.code, done.stderr);
        assert!(done.events().len() < ROWS, "{name}");
        done.says(&["error: ", " 127.0.0.1:"]);
    }
}

fn a_total_that_is_wrong_is_never_passed_over(tested: &Tested) {
    let Some(total) = tested.pages.total else { return };
    for page in [7, 1000] {
        for off in [-1, 1] {
            let cloud = twisted(paged(page), move |_, _, reply| {
                change(reply, |page| {
                    let total = total(page);
                    *total = (total.as_i64().unwrap() + off).into();
                })
            });
            let done = tested.run(&cloud).go();
            assert_eq!(done.code, 5, "pages of {page}, {off}: {}", done.stderr);
        }
    }
}

fn an_empty_bill_is_no_failure_unless_it_is_to_be_one(tested: &Tested) {
    let cloud = cloud_of(Sample { rows: 0, ..Sample::default() });
    let said = format!("the bill of {} holds no row", day(2));
    let done = tested.run(&cloud).go().exits(0).says(&[&said, "0 events delivered"]);
    assert_eq!(done.stdout, "");
    tested.run(&cloud).arg("--fail-if-empty").go().exits(8).says(&[&said, "0 events delivered"]);
    tested.run(&crate::common::cloud()).arg("--fail-if-empty").go().exits(0);
}

/// The harness looks at both streams of every run; here the service gives it all that there is to leak.
fn a_request_that_is_echoed_gives_nothing_away(tested: &Tested) {
    let echo = |request: &Request| format!("{} {:?}", request.target, request.headers);
    let [.., token] = key_names(tested.command);
    for (status, format) in [(200, "text"), (400, "json"), (403, "text"), (500, "json")] {
        let (_, refusal) = tested.refusal;
        let plain = always(move |request| Reply::new(status, echo(request)));
        let worded = always(move |request| {
            let mut body: Value = serde_json::from_str(refusal).unwrap();
            for (name, value) in body.as_object_mut().unwrap() {
                if name.eq_ignore_ascii_case("message") {
                    *value = echo(request).into();
                }
            }
            Reply { status, ..Reply::json(body.to_string()) }
        });
        for cloud in [plain, worded] {
            let run = tested.run(&cloud).env(token, "FwoGZXIvYXdzEBYaDt0ken/+=");
            let done = run.args(["-v", "--retries", "1", "--log-format", format]).go();
            assert_ne!(done.code, 0);
        }
    }
}

fn the_demo_needs_nothing(tested: &Tested) {
    let run = Run::command(tested.command).args(tested.options).arg("--demo").without("HOME");
    let done = run.args(["--date", &day(2).to_string()]).go().exits(0);
    assert_eq!(done.events().len(), ROWS);
    assert_unique(&done.each("id"));
    let closing = format!("{} {}: 31 events delivered, ", tested.command, day(2));
    assert!(done.closing().starts_with(&closing), "{}", done.closing());
    assert!(done.closing().contains(", 1 retry, "), "{}", done.closing());
    assert_eq!(std::fs::read_dir(done.directory()).unwrap().count(), 0, "it leaves no file behind");
}

fn a_dry_run_asks_nothing(tested: &Tested) {
    let cloud = cloud();
    let [id, secret, _] = key_names(tested.command);
    let run = tested.run(&cloud).without(id).without(secret).arg("--dry-run");
    let done = run.go().exits(0).says(&["would send ", " 127.0.0.1:", "none was made"]);
    assert_eq!((done.stdout.as_str(), cloud.seen().len()), ("", 0));
}

/// Every test for every cloud, so that each is named and they run side by side.
macro_rules! every_cloud {
    ($($name:ident: $tested:expr,)*) => {
        $(mod $name {
            use super::*;
            const TESTED: Tested = $tested;
            tests! {
                pages_are_read_to_the_end
                ids_are_unique_and_repeat
                a_longer_window_has_the_same_events
                every_line_is_a_valid_event
                what_passes_by_itself_is_tried_again
                what_does_not_pass_is_unavailable
                a_page_that_fails_leaves_the_bill_unfinished
                requests_end_at_their_limit
                keys_that_are_wrong_are_told_from_keys_that_lack
                a_refusal_is_final
                an_answer_that_makes_no_sense_is_not_understood
                a_page_that_is_wrong_is_never_passed_over
                a_total_that_is_wrong_is_never_passed_over
                an_empty_bill_is_no_failure_unless_it_is_to_be_one
                a_request_that_is_echoed_gives_nothing_away
                the_demo_needs_nothing
                a_dry_run_asks_nothing
            }
        })*
    };
}

macro_rules! tests {
    ($($test:ident)*) => {
        $(#[test]
        fn $test() {
            super::$test(&TESTED);
        })*
    };
}

every_cloud! {
    aws: Tested {
        command: "aws",
        options: &[],
        source: "cloud.aws.billing",
        kind: "aws.service.daily",
        refusal: (
            400,
            r#"{"__type":"ValidationException","message":"No.","RequestId":"REQUEST-ID-1"}"#,
        ),
        pages: Pages {
            number: |request| {
                let body: Value = serde_json::from_slice(&request.body).unwrap();
                let from = body["NextPageToken"].as_str().map_or("0", |token| &token[10..]);
                Some(from.parse::<u32>().unwrap() / 7 + 1)
            },
            rows: |page| &mut page["ResultsByTime"][0]["Groups"],
            total: None,
        },
    },
    alicloud: ALICLOUD,
    alicloud_v1: Tested { options: &["--signature", "v1"], ..ALICLOUD },
    baidu: Tested {
        command: "baidu",
        options: &[],
        source: "cloud.baidu.billing",
        kind: "baidu.resource.daily",
        refusal: (
            400,
            r#"{"requestId":"REQUEST-ID-1","code":"InvalidHTTPRequest","message":"No."}"#,
        ),
        pages: Pages {
            // Prepaid rows are another question, with fewer pages.
            number: |request| {
                let mut query = request.query();
                query.remove("pageNo").filter(|_| query["productType"] == "postpay")?.parse().ok()
            },
            rows: |page| &mut page["bills"],
            total: Some(|page| &mut page["totalCount"]),
        },
    },
}

const ALICLOUD: Tested = Tested {
    command: "alicloud",
    options: &[],
    source: "cloud.alicloud.billing",
    kind: "alicloud.account_billing.daily",
    refusal: (
        400,
        r#"{"RequestId":"REQUEST-ID-1","HostId":"x","Code":"InvalidParameter","Message":"No."}"#,
    ),
    pages: Pages {
        number: |request| request.query()["PageNum"].parse().ok(),
        rows: |page| &mut page["Data"]["Items"]["Item"],
        total: Some(|page| &mut page["Data"]["TotalCount"]),
    },
};
