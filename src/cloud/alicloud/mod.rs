//! Alibaba Cloud: `QueryAccountBill` of the BSS OpenAPI, version 2017-12-14.
//! <https://www.alibabacloud.com/help/en/user-center/developer-reference/api-bssopenapi-2017-12-14-queryaccountbill>
//!
//! A day is a day in UTC+8, and each day is a question of its own. Amounts are JSON numbers. Data follows
//! consumption by 24 hours; a month is final at 12:00 on the 3rd of the next.

mod answer;
pub(crate) mod errors;
pub(crate) mod request;

use super::numbered::{self, Numbered};
use super::{Cloud, Context, Emit, Place, Plan, Renderer, Told};
use crate::api::{Api, Budget, Pace, Verdict};
use crate::check::{Checkup, impatient, probed};
use crate::config::{KeyFile, Settings};
use crate::credentials::alicloud::gateway::{Gateway, Signature};
use crate::credentials::{Credentials, Keys, alicloud as chain};
use crate::env::Env;
use crate::event::Row;
use crate::http::{Answer, host_and_port};
use crate::journal::Domain;
use crate::refusal::unreadable;
use crate::report::{Unit, plural};
use crate::sign::acs3;
use crate::window::{
    Calendar, Granularity, Served, Settles, Window, first_of_month, last_of_month,
};
use answer::{Body, Reader};
use anyhow::{Context as _, Result};
use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use clap::builder::NonEmptyStringValueParser;
use request::{ACTION, Group, Query, VERSION};
use std::cell::RefCell;

/// Its name in messages.
const SERVICE: &str = "Alibaba Cloud billing";

/// `source` of every event.
pub(crate) const SOURCE: &str = "cloud.alicloud.billing";
/// `type` of every event, but for the granularity.
pub(super) const TYPE: &str = "alicloud.account_billing";

/// What the API takes from one user.
const PER_SECOND: u32 = 10;

const CALENDAR: Calendar = Calendar {
    cloud: "alicloud",
    zone_hours: 8,
    daily: Some(Served::MonthsBefore(18)),
    monthly: Some(Served::MonthsBefore(18)),
    settles: Settles { day: 3, hour: 12 },
};

/// Options of `billing-pull alicloud`.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(flatten)]
    pub(crate) pull: crate::cli::PullOptions,

    /// What one row is the sum of
    #[arg(long, value_enum, default_value_t)]
    group_by: Group,

    /// Only this product, such as ecs or rds
    #[arg(long, value_name = "CODE", value_parser = NonEmptyStringValueParser::new())]
    product_code: Option<String>,

    /// Only what this account uses: its number
    #[arg(long, value_name = "ID")]
    bill_owner_id: Option<u64>,

    /// How requests are signed
    #[arg(long, value_enum, default_value_t)]
    signature: Signature,
}

/// A bill in Alibaba Cloud's user centre.
pub(crate) struct Alicloud {
    query: Query,
    api: Api,
    gateway: Gateway,
    env: Env,
    settings: Settings,
    keys: Option<KeyFile>,
    credentials: Option<Credentials>,
    /// Whose bills the answers were.
    told: Told,
}

impl Alicloud {
    pub(crate) fn open(args: &Args, context: &Context<'_>) -> Result<Self> {
        let settings = context.settings;
        let api = Api::new(context.session, SERVICE)
            .counted(Budget::new(settings.max_requests))
            .paced(Pace::new(PER_SECOND));
        let Place { endpoint, env, keys } = context.place(&[])?;
        let endpoint = endpoint.unwrap_or_else(|| format!("https://{}", errors::CHINA));
        Ok(Self {
            query: Query {
                granularity: settings.granularity,
                group: args.group_by,
                product_code: args.product_code.clone(),
                bill_owner_id: args.bill_owner_id,
            },
            api,
            gateway: Gateway { endpoint, version: VERSION, signature: args.signature },
            env,
            settings: settings.clone(),
            keys,
            credentials: None,
            told: Told::default(),
        })
    }

    fn kind(&self) -> String {
        super::kind(TYPE, self.query.granularity)
    }

    /// The first page of the last whole day or of its month, in the very words of a pull.
    fn probe(&self, credentials: &Credentials) -> Result<String> {
        let window = probed(&CALENDAR, self.settings.granularity, Utc::now());
        let (kind, account) = (self.kind(), self.settings.account.as_deref());
        let reader = Reader {
            query: &self.query,
            kind: &kind,
            start: window.start,
            account,
            told: &self.told,
        };
        let rows = plural(self.page(&reader, credentials, 1)?.total, "row");
        Ok(format!("bssapi:{ACTION} is allowed: {rows} for {window}; this question cost nothing"))
    }

    /// One page of one day or month.
    fn page(
        &self,
        reader: &Reader<'_>,
        credentials: &Credentials,
        page: u32,
    ) -> Result<Numbered<Row>> {
        let keys = &credentials.keys;
        let params = self.query.params(reader.start, page);
        let period = self.query.period(reader.start);
        let action = match page {
            1 => format!("{ACTION} {period}"),
            _ => format!("{ACTION} {period} page {page}"),
        };
        // Whether an answer is one is only known once it is read, so it is read where it is judged.
        let read = RefCell::new(None);
        let judge = |answer: &Answer| match self.judge(answer, keys, reader, page) {
            Ok(rows) => {
                read.replace(Some(rows));
                Verdict::Good
            }
            Err(verdict) => verdict,
        };
        self.api.call(&action, || self.gateway.call(ACTION, &params, keys), judge)?;
        read.into_inner().with_context(|| format!("{action}: no answer was read"))
    }

