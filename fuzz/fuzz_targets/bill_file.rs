//! Any bytes as a bill file, ZIP or CSV: the reader must end, neither panic nor grow, and say the same however
//! the bytes are cut into blocks.
//!
//! ```text
//! cargo +nightly fuzz run bill_file fuzz/corpus/bill_file fuzz/seeds -- -dict=fuzz/bill_file.dict
//! ```
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| billing_pull::fuzz_read(bytes));
