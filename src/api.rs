//! Calls to a service with its rules around them: signed anew for every try, retried with backoff, paced,
//! counted against `--max-requests`, told with `-v`, stopped by a signal.

use crate::exit::{Failure, fail};
use crate::http::{Answer, Broken, Call, Http, Opened};
use crate::report::{Report, plural};
use crate::retry::{self, Backoff};
use crate::stop::Stop;
use anyhow::{Context, Result};
use chrono::Utc;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// What every part of a run shares.
#[derive(Clone)]
pub(crate) struct Session {
    /// The HTTP clients.
    pub(crate) http: Arc<Http>,
    /// The voice.
    pub(crate) report: Arc<Report>,
    /// The wish to stop.
    pub(crate) stop: Stop,
    /// Tries and pauses.
    pub(crate) backoff: Backoff,
    /// `--concurrency`.
    pub(crate) concurrency: usize,
}

/// What an answer means.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// It is what was asked for.
    Good,
    /// Another try may end otherwise; the reason, and the pause that the service asks for.
    Again(String, Option<Duration>),
    /// It will not.
    Fatal(anyhow::Error),
}

/// A service as one cloud calls it.
pub(crate) struct Api {
    session: Session,
    /// Its name, for messages.
    service: &'static str,
    pace: Option<Pace>,
    /// Whether a call that broke after it was sent is sent again.
    repeats: bool,
    /// Whether its requests are the ones that the closing line and `--max-requests` count.
    budget: Option<Budget>,
    /// Seconds that this machine's clock is ahead of the service's, by its last answer.
    clock_ahead: AtomicI64,
}

/// No answer has said what time it is there.
const UNKNOWN: i64 = i64::MIN;

/// Counts the requests to the billing API.
#[derive(Default)]
pub(crate) struct Budget {
    most: Option<u64>,
    used: AtomicU64,
}

impl Budget {
    /// `most` is `--max-requests`.
    pub(crate) fn new(most: Option<u64>) -> Self {
        Self { most, used: AtomicU64::new(0) }
    }

    fn take(&self) -> Result<()> {
        let used = self.used.fetch_add(1, Relaxed);
        match self.most {
            Some(most) if used >= most => Err(fail(
                Failure::Budget,
                format!("--max-requests {most} is reached: stopped before request {}", most + 1),
            )),
            _ => Ok(()),
        }
    }
}

/// Keeps to what a service allows: so many requests in any second, whoever makes them.
///
/// The service counts when requests arrive, so a second is a little longer here: what the way there takes may
/// differ by that much. Within it they may come at twice the even pace, or the answer that tells how many more
/// there are to be would cost all the turns that pass while it is waited for.
pub(crate) struct Pace {
    limit: u32,
    second: Duration,
    /// When the last `limit` requests went, the oldest first.
    went: std::sync::Mutex<VecDeque<Instant>>,
}

impl Pace {
    /// At most `limit` requests in any second.
    pub(crate) fn new(limit: u32) -> Self {
        Self { limit, second: Duration::from_millis(1100), went: std::sync::Mutex::default() }
    }

    /// Waits for a turn. The wait is under the lock: the next turn counts from when this one really came, so
    /// that a thread which wakes up late is not followed too closely.
    fn wait(&self, stop: &Stop) -> Result<()> {
        let mut went = self.went.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let gap = self.second / (2 * self.limit);
        let first = if went.len() < self.limit as usize { None } else { went.pop_front() };
        let turns = [went.back().map(|last| *last + gap), first.map(|first| first + self.second)];
        if let Some(turn) = turns.into_iter().flatten().max() {
            stop.sleep(turn.saturating_duration_since(Instant::now()))?;
        }
        went.push_back(Instant::now());
        Ok(())
    }
}

impl Api {
    /// A service whose requests are not billed nor counted (STS, metadata).
    pub(crate) fn new(session: &Session, service: &'static str) -> Self {
        Self {
            session: session.clone(),
            service,
            pace: None,
            repeats: true,
            budget: None,
            clock_ahead: AtomicI64::new(UNKNOWN),
        }
    }

    /// The billing API itself.
    pub(crate) fn counted(mut self, budget: Budget) -> Self {
        self.budget = Some(budget);
        self
    }

