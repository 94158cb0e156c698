//! A bug of the program itself: one line, exit code 1. This test binary plays the program with a bug.

use billing_pull::{LogFormat, report_bugs};
use serde_json::Value;
use std::process::Command;

/// What a run says that panics on a thread of its own.
fn bug(format: &str) -> String {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "bug::has_a_bug", "--nocapture"])
        .env_clear()
        .env("A_BUG_IN", format)
        .env("RUST_BACKTRACE", "1")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn has_a_bug() {
    let Ok(format) = std::env::var("A_BUG_IN") else { return };
    report_bugs(if format == "json" { LogFormat::Json } else { LogFormat::Text });
    let page: Vec<u8> = Vec::new();
    drop(std::thread::spawn(move || page[std::process::id() as usize]).join());
}

#[test]
fn a_bug_is_one_line_that_says_where_and_of_which_version() {
    let line = bug("text");
    let version = env!("CARGO_PKG_VERSION");
    let start = format!("billing-pull: error: this is a bug in billing-pull {version}");
    assert!(line.starts_with(&start), "{line}");
    assert!(line.contains(": index out of bounds: the len is 0 but the index is "), "{line}");
    assert!(line.contains("(tests/it/bug.rs:"), "{line}");
    assert!(line.contains("; please report this line to "), "{line}");
    assert_eq!(line.lines().count(), 1, "{line}");
}

#[test]
fn a_bug_is_a_json_object_among_json_lines() {
    let line: Value = serde_json::from_str(&bug("json")).unwrap();
    assert_eq!(line["level"], "error");
    assert!(line["message"].as_str().unwrap().starts_with("this is a bug in "), "{line}");
}
