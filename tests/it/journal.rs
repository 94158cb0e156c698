use crate::common::{
    Cloud, Run, Running, Target, assert_unique, change, cloud, cloud_of, day, twisted,
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
fn a_run_that_is_killed_at_any_moment_resumes() {
    let cloud = cloud_of(Sample { rows: 300, page: 60, ..Sample::default() });
    let whole = Run::aws(&cloud).go().exits(0).events();
    for concurrency in [1, 8] {
        let (journal, target) = (Journal::new(), Target::start());
        let run =
            || journal.run(&cloud).to(&target).args(["--concurrency", &concurrency.to_string()]);
        let mut kills = 0;
        for step in 1..60 {
            let running: Running = run().start();
            // Where it is then is chance; that it goes on from there is what counts.
            target.await_events((step * 5).min(300));
            std::thread::sleep(Duration::from_micros(step as u64 * 331 % 2000));
            kills += usize::from(running.kill());
            let noted = journal.text().lines().count();
            assert!(noted <= target.events().len() + 1, "only what was acknowledged is noted");
        }
        assert!(kills > 20, "{kills} of 59 were killed before their end");
        run().go().exits(0);
        let mut ids = target.each("id");
        let sent = ids.len();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 300, "nothing is lost");
        assert!(sent - 300 <= kills * concurrency, "{sent} posts, {kills} kills");
        assert_eq!(applied(&target.events()), applied(&whole));
        assert_eq!(run().go().exits(0).closing().split(',').nth(1), Some(" 300 unchanged"));
    }
}

#[test]
fn a_torn_line_is_cut_off_and_its_row_sent_again() {
    let (journal, cloud) = (Journal::new(), cloud());
    let before = journal.run(&cloud).go().exits(0).stdout;
    let torn = before.len() - 100;
    journal.write(&before[..torn]);
    let done = journal.run(&cloud).go().exits(0).says(&["warning: ", "were cut off"]);
    assert_eq!(done.events().len(), 1);
    assert!(done.closing().contains("30 unchanged"));
    assert!(journal.lines().len() > 31);
}

#[test]
fn a_corrupt_line_is_named_and_nothing_is_touched() {
    let (journal, cloud, target) = (Journal::new(), cloud(), Target::start());
    journal.run(&cloud).go().exits(0);
    let good = journal.text();
    let line = good.lines().nth(7).unwrap();
    for bad in ["", "{}", "x", "\u{1}", &line[..line.len() - 1], &format!("{line}{line}"), "\0\0\0"]
    {
        // A torn end beside it is left alone too.
        let text = good.replacen(line, bad, 1) + "{\"torn";
        journal.write(&text);
        let run = journal.run(&cloud).to(&target);
        run.go().exits(1).says(&["bills.ndjson", "line 8 is corrupt"]);
        assert_eq!(journal.text(), text, "{bad:?}");
        journal.look("verify").go().exits(1).says(&["line 8"]);
        journal.look("compact").go().exits(1).says(&["line 8"]);
        assert_eq!(journal.text(), text, "{bad:?}");
    }
    assert!(target.requests().is_empty());
}

#[test]
fn a_second_run_stops_at_once() {
    let (journal, cloud) = (Journal::new(), cloud());
    let first = std::fs::File::create(journal.path()).unwrap();
    first.lock().unwrap();
    let who = format!("in use by process {}", std::process::id());
    let seen = cloud.seen().len();
    journal.run(&cloud).go().exits(2).says(&[&who]);
    assert_eq!(cloud.seen().len(), seen);
    journal.look("compact").go().exits(2).says(&[&who]);
    first.unlock().unwrap();
    journal.run(&cloud).go().exits(0);
}

#[test]
fn a_place_that_cannot_hold_a_journal_is_a_usage_error() {
    let cloud = cloud();
    for (path, why) in [
        ("none/j", "its folder must be there"),
        (".", "is a folder"),
        ("/dev/null", "is no regular file"),
        ("/proc/j", "cannot be opened"),
    ] {
        Run::aws(&cloud).args(["--journal", path]).go().exits(2).says(&["the journal ", why]);
    }
    assert!(cloud.seen().is_empty());
    let folder = TempDir::new().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o500)).unwrap();
    // Root may write everywhere.
    if std::fs::write(folder.path().join("probe"), "").is_err() {
        let path = folder.path().join("j");
        Run::aws(&cloud)
            .arg("--journal")
            .arg(path.display())
            .go()
            .exits(2)
            .says(&["must be writable"]);
    }
}