    /// For calls that change something: one that may have arrived before it broke is not sent again, but ends in
    /// [`Failure::Unavailable`], so that the caller can look first.
    pub(crate) fn cautious(mut self) -> Self {
        self.repeats = false;
        self
    }

    /// With a limit on requests a second.
    pub(crate) fn paced(mut self, pace: Pace) -> Self {
        self.pace = Some(pace);
        self
    }

    /// Seconds that this machine's clock is ahead of the service's, if an answer has said what time it is there.
    pub(crate) fn clock_ahead(&self) -> Option<i64> {
        Some(self.clock_ahead.load(Relaxed)).filter(|ahead| *ahead != UNKNOWN)
    }

    /// What the run shares.
    pub(crate) fn session(&self) -> &Session {
        &self.session
    }

    /// Makes one call until it is answered well, refused, or the tries are spent. `action` names it in messages
    /// (`GetCostAndUsage page 2`); `make` builds and signs it, anew for each try.
    pub(crate) fn call(
        &self,
        action: &str,
        make: impl Fn() -> Result<Call>,
        judge: impl Fn(&Answer) -> Verdict,
    ) -> Result<Answer> {
        self.tries(action, make, judge, Http::send, |answer| answer)
    }

    /// The same, but leaves the body of the good answer unread.
    pub(crate) fn open(
        &self,
        action: &str,
        make: impl Fn() -> Result<Call>,
        judge: impl Fn(&Answer) -> Verdict,
    ) -> Result<Opened> {
        self.tries(action, make, judge, Http::open, |opened| &opened.answer)
    }

    fn tries<T>(
        &self,
        action: &str,
        make: impl Fn() -> Result<Call>,
        judge: impl Fn(&Answer) -> Verdict,
        send: impl Fn(&Http, &Call) -> Result<Result<T, Broken>>,
        answer_of: impl Fn(&T) -> &Answer,
    ) -> Result<T> {
        let Session { http, report, stop, backoff, .. } = &self.session;
        let mut number = 0;
        loop {
            if let Some(pace) = &self.pace {
                pace.wait(stop)?;
            }
            stop.check()?;
            let call = make()?;
            let what = || format!("{}: {} {} {action}", self.service, call.method, call.host());
            if let Some(budget) = &self.budget {
                budget.take().with_context(what)?;
                report.counts.requests.fetch_add(1, Relaxed);
            }
            let started = Instant::now();
            let sent = send(http, &call).with_context(what)?;
            self.tell(&what(), sent.as_ref().map(&answer_of), started.elapsed());
            if let Some(ahead) = sent.as_ref().ok().and_then(|got| clock_ahead(answer_of(got))) {
                self.clock_ahead.store(ahead, Relaxed);
            }
            let (reason, asked) = match sent {
                Ok(got) => match judge(answer_of(&got)) {
                    Verdict::Good => {
                        if self.budget.is_some() {
                            report.counts.answers.fetch_add(1, Relaxed);
                        }
                        return Ok(got);
                    }
                    Verdict::Again(reason, asked) => {
                        (reason, asked.or_else(|| asked_pause(answer_of(&got))))
                    }
                    Verdict::Fatal(error) => return Err(error.context(what())),
                },
                Err(broken) if broken.ambiguous && !self.repeats => {
                    return Err(fail(Failure::Unavailable, broken.to_string()).context(what()));
                }
                Err(broken) if broken.passing => (broken.to_string(), None),
                Err(broken) => {
                    return Err(fail(Failure::Refused, broken.to_string()).context(what()));
                }
            };
            number += 1;
            let pause = match (backoff.pause(number), asked) {
                (Some(_), Some(asked)) if asked > retry::LONGEST => {
                    let asked = asked.as_secs();
                    let reason =
                        format!("{reason}; the service asks to wait {asked} s, which is too long");
                    return Err(fail(Failure::Unavailable, reason).context(what()));
                }
                (Some(own), asked) => own.max(asked.unwrap_or_default()),
                (None, _) => {
                    let tried = plural(number.into(), "time");
                    let reason = format!("{reason} (tried {tried}); try again later");
                    return Err(fail(Failure::Unavailable, reason).context(what()));
                }
            };
            report.counts.retries.fetch_add(1, Relaxed);
            report.debug(|| {
                format!("{}: retry {number} in {:.1} s: {reason}", what(), pause.as_secs_f64())
            });
            stop.sleep(pause)?;
        }
    }

