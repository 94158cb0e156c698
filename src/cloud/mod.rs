//! What a cloud is to the rest of the program, and the list of those there are. A new cloud is a new folder here, its
//! module, its variant and arms of [`Command`], and its arm in [`period_of`].

pub(crate) mod alicloud;
pub(crate) mod alicloud_oss;
pub(crate) mod alicloud_subscribe;
pub(crate) mod aws;
pub(crate) mod baidu;
pub(crate) mod numbered;
mod pages;

pub(crate) use pages::{Renderer, ensure_whole, paginate};

use crate::api::Session;
use crate::check::Checkup;
use crate::config::{Access, KeyFile, Settings};
use crate::env::Env;
use crate::event::Batch;
use crate::journal::{Domain, Journaled, Period};
use crate::shard::Shard;
use crate::window::{Calendar, Granularity, Window};
use anyhow::Result;
use chrono::NaiveDate;
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// The pulls, one a cloud. clap reads the command line into it; its doc comments are the help.
#[derive(clap::Subcommand, Debug)]
pub enum Command {
    /// Pull the AWS bill: the cost of one service on one day, by Cost Explorer (each request costs $0.01)
    Aws(aws::Args),
    /// Pull the Alibaba Cloud bill: the bill of one product on one day, by QueryAccountBill
    Alicloud(alicloud::Args),
    /// Pull the Baidu AI Cloud bill: one resource on one day or in one month, by GetResourceMonthBill (free)
    Baidu(baidu::Args),
    /// Read Alibaba Cloud's bill files: every line of a bill, from a bucket or from local files
    AlicloudOss(alicloud_oss::Args),
}

impl Command {
    /// The cloud that this command names, not yet connected.
    pub(crate) fn open(&self, context: &Context<'_>) -> Result<Box<dyn Cloud>> {
        Ok(match self {
            Self::Aws(args) => Box::new(aws::Aws::open(args, context)?),
            Self::Alicloud(args) => Box::new(alicloud::Alicloud::open(args, context)?),
            Self::Baidu(args) => Box::new(baidu::Baidu::open(args, context)?),
            Self::AlicloudOss(args) => Box::new(alicloud_oss::AlicloudOss::open(args, context)?),
        })
    }

    /// Its name on the command line, as clap makes it from the variant's.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Aws(_) => "aws",
            Self::Alicloud(_) => "alicloud",
            Self::Baidu(_) => "baidu",
            Self::AlicloudOss(_) => "alicloud-oss",
        }
    }

    /// The options that every pull has.
    pub(crate) fn options(&self) -> &crate::cli::PullOptions {
        match self {
            Self::Aws(args) => &args.pull,
            Self::Alicloud(args) => &args.pull,
            Self::Baidu(args) => &args.pull,
            Self::AlicloudOss(args) => &args.pull,
        }
    }
}

/// What a cloud is opened with.
pub(crate) struct Context<'a> {
    /// The resolved options and files.
    pub(crate) settings: &'a Settings,
    /// The environment.
    pub(crate) env: &'a Env,
    /// Clients, voice, stop.
    pub(crate) session: &'a Session,
    /// The sample cloud to ask instead of the real one.
    pub(crate) demo: Option<&'a crate::demo::SampleCloud>,
}

/// Where a cloud is asked, and what its keys are looked for in.
pub(crate) struct Place {
    /// The endpoint, if it is not the cloud's own.
    pub(crate) endpoint: Option<String>,
    /// The environment.
    pub(crate) env: Env,
    /// Keys from a file.
    pub(crate) keys: Option<KeyFile>,
}

impl Place {
    /// What was given, the endpoint also in one of these variables; or the sample cloud and nothing else.
    pub(crate) fn of(
        access: &Access,
        env: &Env,
        demo: Option<&crate::demo::SampleCloud>,
        variables: &[&str],
    ) -> Result<Self> {
        Ok(match demo {
            Some(demo) => Self { endpoint: Some(demo.url()), env: demo.env(), keys: None },
            None => Self {
                endpoint: access.endpoint(env, variables)?,
                env: env.clone(),
                keys: access.keys.clone(),
            },
        })
    }
}

impl Context<'_> {
    /// Where this pull asks.
    pub(crate) fn place(&self, variables: &[&str]) -> Result<Place> {
        Place::of(&self.settings.access, self.env, self.demo, variables)
    }
}

