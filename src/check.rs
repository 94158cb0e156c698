//! `--check`: whatever a pull needs, looked at one by one, and nothing pulled. A cloud says what it finds to a
//! [`Checkup`]: one line a finding, each that fails with what to do about it.

use crate::api::{Api, Session};
use crate::cli::PullOptions;
use crate::cloud::Cloud;
use crate::config::{Settings, Target};
use crate::event::{Batch, Data, Envelope, Row};
use crate::exit::{Failure, fail, kind_of};
use crate::http::host_and_port;
use crate::report::{Grade, Report, plural};
use crate::retry::Backoff;
use crate::sink;
use crate::window::{Calendar, Granularity, Window, first_of_month, last_of_month};
use anyhow::Result;
use chrono::{DateTime, Days, Utc};
use std::sync::Arc;
use std::time::Instant;

/// The type of the one event that `--check-target` sends, and its source.
const EVENT: &str = "billing-pull.check";
const SOURCE: &str = "billing-pull";
/// A clock that is further off than this will be too far off some day.
const CLOCK_WARNING: u64 = 60;

/// A session for services that a pull does not need: one further try, and no more.
pub(crate) fn impatient(session: &Session) -> Session {
    let backoff = Backoff { retries: session.backoff.retries.min(1), ..session.backoff };
    Session { backoff, ..session.clone() }
}

/// Takes findings, says each of them at once, and remembers the worst.
pub(crate) struct Checkup<'a> {
    report: &'a Report,
    worst: Option<Failure>,
    failed: Vec<&'static str>,
}

impl<'a> Checkup<'a> {
    fn new(report: &'a Report) -> Self {
        Self { report, worst: None, failed: Vec::new() }
    }

    /// `what` is as it should be.
    pub(crate) fn ok(&self, what: &'static str, said: impl AsRef<str>) {
        self.report.finding(Grade::Ok, what, said.as_ref());
    }

    /// `what` does not stop a pull, but the user should know.
    pub(crate) fn warn(&self, what: &'static str, said: impl AsRef<str>) {
        self.report.finding(Grade::Warn, what, said.as_ref());
    }

    /// `what` would make a pull fail in this way.
    pub(crate) fn fail(&mut self, what: &'static str, failure: Failure, said: impl AsRef<str>) {
        self.report.finding(Grade::Fail, what, said.as_ref());
        self.failed.push(what);
        // What only passes with a person's help is worse than what may pass by itself.
        let severity = |failure: Failure| u8::from(failure.retry() == "no");
        if self.worst.is_none_or(|worst| severity(failure) > severity(worst)) {
            self.worst = Some(failure);
        }
    }

    /// What `result` says of `what` that is as it should be, or why it is not.
    pub(crate) fn tell(&mut self, what: &'static str, result: Result<String>) -> Result<()> {
        if let Some(said) = self.take(what, result)? {
            self.ok(what, said);
        }
        Ok(())
    }

    /// What `result` holds; an error is a finding, but for a wish to stop, which ends the check.
    pub(crate) fn take<T>(&mut self, what: &'static str, result: Result<T>) -> Result<Option<T>> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(error) if is_stop(&error) => Err(error),
            Err(error) => {
                self.fail(what, kind_of(&error), format!("{error:#}"));
                Ok(None)
            }
        }
    }

    /// The same for what a pull does not need: an error is a warning.
    pub(crate) fn take_if_any<T>(
        &self,
        what: &'static str,
        result: Result<T>,
    ) -> Result<Option<T>> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(error) if is_stop(&error) => Err(error),
            Err(error) => {
                self.warn(what, format!("{error:#}"));
                Ok(None)
            }
        }
    }

    /// Who the keys are of. A token service that cannot be reached stops no pull; one that refuses them does.
    pub(crate) fn identity(&mut self, result: Result<String>) -> Result<()> {
        const WHAT: &str = "identity";
        let passes = |error: &anyhow::Error| kind_of(error) == Failure::Unavailable;
        if result.as_ref().is_err_and(passes) {
            self.take_if_any(WHAT, result).map(|_| ())
        } else {
            self.tell(WHAT, result)
        }
    }

    /// How far this machine's clock is from that of the service behind `api`, which has answered before; `most` is
    /// what its signatures allow, in seconds.
    pub(crate) fn clock(&mut self, api: &Api, most: u64) {
        const WHAT: &str = "clock";
        let Some(ahead) = api.clock_ahead() else {
            return self.warn(WHAT, "not compared: the service has not said what time it is there");
        };
        let seconds = ahead.unsigned_abs();
        let side = if ahead < 0 { "behind" } else { "ahead of" };
        let said =
            format!("this machine's is {seconds} s {side} the service's, which allows {most} s");
        if seconds >= most {
            self.fail(WHAT, Failure::Credentials, format!("{said}: set it right (NTP)"));
        } else if seconds >= CLOCK_WARNING {
            self.warn(WHAT, format!("{said}: set it right (NTP)"));
        } else {
            self.ok(WHAT, said);
        }
    }

    fn conclude(self) -> Result<()> {
        let Some(worst) = self.worst else { return Ok(()) };
        let count = plural(self.failed.len() as u64, "check");
        Err(fail(worst, format!("{count} failed: {}", self.failed.join(", "))))
    }
}

