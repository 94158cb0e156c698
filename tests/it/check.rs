use crate::common::{Cloud, Done, Run, Target, cloud, cloud_of, twisted};
use crate::failures::always;
use billing_pull::demo::server::{Reply, Request};
use billing_pull::demo::{BUCKET, Sample};
use chrono::{TimeDelta, Utc};
use serde_json::Value;

/// Whose keys the sample cloud's are, as each service says it.
const HOLDERS: [(&str, &str); 4] = [
    (
        "aws",
        "account 111122223333, arn:aws:iam::111122223333:user/demo; events carry no account: name it",
    ),
    ("alicloud", "account 1234567890123456, acs:ram::1234567890123456:user/demo"),
    ("baidu", "accountId c0ffee0123456789abcdef0123456789, loginName demo"),
    ("alicloud-oss", "account 1234567890123456, acs:ram::1234567890123456:user/demo"),
];

/// Every pull, and how many findings an undisturbed check of it has.
const PULLS: [(&str, usize); 4] = [("aws", 5), ("alicloud", 5), ("baidu", 5), ("alicloud-oss", 7)];

fn check(command: &str, cloud: &Cloud) -> Run {
    let run = Run::of(command, cloud)
        .arg("--check")
        .env("AWS_ENDPOINT_URL_STS", cloud.url())
        .env("ALIBABA_CLOUD_STS_ENDPOINT", cloud.url())
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true");
    match command {
        "alicloud-oss" => run.args(["--bucket", BUCKET, "--region", "cn-hangzhou"]),
        _ => run,
    }
}

/// What was found: grade, subject and message of each line.
fn findings(done: &Done) -> Vec<(String, String, String)> {
    let finding = |line: &str| {
        let line = line.strip_prefix("billing-pull: ")?;
        let (grade, rest) = line.split_at_checked(5)?;
        let (what, said) = rest.split_once(": ")?;
        let grade = grade.trim();
        ["ok", "warn", "fail"]
            .contains(&grade)
            .then(|| (grade.to_owned(), what.to_owned(), said.to_owned()))
    };
    done.stderr.lines().filter_map(finding).collect()
}

/// The grade and the message of one finding.
#[track_caller]
fn found(done: &Done, what: &str) -> (String, String) {
    let found = findings(done).into_iter().find(|(_, known, _)| known == what);
    let (grade, _, said) = found.unwrap_or_else(|| panic!("no {what} in: {}", done.stderr));
    (grade, said)
}

/// Whether a request is a question about a bill, or for a file of one.
fn is_probe(request: &Request) -> bool {
    let action = request.header("x-acs-action").unwrap_or_default();
    request.header("x-amz-target").is_some()
        || action == "QueryAccountBill"
        || request.path().starts_with("/v1/bill/")
        || request.path().starts_with("/demo-bills/")
}

#[test]
fn all_is_well_and_nothing_is_pulled() {
    for (command, count) in PULLS {
        let cloud = cloud();
        let done = check(command, &cloud).go().exits(0);
        assert_eq!(done.stdout, "", "{command}");
        assert!(findings(&done).iter().all(|(grade, ..)| grade == "ok"), "{}", done.stderr);
        assert_eq!(findings(&done).len(), count, "{}", done.stderr);
        let closing = format!("{command} check: {count} ok, 0 warn, 0 fail, ");
        assert!(done.closing().starts_with(&closing), "{}", done.closing());
        let (_, who) = found(&done, "identity");
        let (_, holder) = HOLDERS.iter().find(|(known, _)| *known == command).unwrap();
        assert!(who.starts_with(holder), "{who}");
        let (_, clock) = found(&done, "clock");
        assert!(clock.contains("the service's, which allows "), "{clock}");
        // One question of a bill; of a bucket its listing, three pages of it, and a byte of a file.
        let probes = cloud.seen().iter().filter(|request| is_probe(request)).count();
        assert_eq!(probes, if command == "alicloud-oss" { 4 } else { 1 }, "{command}");
    }
}

