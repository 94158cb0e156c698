//! The harness: runs the binary with a cleared environment in an empty directory, and plays target.
//!
//! Every run is checked for leaks: neither stream may hold a key, a token, a signature or a query string.

use billing_pull::demo::server::{Fault, Reply, Request, Server};
use billing_pull::demo::{self, Sample, SampleCloud};
use chrono::{Days, NaiveDate, Utc};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;
use tempfile::TempDir;

/// No run takes this long unless it hangs.
const HANGS: Duration = Duration::from_secs(60);

/// A sample cloud that makes no trouble.
pub fn cloud() -> SampleCloud {
    cloud_of(Sample::default())
}

/// A sample cloud with this bill.
pub fn cloud_of(sample: Sample) -> SampleCloud {
    twisted(sample, |_, _, reply| reply)
}

/// A sample cloud whose answers pass through `twist`: the number of the request (from 1), the request, the answer.
pub fn twisted(
    sample: Sample,
    twist: impl Fn(usize, &Request, Reply) -> Reply + Send + Sync + 'static,
) -> SampleCloud {
    SampleCloud::start(sample, twist).unwrap()
}

/// The day `ago` days before today, in UTC.
pub fn day(ago: u64) -> NaiveDate {
    Utc::now().date_naive() - Days::new(ago)
}

/// A run to be.
pub struct Run<'a> {
    arguments: Vec<String>,
    env: BTreeMap<String, String>,
    directory: TempDir,
    secrets: BTreeSet<String>,
    cloud: Option<&'a SampleCloud>,
}

impl<'a> Run<'a> {
    /// `billing-pull ARGUMENTS`, with nothing else around it.
    pub fn bare(arguments: &[&str]) -> Self {
        let directory = TempDir::new().unwrap();
        let home = directory.path().display().to_string();
        Self {
            arguments: arguments.iter().map(|&argument| argument.to_owned()).collect(),
            env: [("HOME".to_owned(), home)].into(),
            directory,
            secrets: [demo::ACCESS_KEY_ID, demo::SECRET_ACCESS_KEY].map(str::to_owned).into(),
            cloud: None,
        }
    }

    /// `billing-pull COMMAND` without a pause between tries.
    pub fn command(command: &str) -> Self {
        Self::bare(&[command, "--retry-delay", "0"])
    }

    /// The same against this sample cloud, with its keys in the environment.
    pub fn of(command: &str, cloud: &'a SampleCloud) -> Self {
        let names = match command.split('-').next() {
            Some("alicloud") => ["ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET"],
            Some("baidu") => ["BCE_ACCESS_KEY_ID", "BCE_SECRET_ACCESS_KEY"],
            _ => ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"],
        };
        let run = Self::command(command)
            .args(["--endpoint", &cloud.url()])
            .env(names[0], demo::ACCESS_KEY_ID)
            .env(names[1], demo::SECRET_ACCESS_KEY);
        Self { cloud: Some(cloud), ..run }
    }

    /// `billing-pull aws` against this sample cloud.
    pub fn aws(cloud: &'a SampleCloud) -> Self {
        Self::of("aws", cloud)
    }

    /// Adds an argument.
    pub fn arg(self, argument: impl ToString) -> Self {
        self.args([argument])
    }

    /// Adds arguments.
    pub fn args<T: ToString>(mut self, arguments: impl IntoIterator<Item = T>) -> Self {
        self.arguments.extend(arguments.into_iter().map(|argument| argument.to_string()));
        self
    }

    /// Sets a variable. What is named like a secret is one.
    pub fn env(mut self, name: &str, value: impl ToString) -> Self {
        let value = value.to_string();
        let secret = ["ACCESS_KEY", "SECRET_", "TOKEN"].iter().any(|mark| name.contains(mark));
        if secret && !name.ends_with("_FILE") && !value.trim().is_empty() {
            self.secrets.insert(value.trim().to_owned());
        }
        self.env.insert(name.to_owned(), value);
        self
    }

