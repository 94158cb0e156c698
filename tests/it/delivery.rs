use crate::common::{
    Cloud, Gate, Run, Target, assert_unique, change, cloud, cloud_of, events_of, twisted,
};
use billing_pull::demo::Sample;
use billing_pull::demo::server::{Fault, Reply, Request};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;

const MODES: [&str; 3] = ["structured", "binary", "batch"];

/// The events without what differs from pull to pull, by id.
fn by_id(events: Vec<Value>) -> HashMap<String, Value> {
    let without_time = |mut event: Value| {
        event.as_object_mut().unwrap().remove("time");
        (event["id"].as_str().unwrap().to_owned(), event)
    };
    events.into_iter().map(without_time).collect()
}

/// A bill of one service whose name no header can hold as it is.
fn foreign() -> Cloud {
    twisted(Sample { rows: 1, ..Sample::default() }, |_, _, reply| {
        change(reply, |page| {
            page["ResultsByTime"][0]["Groups"][0]["Keys"][0] = "云 100% \"Café\"\u{7f}".into();
        })
    })
}

#[test]
fn every_content_mode_brings_the_same_events() {
    let cloud = cloud();
    let stdout = by_id(Run::aws(&cloud).go().events());
    assert_eq!(stdout.len(), 31);
    for mode in MODES {
        let target = Target::start();
        let done = Run::aws(&cloud).to(&target).args(["--content-mode", mode]).go().exits(0);
        assert_eq!(done.stdout, "", "stdout is for events");
        assert_unique(&target.each("id"));
        assert_eq!(by_id(target.events()), stdout, "{mode}");
        let requests = if mode == "batch" { 3 } else { 31 };
        assert_eq!(target.requests().len(), requests, "{mode}: two pages of 20 and 11 rows");
        let cloudevent = |request: &Request| request.header("ce-id").is_some();
        assert!(target.requests().iter().all(|request| cloudevent(request) == (mode == "binary")));
    }
}

#[test]
fn text_that_no_header_can_hold_survives_every_content_mode() {
    for mode in MODES {
        let target = Target::start();
        let run = Run::aws(&foreign()).to(&target).args(["--content-mode", mode]);
        run.args(["--account", "部门 %20"]).go().exits(0);
        let event = &target.events()[0];
        let subject = event["subject"].as_str().unwrap();
        assert!(subject.ends_with("/云 100% \"Café\"\u{7f}"), "{mode}: {subject}");
        assert_eq!(event["account"], "部门 %20", "{mode}");
        for (_, value) in &target.requests()[0].headers {
            assert!(value.bytes().all(|byte| (0x20..0x7f).contains(&byte)), "{mode}: {value}");
        }
    }
}

