//! Tests of the built binary, run as a user runs it: arguments, files and environment in, streams and exit code out.

mod common;

// What Cost Explorer is asked, and how its pages become rows.
mod aws;
// Which files, variables and options count, and in what order.
mod config;
// Posts to a target: content modes, retries, refusals, signals.
mod delivery;
// What an event looks like, and how its id behaves.
mod events;
// How a pull fails: each cause with its exit code, its message and its hint.
mod failures;
// What a first look shows: --demo, --help, the commands there are.
mod first_minute;
// What is said on stderr: closing line, levels, JSON, --dry-run.
mod report;

// What is generated and committed: manual pages, completions, lists in the README.
mod docs;

// Several runs that share a window.
mod shard;

// What becomes of a panic.
mod bug;
