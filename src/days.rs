//! Which days this run pulls: what `--date` means now, where the journal makes it start, and which part of it is
//! this shard's.

use crate::cli::PullOptions;
use crate::cloud::Cloud;
use crate::config::Settings;
use crate::exit::{Failure, fail};
use crate::journal::{self, Journal};
use crate::report::Report;
use crate::window::{self, When, Window, Wish};
use anyhow::Result;
use chrono::{DateTime, Utc};

/// The days; none, which is said, where there is nothing to pull.
pub(crate) fn find(
    cloud: &dyn Cloud,
    options: &PullOptions,
    settings: &Settings,
    journal: Option<&mut Journal>,
    now: DateTime<Utc>,
    report: &Report,
) -> Result<Option<Window>> {
    if let Some(window) = cloud.own_window() {
        return Ok(Some(window));
    }
    let calendar = cloud.calendar();
    let wish = wish(cloud, options, journal, now)?;
    let Some(window) = window::resolve(&wish, &calendar, now)? else {
        report.info("the window holds no day yet: nothing to pull");
        return Ok(None);
    };
    let lost = wish.journal.and_then(|day| journal::lost(day, &calendar, wish.granularity, now));
    if let Some(lost) = lost {
        report.warn(&lost);
    }
    let Some(shard) = settings.shard else { return Ok(Some(window)) };
    if window::moves(&wish, &calendar, now) {
        report.info("these days move at midnight: start every shard on one day, or name the days");
    }
    let part = cloud.part(&window, shard);
    if part.is_none() {
        report.info(&format!("{shard} of {window} holds no day: nothing to pull"));
    }
    Ok(part)
}

/// The days, should the journal lack none before them.
fn likely(wish: &Wish<'_>, cloud: &dyn Cloud, now: DateTime<Utc>) -> Option<Window> {
    let when = if *wish.when == When::Settling { &When::Settling } else { &When::Yesterday };
    let wish = Wish { when, journal: None, ..*wish };
    window::resolve(&wish, &cloud.calendar(), now).ok().flatten()
}

fn wish<'a>(
    cloud: &dyn Cloud,
    options: &'a PullOptions,
    journal: Option<&mut Journal>,
    now: DateTime<Utc>,
) -> Result<Wish<'a>> {
    let (when, granularity) = (&options.date, options.granularity);
    let mut wish = Wish { when, granularity, journal: None };
    if when.goes_by_journal() {
        let windows = match (journal, &options.journal) {
            (Some(journal), _) => journal::windows(journal, cloud, likely(&wish, cloud, now))?,
            // A dry run only looks.
            (None, Some(path)) => journal::peek(path)?,
            (None, None) if *when == When::SinceJournal => {
                return Err(fail(Failure::Usage, "--date since-journal needs --journal FILE"));
            }
            (None, None) => Vec::new(),
        };
        wish.journal = journal::resume(&windows, when, granularity, cloud, now)?;
    }
    Ok(wish)
}
