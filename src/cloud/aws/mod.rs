//! AWS: Cost Explorer `GetCostAndUsage`.
//! <https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_GetCostAndUsage.html>
//!
//! A day is a UTC day. One range of any length is one series of pages, and each page costs $0.01, so a window is
//! asked for as a whole. Amounts are decimal strings; `Estimated` is true until the month's bill is closed.

mod answer;
mod errors;
mod request;

use super::{Cloud, Context, Emit, Place, Plan, Renderer, paginate};
use crate::api::{Api, Budget};
use crate::check::{Checkup, impatient, probed};
use crate::config::KeyFile;
use crate::credentials::Credentials;
use crate::credentials::aws::{self as chain, partition};
use crate::env::Env;
use crate::http::{Answer, Call, host_and_port};
use crate::journal::Domain;
use crate::report::{Unit, dollars, plural};
use crate::sign::sigv4;
use crate::window::{Calendar, Granularity, Served, Settles, Window};
use anyhow::{Context as _, Result};
use chrono::{NaiveDate, Utc};
use request::{Group, Query};
use std::sync::Mutex;

/// Its name in messages.
const SERVICE: &str = "AWS Cost Explorer";
/// The action in messages.
const ACTION: &str = "GetCostAndUsage";
/// `source` of every event.
pub(crate) const SOURCE: &str = "cloud.aws.billing";
/// `type` of every event, but for the granularity.
pub(super) const TYPE: &str = "aws.service";

/// Options of `billing-pull aws`.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(flatten)]
    pub(crate) pull: crate::cli::PullOptions,

    /// Cost metric (repeatable): UnblendedCost, AmortizedCost, NetUnblendedCost, NetAmortizedCost, BlendedCost,
    /// UsageQuantity, NormalizedUsageAmount. The first one is `amount`
    #[arg(long, value_name = "METRIC", default_value = "UnblendedCost")]
    metric: Vec<String>,

    /// Group by this dimension (up to two), such as SERVICE, LINKED_ACCOUNT, REGION, USAGE_TYPE, TAG:team or
    /// COST_CATEGORY:name
    #[arg(long, value_name = "KEY", default_value = "SERVICE")]
    group_by: Vec<Group>,

    /// Only what this Cost Explorer expression selects (JSON, passed through)
    #[arg(long, value_name = "JSON")]
    filter: Option<String>,

    /// Leave out this record type, such as Credit, Refund or Tax (repeatable)
    #[arg(long, value_name = "TYPE")]
    exclude_record_type: Vec<String>,

    /// Credentials from this profile of ~/.aws/config and ~/.aws/credentials
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
}

/// A bill in Cost Explorer.
pub(crate) struct Aws {
    query: Query,
    api: Api,
    env: Env,
    settings: crate::config::Settings,
    profile: Option<String>,
    keys: Option<KeyFile>,
    endpoint: Option<String>,
    connected: Option<Connected>,
    /// The first and the last period that the answer calls estimated.
    estimated: Mutex<Option<(NaiveDate, NaiveDate)>>,
}

struct Connected {
    credentials: Credentials,
    account: Option<String>,
    home: Home,
}

/// Where Cost Explorer lives, for a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Home {
    endpoint: String,
    /// The region that a signature names.
    region: &'static str,
}

impl Aws {
    pub(crate) fn open(args: &Args, context: &Context<'_>) -> Result<Self> {
        let settings = context.settings;
        let query = Query::new(
            settings.granularity,
            &args.metric,
            &args.group_by,
            args.filter.as_deref(),
            &args.exclude_record_type,
        )?;
        let api = Api::new(context.session, SERVICE).counted(Budget::new(settings.max_requests));
        let Place { endpoint, env, keys } =
            context.place(&["AWS_ENDPOINT_URL_COST_EXPLORER", "AWS_ENDPOINT_URL"])?;
        let profile = args.profile.clone().filter(|_| context.demo.is_none());
        Ok(Self {
            query,
            api,
            env,
            settings: settings.clone(),
            profile,
            keys,
            endpoint,
            connected: None,
            estimated: Mutex::default(),
        })
    }

    fn kind(&self) -> String {
        super::kind(TYPE, self.settings.granularity)
    }

    /// Where to ask. A given endpoint keeps its partition's signing region.
    fn home(&self, credentials: Option<&Credentials>) -> Home {
        let partition = partition::chosen(&self.env, credentials);
        match &self.endpoint {
            None => Home {
                endpoint: format!("https://{}", partition.billing_host),
                region: partition.billing_region,
            },
            Some(endpoint) => {
                let china = crate::http::host(endpoint).ends_with(".amazonaws.com.cn");
                let region = if china { "cn-northwest-1" } else { partition.billing_region };
                Home { endpoint: endpoint.clone(), region }
            }
        }
    }

