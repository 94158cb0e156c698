//! Tests of the built binary, run as a user runs it: arguments, files and environment in, streams and exit code out.

mod common;

// What a first look shows: --demo, --help, the commands there are.
mod first_minute;
