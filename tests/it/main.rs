//! Tests of the built binary, run as a user runs it: arguments, files and environment in, streams and exit code out.

mod common;

// What a first look shows: --demo, --help, the commands there are.
mod first_minute;

// What is generated and committed: manual pages, completions, lists in the README.
mod docs;

// Several runs that share a window.
mod shard;

// What becomes of a panic.
mod bug;
