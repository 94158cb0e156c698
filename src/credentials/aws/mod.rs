//! Where AWS keys come from, in the order of the AWS SDKs, without their async runtime: what was named explicitly,
//! the environment, the default secret file, a profile of the shared files, a web identity, the container's
//! service, the instance's. Each source is one file here. Every wait has a limit.
//! <https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html>

mod assume_role;
mod container;
mod environment;
mod files;
mod imds;
mod ini;
mod issued;
pub(crate) mod partition;
mod process;
mod profile;
mod sso;
mod sts;
mod web_identity;
mod words;
mod xml;

#[cfg(test)]
mod tests;

use super::chain::{Chain, Found};
use super::{Credentials, Keys, hide};
use crate::api::Session;
use crate::config::parse_endpoint;
use crate::env::Env;
use crate::exit::{Failure, fail};
use crate::http::{Http, excerpt};
use crate::retry::Backoff;
use crate::secret::Secret;
use anyhow::{Context, Result};
use files::Profiles;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

const ADVICE: &str =
    "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a --profile or a --secret file";

/// What was given besides the environment.
#[derive(Default)]
pub(crate) struct Given<'a> {
    /// Keys of a secret file or of a `secret:` section, where they stand, and whether that file was named
    /// explicitly.
    pub(crate) file: Option<(&'a Keys, &'a str, bool)>,
    /// `--profile`.
    pub(crate) profile: Option<&'a str>,
}

/// Finds credentials. The error lists every place that was looked at.
pub(crate) fn find(session: &Session, env: &Env, given: &Given<'_>) -> Result<Credentials> {
    Machine { session, env, limits: Limits::default() }.find(given)
}

/// How long sources may take that are no cloud API and so do not follow `--timeout`.
#[derive(Clone, Copy)]
struct Limits {
    container: Duration,
    metadata: Duration,
    process: Duration,
    /// The bound of the first pause between tries at the container's service.
    pause: Duration,
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

/// The machine that this runs on, as the sources see it.
struct Machine<'a> {
    session: &'a Session,
    env: &'a Env,
    limits: Limits,
}

impl Machine<'_> {
    fn find(&self, given: &Given<'_>) -> Result<Credentials> {
        if let Some((keys, origin, true)) = given.file {
            return Credentials::of(keys.clone(), origin);
        }
        if let Some(name) = given.profile {
            let profiles = Profiles::load(self.env)?;
            let profile = profiles.named(name, "--profile")?;
            return match profile::find(self, &profiles, profile)? {
                Found::Here(credentials) => Ok(credentials),
                Found::NotHere(reason) => Err(refuse(reason)),
            };
        }
        let mut chain = Chain::new(&self.session.report, "AWS");
        if let Some(found) = chain.take("environment", environment::find(self.env)?) {
            return Ok(found);
        }
        let file = match given.file {
            Some((keys, origin, _)) => Found::Here(Credentials::of(keys.clone(), origin)?),
            None => Found::NotHere("none with keys".to_owned()),
        };
        if let Some(found) = chain.take("secret file", file) {
            return Ok(found);
        }
        // Read only now: a broken file must not stop a run whose keys are in the environment.
        let profiles = Profiles::load(self.env)?;
        let profile = match self.env.get("AWS_PROFILE") {
            Some(name) => Some(profiles.named(name, "AWS_PROFILE")?),
            None => profiles.get("default"),
        };
        let found = match profile {
            Some(profile) => profile::find(self, &profiles, profile)?,
            None => Found::NotHere(format!("no profile \"default\" in {}", profiles.places)),
        };
        if let Some(found) = chain.take("profile", found) {
            return Ok(found);
        }
        // A profile without credentials may still say the region, and so the partition.
        let region = profile.and_then(|profile| profile.get("region"));
        let mut found = self.beyond_files(&mut chain, region)?;
        if let Some(found) = &mut found
            && let Some(region) = region
        {
            found.region = Some(region.to_owned());
        }
        found.ok_or_else(|| chain.nothing(ADVICE))
    }

    fn beyond_files(
        &self,
        chain: &mut Chain<'_>,
        region: Option<&str>,
    ) -> Result<Option<Credentials>> {
        let found = chain.take("web identity", web_identity::find(self, region)?);
        if found.is_some() {
            return Ok(found);
        }
        let found = chain.take("container", container::find(self)?);
        if found.is_some() {
            return Ok(found);
        }
        Ok(chain.take("instance metadata", imds::find(self)?))
    }

    /// The session for a service next door: its own limit on waits, its own tries.
    fn near(&self, limit: Duration, retries: u32) -> Session {
        let backoff = Backoff { retries, first: self.limits.pause };
        Session { http: Arc::new(Http::new(limit)), backoff, ..self.session.clone() }
    }
}

/// An error that ends with exit code 3.
fn refuse(message: impl Into<String>) -> anyhow::Error {
    fail(Failure::Credentials, message)
}

/// A path as variables and profiles name it: `~/` is the home directory.
fn path_from(env: &Env, text: &str) -> Option<PathBuf> {
    match text.strip_prefix("~/") {
        Some(below) => env.below_home(below),
        None => Some(PathBuf::from(text)),
    }
}

/// A token that another program keeps fresh in a file. `named_by` says who names the file.
fn token_from(env: &Env, path: &str, named_by: &str) -> Result<Secret> {
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

/// Where a service answers: what `variable` names, else what every service's variable names, else `host`.
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html>
fn endpoint(env: &Env, variable: &'static str, host: &str) -> Result<String> {
    let named = [variable, "AWS_ENDPOINT_URL"];
    match named.into_iter().find_map(|name| Some((name, env.get(name)?))) {
        Some((name, text)) => parse_endpoint(text).context(name),
        None => parse_endpoint(host),
    }
}

/// A service's message on one line, without what must not be shown: some quote the request that they refuse.
fn scrubbed<'a>(text: &str, secrets: impl IntoIterator<Item = &'a str>) -> String {
    excerpt(&hide(text, secrets), 500)
}
