//! The event that says that a window was pulled and delivered whole. It stands in the journal and is never sent;
//! `since-journal` and `settling` go by it.

use super::blocks;
use super::line::{COMPLETED, Line, kind_of};
use crate::event::{Batch, Data, Envelope, Row};
use crate::window::{Calendar, Granularity, Window, last_of_month};
use anyhow::Result;
use chrono::{DateTime, Days, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;

/// A window that was delivered whole.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Completed {
    pub(super) cloud: String,
    pub(super) window: Span,
    /// Empty for one account without a name.
    pub(super) accounts: Vec<String>,
    /// What narrowed or regrouped the bill; empty for a plain one.
    pub(super) scope: String,
    pub(super) rows: u64,
    pub(super) new: u64,
    pub(super) changed: u64,
    pub(super) unchanged: u64,
    pub(super) retracted: u64,
    /// By metric, then by currency, in plain digits.
    pub(super) sums: BTreeMap<String, BTreeMap<String, String>>,
    pub(super) requests: u64,
    /// Whether nothing of it can change any more by the cloud's own rule.
    pub(super) r#final: bool,
    /// The last day up to which that is so, where it is for a part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) final_through: Option<NaiveDate>,
}

/// A window's days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Span {
    pub(super) start: NaiveDate,
    pub(super) end: NaiveDate,
    pub(super) granularity: String,
}

impl Span {
    pub(super) fn of(window: &Window) -> Self {
        let granularity = window.granularity.name().to_owned();
        Self { start: window.start, end: window.end, granularity }
    }

    /// As the closing line of a pull writes it.
    pub(super) fn to_window(&self) -> Option<Window> {
        let granularity = [Granularity::Daily, Granularity::Monthly]
            .into_iter()
            .find(|granularity| granularity.name() == self.granularity)?;
        Some(Window { start: self.start, end: self.end, granularity })
    }
}

#[cfg(test)]
impl Completed {
    /// Of this window, and nothing else.
    pub(super) fn for_tests(window: &Window) -> Self {
        Self {
            cloud: "aws".into(),
            window: Span::of(window),
            accounts: Vec::new(),
            scope: String::new(),
            rows: 0,
            new: 0,
            changed: 0,
            unchanged: 0,
            retracted: 0,
            sums: BTreeMap::new(),
            requests: 1,
            r#final: false,
            final_through: None,
        }
    }
}

impl Completed {
    /// The event, a line with its line feed. `asked` is when the pull began: a day that was under way then has to be
    /// pulled again, whenever the pull ended.
    pub(super) fn event(
        &self,
        source: &str,
        extensions: &[(String, String)],
        asked: DateTime<Utc>,
    ) -> Result<Vec<u8>> {
        let mut data = Data::default();
        let members = serde_json::to_string(self)?;
        let members: crate::json::Members = serde_json::from_str(&members)?;
        members.0.iter().for_each(|(name, value)| data.raw(name, value));
        let subject = match self.window.to_window() {
            Some(window) => format!("{}/{window}", self.cloud),
            None => self.cloud.clone(),
        };
        let account = match &self.accounts[..] {
            [only] => Some(only.clone()),
            _ => None,
        };
        let row = Row { account, period: self.window.start, subject, data, amounts: Vec::new() };
        let mut batch = Batch::new(Envelope::new(source, COMPLETED, asked, extensions)?);
        batch.push(&row);
        Ok(std::mem::take(&mut batch.bytes))
    }
}

/// A completed window, when it was pulled, and where its line is.
#[derive(Debug, Clone)]
pub(crate) struct Pulled {
    pub(super) completed: Completed,
    pub(super) time: DateTime<Utc>,
    pub(super) offset: u64,
}

impl Pulled {
    /// From its line; the error says what is wrong.
    pub(super) fn read(line: &Line<'_>, offset: u64) -> Result<Self, String> {
        let time = line.time.parse().map_err(|error| format!("time {:?}: {error}", line.time))?;
        let completed =
            serde_json::from_str(&line.data).map_err(|error| format!("data: {error}"))?;
        Ok(Self { completed, time, offset })
    }

