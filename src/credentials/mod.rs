//! Where keys come from. A chain asks its sources in order; a source answers [`chain::Found::NotHere`] for "try the
//! next", with the reason, and `Err` for "here, but broken": a half-set pair never falls through.

pub(crate) mod aws;
mod chain;

use crate::secret::Secret;
use crate::sign::percent_encode;

/// What a signer needs.
#[derive(Clone, Debug)]
pub struct Keys {
    /// The access key id. It is no secret by itself, but names one: it is shown nowhere either.
    pub access_key_id: String,
    /// The secret access key.
    pub secret_access_key: Secret,
    /// The session token of temporary keys.
    pub session_token: Option<Secret>,
}

/// Keys, and what their source says of itself.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The keys.
    pub keys: Keys,
    /// The account that the source itself names (a role's ARN, an SSO profile), without an extra call.
    pub account: Option<String>,
    /// The region that the source names, if it does (a profile's `region`): it decides the partition.
    pub region: Option<String>,
    /// Where they came from, for people: `environment`, `profile "prod"`, `web identity role arn:...`.
    pub origin: String,
}

/// `text` of a service without the keys, should it echo one.
pub(crate) fn scrub(text: &str, keys: &Keys) -> String {
    hide(text, keys.texts())
}

impl Keys {
    fn texts(&self) -> impl Iterator<Item = &str> {
        let token = self.session_token.as_ref().map(Secret::expose);
        [self.access_key_id.as_str(), self.secret_access_key.expose()].into_iter().chain(token)
    }
}

/// `text` without these, in any place and also as a form or a query has them.
fn hide<'a>(text: &str, secrets: impl IntoIterator<Item = &'a str>) -> String {
    let mut text = text.to_owned();
    for secret in secrets.into_iter().filter(|secret| secret.len() >= 4) {
        text = text.replace(secret, "(redacted)");
        text = text.replace(&percent_encode(secret), "(redacted)");
    }
    text
}
