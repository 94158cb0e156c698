//! NDJSON on stdout. An event counts as delivered when its write returned; what a reader downstream then loses
//! cannot be known here.

use super::{Acked, Sink};
use crate::event::Batch;
use crate::exit::{Failed, Failure};
use anyhow::{Context, Result};
use std::io::{ErrorKind, Write};
use std::sync::Arc;

/// About as much as a pipe holds: what a run that is killed may have written without noting it.
const CHUNK: usize = 64 << 10;

/// The process's stdout.
pub(super) struct Stdout {
    acked: Acked,
}

impl Stdout {
    pub(super) fn new(acked: Acked) -> Self {
        Self { acked }
    }
}

impl Sink for Stdout {
    fn send(&mut self, batch: Arc<Batch>) -> Result<()> {
        let mut out = std::io::stdout().lock();
        let mut from = 0;
        while from < batch.len() {
            let (to, bytes) = batch.lines(from, CHUNK);
            out.write_all(bytes).and_then(|()| out.flush()).map_err(|error| {
                match error.kind() {
                    ErrorKind::BrokenPipe => {
                        Failed::because(Failure::OutputClosed, "stdout was closed").into()
                    }
                    _ => anyhow::Error::from(error).context("stdout cannot be written"),
                }
            })?;
            (self.acked)(&batch, from..to).context("noting what was delivered")?;
            from = to;
        }
        Ok(())
    }

    fn settle(&mut self) -> Result<()> {
        Ok(())
    }

    fn abandon(&mut self) {}
}
