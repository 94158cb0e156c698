//! `billing-pull journal compact`: the journal rewritten with what was last said of each subject. What is left is
//! enough for every later pull to tell unchanged, restated and returning rows apart.

use super::completed::Pulled;
use super::file::{Journal, sync_folder};
use super::line::{COMPACTED, COMPACTION, Line};
use super::read::{self, Domain, Known};
use crate::event::{Batch, Data, Envelope, Row};
use crate::identity::Id;
use crate::report::{Report, plural};
use anyhow::{Context, Result};
use chrono::Utc;
use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, BufWriter, ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Rewrites a journal in one step: whatever happens, the file is the old one or the new one.
pub(crate) fn compact(path: &Path, report: &Report) -> Result<()> {
    let journal = Journal::open_existing(path)?;
    let (kept, mark) = journal.context(kept(&journal))?;
    let new = temporary(journal.path());
    let written = write(&journal, &kept, &mark, &new).and_then(|bytes| {
        std::fs::rename(&new, journal.path())?;
        Ok(bytes)
    });
    if written.is_err() {
        drop(std::fs::remove_file(&new));
    }
    let bytes = written.with_context(|| {
        format!("the journal {} cannot be rewritten and is as it was", path.display())
    })?;
    sync_folder(journal.path()).with_context(|| {
        format!("the journal {} is rewritten, but may not be on the disk yet", path.display())
    })?;
    report.info(&format!(
        "{}: {} kept, {bytes} of {} bytes",
        path.display(),
        plural(kept.len() as u64, "line"),
        journal.end()
    ));
    Ok(())
}

/// Where the mark of a compaction goes.
enum Mark {
    /// Into the last completed window, whose line is here.
    Window(u64),
    /// Where there is none, into a line of its own; the mark before, if there was one.
    Line(Option<Id>),
}

/// Where the lines that stay are, in order, and where the mark goes.
fn kept(journal: &Journal) -> Result<(Vec<u64>, Mark)> {
    let found = read::read(journal.file(), journal.end(), &Domain::everything())?;
    let mut kept = Vec::new();
    for subject in found.rows.chunk_by(|a, b| a.key == b.key) {
        kept.extend(subject.iter().filter(|row| !row.is_dead()).map(|row| row.offset));
        kept.extend(last_retraction(subject));
    }
    let windows = windows_that_count(&found.windows);
    kept.extend(&windows);
    kept.sort_unstable();
    let last = windows.into_iter().max();
    Ok((kept, last.map_or(Mark::Line(found.compacted), Mark::Window)))
}

/// The retraction that is the last word on a subject, or the only trace of what was taken back: a row that comes
/// back needs an id that never was.
fn last_retraction(subject: &[Known]) -> Option<u64> {
    let retraction =
        subject.iter().filter(|row| row.is_taken_back()).map(|row| row.offset).max()?;
    let mut alive = subject.iter().filter(|row| !row.is_dead());
    let is_told = alive.clone().any(Known::restates) && alive.any(|row| row.offset > retraction);
    (!is_told).then_some(retraction)
}

/// The completed windows that are the last word on some day of their cloud, granularity, scope and account.
fn windows_that_count(windows: &[Pulled]) -> Vec<u64> {
    let mut told = HashSet::new();
    let mut kept = Vec::new();
    for pulled in windows.iter().rev() {
        let of = &pulled.completed;
        let mut counts = false;
        for account in pulled.accounts() {
            for day in pulled.days() {
                let key = (&of.cloud, &of.window.granularity, &of.scope, account.clone(), day);
                counts |= told.insert(format!("{key:?}"));
            }
        }
        kept.extend(counts.then_some(pulled.offset));
    }
    kept
}

/// Next to the journal, so that it can take its place; hidden, since it is of no use to anybody else.
fn temporary(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.compact"))
}

/// Copies the lines that stay into a new file, synced; returns its length.
fn write(journal: &Journal, kept: &[u64], mark: &Mark, path: &Path) -> Result<u64> {
    // We hold the journal's lock, so a file of this name is left from a run that was killed.
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    let old = journal.file().metadata()?;
    file.set_permissions(old.permissions())?;
    if old.uid() != file.metadata()?.uid() {
        // As when root looks after a journal of somebody else's.
        std::os::unix::fs::fchown(&file, Some(old.uid()), Some(old.gid()))?;
    }
    let mut out = BufWriter::with_capacity(1 << 20, &file);
    let mut lines = BufReader::with_capacity(1 << 20, File::open(journal.path())?);
    let (mut at, mut bytes, mut line) = (0, 0, Vec::new());
    for &offset in kept {
        lines.seek_relative(i64::try_from(offset - at)?)?;
        line.clear();
        at = offset + lines.read_until(b'\n', &mut line)? as u64;
        if matches!(mark, Mark::Window(last) if *last == offset) {
            line = marked(&line)?;
        }
        out.write_all(&line)?;
        bytes += line.len() as u64;
    }
    if let Mark::Line(before) = mark {
        let line = mark_line(*before)?;
        out.write_all(&line)?;
        bytes += line.len() as u64;
    }
    out.flush()?;
    drop(out);
    file.sync_all()?;
    Ok(bytes)
}

/// A line that says nothing but the mark.
fn mark_line(before: Option<Id>) -> Result<Vec<u8>> {
    let now = Utc::now();
    let mut data = Data::default();
    data.text("message", "lines before this one were left out");
    let subject = "journal".to_owned();
    let row = Row { account: None, period: now.date_naive(), subject, data, amounts: Vec::new() };
    let event = |extensions: &[(String, String)]| -> Result<Batch> {
        let mut batch = Batch::new(Envelope::new("billing-pull", COMPACTION, now, extensions)?);
        batch.push(&row);
        Ok(batch)
    };
    let plain = event(&[])?;
    let id = plain.events.first().map(|event| event.id).context("no event")?;
    let mark = id.derive(now.timestamp_micros().cast_unsigned(), before);
    Ok(std::mem::take(&mut event(&[(COMPACTED.to_owned(), mark.to_string())])?.bytes))
}

/// A completed window with the mark of this compaction.
fn marked(line: &[u8]) -> Result<Vec<u8>> {
    const DATA: &str = ",\"data\":";
    let line = std::str::from_utf8(line)?;
    let read = Line::read(line.trim_end()).map_err(anyhow::Error::msg)?;
    let now = Utc::now().timestamp_micros().cast_unsigned();
    let mark = |id: Id| format!(",\"{COMPACTED}\":\"{id}\"");
    let plain = read.compacted.map_or(line.to_owned(), |old| line.replacen(&mark(old), "", 1));
    let new = mark(read.id.derive(now, read.compacted));
    // In a line of another layout, which is valid all the same, it may find no place.
    Ok(plain.replacen(DATA, &format!("{new}{DATA}"), 1).into_bytes())
}
