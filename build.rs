//! Tells the program which commit it is built from, where that is known: git's, or `BILLING_PULL_COMMIT` where
//! there is no repository, as in a container's build. Without either it builds all the same.
#![allow(clippy::print_stdout, reason = "this is how a build script speaks to cargo")]

use std::env;
use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=BILLING_PULL_COMMIT");
    let commit = env::var("BILLING_PULL_COMMIT").ok().filter(|commit| !commit.is_empty());
    let commit = commit.or_else(from_git).map(|commit| format!(" ({commit})")).unwrap_or_default();
    let version = env::var("CARGO_PKG_VERSION").unwrap_or_default();
    println!("cargo::rustc-env=BUILT_VERSION={version}{commit}");
}

fn from_git() -> Option<String> {
    // A crate that was unpacked inside another repository is not built from that one's commit.
    let top = git(&["rev-parse", "--show-toplevel"])?;
    if Path::new(&top).canonicalize().ok()? != env::current_dir().ok()?.canonicalize().ok()? {
        return None;
    }
    // Its log grows with every commit and every checkout.
    let log = git(&["rev-parse", "--git-path", "logs/HEAD"])?;
    if Path::new(&log).exists() {
        println!("cargo::rerun-if-changed={log}");
    }
    git(&["log", "-1", "--format=%h %cs"])
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !text.is_empty()).then_some(text)
}
