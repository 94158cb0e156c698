//! billing-pull: a cloud's bill as CloudEvents, once.
//!
//! The data flows one way, and [`run`] reads as that line:
//!
//! ```text
//! arguments ─► window ─► credentials ─► pages ─► rows ─► events ─► sink ─► closing line, exit code
//! cli.rs       window.rs credentials/   cloud/           event.rs  sink/   report.rs, exit.rs
//! ```
//!
//! This library serves the binary and its tests; it promises no stable interface.

mod api;
mod cli;
mod cloud;
mod config;
mod credentials;
#[doc(hidden)]
pub mod demo;
mod env;
mod event;
mod exit;
mod http;
mod identity;
mod json;
mod proofs;
mod pull;
mod report;
mod retry;
mod secret;
mod sign;
mod sink;
mod stop;
mod window;

use api::Session;
pub use cli::Cli;
use cli::PullOptions;
pub use env::Env;
pub use exit::Failure;
use report::{Level, Report};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

/// Runs the command and returns the process's exit code. Everything that is to be said has been said on stderr.
pub fn run(cli: &Cli, env: &Env) -> u8 {
    let options = cli.command.options();
    let report = Arc::new(open_report(options, env));
    let code = match pull(cli, env, &report) {
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

/// The flow of one pull.
fn pull(cli: &Cli, env: &Env, report: &Arc<Report>) -> anyhow::Result<()> {
    let options = cli.command.options();
    let session = open_session(options, report)?;
    let settings = config::Settings::resolve(options, env)?;
    settings.notes.iter().for_each(|note| report.info(note));
    let demo = options.demo.then(demo::SampleCloud::demo).transpose()?;
    let context =
        cloud::Context { settings: &settings, env, session: &session, demo: demo.as_ref() };
    let mut cloud = cli.command.open(&context)?;
    report.set_cloud(cloud.name(), cloud.cents_per_request());

    let now = chrono::Utc::now();
    let wish =
        window::Wish { when: &options.date, granularity: options.granularity, journal: None };
    let Some(window) = window::resolve(&wish, &cloud.calendar(), now)? else {
        report.info("the window holds no day yet: nothing to pull");
        return Ok(());
    };
    report.set_window(&window.to_string());
    if options.dry_run {
        say_plan(&*cloud, &window, report);
        return Ok(());
    }

    cloud.connect()?;
    let mut sink = sink::open(&settings, &session, pull::note(&session))?;
    let cloud = pull::pull(cloud, window, &mut *sink, &session)?;
    if let Some(why) = cloud.incomplete(&window) {
        report.warn(&why);
    }
    if report.counts.rows.load(Relaxed) == 0 {
        let message = format!("the bill of {window} holds no row");
        if options.fail_if_empty {
            return Err(exit::fail(Failure::Empty, message));
        }
        report.info(&message);
    }
    Ok(())
}

fn open_report(options: &PullOptions, env: &Env) -> Report {
    use std::io::IsTerminal;
    let level = match (options.quiet, options.verbose) {
        (true, _) => Level::Quiet,
        (_, true) => Level::Verbose,
        _ => Level::Normal,
    };
    let plain =
        env.get("NO_COLOR").is_some() || env.get("CI").is_some() || env.get("TERM") == Some("dumb");
    Report::new(level, options.log_format, std::io::stderr().is_terminal() && !plain)
}

fn open_session(options: &PullOptions, report: &Arc<Report>) -> anyhow::Result<Session> {
    let stop = stop::Stop::new(options.deadline.map(|deadline| Instant::now() + deadline));
    let voice = Arc::clone(report);
    stop::on_signals(&stop, move |failure| voice.close(failure.code()))?;
    Ok(Session {
        http: Arc::new(http::Http::new(options.timeout)),
        report: Arc::clone(report),
        stop,
        backoff: retry::Backoff { retries: options.retries.into(), first: options.retry_delay },
        concurrency: options.concurrency.into(),
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
