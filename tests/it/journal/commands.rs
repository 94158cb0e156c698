//! What a journal is good for beside a pull: where the next window starts, verify, compact.

use super::*;

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
    let sum =
        journal.lines()[31]["data"]["sums"]["UnblendedCost"]["USD"].as_str().map(str::to_owned);
    journal.write(&good.replacen(&format!("\"{}\"", sum.unwrap()), "\"1.5\"", 1));
    journal.look("verify").go().exits(1).says(&["line 32: the id ", "is not that of its content"]);
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
