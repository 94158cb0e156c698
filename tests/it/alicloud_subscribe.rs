use crate::common::{Cloud, Done, Run, change, cloud, cloud_of, twisted};
use billing_pull::demo::Sample;
use billing_pull::demo::server::{Fault, Reply, Request};
use chrono::{Months, TimeDelta, Utc};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const CREATE: &str = "SubscribeBillToOSS";
const REMOVE: &str = "UnsubscribeBillToOSS";
const LIST: &str = "QueryBillToOSSSubscription";
/// A type that the sample cloud has no subscription of, and the one that it has.
const NEW: &str = "InstanceDetailMonthly";
const OLD: &str = "BillingItemDetailForBillingPeriod";

fn of(cloud: &Cloud) -> Run {
    Run::of("alicloud-subscribe", cloud)
}

fn create(cloud: &Cloud) -> Run {
    of(cloud).args(["--bucket", "demo-bills", "--type", NEW])
}

fn remove(cloud: &Cloud) -> Run {
    of(cloud).args(["--remove", "--type", OLD])
}

fn action(request: &Request) -> &str {
    request.header("x-acs-action").unwrap_or_default()
}

/// The actions that were asked for, in order.
fn asked(cloud: &Cloud) -> Vec<String> {
    cloud.seen().iter().map(|request| action(request).to_owned()).collect()
}

fn types(sample: &Sample) -> Vec<String> {
    let all = sample.subscriptions.lock().unwrap();
    all.iter().map(|one| one["SubscribeType"].as_str().unwrap().to_owned()).collect()
}

/// A cloud that loses the first `count` answers to this action, before or after it has acted.
fn losing(sample: &Sample, what: &'static str, count: usize, acts: bool) -> Cloud {
    let lost = std::sync::Mutex::new(0);
    let state = sample.clone();
    let before = std::sync::Mutex::new(sample.subscriptions.lock().unwrap().clone());
    twisted(sample.clone(), move |_, request, reply| {
        let mut lost = lost.lock().unwrap();
        if action(request) != what || *lost == count {
            return reply;
        }
        *lost += 1;
        if !acts {
            state.subscriptions.lock().unwrap().clone_from(&before.lock().unwrap());
        }
        reply.broken(Fault::Reset)
    })
}

fn closing(done: &Done) -> &str {
    done.closing()
}

#[test]
fn a_subscription_is_created_with_every_parameter() {
    let sample = Sample::default();
    let cloud = cloud_of(sample.clone());
    let begin = (Utc::now() + TimeDelta::hours(8)).date_naive() - Months::new(3);
    let begin = begin.format("%Y-%m").to_string();
    let done = create(&cloud)
        .args([
            "--path",
            "账单/2026/",
            "--begin",
            &begin,
            "--row-limit",
            "300000",
            "--accounts",
            "MA",
        ])
        .args(["--bucket-owner", "12341324", "--ssl"])
        .go()
        .exits(0);
    let seen = cloud.seen();
    assert_eq!(
        (seen.len(), action(&seen[0]), seen[0].header("x-acs-version")),
        (1, CREATE, Some("2017-12-14"))
    );
    let expected = [
        ("BeginBillingCycle", begin.as_str()),
        ("BucketOwnerId", "12341324"),
        ("BucketPath", "账单/2026/"),
        ("MultAccountRelSubscribe", "MA"),
        ("RowLimitPerFile", "300000"),
        ("SubscribeBucket", "demo-bills"),
        ("SubscribeType", NEW),
        ("UsingSsl", "true"),
    ];
    let expected: BTreeMap<_, _> =
        expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    assert_eq!(seen[0].query().into_iter().collect::<BTreeMap<_, _>>(), expected);
    assert_eq!(types(&sample), [OLD, NEW]);
    assert_eq!(done.stdout, "");
    assert_eq!(
        closing(&done),
        format!(
            "alicloud-subscribe: subscribed {NEW} for MA: files will be pushed to demo-bills/账单/2026/"
        )
    );

    create(&cloud).go().exits(4).says(&["DuplicateSubscription", "see --list", "--remove"]);
    let done = of(&cloud).args(["--remove", "--type", NEW]).go().exits(0);
    assert_eq!(
        closing(&done),
        format!("alicloud-subscribe: ended the subscription of {NEW} for MA")
    );
    assert_eq!(types(&sample), [OLD]);
    let last = cloud.seen().pop().unwrap();
    assert_eq!((action(&last), last.query().len()), (REMOVE, 1));
}