/// One cloud's bill.
///
/// The outer result of each call says whether it could be made at all; a failed page is the error of
/// [`Cloud::pull`], after which nothing more comes.
pub(crate) trait Cloud: Send {
    /// Its name on the command line.
    fn name(&self) -> &'static str {
        self.calendar().cloud
    }

    /// Its rules about time.
    fn calendar(&self) -> Calendar;

    /// What one answered request costs, in US cents; `None` where the API is free.
    fn cents_per_request(&self) -> Option<u64> {
        None
    }

    /// What is pulled in the place of the days of `--date`, where the command line names it itself: files.
    fn own_window(&self) -> Option<Window> {
        None
    }

    /// What the window is called in the closing line.
    fn title(&self, window: &Window) -> String {
        window.to_string()
    }

    /// The accounts that the bill is of, as far as they are known: before the pull perhaps none. One without a name
    /// is empty.
    fn accounts(&self) -> Vec<String> {
        Vec::new()
    }

    /// What of a journal a pull of `window` is compared with.
    fn domain(&self, window: &Window) -> Domain;

    /// What narrows or regroups the bill beyond days and account, canonical; empty for the plain bill. Rows are
    /// only compared with rows of the same scope.
    fn scope(&self) -> String;

    /// What a completed window is of, beyond days and account: [`Cloud::scope`], and for files where they lie and of
    /// which type they are. `since-journal` and `settling` go on behind windows of the same.
    fn window_scope(&self) -> String {
        self.scope()
    }

    /// Of which types, accounts and periods files were read, those without a row too. Asked after the pull.
    fn files_read(&self) -> Vec<(String, String, Period)> {
        Vec::new()
    }

    /// What `shard` takes of `window`; `None` for a part of nothing. A cloud that bills by file takes the window
    /// whole and chooses its files.
    fn part(&self, window: &Window, shard: Shard) -> Option<Window> {
        window.shard(shard.index, shard.of)
    }

    /// The requests that a pull of `window` starts with, for `--dry-run`: none is made, nothing is signed.
    fn plan(&self, window: &Window) -> Plan;

    /// Finds the credentials, and says where they came from; none where no key is needed.
    fn connect(&mut self) -> Result<Option<String>>;

    /// Looks, for `--check`, at what a pull needs beyond the keys: whose they are, endpoint, permission, clock. What is
    /// wrong is a finding; an error ends the check.
    fn check(&self, checkup: &mut Checkup<'_>) -> Result<()>;

    /// Hands over the window's events in bill order, page by page, as they come. Returning well means that the
    /// bill was read to its end.
    fn pull(&self, window: &Window, emit: &mut Emit<'_>) -> Result<()>;

    /// The part of the window that was there to be read, for the journal: `since-journal` goes on behind it. Asked
    /// after the pull.
    fn whole(&self, window: &Window) -> Option<Window> {
        Some(*window)
    }

    /// The first day that the answer itself calls open, whatever the calendar says. Asked after the pull.
    fn open_from(&self) -> Option<NaiveDate> {
        None
    }

    /// Why the window's last day may still be incomplete, if it may. Asked after the pull.
    fn incomplete(&self, window: &Window) -> Option<String>;
}

/// The accounts that a cloud's answers were about, whichever thread reads them: one that is empty says that all rows of
/// the account it names are gone.
#[derive(Default)]
pub(crate) struct Told(Mutex<BTreeSet<String>>);

impl Told {
    /// An answer was about this account, or about one without a name.
    pub(crate) fn note(&self, account: Option<&str>) {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let account = account.unwrap_or_default();
        if !told.contains(account) {
            told.insert(account.to_owned());
        }
    }

    /// All of them.
    pub(crate) fn accounts(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

/// Where pages go.
pub(crate) type Emit<'a> = dyn FnMut(Batch) -> Result<()> + 'a;

/// What `--dry-run` shows.
pub(crate) struct Plan {
    /// One line a request that is known beforehand: method, host, action, body; no header, no signature.
    pub(crate) requests: Vec<String>,
    /// Whether each of them may be followed by further pages.
    pub(crate) paged: bool,
}

/// The day or month that a journaled row of this type is about; none where it does not say. The journal reads rows of
/// every cloud, whichever is pulled.
pub(crate) fn period_of(kind: &str, row: &Journaled<'_>) -> Option<Period> {
    if is_of(kind, aws::TYPE) || is_of(kind, alicloud::TYPE) {
        row.period_in_subject()
    } else if is_of(kind, baidu::TYPE) {
        row.period_in_data(&baidu::PERIOD_FIELDS)
    } else if alicloud_oss::has_type(kind) {
        alicloud_oss::period_of(row)
    } else {
        None
    }
}

/// Whether a type is this one by day or by month.
fn is_of(kind: &str, base: &str) -> bool {
    kind.strip_prefix(base).is_some_and(|rest| rest.starts_with('.'))
}

/// The type of an event: `aws.service.daily`.
pub(crate) fn kind(base: &str, granularity: Granularity) -> String {
    format!("{base}.{}", granularity.name())
}

/// A subject's parts joined by `/`. In all but the last a slash is `%2F`, so that two keys never make one subject.
pub(crate) fn subject<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut subject = String::with_capacity(64);
    let mut parts = parts.into_iter().peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_some() {
            for char in part.chars() {
                match char {
                    '%' => subject.push_str("%25"),
                    '/' => subject.push_str("%2F"),
                    _ => subject.push(char),
                }
            }
            subject.push('/');
        } else {
            subject.push_str(part);
        }
    }
    subject
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn journaled_rows_tell_their_periods() {
        let data = r#"{"vanceSource":"x","vanceType":"y","date":"2022-06-14"}"#;
        let row = Journaled { account: "1", subject: "1/2022-06-13/x", data };
        let of = |kind| period_of(kind, &row).map(|period| period.to_string());
        assert_eq!(of("aws.service.daily").as_deref(), Some("2022-06-13"));
        assert_eq!(of("alicloud.account_billing.monthly").as_deref(), Some("2022-06-13"));
        assert_eq!(of("baidu.resource.daily").as_deref(), Some("2022-06-14"));
        for unknown in ["alicloud.focus", "aws.serviceable", "nonsense", "gcp.sku.daily"] {
            assert_eq!(of(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn subjects_never_collide() {
        assert_eq!(subject(["2022-06-13", "a/b"]), "2022-06-13/a/b");
        assert_ne!(subject(["d", "a/b", "c"]), subject(["d", "a", "b/c"]));
        assert_ne!(subject(["d", "a%2Fb", "c"]), subject(["d", "a/b", "c"]));
    }
}