#[test]
fn a_full_disk_fails_the_run_and_the_next_one_heals() {
    let (journal, target) = (Journal::new(), Target::start());
    let cloud = cloud_of(Sample { rows: 100, page: 100, ..Sample::default() });
    // Of 512 or of 1024 bytes, as the shell counts.
    let run = journal.run(&cloud).to(&target).args(["--concurrency", "1"]);
    run.after("trap '' XFSZ; ulimit -f 24").go().exits(1).says(&["bills.ndjson cannot be written"]);
    let noted = journal.lines().len();
    assert!(noted > 0 && noted < 100, "{noted}");
    assert!(journal.text().ends_with('\n'));
    let done = journal.run(&cloud).to(&target).go().exits(0);
    assert!(done.closing().contains(&format!("{noted} unchanged")), "{}", done.closing());
    let mut ids = target.each("id");
    assert!(ids.len() <= 101, "{}", ids.len());
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 100);
}

#[test]
fn since_journal_asks_for_the_gap_in_one_request() {
    let (journal, cloud) =
        (Journal::new(), cloud_of(Sample { rows: 2, page: 1000, ..Sample::default() }));
    let run = || journal.run(&cloud);
    run()
        .args(["--date", "since-journal"])
        .go()
        .exits(2)
        .says(&["has no completed window", "--date settling"]);
    Run::aws(&cloud).args(["--date", "since-journal"]).go().exits(2).says(&["needs --journal"]);
    assert!(cloud.seen().is_empty());
    run().arg("--date").arg(day(41)).go().exits(0);
    let gap = format!("{}..{}", day(40), day(1));
    let dry = run().args(["--date", "since-journal", "--dry-run"]).go().exits(0);
    dry.says(&[&format!("\"Start\":\"{}\"", day(40))]);
    let done = run().args(["--date", "since-journal"]).go().exits(0);
    assert_eq!(done.events().len(), 80);
    assert!(done.closing().starts_with(&format!("aws {gap}: ")), "{}", done.closing());
    assert_eq!(cloud.seen().len(), 2);
    run().args(["--date", "since-journal"]).go().exits(0).says(&["nothing to pull"]);
    assert_eq!(cloud.seen().len(), 2);
    // Another account, filter or granularity has no window yet.
    for other in [["--account", "9"], ["--group-by", "REGION"], ["--granularity", "monthly"]] {
        run().args(["--date", "since-journal"]).args(other).go().exits(2);
    }
}

#[test]
fn settling_goes_back_to_what_the_journal_lacks() {
    let (journal, cloud) =
        (Journal::new(), cloud_of(Sample { rows: 1, page: 1000, ..Sample::default() }));
    let run = || journal.run(&cloud).args(["--date", "settling"]);
    journal.run(&cloud).arg("--date").arg(day(90)).go().exits(0);
    let closing = run().go().exits(0).closing().to_owned();
    assert!(closing.starts_with(&format!("aws {}..{}: ", day(89), day(1))), "{closing}");
    let closing = run().go().exits(0).closing().to_owned();
    assert!(!closing.contains(&day(89).to_string()), "{closing}");
    assert_eq!(cloud.seen().len(), 3);
}

#[test]
fn days_that_the_api_no_longer_serves_are_named() {
    let (journal, cloud) =
        (Journal::new(), cloud_of(Sample { rows: 1, page: 1000, ..Sample::default() }));
    journal.run(&cloud).arg("--date").arg(day(1)).go().exits(0);
    let old = day(500);
    journal.write(&journal.text().replace(&day(1).to_string(), &old.to_string()));
    let done = journal.run(&cloud).args(["--date", "since-journal"]).go().exits(0);
    done.says(&["warning: ", &format!("{}..", old + chrono::Days::new(1)), "is gone"]);
    assert_eq!(cloud.seen().len(), 2);
}

#[test]
fn a_dry_run_touches_no_journal() {
    let (journal, cloud) = (Journal::new(), cloud());
    journal.run(&cloud).arg("--dry-run").go().exits(0);
    assert!(!journal.path().exists());
}