    fn tell(&self, what: &str, sent: Result<&Answer, &Broken>, took: Duration) {
        self.session.report.debug(|| {
            let outcome = match sent {
                Ok(answer) => {
                    let id =
                        answer.request_id().map(|id| format!(", request {id}")).unwrap_or_default();
                    format!("{}{id}", answer.status)
                }
                Err(broken) => broken.to_string(),
            };
            format!("{what}: {outcome}, {} ms", took.as_millis())
        });
    }
}

/// What `Retry-After` or Alibaba's `x-acs-retry-after` (milliseconds) asks for.
fn asked_pause(answer: &Answer) -> Option<Duration> {
    let millis = answer.header("x-acs-retry-after").and_then(|value| value.trim().parse().ok());
    millis.map(Duration::from_millis).or_else(|| {
        answer.header("retry-after").and_then(|value| retry::retry_after(value, Utc::now()))
    })
}

/// Statuses that pass by themselves, whatever the service.
pub(crate) fn is_passing(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500..=599)
}

/// Seconds that this machine's clock is ahead of the service's, if the answer says what time it is there.
fn clock_ahead(answer: &Answer) -> Option<i64> {
    let there = retry::http_date(answer.header("date")?)?;
    Some((Utc::now() - there).num_seconds())
}

/// How far this machine's clock is from the service's, if the answer says what time it is there and the two differ by
/// more seconds than a signature allows for.
pub(crate) fn clock_difference(answer: &Answer, allowed: u64) -> Option<String> {
    let seconds = clock_ahead(answer)?;
    let (amount, direction) =
        (seconds.unsigned_abs(), if seconds < 0 { "behind" } else { "ahead of" });
    (amount >= allowed).then(|| {
        format!("this machine's clock is {amount} s {direction} the service's: set it right (NTP)")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::kind_of;

    #[test]
    fn clocks_are_compared() {
        let at = |seconds: i64| {
            let date = (Utc::now() + chrono::TimeDelta::seconds(seconds)).to_rfc2822();
            clock_difference(&Answer::of(403, &[("Date", &date)], ""), 300)
        };
        assert_eq!(at(290), None);
        assert!(at(900).unwrap().contains("s behind"));
        assert!(at(-900).unwrap().contains("s ahead of"));
        assert_eq!(clock_difference(&Answer::of(403, &[], ""), 300), None);
    }

    #[test]
    fn a_pause_that_is_asked_for() {
        let pause = |name: &str, value: &str| asked_pause(&Answer::of(429, &[(name, value)], ""));
        assert_eq!(pause("Retry-After", "3"), Some(Duration::from_secs(3)));
        assert_eq!(pause("x-acs-retry-after", "250"), Some(Duration::from_millis(250)));
        assert_eq!(pause("x-other", "250"), None);
    }

    #[test]
    fn a_budget_ends() {
        let budget = Budget::new(Some(2));
        assert!(budget.take().is_ok() && budget.take().is_ok());
        assert_eq!(kind_of(&budget.take().unwrap_err()), Failure::Budget);
    }

    #[test]
    fn no_second_of_a_pace_holds_more_than_its_limit() {
        let second = Duration::from_millis(20);
        let pace = Pace { second, ..Pace::new(5) };
        let went = std::sync::Mutex::new(Vec::new());
        let go = || {
            for _ in 0..6 {
                pace.wait(&Stop::default()).unwrap();
                // Under the lock of the pace, or a thread that is held up here would seem to have gone later.
                went.lock().unwrap().push(*pace.went.lock().unwrap().back().unwrap());
            }
        };
        std::thread::scope(|scope| (0..3).for_each(|_| drop(scope.spawn(go))));
        let mut went = went.into_inner().unwrap();
        went.sort_unstable();
        went.dedup();
        assert!(went.len() > 5, "{}", went.len());
        assert!(went.windows(6).all(|turns| turns[5] - turns[0] >= second), "{went:?}");
        assert!(went.windows(2).all(|turns| turns[1] - turns[0] >= second / 10), "{went:?}");
    }
}
