//! The harness: runs the binary with a cleared environment in an empty directory, and plays target.
//!
//! Every run is checked for leaks: neither stream may hold a key, a token, a signature or a query string.

mod running;
mod target;

use billing_pull::demo::server::{Reply, Request};
use billing_pull::demo::{self, Sample, SampleCloud};
use chrono::{Days, NaiveDate, Utc};
pub use running::Running;
use running::{Reader, Stream};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
pub use target::{Gate, Target, events_of};
use tempfile::TempDir;

/// No run takes this long unless it hangs.
const HANGS: Duration = Duration::from_secs(60);

/// A sample cloud, which lives as long as a run against it.
pub type Cloud = Arc<SampleCloud>;

/// A sample cloud that makes no trouble.
pub fn cloud() -> Cloud {
    cloud_of(Sample::default())
}

/// A sample cloud with this bill.
pub fn cloud_of(sample: Sample) -> Cloud {
    twisted(sample, |_, _, reply| reply)
}

/// A sample cloud whose answers pass through `twist`: the number of the request (from 1), the request, the answer.
pub fn twisted(
    sample: Sample,
    twist: impl Fn(usize, &Request, Reply) -> Reply + Send + Sync + 'static,
) -> Cloud {
    Arc::new(SampleCloud::start(sample, twist).unwrap())
}

/// The day `ago` days before today, in UTC.
pub fn day(ago: u64) -> NaiveDate {
    Utc::now().date_naive() - Days::new(ago)
}

/// The variables with the keys of this command: id, secret and token.
pub fn key_names(command: &str) -> [&'static str; 3] {
    match command.split('-').next() {
        Some("alicloud") => [
            "ALIBABA_CLOUD_ACCESS_KEY_ID",
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
            "ALIBABA_CLOUD_SECURITY_TOKEN",
        ],
        Some("baidu") => ["BCE_ACCESS_KEY_ID", "BCE_SECRET_ACCESS_KEY", "BCE_SESSION_TOKEN"],
        _ => ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"],
    }
}

/// A run to be.
pub struct Run {
    arguments: Vec<String>,
    env: BTreeMap<String, String>,
    directory: TempDir,
    secrets: BTreeSet<String>,
    cloud: Option<Cloud>,
    typed: Option<Vec<u8>>,
    reader: Reader,
    shell: Option<String>,
}

impl Run {
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
            typed: None,
            reader: Reader::Busy,
            shell: None,
        }
    }

    /// `billing-pull COMMAND` without a pause between tries.
    pub fn command(command: &str) -> Self {
        Self::bare(&[command, "--retry-delay", "0"])
    }

    /// The same against this sample cloud, with its keys in the environment.
    pub fn of(command: &str, cloud: &Cloud) -> Self {
        let names = key_names(command);
        let run = Self::command(command)
            .args(["--endpoint", &cloud.url()])
            .env(names[0], demo::ACCESS_KEY_ID)
            .env(names[1], demo::SECRET_ACCESS_KEY);
        Self { cloud: Some(Arc::clone(cloud)), ..run }
    }

    /// `billing-pull aws` against this sample cloud.
    pub fn aws(cloud: &Cloud) -> Self {
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

    /// What comes on its stdin, by a pipe.
    pub fn typed(mut self, text: impl AsRef<[u8]>) -> Self {
        self.typed = Some(text.as_ref().to_vec());
        self
    }

    /// Nobody reads its stdout.
    pub fn unread(mut self) -> Self {
        self.reader = Reader::Idle;
        self
    }

    /// The reader of its stdout is gone.
    pub fn unheard(mut self) -> Self {
        self.reader = Reader::Gone;
        self
    }

    /// Its stdout goes to this file.
    pub fn stdout_to(mut self, path: &str) -> Self {
        self.reader = Reader::File(std::fs::File::options().write(true).open(path).unwrap());
        self
    }

    /// A shell runs this first, and then becomes the binary.
    pub fn after(mut self, script: &str) -> Self {
        self.shell = Some(format!("{script}; exec \"$0\" \"$@\""));
        self
    }

    /// Starts it.
    pub fn start(self) -> Running {
        let stdout = match &self.reader {
            Reader::File(file) => file.try_clone().unwrap().into(),
            _ => Stdio::piped(),
        };
        let binary = env!("CARGO_BIN_EXE_billing-pull");
        let mut command = Command::new(if self.shell.is_some() { "/bin/sh" } else { binary });
        if let Some(script) = &self.shell {
            command.args(["-c", script, binary]);
        }
        let mut child = command
            .args(&self.arguments)
            .env_clear()
            .envs(&self.env)
            .current_dir(self.directory.path())
            .stdin(if self.typed.is_some() { Stdio::piped() } else { Stdio::null() })
            .stdout(stdout)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        if let (Some(text), Some(mut stdin)) = (self.typed.clone(), child.stdin.take()) {
            // A run that fails does not read it to its end.
            std::thread::spawn(move || drop(stdin.write_all(&text)));
        }
        let stderr = Stream::drain(child.stderr.take().unwrap());
        let stdout = match self.reader {
            Reader::Busy => Stream::drain(child.stdout.take().unwrap()),
            Reader::Idle | Reader::File(_) => Stream::drain(std::io::empty()),
            Reader::Gone => {
                drop(child.stdout.take());
                Stream::drain(std::io::empty())
            }
        };
        Running { run: self, child, stdout, stderr }
    }

    /// Runs it to its end.
    pub fn go(self) -> Done {
        self.start().end()
    }
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
    for text in texts {
        assert!(seen.insert(text), "{text} comes twice");
    }
}

/// The JSON bodies that a cloud was sent.
pub fn bodies(cloud: &SampleCloud) -> Vec<Value> {
    cloud.seen().iter().map(|request| serde_json::from_slice(&request.body).unwrap()).collect()
}

/// An answer whose JSON body `edit` has changed.
pub fn change(reply: Reply, edit: impl FnOnce(&mut Value)) -> Reply {
    let mut body = serde_json::from_slice(&reply.body).unwrap();
    edit(&mut body);
    Reply { body: body.to_string().into_bytes(), ..reply }
}
