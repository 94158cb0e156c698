//! The wish to stop: SIGTERM, SIGINT or `--deadline`. Everything that waits asks here, so that nothing new is
//! begun afterwards; what is under way gets ten seconds.

use crate::exit::{Failure, fail};
use anyhow::Result;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long posts in flight may take to finish.
pub(crate) const GRACE: Duration = Duration::from_secs(10);

/// Shared by every thread of a run.
#[derive(Clone, Default)]
pub(crate) struct Stop(Arc<Inner>);

#[derive(Default)]
struct Inner {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default, Clone, Copy)]
struct State {
    asked: Option<Failure>,
    deadline: Option<Instant>,
}

impl Stop {
    /// A run that ends by itself, or at `deadline`.
    pub(crate) fn new(deadline: Option<Instant>) -> Self {
        let stop = Self::default();
        stop.lock().deadline = deadline;
        stop
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the run to stop. The first reason stays.
    pub(crate) fn ask(&self, reason: Failure) {
        self.lock().asked.get_or_insert(reason);
        self.0.changed.notify_all();
    }

    /// Why the run shall stop, if it shall.
    pub(crate) fn asked(&self) -> Option<Failure> {
        let state = self.lock();
        let late = state.deadline.is_some_and(|deadline| Instant::now() >= deadline);
        state.asked.or(late.then_some(Failure::Terminated))
    }

    /// An error once the run shall stop.
    pub(crate) fn check(&self) -> Result<()> {
        self.asked().map_or(Ok(()), |reason| Err(Self::error(reason)))
    }

    /// The error that ends a run for this reason.
    pub(crate) fn error(reason: Failure) -> anyhow::Error {
        let why = match reason {
            Failure::Interrupted => "interrupted by SIGINT",
            _ => "terminated by SIGTERM or --deadline",
        };
        fail(reason, format!("{why}: nothing new was begun; running again is safe, ids repeat"))
    }

    /// Waits, unless and until the run shall stop.
    pub(crate) fn sleep(&self, pause: Duration) -> Result<()> {
        let end = Instant::now() + pause;
        loop {
            self.check()?;
            let state = self.lock();
            let until = state.deadline.map_or(end, |deadline| deadline.min(end));
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || state.asked.is_some() {
                drop(state);
                return self.check();
            }
            drop(self.0.changed.wait_timeout(state, left));
        }
    }
}

/// How often the thread that waits for signals looks for them.
const LOOK: Duration = Duration::from_millis(20);

/// Turns SIGTERM and SIGINT into [`Stop::ask`]. A second signal, or the end of the grace time after the first or after
/// the deadline, ends the process after `last_words`: a reader that takes nothing more from stdout, or a service that
/// answers nothing, must not hold the run.
pub(crate) fn on_signals(stop: &Stop, last_words: impl Fn(Failure) + Send + 'static) -> Result<()> {
    use signal_hook::consts::{SIGINT, SIGTERM};
    let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM])?;
    let stop = stop.clone();
    std::thread::Builder::new().name("signals".into()).spawn(move || {
        let mut next = move || {
            let signal = signals.pending().next()?;
            Some(if signal == SIGINT { Failure::Interrupted } else { Failure::Terminated })
        };
        let reason = watch(&stop, GRACE + Duration::from_secs(1), &mut next);
        last_words(reason);
        std::process::exit(i32::from(reason.code()));
    })?;
    Ok(())
}

/// Returns once the run must end: why it was to stop, after a second signal or the end of `grace`.
fn watch(stop: &Stop, grace: Duration, next: &mut impl FnMut() -> Option<Failure>) -> Failure {
    let first = loop {
        if let Some(reason) = next().or_else(|| stop.asked()) {
            break reason;
        }
        std::thread::sleep(LOOK);
    };
    stop.ask(first);
    let end = Instant::now() + grace;
    while Instant::now() < end && next().is_none() {
        std::thread::sleep(LOOK);
    }
    first
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::kind_of;

    #[test]
    fn a_wish_to_stop_wakes_a_sleeper() {
        let stop = Stop::default();
        assert!(stop.check().is_ok());
        stop.ask(Failure::Interrupted);
        stop.ask(Failure::Terminated);
        let error = stop.sleep(Duration::from_secs(600)).unwrap_err();
        assert_eq!(kind_of(&error), Failure::Interrupted);
    }

    #[test]
    fn a_deadline_has_its_grace_time_and_no_more() {
        let stop = Stop::new(Some(Instant::now()));
        assert_eq!(watch(&stop, Duration::ZERO, &mut || None), Failure::Terminated);
        // A signal after it ends the run at once.
        let mut signals = [None, Some(Failure::Interrupted)].into_iter();
        let reason = watch(&stop, Duration::from_secs(600), &mut || signals.next().flatten());
        assert_eq!(reason, Failure::Terminated);
    }

    #[test]
    fn a_deadline_ends_a_sleep() {
        let stop = Stop::new(Some(Instant::now()));
        assert_eq!(
            kind_of(&stop.sleep(Duration::from_secs(600)).unwrap_err()),
            Failure::Terminated
        );
    }
}