#[test]
fn a_line_that_another_program_wrote_still_counts() {
    let (journal, cloud) = (Journal::new(), cloud());
    journal.run(&cloud).go().exits(0);
    let sorted: Vec<String> = journal
        .lines()
        .iter()
        .map(|line| serde_json::to_string_pretty(line).unwrap().replace('\n', ""))
        .collect();
    journal.write(&(sorted.join("\n") + "\n"));
    assert_eq!(journal.run(&cloud).go().exits(0).stdout, "");
    journal.look("verify").go().exits(0);
}

#[test]
fn verify_tells_what_a_journal_holds_and_what_is_wrong() {
    let (journal, lacks) = (Journal::new(), Arc::new(AtomicUsize::new(0)));
    let sample = lacking(&lacks);
    journal.run(&sample).go().exits(0);
    journal.run(&restated()).go().exits(0);
    lacks.store(2, SeqCst);
    journal.run(&sample).args(["--account", "9"]).go().exits(0);
    let done = journal.look("verify").go().exits(0);
    assert_eq!(done.stderr, "");
    let lines: Vec<&str> = done.stdout.lines().collect();
    assert!(lines[0].starts_with("aws.service.daily: "), "{lines:?}");
    assert!(lines[0].contains("31 rows in force"), "{lines:?}");
    assert!(lines[1].starts_with("aws.service.daily account 9: 29 events"), "{lines:?}");
    let window = format!("aws {}: 31 rows, 31 new, 0 changed, ", day(1));
    assert!(
        lines[2].starts_with(&window) && lines[2].ends_with("1 request, provisional"),
        "{lines:?}"
    );
    assert!(lines[2].contains("UnblendedCost "), "{lines:?}");
    assert!(lines.last().unwrap().ends_with("3 completed windows, 0 faults"), "{lines:?}");
    let good = journal.text();
    let amount = journal.lines()[4]["data"]["amount"].as_str().unwrap().to_owned();
    journal.write(&good.replacen(&amount, "0.01", 1));
    let done = journal.look("verify").go().exits(1);
    done.says(&["line 5: the id ", "is not that of its content", "has 1 fault"]);
    journal.write(&good.replacen("\"new\":31", "\"new\":30", 1));
    journal
        .look("verify")
        .go()
        .exits(1)
        .says(&["line 32: 30 new, 0 changed and 0 unchanged rows are not 31"]);
    journal.write(&good[..good.len() - 1]);
    journal.look("verify").go().exits(1).says(&["cut short"]);
    Run::bare(&["journal", "verify", "none"]).go().exits(2).says(&["cannot be opened"]);
}

#[test]
fn compact_keeps_what_was_last_said() {
    let (journal, lacks) = (Journal::new(), Arc::new(AtomicUsize::new(0)));
    let cloud = lacking(&lacks);
    journal.run(&cloud).go().exits(0);
    let changed = journal.run(&restated()).go().exits(0).events().len();
    lacks.store(1, SeqCst);
    journal.run(&cloud).go().exits(0);
    let before = journal.lines();
    let rows = |lines: &[Value]| -> Vec<Value> {
        lines.iter().filter(|line| line["type"] != COMPLETED).cloned().collect()
    };
    let report = journal.look("compact").go().exits(0);
    assert!(report.stderr.contains("lines kept"), "{}", report.stderr);
    let after = journal.lines();
    assert!(changed > 0 && after.len() < before.len());
    assert_eq!(rows(&after).len(), 31, "30 rows in force and one taken back");
    assert_eq!(after.len(), 32, "and the last word on the window");
    assert_eq!(applied(&rows(&after)), applied(&rows(&before)));
    let mode = std::fs::metadata(journal.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(std::fs::read_dir(journal.folder.path()).unwrap().count(), 1);
    journal.look("verify").go().exits(0);
    // It goes on as before.
    assert_eq!(journal.run(&cloud).go().exits(0).stdout, "");
    lacks.store(0, SeqCst);
    let back = journal.run(&cloud).go().exits(0).events();
    assert_eq!(back.len(), 1);
    assert!(before.iter().all(|line| line["id"] != back[0]["id"]));
    journal.run(&cloud).args(["--date", "since-journal"]).go().exits(0).says(&["nothing to pull"]);
}

#[test]
fn an_unknown_journal_command_is_refused() {
    Run::bare(&["journal", "mend", "x"]).go().exits(2);
    Run::bare(&["journal"]).go().exits(2);
    Run::bare(&["journal", "verify"]).go().exits(2);
}