    /// Unsets a variable.
    pub fn without(mut self, name: &str) -> Self {
        self.env.remove(name);
        self
    }

    /// Writes a file into the run's directory, which is the current and the home directory.
    pub fn file(self, name: &str, text: impl AsRef<[u8]>) -> Self {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    /// Something else that neither stream may hold.
    pub fn secret(mut self, text: &str) -> Self {
        self.secrets.insert(text.to_owned());
        self
    }

    /// Posts to this target.
    pub fn to(self, target: &Target) -> Self {
        self.args(["--target", &target.url()])
    }

    /// A path in the run's directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Starts it.
    pub fn start(self) -> Running<'a> {
        let mut child = Command::new(env!("CARGO_BIN_EXE_billing-pull"))
            .args(&self.arguments)
            .env_clear()
            .envs(&self.env)
            .current_dir(self.directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = drain(child.stdout.take().unwrap());
        let stderr = drain(child.stderr.take().unwrap());
        Running { run: self, child, stdout, stderr }
    }

    /// Runs it to its end.
    pub fn go(self) -> Done {
        self.start().end()
    }
}

/// Reads a stream to its end on a thread of its own.
fn drain(mut stream: impl Read + Send + 'static) -> Receiver<Vec<u8>> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        drop(stream.read_to_end(&mut bytes));
        drop(sender.send(bytes));
    });
    receiver
}

/// A run under way.
pub struct Running<'a> {
    run: Run<'a>,
    child: Child,
    stdout: Receiver<Vec<u8>>,
    stderr: Receiver<Vec<u8>>,
}

