//! CloudEvents by POST, in the three content modes of the HTTP protocol binding 1.0.2, by several workers. A post
//! is tried again with the same id until it is acknowledged, refused, or the tries are spent.

mod encode;
mod post;

use super::{Acked, Sink};
use crate::api::Session;
use crate::cli::ContentMode;
use crate::config::Settings;
use crate::event::Batch;
use crate::exit::{Failure, fail};
use crate::http;
use crate::report::plural;
use crate::secret::Secret;
use crate::stop::GRACE;
use anyhow::{Context, Result};
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How often a waiting thread looks whether the run shall stop.
const LOOK: Duration = Duration::from_millis(50);
/// Events of one post.
#[derive(Clone)]
struct Job {
    batch: Arc<Batch>,
    events: Range<usize>,
}

/// A target behind a URL.
pub(super) struct HttpSink {
    shared: Arc<Shared>,
}

struct Shared {
    session: Session,
    url: String,
    headers: Vec<(String, Secret)>,
    mode: ContentMode,
    batch_size: usize,
    /// Posts that may wait, so that no worker waits for the next one.
    room: usize,
    acked: Acked,
    state: Mutex<State>,
    /// There is work, or there will be none.
    work: Condvar,
    /// A post has ended.
    news: Condvar,
    /// No post before this moment: what `Retry-After` asks of one worker holds for all.
    quiet_until: Mutex<Option<Instant>>,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    in_flight: usize,
    failed: Option<anyhow::Error>,
    /// A post has failed, or the run is to end: no other is begun.
    over: bool,
    closed: bool,
}

/// How a post ended.
enum Outcome {
    Acked,
    /// Too large: to be sent in halves.
    Halves(Job, Job),
    Failed(anyhow::Error),
}

impl HttpSink {
    pub(super) fn open(
        url: &str,
        settings: &Settings,
        session: &Session,
        acked: Acked,
    ) -> Result<Self> {
        if http::is_plain(url) && !http::is_loopback(url) && !is_cluster_local(http::host(url)) {
            let host = http::host_and_port(url);
            session.report.warn(&format!(
                "the target {host} is reached by plain http: anybody between can read the bill"
            ));
        }
        // A client that cannot be built is found before anything is pulled and paid for.
        session.http.client(url)?;
        let shared = Arc::new(Shared {
            session: session.clone(),
            url: url.to_owned(),
            headers: settings.headers.clone(),
            mode: settings.content_mode,
            batch_size: settings.batch_size,
            room: session.concurrency * 16,
            acked,
            state: Mutex::default(),
            work: Condvar::new(),
            news: Condvar::new(),
            quiet_until: Mutex::default(),
        });
        for number in 0..session.concurrency {
            let shared = Arc::clone(&shared);
            let worker = std::thread::Builder::new().name(format!("post {number}"));
            worker.spawn(move || shared.work()).context("no thread for posts")?;
        }
        Ok(Self { shared })
    }

    /// Waits until `ready`, for as long as nothing failed and nobody asks to stop.
    fn wait(&self, ready: impl Fn(&State) -> bool) -> Result<()> {
        loop {
            self.shared.session.stop.check()?;
            let mut state = self.shared.lock();
            if let Some(failed) = state.failed.take() {
                return Err(failed);
            }
            if state.over {
                return Err(fail(Failure::Unexpected, "the target was given up"));
            }
            if ready(&state) {
                return Ok(());
            }
            drop(self.shared.news.wait_timeout(state, LOOK));
        }
    }

    fn abandon_posts(&self) {
        let end = Instant::now() + GRACE;
        let mut state = self.shared.lock();
        state.over = true;
        state.jobs.clear();
        if state.in_flight > 0 {
            let posts = plural(state.in_flight as u64, "post");
            let grace = GRACE.as_secs();
            self.shared
                .session
                .report
                .info(&format!("waiting for {posts} in flight, {grace} s at most"));
        }
        while state.in_flight > 0 && Instant::now() < end {
            let waited = self.shared.news.wait_timeout(state, LOOK);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Sink for HttpSink {
    fn send(&mut self, batch: Arc<Batch>) -> Result<()> {
        let room = self.shared.room;
        for events in encode::posts(self.shared.mode, self.shared.batch_size, &batch) {
            // Half of the room at once: waking for every single post would cost more than the posts do.
            self.wait_for_room(room)?;
            self.shared.lock().jobs.push_back(Job { batch: Arc::clone(&batch), events });
            self.shared.work.notify_one();
        }
        Ok(())
    }

    fn settle(&mut self) -> Result<()> {
        self.wait(|state| state.jobs.is_empty() && state.in_flight == 0)
    }

    fn abandon(&mut self) {
        self.abandon_posts();
    }
}

impl HttpSink {
    fn wait_for_room(&self, room: usize) -> Result<()> {
        let state = self.shared.lock();
        let free = state.jobs.len() < room && !state.over;
        drop(state);
        if free { Ok(()) } else { self.wait(|state| state.jobs.len() <= room / 2) }
    }
}

impl Drop for HttpSink {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.closed = true;
        state.jobs.clear();
        self.shared.work.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        loop {
            let job = {
                let mut state = self.lock();
                loop {
                    if state.closed {
                        return;
                    }
                    // A job may have been added beside the failure of another.
                    if !state.over
                        && let Some(job) = state.jobs.pop_front()
                    {
                        state.in_flight += 1;
                        break job;
                    }
                    state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
            };
            let outcome = match self.post(&job) {
                Outcome::Acked => match (self.acked)(&job.batch, job.events) {
                    Ok(()) => Outcome::Acked,
                    Err(error) => Outcome::Failed(error.context("noting what was delivered")),
                },
                other => other,
            };
            let mut state = self.lock();
            state.in_flight -= 1;
            match outcome {
                Outcome::Acked => {}
                Outcome::Halves(..) if state.over => {}
                Outcome::Halves(first, second) => {
                    state.jobs.push_front(second);
                    state.jobs.push_front(first);
                    self.work.notify_one();
                }
                Outcome::Failed(error) => {
                    state.jobs.clear();
                    state.over = true;
                    state.failed.get_or_insert(error);
                }
            }
            let news = state.jobs.len() == self.room / 2 || state.in_flight == 0 || state.over;
            drop(state);
            if news {
                self.news.notify_one();
            }
        }
    }
}

/// A name that only resolves inside a cluster: a service's short name, or one below `svc` or `cluster.local`.
#[expect(
    clippy::case_sensitive_file_extension_comparisons,
    reason = "no file, but a host in lower case"
)]
fn is_cluster_local(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let is_name = host.parse::<std::net::IpAddr>().is_err();
    is_name && (!host.contains('.') || host.ends_with(".svc") || host.ends_with(".cluster.local"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_a_cluster() {
        for name in ["broker-ingress", "broker.ns.svc", "x.ns.svc.cluster.local"] {
            assert!(is_cluster_local(name), "{name}");
        }
        for name in ["example.com", "10.0.0.1", "svc.example.com", "fd00::1"] {
            assert!(!is_cluster_local(name), "{name}");
        }
    }
}
