use crate::common::{Run, Target, bodies, change, cloud, day, twisted};
use billing_pull::demo::server::Reply;
use billing_pull::demo::{Sample, throttled};
use serde_json::Value;

/// The closing object's members, in the order of the contract.
const MEMBERS: [&str; 12] = [
    "cloud",
    "window",
    "rows",
    "delivered",
    "unchanged",
    "changed",
    "retracted",
    "requests",
    "cost_usd",
    "retries",
    "seconds",
    "exit",
];

#[test]
fn the_closing_line_says_what_was_pulled_delivered_and_paid() {
    let cloud = twisted(Sample::default(), |number, request, reply| match number {
        1 => throttled(request),
        _ => reply,
    });
    for (when, window, figures) in [
        (
            day(3).to_string(),
            day(3).to_string(),
            "31 events delivered, 3 requests ($0.02), 1 retry, ",
        ),
        (
            format!("{}..{}", day(4), day(2)),
            format!("{}..{}", day(4), day(2)),
            "93 events delivered, 5 requests ($0.05), 0 retries, ",
        ),
    ] {
        let done = Run::aws(&cloud).args(["--date", &when]).go().exits(0);
        let figures = format!("aws {window}: {figures}");
        let seconds = done.closing().strip_prefix(&figures);
        let seconds = seconds.unwrap_or_else(|| panic!("{}", done.closing()));
        let seconds: f64 = seconds.strip_suffix(" s").unwrap().parse().unwrap();
        assert!(seconds < 60.0);
    }
}

#[test]
fn a_failed_run_has_its_closing_line_too() {
    let target = Target::answering(|number, _| Reply::new(if number < 8 { 204 } else { 400 }, ""));
    let run = Run::aws(&cloud()).to(&target).args(["--concurrency", "1"]);
    let done = run.go().exits(6);
    assert!(done.closing().contains(": 7 events delivered, "), "{}", done.closing());
}

#[test]
fn json_logs_are_json_to_the_last_line() {
    let date = day(2).to_string();
    let failing = twisted(Sample::default(), |number, _, reply| match number {
        1 => reply,
        _ => Reply::new(503, "<html>\n\"quoted\"</html>"),
    });
    for (cloud, arguments, code, delivered) in [
        (&cloud(), &["-v"][..], 0, 31),
        (&cloud(), &["-q"], 0, 31),
        (&cloud(), &["--max-requests", "1"], 9, 20),
        (&failing, &["-v", "--retries", "2"], 5, 20),
    ] {
        let run = Run::aws(cloud).args(["--log-format", "json", "--date", &date]).args(arguments);
        let done = run.go().exits(code);
        let lines: Vec<Value> = done
            .stderr
            .lines()
            .map(|line| {
                serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
            })
            .collect();
        let (closing, log) = lines.split_last().unwrap();
        let text = done.stderr.lines().last().unwrap();
        let places: Vec<usize> =
            MEMBERS.iter().map(|name| text.find(&format!("\"{name}\":")).unwrap()).collect();
        assert!(places.is_sorted(), "{text}");
        assert_eq!(closing.as_object().unwrap().len(), MEMBERS.len(), "{text}");
        assert_eq!((&closing["cloud"], &closing["window"]), (&"aws".into(), &date.clone().into()));
        assert_eq!(
            (&closing["rows"], &closing["delivered"]),
            (&delivered.into(), &delivered.into())
        );
        assert_eq!(closing["exit"], code);
        assert!(closing["seconds"].as_f64().is_some_and(|seconds| seconds < 60.0));
        let cost = if delivered == 31 { "\"cost_usd\":0.02," } else { "\"cost_usd\":0.01," };
        assert!(text.contains(cost), "{text}");
        for line in log {
            let names: Vec<&String> = line.as_object().unwrap().keys().collect();
            assert_eq!(names, ["level", "message", "time"]);
        }
        let errors = log.iter().filter(|line| line["level"] == "error").count();
        assert_eq!(errors, usize::from(code != 0));
    }
    let run = Run::aws(&cloud()).env("BILLING_PULL_LOG_FORMAT", "json").go().exits(0);
    serde_json::from_str::<Value>(run.closing()).unwrap();
}

