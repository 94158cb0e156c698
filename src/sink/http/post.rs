//! One post, tried again until the target has said yes or no, or the tries are spent.

use super::{Job, Outcome, Shared, encode};
use crate::api::Session;
use crate::exit::{Failure, fail};
use crate::http::{Answer, Call};
use crate::report::plural;
use crate::retry;
use anyhow::Result;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

impl Shared {
    /// Posts until there is an outcome.
    pub(super) fn post(&self, job: &Job) -> Outcome {
        let Session { http, report, stop, backoff, .. } = &self.session;
        let call = self.call(job);
        let mut tries = 0;
        loop {
            if let Err(error) = self.wait_for_quiet() {
                return Outcome::Failed(error);
            }
            let started = Instant::now();
            let sent = match http.send(&call) {
                Ok(sent) => sent,
                Err(error) => return Outcome::Failed(error),
            };
            report.debug(|| {
                let outcome = sent
                    .as_ref()
                    .map_or_else(ToString::to_string, |answer| answer.status.to_string());
                format!(
                    "target: POST {} {}: {outcome}, {} ms",
                    call.host(),
                    Self::name(job),
                    started.elapsed().as_millis()
                )
            });
            let (reason, asked) = match sent {
                Ok(answer) => match answer.status {
                    200..=299 => return Outcome::Acked,
                    413 if job.events.len() > 1 => {
                        let middle = job.events.start + job.events.len() / 2;
                        let half = |events| Job { batch: Arc::clone(&job.batch), events };
                        return Outcome::Halves(
                            half(job.events.start..middle),
                            half(middle..job.events.end),
                        );
                    }
                    // "Not found" may be a route that is not there yet (Knative's data plane contract).
                    404 | 408 | 409 | 425 | 429 | 500..=599 => {
                        let asked = answer.header("retry-after");
                        (
                            status(&answer),
                            asked.and_then(|value| retry::retry_after(value, chrono::Utc::now())),
                        )
                    }
                    _ => return Outcome::Failed(Self::refusal(job, &call, &answer)),
                },
                Err(broken) => (broken.to_string(), None),
            };
            tries += 1;
            let spent = || {
                let host = call.host();
                let why = format!(
                    "the target {host} did not take {}: {reason} (tried {}); check its URL and that it is up, then \
                     run again: ids repeat",
                    Self::name(job),
                    plural(tries.into(), "time")
                );
                Outcome::Failed(fail(Failure::TargetUnavailable, why))
            };
            let Some(own) = backoff.pause(tries) else { return spent() };
            if asked.is_some_and(|asked| asked > retry::LONGEST) {
                return spent();
            }
            if let Some(asked) = asked {
                self.quiet_for(asked);
            }
            report.counts.retries.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            report.debug(|| {
                format!(
                    "target: retry {tries} of {} in {:.1} s: {reason}",
                    Self::name(job),
                    own.as_secs_f64()
                )
            });
            if let Err(error) = stop.sleep(own) {
                return Outcome::Failed(error);
            }
        }
    }

    fn quiet_for(&self, pause: Duration) {
        let until = Instant::now() + pause;
        let mut quiet = self.quiet_until.lock().unwrap_or_else(PoisonError::into_inner);
        *quiet = Some(quiet.map_or(until, |known| known.max(until)));
    }

    /// Waits out a pause that the target asked for. Nothing new is begun once the run shall stop.
    fn wait_for_quiet(&self) -> Result<()> {
        loop {
            self.session.stop.check()?;
            let until = *self.quiet_until.lock().unwrap_or_else(PoisonError::into_inner);
            let left = until
                .map_or(Duration::ZERO, |until| until.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return Ok(());
            }
            self.session.stop.sleep(left)?;
        }
    }

    fn refusal(job: &Job, call: &Call, answer: &Answer) -> anyhow::Error {
        let hint = match answer.status {
            300..=399 => "; redirects are not followed: name the final URL",
            401 | 403 => "; does it want an Authorization header (headers: in secret.yml)?",
            410 => "; the target is gone for good",
            413 => "; the event is larger than it takes",
            415 => "; it does not take this --content-mode",
            _ => "; its own log should say why",
        };
        let said = answer.excerpt(200);
        let said = if said.is_empty() { String::new() } else { format!(", {said:?}") };
        let what = format!(
            "the target {} refused {}: HTTP {}{said}{hint}",
            call.host(),
            Self::name(job),
            answer.status
        );
        fail(Failure::TargetRefused, what)
    }

    fn name(job: &Job) -> String {
        let Some(first) = job.batch.events.get(job.events.start) else { return "an event".into() };
        let subject = encode::unescape(job.batch.subject_json(first));
        let others = match job.events.len() {
            0 | 1 => String::new(),
            more => format!(" and {} more", more - 1),
        };
        format!("event {} ({subject}){others}", first.id)
    }

    fn call(&self, job: &Job) -> Call {
        let call = Call::new("POST", self.url.clone());
        let headers = self.headers.iter();
        let call = headers.fold(call, |call, (name, value)| call.header(name, value.expose()));
        encode::encode(call, self.mode, &job.batch, &job.batch.events[job.events.clone()])
    }
}

fn status(answer: &Answer) -> String {
    let said = answer.excerpt(120);
    if said.is_empty() {
        format!("HTTP {}", answer.status)
    } else {
        format!("HTTP {}, {said:?}", answer.status)
    }
}
