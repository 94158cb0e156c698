//! Baidu AI Cloud: `GetResourceMonthBill`.
//! <https://cloud.baidu.com/doc/Finance/s/cjxedqyml>
//!
//! A day is a day in UTC+8. The API sums a longer range up into one row for each resource, so every day is asked
//! for by itself, and either way of paying too; each such series has its own total. Calls are free, 20 a second.

mod answer;
mod errors;
mod request;

pub(super) use request::PERIOD_FIELDS;

use super::{Cloud, Context, Emit, Place, Plan, Renderer, Told, numbered};
use crate::api::{Api, Budget, Pace};
use crate::check::{Checkup, probed};
use crate::config::KeyFile;
use crate::credentials::{Credentials, baidu as chain};
use crate::env::Env;
use crate::http::{Answer, Call, host_and_port, host_header, path};
use crate::journal::Domain;
use crate::report::{Unit, plural};
use crate::sign::bce;
use crate::window::{Calendar, Settles, Window};
use anyhow::{Context as _, Result};
use chrono::{Days, NaiveDateTime, Timelike, Utc};
use clap::builder::NonEmptyStringValueParser;
use request::{Asked, ProductType, Query};
use std::cell::Cell;

/// `source` of every event.
pub(crate) const SOURCE: &str = "cloud.baidu.billing";
/// `type` of every event, but for the granularity.
pub(super) const TYPE: &str = "baidu.resource";
const ENDPOINT: &str = "https://billing.baidubce.com";
/// The action in messages.
const ACTION: &str = "GetResourceMonthBill";
const PATH: &str = "/v1/bill/resource/month";
/// What the service takes from one user unless it was asked for more.
const PER_SECOND: u32 = 20;
/// Yesterday's bill is complete at this hour in UTC+8.
const COMPLETE_HOUR: u32 = 10;

/// Options of `billing-pull baidu`.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(flatten)]
    pub(crate) pull: crate::cli::PullOptions,

    /// Only what is paid for in this way [default: both]
    #[arg(long, value_enum, value_name = "TYPE")]
    product_type: Option<ProductType>,

    /// Only this product, such as BCC or BOS
    #[arg(long, value_name = "TYPE", value_parser = NonEmptyStringValueParser::new())]
    service_type: Option<String>,

    /// The bill of this member account; for the master account of an enterprise organization
    #[arg(long, value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    query_account_id: Option<String>,
}

/// A bill of resources.
pub(crate) struct Baidu {
    query: Query,
    api: Api,
    env: Env,
    settings: crate::config::Settings,
    keys: Option<KeyFile>,
    endpoint: String,
    credentials: Option<Credentials>,
    /// Whose bills the answers were.
    told: Told,
}

impl Baidu {
    pub(crate) fn open(args: &Args, context: &Context<'_>) -> Result<Self> {
        let settings = context.settings;
        let query = Query::new(
            settings.granularity,
            args.product_type,
            args.service_type.as_deref(),
            args.query_account_id.as_deref(),
        );
        let api = Api::new(context.session, "Baidu AI Cloud")
            .counted(Budget::new(settings.max_requests))
            .paced(Pace::new(PER_SECOND));
        let Place { endpoint, env, keys } = context.place(&[])?;
        Ok(Self {
            query,
            api,
            env,
            settings: settings.clone(),
            keys,
            endpoint: endpoint.unwrap_or_else(|| ENDPOINT.to_owned()),
            credentials: None,
            told: Told::default(),
        })
    }

    /// One page of a series.
    fn page(
        &self,
        credentials: &Credentials,
        reader: &answer::Reader<'_>,
        asked: Asked,
        number: u32,
    ) -> Result<numbered::Numbered<answer::Bill>> {
        self.ask(credentials, asked, number, |answer| reader.read(asked, number, answer))
    }

