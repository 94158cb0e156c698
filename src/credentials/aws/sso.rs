//! IAM Identity Center: a role's keys for the token that `aws sso login` left behind. The token is not renewed
//! here: that is a second protocol, and needs a browser in the end.
//! <https://docs.aws.amazon.com/sdkref/latest/guide/feature-sso-credentials.html>
//! <https://docs.aws.amazon.com/singlesignon/latest/PortalAPIReference/API_GetRoleCredentials.html>

use super::files::{Profile, filled};
use super::profile::Search;
use super::{endpoint, issued, partition, refuse, scrubbed};
use crate::api::{self, Api, Verdict};
use crate::credentials::{Credentials, Keys};
use crate::env::Env;
use crate::exit::{Failure, fail};
use crate::http::{Answer, Call};
use crate::secret::Secret;
use crate::sign::{hex, percent_encode};
use anyhow::{Context, Result};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use sha1::{Digest, Sha1};
use std::io::ErrorKind;

const ACCOUNT: &str = "sso_account_id";
const ROLE: &str = "sso_role_name";

/// Whether the profile names an account or a role there. A session alone serves other programs.
pub(super) fn is_meant(profile: &Profile) -> bool {
    profile.get(ACCOUNT).or_else(|| profile.get(ROLE)).is_some()
}

/// The credentials of the account and role that `profile` names.
pub(super) fn find(search: &Search<'_>, profile: &Profile) -> Result<Credentials> {
    let place = profile.place();
    let env = search.machine.env;
    let account = profile.required(ACCOUNT, ROLE)?;
    let role = profile.required(ROLE, ACCOUNT)?;
    let (cached_under, region) = session(search, profile)?;
    let region = partition::checked(region)?;
    let login = format!("run aws sso login --profile {}", profile.name());
    let token = cached(env, cached_under)
        .map_err(|reason| refuse(format!("{place}: {reason}: {login}")))?;

    let host = format!("portal.sso.{region}.{}", partition::of_region(region).dns_suffix);
    let base = endpoint(env, "AWS_ENDPOINT_URL_SSO", &host)?;
    let (role_name, account_id) = (percent_encode(role), percent_encode(account));
    let query = format!("role_name={role_name}&account_id={account_id}");
    let make = || {
        let call = Call::new("GET", format!("{base}/federation/credentials?{query}"));
        Ok(call.header("x-amz-sso_bearer_token", token.expose()))
    };
    let answer = Api::new(search.machine.session, "AWS SSO")
        .call("GetRoleCredentials", make, |answer| judge(answer, &token, &login))
        .with_context(|| place.clone())?;
    let issued = read(&answer.body).map_err(|reason| {
        let message = format!("{place}: AWS SSO: the answer is not understood: {reason}");
        fail(Failure::Refused, message)
    })?;
    issued::unexpired(&place, issued.end().as_deref())?;
    let keys = issued.keys().map_err(|reason| refuse(format!("{place}: AWS SSO: {reason}")))?;
    Ok(Credentials {
        keys,
        account: partition::account(account),
        region: Some(search.region.unwrap_or(region).to_owned()),
        origin: format!("{place}: SSO account {account}, role {role}"),
    })
}

/// What the token is cached under, and the region of the service.
fn session<'a>(search: &Search<'a>, profile: &'a Profile) -> Result<(&'a str, &'a str)> {
    const REGION: &str = "sso_region";
    let place = profile.place();
    let Some(name) = profile.get("sso_session") else {
        let neither = || refuse(format!("{place} has neither sso_session nor sso_start_url"));
        let start = profile.get("sso_start_url").ok_or_else(neither)?;
        return Ok((start, profile.required(REGION, "sso_start_url")?));
    };
    let settings = search.profiles.session(name).ok_or_else(|| {
        refuse(format!("{place}: sso_session is {name:?}, and there is no [sso-session {name}]"))
    })?;
    let missing = || refuse(format!("{place}: [sso-session {name}] has no {REGION}"));
    let region = filled(settings, REGION).or_else(|| profile.get(REGION));
    Ok((name, region.ok_or_else(missing)?))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Cached {
    access_token: Option<String>,
    expires_at: Option<String>,
}

/// The token that is cached under `name`, or why it does not serve.
fn cached(env: &Env, name: &str) -> Result<Secret, String> {
    let file = format!(".aws/sso/cache/{}.json", hex(&Sha1::digest(name)));
    let path = env.below_home(&file).ok_or("HOME is not set, so there is no cached token")?;
    let bytes = std::fs::read(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => {
            format!("no cached token (~/{file} does not exist)")
        }
        _ => format!("the cached token cannot be read (~/{file}: {error})"),
    })?;
    let broken = || format!("the cached token is broken (~/{file})");
    let Cached { access_token, expires_at } =
        serde_json::from_slice(&bytes).map_err(|_| broken())?;
    let end = expires_at.as_deref().and_then(issued::time).ok_or_else(broken)?;
    if end <= Utc::now() {
        return Err(format!("the cached token expired at {}", end.format("%Y-%m-%dT%H:%M:%SZ")));
    }
    let token = access_token.map(Secret::new).ok_or_else(broken)?;
    let fits = !token.is_empty() && token.expose().bytes().all(|b| b.is_ascii_graphic());
    if fits { Ok(token) } else { Err(broken()) }
}

fn judge(answer: &Answer, token: &Secret, login: &str) -> Verdict {
    #[derive(Deserialize, Default)]
    struct Refusal {
        message: Option<String>,
    }
    let what = || {
        let read = serde_json::from_slice::<Refusal>(&answer.body).unwrap_or_default();
        let code = answer.header("x-amzn-errortype").and_then(|code| code.split(':').next());
        let id = answer.request_id().map(|id| format!("(request {id})"));
        let status = format!("status {}", answer.status);
        let parts = [Some(status), code.map(str::to_owned), read.message, id];
        let line = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
        scrubbed(&line, [token.expose()])
    };
    match answer.status {
        200 => Verdict::Good,
        401 => Verdict::Fatal(refuse(format!("{}: {login}", what()))),
        status if api::is_passing(status) => Verdict::Again(what(), None),
        _ => Verdict::Fatal(refuse(format!(
            "{}: check {ACCOUNT} and {ROLE}, and that the role is assigned to this user there",
            what()
        ))),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reply {
    role_credentials: Issued,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Issued {
    access_key_id: String,
    secret_access_key: String,
    session_token: Option<String>,
    /// Milliseconds since 1970.
    expiration: Option<i64>,
}

fn read(json: &[u8]) -> Result<Issued, String> {
    let reply: Reply = serde_json::from_slice(json).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        format!("not the JSON of credentials (line {line}, column {column})")
    })?;
    Ok(reply.role_credentials)
}

impl Issued {
    fn keys(&self) -> Result<Keys, String> {
        let token = self.session_token.as_deref();
        issued::keys(&self.access_key_id, &self.secret_access_key, token)
    }

    fn end(&self) -> Option<String> {
        DateTime::from_timestamp_millis(self.expiration?).map(|end| end.to_rfc3339())
    }
}