    /// The accounts; one without a name is empty.
    pub(super) fn accounts(&self) -> Vec<String> {
        let accounts = self.completed.accounts.clone();
        if accounts.is_empty() { vec![String::new()] } else { accounts }
    }

    /// Every day of it.
    pub(super) fn days(&self) -> impl Iterator<Item = NaiveDate> + use<> {
        let Span { start, end, .. } = self.completed.window;
        start.iter_days().take_while(move |day| *day <= end)
    }
}

/// The completed windows of a journal, in order.
pub(super) fn read(file: &File, end: u64) -> Result<Vec<Pulled>> {
    let mut all = Vec::new();
    let scan = |block: &blocks::Block<'_>| {
        let mut found: Vec<Pulled> = Vec::new();
        for (number, (offset, line)) in (0..).zip(block.lines()) {
            let is_another =
                kind_of(line.as_bytes()).is_some_and(|kind| kind != COMPLETED.as_bytes());
            if !is_another {
                found.extend(read_line(line, offset).map_err(|why| (number, why))?);
            }
        }
        Ok(found)
    };
    blocks::scan(file, end, scan, |found| {
        all.extend(found);
        Ok(())
    })?;
    Ok(all)
}

fn read_line(line: &str, offset: u64) -> Result<Option<Pulled>, String> {
    let line = Line::read(line)?;
    (line.kind == COMPLETED).then(|| Pulled::read(&line, offset)).transpose()
}

/// Up to where the journal has the bills that a pull like this one is about.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Progress {
    /// The day after the last completed window, by account.
    pub(crate) next: BTreeMap<String, NaiveDate>,
    /// The first day that was last pulled before it was final.
    pub(crate) open: Option<NaiveDate>,
}

impl Progress {
    /// `accounts` are those of the pull; all, where it will only know them when it has the answer.
    pub(super) fn of(
        windows: &[Pulled],
        calendar: &Calendar,
        granularity: Granularity,
        scope: &str,
        accounts: &[String],
    ) -> Self {
        let mut progress = Self::default();
        let mut last_word: BTreeMap<(String, NaiveDate), bool> = BTreeMap::new();
        for pulled in windows {
            let completed = &pulled.completed;
            let is_like = completed.cloud == calendar.cloud
                && completed.window.granularity == granularity.name()
                && completed.scope == scope;
            if !is_like {
                continue;
            }
            let Span { start, end, .. } = completed.window;
            // A day or month that was under way when it was pulled has to be pulled again.
            let end = end.min(calendar.today(pulled.time) - Days::new(1));
            let ours = |account: &String| accounts.is_empty() || accounts.contains(account);
            for account in pulled.accounts().into_iter().filter(ours) {
                let next = progress.next.entry(account.clone()).or_insert(start);
                *next = (*next).max(end + Days::new(1));
                let through = completed.final_through.filter(|_| !completed.r#final);
                for day in pulled.days() {
                    let is_final = completed.r#final || through.is_some_and(|last| day <= last);
                    last_word.insert((account.clone(), day), is_final);
                }
            }
        }
        // An answer without a row may name no account; where others do, it was one of theirs.
        if progress.next.len() > 1 {
            progress.next.remove("");
            last_word.retain(|(account, _), _| !account.is_empty());
        }
        progress.open =
            last_word.iter().filter(|(_, is_final)| !**is_final).map(|((_, day), _)| *day).min();
        progress
    }
}

/// Whether all of the window is final, and else the last day that is. `open_from` is the first day that the answer itself
/// calls open, which goes before the calendar's rule.
pub(super) fn finality(
    window: &Window,
    calendar: &Calendar,
    open_from: Option<NaiveDate>,
    now: DateTime<Utc>,
) -> (bool, Option<NaiveDate>) {
    if calendar.is_final(window, now) && open_from.is_none() {
        return (true, None);
    }
    let last = calendar.settling_start(now) - Days::new(1);
    let last = match window.granularity {
        Granularity::Daily => last,
        Granularity::Monthly => last_of_month(last),
    };
    let last = open_from.map_or(last, |day| last.min(day - Days::new(1)));
    (false, Some(last).filter(|last| *last >= window.start))
}
