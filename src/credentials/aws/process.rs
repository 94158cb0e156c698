//! A program that hands out keys on its stdout. It is run without a shell, and what it says on stderr is not
//! shown: it may hold a key.
//! <https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html>

use super::files::Profile;
use super::issued::{self, Document};
use super::profile::Search;
use super::{Machine, partition, refuse, words};
use crate::credentials::Credentials;
use crate::exit::{Failure, fail};
use anyhow::{Result, anyhow};
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// Far more than credentials take.
const LARGEST: u64 = 1 << 20;
/// How often to look whether the run shall stop meanwhile.
const STEP: Duration = Duration::from_millis(20);

/// The credentials that `command` of `profile` hands out.
pub(super) fn find(search: &Search<'_>, profile: &Profile, command: &str) -> Result<Credentials> {
    let place = format!("{}: credential_process", profile.place());
    let wrong = |reason: &str| refuse(format!("{place}: {reason}"));
    let words = words::split(command).map_err(wrong)?;
    let output = run(search.machine, &place, &words)?;
    let document =
        Document::read(&output).map_err(|reason| wrong(&format!("it wrote {reason}")))?;
    if document.version != Some(1) {
        return Err(wrong("it wrote no \"Version\": 1, the only one that is known"));
    }
    let keys = document.keys().map_err(|reason| wrong(&format!("it wrote JSON with {reason}")))?;
    issued::unexpired(&place, document.expiration.as_deref())?;
    let account = document.account_id.as_deref().or_else(|| profile.get("aws_account_id"));
    Ok(Credentials {
        keys,
        account: account.and_then(partition::account),
        region: search.region.map(str::to_owned),
        origin: place,
    })
}

/// What the program writes until its end, which has to be a good one.
fn run(machine: &Machine<'_>, place: &str, words: &[String]) -> Result<Vec<u8>> {
    let Some((program, arguments)) = words.split_first() else {
        return Err(refuse(format!("{place} is empty")));
    };
    let end = Instant::now() + machine.limits.process;
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let child = command.spawn();
    let child =
        child.map_err(|error| refuse(format!("{place}: cannot run {program:?} ({error})")))?;
    let mut running = Running(child);
    let output = running.output()?;
    let late = || {
        let limit = machine.limits.process.as_secs_f64();
        fail(Failure::Unavailable, format!("{place}: {program:?} did not end within {limit} s"))
    };
    let output = loop {
        machine.session.stop.check()?;
        match output.recv_timeout(STEP) {
            Ok(output) => break output?,
            Err(RecvTimeoutError::Timeout) if Instant::now() < end => {}
            Err(RecvTimeoutError::Timeout) => return Err(late()),
            Err(RecvTimeoutError::Disconnected) => {
                return Err(anyhow!("{place}: its output was lost"));
            }
        }
    };
    if output.len() as u64 > LARGEST {
        return Err(refuse(format!("{place}: {program:?} writes without end")));
    }
    let status = loop {
        if let Some(status) = running.0.try_wait()? {
            break status;
        }
        if Instant::now() >= end {
            return Err(late());
        }
        machine.session.stop.sleep(STEP)?;
    };
    if status.success() {
        return Ok(output);
    }
    Err(refuse(format!("{place}: {program:?} failed ({status}): run it by hand to see why")))
}

/// A program that does not outlive our interest in it.
struct Running(Child);

impl Running {
    /// Reads its stdout beside the wait: whoever inherited it may hold it open for ever.
    fn output(&mut self) -> Result<Receiver<std::io::Result<Vec<u8>>>> {
        let (send, receive) = channel();
        let stdout = self.0.stdout.take().ok_or_else(|| anyhow!("no pipe to a program"))?;
        std::thread::Builder::new().name("credential_process".into()).spawn(move || {
            let mut output = Vec::new();
            let read = stdout.take(LARGEST + 1).read_to_end(&mut output);
            // Nobody listens any more once the time is up.
            drop(send.send(read.map(|_| output)));
        })?;
        Ok(receive)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // One that has ended cannot be killed, and need not be.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
