use crate::common::{Cloud, Done, Run, assert_unique, cloud, cloud_of, twisted};
use billing_pull::demo::server::{Fault, Reply, Request};
use billing_pull::demo::{ACCESS_KEY_ID, BUCKET, Sample};
use chrono::{Days, NaiveDate, TimeDelta, Utc};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;
use zip::write::SimpleFileOptions;

const UID: &str = "1234567890123456";

/// The day `ago` days before today, in UTC+8.
fn day(ago: u64) -> NaiveDate {
    (Utc::now() + TimeDelta::hours(8)).date_naive() - Days::new(ago)
}

fn of(cloud: &Cloud) -> Run {
    Run::of("alicloud-oss", cloud).args(["--bucket", BUCKET, "--region", "cn-hangzhou"])
}

/// A pull of March 2026 in a bucket that holds these objects.
fn march(cloud: &Cloud) -> Run {
    of(cloud).args(["--date", "2026-03"])
}

/// A bucket that holds these objects; one page each.
fn sample(objects: &[(&str, &[u8])]) -> Sample {
    let objects = objects.iter().map(|(key, body)| ((*key).to_owned(), body.to_vec())).collect();
    Sample { objects: Some(objects), page: 1000, ..Sample::default() }
}

fn holding(objects: &[(&str, &[u8])]) -> Cloud {
    cloud_of(sample(objects))
}

/// A bill of this many lines, every tenth like the one before it.
fn bill(name: &str, lines: usize) -> Vec<u8> {
    let mut text = "\u{feff}账期,实例ID,备注,应付金额\r\n".to_owned();
    for line in 0..lines {
        let line = if line % 10 == 9 { line - 1 } else { line };
        write!(text, "2026-03,i-{name}-{line}\t,\"a,\r\nb {line}\",0.{line:04}\r\n").unwrap();
    }
    text.into_bytes()
}

