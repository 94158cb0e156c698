//! What was delivered, as a file that a person can read: each acknowledged event, one line, exactly as emitted, and
//! a `billing-pull.window.completed` event for each window that was delivered whole.
//!
//! It is read back when a run starts ([`read`]), the bill is compared with it ([`compare`]), and it grows by what
//! the target acknowledges ([`file`]). So a run that was killed resumes where it was, and a rerun sends nothing.

mod blocks;
mod compact;
mod compare;
mod completed;
mod file;
mod line;
mod period;
mod read;
mod retract;
mod verify;

pub(crate) use compact::compact;
pub(crate) use period::{Journaled, Period};
pub(crate) use read::Domain;
use read::Group;
pub(crate) use verify::verify;

use crate::cloud::Cloud;
use crate::event::Batch;
use crate::exit::{Failed, Failure, fail};
use crate::json::escape_into;
use crate::report::{Counts, Report};
use crate::sink::Sink;
use crate::sums::Sums;
use crate::window::{Calendar, Granularity, When, Window};
use anyhow::{Context, Result};
use chrono::{DateTime, NaiveDate, Utc};
use compare::{Held, History};
use completed::{Completed, Progress, Pulled, Span};
pub(crate) use file::Journal;
use std::collections::BTreeSet;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError};

const NONBLOCK: i32 = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();

/// The value of the extension `scope`, by which a line tells what it may be compared with; empty for a plain bill.
pub(crate) fn scope_mark(scope: &str) -> String {
    if scope.is_empty() {
        return String::new();
    }
    blake3::hash(scope.as_bytes()).to_hex()[..16].to_owned()
}

/// The extensions of every event of a pull with this scope.
pub(crate) fn with_scope(extensions: &[(String, String)], scope: &str) -> Vec<(String, String)> {
    let mark = Some(("scope".to_owned(), scope_mark(scope)));
    extensions.iter().cloned().chain(mark.filter(|(_, mark)| !mark.is_empty())).collect()
}

/// A pull's journal: what it knew when the pull began, and where it grows.
pub(crate) struct Ledger {
    /// Where it grows.
    pub(crate) journal: Arc<Mutex<Journal>>,
    /// What it knew.
    history: History,
    sums: Sums,
    source: &'static str,
    scope: String,
    extensions: Vec<(String, String)>,
    allow_mass: bool,
}

impl Ledger {
    /// Reads back what a pull of `window` is compared with, and mends a torn last line.
    pub(crate) fn open(
        mut journal: Journal,
        cloud: &dyn Cloud,
        window: &Window,
        extensions: &[(String, String)],
        allow_mass: bool,
        report: &Report,
    ) -> Result<Self> {
        let domain = cloud.domain(window);
        let source = domain.source;
        let found = match journal.ahead.take() {
            Some((likely, found)) if likely == *window => found,
            _ => journal.context(read::read(journal.file(), journal.end(), &domain))?,
        };
        journal.mend(report)?;
        let history = History::new(journal.file().try_clone()?, found, domain);
        let extensions = with_scope(extensions, &cloud.scope());
        let scope = cloud.window_scope();
        let sums = Sums::default();
        let journal = Arc::new(Mutex::new(journal));
        Ok(Self { journal, history, sums, source, scope, extensions, allow_mass })
    }

    /// What of a page is to be sent now.
    pub(crate) fn news(&mut self, mut page: Batch, counts: &Counts) -> Vec<Batch> {
        self.sums.merge(std::mem::take(&mut page.sums));
        let (news, unchanged) = self.history.news(page);
        counts.unchanged.fetch_add(unchanged, Relaxed);
        news
    }

    /// After a complete pull, what is to be sent at its end; then whether anything may be retracted.
    pub(crate) fn rest(&mut self, cloud: &dyn Cloud, sink: &mut dyn Sink) -> Result<Result<()>> {
        let Self { history, extensions, allow_mass, .. } = self;
        let Held { now, later } = history.held();
        let mut send = |batch| sink.send(Arc::new(batch));
        now.into_iter().try_for_each(&mut send)?;
        let accounts: Vec<String> =
            cloud.accounts().iter().map(|account| escaped(account)).collect();
        let files = cloud.files_read().into_iter();
        let files =
            files.map(|(kind, account, period)| Group { kind, account: escaped(&account), period });
        let gone = history.gone(&accounts, &files.collect(), *allow_mass);
        if let Ok(gone) = &gone {
            history.retract(gone, extensions, &mut send)?;
        }
        if !later.is_empty() {
            sink.settle()?;
            later.into_iter().try_for_each(|batch| sink.send(Arc::new(batch)))?;
        }
        Ok(gone.map(|_| ()))
    }

