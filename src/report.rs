//! Everything on stderr: log lines, the progress bar, the closing line. Nothing else in the program prints
//! there, so that one place decides on quiet, verbose, text and JSON.

mod closing;

use crate::exit::Failure;
use crate::http::excerpt;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people: one line a message.
    #[default]
    Text,
    /// For machines: one JSON object a message.
    Json,
}

impl LogFormat {
    fn line(self, level: &str, label: &str, message: &str) -> String {
        match self {
            Self::Text => format!("billing-pull: {label}{message}"),
            Self::Json => Self::object(level, None, message),
        }
    }

    /// A finding of `--check`.
    fn finding(self, grade: Grade, what: &str, message: &str) -> String {
        let level = match grade {
            Grade::Ok => "info",
            Grade::Warn => "warn",
            Grade::Fail => "error",
        };
        match self {
            Self::Text => format!("billing-pull: {:<4} {what}: {message}", grade.name()),
            Self::Json => Self::object(level, Some((what, grade.name())), message),
        }
    }

    fn object(level: &str, finding: Option<(&str, &str)>, message: &str) -> String {
        #[derive(Serialize)]
        struct Line<'a> {
            time: String,
            level: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            check: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            status: Option<&'a str>,
            message: &'a str,
        }
        let time = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
        let (check, status) = finding.unzip();
        serde_json::to_string(&Line { time, level, check, status, message }).unwrap_or_default()
    }
}

/// How much is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    /// `-q`: errors only.
    Quiet,
    /// Errors, warnings and the closing line.
    #[default]
    Normal,
    /// `-v`: every request, every retry, every credential source too.
    Verbose,
}

/// How a finding of `--check` is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Grade {
    /// As it should be.
    Ok,
    /// A pull works, but the user should know.
    Warn,
    /// A pull would fail.
    Fail,
}

impl Grade {
    /// Every grade, in the order of the closing line.
    pub(crate) const ALL: [Self; 3] = [Self::Ok, Self::Warn, Self::Fail];

    /// As it is written.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// What a run counted. Every thread adds to it.
#[derive(Default)]
pub(crate) struct Counts {
    /// Rows that the cloud sent.
    pub(crate) rows: AtomicU64,
    /// Events acknowledged by the target.
    pub(crate) delivered: AtomicU64,
    /// Rows that the journal has already as they are.
    pub(crate) unchanged: AtomicU64,
    /// Delivered events that restate an earlier one.
    pub(crate) changed: AtomicU64,
    /// Delivered events that take an earlier one back.
    pub(crate) retracted: AtomicU64,
    /// Requests to the billing API, failed ones and retries included.
    pub(crate) requests: AtomicU64,
    /// Requests that the billing API answered and so may bill.
    pub(crate) answers: AtomicU64,
    /// Tries after the first, of calls and of posts.
    pub(crate) retries: AtomicU64,
}

/// The voice of a run.
pub(crate) struct Report {
    level: Level,
    format: LogFormat,
    started: Instant,
    bar: Option<ProgressBar>,
    about: Mutex<About>,
    /// What the run counted.
    pub(crate) counts: Counts,
}

#[derive(Default, Clone)]
struct About {
    cloud: String,
    window: Option<String>,
    cents_per_request: Option<u64>,
    silent: bool,
    /// Of a check: how many findings there are of each grade.
    findings: Option<[u64; 3]>,
}

impl Report {
    /// `bar` says whether a progress bar may be drawn.
    pub(crate) fn new(level: Level, format: LogFormat, bar: bool) -> Self {
        let bar = (bar && level != Level::Quiet && format == LogFormat::Text).then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr())
                .with_style(ProgressStyle::default_spinner());
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        Self {
            level,
            format,
            started: Instant::now(),
            bar,
            about: Mutex::default(),
            counts: Counts::default(),
        }
    }

    fn about(&self) -> MutexGuard<'_, About> {
        self.about.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Names what is pulled, for the closing line.
    pub(crate) fn set_cloud(&self, cloud: &str, cents_per_request: Option<u64>) {
        let mut about = self.about();
        cloud.clone_into(&mut about.cloud);
        about.cents_per_request = cents_per_request;
    }

    /// Names the window, for the closing line.
    pub(crate) fn set_window(&self, window: &str) {
        self.about().window = Some(window.to_owned());
    }

    /// No closing line: the reader of stdout went away, or nothing was pulled by intent.
    pub(crate) fn hush(&self) {
        self.about().silent = true;
    }

    /// Whether `-v` was given.
    pub(crate) fn is_verbose(&self) -> bool {
        self.level == Level::Verbose
    }

    /// Something failed.
    pub(crate) fn error(&self, message: &str) {
        self.say("error", "error: ", message);
    }

    /// Something that the user should know although the run goes on.
    pub(crate) fn warn(&self, message: &str) {
        if self.level > Level::Quiet {
            self.say("warn", "warning: ", message);
        }
    }

    /// Something that the user may want to know.
    pub(crate) fn info(&self, message: &str) {
        if self.level > Level::Quiet {
            self.say("info", "", message);
        }
    }

    /// A finding of `--check`.
    pub(crate) fn finding(&self, grade: Grade, what: &str, message: &str) {
        self.about().findings.get_or_insert_default()[grade as usize] += 1;
        if self.level > Level::Quiet || grade == Grade::Fail {
            self.write(&self.format.finding(grade, what, message));
        }
    }

