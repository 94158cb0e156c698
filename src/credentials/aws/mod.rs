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
pub(crate) mod partition;
mod process;
mod profile;
mod sso;
mod sts;
mod web_identity;
mod words;

#[cfg(test)]
mod tests;

use super::chain::{Chain, Found};
use super::issued;
use super::machine::{Limits, Machine, path_from, token_from};
use super::{Credentials, Keys, hide, refuse};
use crate::api::Session;
use crate::config::parse_endpoint;
use crate::env::Env;
use crate::http::excerpt;
use anyhow::{Context, Result};
use files::Profiles;

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
    search(&Machine { session, env, limits: Limits::default() }, given)
}

/// Who holds `credentials`, as the token service knows them: that of the environment's region, else of the profile's,
/// else of `region`.
pub(crate) fn caller(
    session: &Session,
    env: &Env,
    credentials: &Credentials,
    region: &str,
) -> Result<String> {
    let machine = Machine { session, env, limits: Limits::default() };
    let region = credentials.region.as_deref().unwrap_or(region);
    let sts = sts::Sts::new(&machine, Some(region), "")?;
    Ok(sts.caller_identity(&credentials.keys)?.to_string())
}

fn search(machine: &Machine<'_>, given: &Given<'_>) -> Result<Credentials> {
    if let Some((keys, origin, true)) = given.file {
        return Credentials::of(keys.clone(), origin);
    }
    if let Some(name) = given.profile {
        let profiles = Profiles::load(machine.env)?;
        let profile = profiles.named(name, "--profile")?;
        return match profile::find(machine, &profiles, profile)? {
            Found::Here(credentials) => Ok(credentials),
            Found::NotHere(reason) => Err(refuse(reason)),
        };
    }
    let mut chain = Chain::new(&machine.session.report, "AWS");
    if let Some(found) = chain.take("environment", environment::find(machine.env)?) {
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
    let profiles = Profiles::load(machine.env)?;
    let profile = match machine.env.get("AWS_PROFILE") {
        Some(name) => Some(profiles.named(name, "AWS_PROFILE")?),
        None => profiles.get("default"),
    };
    let found = match profile {
        Some(profile) => profile::find(machine, &profiles, profile)?,
        None => Found::NotHere(format!("no profile \"default\" in {}", profiles.places)),
    };
    if let Some(found) = chain.take("profile", found) {
        return Ok(found);
    }
    // A profile without credentials may still say the region, and so the partition.
    let region = profile.and_then(|profile| profile.get("region"));
    let mut found = beyond_files(machine, &mut chain, region)?;
    if let Some(found) = &mut found
        && let Some(region) = region
    {
        found.region = Some(region.to_owned());
    }
    found.ok_or_else(|| chain.nothing(ADVICE))
}

fn beyond_files(
    machine: &Machine<'_>,
    chain: &mut Chain<'_>,
    region: Option<&str>,
) -> Result<Option<Credentials>> {
    let found = chain.take("web identity", web_identity::find(machine, region)?);
    if found.is_some() {
        return Ok(found);
    }
    let found = chain.take("container", container::find(machine)?);
    if found.is_some() {
        return Ok(found);
    }
    Ok(chain.take("instance metadata", imds::find(machine)?))
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
