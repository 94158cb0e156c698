//! The machine that this runs on, as the sources of keys see it.

use super::refuse;
use crate::api::Session;
use crate::env::Env;
use crate::http::Http;
use crate::retry::Backoff;
use crate::secret::Secret;
use anyhow::Result;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How long sources may take that are no cloud API and so do not follow `--timeout`.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    /// A service beside the program that hands out keys.
    pub(super) container: Duration,
    /// An instance's metadata service.
    pub(super) metadata: Duration,
    /// A program that prints keys.
    pub(super) process: Duration,
    /// The bound of the first pause between tries at the service beside the program.
    pub(super) pause: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            container: Duration::from_secs(2),
            metadata: Duration::from_secs(1),
            process: Duration::from_secs(60),
            pause: Duration::from_secs(1),
        }
    }
}

/// What sources are asked with.
pub(super) struct Machine<'a> {
    pub(super) session: &'a Session,
    pub(super) env: &'a Env,
    pub(super) limits: Limits,
}

impl Machine<'_> {
    /// The session for a service next door: its own limit on waits, its own tries.
    pub(super) fn near(&self, limit: Duration, retries: u32) -> Session {
        let backoff = Backoff { retries, first: self.limits.pause };
        Session { http: Arc::new(Http::new(limit)), backoff, ..self.session.clone() }
    }
}

/// A path as variables and profiles name it: `~/` is the home directory.
pub(super) fn path_from(env: &Env, text: &str) -> Option<PathBuf> {
    match text.strip_prefix("~/") {
        Some(below) => env.below_home(below),
        None => Some(PathBuf::from(text)),
    }
}

/// A token that another program keeps fresh in a file. `named_by` says who names the file.
pub(super) fn token_from(env: &Env, path: &str, named_by: &str) -> Result<Secret> {
    let file = path_from(env, path).unwrap_or_else(|| PathBuf::from(path));
    let read = |file: &Path| std::fs::read_to_string(file);
    let text = read(&file)
        .map_err(|error| refuse(format!("cannot read {path}, which {named_by} names ({error})")))?;
    let token = Secret::new(text);
    let fits = !token.is_empty() && token.expose().bytes().all(|b| (b' '..=b'~').contains(&b));
    if fits {
        return Ok(token);
    }
    Err(refuse(format!(
        "{path}, which {named_by} names, holds no token: it must be one line of text"
    )))
}
