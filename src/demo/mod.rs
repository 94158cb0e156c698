//! The sample cloud: a stand-in for each cloud's billing API on loopback. `--demo` runs against it, and the
//! tests run against the same one with faults switched on.

pub mod server;