    /// Waits until everything noted is on the disk.
    pub(crate) fn sync(&self) -> Result<()> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner).sync()
    }

    /// Notes that the window was delivered whole, and syncs the file.
    pub(crate) fn complete(
        &mut self,
        cloud: &dyn Cloud,
        window: &Window,
        now: DateTime<Utc>,
        counts: &Counts,
    ) -> Result<()> {
        let mut accounts = cloud.accounts();
        accounts.extend(self.history.accounts().map(unescaped));
        accounts.retain(|account| !account.is_empty());
        accounts.sort_unstable();
        accounts.dedup();
        let [delivered, changed, retracted, unchanged, rows, requests] = [
            &counts.delivered,
            &counts.changed,
            &counts.retracted,
            &counts.unchanged,
            &counts.rows,
            &counts.requests,
        ]
        .map(|count| count.load(Relaxed));
        let (is_final, final_through) =
            completed::finality(window, &cloud.calendar(), cloud.open_from(), now);
        let completed = Completed {
            cloud: cloud.name().to_owned(),
            window: Span::of(window),
            accounts,
            scope: self.scope.clone(),
            rows,
            new: delivered - changed - retracted,
            changed,
            unchanged,
            retracted,
            sums: self.sums.by_metric(),
            requests,
            r#final: is_final,
            final_through,
        };
        let line = completed.event(self.source, &self.extensions, now)?;
        let mut journal = self.journal.lock().unwrap_or_else(PoisonError::into_inner);
        journal.append(&line)?;
        journal.sync()
    }
}

fn escaped(text: &str) -> String {
    let mut out = Vec::new();
    escape_into(&mut out, text);
    String::from_utf8(out).unwrap_or_default()
}

fn unescaped(json: &str) -> String {
    serde_json::from_str(&format!("\"{json}\"")).unwrap_or_else(|_| json.to_owned())
}

/// The completed windows of a journal. It may be long, so what it knows of the days that are likely to be pulled is
/// read in the same pass.
pub(crate) fn windows(
    journal: &mut Journal,
    cloud: &dyn Cloud,
    likely: Option<Window>,
) -> Result<Vec<Pulled>> {
    let Some(likely) = likely else {
        return journal.context(completed::read(journal.file(), journal.end()));
    };
    let domain = cloud.domain(&likely);
    let mut found = journal.context(read::read(journal.file(), journal.end(), &domain))?;
    let windows = std::mem::take(&mut found.windows);
    journal.ahead = Some((likely, found));
    Ok(windows)
}

/// The day from which `since-journal` or `settling` goes on: after the last completed window of a pull like this;
/// for `settling` also the first day that was not final when it was pulled last.
pub(crate) fn resume(
    windows: &[Pulled],
    when: &When,
    granularity: Granularity,
    cloud: &dyn Cloud,
    now: DateTime<Utc>,
) -> Result<Option<NaiveDate>> {
    let (calendar, accounts) = (cloud.calendar(), cloud.accounts());
    let progress = Progress::of(windows, &calendar, granularity, &cloud.window_scope(), &accounts);
    let differ = progress.next.values().collect::<BTreeSet<_>>().len() > 1;
    if *when == When::SinceJournal && differ {
        let named: Vec<&str> = progress.next.keys().map(String::as_str).collect();
        let message = format!(
            "--date since-journal: the journal has completed windows of several accounts ({}), and whose bill \
             this is shows only in the answer: keep a journal for each, or use --date settling",
            named.join(", ")
        );
        return Err(fail(Failure::Usage, message));
    }
    let next = progress.next.into_values().min();
    // A day that was not final when the API served it last will never be.
    let oldest = calendar.oldest(granularity, now);
    let open = progress.open.filter(|day| oldest.is_none_or(|oldest| *day >= oldest));
    Ok(if *when == When::Settling { next.into_iter().chain(open).min() } else { next })
}

/// The days that a journal lacks and the API no longer serves.
pub(crate) fn lost(
    next: NaiveDate,
    calendar: &Calendar,
    granularity: Granularity,
    now: DateTime<Utc>,
) -> Option<String> {
    let oldest = calendar.oldest(granularity, now).filter(|oldest| next < *oldest)?;
    let last = oldest.pred_opt()?;
    Some(format!(
        "{next}..{last} is gone: the journal goes up to the day before, and {} serves {oldest} and later",
        calendar.cloud
    ))
}

/// The completed windows of a journal that is only looked at; none where there is no file.
pub(crate) fn peek(path: &Path) -> Result<Vec<Pulled>> {
    // Opening a pipe would wait for somebody who writes into it.
    let open = || std::fs::OpenOptions::new().read(true).custom_flags(NONBLOCK).open(path);
    match open() {
        Ok(file) if !file.metadata().is_ok_and(|found| found.is_file()) => {
            Err(fail(Failure::Usage, format!("the journal {} is no file", path.display())))
        }
        Ok(file) => {
            let end = file::whole_lines(&file)?;
            completed::read(&file, end).with_context(|| format!("the journal {}", path.display()))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => {
            let message = format!("the journal {} cannot be read", path.display());
            Err(error).context(Failed::because(Failure::Usage, message))
        }
    }
}