#[test]
fn aws_is_asked_one_question_and_its_price_is_said() {
    let cloud = cloud();
    let done = check("aws", &cloud).args(["--group-by", "REGION", "--account", "42"]).go().exits(0);
    let (_, said) = found(&done, "permission");
    assert!(said.ends_with("this question cost $0.01"), "{said}");
    let probes: Vec<_> = cloud.seen().into_iter().filter(is_probe).collect();
    let [probe] = &probes[..] else { panic!("{} questions", probes.len()) };
    let body: Value = serde_json::from_slice(&probe.body).unwrap();
    assert_eq!(body["GroupBy"][0]["Key"], "REGION", "the very question of the pull");
    let day = |name: &str| body["TimePeriod"][name].as_str().unwrap().to_owned();
    let today = Utc::now().date_naive();
    assert_eq!((day("End"), day("Start")), (today.to_string(), crate::common::day(1).to_string()));
    let (_, who) = found(&done, "identity");
    let who_expected = "account 111122223333, arn:aws:iam::111122223333:user/demo; \
                        events carry the account \"42\"";
    assert_eq!(who, who_expected);
    assert!(done.closing().contains("1 request ($0.01)"), "{}", done.closing());
}

#[test]
fn the_demo_cloud_is_well() {
    for (command, _) in PULLS {
        let done = Run::command(command).args(["--demo", "--check"]).go().exits(0);
        assert!(findings(&done).iter().all(|(grade, ..)| grade == "ok"), "{}", done.stderr);
    }
}

#[test]
fn a_permission_that_lacks_comes_with_the_least_policy() {
    let denials: [(&str, u16, &str, &str, &str); 4] = [
        (
            "aws",
            400,
            r#"{"__type":"AccessDeniedException","message":"User is not authorized to perform: ce:GetCostAndUsage"}"#,
            "permission",
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ce:GetCostAndUsage","Resource":"*"}]}"#,
        ),
        (
            "alicloud",
            400,
            r#"{"Code":"NotAuthorized","Message":"This API is not authorized for caller.","RequestId":"R"}"#,
            "permission",
            r#""Action":["bssapi:QueryAccountBill","bss:QueryAccountBill"]"#,
        ),
        (
            "baidu",
            403,
            r#"{"code":"AccessDenied","message":"Access denied.","requestId":"R"}"#,
            "permission",
            "FCFullControlPolicy",
        ),
        (
            "alicloud-oss",
            403,
            "<Error><Code>AccessDenied</Code><Message>No.</Message><RequestId>R</RequestId></Error>",
            "listing",
            r#"{"Effect":"Allow","Action":"oss:ListObjects","Resource":"acs:oss:*:*:demo-bills"}"#,
        ),
    ];
    for (command, status, body, what, policy) in denials {
        let cloud = twisted(Sample::default(), move |_, request, good| {
            if is_probe(request) { Reply::new(status, body) } else { good }
        });
        let done = check(command, &cloud).go().exits(3);
        let (grade, said) = found(&done, what);
        assert_eq!(grade, "fail", "{command}");
        assert!(said.contains(policy), "{command}: {said}");
        if let Some(at) = said.find('{').filter(|_| command != "baidu") {
            let policy: Value = serde_json::from_str(&said[at..]).unwrap();
            assert!(policy["Statement"][0]["Effect"] == "Allow", "{policy}");
        }
        done.says(&[&format!("error: 1 check failed: {what}"), ", 1 fail, "]);
    }
}

#[test]
fn keys_that_are_missing_or_wrong_are_the_first_finding() {
    for (command, _) in PULLS {
        let names = crate::common::key_names(command);
        let done = check(command, &cloud()).without(names[0]).without(names[1]).go().exits(3);
        let (grade, said) = found(&done, "credentials");
        assert_eq!((grade.as_str(), findings(&done).len()), ("fail", 1), "{}", done.stderr);
        assert!(said.contains("looked at"), "{said}");
        let done = check(command, &cloud()).env(names[1], "not-the-secret").go().exits(3);
        let failed = findings(&done).into_iter().filter(|(grade, ..)| grade == "fail");
        let failed: Vec<_> = failed.map(|(_, what, said)| format!("{what}: {said}")).collect();
        assert!(!failed.is_empty(), "{}", done.stderr);
        assert!(failed.iter().all(|said| said.contains("secret")), "{failed:?}");
    }
}

