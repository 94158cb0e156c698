//! Any bytes as a bill file, ZIP or CSV: the reader must end, neither panic nor grow, and say the same however
//! the bytes are cut into blocks.
//!
//! ```text
//! cargo +nightly fuzz run bill_file fuzz/corpus/bill_file fuzz/seeds -- -dict=fuzz/bill_file.dict -detect_leaks=0
//! ```
//!
//! Without the leak detector: a thread of the reader that is about to end still has its locals, which it takes for
//! leaks. A real one would show as memory that grows with the runs.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| billing_pull::fuzz_read(bytes));
