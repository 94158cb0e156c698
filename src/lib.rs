//! billing-pull: a cloud's bill as CloudEvents, once.
//!
//! The data flows one way, and the private `pull` below reads as that line:
//!
//! ```text
//! arguments ─► window ─► credentials ─► pages ─► rows ─► events ─► journal ─► sink ─► closing line, exit code
//! cli.rs       window.rs credentials/   cloud/           event.rs  journal/   sink/   report.rs, exit.rs
//! ```
//!
//! This library serves the binary and its tests; it promises no stable interface.

mod api;
mod check;
mod cli;
mod cloud;
mod config;
mod credentials;
mod days;
#[doc(hidden)]
pub mod demo;
mod env;
mod event;
mod exit;
mod http;
mod identity;
mod journal;
mod json;
pub mod manual;
mod proofs;
mod pull;
mod refusal;
mod report;
mod retry;
mod scan;
mod secret;
mod shard;
mod sign;
mod sink;
mod stop;
mod sums;
mod window;
mod xml;

use api::Session;
pub use cli::Cli;
use cli::{CallOptions, Command, JournalCommand, PullOptions};
#[cfg(fuzzing)]
#[doc(hidden)]
pub use cloud::alicloud_oss::fuzz_read;
pub use env::Env;
pub use exit::{Failure, table as exit_codes};
use journal::{Journal, Ledger};
use report::{Level, Report};
pub use report::{LogFormat, report_bugs};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

/// The command line with everything that `--help` shows.
pub fn command() -> clap::Command {
    manual::annotate("", <Cli as clap::CommandFactory>::command())
}

/// The options that every pull has, for lists that name them once.
pub fn options_of_every_pull() -> clap::Command {
    <PullOptions as clap::Args>::augment_args(clap::Command::new("pull"))
}

/// Reads the process's arguments.
///
/// # Errors
/// What clap has to say to the user: a mistake, help or the version.
pub fn parse() -> Result<Cli, clap::Error> {
    <Cli as clap::FromArgMatches>::from_arg_matches(&command().try_get_matches()?)
}

/// Runs the command and returns the process's exit code. Everything that is to be said has been said on stderr.
pub fn run(cli: &Cli, env: &Env) -> u8 {
    match &cli.command {
        Command::Pull(command) => {
            let report = introduced(&command.options().call, env, true);
            let result = pull(command, env, &report);
            conclude(&report, result)
        }
        Command::AlicloudSubscribe(args) => {
            let report = introduced(&args.call, env, false);
            let result = subscribe(args, env, &report);
            conclude(&report, result)
        }
        Command::Journal { command } => {
            let report = Report::new(Level::Normal, LogFormat::Text, false);
            report.hush();
            conclude(&report, look_after(command, &report))
        }
    }
}

/// The voice of a run, which with `-v` first says which program it is and by which proxies it goes.
fn introduced(options: &CallOptions, env: &Env, bar: bool) -> Arc<Report> {
    let report = Arc::new(open_report(options, env, bar));
    report.debug(|| format!("billing-pull {}", env!("BUILT_VERSION")));
    env.ways_out().into_iter().for_each(|way| report.debug(|| way));
    report
}

/// Says why a run failed, if it did, and closes it.
fn conclude(report: &Report, result: anyhow::Result<()>) -> u8 {
    let code = match result {
        Ok(()) => 0,
        Err(error) => {
            let failure = exit::kind_of(&error);
            if failure == Failure::OutputClosed {
                report.hush();
            } else {
                report.error(&format!("{error:#}"));
            }
            failure.code()
        }
    };
    report.close(code);
    code
}

/// `billing-pull alicloud-subscribe`.
fn subscribe(
    args: &cloud::alicloud_subscribe::Args,
    env: &Env,
    report: &Arc<Report>,
) -> anyhow::Result<()> {
    let session = open_session(&args.call, None, 1, report)?;
    let access = config::Access::resolve(&args.call, env)?;
    access.notes.iter().for_each(|note| report.info(note));
    let demo = args.call.demo.then(demo::SampleCloud::demo).transpose()?;
    cloud::alicloud_subscribe::run(args, &access, env, &session, demo.as_ref())
}

