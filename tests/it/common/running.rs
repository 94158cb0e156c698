//! A run under way: its streams as they come, signals to it, and the check for leaks at its end.

use super::{Done, HANGS, Run};
use billing_pull::demo::server::Request;
use std::io::Read;
use std::process::{Child, Command};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// What becomes of a run's stdout.
pub(super) enum Reader {
    Busy,
    Idle,
    Gone,
    File(std::fs::File),
}

/// A stream that is read on a thread of its own.
#[derive(Clone, Default)]
pub(super) struct Stream(Arc<(Mutex<Text>, Condvar)>);

#[derive(Default)]
struct Text {
    bytes: Vec<u8>,
    over: bool,
}

impl Stream {
    pub(super) fn drain(mut stream: impl Read + Send + 'static) -> Self {
        let shared = Self::default();
        let Self(inner) = shared.clone();
        std::thread::spawn(move || {
            let mut chunk = [0; 4096];
            loop {
                let read = stream.read(&mut chunk).unwrap_or(0);
                let mut text = inner.0.lock().unwrap();
                text.bytes.extend_from_slice(&chunk[..read]);
                text.over = read == 0;
                inner.1.notify_all();
                if text.over {
                    return;
                }
            }
        });
        shared
    }

    /// Its text once it is `ready`, if that comes in time.
    fn text(&self, ready: impl Fn(&Text) -> bool, patience: Duration) -> Option<String> {
        let text = self.0.0.lock().unwrap();
        let (text, late) =
            self.0.1.wait_timeout_while(text, patience, |text| !ready(text)).unwrap();
        (!late.timed_out()).then(|| String::from_utf8(text.bytes.clone()).unwrap())
    }
}

/// A run under way.
pub struct Running {
    pub(super) run: Run,
    pub(super) child: Child,
    pub(super) stdout: Stream,
    pub(super) stderr: Stream,
}

impl Running {
    /// Sends a signal: `INT`, `TERM`.
    pub fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }

    /// Sends it again and again until the run ends: two signals may arrive as one.
    pub fn signal_till_end(self, name: &str) -> Done {
        for _ in 0..1000 {
            if self.stderr.text(|text| text.over, Duration::from_millis(20)).is_some() {
                break;
            }
            self.signal(name);
        }
        self.end()
    }

    /// Waits until stderr holds this.
    pub fn await_stderr(&self, needle: &str) {
        let heard = |text: &Text| {
            text.over || text.bytes.windows(needle.len()).any(|part| part == needle.as_bytes())
        };
        let text = self.stderr.text(heard, HANGS);
        assert!(
            text.as_ref().is_some_and(|text| text.contains(needle)),
            "{needle:?} never came: {text:?}"
        );
    }

    /// Waits until stdout holds this many lines.
    pub fn await_lines(&self, count: usize) {
        let lines = |text: &Text| text.bytes.split(|&byte| byte == b'\n').count() - 1;
        let text = self.stdout.text(|text| text.over || lines(text) >= count, HANGS);
        assert!(text.is_some_and(|text| text.lines().count() >= count), "{count} lines never came");
    }

    /// Ends it as a power cut does; false if it had ended by itself.
    pub fn kill(mut self) -> bool {
        drop(self.child.kill());
        self.child.wait().unwrap().code().is_none()
    }

    /// Waits for its end.
    pub fn end(mut self) -> Done {
        let ended = |stream: &Stream| stream.text(|text| text.over, HANGS);
        let (Some(stderr), Some(stdout)) = (ended(&self.stderr), ended(&self.stdout)) else {
            drop(self.child.kill());
            panic!("{:?} hangs", self.run.arguments);
        };
        let code = self.child.wait().unwrap().code();
        let code = code.unwrap_or_else(|| panic!("a signal ended it; {stderr}"));
        let done = Done { code, stdout, stderr, directory: self.run.directory };
        let asked = self.run.cloud.map(|cloud| cloud.seen()).unwrap_or_default();
        for secret in self.run.secrets.into_iter().chain(asked.iter().flat_map(signs)) {
            for (name, stream) in [("stdout", &done.stdout), ("stderr", &done.stderr)] {
                assert!(!stream.contains(&secret), "{name} holds {secret:?}: {stream}");
            }
        }
        done
    }
}

/// What a request was signed with, and its query.
fn signs(request: &Request) -> Vec<String> {
    let authorization = request.header("authorization").unwrap_or_default();
    let end = authorization.rsplit(['=', '/', ':']).find(|part| part.len() > 20);
    let query = request.target.split_once('?').map(|(_, query)| query);
    let token = request.header("x-amz-security-token");
    [end, query, token]
        .into_iter()
        .flatten()
        .map(str::to_owned)
        .chain(request.query().remove("Signature"))
        .filter(|text| !text.is_empty())
        .collect()
}
