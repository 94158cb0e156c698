//! Events that take back what the bill no longer says: the last that was said, under the type `<type>.retracted`.

use super::compare::History;
use super::line::Line;
use crate::event::{Batch, Envelope, RETRACTED};
use anyhow::{Context, Result};
use chrono::Utc;
use std::collections::HashMap;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

/// Events of one batch: few enough that none has to wait long in memory.
const BATCH: usize = 256;

impl History {
    /// Hands over the retractions of these rows, batch by batch. They carry the extensions of the rows of this pull.
    pub(crate) fn retract(
        &self,
        gone: &[usize],
        extensions: &[(String, String)],
        mut emit: impl FnMut(Batch) -> Result<()>,
    ) -> Result<()> {
        let mut envelopes: HashMap<&str, Arc<Envelope>> = HashMap::new();
        let mut batch: Option<Batch> = None;
        for row in gone.iter().map(|&at| self.rows[at]) {
            let group = &self.groups[row.group as usize];
            let text = line_at(&self.file, row.offset)?;
            let line =
                Line::read(&text).map_err(anyhow::Error::msg).context("the journal changed")?;
            let kind = format!("{}{RETRACTED}", group.kind);
            let envelope = if let Some(envelope) = envelopes.get(&*group.kind) {
                Arc::clone(envelope)
            } else {
                let envelope = Envelope::new(&line.source, &kind, Utc::now(), extensions)?;
                envelopes.insert(&group.kind, Arc::clone(&envelope));
                envelope
            };
            let is_full = batch.as_ref().is_some_and(|batch| {
                batch.len() >= BATCH || !Arc::ptr_eq(&batch.envelope, &envelope)
            });
            if let Some(full) = batch.take_if(|_| is_full) {
                emit(full)?;
            }
            let base = line.base(&kind).map_err(anyhow::Error::msg)?;
            batch.get_or_insert_with(|| Batch::new(envelope)).write(
                line.subject.as_bytes(),
                line.account.as_bytes(),
                Some(row.id()),
                group.period.first(),
                |out| {
                    out.extend_from_slice(line.data.as_bytes());
                    base
                },
            );
        }
        batch.map_or(Ok(()), emit)
    }
}

/// The line that starts at `offset`, without its line feed.
pub(super) fn line_at(file: &File, offset: u64) -> Result<String> {
    let mut line = Vec::new();
    loop {
        let known = line.len();
        line.resize(known + 4096, 0);
        let read = file.read_at(&mut line[known..], offset + known as u64)?;
        line.truncate(known + read);
        if let Some(end) = memchr::memchr(b'\n', &line[known..]) {
            line.truncate(known + end);
            return String::from_utf8(line).context("the journal changed");
        }
        anyhow::ensure!(read > 0, "the journal became shorter while it was used");
    }
}
