use super::*;
use crate::exit::kind_of;
use chrono::{DateTime, TimeDelta};

const UID: &str = "1234567890123456";

fn window(from: &str, to: &str, granularity: Granularity) -> Window {
    Window { start: from.parse().unwrap(), end: to.parse().unwrap(), granularity }
}

fn days(from: &str, to: &str) -> Window {
    window(from, to, Granularity::Daily)
}

fn february() -> Window {
    window("2026-02-01", "2026-02-28", Granularity::Monthly)
}

/// An object whose bytes are its own, written `hour` hours after the epoch.
fn object(key: &str, hour: i64) -> Listed {
    let modified = Some(DateTime::UNIX_EPOCH + TimeDelta::hours(hour));
    Listed { key: key.to_owned(), size: 100, etag: Some(key.to_owned()), modified }
}

fn choose(window: Window, file_type: &str, objects: &[Listed]) -> Result<Choice> {
    let mut finder = Finder::new(window, file_type, None);
    // In any order.
    for listed in objects.iter().rev() {
        finder.offer(listed.clone());
    }
    finder.finish()
}

fn keys(choice: &Choice) -> Vec<&str> {
    choice.files.iter().map(|found| found.listed.key.as_str()).collect()
}

/// What is read of a bucket that holds these keys, written one hour after another.
fn read(window: Window, file_type: &str, names: &[&str]) -> Result<Choice> {
    let objects: Vec<_> = names.iter().zip(1..).map(|(key, hour)| object(key, hour)).collect();
    choose(window, file_type, &objects)
}

#[track_caller]
fn assert_reads(window: Window, file_type: &str, names: &[&str], expected: &[&str]) {
    let choice = read(window, file_type, names).unwrap();
    assert_eq!(keys(&choice), expected);
}

#[track_caller]
fn assert_ambiguous(window: Window, file_type: &str, names: &[&str], both: [&str; 2]) {
    let error = read(window, file_type, names).unwrap_err();
    assert_eq!(kind_of(&error), Failure::Usage);
    let text = error.to_string();
    for name in both {
        assert!(text.contains(&format!("{name:?}")), "{name} in {text}");
    }
    assert!(text.contains("--prefix"), "{text}");
}

/// Everything that lies in a bucket in which bills, exports and other things have gathered.
const BUCKET: [&str; 15] = [
    "1234567890123456_BillingItemDetail_20260228",
    "1234567890123456_BillingItemDetail_20260301",
    "2222222222222222_BillingItemDetail_20260301.zip",
    "bill-data/1111111111111111_BillingItemDetail_20260302.csv",
    "1234567890123456_BillingItemDetail_20260302",
    "1234567890123456_BillingItemDetail_202602",
    "1234567890123456_InstanceDetail_20260301",
    "bill-data/1234567890123456_InstanceDetailMonthly_202602",
    "bill-data/1234567890123456_SplitItemDetailDaily_202602.csv",
    "bill-data/1234567890123456__MonthBill_202602",
    "bill-data/202602/20260203180000/1234567890123456_2688801000001_consumeDetailBillV2_202602",
    "bill-data/1234567890123456-20260325130300_consumedetailbillv2_2025-12.csv",
    "bill-data/readme.txt",
    "bill-data/",
    "bill-data/../1234567890123456_BillingItemDetail_20260301.csv",
];

#[test]
fn a_window_takes_its_days_or_its_months() {
    let daily = [
        "1234567890123456_BillingItemDetail_20260301",
        "2222222222222222_BillingItemDetail_20260301.zip",
        "bill-data/1111111111111111_BillingItemDetail_20260302.csv",
        "1234567890123456_BillingItemDetail_20260302",
    ];
    assert_reads(days("2026-03-01", "2026-03-02"), "BillingItemDetail", &BUCKET, &daily);
    assert_reads(february(), "BillingItemDetail", &BUCKET, &[BUCKET[5]]);
    assert_reads(february(), "InstanceDetailMonthly", &BUCKET, &[BUCKET[7]]);
    assert_reads(february(), "SplitItemDetailDaily", &BUCKET, &[BUCKET[8]]);
    assert_reads(february(), "consumeDetailBillV2", &BUCKET, &[BUCKET[10]]);
    assert_reads(
        window("2025-12-01", "2025-12-31", Granularity::Monthly),
        "consumeDetailBillV2",
        &BUCKET,
        &[BUCKET[11]],
    );
}

#[test]
fn an_empty_window_names_what_is_near() {
    let near = |window, file_type| read(window, file_type, &BUCKET).unwrap().near;
    assert_eq!(
        near(days("2026-03-03", "2026-03-03"), "BillingItemDetail"),
        [BUCKET[4], BUCKET[3], BUCKET[1], BUCKET[2], BUCKET[0]],
    );
    assert_eq!(
        near(days("2026-03-01", "2026-03-01"), "InstanceDetailMonthly"),
        [BUCKET[7], BUCKET[1], BUCKET[6], BUCKET[2]],
    );
    assert_eq!(near(days("2026-02-03", "2026-02-03"), "consumeDetailBillV2")[0], BUCKET[10]);
    assert!(near(days("2020-01-01", "2020-01-01"), "focus").is_empty());
}