    /// Something for whoever looks for the cause of a fault.
    pub(crate) fn debug(&self, message: impl FnOnce() -> String) {
        if self.level == Level::Verbose {
            self.say("debug", "", &message());
        }
    }

    fn say(&self, level: &str, label: &str, message: &str) {
        self.write(&self.format.line(level, label, message));
    }

    fn write(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| write(line)),
            None => write(line),
        }
    }

    /// Says how far the pull is: `unit` is `pages` or `bytes`.
    pub(crate) fn progress(&self, unit: Unit, done: u64, of: Option<u64>) {
        let Some(bar) = &self.bar else { return };
        match of {
            Some(of) => bar.set_length(of),
            None => bar.unset_length(),
        }
        if bar.position() == 0 {
            bar.set_style(unit.style(of.is_some()));
        }
        bar.set_position(done);
        self.tick();
    }

    /// Shows rows and their rate in the bar.
    pub(crate) fn tick(&self) {
        let Some(bar) = &self.bar else { return };
        let rows = self.counts.rows.load(Relaxed);
        let seconds = self.started.elapsed().as_secs_f64();
        #[allow(clippy::cast_precision_loss, reason = "a rate for the eye")]
        let rate = if seconds > 0.0 { rows as f64 / seconds } else { 0.0 };
        let delivered = self.counts.delivered.load(Relaxed);
        bar.set_message(format!("{rows} rows, {rate:.0}/s, {delivered} delivered"));
    }

    /// The closing line: what was pulled, what was acknowledged, what it cost. `exit` is the process's exit code.
    pub(crate) fn close(&self, exit: u8) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        let about = self.about().clone();
        if about.silent || about.cloud.is_empty() {
            return;
        }
        match self.format {
            LogFormat::Json => self.write(&self.closing_object(&about, exit)),
            LogFormat::Text if self.level > Level::Quiet => {
                self.write(&self.closing_line(&about));
            }
            LogFormat::Text => {}
        }
    }
}

fn write(line: &str) {
    // Nobody can be told that stderr is gone.
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// Turns every panic from now on, on whatever thread, into one line and exit code 1. The line says what the
/// maintainers need to know; it takes no lock that the panicking thread may hold.
pub fn report_bugs(format: LogFormat) {
    const REPOSITORY: &str = env!("CARGO_PKG_REPOSITORY");
    const WHERE: &str =
        if REPOSITORY.is_empty() { "the maintainers of billing-pull" } else { REPOSITORY };
    std::panic::set_hook(Box::new(move |panic| {
        let payload = panic.payload();
        let what = payload.downcast_ref::<&str>().copied();
        let what = what.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        let what = excerpt(what.unwrap_or("no message"), 200);
        let place = panic.location().map(|place| format!(" ({place})")).unwrap_or_default();
        let version = env!("BUILT_VERSION");
        let message = format!(
            "this is a bug in billing-pull {version}: {what}{place}; please report this line to {WHERE}"
        );
        write(&format.line("error", "error: ", &message));
        std::process::exit(Failure::Unexpected.code().into());
    }));
}

/// What a progress bar counts.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Unit {
    /// Answers of an API.
    Pages,
    /// Bytes of files.
    Bytes,
}

impl Unit {
    fn style(self, bounded: bool) -> ProgressStyle {
        let template = match (self, bounded) {
            (Self::Pages, true) => "{spinner} {bar:24} page {pos} of {len}, {msg}",
            (Self::Pages, false) => "{spinner} page {pos}, {msg}",
            (Self::Bytes, true) => "{spinner} {bar:24} {bytes} of {total_bytes}, {msg}",
            (Self::Bytes, false) => "{spinner} {bytes}, {msg}",
        };
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
    }
}

/// `1 event`, `2 events`.
pub(crate) fn plural(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// Whole cents as dollars: money is never a float here either.
pub(crate) fn dollars(cents: u64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let report = Report::new(Level::Normal, LogFormat::Json, false);
        report.set_cloud("aws", Some(1));
        report.set_window("2022-06-13");
        report.counts.rows.store(31, Relaxed);
        report.counts.delivered.store(31, Relaxed);
        report.counts.requests.store(2, Relaxed);
        report.counts.answers.store(1, Relaxed);
        report.counts.retries.store(1, Relaxed);
        report
    }

    #[test]
    fn the_closing_line_counts_what_is_billed() {
        let report = report();
        let line = report.closing_line(&report.about());
        assert!(
            line.starts_with(
                "aws 2022-06-13: 31 events delivered, 2 requests ($0.01), 1 retry, 0."
            ),
            "{line}"
        );
        report.counts.unchanged.store(400, Relaxed);
        let line = report.closing_line(&report.about());
        assert!(line.contains("31 events delivered, 400 unchanged, 2 requests"), "{line}");
    }

    #[test]
    fn the_closing_object_has_its_members_in_order() {
        let report = report();
        let text = report.closing_object(&report.about(), 0);
        assert!(text.starts_with(
            r#"{"cloud":"aws","window":"2022-06-13","rows":31,"delivered":31,"unchanged":0,"changed":0,"retracted":0,"requests":2,"cost_usd":0.01,"retries":1,"seconds":"#
        ), "{text}");
        assert!(text.ends_with(r#","exit":0}"#), "{text}");
    }

    #[test]
    fn cents_are_dollars() {
        assert_eq!([dollars(0), dollars(7), dollars(1234)], ["0.00", "0.07", "12.34"]);
    }
}
