//! `billing-pull alicloud-subscribe`: creates, lists and ends the subscription that fills a bucket with bill files.
//! It pulls nothing.
//! <https://www.alibabacloud.com/help/en/user-center/developer-reference/api-bssopenapi-2017-12-14-subscribebilltooss>

mod calls;
mod errors;
mod rules;
mod show;

use super::Place;
use super::alicloud::errors::CHINA;
use super::alicloud::request::VERSION;
use super::alicloud_oss::is_bucket_name;
use crate::api::Session;
use crate::cli::CallOptions;
use crate::config::Access;
use crate::credentials::alicloud::gateway::{Gateway, Signature};
use crate::credentials::{Keys, alicloud as chain};
use crate::demo::SampleCloud;
use crate::env::Env;
use crate::exit::{Failure, fail};
use crate::report::plural;
use anyhow::Result;
pub(crate) use calls::Subscription;
use calls::{Change, Done, Service};
use chrono::{DateTime, FixedOffset, NaiveDate, Utc};
use std::io::IsTerminal;

/// What `--accounts` is where it is not given.
const DEFAULT_ACCOUNTS: &str = "MA";

/// Options of `billing-pull alicloud-subscribe`.
#[derive(clap::Args, Debug)]
#[command(group = clap::ArgGroup::new("creation")
    .args(["bucket", "path", "begin", "row_limit", "bucket_owner", "ssl"]).multiple(true))]
pub struct Args {
    /// The bucket to fill
    #[arg(long, value_name = "NAME", required_unless_present_any = ["list", "remove"])]
    bucket: Option<String>,

    /// Which bill: BillingItemDetailForBillingPeriod, InstanceDetailForBillingPeriod, BillingItemDetailMonthly,
    /// InstanceDetailMonthly, SplitItemDetailDaily or MonthBill (PDF)
    #[arg(long = "type", value_name = "TYPE", required_unless_present = "list")]
    file_type: Option<String>,

    /// The folder in the bucket, such as bill-data/ [default: none]
    #[arg(long, value_name = "FOLDER")]
    path: Option<String>,

    /// Push bills from this month on, a year back at most; not for MonthBill
    #[arg(long, value_name = "YYYY-MM")]
    begin: Option<String>,

    /// Split a file with more rows than this; the parts come as a ZIP
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    row_limit: Option<u32>,

    /// Whose bills: MA (this account and those linked to it), ACP1 (a partner's sub-accounts) [default: MA]
    #[arg(long, value_name = "MA")]
    accounts: Option<String>,

    /// The account that owns the bucket, if a distributor fills a sub-account's
    #[arg(long, value_name = "UID")]
    bucket_owner: Option<u64>,

    /// Have the files pushed by TLS
    #[arg(long)]
    ssl: bool,

    /// Show what is subscribed: a table on a terminal, else a line of JSON for each
    #[arg(long, conflicts_with_all = ["creation", "file_type", "accounts", "remove"])]
    list: bool,

    /// End the subscription of --type
    #[arg(long, conflicts_with = "creation")]
    remove: bool,

    #[command(flatten)]
    pub(crate) call: CallOptions,
}

/// Does what the options say, and says in one line what was done.
pub(crate) fn run(
    args: &Args,
    access: &Access,
    env: &Env,
    session: &Session,
    demo: Option<&SampleCloud>,
) -> Result<()> {
    let report = &session.report;
    let change = if args.list { None } else { Some(change(args, Utc::now())?) };
    let doubts = [
        (args.file_type.as_deref(), "--type", &rules::TYPES[..]),
        (args.accounts.as_deref(), "--accounts", &rules::ACCOUNTS[..]),
    ];
    for (value, option, known) in doubts {
        if let Some(said) = value.and_then(|value| rules::unknown(option, value, known)) {
            report.warn(&said);
        }
    }
    let Place { endpoint, env, keys } = Place::of(access, env, demo, &[])?;
    let endpoint = endpoint.unwrap_or_else(|| format!("https://{CHINA}"));
    if args.call.dry_run {
        let host = crate::http::host_and_port(&endpoint);
        report.info(&format!("would send POST {host} {}", told(change.as_ref())));
        report.info("1 request; none was made");
        return Ok(());
    }
    let file = keys.as_ref().map(|file| (&file.keys, file.origin.as_str(), file.explicit));
    let credentials = chain::find(session, &env, &chain::Given { file })?;
    report.debug(|| format!("credentials: {}", credentials.origin));
    let service = service(session, endpoint, credentials.keys);
    let said = match change {
        None => list(&service)?,
        Some(change) => {
            let done = service.change(&change, |list| is_done(args, list))?;
            let how = match done {
                Done::Answered => "",
                Done::Seen => " (the answer got lost; the list of subscriptions shows it)",
            };
            format!("{}{how}", outcome(args))
        }
    };
    report.info(&format!("alicloud-subscribe: {said}"));
    Ok(())
}

