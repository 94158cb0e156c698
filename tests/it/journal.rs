mod commands;
mod file;

use crate::common::{
    Cloud, Run, Running, Target, assert_unique, change, cloud, cloud_of, day, events_of, twisted,
};
use billing_pull::demo::Sample;
use billing_pull::demo::server::Reply;
use cloudevents::AttributesReader;
use serde_json::Value;
use std::collections::HashMap;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;
use tempfile::TempDir;

const COMPLETED: &str = "billing-pull.window.completed";

/// A journal that outlives its runs.
struct Journal {
    folder: TempDir,
}

impl Journal {
    fn new() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("bills.ndjson")
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.path()).unwrap_or_default()
    }

    fn write(&self, text: &str) {
        std::fs::write(self.path(), text).unwrap();
    }

    fn lines(&self) -> Vec<Value> {
        self.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The data of the last completed window.
    fn completed(&self) -> Value {
        let last = self.lines().pop().unwrap();
        assert_eq!(last["type"], COMPLETED);
        last["data"].clone()
    }

    /// A pull with this journal.
    fn run(&self, cloud: &Cloud) -> Run {
        Run::aws(cloud).arg("--journal").arg(self.path().display())
    }

    /// `billing-pull journal COMMAND`.
    fn look(&self, command: &str) -> Run {
        Run::bare(&["journal", command, &self.path().display().to_string()])
    }
}

/// A cloud whose rows from `from` on, at most `count`, are left out of every page while `lacks` is not zero.
fn lacking(lacks: &Arc<AtomicUsize>) -> Cloud {
    let lacks = Arc::clone(lacks);
    twisted(Sample { page: 100, ..Sample::default() }, move |_, _, reply| {
        let lacks = lacks.load(SeqCst);
        change(reply, |page| {
            for period in page["ResultsByTime"].as_array_mut().unwrap() {
                period["Groups"].as_array_mut().unwrap().drain(..lacks);
            }
        })
    })
}

fn restated() -> Cloud {
    cloud_of(Sample { revision: 1, ..Sample::default() })
}

/// What a receiver has that applies the events: subject and amount of each row in force.
fn applied(events: &[Value]) -> Vec<String> {
    let mut rows: HashMap<String, String> = HashMap::new();
    for event in events {
        if let Some(old) = event["restates"].as_str() {
            rows.remove(old);
        }
        if !event["type"].as_str().unwrap().ends_with(".retracted") {
            let row = format!("{} {}", event["subject"], event["data"]["amount"]);
            rows.insert(event["id"].as_str().unwrap().to_owned(), row);
        }
    }
    let mut rows: Vec<String> = rows.into_values().collect();
    rows.sort();
    rows
}