#[test]
fn a_token_service_out_of_reach_is_no_fault() {
    for command in ["aws", "alicloud", "alicloud-oss"] {
        let done = check(command, &cloud())
            .args(["--retries", "0"])
            .env("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:9")
            .env("ALIBABA_CLOUD_STS_ENDPOINT", "http://127.0.0.1:9")
            .go()
            .exits(0);
        let (grade, said) = found(&done, "identity");
        assert_eq!(grade, "warn", "{command}");
        assert!(said.contains("could not connect"), "{said}");
    }
}

#[test]
fn a_clock_that_is_off_is_told_before_it_is_too_far_off() {
    for (seconds, grade, code) in [(0, "ok", 0), (90, "warn", 0), (310, "fail", 3)] {
        let cloud = twisted(Sample::default(), move |_, _, good| {
            let there = Utc::now() + TimeDelta::seconds(seconds);
            good.with("Date", &there.format("%a, %d %b %Y %H:%M:%S GMT").to_string())
        });
        let done = check("aws", &cloud).go().exits(code);
        let (found, said) = found(&done, "clock");
        assert_eq!(found, grade, "{said}");
        assert_eq!(said.contains("behind the service's"), seconds > 0, "{said}");
        assert_eq!(said.contains("set it right (NTP)"), seconds > 0, "{said}");
    }
}

#[test]
fn the_target_is_asked_only_where_that_is_wanted() {
    let target = Target::start();
    let done = check("aws", &cloud()).to(&target).go().exits(0);
    assert!(target.requests().is_empty());
    done.says(&["was not asked: --check-target sends it one billing-pull.check event"]);

    for mode in ["structured", "binary", "batch"] {
        let target = Target::start();
        let run = Run::command("aws").args(["--demo", "--check-target", "--content-mode", mode]);
        let done = run.to(&target).go().exits(0);
        let (grade, said) = found(&done, "target");
        assert_eq!(grade, "ok");
        assert!(said.contains("took a billing-pull.check event in "), "{said}");
        let [event] = &target.events()[..] else { panic!("{} events", target.events().len()) };
        assert_eq!(event["type"], "billing-pull.check", "{mode}");
        assert!(event["id"].as_str().is_some_and(|id| id.len() == 36));
    }
}

#[test]
fn a_target_that_refuses_or_is_away_fails_the_check() {
    let closed = Target::answering(|_, _| Reply::new(401, "who are you?"));
    let done = check("aws", &cloud()).arg("--check-target").to(&closed).go().exits(6);
    let (grade, said) = found(&done, "target");
    assert_eq!(grade, "fail");
    assert!(said.contains("HTTP 401") && said.contains("Authorization"), "{said}");

    let away = ["--check-target", "--target", "http://127.0.0.1:9", "--retries", "0"];
    let done = check("aws", &cloud()).args(away).go().exits(7);
    let (grade, said) = found(&done, "target");
    assert_eq!(grade, "fail");
    assert!(
        said.ends_with("check its URL and that it is up, then run again: ids repeat"),
        "{said}"
    );

    let done = check("aws", &cloud()).arg("--check-target").go().exits(2);
    done.says(&["--check-target needs a target"]);
}

#[test]
fn a_finding_that_needs_a_person_is_the_worst() {
    let down = always(|_| Reply::new(503, ""));
    let closed = Target::answering(|_, _| Reply::new(403, ""));
    let run = check("aws", &down).args(["--retries", "0", "--check-target"]).to(&closed);
    let done = run.go().exits(6);
    done.says(&["error: 2 checks failed: permission, target"]);
    check("aws", &down).args(["--retries", "0"]).go().exits(5);
}

#[test]
fn machines_read_each_finding_as_an_object() {
    let cloud = twisted(Sample::default(), |_, request, good| {
        if is_probe(request) { Reply::new(403, "<html>") } else { good }
    });
    let done = check("aws", &cloud).args(["--log-format", "json"]).go().exits(4);
    let lines: Vec<Value> =
        done.stderr.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let checks: Vec<&Value> = lines.iter().filter(|line| line.get("check").is_some()).collect();
    assert_eq!(checks.len(), 5);
    let failed = checks.iter().find(|line| line["check"] == "permission").unwrap();
    assert_eq!((&failed["status"], &failed["level"]), (&"fail".into(), &"error".into()));
    assert!(failed["message"].as_str().is_some_and(|text| text.contains("a proxy in between")));
    let closing = lines.last().unwrap();
    assert_eq!((&closing["window"], &closing["exit"]), (&"check".into(), &4.into()));

    let done = check("aws", &cloud).arg("-q").go().exits(4);
    assert_eq!(findings(&done).len(), 1, "with -q only what fails: {}", done.stderr);
}

