//! Which days of the bill are asked for: `--date` and `--granularity`, resolved in the cloud's own zone. A day is
//! a day of the cloud's bill, so the host's zone plays no part; the clock is an argument.

mod calendar;

pub(crate) use calendar::{Calendar, Served, Settles};

use crate::exit::{Failure, fail};
use anyhow::Result;
use chrono::{DateTime, Datelike, Days, Months, NaiveDate, Utc};
use std::fmt;
use std::str::FromStr;

/// How the rows of a bill are cut in time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Granularity {
    /// One row per day.
    #[default]
    Daily,
    /// One row per calendar month.
    Monthly,
}

impl Granularity {
    /// `daily`, `monthly`: the last part of an event's type.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Daily => "daily",
            Self::Monthly => "monthly",
        }
    }
}

/// What `--date` may say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    /// `yesterday`
    Yesterday,
    /// `today`
    Today,
    /// `this-month`: through yesterday.
    ThisMonth,
    /// `last-month`
    LastMonth,
    /// `last-N-days`: ends yesterday.
    LastDays(u32),
    /// `settling`: whatever the cloud may still restate by its own rule.
    Settling,
    /// `since-journal`: from the day after the last completed window.
    SinceJournal,
    /// A day, a month, or a range of them, both ends included.
    Span(Point, Point),
}

/// One end of a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// `YYYY-MM-DD`
    Day(NaiveDate),
    /// `YYYY-MM`, by its first day.
    Month(NaiveDate),
}

impl Point {
    fn first(self) -> NaiveDate {
        match self {
            Self::Day(day) | Self::Month(day) => day,
        }
    }

    fn last(self) -> NaiveDate {
        match self {
            Self::Day(day) => day,
            Self::Month(first) => last_of_month(first),
        }
    }
}

impl FromStr for Point {
    type Err = String;

    /// Strict: `2026-3-1` may be a slip of the pen, and a lenient parser reads `26-11-02` as the year 26.
    fn from_str(text: &str) -> Result<Self, String> {
        let shape: String =
            text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
        let bad = || format!("{text:?} is no date: write YYYY-MM-DD or YYYY-MM");
        let number =
            |from: usize, to: usize| text.get(from..to).and_then(|t| t.parse::<u32>().ok());
        let date = |day: u32| {
            let year = number(0, 4).and_then(|year| i32::try_from(year).ok()).ok_or_else(bad)?;
            NaiveDate::from_ymd_opt(year, number(5, 7).ok_or_else(bad)?, day)
                .ok_or_else(|| format!("there is no such date as {text}"))
        };
        match shape.as_str() {
            "0000-00-00" => date(number(8, 10).ok_or_else(bad)?).map(Self::Day),
            "0000-00" => date(1).map(Self::Month),
            _ => Err(bad()),
        }
    }
}

impl When {
    /// Whether a journal says where the window starts.
    pub(crate) fn goes_by_journal(&self) -> bool {
        matches!(self, Self::SinceJournal | Self::Settling)
    }
}

impl FromStr for When {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(match text {
            "yesterday" => Self::Yesterday,
            "today" => Self::Today,
            "this-month" => Self::ThisMonth,
            "last-month" => Self::LastMonth,
            "settling" => Self::Settling,
            "since-journal" => Self::SinceJournal,
            _ => {
                if let Some(days) = text.strip_prefix("last-").and_then(|t| t.strip_suffix("-days"))
                {
                    let canonical =
                        !days.starts_with('0') && days.bytes().all(|b| b.is_ascii_digit());
                    let days =
                        days.parse().ok().filter(|days| canonical && (1..=9999).contains(days));
                    return days
                        .map(Self::LastDays)
                        .ok_or(format!("{text:?}: N in last-N-days is 1 to 9999"));
                }
                if let Some((from, to)) = text.split_once("..") {
                    return Ok(Self::Span(from.parse()?, to.parse()?));
                }
                let point: Point = text.parse().map_err(|error: String| {
                    if error.starts_with("there is no such") {
                        return error;
                    }
                    format!(
                        "{error}, a range FROM..TO of them, yesterday, today, last-N-days, \
                         this-month, last-month, settling or since-journal"
                    )
                })?;
                Self::Span(point, point)
            }
        })
    }
}

/// The days (or whole months) of one pull. Never empty; an empty wish is `None` from [`resolve`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    /// The first day.
    pub(crate) start: NaiveDate,
    /// The last day, included.
    pub(crate) end: NaiveDate,
    /// By day or by month.
    pub(crate) granularity: Granularity,
}

impl Window {
    /// The day after the last.
    pub(crate) fn after(&self) -> NaiveDate {
        next(self.end)
    }

    /// Every day.
    pub(crate) fn days(&self) -> impl DoubleEndedIterator<Item = NaiveDate> + use<> {
        let start = self.start;
        let count = (self.end - self.start).num_days().max(0).unsigned_abs();
        (0..=count).map(move |n| start + Days::new(n))
    }

    /// Every month, by its first day.
    pub(crate) fn months(&self) -> impl Iterator<Item = NaiveDate> + use<> {
        let end = self.end;
        std::iter::successors(Some(first_of_month(self.start)), |m| {
            m.checked_add_months(Months::new(1))
        })
        .take_while(move |month| *month <= end)
    }

    /// The first days of what its rows cover: days, or months.
    pub(crate) fn periods(&self) -> Vec<NaiveDate> {
        match self.granularity {
            Granularity::Daily => self.days().collect(),
            Granularity::Monthly => self.months().collect(),
        }
    }