/// The flow of one pull.
fn pull(command: &cloud::Command, env: &Env, report: &Arc<Report>) -> anyhow::Result<()> {
    let options = command.options();
    report.set_cloud(command.name(), None);
    let session = open_session(&options.call, options.deadline, options.concurrency, report)?;
    let settings = config::Settings::resolve(options, env)?;
    settings.access.notes.iter().for_each(|note| report.info(note));
    let demo = options.call.demo.then(demo::SampleCloud::demo).transpose()?;
    let context =
        cloud::Context { settings: &settings, env, session: &session, demo: demo.as_ref() };
    let mut cloud = command.open(&context)?;
    report.set_cloud(cloud.name(), cloud.cents_per_request());

    if options.check || options.check_target {
        return check::run(&mut *cloud, options, &settings, &session);
    }
    let now = chrono::Utc::now();
    let journal = options.journal.as_deref().filter(|_| !options.call.dry_run);
    let mut journal = journal.map(Journal::open).transpose()?;
    let goes_on = options.date.goes_by_journal() && journal.is_some();
    if goes_on {
        // Whose windows count is known by the credentials.
        connect(&mut *cloud, report)?;
    }
    let Some(window) = days::find(&*cloud, options, &settings, journal.as_mut(), now, report)?
    else {
        return Ok(());
    };
    let name = cloud.title(&window);
    report.set_window(&name);
    if options.call.dry_run {
        say_plan(&*cloud, &window, report);
        return Ok(());
    }

    let ledger = journal.map(|journal| {
        let allow_mass = options.allow_mass_retraction;
        Ledger::open(journal, &*cloud, &window, &settings.extensions, allow_mass, report)
    });
    let mut ledger = ledger.transpose()?;
    if !goes_on {
        connect(&mut *cloud, report)?;
    }
    let note = pull::note(&session, ledger.as_ref());
    let mut sink = sink::open(&settings, &session, note)?;
    let cloud = pull::pull(cloud, window, &mut *sink, ledger.as_mut(), &session)?;
    let empty = report.counts.rows.load(Relaxed) == 0;
    if let Some(mut ledger) = ledger {
        // A window that is to be tried again later is not completed, nor is a shard of one.
        let whole = cloud.whole(&window).filter(|_| !settings.is_shard());
        match whole.filter(|_| !(empty && options.fail_if_empty)) {
            Some(whole) => ledger.complete(&*cloud, &whole, now, &report.counts)?,
            None => ledger.sync()?,
        }
    }
    if let Some(why) = cloud.incomplete(&window) {
        report.warn(&why);
    }
    if empty {
        let message = format!("the bill of {name} holds no row");
        if options.fail_if_empty {
            return Err(exit::fail(Failure::Empty, message));
        }
        report.info(&message);
    }
    Ok(())
}

fn connect(cloud: &mut dyn cloud::Cloud, report: &Report) -> anyhow::Result<()> {
    if let Some(origin) = cloud.connect()? {
        report.debug(|| format!("credentials: {origin}"));
    }
    Ok(())
}

/// `billing-pull journal`.
fn look_after(command: &JournalCommand, report: &Report) -> anyhow::Result<()> {
    match command {
        JournalCommand::Verify { file } => journal::verify(file, &mut std::io::stdout(), report),
        JournalCommand::Compact { file } => journal::compact(file, report),
    }
}

/// The voice of a run; `bar` says whether it may draw a progress bar.
fn open_report(options: &CallOptions, env: &Env, bar: bool) -> Report {
    use std::io::IsTerminal;
    let level = match (options.quiet, options.verbose) {
        (true, _) => Level::Quiet,
        (_, true) => Level::Verbose,
        _ => Level::Normal,
    };
    let plain =
        env.get("NO_COLOR").is_some() || env.get("CI").is_some() || env.get("TERM") == Some("dumb");
    let bar = bar && std::io::stderr().is_terminal() && !plain;
    Report::new(level, options.log_format, bar)
}

fn open_session(
    options: &CallOptions,
    deadline: Option<Duration>,
    concurrency: u8,
    report: &Arc<Report>,
) -> anyhow::Result<Session> {
    let stop = stop::Stop::new(deadline.map(|deadline| Instant::now() + deadline));
    let voice = Arc::clone(report);
    stop::on_signals(&stop, move |failure| voice.close(failure.code()))?;
    Ok(Session {
        http: Arc::new(http::Http::new(options.timeout)),
        report: Arc::clone(report),
        stop,
        backoff: retry::Backoff { retries: options.retries.into(), first: options.retry_delay },
        concurrency: concurrency.into(),
    })
}

fn say_plan(cloud: &dyn cloud::Cloud, window: &window::Window, report: &Report) {
    let plan = cloud.plan(window);
    for request in &plan.requests {
        report.info(&format!("would send {request}"));
    }
    let count = plan.requests.len() as u64;
    let paged = if plan.paged { " or more, one for each page" } else { "" };
    let cost = match cloud.cents_per_request() {
        Some(cents) if plan.paged => format!("at least ${}", report::dollars(cents * count)),
        Some(cents) => format!("${}", report::dollars(cents * count)),
        None => "nothing".to_owned(),
    };
    report.info(&format!(
        "{}{paged}; it would cost {cost}; none was made",
        report::plural(count, "request")
    ));
}