#[test]
fn a_bucket_without_a_file_or_a_subscription_is_told() {
    let empty = cloud_of(Sample { objects: Some(Vec::new()), ..Sample::default() });
    let done = check("alicloud-oss", &empty).go().exits(0);
    let (grade, said) = found(&done, "listing");
    assert_eq!(grade, "warn");
    assert!(said.contains("has no file of BillingItemDetail: check --prefix"), "{said}");
    assert_eq!(found(&done, "subscription").0, "ok");

    let done =
        check("alicloud-oss", &cloud()).args(["--file-type", "InstanceDetail"]).go().exits(0);
    let (grade, said) = found(&done, "subscription");
    assert_eq!(grade, "warn");
    let told = "subscribed: BillingItemDetailForBillingPeriod to demo-bills";
    assert!(said.contains(told) && said.contains("billing-pull alicloud-subscribe"), "{said}");

    // Objects that a test wrote are of 1970.
    let name = "1234567890123456_BillingItemDetail_20260301";
    let objects = Some(vec![(name.to_owned(), b"a,b\n1,2\n".to_vec())]);
    let old = cloud_of(Sample { objects, ..Sample::default() });
    let done = check("alicloud-oss", &old).go().exits(0);
    let (grade, said) = found(&done, "listing");
    assert_eq!(grade, "warn");
    assert!(said.contains(name) && said.contains("has the subscription ended"), "{said}");
    assert_eq!(found(&done, "reading").0, "ok");
}

#[test]
fn a_subscription_that_may_not_be_seen_stops_no_pull() {
    let cloud = twisted(Sample::default(), |_, request, good| {
        if request.header("x-acs-action") == Some("QueryBillToOSSSubscription") {
            Reply::new(400, r#"{"Code":"NoPermission","Message":"No.","RequestId":"R"}"#)
        } else {
            good
        }
    });
    let done = check("alicloud-oss", &cloud).go().exits(0);
    let (grade, said) = found(&done, "subscription");
    assert_eq!(grade, "warn");
    assert!(said.contains(r#""Action":"bss:DescribeSubscribeToOSS""#), "{said}");
}

#[test]
fn files_of_this_machine_need_no_keys() {
    let name = "1234567890123456_BillingItemDetail_202603.csv";
    let run = Run::command("alicloud-oss").args(["--check", name]).file(name, "a,b\n1,2\n");
    let done = run.go().exits(0);
    let (grade, said) = found(&done, "file");
    assert_eq!(grade, "ok");
    assert_eq!(said, format!("{name}: 8 bytes, 1234567890123456/BillingItemDetail/202603"));
    Run::command("alicloud-oss").args(["--check", "missing_BillingItemDetail.csv"]).go().exits(2);
}

#[test]
fn a_check_stops_like_a_pull() {
    let silent = always(|_| Reply::new(503, "").with("Retry-After", "200"));
    let running = check("aws", &silent).args(["-v"]).start();
    running.await_stderr("retry 1 in ");
    running.signal_till_end("TERM").exits(143);
}

#[test]
fn a_file_that_may_be_listed_but_not_read_fails_the_check() {
    let cloud = twisted(Sample::default(), |_, request, good| {
        if is_probe(request) && !request.target.contains("list-type") {
            let body = "<Error><Code>AccessDenied</Code><Message>No.</Message></Error>";
            Reply::new(403, body)
        } else {
            good
        }
    });
    let done = check("alicloud-oss", &cloud).go().exits(3);
    assert_eq!(found(&done, "listing").0, "ok");
    let (grade, said) = found(&done, "reading");
    assert_eq!(grade, "fail");
    assert!(
        said.contains(r#""Action":"oss:GetObject","Resource":"acs:oss:*:*:demo-bills/*""#),
        "{said}"
    );

    let name = "1234567890123456_BillingItemDetail_20260301";
    let objects = Some(vec![(name.to_owned(), Vec::new())]);
    let empty = cloud_of(Sample { objects, ..Sample::default() });
    let done = check("alicloud-oss", &empty).go().exits(0);
    assert_eq!(
        found(&done, "reading"),
        ("warn".into(), "not asked for: the newest file is empty".into())
    );
}