#[test]
fn a_structured_post_is_the_line_that_stdout_gets() {
    let cloud = cloud_of(Sample { rows: 1, ..Sample::default() });
    let line = Run::aws(&cloud).go().stdout;
    let target = Target::start();
    Run::aws(&cloud).to(&target).go().exits(0);
    let body = String::from_utf8(target.requests()[0].body.clone()).unwrap();
    let without_time = |text: &str| {
        let (head, tail) = text.split_once(r#""time":""#).unwrap();
        head.to_owned() + tail.split_once('"').unwrap().1
    };
    assert_eq!(without_time(line.trim_end()), without_time(&body));
}

#[test]
fn one_worker_posts_in_bill_order() {
    let cloud = cloud();
    let order = Run::aws(&cloud).go().each("id");
    let target = Target::start();
    Run::aws(&cloud).to(&target).args(["--concurrency", "1"]).go().exits(0);
    assert_eq!(target.each("id"), order);
}

#[test]
fn a_batch_holds_as_many_events_as_allowed() {
    let target = Target::start();
    let cloud = cloud_of(Sample { page: 1000, ..Sample::default() });
    let batch = ["--content-mode", "batch", "--batch-size", "5", "--concurrency", "1"];
    Run::aws(&cloud).to(&target).args(batch).go().exits(0);
    let sizes: Vec<usize> =
        target.requests().iter().map(|request| events_of(request).len()).collect();
    assert_eq!(sizes, [5, 5, 5, 5, 5, 5, 1]);
    let target = Target::start();
    let cloud = cloud_of(Sample { rows: 2000, page: 100_000, ..Sample::default() });
    let batch = ["--content-mode", "batch", "--batch-size", "10000"];
    Run::aws(&cloud).to(&target).args(batch).go().exits(0);
    assert_eq!(target.events().len(), 2000);
    assert!(target.requests().len() > 1);
    assert!(target.requests().iter().all(|request| request.body.len() <= 256 << 10));
}

#[test]
fn a_batch_that_is_too_large_is_halved() {
    let most = 3;
    let target = Target::answering(move |_, request| {
        let status = if events_of(request).len() > most { 413 } else { 202 };
        Reply::new(status, "")
    });
    let done = Run::aws(&cloud()).to(&target).args(["--content-mode", "batch"]).go().exits(0);
    assert_eq!(target.events().len(), 31);
    assert_unique(&target.each("id"));
    assert!(done.closing().contains("31 events delivered"));
    let target = Target::answering(|_, _| Reply::new(413, "too large"));
    let run = Run::aws(&cloud()).to(&target).args(["--content-mode", "batch"]);
    run.go().exits(6).says(&["HTTP 413", "the event is larger than it takes"]);
}

#[test]
fn what_may_pass_is_tried_again_with_the_same_id() {
    for status in [404, 408, 409, 425, 429, 500, 502, 503, 504] {
        let target = Target::answering(move |number, _| {
            Reply::new(if number <= 2 { status } else { 204 }, "not yet")
        });
        let run = Run::aws(&cloud_of(Sample { rows: 1, ..Sample::default() })).to(&target);
        let done = run.go().exits(0);
        assert!(
            done.closing().contains("1 event delivered, 1 request ($0.01), 2 retries"),
            "{status}: {}",
            done.closing()
        );
        let ids: Vec<Value> =
            target.requests().iter().map(|request| events_of(request)[0]["id"].clone()).collect();
        assert_eq!(ids.len(), 3);
        assert!(ids.iter().all(|id| *id == ids[0]), "{status}");
    }
}

#[test]
fn a_connection_that_breaks_is_tried_again() {
    for fault in [Fault::Reset, Fault::Cut(3), Fault::Stall(1), Fault::Silence] {
        let target = Target::answering(move |number, _| {
            let reply = Reply::new(200, "welcome");
            if number == 1 { reply.broken(fault) } else { reply }
        });
        let run = Run::aws(&cloud_of(Sample { rows: 1, ..Sample::default() })).to(&target);
        let done = run.args(["--timeout", "0.2"]).go().exits(0);
        assert!(done.closing().contains("1 event delivered"), "{fault:?}");
        assert_eq!(target.events().len(), 1);
    }
}

#[test]
fn a_refusal_stops_the_run_and_names_the_event() {
    for (status, hint) in [
        (301, "redirects are not followed"),
        (307, "redirects are not followed"),
        (400, "HTTP 400, \"no such schema\""),
        (401, "Authorization header"),
        (403, "Authorization header"),
        (410, "gone for good"),
        (415, "--content-mode"),
        (422, "HTTP 422"),
    ] {
        let elsewhere = Target::start();
        let url = elsewhere.url();
        let target = Target::answering(move |number, _| match number {
            3 => Reply::new(status, "no such schema").with("Location", &url),
            _ => Reply::new(200, ""),
        });
        let cloud = cloud();
        let done = Run::aws(&cloud).to(&target).args(["--concurrency", "1"]).go().exits(6);
        let refused = &events_of(&target.requests()[2])[0];
        let (id, subject) = (refused["id"].as_str().unwrap(), refused["subject"].as_str().unwrap());
        let done = done.says(&[hint, id, subject, "2 events delivered"]);
        assert!(done.stderr.contains(&target.url()[7..20]), "it names the host: {}", done.stderr);
        assert_eq!(target.requests().len(), 3, "{status}: nothing after a refusal");
        assert_eq!(elsewhere.requests().len(), 0, "{status}: a redirect is not followed");
    }
}

#[test]
fn a_target_that_stays_away_is_unavailable() {
    let target = Target::answering(|_, _| Reply::new(503, "<h1>warming up</h1>"));
    let run = Run::aws(&cloud()).to(&target).args(["--concurrency", "1", "--retries", "2"]);
    let done = run.go().exits(7);
    done.says(&[
        "did not take event",
        "HTTP 503",
        "warming up",
        "(tried 3 times)",
        "0 events delivered",
    ]);
    assert_eq!(target.requests().len(), 3);
}

#[test]
fn a_target_that_is_down_is_unavailable() {
    let gone = Target::start().url();
    let run = Run::aws(&cloud()).args(["--target", &gone, "--retries", "1"]);
    run.go().exits(7).says(&["could not connect", "(tried 2 times)", "0 events delivered"]);
}

#[test]
fn retry_after_is_obeyed_within_reason() {
    for value in ["0", "Tue, 14 Jun 2022 07:05:55 GMT"] {
        let target = Target::answering(move |number, _| match number {
            1 => Reply::new(429, "").with("Retry-After", value),
            _ => Reply::new(200, ""),
        });
        Run::aws(&cloud()).to(&target).go().exits(0);
        assert_eq!(target.events().len(), 31);
    }
    // An hour is for the scheduler to wait.
    let target = Target::answering(|_, _| Reply::new(503, "").with("Retry-After", "3600"));
    let run = Run::aws(&cloud()).to(&target).args(["--concurrency", "1"]);
    run.go().exits(7).says(&["did not take event"]);
    assert_eq!(target.requests().len(), 1);
}

#[test]
fn retry_after_pauses_every_worker() {
    let gate = Arc::new(Gate::default());
    let held = Arc::clone(&gate);
    let target = Target::answering(move |number, _| {
        if number == 1 {
            held.await_arrivals(3);
            return Reply::new(429, "").with("Retry-After", "200");
        }
        held.pass();
        Reply::new(200, "")
    });
    let cloud = cloud();
    let run = Run::aws(&cloud).to(&target).args(["-v", "--concurrency", "4"]).start();
    run.await_stderr("target: retry 1 of event");
    gate.open();
    // The three that were under way end; whatever came after them would have to wait.
    target.await_events(3);
    run.signal("TERM");
    run.end().exits(143).says(&["3 events delivered"]);
    assert_eq!(target.requests().len(), 4);
}

#[test]
fn headers_for_the_target_are_sent_and_never_shown() {
    let (token, key) = ("Bearer s3cr3t-target-token", "k3y-of-the-target");
    let config = format!("headers:\n  Authorization: {token}\n");
    let secret = format!("headers:\n  X-Api-Key: {key}\n  authorization: {token}2\n");
    let target = Target::start();
    let run = |target: &Target, cloud: &Cloud| {
        let run = Run::aws(cloud).to(target).file("c.yml", &config).file("s.yml", &secret);
        let run = run.args(["-v", "--config", "c.yml", "--secret", "s.yml", "--concurrency", "1"]);
        run.secret(token).secret(key).go()
    };
    run(&target, &cloud()).exits(0);
    for request in target.requests() {
        assert_eq!(
            request.header("authorization"),
            Some(&*format!("{token}2")),
            "secret.yml first"
        );
        assert_eq!(request.header("x-api-key"), Some(key));
    }
    // Some servers print the request into their answer.
    for status in [400, 503] {
        let echo = Target::answering(move |_, request| {
            Reply::new(status, format!("{} {:?}", request.target, request.headers))
        });
        let code = if status == 400 { 6 } else { 7 };
        run(&echo, &cloud()).exits(code).says(&[&format!("HTTP {status}")]);
    }
}

#[test]
fn a_query_of_the_target_is_sent_and_never_shown() {
    let echo =
        |status| Target::answering(move |_, request| Reply::new(status, request.target.clone()));
    for (status, code) in [(200, 0), (400, 6), (500, 7)] {
        let target = echo(status);
        let cloud = cloud();
        let url = format!("{}?api-version=2018&sig=s3cr3tsig%3D", target.url());
        let run = Run::aws(&cloud).args(["-v", "--target", &url, "--retries", "1"]);
        run.secret("s3cr3tsig").go().exits(code);
        assert_eq!(target.requests()[0].target, "/events?api-version=2018&sig=s3cr3tsig%3D");
    }
    for broken in ["http://127.0.0.1:1/x?sig=s3cr3tsig", "ftp://127.0.0.1/x?sig=s3cr3tsig"] {
        let cloud = cloud();
        let run = Run::aws(&cloud).args(["--target", broken, "--retries", "0"]);
        let done = run.secret("s3cr3tsig").go();
        assert!([2, 7].contains(&done.code), "{}", done.stderr);
    }
}

#[test]
fn a_target_in_the_open_is_said_once() {
    // Of an empty bill nothing is posted, so none of these hosts is asked for.
    let empty = cloud_of(Sample { rows: 0, ..Sample::default() });
    for (url, warned) in [
        ("http://192.0.2.1/events", 1),
        ("http://bills.example.com/events", 1),
        ("https://bills.example.com/events", 0),
        ("http://broker-ingress.knative-eventing.svc.cluster.local/ns/default", 0),
        ("http://localhost:9/events", 0),
    ] {
        let done = Run::aws(&empty).args(["--target", url]).go().exits(0);
        assert_eq!(done.stderr.matches("by plain http").count(), warned, "{url}");
    }
}

#[test]
fn a_refusal_gives_no_token_away_and_begins_no_further_post() {
    let echo = |request: &Request| {
        let token = request.header("authorization").unwrap().split_once(' ').unwrap().1.to_owned();
        Reply::new(401, format!("who is {token}?"))
    };
    for scheme in ["Basic", "Bearer"] {
        let target = Target::answering(move |_, request| echo(request));
        let token = "dXNlcjpwYXNzd29yZA==";
        let secret = format!("headers: {{Authorization: \"{scheme} {token}\"}}\n");
        let run = Run::command("aws").args(["--demo", "--secret", "secret.yml"]);
        let run = run.file("secret.yml", secret).secret(token);
        run.to(&target).go().exits(6).says(&["who is (redacted)?"]);
    }
    let named = ["--demo", "--target", "http://user:pass-word@127.0.0.1:9/"];
    let done = Run::command("aws").args(named).secret("pass-word").go().exits(2);
    done.says(&["the target \"127.0.0.1:9\" may have no user and password", "headers:"]);
}

#[test]
fn a_refusal_waits_once_for_posts_in_flight() {
    let gate = Arc::new(Gate::default());
    let held = Arc::clone(&gate);
    // The second post is held until the run is about to end, and then is too large: no half of it is begun.
    let target = Target::answering(move |number, _| {
        if number == 1 {
            held.await_arrivals(1);
            return Reply::new(400, "");
        }
        held.pass();
        Reply::new(413, "")
    });
    let args = ["--content-mode", "batch", "--batch-size", "10", "--concurrency", "2"];
    let run = Run::aws(&cloud_of(Sample { page: 1000, ..Sample::default() })).args(args);
    let run = run.to(&target).start();
    run.await_stderr("waiting for 1 post in flight");
    gate.open();
    let done = run.end().exits(6);
    assert_eq!(done.stderr.matches("in flight").count(), 1, "{}", done.stderr);
    assert_eq!(target.requests().len(), 2);
}