#[test]
fn programs_get_the_services_own_items() {
    let cloud = cloud();
    let done = of(&cloud).arg("--list").go().exits(0);
    let item: Value = serde_json::from_str(done.stdout.trim()).unwrap();
    assert_eq!((&item["SubscribeType"], &item["RowLimitPerFile"]), (&OLD.into(), &300_000.into()));
    assert_eq!(closing(&done), "alicloud-subscribe: 1 subscription");
    assert_eq!(of(&cloud).args(["--list", "-q"]).go().exits(0).stderr, "");

    for items in [json!([]), json!({}), json!({"Item": []}), Value::Null] {
        let cloud = twisted(Sample::default(), move |_, _, reply| {
            change(reply, |body| body["Data"]["Items"] = items.clone())
        });
        let done = of(&cloud).arg("--list").go().exits(0);
        assert_eq!(
            (done.stdout.as_str(), closing(&done)),
            ("", "alicloud-subscribe: 0 subscriptions")
        );
    }
    let plain = twisted(Sample::default(), |_, _, reply| {
        change(reply, |body| body["Data"]["Items"] = body["Data"]["Items"]["Item"].take())
    });
    assert_eq!(of(&plain).arg("--list").go().exits(0).stdout.lines().count(), 1);
    let none =
        twisted(Sample::default(), |_, _, reply| change(reply, |body| body["Data"] = Value::Null));
    of(&none).arg("--list").go().exits(4).says(&["the answer is not understood: it has no Data"]);
}

