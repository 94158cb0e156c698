//! Keys in the environment.
//! <https://docs.aws.amazon.com/sdkref/latest/guide/environment-variables.html>

use super::{Found, issued, partition};
use crate::credentials::environment::{self, Names};
use crate::env::Env;
use anyhow::Result;

const NAMES: Names =
    Names { id: "AWS_ACCESS_KEY_ID", secret: "AWS_SECRET_ACCESS_KEY", token: "AWS_SESSION_TOKEN" };

/// The keys in the environment, and what `aws configure export-credentials --format env` writes beside them.
pub(super) fn find(env: &Env) -> Result<Found> {
    let found = environment::find(env, &NAMES)?;
    let Found::Here(mut credentials) = found else { return Ok(found) };
    issued::unexpired("environment", env.get("AWS_CREDENTIAL_EXPIRATION"))?;
    credentials.account = env.get("AWS_ACCOUNT_ID").and_then(partition::account);
    Ok(Found::Here(credentials))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn account_and_end_beside_the_keys() {
        let with = |name: &str, value: &str| {
            find(&Env::from([(NAMES.id, "AKIAEXAMPLE"), (NAMES.secret, "hush"), (name, value)]))
        };
        let account = |value: &str| match with("AWS_ACCOUNT_ID", value).unwrap() {
            Found::Here(found) => found.account,
            Found::NotHere(reason) => panic!("{reason}"),
        };
        assert_eq!(account("111122223333").as_deref(), Some("111122223333"));
        assert_eq!(account("prod"), None);
        let ended = with("AWS_CREDENTIAL_EXPIRATION", "2022-06-13T10:00:00Z").unwrap_err();
        assert!(ended.to_string().contains("expired at 2022-06-13"), "{ended}");
    }
}