    fn judge(
        &self,
        answer: &Answer,
        keys: &Keys,
        reader: &Reader<'_>,
        page: u32,
    ) -> Result<Numbered<Row>, Verdict> {
        let refusal = || errors::refusal(answer, keys, &self.gateway.endpoint);
        if answer.status != 200 {
            return Err(refusal());
        }
        let body: Body<'_> = match serde_json::from_slice(&answer.body) {
            Ok(body) => body,
            Err(error) if error.is_eof() => {
                let reason = format!("the answer is cut short after {} bytes", answer.body.len());
                return Err(Verdict::Again(reason, None));
            }
            Err(error) => return Err(Verdict::Fatal(unreadable(&error, answer))),
        };
        if !body.success {
            return Err(refusal());
        }
        let id = body.request_id.clone().unwrap_or_else(|| "none".to_owned());
        reader
            .rows(body, page)
            .map_err(|error| Verdict::Fatal(error.context(format!("request id {id}"))))
    }
}

impl Cloud for Alicloud {
    fn calendar(&self) -> Calendar {
        CALENDAR
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
        let host = host_and_port(&self.gateway.endpoint);
        let request = |start: NaiveDate| {
            let params = self.query.params(start, 1);
            let params: Vec<_> =
                params.iter().map(|(name, value)| format!("{name}={value}")).collect();
            format!("POST {host} {ACTION} {}", params.join(" "))
        };
        Plan { requests: window.periods().into_iter().map(request).collect(), paged: true }
    }

    fn connect(&mut self) -> Result<Option<String>> {
        let file = self.keys.as_ref().map(|file| (&file.keys, file.origin.as_str(), file.explicit));
        let credentials = chain::find(self.api.session(), &self.env, &chain::Given { file })?;
        let origin = credentials.origin.clone();
        self.credentials = Some(credentials);
        Ok(Some(origin))
    }

    fn check(&self, checkup: &mut Checkup<'_>) -> Result<()> {
        let credentials = self.credentials.as_ref().context("not connected")?;
        let endpoint = &self.gateway.endpoint;
        let site = errors::site(endpoint).map(|site| format!(", {site}")).unwrap_or_default();
        checkup.ok("endpoint", format!("{}{site}", host_and_port(endpoint)));
        checkup.identity(chain::caller(&impatient(self.api.session()), &self.env, credentials))?;
        checkup.tell("permission", self.probe(credentials))?;
        checkup.clock(&self.api, acs3::CLOCK_ALLOWANCE);
        Ok(())
    }

    fn pull(&self, window: &Window, emit: &mut Emit<'_>) -> Result<()> {
        let credentials = self.credentials.as_ref().context("not connected")?;
        let kind = self.kind();
        let scope = self.scope();
        let mut renderer = Renderer::new(SOURCE, kind.clone(), &self.settings, &scope, false);
        let account = self.settings.account.as_deref();
        let starts = window.periods();
        let host = host_and_port(&self.gateway.endpoint);
        let name = |start: &NaiveDate| {
            format!("{SERVICE}: POST {host} {ACTION} {}", self.query.period(*start))
        };
        let names: Vec<String> = starts.iter().map(name).collect();
        let fetch = |at: usize, page| {
            let reader = Reader {
                query: &self.query,
                kind: &kind,
                start: starts[at],
                account,
                told: &self.told,
            };
            self.page(&reader, credentials, page)
        };
        let session = self.api.session();
        let (mut repeats, mut done) = (numbered::Repeats::default(), 0);
        let pulled =
            numbered::questions(&names, session.concurrency, &fetch, &mut |place, rows| {
                let batch = renderer.page(&rows)?;
                repeats.check(&names[place.question], place, &batch, &[])?;
                done += 1;
                session.report.progress(Unit::Pages, done, Some(place.known));
                emit(batch)
            });
        if let Some(doubt) = repeats.doubt() {
            session.report.warn(&doubt);
        }
        pulled
    }

    fn incomplete(&self, window: &Window) -> Option<String> {
        why_incomplete(window, Utc::now())
    }
}

/// The vendor's two rules: data follows consumption by 24 hours, and a month is for reference until it is final.
fn why_incomplete(window: &Window, now: DateTime<Utc>) -> Option<String> {
    let zone = CALENDAR.zone();
    let last = window.end;
    let midnight = (last + Days::new(1)).and_time(chrono::NaiveTime::MIN);
    let whole = midnight + TimeDelta::hours(24);
    if window.granularity == Granularity::Daily && CALENDAR.local(now) < whole {
        let whole = whole.format("%Y-%m-%d %H:%M");
        return Some(format!(
            "the bill of {last} may still be incomplete: Alibaba Cloud's data follows consumption by 24 hours; \
             pull it again after {whole} ({zone})"
        ));
    }
    let settles = CALENDAR.settles;
    let month = first_of_month(last);
    let day = last_of_month(last) + Days::new(settles.day.into());
    (!CALENDAR.is_final(window, now)).then(|| {
        format!(
            "the bill of {} is for reference until {day} {}:00 ({zone}), when the month is final",
            month.format("%Y-%m"),
            settles.hour,
        )
    })
}

#[cfg(test)]
#[path = "time_tests.rs"]
mod tests;
