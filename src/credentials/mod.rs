//! Where keys come from. A chain asks its sources in order; a source answers [`chain::Found::NotHere`] for "try the
//! next", with the reason, and `Err` for "here, but broken": a half-set pair never falls through.

pub(crate) mod alicloud;
pub(crate) mod aws;
pub(crate) mod baidu;
mod chain;
mod environment;
mod issued;
mod machine;
mod metadata;
#[cfg(test)]
mod testing;

use crate::exit::{Failure, fail};
use crate::proofs::hide;
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

impl Credentials {
    /// Keys of a place that says nothing of itself but where it is.
    fn of(keys: Keys, origin: impl Into<String>) -> anyhow::Result<Self> {
        let origin = origin.into();
        match keys.check() {
            Ok(()) => Ok(Self { keys, account: None, region: None, origin }),
            Err(reason) => Err(fail(Failure::Credentials, format!("{origin}: {reason}"))),
        }
    }
}

/// An error that ends with exit code 3.
fn refuse(message: impl Into<String>) -> anyhow::Error {
    fail(Failure::Credentials, message)
}

/// `text` of a service without the keys, should it echo one.
pub(crate) fn scrub(text: &str, keys: &Keys) -> String {
    hide(text, keys.texts())
}

impl Keys {
    /// Each of them becomes part of a header: what cannot be is refused here, with a word on what it is.
    fn check(&self) -> Result<(), String> {
        let names = ["access key id", "secret access key", "session token"];
        let fits = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
        match names.into_iter().zip(self.texts()).find(|(_, text)| !fits(text)) {
            Some((what, _)) => Err(format!("the {what} holds a character that none has")),
            None => Ok(()),
        }
    }

    fn texts(&self) -> impl Iterator<Item = &str> {
        let token = self.session_token.as_ref().map(Secret::expose);
        [self.access_key_id.as_str(), self.secret_access_key.expose()].into_iter().chain(token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_hidden_in_every_form() {
        let keys = Keys {
            access_key_id: "LTAI5t".into(),
            secret_access_key: Secret::new("a/b+c="),
            session_token: Some(Secret::new("CAIS+x/y==")),
        };
        let text = "LTAI5t a/b+c= CAIS%2Bx%2Fy%3D%3D a%252Fb%252Bc%253D CAIS+x/y==.";
        let hidden = "(redacted) (redacted) (redacted) (redacted) (redacted).";
        assert_eq!(scrub(text, &keys), hidden);
    }
}
