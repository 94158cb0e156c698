use crate::common::Run;

#[test]
fn help_tells_commands_options_and_exit_codes() {
    let done = Run::bare(&["--help"]).go().exits(0);
    assert!(done.stdout.contains("aws"), "{}", done.stdout);
    for (code, meaning, _) in billing_pull::exit_codes() {
        let row = format!("  {code:<3}  {meaning}");
        assert!(done.stdout.lines().any(|line| line == row), "no {row:?} in: {}", done.stdout);
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
    let said = |arguments: &[&str]| Run::bare(arguments).go().exits(0).stdout;
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(said(&["-V"]), format!("billing-pull {version}\n"));
    assert_eq!(said(&["aws", "-V"]), format!("billing-pull-aws {version}\n"));
    let long = said(&["--version"]);
    let commit = long.strip_prefix(&format!("billing-pull {version}")).unwrap().trim();
    let known = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(".git").exists();
    let is_commit = commit.starts_with('(') && commit.ends_with(')') && commit.len() > 8;
    assert!(is_commit || (commit.is_empty() && !known), "{long}");
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
