//! Alibaba Cloud's bill files: one event is one line of a bill.
//!
//! ```text
//! object ─► what is it? ─► CSV, or the members of a ZIP ─► blocks of rows ─► lines ─► batches, in order
//! object.rs  sniff.rs       window.rs, archive.rs           blocks.rs         rows.rs   reader.rs
//! ```

mod archive;
mod blocks;
mod cell;
mod feed;
mod header;
mod index;
mod lanes;
mod names;
mod object;
mod plan;
mod reader;
mod rows;
mod scan;
mod sniff;
mod window;

#[cfg(test)]
mod tests;

pub(crate) use names::{BillName, Period, canonical_type};
pub(crate) use object::{LocalFile, Object, Stdin};
pub(crate) use reader::{ReadContext, read};