    fn ask<T>(
        &self,
        credentials: &Credentials,
        asked: Asked,
        number: u32,
        read: impl Fn(&Answer) -> Result<T>,
    ) -> Result<T> {
        let action = match number {
            1 => format!("{ACTION} {asked}"),
            _ => format!("{ACTION} {asked} page {number}"),
        };
        // Where no try is left there is no second chance either.
        let expired = Cell::new(self.api.session().backoff.retries == 0);
        let answer = self.api.call(
            &action,
            || Ok(self.call(credentials, asked, number)),
            |answer| errors::judge(answer, &credentials.keys, &expired),
        )?;
        read(&answer).map_err(|error| {
            let id = answer.request_id().unwrap_or("none");
            error.context(format!("{}, request id {id}", self.what(&action)))
        })
    }

    /// The first page of the last whole day or of its month, in the very words of a pull: whose it is, and how
    /// many rows there are of one way of paying.
    fn probe(&self, credentials: &Credentials) -> Result<(String, String)> {
        let window = probed(&self.calendar(), self.settings.granularity, Utc::now());
        let kind = self.kind();
        let reader = answer::Reader::new(&kind, self.settings.account.as_deref(), &self.told);
        let asked = *self.query.series(&window).last().context("nothing to ask for")?;
        let (who, total) = self.ask(credentials, asked, 1, |answer| {
            Ok((answer::holder(answer)?, reader.read(asked, 1, answer)?.total))
        })?;
        let rows = plural(total, "row");
        Ok((who, format!("{ACTION} is allowed: {rows} for {asked}; this question cost nothing")))
    }

    fn call(&self, credentials: &Credentials, asked: Asked, number: u32) -> Call {
        let url = format!("{}{}", self.endpoint, self.query.target(asked, number));
        let query = self.query.pairs(asked, number);
        let (host, path) = (host_header(&url), path(&url));
        let signed = bce::sign("GET", &host, &path, &query, &credentials.keys, Utc::now());
        Call::new("GET", url).headers(signed)
    }

    fn kind(&self) -> String {
        super::kind(TYPE, self.settings.granularity)
    }

    /// A request as messages name it.
    fn what(&self, action: &str) -> String {
        format!("Baidu AI Cloud: GET {} {action}", host_and_port(&self.endpoint))
    }
}

impl Cloud for Baidu {
    fn calendar(&self) -> Calendar {
        Calendar {
            cloud: "baidu",
            zone_hours: 8,
            // How far back the API goes is not published: the service itself says no.
            daily: None,
            monthly: None,
            // Nor is it published when a month is final: through the 5th it counts as open.
            settles: Settles { day: 6, hour: 0 },
        }
    }

    fn accounts(&self) -> Vec<String> {
        self.told.accounts()
    }

    fn domain(&self, window: &Window) -> Domain {
        Domain::of(SOURCE, self.kind(), window, &self.scope())
    }

    fn scope(&self) -> String {
        self.query.scope()
    }

    fn plan(&self, window: &Window) -> Plan {
        let host = host_and_port(&self.endpoint);
        let series = self.query.series(window);
        let line = |asked: &Asked| format!("GET {host} {ACTION} {}", self.query.target(*asked, 1));
        Plan { requests: series.iter().map(line).collect(), paged: true }
    }

    fn connect(&mut self) -> Result<Option<String>> {
        let report = &self.api.session().report;
        let credentials = chain::find(report, &self.env, self.keys.as_ref())?;
        let origin = credentials.origin.clone();
        self.credentials = Some(credentials);
        Ok(Some(origin))
    }

    fn check(&self, checkup: &mut Checkup<'_>) -> Result<()> {
        let credentials = self.credentials.as_ref().context("not connected")?;
        checkup.ok("endpoint", host_and_port(&self.endpoint));
        // There is no call that only says who one is.
        if let Some((who, said)) = checkup.take("permission", self.probe(credentials))? {
            checkup.ok("identity", who);
            checkup.ok("permission", said);
        }
        checkup.clock(&self.api, bce::CLOCK_ALLOWANCE);
        Ok(())
    }

