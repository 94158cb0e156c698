//! Keys in the environment.
//! <https://docs.aws.amazon.com/sdkref/latest/guide/environment-variables.html>

use super::{Found, issued, partition, refuse};
use crate::credentials::Credentials;
use crate::env::Env;
use anyhow::Result;

const ID: &str = "AWS_ACCESS_KEY_ID";
const SECRET: &str = "AWS_SECRET_ACCESS_KEY";

/// The keys in the environment. Half a pair is an error: going on would use keys that nobody meant.
pub(super) fn find(env: &Env) -> Result<Found> {
    let (id, secret) = match (env.get(ID), env.get(SECRET)) {
        (Some(id), Some(secret)) => (id, secret),
        (None, None) => return Ok(Found::NotHere(format!("{ID} is not set"))),
        (Some(_), None) => return Err(refuse(format!("{ID} is set and {SECRET} is not"))),
        (None, Some(_)) => return Err(refuse(format!("{SECRET} is set and {ID} is not"))),
    };
    let keys = issued::keys(id, secret, env.get("AWS_SESSION_TOKEN"))
        .map_err(|reason| refuse(format!("environment ({ID}): {reason}")))?;
    // What `aws configure export-credentials --format env` writes beside the keys.
    issued::unexpired("environment", env.get("AWS_CREDENTIAL_EXPIRATION"))?;
    Ok(Found::Here(Credentials {
        keys,
        account: env.get("AWS_ACCOUNT_ID").and_then(partition::account),
        region: None,
        origin: format!("environment ({ID})"),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::{Failure, kind_of};

    #[test]
    fn whole_pairs_only() {
        let both = [(ID, "AKIAEXAMPLE"), (SECRET, " hush "), ("AWS_SESSION_TOKEN", "token")];
        let Found::Here(found) = find(&Env::from(both)).unwrap() else { panic!("not here") };
        assert_eq!(found.keys.access_key_id, "AKIAEXAMPLE");
        assert_eq!(found.keys.secret_access_key.expose(), "hush");
        assert_eq!(found.keys.session_token.unwrap().expose(), "token");
        assert_eq!(
            (found.account, found.origin.as_str()),
            (None, "environment (AWS_ACCESS_KEY_ID)")
        );

        let neither = Env::from([(ID, ""), (SECRET, " "), ("AWS_SESSION_TOKEN", "token")]);
        assert!(matches!(find(&neither).unwrap(), Found::NotHere(_)));

        let halves = [
            (Env::from([(ID, "AKIAEXAMPLE"), (SECRET, " ")]), "AWS_SECRET_ACCESS_KEY is not"),
            (Env::from([(SECRET, "hush")]), "AWS_ACCESS_KEY_ID is not"),
            (Env::from([(ID, "A B"), (SECRET, "hush")]), "the access key id holds"),
        ];
        for (env, reason) in halves {
            let error = find(&env).unwrap_err();
            assert_eq!(kind_of(&error), Failure::Credentials);
            let shown = format!("{error:#}");
            assert!(shown.contains(reason) && !shown.contains("hush"), "{shown}");
        }
    }

    #[test]
    fn account_and_end_beside_the_keys() {
        let with = |name: &str, value: &str| {
            find(&Env::from([(ID, "AKIAEXAMPLE"), (SECRET, "hush"), (name, value)]))
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