fn is_stop(error: &anyhow::Error) -> bool {
    matches!(kind_of(error), Failure::Interrupted | Failure::Terminated)
}

/// Checks `cloud`, and the target if that is asked for.
pub(crate) fn run(
    cloud: &mut dyn Cloud,
    options: &PullOptions,
    settings: &Settings,
    session: &Session,
) -> Result<()> {
    let report = &session.report;
    if options.check_target && settings.target == Target::Stdout {
        let message = "--check-target needs a target: --target URL, BILLING_PULL_TARGET or K_SINK";
        return Err(fail(Failure::Usage, message));
    }
    report.set_window("check");
    let mut checkup = Checkup::new(report);
    let connected = cloud.connect();
    if let Some(origin) = checkup.take("credentials", connected)? {
        if let Some(origin) = origin {
            checkup.ok("credentials", origin);
        }
        cloud.check(&mut checkup)?;
    }
    if let Target::Http(url) = &settings.target {
        let host = host_and_port(url);
        if options.check_target {
            let started = Instant::now();
            let sent = post(cloud.name(), settings, session);
            if checkup.take("target", sent)?.is_some() {
                let took = started.elapsed().as_millis();
                checkup.ok("target", format!("{host} took a {EVENT} event in {took} ms"));
            }
        } else {
            report.info(&format!(
                "the target {host} was not asked: --check-target sends it one {EVENT} event"
            ));
        }
    }
    checkup.conclude()
}

/// Sends the target one event that is no bill.
fn post(cloud: &str, settings: &Settings, session: &Session) -> Result<()> {
    let now = Utc::now();
    let mut data = Data::default();
    data.text("message", "billing-pull --check-target: this is no bill");
    data.text("cloud", cloud);
    // Each check is an event of its own, with an id of its own.
    data.text("checked", &now.to_rfc3339());
    let subject = format!("{cloud}/check");
    let period = now.date_naive();
    let row = Row { account: None, period, subject, data, amounts: Vec::new() };
    let mut batch = Batch::new(Envelope::new(SOURCE, EVENT, now, &settings.extensions)?);
    batch.push(&row);
    let mut sink = sink::open(settings, session, Arc::new(|_, _| Ok(())))?;
    let sent = sink.send(Arc::new(batch)).and_then(|()| sink.settle());
    if sent.is_err() {
        sink.abandon();
    }
    sent
}

/// The window that a probe asks for: the last one with an end.
pub(crate) fn probed(calendar: &Calendar, granularity: Granularity, now: DateTime<Utc>) -> Window {
    let yesterday = calendar.today(now) - Days::new(1);
    let (start, end) = match granularity {
        Granularity::Daily => (yesterday, yesterday),
        Granularity::Monthly => (first_of_month(yesterday), last_of_month(yesterday)),
    };
    Window { start, end, granularity }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Level, LogFormat};

    fn ends(failures: &[Failure]) -> Option<Failure> {
        let report = Report::new(Level::Quiet, LogFormat::Text, false);
        let mut checkup = Checkup::new(&report);
        for failure in failures {
            checkup.fail("it", *failure, "");
        }
        checkup.conclude().err().map(|error| kind_of(&error))
    }

    #[test]
    fn the_worst_finding_ends_a_check() {
        use Failure::{Credentials, Refused, TargetRefused, TargetUnavailable, Unavailable};
        assert_eq!(ends(&[]), None);
        assert_eq!(ends(&[Unavailable]), Some(Unavailable));
        assert_eq!(ends(&[Unavailable, TargetRefused, Credentials]), Some(TargetRefused));
        assert_eq!(ends(&[Refused, TargetUnavailable]), Some(Refused));
    }

    #[test]
    fn a_wish_to_stop_is_no_finding() {
        let report = Report::new(Level::Quiet, LogFormat::Text, false);
        let mut checkup = Checkup::new(&report);
        let stopped = checkup.take("it", Err::<(), _>(fail(Failure::Interrupted, "stopped")));
        assert_eq!(kind_of(&stopped.unwrap_err()), Failure::Interrupted);
        assert!(checkup.take("it", Err::<(), _>(fail(Failure::Refused, "no"))).unwrap().is_none());
        assert_eq!(checkup.worst, Some(Failure::Refused));
    }

    #[test]
    fn a_probe_asks_for_the_last_whole_day_or_its_month() {
        let calendar = Calendar {
            cloud: "x",
            zone_hours: 8,
            daily: None,
            monthly: None,
            settles: crate::window::Settles { day: 3, hour: 12 },
        };
        for (now, granularity, expected) in [
            ("2026-03-01T15:59:59Z", Granularity::Daily, "2026-02-28"),
            ("2026-03-01T16:00:00Z", Granularity::Daily, "2026-03-01"),
            ("2026-03-01T15:59:59Z", Granularity::Monthly, "2026-02"),
            ("2026-03-01T16:00:00Z", Granularity::Monthly, "2026-03"),
        ] {
            let window = probed(&calendar, granularity, now.parse().unwrap());
            assert_eq!(window.to_string(), expected);
            assert!(window.start <= window.end);
        }
    }
}