#[test]
fn quiet_leaves_only_errors() {
    let done = Run::aws(&cloud()).arg("-q").go().exits(0);
    assert_eq!(done.stderr, "");
    assert_eq!(done.events().len(), 31);
    let failing = twisted(Sample::default(), |_, _, _| Reply::new(503, ""));
    let done = Run::aws(&failing).args(["--quiet", "--retries", "1"]).go().exits(5);
    assert_eq!(done.stderr.lines().count(), 1, "{}", done.stderr);
    done.says(&["error: "]);
}

#[test]
fn verbose_tells_the_version_and_which_ways_out_the_environment_names() {
    let run = || {
        Run::aws(&cloud())
            .env("https_proxy", "http://user:hush-proxy@proxy.example:3128/path")
            .env("NO_PROXY", "localhost,.internal")
            .env("SSL_CERT_FILE", "/etc/own.pem")
            .secret("hush-proxy")
    };
    let version = format!("billing-pull: billing-pull {}", env!("CARGO_PKG_VERSION"));
    run().arg("-v").go().exits(0).says(&[
        &version,
        "https_proxy: proxy.example:3128\n",
        "NO_PROXY: localhost,.internal",
        "SSL_CERT_FILE: /etc/own.pem",
    ]);
    run().go().exits(0).never_says("proxy");
}

#[test]
fn verbose_tells_every_request_and_retry() {
    let cloud = twisted(Sample::default(), |number, request, reply| match number {
        2 => throttled(request),
        _ => reply,
    });
    let target = Target::answering(|number, _| Reply::new(if number == 1 { 503 } else { 200 }, ""));
    let done = Run::aws(&cloud).to(&target).arg("-v").go().exits(0).says(&[
        "credentials: ",
        "AWS Cost Explorer: POST 127.0.0.1:",
        " GetCostAndUsage: 200, request 7d1b2c3e",
        " GetCostAndUsage page 2: 400, request 5c1e2a0b",
        " GetCostAndUsage page 2: retry 1 in 0.0 s: LimitExceededException",
        "target: POST 127.0.0.1:",
        "target: retry 1 of event ",
    ]);
    let posts = done.stderr.lines().filter(|line| line.contains("target: POST")).count();
    assert_eq!(posts, 32);
    let calm = Run::aws(&cloud).go().exits(0);
    calm.never_says("POST").never_says("credentials");
}

#[test]
fn a_dry_run_says_the_request_and_its_price_and_makes_none() {
    let (cloud, target) = (cloud(), Target::start());
    let range = format!("{}..{}", day(9), day(2));
    let run = || Run::aws(&cloud).to(&target).args(["--date", &range, "--dry-run"]);
    let request = format!(
        r#"would send POST {} GetCostAndUsage {{"TimePeriod":{{"Start":"{}","End":"{}"}},"#,
        &cloud.url()[7..],
        day(9),
        day(1)
    );
    let done = run().go().exits(0).says(&[
        &request,
        "1 request or more, one for each page; it would cost at least $0.01; none was made",
    ]);
    assert_eq!(done.stdout, "");
    let keyless = run().without("AWS_ACCESS_KEY_ID").without("AWS_SECRET_ACCESS_KEY");
    keyless.go().exits(0);
    Run::command("aws").arg("--dry-run").go().exits(0).says(&["POST ce.us-east-1.amazonaws.com "]);
    assert_eq!((cloud.seen().len(), target.requests().len()), (0, 0));
    Run::aws(&cloud).args(["--date", &range]).go().exits(0);
    let body = serde_json::to_value(&bodies(&cloud)[0]).unwrap();
    assert_eq!(body["TimePeriod"]["Start"], day(9).to_string(), "as it was said");
}

#[test]
fn what_the_answer_passes_over_is_said() {
    let cloud = twisted(Sample::default(), |_, _, reply| {
        change(reply, |page| {
            page["ResultsByTime"]
                .as_array_mut()
                .unwrap()
                .retain(|period| period["TimePeriod"]["Start"] != day(3).to_string());
        })
    });
    let range = format!("{}..{}", day(4), day(2));
    let done = Run::aws(&cloud).args(["--date", &range]).go().exits(0);
    done.says(&[&format!(
        "says nothing at all about 1 of the periods asked for, {} first",
        day(3)
    )]);
}

#[test]
fn no_bar_is_drawn_where_no_terminal_is() {
    let done = Run::aws(&cloud()).go().exits(0);
    assert!(!done.stderr.contains(['\u{1b}', '\r']), "{:?}", done.stderr);
}
