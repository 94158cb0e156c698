//! A cloud's own rules about time: its zone, how far back it goes, when a month is final.

use super::{Granularity, Window, back, first_of_month};
use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, NaiveDateTime, Timelike, Utc};
use std::fmt;

/// Until when a cloud restates the month before this one: a day of the month and an hour, in its zone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settles {
    pub(crate) day: u32,
    pub(crate) hour: u32,
}

/// How far back an API goes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Served {
    /// So many months, this one among them.
    Months(u32),
    /// So many before this one.
    MonthsBefore(u32),
}

impl fmt::Display for Served {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Months(months) => write!(f, "{months} months"),
            Self::MonthsBefore(months) => write!(f, "{months} months before this one"),
        }
    }
}

/// A cloud's own rules about time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Calendar {
    /// The cloud's name, for messages.
    pub(crate) cloud: &'static str,
    /// Hours that its day is ahead of UTC.
    pub(crate) zone_hours: i32,
    /// How far back the API goes by day; `None` where it does not say.
    pub(crate) daily: Option<Served>,
    /// The same by month.
    pub(crate) monthly: Option<Served>,
    /// When last month is final.
    pub(crate) settles: Settles,
}

impl Calendar {
    /// The cloud's wall clock.
    pub(crate) fn local(&self, now: DateTime<Utc>) -> NaiveDateTime {
        let zone = FixedOffset::east_opt(self.zone_hours * 3600);
        zone.map_or(now.naive_utc(), |zone| now.with_timezone(&zone).naive_local())
    }

    /// The cloud's today.
    pub(crate) fn today(&self, now: DateTime<Utc>) -> NaiveDate {
        self.local(now).date()
    }

    /// The zone as people write it.
    pub(crate) fn zone(&self) -> String {
        if self.zone_hours == 0 { "UTC".into() } else { format!("UTC{:+}", self.zone_hours) }
    }

    /// Whether last month may still be restated.
    fn last_month_is_open(&self, now: DateTime<Utc>) -> bool {
        let now = self.local(now);
        (now.day(), now.hour()) < (self.settles.day, self.settles.hour)
    }

    /// Whether every day of `window` is final by the cloud's own rule.
    pub(crate) fn is_final(&self, window: &Window, now: DateTime<Utc>) -> bool {
        let this = first_of_month(self.today(now));
        let open = if self.last_month_is_open(now) { back(this, 1) } else { this };
        window.end < open
    }

    /// The first day that the API still serves.
    pub(crate) fn oldest(&self, granularity: Granularity, now: DateTime<Utc>) -> Option<NaiveDate> {
        let before = match self.served(granularity)? {
            Served::Months(months) => months - 1,
            Served::MonthsBefore(months) => months,
        };
        Some(back(first_of_month(self.today(now)), before))
    }

    pub(super) fn served(&self, granularity: Granularity) -> Option<Served> {
        match granularity {
            Granularity::Daily => self.daily,
            Granularity::Monthly => self.monthly,
        }
    }

    /// The first day that `settling` asks for.
    pub(crate) fn settling_start(&self, now: DateTime<Utc>) -> NaiveDate {
        let this = first_of_month(self.today(now));
        if self.last_month_is_open(now) { back(this, 1) } else { this }
    }
}