fn zipped(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, body) in members {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(body).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// What the events say, without the time of the pull.
fn said(done: &Done) -> Vec<String> {
    let timeless = |line: &str| {
        let mut event: serde_json::Value = serde_json::from_str(line).unwrap();
        event["time"].take();
        event.to_string()
    };
    done.stdout.lines().map(timeless).collect()
}

/// The keys that were read, in order.
fn files(done: &Done) -> Vec<String> {
    let mut files = Vec::new();
    for event in done.events() {
        let file = event["data"]["file"].as_str().unwrap().to_owned();
        if files.last() != Some(&file) {
            files.push(file);
        }
    }
    files
}

fn refusal(status: u16, code: &str, more: &str) -> Reply {
    let body = format!(
        "<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>No.</Message><RequestId>R-1</RequestId>{more}</Error>"
    );
    Reply::new(status, body).with("Content-Type", "application/xml")
}

fn is_get(request: &Request) -> bool {
    !request.target.contains("list-type")
}

#[test]
fn a_day_is_listed_and_read_by_the_requests_that_the_api_documents() {
    let cloud = cloud_of(Sample { page: 1000, ..Sample::default() });
    let yesterday = day(1);
    let done = of(&cloud).args(["--prefix", "bill-data/"]).go().exits(0);
    let seen = cloud.seen();
    let [list, get] = &seen[..] else { panic!("{} requests", seen.len()) };
    assert_eq!((&*list.method, list.path()), ("GET", "/demo-bills/"));
    let query: BTreeSet<_> = list.query().into_iter().collect();
    let expected = [
        ("encoding-type", "url"),
        ("list-type", "2"),
        ("max-keys", "1000"),
        ("prefix", "bill-data/"),
    ];
    assert_eq!(query, expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
    let key = format!("bill-data/{UID}_BillingItemDetail_{}", yesterday.format("%Y%m%d"));
    assert_eq!(get.target, format!("/demo-bills/{key}"));
    assert!(get.header("if-match").is_some() && get.header("range").is_none());
    for request in &seen {
        let authorization = request.header("authorization").unwrap();
        assert!(authorization.starts_with("OSS4-HMAC-SHA256 Credential="), "{authorization}");
        assert!(authorization.contains("/cn-hangzhou/oss/aliyun_v4_request"), "{authorization}");
    }

    let events = done.events();
    assert_eq!(events.len(), 31);
    let first = &events[0];
    assert_eq!(first["type"], "alicloud.billing_item_detail");
    assert_eq!(first["source"], "cloud.alicloud.billing");
    assert_eq!(first["account"], UID);
    let subject = format!("{UID}/BillingItemDetail/{}", yesterday.format("%Y%m%d"));
    assert_eq!(first["subject"], subject);
    let data = &first["data"];
    assert_eq!(data["VanceSource"], "cloud.alicloud.billing");
    assert_eq!(data["VanceType"], "alicloud.billing_item_detail");
    assert_eq!(data["Usage Start Time"], format!("{yesterday} 00:00:00"));
    assert_eq!(data["Instance Tag"], r#"{"team":"a"}"#);
    assert!(!data["Instance ID"].as_str().unwrap().ends_with('\t'));
    assert_eq!((&data["file"], data["line"].to_string()), (&key.into(), "1".to_owned()));
    assert_unique(&done.each("id"));
    assert!(
        done.closing()
            .starts_with(&format!("alicloud-oss {yesterday}: 31 events delivered, 2 requests, ")),
        "{}",
        done.closing()
    );
    assert_eq!(said(&done), said(&of(&cloud).go().exits(0)), "the same row has the same id");
}

#[test]
fn a_window_reads_days_or_months_and_never_both() {
    let one = bill("a", 3);
    let cloud = holding(&[
        ("bill-data/1234567890123456_BillingItemDetail_202603", &bill("m", 5)),
        ("bill-data/1234567890123456_BillingItemDetail_20260302.csv", &one),
        ("bill-data/1234567890123456_BillingItemDetail_20260301", &one),
        ("1111111111111111_BillingItemDetail_20260302", &one),
        ("1111111111111111_InstanceDetail_20260302", &one),
        ("1111111111111111_BillingItemDetail_20260401", &one),
        ("bill-data/1234567890123456__MonthBill_202603", b"%PDF-1.4"),
        ("bill-data/", b""),
        ("bill-data/readme.txt", b"x"),
    ]);
    let daily = march(&cloud).args(["-v"]).go().exits(0).says(&[
        "\"bill-data/readme.txt\" is passed over: it is no bill file by its name",
        "\"bill-data/1234567890123456__MonthBill_202603\" is passed over: it is a PDF",
        "warning: the bucket has no file of BillingItemDetail for 2026-03-03, 2026-03-04",
    ]);
    assert_eq!(
        files(&daily),
        [
            "bill-data/1234567890123456_BillingItemDetail_20260301",
            "1111111111111111_BillingItemDetail_20260302",
            "bill-data/1234567890123456_BillingItemDetail_20260302.csv",
        ]
    );
    assert_unique(&daily.each("id"));
    let month = march(&cloud).args(["--granularity", "monthly"]).go().exits(0);
    assert_eq!(files(&month), ["bill-data/1234567890123456_BillingItemDetail_202603"]);
    assert_eq!(month.events().len(), 5);
    let subscription =
        march(&cloud).args(["--file-type", "InstanceDetailForBillingPeriod"]).go().exits(0);
    assert_eq!(subscription.each("type")[0], "alicloud.instance_detail");
    assert_eq!(files(&subscription), ["1111111111111111_InstanceDetail_20260302"]);
}

#[test]
fn pages_end_and_a_token_that_repeats_is_no_end() {
    let bodies: Vec<_> = (1..=31).map(|day| bill(&day.to_string(), 1)).collect();
    let keys: Vec<_> =
        (1..=31).map(|day| format!("账 单/{UID}_BillingItemDetail_202603{day:02}")).collect();
    let objects: Vec<(&str, &[u8])> =
        keys.iter().map(String::as_str).zip(bodies.iter().map(Vec::as_slice)).collect();
    let paged = Sample { page: 7, ..sample(&objects) };
    let cloud = cloud_of(paged.clone());
    let done = march(&cloud).go().exits(0);
    assert_eq!(files(&done), keys);
    assert_eq!(cloud.seen().iter().filter(|request| !is_get(request)).count(), 5);

    let cloud = twisted(paged, |_, request, reply| {
        if is_get(request) || reply.status != 200 {
            return reply;
        }
        let text = String::from_utf8(reply.body).unwrap();
        let start = text.find("<NextContinuationToken>").unwrap_or(text.len());
        let end = text.find("</NextContinuationToken>").unwrap_or(text.len());
        Reply::new(
            200,
            format!("{}<NextContinuationToken>14%2B%2F%3D{}", &text[..start], &text[end..]),
        )
    });
    march(&cloud).go().exits(5).says(&["page 2 names a page token that came before"]);
}

#[test]
fn identical_lines_keep_their_own_ids() {
    let cloud = holding(&[
        ("1234567890123456_BillingItemDetail_20260301", &bill("a", 20)),
        ("1234567890123456_BillingItemDetail_20260302", &bill("a", 20)),
    ]);
    let done = march(&cloud).go().exits(0);
    let ids = done.each("id");
    assert_eq!(ids.len(), 40);
    assert_unique(&ids);

    // Ordinals count within one period: a run of the second day alone finds the same ids.
    let second = of(&cloud).args(["--date", "2026-03-02"]).go().exits(0);
    assert_eq!(second.each("id"), ids[20..]);
    let elsewhere = holding(&[(
        "x/1234567890123456_BillingItemDetail_20260302.zip",
        &zipped(&[("a.csv", &bill("a", 20))]),
    )]);
    let zip = march(&elsewhere).go().exits(0);
    assert_eq!(zip.each("id"), ids[20..], "where and how a file is kept plays no part");
    assert_eq!(files(&zip), ["x/1234567890123456_BillingItemDetail_20260302.zip!a.csv"]);
}

#[test]
fn a_download_that_breaks_brings_every_row_once() {
    let plain = bill("a", 3000);
    let zip = zipped(&[("one.csv", &bill("b", 2000)), ("two.csv", &bill("c", 1500))]);
    let objects: [(&str, &[u8]); 2] = [
        ("1234567890123456_BillingItemDetail_20260301", &plain),
        ("1234567890123456_BillingItemDetail_20260302.zip", &zip),
    ];
    let whole = said(&march(&holding(&objects)).go().exits(0));
    assert_eq!(whole.len(), 6500);
    let mut resumed = 0;
    for seed in 0..6u64 {
        let cloud = twisted(sample(&objects), move |number, request, reply| {
            let random = (number as u64 + 100 * seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
            let random = usize::try_from(random).unwrap();
            let at = random % reply.body.len().max(1);
            match random % 5 {
                _ if !is_get(request) || number > 14 => reply,
                0 => refusal(503, "ServiceUnavailable", ""),
                1 => reply.broken(Fault::Reset),
                _ => reply.broken(Fault::Cut(at)),
            }
        });
        let done = march(&cloud).args(["--retries", "20"]).go().exits(0);
        assert!(said(&done) == whole, "seed {seed}: other rows");
        let ranges = cloud.seen().into_iter().filter(|request| request.header("range").is_some());
        resumed += ranges.count();
    }
    assert!(resumed > 10, "only {resumed} were resumed");
}

#[test]
fn a_stalled_download_goes_on_after_the_timeout() {
    let body = bill("a", 500);
    let cloud = twisted(
        sample(&[("1234567890123456_BillingItemDetail_20260301", &body)]),
        |number, _, reply| {
            if number == 2 { reply.broken(Fault::Stall(9000)) } else { reply }
        },
    );
    let done = march(&cloud).args(["--timeout", "0.3"]).go().exits(0);
    assert_eq!(done.events().len(), 500);
    assert_eq!(cloud.seen()[2].header("range"), Some("bytes=9000-"));
    assert!(done.closing().contains("3 requests, 1 retry"), "{}", done.closing());
}

#[test]
fn a_file_that_is_replaced_while_it_is_read_ends_the_run() {
    let body = bill("a", 500);
    let cloud = twisted(
        sample(&[("1234567890123456_BillingItemDetail_20260301", &body)]),
        |number, _, reply| match number {
            2 => reply.broken(Fault::Cut(9000)),
            3 => refusal(412, "PreconditionFailed", ""),
            _ => reply,
        },
    );
    march(&cloud).go().exits(5).says(&[
        "PreconditionFailed (HTTP 412)",
        "replaced while it was read: run again",
        "R-1",
    ]);

    let short = twisted(
        sample(&[("1234567890123456_BillingItemDetail_20260301", &body)]),
        |number, _, mut reply| {
            if number == 2 {
                reply.body.truncate(9000);
            }
            reply
        },
    );
    march(&short).go().exits(5).says(&["9000 bytes come where the listing promised"]);
}

#[test]
fn tries_are_spent_in_the_end() {
    let body = bill("a", 500);
    let cloud = twisted(
        sample(&[("1234567890123456_BillingItemDetail_20260301", &body)]),
        |number, _, reply| match number {
            0 | 1 => reply,
            2 => reply.broken(Fault::Cut(9000)),
            _ => reply.broken(Fault::Cut(0)),
        },
    );
    let done = march(&cloud).args(["--retries", "2"]).go().exits(5);
    done.says(&["from byte 9000", "tried 3 times without a byte more", "try again later"]);
    assert_eq!(cloud.seen().len(), 4);
}

#[test]
fn refusals_say_what_to_do() {
    let body = bill("a", 1);
    let objects: [(&str, &[u8]); 1] = [("1234567890123456_BillingItemDetail_20260301", &body)];
    let elsewhere = "<Bucket>demo-bills</Bucket><Endpoint>oss-cn-beijing.aliyuncs.com</Endpoint>";
    for (of_get, status, code, more, exit, needle) in [
        (
            false,
            403,
            "AccessDenied",
            elsewhere,
            4,
            "use --region cn-beijing or --endpoint oss-cn-beijing.aliyuncs.com",
        ),
        (false, 403, "AccessDenied", "", 3, "allow oss:ListObjects on acs:oss:*:*:demo-bills"),
        (true, 403, "AccessDenied", "", 3, "allow oss:GetObject on acs:oss:*:*:demo-bills/*"),
        (false, 403, "InvalidAccessKeyId", "", 3, "unknown or disabled"),
        (false, 403, "InvalidSecurityToken", "", 3, "get new ones"),
        (false, 403, "RequestTimeTooSkewed", "", 3, "set it right (NTP)"),
        (false, 404, "NoSuchBucket", "", 4, "there is no bucket \"demo-bills\""),
        (true, 404, "NoSuchKey", "", 5, "was removed while the bill was read"),
        (true, 403, "InvalidObjectState", "", 4, "restore it first"),
        (false, 503, "ServiceUnavailable", "", 5, "tried 2 times"),
    ] {
        let cloud = twisted(sample(&objects), move |_, request, reply| {
            if is_get(request) == of_get { refusal(status, code, more) } else { reply }
        });
        let done = march(&cloud).args(["--retries", "1"]).go().exits(exit);
        let action = if of_get { "GetObject" } else { "ListObjectsV2" };
        done.says(&[needle, code, "R-1", "Alibaba Cloud OSS: GET 127.0.0.1", action]);
    }
}

#[test]
fn wrong_keys_are_told() {
    let cloud = cloud();
    of(&cloud)
        .env("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "another-secret-altogether")
        .go()
        .exits(3)
        .says(&["SignatureDoesNotMatch", "does not belong to this access key id"]);
    of(&cloud)
        .env("ALIBABA_CLOUD_ACCESS_KEY_ID", "LTAI5tAnother")
        .go()
        .exits(3)
        .says(&["InvalidAccessKeyId"]);
    of(&cloud).without("ALIBABA_CLOUD_ACCESS_KEY_SECRET").go().exits(3).never_says(ACCESS_KEY_ID);
    let page =
        twisted(Sample::default(), |_, _, _| Reply::new(200, "<html><body>login</body></html>"));
    of(&page).go().exits(4).says(&["a proxy in between"]);
}

#[test]
fn an_empty_window_names_what_is_near() {
    let cloud = cloud_of(Sample { page: 1000, ..Sample::default() });
    let done = of(&cloud).args(["--date", "2020-01-01"]).go().exits(0);
    done.says(&[
        "there is no file of BillingItemDetail 2020-01-01 in bucket demo-bills",
        "near are \"bill-data/",
        "holds no row",
    ]);
    let done = of(&cloud).args(["--date", "today", "--fail-if-empty"]).go().exits(8);
    let near =
        format!("near are \"bill-data/{UID}_BillingItemDetail_{}\"", day(1).format("%Y%m%d"));
    done.says(&[&near, &format!("the file of {} is not there yet: it is pushed until", day(0))]);
    of(&holding(&[])).go().exits(0).says(&["nor anything near it"]);
    let below = of(&cloud).args(["--prefix", "other/"]).go().exits(0);
    below.says(&["in bucket demo-bills below \"other/\"; nor anything near it"]);
}

#[test]
fn what_cannot_be_asked_is_refused_before() {
    let cloud = cloud();
    let run = || Run::of("alicloud-oss", &cloud);
    for (arguments, needle) in [
        (&["--region", "cn-hangzhou"][..], "--bucket is missing"),
        (&["--bucket", "demo-bills"], "region is not known"),
        (&["--bucket", "Demo_Bills", "--region", "cn-hangzhou"], "is no bucket's name"),
        (&["--bucket", "demo-bills", "--region", "cn hangzhou"], "is no region"),
    ] {
        run().args(arguments).go().exits(2).says(&[needle]);
    }
    for (file_type, needle) in [
        ("BillingItemDetailMonthly", "--granularity monthly"),
        ("InstanceDetailMonthly", "--granularity monthly"),
        ("SplitItemDetailDaily", "--granularity monthly"),
        ("MonthBill", "PDF"),
        ("a/b", "is no type"),
    ] {
        of(&cloud).args(["--file-type", file_type]).go().exits(2).says(&[needle]);
    }
    of(&cloud)
        .args(["--file-type", "SplitItemDetailDaily", "--granularity", "monthly"])
        .go()
        .exits(0);
    let asked = cloud.seen().len();
    of(&cloud).args(["--dry-run"]).go().exits(0).says(&[
        "would send GET 127.0.0.1",
        "ListObjectsV2",
        "GetObject for each file",
    ]);
    assert_eq!(cloud.seen().len(), asked);
    of(&cloud).args(["--max-requests", "1"]).go().exits(9);
}

#[test]
fn two_bills_that_cannot_be_told_apart_end_the_run() {
    let cloud = holding(&[
        ("a/1234567890123456_BillingItemDetail_20260301", &bill("a", 2)),
        ("b/1234567890123456_BillingItemDetail_20260301", &bill("b", 2)),
    ]);
    march(&cloud)
        .go()
        .exits(2)
        .says(&["\"a/1234567890123456_BillingItemDetail_20260301\" and \"b/", "narrow --prefix"]);
    let done = march(&cloud).args(["--prefix", "b/"]).go().exits(0);
    assert_eq!(done.events().len(), 2);

    let pushes = holding(&[
        (
            "v/202603/20260401180000/1234567890123456_2688801000001_consumeDetailBillV2_202603",
            &bill("a", 2),
        ),
        (
            "v/202603/20260402180000/1234567890123456_2688801000001_consumeDetailBillV2_202603",
            &bill("b", 3),
        ),
    ]);
    let newest = march(&pushes)
        .args(["--granularity", "monthly", "--file-type", "consumeDetailBillV2"])
        .go()
        .exits(0);
    assert_eq!(
        (newest.events().len(), newest.each("type")[0].as_str()),
        (3, "alicloud.consume_detail_bill_v2")
    );
}

#[test]
fn a_file_that_is_not_understood_is_an_error_and_an_empty_one_a_warning() {
    let torn = b"a,b\n1,2\n3\n".to_vec();
    let cloud = holding(&[
        ("1234567890123456_BillingItemDetail_20260301", b""),
        ("1234567890123456_BillingItemDetail_20260302", &bill("a", 3)),
        ("1234567890123456_BillingItemDetail_20260303", &torn),
    ]);
    let done = march(&cloud).go().exits(4);
    done.says(&[
        "warning: 1234567890123456_BillingItemDetail_20260301 has no bytes",
        "1234567890123456_BillingItemDetail_20260303: line 2, byte",
    ]);
}

#[test]
fn shards_read_whole_files_and_share_none() {
    let bodies: Vec<_> = (1..=31).map(|day| bill(&day.to_string(), 2)).collect();
    let keys: Vec<_> =
        (1..=31).map(|day| format!("{UID}_BillingItemDetail_202603{day:02}")).collect();
    let objects: Vec<(&str, &[u8])> =
        keys.iter().map(String::as_str).zip(bodies.iter().map(Vec::as_slice)).collect();
    let cloud = holding(&objects);
    let whole: BTreeSet<_> = said(&march(&cloud).go().exits(0)).into_iter().collect();
    let mut together = BTreeSet::new();
    for index in 0..3 {
        let part = said(&march(&cloud).args(["--shard", &format!("{index}/3")]).go().exits(0));
        assert!(!part.is_empty());
        for event in part {
            assert!(together.insert(event), "two shards have one row");
        }
    }
    assert_eq!(together, whole);
}

#[test]
fn local_files_need_no_account_and_no_date() {
    let name = "1234567890123456_BillingItemDetail_20260301";
    let other = "1234567890123456_BillingItemDetail_20260302.zip";
    let run = || {
        Run::command("alicloud-oss")
            .file(&format!("bills/{name}"), bill("a", 3))
            .file(&format!("bills/{other}"), zipped(&[("x.csv", &bill("b", 2))]))
    };
    let both = [format!("bills/{other}"), format!("bills/{name}")];
    let done = run().args(&both).args(["--date", "2020-01-01"]).go().exits(0);
    assert_eq!(files(&done), [format!("bills/{name}"), format!("bills/{other}!x.csv")]);
    assert_eq!(done.closing().split(", ").next(), Some("alicloud-oss 2 files: 5 events delivered"));
    assert!(done.closing().contains(", 0 requests, "), "{}", done.closing());

    // The same bill in a bucket has the same ids.
    let cloud = holding(&[(name, &bill("a", 3))]);
    let pulled = march(&cloud).go().exits(0);
    let local = run().args(&both[1..]).go().exits(0);
    assert_eq!(local.each("id"), pulled.each("id"));
    assert!(
        local.closing().starts_with(&format!("alicloud-oss bills/{name}: 3 events")),
        "{}",
        local.closing()
    );
}

#[test]
fn stdin_is_a_file_whose_type_is_given() {
    let run = || Run::command("alicloud-oss").typed(bill("a", 1000)).arg("-");
    let done = run().args(["--file-type", "InstanceDetail", "--account", "77"]).go().exits(0);
    let events = done.events();
    assert_eq!(events.len(), 1000);
    assert_eq!(
        (&events[0]["type"], &events[0]["account"]),
        (&"alicloud.instance_detail".into(), &"77".into())
    );
    assert_eq!(
        (&events[0]["subject"], &events[0]["data"]["file"]),
        (&"77/InstanceDetail".into(), &"-".into())
    );
    run().go().exits(2).says(&["stdin has no name", "--file-type"]);
    let nobody = run().args(["--file-type", "InstanceDetail"]).go().exits(0);
    assert_eq!(nobody.events()[0].get("account"), None);
}

#[test]
fn local_files_that_cannot_be_read_are_refused() {
    let name = "1234567890123456_BillingItemDetail_20260301";
    let run = || Run::command("alicloud-oss").file(name, bill("a", 3)).file("x.csv", bill("b", 1));
    run().arg(format!("other/{name}")).go().exits(2).says(&["cannot be read"]);
    run().args([".", "--file-type", "InstanceDetail"]).go().exits(2).says(&["is a folder"]);
    run().arg("x.csv").go().exits(2).says(&["x.csv: its name is no bill file's", "--file-type"]);
    run().args(["x.csv", "--file-type", "InstanceDetail"]).go().exits(0);
    for bad in ["", "é", "a b"] {
        run().args(["x.csv", "--file-type", bad]).go().exits(2).says(&["is no type, such as"]);
    }
    run().args([name, name]).go().exits(2).says(&["hold the same bill"]);
    run().args([name, "--bucket", "demo-bills"]).go().exits(2).says(&["cannot be used with"]);
    let month = "1234567890123456_BillingItemDetail_202603";
    run().file(month, bill("m", 9)).args([name, month]).go().exits(2).says(&["hold the same bill"]);
    let sited = "1234567890123456_2688801000001_BillingItemDetail_20260301";
    run().file(sited, bill("s", 9)).args([name, sited]).go().exits(2).says(&["hold the same bill"]);
}

#[test]
fn the_demo_needs_no_bucket() {
    let done = Run::command("alicloud-oss").arg("--demo").go().exits(0);
    assert_eq!(done.events().len(), 31);
    assert!(done.closing().contains(", 1 retry, "), "{}", done.closing());
    let month = [
        "--demo",
        "--granularity",
        "monthly",
        "--date",
        "last-month",
        "--file-type",
        "InstanceDetailMonthly",
    ];
    let done = Run::command("alicloud-oss").args(month).go().exits(0);
    assert!(done.events().len() >= 28 * 31);
    assert_unique(&done.each("id"));
}

/// The file of a day.
fn file_of(day: NaiveDate) -> String {
    format!("{UID}_BillingItemDetail_{}", day.format("%Y%m%d"))
}

#[test]
fn a_journal_goes_on_at_the_first_day_whose_file_was_not_there() {
    let folder = tempfile::TempDir::new().unwrap();
    let journal = folder.path().join("bills.ndjson").display().to_string();
    let days: Vec<_> =
        (1..=5).rev().map(|ago| (file_of(day(ago)), bill(&ago.to_string(), 3))).collect();
    let with = |days: &[(String, Vec<u8>)]| {
        cloud_of(Sample { objects: Some(days.to_vec()), page: 1000, ..Sample::default() })
    };
    let run = |cloud: &Cloud, date: &str| of(cloud).args(["--date", date, "--journal", &journal]);

    let early = with(&days[..3]);
    assert_eq!(run(&early, "last-5-days").go().exits(0).events().len(), 9);
    // The two days that were missing come, one after the other.
    assert_eq!(files(&run(&with(&days[..4]), "since-journal").go().exits(0)), [days[3].0.as_str()]);
    assert_eq!(files(&run(&with(&days), "since-journal").go().exits(0)), [days[4].0.as_str()]);
    assert_eq!(run(&with(&days), "last-5-days").go().exits(0).stdout, "", "a rerun sends nothing");
    // A file that the bucket no longer keeps takes no row back.
    let done = run(&with(&days[3..]), "last-5-days").go().exits(0);
    assert_eq!(done.stdout, "");
}

#[test]
fn a_window_without_a_file_is_not_complete() {
    let folder = tempfile::TempDir::new().unwrap();
    let journal = folder.path().join("bills.ndjson");
    let run = |cloud: &Cloud| of(cloud).args(["--journal", &journal.display().to_string()]);
    run(&holding(&[])).go().exits(0);
    assert_eq!(std::fs::read_to_string(&journal).unwrap(), "");
    let yesterday = file_of(day(1));
    run(&holding(&[(&yesterday, &bill("a", 3))])).go().exits(0);
    let text = std::fs::read_to_string(&journal).unwrap();
    assert_eq!((text.lines().count(), text.contains("billing-pull.window.completed")), (4, true));
}

#[test]
fn a_month_to_date_that_is_pushed_again_brings_changes_alone() {
    let folder = tempfile::TempDir::new().unwrap();
    let journal = folder.path().join("bills.ndjson").display().to_string();
    let run = |body: &[u8]| {
        let cloud = holding(&[("1234567890123456_InstanceDetailMonthly_202603", body)]);
        march(&cloud)
            .args(["--granularity", "monthly", "--file-type", "InstanceDetailMonthly"])
            .args(["--journal", &journal])
            .go()
            .exits(0)
    };
    assert_eq!(run(&bill("a", 8)).events().len(), 8);
    let more = run(&bill("a", 10)).events();
    assert_eq!(more.len(), 2, "two lines more: {more:?}");
    let changed = String::from_utf8(bill("a", 10)).unwrap().replacen("0.0003", "0.9003", 1);
    let types: Vec<_> = run(changed.as_bytes()).each("type");
    assert!(types.contains(&"alicloud.instance_detail_monthly".to_owned()), "{types:?}");
    assert!(types.len() <= 2, "{types:?}");
}