    fn pull(&self, window: &Window, emit: &mut Emit<'_>) -> Result<()> {
        let credentials = self.credentials.as_ref().context("not connected")?;
        let session = self.api.session();
        let kind = self.kind();
        let scope = self.scope();
        let mut renderer = Renderer::new(SOURCE, kind.clone(), &self.settings, &scope, false);
        let reader = answer::Reader::new(&kind, self.settings.account.as_deref(), &self.told);
        let series = self.query.series(window);
        let names: Vec<String> =
            series.iter().map(|asked| self.what(&format!("{ACTION} {asked}"))).collect();
        let (mut repeats, mut done) = (numbered::Repeats::default(), 0);
        let pulled = numbered::questions(
            &names,
            session.concurrency,
            &|at, number| self.page(credentials, &reader, series[at], number),
            &mut |place, bills| {
                let (rows, has_id): (Vec<_>, Vec<_>) =
                    bills.into_iter().map(|bill| (bill.row, bill.has_id)).unzip();
                let batch = renderer.page(&rows)?;
                repeats.check(&names[place.question], place, &batch, &has_id)?;
                done += 1;
                session.report.progress(Unit::Pages, done, Some(place.known));
                emit(batch)
            },
        );
        if let Some(doubt) = repeats.doubt() {
            session.report.warn(&doubt);
        }
        if let Some(masked) = reader.masked() {
            session.report.warn(&masked);
        }
        pulled
    }

    fn incomplete(&self, window: &Window) -> Option<String> {
        incomplete(window, self.calendar().local(Utc::now()))
    }
}

/// Why the bill of the window's last day is not whole yet, if it is not, at this time in UTC+8.
fn incomplete(window: &Window, now: NaiveDateTime) -> Option<String> {
    let today = now.date();
    if window.end >= today {
        return Some(format!(
            "{window} is not over in UTC+8, and Baidu's bill goes up to yesterday: pull it again later"
        ));
    }
    let early = window.end + Days::new(1) == today && now.hour() < COMPLETE_HOUR;
    early.then(|| {
        format!(
            "Baidu's bill of {} may still be incomplete: it is whole from {COMPLETE_HOUR}:00 on, and it is {} in UTC+8",
            window.end,
            now.format("%H:%M")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::window::Granularity::{Daily, Monthly};

    #[test]
    fn a_day_is_whole_at_ten() {
        let table = [
            (
                "2026-03-01",
                "2026-03-09",
                Daily,
                "2026-03-10T09:59:59",
                "bill of 2026-03-09 may still be incomplete: it is whole from 10:00 on, and it is 09:59",
            ),
            ("2026-03-01", "2026-03-09", Daily, "2026-03-10T10:00:00", ""),
            ("2026-03-09", "2026-03-09", Daily, "2026-03-10T00:00:00", "may still be incomplete"),
            ("2026-03-08", "2026-03-08", Daily, "2026-03-10T00:00:00", ""),
            (
                "2026-03-10",
                "2026-03-10",
                Daily,
                "2026-03-10T23:59:59",
                "2026-03-10 is not over in UTC+8",
            ),
            (
                "2026-03-01",
                "2026-03-31",
                Monthly,
                "2026-03-10T23:59:59",
                "2026-03 is not over in UTC+8",
            ),
            ("2026-02-01", "2026-02-28", Monthly, "2026-03-01T09:00:00", "bill of 2026-02-28 may"),
            ("2026-02-01", "2026-02-28", Monthly, "2026-03-01T10:00:00", ""),
            ("2026-02-01", "2026-02-28", Monthly, "2026-03-02T00:00:00", ""),
        ];
        for (start, end, granularity, now, needle) in table {
            let window =
                Window { start: start.parse().unwrap(), end: end.parse().unwrap(), granularity };
            let said = incomplete(&window, now.parse().unwrap());
            assert_eq!(said.is_some(), !needle.is_empty(), "{window} at {now}: {said:?}");
            assert!(said.unwrap_or_default().contains(needle), "{window} at {now}");
        }
    }
}
