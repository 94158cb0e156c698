//! The command line as clap types. Nothing is resolved here: what depends on files, on the environment or on
//! the day is in `config.rs` and `window.rs`.

use crate::cloud;
use crate::exit;
use crate::report::LogFormat;
use crate::shard::Shard;
use crate::window::{Granularity, When};
use clap::Parser;
use std::path::PathBuf;
use std::time::Duration;

/// Pull a cloud's bill once: authenticate, page through it, emit CloudEvents, exit
///
/// Events go to stdout as NDJSON, or to an HTTP target. Everything else is said on stderr. Running again is
/// safe: the same row has the same id.
#[derive(Parser, Debug)]
#[command(name = "billing-pull", version, long_version = env!("BUILT_VERSION"))]
#[command(propagate_version = true, disable_help_subcommand = true)]
#[command(arg_required_else_help = true, after_help = exit_status())]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Everything that the program can do.
#[derive(clap::Subcommand, Debug)]
#[allow(clippy::large_enum_variant, reason = "there is one of them")]
pub enum Command {
    /// A pull.
    #[command(flatten)]
    Pull(cloud::Command),

    /// Manage the subscription that fills a bucket with Alibaba Cloud's bill files; it pulls nothing
    AlicloudSubscribe(cloud::alicloud_subscribe::Args),

    /// Look after a journal, the file of --journal
    #[command(arg_required_else_help = true)]
    Journal {
        /// What to do with it.
        #[command(subcommand)]
        command: JournalCommand,
    },
}

/// What can be done with a journal.
#[derive(clap::Subcommand, Debug)]
pub enum JournalCommand {
    /// Check every line of it, and say what it holds by cloud and window
    Verify {
        /// The journal
        #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
        file: PathBuf,
    },
    /// Rewrite it with only what was last said of each subject
    Compact {
        /// The journal
        #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
        file: PathBuf,
    },
}

impl Cli {
    /// How log lines are to be written.
    pub fn log_format(&self) -> LogFormat {
        match &self.command {
            Command::Pull(command) => command.options().call.log_format,
            Command::AlicloudSubscribe(args) => args.call.log_format,
            Command::Journal { .. } => LogFormat::Text,
        }
    }
}

/// Options of every pull.
#[derive(clap::Args, Debug, Clone)]
pub struct PullOptions {
    /// Days of the bill: yesterday, today, YYYY-MM-DD, YYYY-MM, FROM..TO, last-N-days, this-month, last-month,
    /// since-journal, settling. A day is one of the cloud's bill (AWS: UTC)
    #[arg(long, value_name = "WHEN", default_value = "yesterday")]
    pub(crate) date: When,

    /// One row per day, or per month (the window widens to whole months)
    #[arg(long, value_enum, default_value_t)]
    pub(crate) granularity: Granularity,

    /// POST CloudEvents to this URL; - is stdout. K_SINK counts too [env: BILLING_PULL_TARGET, K_SINK]
    #[arg(long, value_name = "URL", value_hint = clap::ValueHint::Url)]
    pub(crate) target: Option<String>,

    /// How an event is put into a request
    #[arg(long, value_enum, default_value_t)]
    pub(crate) content_mode: ContentMode,

    /// The account that this bill belongs to, where the cloud's answer does not say
    #[arg(long, value_name = "LABEL")]
    pub(crate) account: Option<String>,

    /// Keep what was delivered in this NDJSON file: a rerun sends only what is new or changed, and takes back what is
    /// gone
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub(crate) journal: Option<PathBuf>,

    /// Take back more than half of a day's rows if the answer lacks them
    #[arg(long, requires = "journal")]
    pub(crate) allow_mass_retraction: bool,

    /// One of N disjoint parts of the window, I from 0, for N runs on as many machines: blocks of days, or whole
    /// bill files
    #[arg(long, value_name = "I/N", conflicts_with = "shards")]
    pub(crate) shard: Option<Shard>,