#[test]
fn of_time_stamped_folders_the_newest_push_of_each_bill_counts() {
    let push = |time: &str, rest: &str| {
        format!("b/202602/{time}/{UID}_2688801000001_consumeDetailBillV2_{rest}")
    };
    let names = [
        push("20260203180000", "202602"),
        push("20260302180000", "202602_1"),
        push("20260302180000", "202602_2"),
        push("20260204180000", "202602"),
    ];
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let choice = read(february(), "consumeDetailBillV2", &names).unwrap();
    assert_eq!(keys(&choice), names[1..3]);
    assert_eq!(choice.superseded.len(), 2);

    let days_of = [
        push("20260203180000", "20260202"),
        push("20260204180000", "20260202"),
        push("20260203180000", "20260201"),
    ];
    let names: Vec<&str> = days_of.iter().map(String::as_str).collect();
    assert_reads(
        days("2026-02-01", "2026-02-02"),
        "consumeDetailBillV2",
        &names,
        &[names[2], names[1]],
    );
}

#[test]
fn sites_and_accounts_are_bills_of_their_own() {
    let names = [
        "b/202602/20260203180000/1234567890123456_2688801000001_consumeDetailBillV2_202602",
        "b/202602/20260203180000/1234567890123456_2684201000001_consumeDetailBillV2_202602",
        "b/202602/20260201180000/1111111111111111_2688801000001_consumeDetailBillV2_202602",
    ];
    assert_reads(february(), "consumeDetailBillV2", &names, &[names[2], names[1], names[0]]);
}

#[test]
fn of_exports_the_newest_counts() {
    let names = [
        "x/1234567890123456-20260325130300_consumedetailbillv2_2026-02.csv",
        "x/1234567890123456-20260326130300_consumedetailbillv2_2026-02.csv",
        "x/1234567890123456-20260326130300_consumedetailbillv2.csv",
    ];
    assert_reads(february(), "consumeDetailBillV2", &names, &[names[1]]);
}

#[test]
fn a_newer_file_in_the_same_folder_takes_the_place() {
    let names = [
        "b/1234567890123456_BillingItemDetailMonthly_202602",
        "b/1234567890123456_BillingItemDetailMonthly_202602.zip",
    ];
    let choice = read(february(), "BillingItemDetailMonthly", &names).unwrap();
    assert_eq!(keys(&choice), [names[1]]);
    assert!(
        choice.warnings[0].contains(&format!("{:?} is passed over", names[0])),
        "{:?}",
        choice.warnings
    );
    let turned: Vec<_> = names.iter().rev().copied().collect();
    assert_reads(february(), "BillingItemDetailMonthly", &turned, &[names[0]]);

    // An empty file never does, however new.
    let mut empty = object(names[1], 9);
    empty.size = 0;
    let choice =
        choose(february(), "BillingItemDetailMonthly", &[object(names[0], 1), empty]).unwrap();
    assert_eq!(keys(&choice), [names[0]]);
}

#[test]
fn a_copy_is_read_once() {
    let names = [
        "a/1234567890123456_BillingItemDetail_20260301",
        "b/1234567890123456_BillingItemDetail_20260301.csv",
    ];
    let copies: Vec<_> =
        names.iter().map(|key| Listed { etag: Some("E".into()), ..object(key, 1) }).collect();
    let window = days("2026-03-01", "2026-03-01");
    let choice = choose(window, "BillingItemDetail", &copies).unwrap();
    assert_eq!(
        (keys(&choice), choice.superseded.as_slice()),
        (vec![names[0]], &[names[1].to_owned()][..])
    );

    let longer = Listed { size: 101, ..copies[1].clone() };
    assert!(choose(window, "BillingItemDetail", &[copies[0].clone(), longer]).is_err());
    let unmarked: Vec<_> = copies.iter().map(|one| Listed { etag: None, ..one.clone() }).collect();
    assert!(choose(window, "BillingItemDetail", &unmarked).is_err());
}

#[test]
fn a_key_that_is_listed_twice_is_one_object() {
    let one = object("1234567890123456_BillingItemDetail_20260301", 1);
    let choice =
        choose(days("2026-03-01", "2026-03-01"), "BillingItemDetail", &[one.clone(), one]).unwrap();
    assert_eq!(choice.files.len(), 1);
}

#[test]
fn what_cannot_be_told_apart_ends_the_run() {
    let day = days("2026-03-01", "2026-03-01");
    let both = [
        "a/1234567890123456_BillingItemDetail_20260301",
        "1234567890123456_BillingItemDetail_20260301",
    ];
    assert_ambiguous(day, "BillingItemDetail", &both, both);

    let whole_and_part = [
        "1234567890123456_BillingItemDetail_20260301",
        "1234567890123456_BillingItemDetail_20260301_1",
    ];
    assert_ambiguous(day, "BillingItemDetail", &whole_and_part, whole_and_part);

    let subscriptions = [
        "a/202602/20260203180000/1234567890123456_2688801000001_consumeDetailBillV2_202602",
        "b/202602/20260204180000/1234567890123456_2688801000001_consumeDetailBillV2_202602",
    ];
    assert_ambiguous(february(), "consumeDetailBillV2", &subscriptions, subscriptions);

    let same_time: Vec<_> = ["", ".zip"]
        .map(|e| object(&format!("1234567890123456_BillingItemDetail_20260301{e}"), 1))
        .into();
    assert!(choose(day, "BillingItemDetail", &same_time).is_err());
}