fn service(session: &Session, endpoint: String, keys: Keys) -> Service {
    let gateway = Gateway { endpoint, version: VERSION, signature: Signature::V3 };
    Service::new(session, gateway, keys)
}

/// Every subscription of the account that these keys are of.
pub(crate) fn subscriptions(
    session: &Session,
    endpoint: &str,
    keys: &Keys,
) -> Result<Vec<Subscription>> {
    service(session, endpoint.to_owned(), keys.clone()).list()
}

fn list(service: &Service) -> Result<String> {
    let list = service.list()?;
    let people = std::io::stdout().is_terminal();
    show::write(&if people { show::table(&list) } else { show::lines(&list) })?;
    Ok(plural(list.len() as u64, "subscription"))
}

/// The call that the options ask for.
fn change(args: &Args, now: DateTime<Utc>) -> Result<Change> {
    let refuse = |message: String| fail(Failure::Usage, message);
    let file_type = args.file_type.as_deref().unwrap_or_default();
    let given = [("--type", args.file_type.as_deref()), ("--accounts", args.accounts.as_deref())];
    if let Some((option, _)) =
        given.iter().find(|(_, value)| value.is_some_and(|v| v.trim().is_empty()))
    {
        return Err(refuse(format!("{option} is empty")));
    }
    let mut params = vec![("SubscribeType", file_type.to_owned())];
    params.extend(args.accounts.clone().map(|accounts| ("MultAccountRelSubscribe", accounts)));
    let action = if args.remove { "UnsubscribeBillToOSS" } else { "SubscribeBillToOSS" };
    if !args.remove {
        let bucket = args.bucket.as_deref().unwrap_or_default();
        if !is_bucket_name(bucket) {
            return Err(refuse(format!(
                "--bucket {bucket:?} is no bucket's name: 3 to 63 characters of a-z, 0-9 and -"
            )));
        }
        params.push(("SubscribeBucket", bucket.to_owned()));
        if let Some(folder) = &args.path {
            rules::check_folder(folder).map_err(refuse)?;
            params.push(("BucketPath", folder.clone()));
        }
        if let Some(begin) = &args.begin {
            rules::check_begin(begin, file_type, today(now)).map_err(refuse)?;
            params.push(("BeginBillingCycle", begin.clone()));
        }
        params.extend(args.row_limit.map(|limit| ("RowLimitPerFile", limit.to_string())));
        params.extend(args.bucket_owner.map(|owner| ("BucketOwnerId", owner.to_string())));
        params.extend(args.ssl.then(|| ("UsingSsl", "true".to_owned())));
    }
    let params = params.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Ok(Change { action, params })
}

/// The day in UTC+8, by which the service counts.
fn today(now: DateTime<Utc>) -> NaiveDate {
    let zone = FixedOffset::east_opt(8 * 3600);
    zone.map_or(now.date_naive(), |zone| now.with_timezone(&zone).date_naive())
}

/// A call as `--dry-run` shows it.
fn told(change: Option<&Change>) -> String {
    let Some(change) = change else { return "QueryBillToOSSSubscription".to_owned() };
    let params = change.params.iter().map(|(name, value)| format!(" {name}={value}"));
    format!("{}{}", change.action, params.collect::<String>())
}

/// Whether the list of subscriptions is as the options want it.
fn is_done(args: &Args, list: &[Subscription]) -> bool {
    let accounts = args.accounts.as_deref().unwrap_or(DEFAULT_ACCOUNTS);
    let folder = |path: &str| path.trim_end_matches('/').to_owned();
    let is_meant = |one: &&Subscription| {
        let whose = one.text("MultAccountRelSubscribe");
        Some(one.text("SubscribeType").as_str()) == args.file_type.as_deref()
            && (whose.is_empty() || whose == accounts)
    };
    let is_as_wanted = |one: &Subscription| {
        Some(one.text("SubscribeBucket").as_str()) == args.bucket.as_deref()
            && folder(&one.text("BucketPath")) == folder(args.path.as_deref().unwrap_or_default())
    };
    let mut meant = list.iter().filter(is_meant);
    if args.remove { meant.next().is_none() } else { meant.any(is_as_wanted) }
}

fn outcome(args: &Args) -> String {
    let file_type = args.file_type.as_deref().unwrap_or_default();
    let accounts = args.accounts.as_deref().unwrap_or(DEFAULT_ACCOUNTS);
    if args.remove {
        return format!("ended the subscription of {file_type} for {accounts}");
    }
    let place = match &args.path {
        Some(folder) => format!("{}/{folder}", args.bucket.as_deref().unwrap_or_default()),
        None => args.bucket.clone().unwrap_or_default(),
    };
    format!("subscribed {file_type} for {accounts}: files will be pushed to {place}")
}