    /// The same in a Kubernetes Indexed Job, whose pods know their I [env: JOB_COMPLETION_INDEX]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) shards: Option<u32>,

    /// A limit on the whole run
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) deadline: Option<Duration>,

    /// Exit 8 when the window holds no row
    #[arg(long)]
    pub(crate) fail_if_empty: bool,

    /// Stop before request N+1 to the billing API (a retry is a request)
    #[arg(long, value_name = "N")]
    pub(crate) max_requests: Option<u64>,

    /// Requests in flight: pages where the API allows it, posts to the target
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u8).range(1..=64))]
    pub(crate) concurrency: u8,

    /// Events in one request of --content-mode batch (256 KiB a request at most)
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub(crate) batch_size: u16,

    /// Test credentials, permission and clock, and pull nothing
    #[arg(long, conflicts_with = "dry_run")]
    pub(crate) check: bool,

    /// The same, and send the target one event of type billing-pull.check
    #[arg(long, conflicts_with = "dry_run")]
    pub(crate) check_target: bool,

    #[command(flatten)]
    pub(crate) call: CallOptions,
}

/// Options of every command that calls a cloud.
#[derive(clap::Args, Debug, Clone)]
pub struct CallOptions {
    /// Settings [env: CONNECTOR_CONFIG] [default: /vance/config/config.yml if it exists]
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub(crate) config: Option<PathBuf>,

    /// Keys [env: CONNECTOR_SECRET] [default: /vance/secret/secret.yml if it exists]
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub(crate) secret: Option<PathBuf>,

    /// API to call instead of the cloud's own; without a scheme https is meant
    #[arg(long, value_name = "URL", value_hint = clap::ValueHint::Url)]
    pub(crate) endpoint: Option<String>,

    /// Use the built-in sample cloud: no account, no network
    #[arg(long)]
    pub(crate) demo: bool,

    /// Say which requests would be made and what they would cost; make none
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Longest wait without progress: connecting, for an answer, between two reads
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    pub(crate) timeout: Duration,

    /// Further tries per request
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u8).range(0..=100))]
    pub(crate) retries: u8,

    /// Upper bound of the pause before the first retry; it doubles with each
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = pause, hide = true)]
    pub(crate) retry_delay: Duration,

    /// Errors only
    #[arg(short, long, conflicts_with = "verbose")]
    pub(crate) quiet: bool,

    /// Every request, every retry, every source of credentials
    #[arg(short, long)]
    pub(crate) verbose: bool,

    /// How to write log lines
    #[arg(long, value_enum, default_value_t, env = "BILLING_PULL_LOG_FORMAT")]
    pub(crate) log_format: LogFormat,
}

/// How an event is put into a request (CloudEvents HTTP protocol binding, section 3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum ContentMode {
    /// One event, attributes and data, as JSON
    #[default]
    Structured,
    /// The data as the body, attributes as headers
    Binary,
    /// Several events in a JSON array, for targets that ask for it
    Batch,
}

fn exit_status() -> String {
    let lines = exit::table().map(|(code, meaning, _)| format!("\n  {code:<3}  {meaning}"));
    lines.fold("Exit status:".to_owned(), |text, line| text + &line)
}

fn seconds(text: &str) -> Result<Duration, String> {
    let duration = pause(text)?;
    if duration.is_zero() { Err("it must be more than 0 seconds".into()) } else { Ok(duration) }
}

fn pause(text: &str) -> Result<Duration, String> {
    const MOST: f64 = 7.0 * 86_400.0;
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    if !(0.0..=MOST).contains(&seconds) {
        return Err(format!("it must be 0 to {MOST} seconds"));
    }
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn seconds_are_a_positive_number() {
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
        for bad in ["0", "-1", "x", "NaN", "inf", "1e9"] {
            assert!(seconds(bad).is_err(), "{bad}");
        }
    }
}
