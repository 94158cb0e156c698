//! Where keys come from. A chain asks its sources in order; a source answers `Ok(None)` for "not here, try
//! the next" and `Err` for "here, but broken": a half-set pair never falls through.

pub(crate) mod aws;

use crate::secret::Secret;

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
    let token = keys.session_token.as_ref().map(Secret::expose);
    let mut text = text.to_owned();
    for part in [Some(keys.access_key_id.as_str()), Some(keys.secret_access_key.expose()), token]
        .into_iter()
        .flatten()
    {
        if part.len() >= 4 {
            text = text.replace(part, "(redacted)");
        }
    }
    text
}
