//! Where Alibaba Cloud keys come from, in the order of the vendor's SDKs: the environment, an OIDC token (RRSA), the
//! profile of the vendor's command line tool, a service beside the program, the instance's role. A secret file goes
//! before or after the environment, as it was named. Each source is one file here. Every wait has a limit.
//! <https://www.alibabacloud.com/help/en/sdk/developer-reference/v2-manage-python-access-credentials>

pub(crate) mod gateway;
mod instance;
mod oidc;
mod profile;
mod sts;
mod uri;

#[cfg(test)]
mod tests;

use super::chain::{Chain, Found};
use super::environment::{self, Names};
use super::machine::{Limits, Machine};
use super::{Credentials, Keys};
use crate::api::Session;
use crate::env::Env;
use anyhow::Result;

const ENVIRONMENT: Names = Names {
    id: "ALIBABA_CLOUD_ACCESS_KEY_ID",
    secret: "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
    token: "ALIBABA_CLOUD_SECURITY_TOKEN",
};
const ADVICE: &str =
    "set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, or name a --secret file";

type Source = fn(&Machine<'_>) -> Result<Found>;
/// What comes after the files of our own.
const SOURCES: [(&str, Source); 4] = [
    ("OIDC", oidc::find),
    ("profile", profile::find),
    ("credentials URI", uri::find),
    ("instance metadata", instance::find),
];

/// What was given besides the environment.
#[derive(Default)]
pub(crate) struct Given<'a> {
    /// Keys of a secret file or of a `secret:` section, where they stand, and whether that file was named
    /// explicitly.
    pub(crate) file: Option<(&'a Keys, &'a str, bool)>,
}

/// Finds credentials. The error lists every place that was looked at.
pub(crate) fn find(session: &Session, env: &Env, given: &Given<'_>) -> Result<Credentials> {
    search(&Machine { session, env, limits: Limits::default() }, given)
}

/// Who holds `credentials`, as the token service knows them.
pub(crate) fn caller(session: &Session, env: &Env, credentials: &Credentials) -> Result<String> {
    let machine = Machine { session, env, limits: Limits::default() };
    let sts = sts::Sts::new(&machine, credentials.region.as_deref())?;
    Ok(sts.caller_identity(&credentials.keys)?.to_string())
}

fn search(machine: &Machine<'_>, given: &Given<'_>) -> Result<Credentials> {
    if let Some((keys, origin, true)) = given.file {
        return Credentials::of(keys.clone(), origin);
    }
    let mut chain = Chain::new(&machine.session.report, "Alibaba Cloud");
    if let Some(found) = chain.take("environment", environment::find(machine.env, &ENVIRONMENT)?) {
        return Ok(found);
    }
    let file = match given.file {
        Some((keys, origin, _)) => Found::Here(Credentials::of(keys.clone(), origin)?),
        None => Found::NotHere("none with keys".to_owned()),
    };
    if let Some(found) = chain.take("secret file", file) {
        return Ok(found);
    }
    for (name, find) in SOURCES {
        if let Some(found) = chain.take(name, find(machine)?) {
            return Ok(found);
        }
    }
    Err(chain.nothing(ADVICE))
}