#[test]
fn refusals_say_what_to_do() {
    for (code, exit, needle) in [
        ("OssPermissionDenied", 4, "AliyunConsumeDump2OSSRole"),
        ("DuplicateSubscription", 4, "--remove"),
        ("ExportFileToOSSFailed", 4, "the bucket is missing"),
        ("NotAuthorized", 3, "allow bss:ModifySubscribeToOSS on *"),
        ("NotApplicable", 4, "the other site"),
        ("InvalidAccessKeyId.NotFound", 3, "access key id is unknown"),
    ] {
        let cloud = twisted(Sample::default(), move |_, _, _| {
            let body = format!(r#"{{"RequestId":"R-1","Code":"{code}","Message":"No."}}"#);
            Reply { status: 400, ..Reply::json(body) }
        });
        let done = create(&cloud).go().exits(exit);
        done.says(&[code, needle, "R-1", "POST 127.0.0.1", CREATE]);
        assert_eq!(
            asked(&cloud),
            [CREATE],
            "{code}: a refusal is no reason to look or to try again"
        );
    }
    let cloud = cloud();
    of(&cloud)
        .args(["--bucket", "demo-closed", "--type", NEW])
        .go()
        .exits(4)
        .says(&["OssPermissionDenied"]);
    of(&cloud)
        .args(["--bucket", "nowhere", "--type", NEW])
        .go()
        .exits(4)
        .says(&["ExportFileToOSSFailed"]);
}

#[test]
fn what_the_document_forbids_is_refused_before() {
    let cloud = cloud();
    for (arguments, needle) in [
        (&["--path", "/a"][..], "start with a slash"),
        (&["--path", "a//b"], "two slashes"),
        (&["--path", "a/../b"], "part that is .."),
        (&["--path", "😀"], "emojis"),
        (&["--path", ""], "1 to 254"),
        (&["--begin", "2020-01"], "more than a year ago"),
        (&["--begin", "2026-1"], "is no month"),
        (&["--row-limit", "0"], "--row-limit"),
        (&["--bucket-owner", "me"], "--bucket-owner"),
        (&["--list"], "cannot be used with"),
        (&["--remove"], "cannot be used with"),
    ] {
        create(&cloud).args(arguments).go().exits(2).says(&[needle]);
    }
    let this = (Utc::now() + TimeDelta::hours(8)).format("%Y-%m").to_string();
    of(&cloud)
        .args(["--bucket", "demo-bills", "--type", "MonthBill", "--begin", &this])
        .go()
        .exits(2)
        .says(&["no effect on MonthBill"]);
    of(&cloud).go().exits(2).says(&["--bucket", "--type"]);
    of(&cloud)
        .args(["--bucket", "a/b", "--type", NEW])
        .go()
        .exits(2)
        .says(&["is no bucket's name"]);
    of(&cloud)
        .args(["--bucket", "demo-bills", "--type", ""])
        .go()
        .exits(2)
        .says(&["--type is empty"]);
    assert!(cloud.seen().is_empty());
}

#[test]
fn unknown_values_are_passed_on_with_a_warning() {
    let cloud = cloud();
    let done = of(&cloud)
        .args(["--bucket", "demo-bills", "--type", "BillingItemDetail", "--accounts", "ACP2"])
        .go();
    done.exits(0).says(&[
        "warning: --type \"BillingItemDetail\" is not known here",
        "the nearest known one is BillingItemDetailForBillingPeriod",
        "the nearest known one is ACP1",
    ]);
    let query = cloud.seen()[0].query();
    assert_eq!(
        (query["SubscribeType"].as_str(), query["MultAccountRelSubscribe"].as_str()),
        ("BillingItemDetail", "ACP2")
    );
}

#[test]
fn a_call_whose_answer_got_lost_is_looked_after_first() {
    let sample = Sample::default();
    let cloud = losing(&sample, CREATE, 1, true);
    let done = create(&cloud)
        .go()
        .exits(0)
        .says(&["looking whether it was done", "the list of subscriptions shows it"]);
    assert_eq!(asked(&cloud), [CREATE, LIST]);
    assert!(closing(&done).starts_with("alicloud-subscribe: subscribed"), "{}", closing(&done));
    assert_eq!(types(&sample), [OLD, NEW]);

    let cloud = losing(&sample, REMOVE, 1, true);
    remove(&cloud).go().exits(0).says(&["the list of subscriptions shows it"]);
    assert_eq!(asked(&cloud), [REMOVE, LIST]);
    assert_eq!(types(&sample), [NEW]);
}

#[test]
fn a_call_that_was_not_carried_out_is_made_once_more() {
    let sample = Sample::default();
    let cloud = losing(&sample, CREATE, 1, false);
    create(&cloud).go().exits(0).says(&["it was not done: trying once more"]);
    assert_eq!(asked(&cloud), [CREATE, LIST, CREATE]);
    assert_eq!(types(&sample), [OLD, NEW]);

    let sample = Sample::default();
    let cloud = losing(&sample, REMOVE, 1, false);
    remove(&cloud).go().exits(0);
    assert_eq!(asked(&cloud), [REMOVE, LIST, REMOVE]);
    assert!(types(&sample).is_empty());

    // And never a third time.
    let cloud = losing(&Sample::default(), CREATE, 9, false);
    create(&cloud).go().exits(5).never_says("subscribed");
    assert_eq!(asked(&cloud), [CREATE, LIST, CREATE, LIST]);
    let cloud = losing(&Sample::default(), CREATE, 2, true);
    create(&cloud).go().exits(0);
    assert_eq!(asked(&cloud), [CREATE, LIST]);
}

#[test]
fn a_subscription_of_another_bucket_is_not_the_one_that_was_asked_for() {
    let cloud = losing(&Sample::default(), CREATE, 1, true);
    let run = of(&cloud).args(["--bucket", "demo-bills", "--path", "other", "--type", OLD]);
    run.go().exits(4).says(&["DuplicateSubscription"]);
    assert_eq!(asked(&cloud), [CREATE, LIST, CREATE, LIST]);
}

#[test]
fn a_service_that_broke_may_have_acted() {
    for (status, body) in [
        (400, r#"{"Code":"InternalError","Message":"x"}"#),
        (500, r#"{"Code":"UndefinedError","Message":"x"}"#),
        (502, "<html>Bad Gateway</html>"),
        (200, r#"{"Code":"InternalError","Success":false}"#),
    ] {
        let cloud = twisted(Sample::default(), move |number, _, reply| {
            if number == 1 { Reply { status, ..Reply::json(body) } } else { reply }
        });
        create(&cloud).go().exits(0).says(&["the list of subscriptions shows it"]);
        assert_eq!(asked(&cloud), [CREATE, LIST], "{body}");
    }
}

#[test]
fn a_call_that_was_throttled_has_not_been_carried_out() {
    let sample = Sample::default();
    let state = sample.clone();
    let cloud = twisted(sample.clone(), move |number, _, reply| {
        if number > 3 {
            return reply;
        }
        state.subscriptions.lock().unwrap().truncate(1);
        Reply { status: 400, ..Reply::json(r#"{"Code":"Throttling.User","Message":"x"}"#) }
    });
    create(&cloud).go().exits(0).never_says("looking");
    assert_eq!(asked(&cloud), [CREATE, CREATE, CREATE, CREATE]);
    assert_eq!(types(&sample), [OLD, NEW]);
}

#[test]
fn a_dry_run_shows_the_call_and_makes_none() {
    let cloud = cloud();
    let run = create(&cloud).args(["--path", "bill-data", "--ssl", "--dry-run"]);
    run.go().exits(0).says(&["would send POST 127.0.0.1", "SubscribeBillToOSS SubscribeType=InstanceDetailMonthly SubscribeBucket=demo-bills BucketPath=bill-data UsingSsl=true"]);
    remove(&cloud)
        .arg("--dry-run")
        .go()
        .exits(0)
        .says(&["UnsubscribeBillToOSS SubscribeType=BillingItemDetailForBillingPeriod"]);
    of(&cloud)
        .args(["--list", "--dry-run"])
        .go()
        .exits(0)
        .says(&["would send POST 127.0.0.1", LIST]);
    assert!(cloud.seen().is_empty());
}

#[test]
fn the_keys_come_from_where_a_pull_has_them() {
    let cloud = cloud();
    let url = cloud.url();
    let secret = "access_key_id: DEMOACCESSKEYID\nsecret_access_Key: demo/secret+access/key\n";
    let run = || {
        Run::command("alicloud-subscribe").file("secret.yml", secret).args([
            "--list",
            "--endpoint",
            &url,
        ])
    };
    assert_eq!(run().args(["--secret", "secret.yml"]).go().exits(0).stdout.lines().count(), 1);
    assert_eq!(run().env("CONNECTOR_SECRET", "secret.yml").go().exits(0).stdout.lines().count(), 1);
    run()
        .env("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true")
        .go()
        .exits(3)
        .says(&["ALIBABA_CLOUD_ACCESS_KEY_ID"]);
    let json = run().args(["--secret", "secret.yml", "--log-format", "json"]).go().exits(0);
    let line: Value = serde_json::from_str(json.stderr.lines().last().unwrap()).unwrap();
    assert_eq!(line["message"], "alicloud-subscribe: 1 subscription");
}

#[test]
fn the_demo_works_the_same() {
    let run =
        |arguments: &[&str]| Run::command("alicloud-subscribe").arg("--demo").args(arguments).go();
    assert_eq!(run(&["--list"]).exits(0).stdout.lines().count(), 1);
    run(&["--bucket", "demo-bills", "--type", NEW]).exits(0);
    run(&["--remove", "--type", OLD]).exits(0);
}
