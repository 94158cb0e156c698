//! The file itself: killed runs, torn and broken lines, locks, places, a full disk.

use super::*;

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
fn a_file_that_is_no_journal_is_left_alone() {
    let journal = Journal::new();
    let other = r#"{"access_key_id":"x","secret":"y"}"#;
    journal.write(other);
    journal.run(&cloud()).go().exits(1).says(&["this is no journal", "the file is as it was"]);
    assert_eq!(journal.text(), other);
    // An event of which nothing but the start was written, or nothing at all.
    for torn in [r#"{"specversion":"1.0","id":"6f"#, r#"{"spec"#, "\0\0\0\0"] {
        journal.write(torn);
        assert_eq!(journal.run(&cloud()).go().exits(0).events().len(), 31, "{torn:?}");
    }
}

#[test]
fn damage_within_an_event_is_found_before_anything_is_sent() {
    let (journal, cloud) = (Journal::new(), cloud());
    journal.run(&cloud).go().exits(0);
    let text = journal.text().replacen("\"amount\":", "\"amount\"x:", 1);
    journal.write(&text);
    let done = journal.run(&restated()).go().exits(1).says(&["line 1 is corrupt: data: "]);
    assert_eq!((done.stdout.as_str(), journal.text()), ("", text));
}

#[test]
fn a_journal_that_may_only_be_read_can_be_verified() {
    let journal = Journal::new();
    journal.run(&cloud()).go().exits(0);
    let reader = std::fs::File::open(journal.path()).unwrap();
    reader.lock_shared().unwrap();
    std::fs::set_permissions(journal.path(), std::fs::Permissions::from_mode(0o444)).unwrap();
    journal.look("verify").go().exits(0);
}

#[test]
fn a_dry_run_does_not_wait_for_a_pipe() {
    let journal = Journal::new();
    let made = std::process::Command::new("mkfifo").arg(journal.path()).status().unwrap();
    assert!(made.success());
    let run = journal.run(&cloud()).args(["--date", "settling", "--dry-run"]);
    run.go().exits(2).says(&["is no file"]);
}