impl Running<'_> {
    /// Sends a signal: `INT`, `TERM`.
    pub fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }

    /// Waits for its end.
    pub fn end(mut self) -> Done {
        let (Ok(stderr), Ok(stdout)) =
            (self.stderr.recv_timeout(HANGS), self.stdout.recv_timeout(HANGS))
        else {
            drop(self.child.kill());
            panic!("{:?} hangs", self.run.arguments);
        };
        let code = self.child.wait().unwrap().code();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let (stdout, stderr) = (text(stdout), text(stderr));
        let code = code.unwrap_or_else(|| panic!("a signal ended it; {stderr}"));
        let done = Done { code, stdout, stderr, directory: self.run.directory };
        let asked = self.run.cloud.map(SampleCloud::seen).unwrap_or_default();
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

/// A run that has ended.
pub struct Done {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
    directory: TempDir,
}

impl Done {
    /// Fails the test unless it ended with this exit code.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "exit code; stderr: {}", self.stderr);
        self
    }

    /// Fails the test unless stderr holds each of these.
    #[track_caller]
    pub fn says(self, needles: &[&str]) -> Self {
        for needle in needles {
            assert!(self.stderr.contains(needle), "{needle:?} is not in: {}", self.stderr);
        }
        self
    }

    /// Fails the test if stderr holds this.
    #[track_caller]
    pub fn never_says(self, needle: &str) -> Self {
        assert!(!self.stderr.contains(needle), "{needle:?} is in: {}", self.stderr);
        self
    }

    /// The events on stdout. Each line must be one, for the official SDK too.
    #[track_caller]
    pub fn events(&self) -> Vec<Value> {
        self.cloudevents();
        self.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The events on stdout as the official SDK reads them.
    #[track_caller]
    pub fn cloudevents(&self) -> Vec<cloudevents::Event> {
        let parse = |line: &str| {
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
        };
        assert!(self.stdout.is_empty() || self.stdout.ends_with('\n'), "a torn last line");
        self.stdout.lines().map(parse).collect()
    }

    /// One attribute of every event on stdout.
    #[track_caller]
    pub fn each(&self, attribute: &str) -> Vec<String> {
        each(&self.events(), attribute)
    }

    /// The last line of stderr, which is the closing line of a pull.
    pub fn closing(&self) -> &str {
        let last = self.stderr.lines().last().unwrap_or_default();
        last.strip_prefix("billing-pull: ").unwrap_or(last)
    }

    /// A path in the run's directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The run's directory.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }
}

/// One attribute of every event, as text.
#[track_caller]
pub fn each(events: &[Value], attribute: &str) -> Vec<String> {
    let text = |event: &Value| match &event[attribute] {
        Value::String(text) => text.clone(),
        other => panic!("{attribute} is {other}"),
    };
    events.iter().map(text).collect()
}

/// Fails the test if a text comes twice.
#[track_caller]
pub fn assert_unique(texts: &[String]) {
    let mut seen = BTreeSet::new();
    texts.iter().for_each(|text| assert!(seen.insert(text), "{text} comes twice"));
}

/// A target that keeps the events that it acknowledged.
pub struct Target {
    server: Server,
    events: Arc<Mutex<Vec<Value>>>,
}

impl Target {
    /// Acknowledges everything.
    pub fn start() -> Self {
        Self::answering(|_, _| Reply::new(204, ""))
    }

    /// Answers by `answer`: the number of the request (from 1), the request.
    pub fn answering(answer: impl Fn(usize, &Request) -> Reply + Send + Sync + 'static) -> Self {
        let events = Arc::new(Mutex::new(Vec::new()));
        let (kept, count) = (Arc::clone(&events), Mutex::new(0));
        let server = Server::start(move |request| {
            let number = {
                let mut count = count.lock().unwrap();
                *count += 1;
                *count
            };
            let reply = answer(number, request);
            if (200..300).contains(&reply.status) && reply.fault == Fault::None {
                kept.lock().unwrap().extend(events_of(request));
            }
            reply
        });
        Self { server: server.unwrap(), events }
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("{}/events", self.server.url())
    }

    /// Every request, refused ones too.
    pub fn requests(&self) -> Vec<Request> {
        self.server.seen()
    }

    /// The events that it acknowledged.
    pub fn events(&self) -> Vec<Value> {
        self.events.lock().unwrap().clone()
    }

    /// One attribute of each of them.
    #[track_caller]
    pub fn each(&self, attribute: &str) -> Vec<String> {
        each(&self.events(), attribute)
    }
}

/// The events of a request in any content mode (CloudEvents HTTP protocol binding, section 3).
pub fn events_of(request: &Request) -> Vec<Value> {
    let json = || serde_json::from_slice(&request.body).unwrap();
    match request.header("content-type") {
        Some("application/cloudevents+json") => vec![json()],
        Some("application/cloudevents-batch+json") => match json() {
            Value::Array(events) => events,
            other => panic!("no array: {other}"),
        },
        Some(data_type) => {
            let mut event = Map::new();
            for (name, value) in &request.headers {
                let Some(name) = name.strip_prefix("ce-") else { continue };
                let value = percent_encoding::percent_decode_str(value).decode_utf8().unwrap();
                event.insert(name.to_owned(), value.into());
            }
            assert_eq!(event.get("datacontenttype"), None);
            event.insert("datacontenttype".into(), data_type.into());
            event.insert("data".into(), json());
            vec![event.into()]
        }
        None => panic!("a post without a content type"),
    }
}

/// Holds back whoever comes until it is opened, and tells how many have come.
#[derive(Default)]
pub struct Gate {
    state: Mutex<(usize, bool)>,
    changed: Condvar,
}

impl Gate {
    /// Arrives, and waits until the gate is open.
    pub fn pass(&self) {
        let mut state = self.state.lock().unwrap();
        state.0 += 1;
        self.changed.notify_all();
        drop(self.changed.wait_timeout_while(state, HANGS, |state| !state.1).unwrap());
    }

    /// Waits until this many have arrived.
    pub fn await_arrivals(&self, count: usize) {
        let state = self.state.lock().unwrap();
        let (state, late) =
            self.changed.wait_timeout_while(state, HANGS, |state| state.0 < count).unwrap();
        assert!(!late.timed_out(), "{} of {count} arrived", state.0);
    }

    /// Lets everybody through.
    pub fn open(&self) {
        self.state.lock().unwrap().1 = true;
        self.changed.notify_all();
    }
}