#[test]
fn every_acknowledged_event_is_a_line_as_it_was_emitted() {
    let (journal, cloud) = (Journal::new(), cloud());
    let done = journal.run(&cloud).go().exits(0);
    let text = journal.text();
    let (events, completed) = text.split_at(done.stdout.len());
    assert_eq!(events, done.stdout);
    let event: cloudevents::Event = serde_json::from_str(completed).unwrap();
    assert_eq!((event.ty(), event.source().as_str()), (COMPLETED, "cloud.aws.billing"));
    assert_eq!(event.subject(), Some(&*format!("aws/{}", day(1))));
    let mode = std::fs::metadata(journal.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let data = journal.completed();
    let yesterday = day(1).to_string();
    assert_eq!(data["window"]["start"], yesterday);
    assert_eq!(data["window"]["end"], yesterday);
    assert_eq!(data["window"]["granularity"], "daily");
    assert_eq!((&data["cloud"], &data["scope"]), (&"aws".into(), &"".into()));
    let counts = ["rows", "new", "changed", "unchanged", "retracted", "requests"];
    assert_eq!(counts.map(|name| data[name].as_u64().unwrap()), [31, 31, 0, 0, 0, 2]);
    assert_eq!(data["final"], false);
    // Ten digits behind the point, added up as integers.
    let units = |event: &Value| {
        event["data"]["amount"].as_str().unwrap().replace('.', "").parse::<u128>().unwrap()
    };
    let sum: u128 = done.events().iter().map(units).sum();
    let expected = format!("{}.{:010}", sum / 10_000_000_000, sum % 10_000_000_000);
    assert_eq!(data["sums"]["UnblendedCost"]["USD"], expected.trim_end_matches('0'));
}

#[test]
fn a_rerun_sends_nothing() {
    let (journal, target) = (Journal::new(), Target::start());
    let cloud = cloud_of(Sample { rows: 400, page: 150, ..Sample::default() });
    journal.run(&cloud).to(&target).go().exits(0);
    assert_eq!(target.events().len(), 400);
    let done = journal.run(&cloud).to(&target).go().exits(0);
    assert!(done.closing().contains(": 0 events delivered, 400 unchanged, "), "{}", done.closing());
    assert_eq!(target.requests().len(), 400);
    assert_eq!(journal.completed()["unchanged"], 400);
    assert_eq!(journal.completed()["new"], 0);
    // Another content mode, another sink: the journal is the same.
    let done = journal.run(&cloud).go().exits(0);
    assert_eq!(done.stdout, "");
}

#[test]
fn a_restated_row_names_what_it_replaces_and_a_value_that_returns_is_new() {
    let journal = Journal::new();
    let before = journal.run(&cloud()).go().exits(0).events();
    let done = journal.run(&restated()).go().exits(0);
    let changed = done.events();
    assert!(!changed.is_empty() && changed.len() < 31);
    assert!(done.closing().contains(&format!("{} changed", changed.len())), "{}", done.closing());
    let old_of = |event: &Value| {
        before.iter().find(|old| old["id"] == event["restates"]).unwrap()["subject"].clone()
    };
    assert!(changed.iter().all(|event| old_of(event) == event["subject"]));
    let back = journal.run(&cloud()).go().exits(0).events();
    assert_eq!(back.len(), changed.len());
    assert!(back.iter().zip(&changed).all(|(back, changed)| back["restates"] == changed["id"]));
    let ids: Vec<String> = [&before[..], &changed, &back]
        .concat()
        .iter()
        .map(|event| event["id"].to_string())
        .collect();
    assert_unique(&ids);
    assert_eq!(applied(&[before.clone(), changed, back].concat()), applied(&before));
}

#[test]
fn a_row_that_is_gone_is_taken_back_and_may_return() {
    let (journal, lacks) = (Journal::new(), Arc::new(AtomicUsize::new(0)));
    let cloud = lacking(&lacks);
    let before = journal.run(&cloud).go().exits(0).events();
    lacks.store(3, SeqCst);
    let done = journal.run(&cloud).go().exits(0);
    assert!(done.closing().contains("28 unchanged"), "{}", done.closing());
    assert!(done.closing().contains("3 retracted"), "{}", done.closing());
    let gone = done.events();
    for (gone, old) in gone.iter().zip(&before) {
        assert_eq!(gone["type"], "aws.service.daily.retracted");
        assert_eq!((&gone["restates"], &gone["subject"]), (&old["id"], &old["subject"]));
        assert_eq!(gone["data"], old["data"]);
    }
    lacks.store(0, SeqCst);
    let back = journal.run(&cloud).go().exits(0).events();
    assert_eq!(applied(&[before.clone(), gone, back].concat()), applied(&before));
    assert_unique(&journal.lines().iter().map(|line| line["id"].to_string()).collect::<Vec<_>>());
}

#[test]
fn more_than_half_of_a_day_is_only_taken_back_when_allowed() {
    let (journal, lacks) = (Journal::new(), Arc::new(AtomicUsize::new(0)));
    let cloud = lacking(&lacks);
    journal.run(&cloud).go().exits(0);
    lacks.store(20, SeqCst);
    let text = journal.text();
    let done = journal.run(&cloud).go().exits(4);
    let yesterday = format!("{}: ", day(1));
    let says = done.says(&[&yesterday, "20 of the 31 rows", "--allow-mass-retraction"]);
    assert_eq!(says.stdout, "");
    assert_eq!(journal.text(), text, "no window is complete");
    let done = journal.run(&cloud).arg("--allow-mass-retraction").go().exits(0);
    assert_eq!(done.events().len(), 20);
    Run::aws(&cloud).arg("--allow-mass-retraction").go().exits(2).says(&["--journal"]);
}

#[test]
fn an_answer_without_a_row_is_no_bill_whose_rows_are_all_gone() {
    for command in ["aws", "alicloud", "baidu"] {
        let journal = Journal::new();
        let run = |cloud: &Cloud| {
            let path = journal.path().display().to_string();
            Run::of(command, cloud).args(["--date", "yesterday", "--journal", &path])
        };
        let rows = run(&cloud()).go().exits(0).events().len();
        let empty = cloud_of(Sample { rows: 0, ..Sample::default() });
        let done = run(&empty).go().exits(4);
        assert_eq!(done.stdout, "", "{command}");
        let lacks = format!("the answer lacks {rows} of the {rows} rows");
        done.says(&[&lacks, "nothing was retracted"]);
        let done = run(&empty).arg("--allow-mass-retraction").go().exits(0);
        assert!(done.each("type").iter().all(|kind| kind.ends_with(".retracted")), "{command}");
        assert_eq!(done.events().len(), rows, "{command}");
    }
}

#[test]
fn an_empty_window_that_is_to_be_tried_again_is_not_completed() {
    let (journal, full) = (Journal::new(), cloud());
    let empty = cloud_of(Sample { rows: 0, ..Sample::default() });
    journal.run(&full).arg("--date").arg(day(2)).go().exits(0);
    let next = |cloud: &Cloud| {
        journal.run(cloud).args(["--date", "since-journal", "--fail-if-empty"]).go()
    };
    next(&empty).exits(8);
    next(&empty).exits(8);
    assert_eq!(next(&full).exits(0).events().len(), 31);
}

#[test]
fn a_shard_of_bill_files_completes_no_window() {
    let (journal, cloud) = (Journal::new(), cloud());
    let dates = format!("{}..{}", day(9), day(3));
    for index in 0..2 {
        let done = Run::of("alicloud-oss", &cloud)
            .args(["--bucket", "demo-bills", "--region", "cn-hangzhou", "--date", &dates])
            .args(["--journal", &journal.path().display().to_string()])
            .args(["--shard", &format!("{index}/2")])
            .go()
            .exits(0);
        assert!(!done.events().is_empty(), "shard {index}");
        done.never_says("the bucket has no file");
    }
    let completed = journal.lines().iter().filter(|line| line["type"] == COMPLETED).count();
    assert_eq!((journal.lines().len(), completed), (7 * 31, 0));
}

#[test]
fn other_filters_accounts_granularities_and_days_are_left_alone() {
    let journal = Journal::new();
    let cloud = cloud();
    journal.run(&cloud).go().exits(0);
    let lines = journal.lines().len();
    for other in [
        vec!["--group-by", "REGION"],
        vec!["--filter", r#"{"Dimensions":{"Key":"REGION","Values":["eu-central-1"]}}"#],
        vec!["--metric", "AmortizedCost"],
        vec!["--account", "444455556666"],
        vec!["--granularity", "monthly", "--date", "last-month"],
        vec!["--date", &day(5).to_string()],
    ] {
        let done = journal.run(&cloud).args(&other).go().exits(0);
        assert!(done.events().iter().all(|event| event["restates"].is_null()), "{other:?}");
        let scoped = done.events().iter().all(|event| event["scope"].as_str().is_some());
        assert_eq!(scoped, ["--group-by", "--filter", "--metric"].contains(&other[0]), "{other:?}");
        let rerun = journal.run(&cloud).args(&other).go().exits(0);
        assert_eq!(rerun.stdout, "", "{other:?}");
    }
    assert!(journal.lines().len() > lines);
    assert_eq!(journal.run(&cloud).go().exits(0).stdout, "");
    assert!(
        journal.lines().iter().all(|line| !line["type"].as_str().unwrap().ends_with("retracted"))
    );
    let scopes: Vec<Value> =
        journal.lines().iter().map(|line| line["data"]["scope"].clone()).collect();
    assert!(scopes.contains(&"metrics=AmortizedCost group-by=DIMENSION:SERVICE filter=".into()));
}

#[test]
fn a_failed_page_takes_nothing_back() {
    let journal = Journal::new();
    journal.run(&cloud()).go().exits(0);
    let failing =
        twisted(Sample { revision: 1, ..Sample::default() }, |number, _, reply| match number {
            1 => change(reply, |page| {
                page["ResultsByTime"][0]["Groups"].as_array_mut().unwrap().truncate(1);
            }),
            _ => Reply::new(500, ""),
        });
    let done = journal.run(&failing).args(["--retries", "0"]).go().exits(5);
    assert_eq!(done.stdout, "");
    assert_eq!(journal.lines().iter().filter(|line| line["type"] == COMPLETED).count(), 1);
    assert_eq!(journal.run(&cloud()).go().exits(0).stdout, "");
}

#[test]
fn a_bill_file_is_compared_by_its_period() {
    let journal = Journal::new();
    let file = journal.folder.path().join("12345678_BillingItemDetail_20260301.csv");
    let run = |rows: &str| {
        std::fs::write(&file, format!("产品Code,应付金额,优惠金额,币种\n{rows}")).unwrap();
        let path = journal.path().display().to_string();
        Run::command("alicloud-oss").arg(file.display()).args(["--journal", &path]).go().exits(0)
    };
    let before =
        run("ecs,0.10,0,CNY\noss,1.25,\"1,0\",CNY\noss,1.25,0,CNY\nrds,2,3,USD\n").events();
    assert_eq!(before.len(), 4);
    let same = run("rds,2,3,USD\noss,1.25,0,CNY\noss,1.25,\"1,0\",CNY\necs,0.10,0,CNY\n");
    assert_eq!(same.stdout, "");
    let after = run("ecs,0.20,0,CNY\noss,1.25,\"1,0\",CNY\noss,1.25,0,CNY\nrds,2,3,USD\n").events();
    assert_eq!(after.len(), 1);
    assert_eq!(after[0]["restates"], before[0]["id"]);
    journal.look("verify").go().exits(0);
    journal.look("compact").go().exits(0);
    let back = run("ecs,0.10,0,CNY\noss,1.25,\"1,0\",CNY\noss,1.25,0,CNY\nrds,2,3,USD\n").events();
    assert_eq!(back[0]["restates"], after[0]["id"]);
}

#[test]
fn a_bill_file_that_is_empty_now_is_told_and_a_nameless_one_has_no_journal() {
    let journal = Journal::new();
    let path = journal.path().display().to_string();
    let run = |name: &str, rows: &str| {
        let text = format!("产品Code,应付金额,币种\n{rows}");
        Run::command("alicloud-oss").file(name, text).args([name, "--journal", &path])
    };
    let name = "12345678_BillingItemDetail_20260301.csv";
    run(name, "ecs,0.10,CNY\noss,1.25,CNY\n").go().exits(0);
    run(name, "").go().exits(4).says(&["the answer lacks 2 of the 2 rows"]);
    let done = run(name, "").arg("--allow-mass-retraction").go().exits(0);
    assert_eq!(done.events().len(), 2);
    let nameless = run("a.csv", "ecs,1,CNY\n").args(["--file-type", "BillingItemDetail"]);
    nameless.go().exits(2).says(&["a.csv: --journal needs a name that says the day or month"]);
}

#[test]
fn rows_that_come_back_after_a_compaction_have_new_ids_whatever_the_journal_holds() {
    // Local files complete no window that could carry the mark.
    let journal = Journal::new();
    let path = journal.path().display().to_string();
    let mut sent: Vec<Value> = Vec::new();
    let mut run = |rows: &[&str]| {
        let name = "12345678_BillingItemDetail_20260301.csv";
        let text = format!("产品Code,币种\n{}\n", rows.join(",CNY\n") + ",CNY");
        let run = Run::command("alicloud-oss").file(name, text).args([name, "--journal", &path]);
        let events = run.arg("--allow-mass-retraction").go().exits(0).events();
        sent.extend(events);
        let mut rows: HashMap<String, Value> = HashMap::new();
        for event in &sent {
            if let Some(old) = event["restates"].as_str() {
                rows.remove(old);
            }
            if !event["type"].as_str().unwrap().ends_with(".retracted") {
                rows.insert(event["id"].as_str().unwrap().to_owned(), event.clone());
            }
        }
        let mut left: Vec<String> =
            rows.values().map(|event| event["data"]["产品Code"].as_str().unwrap().into()).collect();
        left.sort();
        left
    };
    let bills: [&[&str]; 2] = [&["x", "y"], &["v", "w", "z"]];
    for round in 0..3 {
        for bill in bills {
            assert_eq!(run(bill), bill, "round {round}");
        }
        journal.look("compact").go().exits(0);
        journal.look("verify").go().exits(0);
    }
    assert_unique(&sent.iter().map(|event| event["id"].to_string()).collect::<Vec<_>>());
}

#[test]
fn several_new_rows_of_a_subject_wait_until_what_they_replace_is_gone() {
    let (journal, name) = (Journal::new(), "12345678_BillingItemDetail_20260301.csv");
    let (gone, early) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let counts = (Arc::clone(&gone), Arc::clone(&early));
    let target = Target::answering(move |_, request| {
        let event = &events_of(request)[0];
        if event["type"].as_str().unwrap().ends_with(".retracted") {
            // Long enough for every other post that does not wait for this one.
            std::thread::sleep(Duration::from_millis(50));
            counts.0.fetch_add(1, SeqCst);
        } else if event["data"]["产品Code"] == "new" && counts.0.load(SeqCst) < 2 {
            counts.1.fetch_add(1, SeqCst);
        }
        Reply::new(204, "")
    });
    let run = |rows: &str| {
        let run = Run::command("alicloud-oss").file(name, format!("产品Code,币种,金额\n{rows}"));
        let run = run.args([name, "--journal"]).arg(journal.path().display()).to(&target);
        run.arg("--allow-mass-retraction").go().exits(0)
    };
    run("ecs,CNY,1\necs,CNY,2\n");
    let done = run("new,CNY,3\nnew,CNY,4\nnew,CNY,5\n");
    assert!(done.closing().contains("2 retracted"), "{}", done.closing());
    assert_eq!((gone.load(SeqCst), early.load(SeqCst)), (2, 0));
    assert_eq!(target.events().len(), 7);
    run("new,CNY,3\nnew,CNY,4\nnew,CNY,5\n");
    assert_eq!(target.events().len(), 7);
}

#[test]
fn a_line_that_is_there_twice_is_one_event() {
    let (journal, cloud) = (Journal::new(), cloud());
    journal.run(&cloud).go().exits(0);
    journal.write(&journal.text().repeat(2));
    let done = journal.run(&cloud).go().exits(0);
    assert_eq!(done.stdout, "");
    assert!(done.closing().contains("31 unchanged"), "{}", done.closing());
}

#[test]
fn bills_of_two_scopes_with_the_same_rows_do_not_end_each_other() {
    let (journal, plain, restated) = (Journal::new(), cloud(), restated());
    let filter = ["--filter", r#"{"Dimensions":{"Key":"REGION","Values":["eu-central-1"]}}"#];
    journal.run(&plain).go().exits(0);
    journal.run(&plain).args(filter).go().exits(0);
    journal.run(&restated).args(filter).go().exits(0);
    journal.look("compact").go().exits(0);
    assert_eq!(journal.run(&plain).go().exits(0).stdout, "");
}

#[test]
fn files_of_another_type_have_windows_of_their_own() {
    let (journal, cloud) = (Journal::new(), cloud());
    let run = |file_type: &str, date: &str| {
        Run::of("alicloud-oss", &cloud)
            .args(["--bucket", "demo-bills", "--region", "cn-hangzhou", "--date", date])
            .args(["--file-type", file_type, "--journal", &journal.path().display().to_string()])
            .go()
    };
    run("BillingItemDetail", "last-7-days").exits(0);
    run("BillingItemDetail", "since-journal").exits(0).says(&["nothing to pull"]);
    run("InstanceDetail", "since-journal").exits(2).says(&["has no completed window of this pull"]);
    assert_eq!(journal.completed()["scope"], "bucket=demo-bills file-type=BillingItemDetail");
}

#[test]
fn a_day_that_the_cloud_calls_estimated_is_not_final() {
    let journal = Journal::new();
    let estimated = twisted(Sample::default(), |_, _, reply| {
        change(reply, |page| {
            for period in page["ResultsByTime"].as_array_mut().unwrap() {
                period["Estimated"] = true.into();
            }
        })
    });
    journal.run(&estimated).arg("--date").arg(day(100)).go().exits(0);
    assert_eq!(journal.completed()["final"], false);
    let settled = twisted(Sample::default(), |_, _, reply| {
        change(reply, |page| {
            for period in page["ResultsByTime"].as_array_mut().unwrap() {
                period["Estimated"] = false.into();
            }
        })
    });
    let done = journal.run(&settled).args(["--date", "settling"]).go().exits(0);
    assert!(done.closing().starts_with(&format!("aws {}..", day(100))), "{}", done.closing());
    let done = journal.run(&settled).args(["--date", "settling"]).go().exits(0);
    assert!(!done.closing().contains(&day(100).to_string()), "{}", done.closing());
}

#[test]
fn every_cloud_keeps_a_journal() {
    for command in ["aws", "alicloud", "baidu"] {
        let (journal, cloud) = (Journal::new(), cloud());
        let path = journal.path().display().to_string();
        let run = || Run::of(command, &cloud).args(["--date", "yesterday", "--journal", &path]);
        let first = run().go().exits(0).events();
        assert!(!first.is_empty(), "{command}");
        let sums = journal.completed()["sums"].as_object().unwrap().len();
        assert!(sums > 0, "{command}");
        let again = run().go().exits(0);
        assert!(
            again.closing().contains(&format!("{} unchanged", first.len())),
            "{}",
            again.closing()
        );
        assert_eq!(again.stdout, "", "{command}");
        journal.look("verify").go().exits(0);
        let next = Run::of(command, &cloud).args(["--date", "since-journal", "--journal", &path]);
        next.go().exits(0).says(&["nothing to pull"]);
    }
}