    /// The `index`th of `of` contiguous blocks of periods, as even as can be; `None` for a block of none.
    pub(crate) fn shard(&self, index: usize, of: usize) -> Option<Self> {
        let periods = self.periods();
        let cut = |n: usize| periods.len() * n / of.max(1);
        let block = periods.get(cut(index)..cut(index + 1))?;
        let (start, last) = (*block.first()?, *block.last()?);
        let end = match self.granularity {
            Granularity::Daily => last,
            Granularity::Monthly => last_of_month(last),
        };
        Some(Self { start, end, granularity: self.granularity })
    }
}

impl fmt::Display for Window {
    /// `2022-06-13`, `2022-06-13..2022-06-20`, `2022-06`, `2022-05..2022-06`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, last) = match self.granularity {
            Granularity::Daily => (self.start.to_string(), self.end.to_string()),
            Granularity::Monthly => {
                (self.start.format("%Y-%m").to_string(), self.end.format("%Y-%m").to_string())
            }
        };
        if first == last { f.write_str(&first) } else { write!(f, "{first}..{last}") }
    }
}

/// What a window is made from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wish<'a> {
    /// `--date`.
    pub(crate) when: &'a When,
    /// `--granularity`.
    pub(crate) granularity: Granularity,
    /// The day after the last completed window of the journal, where there is one.
    pub(crate) journal: Option<NaiveDate>,
}

/// The window that `wish` means now, or `None` where it is empty without fault (`this-month` on the 1st). A day
/// that the cloud no longer serves is refused, and so is the future, before any request is made or paid for.
pub(crate) fn resolve(
    wish: &Wish<'_>,
    calendar: &Calendar,
    now: DateTime<Utc>,
) -> Result<Option<Window>> {
    let refuse = |message: String| Err(fail(Failure::Usage, message));
    let today = calendar.today(now);
    let yesterday = today - Days::new(1);
    let this_month = first_of_month(today);
    let oldest = calendar.oldest(wish.granularity, now);
    let (start, end) = match *wish.when {
        When::Yesterday => (yesterday, yesterday),
        When::Today => (today, today),
        When::ThisMonth => (this_month, yesterday),
        When::LastMonth => (back(this_month, 1), this_month - Days::new(1)),
        When::LastDays(days) => (today - Days::new(days.into()), yesterday),
        When::Settling => {
            let start = calendar.settling_start(now);
            let start = wish.journal.map_or(start, |day| day.min(start));
            (oldest.map_or(start, |oldest| oldest.max(start)), yesterday)
        }
        When::SinceJournal => {
            let Some(start) = wish.journal else {
                return refuse(
                    "--date since-journal: the journal has no completed window of this pull yet; \
                     start it with a range, such as --date 2026-01-01..2026-01-31, or --date settling"
                        .into(),
                );
            };
            (oldest.map_or(start, |oldest| oldest.max(start)), yesterday)
        }
        When::Span(from, to) => {
            let (start, end) = (from.first(), to.last());
            if end < start {
                return refuse(format!("--date: the end {end} lies before the start {start}"));
            }
            if start > today {
                let zone = calendar.zone();
                return refuse(format!(
                    "--date: {start} lies in the future (it is {today} in {zone})"
                ));
            }
            // A month that is under way is cut at yesterday; a day is taken at its word.
            match to {
                Point::Month(month) if month == this_month => (start, yesterday),
                _ if end > today => {
                    let zone = calendar.zone();
                    return refuse(format!(
                        "--date: {end} lies in the future (it is {today} in {zone})"
                    ));
                }
                _ => (start, end),
            }
        }
    };
    let monthly = wish.granularity == Granularity::Monthly;
    let (start, end) = if monthly {
        let end = end.max(start);
        (first_of_month(start), last_of_month(end))
    } else {
        (start, end)
    };
    if end < start {
        return Ok(None);
    }
    if let Some(oldest) = oldest.filter(|oldest| start < *oldest) {
        let served = calendar.served(wish.granularity).map(|served| served.to_string());
        return refuse(format!(
            "--date: {start} is older than the API serves: {} keeps {} {} ({oldest} and later)",
            calendar.cloud,
            served.unwrap_or_default(),
            if monthly { "by month" } else { "by day" },
        ));
    }
    Ok(Some(Window { start, end, granularity: wish.granularity }))
}

/// Whether `wish` means other days tomorrow.
pub(crate) fn moves(wish: &Wish<'_>, calendar: &Calendar, now: DateTime<Utc>) -> bool {
    let at = |now| resolve(wish, calendar, now).ok();
    at(now + Days::new(1)).is_some_and(|tomorrow| Some(tomorrow) != at(now))
}

/// The first day of this day's month.
pub(crate) fn first_of_month(day: NaiveDate) -> NaiveDate {
    day.with_day(1).unwrap_or(day)
}

/// The last day of this day's month.
pub(crate) fn last_of_month(day: NaiveDate) -> NaiveDate {
    let next = first_of_month(day).checked_add_months(Months::new(1));
    next.and_then(|next| next.pred_opt()).unwrap_or(day)
}

fn back(month: NaiveDate, months: u32) -> NaiveDate {
    month.checked_sub_months(Months::new(months)).unwrap_or(month)
}

fn next(day: NaiveDate) -> NaiveDate {
    day.succ_opt().unwrap_or(day)
}

#[cfg(test)]
#[path = "window_tests.rs"]
mod tests;
