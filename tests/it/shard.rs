//! `--shard`: several runs, one window.

use crate::common::{Cloud, Run, cloud, cloud_of, day};
use billing_pull::demo::Sample;
use serde_json::Value;
use std::collections::BTreeMap;

/// A run's events by id, without the time of the pull.
fn events(run: Run) -> BTreeMap<String, Value> {
    let events = run.go().exits(0).events().into_iter().map(|mut event| {
        event["time"].take();
        (event["id"].as_str().unwrap().to_owned(), event)
    });
    events.collect()
}

fn window(cloud: &Cloud) -> Run {
    Run::aws(cloud).args(["--date".to_owned(), format!("{}..{}", day(11), day(2))])
}

#[test]
fn the_shards_together_are_the_bill_and_share_no_row() {
    let cloud = cloud_of(Sample { rows: 5, page: 7, ..Sample::default() });
    let whole = events(window(&cloud));
    assert_eq!(whole.len(), 50);
    for of in [1, 3, 10] {
        let mut together = BTreeMap::new();
        for index in 0..of {
            for (id, event) in events(window(&cloud).args(["--shard", &format!("{index}/{of}")])) {
                assert!(together.insert(id, event).is_none(), "two of {of} shards have one row");
            }
        }
        assert_eq!(together, whole, "{of} shards");
    }
}

#[test]
fn a_shard_asks_for_its_days_alone_by_one_range() {
    let cloud = cloud();
    let run = window(&cloud).args(["--shard", "1/3", "--dry-run"]);
    let (from, after) = (day(8), day(5));
    run.go().exits(0).says(&[&format!(r#""Start":"{from}","End":"{after}""#), "1 request or more"]);
}

#[test]
fn a_shard_without_a_day_says_so() {
    let cloud = cloud();
    let day = day(2).to_string();
    let run = |shard: &str| Run::aws(&cloud).args(["--date", &day, "--shard", shard]);
    assert_eq!(events(run("1/2")).len(), 31);
    let done = run("0/2").go().exits(0).says(&[&format!("shard 0/2 of {day} holds no day")]);
    assert_eq!(done.stdout, "");
}

#[test]
fn a_pod_of_an_indexed_job_knows_its_shard() {
    let cloud = cloud();
    let pod =
        |index: &str| window(&cloud).args(["--shards", "3"]).env("JOB_COMPLETION_INDEX", index);
    assert_eq!(events(pod("2")), events(window(&cloud).args(["--shard", "2/3"])));
    for (index, why) in
        [("3", "no more completions than shards"), ("x", "no number"), ("-1", "no number")]
    {
        pod(index).go().exits(2).says(&["--shards 3", "JOB_COMPLETION_INDEX", why]);
    }
    pod("").go().exits(2).says(&["JOB_COMPLETION_INDEX is not set", "--shard I/3"]);
    // Another Job's number is nobody's wish.
    assert_eq!(events(window(&cloud).env("JOB_COMPLETION_INDEX", "7")), events(window(&cloud)));
}

#[test]
fn a_shard_that_cannot_be_is_refused_before_any_request() {
    let cloud = cloud();
    for bad in ["3/3", "0/0", "1", "a/b", "-1/3"] {
        window(&cloud).args(["--shard".to_owned(), bad.to_owned()]).go().exits(2).says(&["I"]);
    }
    window(&cloud).args(["--shards", "0"]).env("JOB_COMPLETION_INDEX", "0").go().exits(2);
    window(&cloud).args(["--shard", "0/2", "--shards", "2"]).go().exits(2);
    assert_eq!(cloud.seen().len(), 0);
}

#[test]
fn days_that_move_at_midnight_are_said() {
    let cloud = cloud();
    let said = "start every shard on one day";
    window(&cloud).args(["--shard", "0/2"]).go().exits(0).never_says(said);
    Run::aws(&cloud).args(["--date", "last-4-days", "--shard", "0/2"]).go().exits(0).says(&[said]);
    Run::aws(&cloud).args(["--date", "last-4-days"]).go().exits(0).never_says(said);
}