    fn estimated_days(&self) -> Option<(NaiveDate, NaiveDate)> {
        *self.estimated.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// One page.
    fn ask(
        &self,
        connected: &Connected,
        window: &Window,
        action: &str,
        token: Option<&str>,
    ) -> Result<Answer> {
        let body = self.query.body(window, token);
        self.api.call(
            action,
            || Ok(Self::call(connected, &body)),
            |answer| errors::judge(answer, &connected.credentials.keys),
        )
    }

    /// One page of the last whole day or of its month: the cheapest question there is, in the very words of a pull.
    fn probe(&self, connected: &Connected) -> Result<String> {
        let window = probed(&self.calendar(), self.settings.granularity, Utc::now());
        let answer = self.ask(connected, &window, ACTION, None)?;
        let kind = self.kind();
        let account = connected.account.as_deref();
        let page =
            answer::Reader::new(&self.query, &window, SOURCE, &kind, account).read(&answer)?;
        let rows = plural(page.rows.len() as u64, "row");
        let more = if page.next.is_some() { " and more pages" } else { "" };
        let cost = dollars(self.cents_per_request().unwrap_or_default());
        Ok(format!("ce:{ACTION} is allowed: {rows}{more} for {window}; this question cost ${cost}"))
    }

    fn call(connected: &Connected, body: &[u8]) -> Call {
        let Connected { credentials, home, .. } = connected;
        let url = format!("{}/", home.endpoint);
        let headers = [("content-type", request::CONTENT_TYPE), ("x-amz-target", request::TARGET)];
        let path = crate::http::path(&url);
        let signed = sigv4::sign(
            &sigv4::Request {
                method: "POST",
                host: &crate::http::host_header(&url),
                path: &path,
                query: &[],
                headers: &headers,
                body,
                region: home.region,
                service: "ce",
            },
            &credentials.keys,
            Utc::now(),
        );
        let mut call = Call::new("POST", url.clone()).headers(signed).body(body);
        for (name, value) in headers {
            call = call.header(name, value);
        }
        call
    }
}

impl Cloud for Aws {
    fn calendar(&self) -> Calendar {
        Calendar {
            cloud: "aws",
            zone_hours: 0,
            // The current month and the thirteen before; by month 38, once switched on in the preferences.
            daily: Some(Served::Months(14)),
            monthly: Some(Served::Months(38)),
            // Support fees and credits still move a month until about the 10th of the next.
            settles: Settles { day: 11, hour: 0 },
        }
    }

    fn cents_per_request(&self) -> Option<u64> {
        Some(1)
    }

    fn accounts(&self) -> Vec<String> {
        let connected = self.connected.as_ref().and_then(|connected| connected.account.clone());
        vec![connected.or_else(|| self.settings.account.clone()).unwrap_or_default()]
    }

    fn domain(&self, window: &Window) -> Domain {
        Domain::of(SOURCE, self.kind(), window, &self.scope())
    }

    fn scope(&self) -> String {
        self.query.scope()
    }

    fn plan(&self, window: &Window) -> Plan {
        let host = host_and_port(&self.home(None).endpoint).to_owned();
        let body = String::from_utf8(self.query.body(window, None)).unwrap_or_default();
        Plan { requests: vec![format!("POST {host} {ACTION} {body}")], paged: true }
    }

    fn connect(&mut self) -> Result<Option<String>> {
        let given = chain::Given {
            file: self.keys.as_ref().map(|file| (&file.keys, file.origin.as_str(), file.explicit)),
            profile: self.profile.as_deref(),
        };
        let credentials = chain::find(self.api.session(), &self.env, &given)?;
        let origin = credentials.origin.clone();
        let account = self.settings.account.clone().or_else(|| credentials.account.clone());
        let home = self.home(Some(&credentials));
        self.connected = Some(Connected { credentials, account, home });
        Ok(Some(origin))
    }

    fn check(&self, checkup: &mut Checkup<'_>) -> Result<()> {
        let connected = self.connected.as_ref().context("not connected")?;
        let Connected { credentials, account, home } = connected;
        let partition = partition::chosen(&self.env, Some(credentials)).id;
        let host = host_and_port(&home.endpoint);
        checkup.ok("endpoint", format!("{host}, partition {partition}, region {}", home.region));
        let named = match account {
            Some(account) => format!("; events carry the account {account:?}"),
            None => "; events carry no account: name it with --account if you pull several".into(),
        };
        let who =
            chain::caller(&impatient(self.api.session()), &self.env, credentials, home.region);
        checkup.identity(who.map(|who| format!("{who}{named}")))?;
        checkup.tell("permission", self.probe(connected))?;
        checkup.clock(&self.api, sigv4::CLOCK_ALLOWANCE);
        Ok(())
    }

    fn pull(&self, window: &Window, emit: &mut Emit<'_>) -> Result<()> {
        let connected = self.connected.as_ref().context("not connected")?;
        let kind = self.kind();
        let mut renderer = Renderer::new(SOURCE, kind.clone(), &self.settings, &self.scope(), true);
        let mut reader =
            answer::Reader::new(&self.query, window, SOURCE, &kind, connected.account.as_deref());
        let report = &self.api.session().report;
        let host = host_and_port(&connected.home.endpoint);
        paginate(&format!("{SERVICE}: POST {host} {ACTION}"), |number, token| {
            let action = match number {
                1 => ACTION.to_owned(),
                _ => format!("{ACTION} page {number}"),
            };
            let answer = self.ask(connected, window, &action, token)?;
            let page = reader.read(&answer).map_err(|error| {
                let id = answer.request_id().unwrap_or("none");
                error.context(format!("{SERVICE}: POST {host} {action}, request id {id}"))
            })?;
            report.progress(Unit::Pages, number.into(), None);
            emit(renderer.page(&page.rows)?)?;
            Ok(page.next)
        })?;
        *self.estimated.lock().unwrap_or_else(std::sync::PoisonError::into_inner) =
            reader.estimated();
        if let Some(days) = reader.silent_periods(window) {
            report.warn(&days);
        }
        Ok(())
    }

    fn open_from(&self) -> Option<NaiveDate> {
        self.estimated_days().map(|(first, _)| first)
    }

    fn incomplete(&self, window: &Window) -> Option<String> {
        let (first, last) = self.estimated_days()?;
        let span = Window { start: first, end: last, granularity: window.granularity };
        Some(format!(
            "AWS calls {span} estimated: amounts may still change until the month is closed"
        ))
    }
}

/// `DAILY` or `MONTHLY`.
const fn granularity(granularity: Granularity) -> &'static str {
    match granularity {
        Granularity::Daily => "DAILY",
        Granularity::Monthly => "MONTHLY",
    }
}
