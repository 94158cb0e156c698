use crate::common::Run;

#[test]
fn help_tells_commands_options_and_exit_codes() {
    let done = Run::bare(&["--help"]).go().exits(0);
    assert!(done.stdout.contains("aws"), "{}", done.stdout);
    for code in ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "130, 143, 141"] {
        let row = |line: &str| line.trim_start().starts_with(&format!("{code} "));
        assert!(done.stdout.lines().any(row), "no exit code {code} in: {}", done.stdout);
    }
    let done = Run::bare(&["aws", "--help"]).go().exits(0);
    for option in [
        "--date",
        "--granularity",
        "--target",
        "--content-mode",
        "--config",
        "--secret",
        "--endpoint",
        "--account",
        "--demo",
        "--dry-run",
        "--deadline",
        "--fail-if-empty",
        "--max-requests",
        "--concurrency",
        "--batch-size",
        "--timeout",
        "--retries",
        "--quiet",
        "--verbose",
        "--log-format",
        "--metric",
        "--group-by",
        "--filter",
        "--exclude-record-type",
        "--profile",
    ] {
        assert!(done.stdout.contains(option), "{option} is not in: {}", done.stdout);
    }
    assert!(!done.stdout.contains("access-key"), "secrets are never options");
}

#[test]
fn the_version_is_the_crates() {
    for arguments in [&["-V"][..], &["--version"], &["aws", "-V"]] {
        let done = Run::bare(arguments).go().exits(0);
        let version = done.stdout.trim_end();
        assert!(version.ends_with(env!("CARGO_PKG_VERSION")), "{version}");
        assert!(version.starts_with("billing-pull"), "{version}");
    }
}

#[test]
fn an_unknown_command_is_answered_with_the_known_ones() {
    for unknown in ["gcp", "asw", "AWS"] {
        let done = Run::bare(&[unknown, "--date", "yesterday"]).go().exits(2);
        done.says(&[unknown, "is none of the commands: aws"]);
    }
}

#[test]
fn without_arguments_the_help_is_shown() {
    let done = Run::bare(&[]).go().exits(2);
    done.says(&["Usage: billing-pull", "aws"]);
}
