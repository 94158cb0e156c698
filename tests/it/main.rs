//! Tests of the built binary, run as a user runs it: arguments, files and environment in, streams and exit code out.

#![allow(
    clippy::expect_used,
    clippy::needless_pass_by_value,
    clippy::panic,
    clippy::type_complexity,
    clippy::unwrap_used,
    reason = "helpers of tests fail like tests"
)]

mod common;

// What Alibaba Cloud is asked, and how its pages become rows.
mod alicloud;
// Which bill files are read, from a bucket and from this machine, and how a download goes on.
mod alicloud_oss;
// Creating, listing and ending a subscription to bill files, and what is done when an answer gets lost.
mod alicloud_subscribe;
// What Cost Explorer is asked, and how its pages become rows.
mod aws;
// What GetResourceMonthBill is asked, how its pages become rows, and what its refusals mean.
mod baidu;
// What becomes of a panic.
mod bug;
// What --check finds, of every cloud and of a target.
mod check;
// What holds for every cloud alike.
mod conformance;
// The container's image, without an engine.
mod container;
// Which files, variables and options count, and in what order.
mod config;
// Where keys come from, end to end; the details are in the unit tests of the chain.
mod credentials;
// Posts to a target: content modes, retries, refusals.
mod delivery;
// What is generated and committed: manual pages, completions, lists in the README.
mod docs;
// What an event looks like, and how its id behaves.
mod events;
// How a pull fails: each cause with its exit code, its message and its hint.
mod failures;
// What a first look shows: --demo, --help, the commands there are.
mod first_minute;
// The journal: what is sent again and what is not, whatever happens in between.
mod journal;
// The Kubernetes manifests.
mod manifest;
// What is said on stderr: closing line, levels, JSON, --dry-run.
mod report;
// Several runs that share a window.
mod shard;
// How a run ends before its time: signals, --deadline, a reader that goes away.
mod stops;