#[test]
fn what_can_be_no_bill_says_why() {
    let mut finder = Finder::new(days("2026-03-01", "2026-03-01"), "BillingItemDetail", None);
    let mut why = |key: &str| finder.offer(object(key, 1));
    for key in [BUCKET[1], BUCKET[0], BUCKET[5], BUCKET[6]] {
        assert_eq!(why(key), None, "{key}");
    }
    for (key, reason) in [
        (BUCKET[14], "no bill file"),
        (BUCKET[13], "no bill file"),
        (BUCKET[12], "no bill file"),
        (BUCKET[9], "PDF"),
        ("1234567890123456-20260326130300_consumedetailbillv2.csv", "no period"),
    ] {
        assert!(why(key).unwrap().contains(reason), "{key}");
    }
}

#[test]
fn shards_share_out_whole_bills() {
    let push = |time: &str, part: u32, uid: u64| {
        format!("b/202602/{time}/{uid}_2688801000001_consumeDetailBillV2_202602_{part}")
    };
    let names: Vec<String> = (0..20u64)
        .flat_map(|uid| {
            [("20260203180000", 1), ("20260204180000", 1), ("20260204180000", 2)]
                .map(|(time, part)| push(time, part, 1_234_567_890_123_456 + uid))
        })
        .collect();
    let mut read: Vec<String> = Vec::new();
    for index in 0..3 {
        let shard = format!("{index}/3").parse().unwrap();
        let mut finder = Finder::new(february(), "consumeDetailBillV2", Some(shard));
        for name in &names {
            finder.offer(object(name, 1));
        }
        let choice = finder.finish().unwrap();
        let mine = keys(&choice);
        assert!(!mine.is_empty() && mine.len().is_multiple_of(2), "both parts of a bill: {mine:?}");
        read.extend(mine.iter().map(|key| (*key).to_owned()));
    }
    read.sort();
    let newest: Vec<_> = names.iter().filter(|name| name.contains("20260204")).cloned().collect();
    assert_eq!(read, newest);
}

#[test]
fn a_name_without_a_site_is_another_copy_of_the_same_bill() {
    let push = format!("b/202602/20260203180000/{UID}_2688801000001_consumeDetailBillV2_202602");
    let export = format!("{UID}-20260325130300_consumedetailbillv2_2026-02.csv");
    let legacy = format!("{UID}_consumeDetailBillV2_202602");
    for other in [&export, &legacy] {
        let error = read(february(), "consumeDetailBillV2", &[&push, other]).unwrap_err();
        assert_eq!(kind_of(&error), Failure::Usage);
        assert!(error.to_string().contains("is there twice"), "{error}");
        // The store itself may say that both are the same.
        let alike = [&push, other].map(|key| Listed { etag: Some("E".into()), ..object(key, 1) });
        assert_eq!(choose(february(), "consumeDetailBillV2", &alike).unwrap().files.len(), 1);
    }
    let second = push.replace("2688801000001", "2688801000002");
    let both = read(february(), "consumeDetailBillV2", &[&push, &second]).unwrap();
    assert_eq!(both.files.len(), 2, "two sites are two bills");
    assert!(read(february(), "consumeDetailBillV2", &[&push, &second, &export]).is_err());
}

#[test]
fn a_push_that_is_empty_or_lacks_files_does_not_go_unnoticed() {
    let push = |time: &str, rest: &str| {
        format!("b/202602/{time}/{UID}_2688801000001_consumeDetailBillV2_202602{rest}")
    };
    let (old, new) = (push("20260203180000", ""), push("20260204180000", ""));
    let empty = Listed { size: 0, ..object(&new, 2) };
    let choice = choose(february(), "consumeDetailBillV2", &[object(&old, 1), empty.clone()]);
    let choice = choice.unwrap();
    assert_eq!(keys(&choice), [&old]);
    assert!(choice.warnings[0].contains("was pushed last and is empty"), "{:?}", choice.warnings);
    let choice = choose(february(), "consumeDetailBillV2", &[empty]).unwrap();
    assert_eq!((keys(&choice), choice.warnings.len()), (vec![new.as_str()], 0));

    let parts =
        [push("20260203180000", "_1"), push("20260203180000", "_2"), push("20260204180000", "_1")];
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let choice = read(february(), "consumeDetailBillV2", &parts).unwrap();
    assert_eq!(keys(&choice), [parts[2]]);
    let said = &choice.warnings[0];
    assert!(said.contains("has fewer files than the one before it (1, not 2)"), "{said}");
}
