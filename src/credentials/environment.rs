//! A pair of keys in the environment.

use super::chain::Found;
use super::{Credentials, Keys};
use crate::env::Env;
use crate::exit::{Failure, fail};
use crate::secret::Secret;
use anyhow::Result;

/// The variables that hold access key id, secret access key and session token.
pub(super) struct Names {
    pub(super) id: &'static str,
    pub(super) secret: &'static str,
    pub(super) token: &'static str,
}

/// The keys under these names. Half a pair is an error: going on would use keys that nobody meant.
pub(super) fn find(env: &Env, names: &Names) -> Result<Found> {
    let Names { id: id_name, secret: secret_name, token } = *names;
    let refuse = |message: String| Err(fail(Failure::Credentials, message));
    let (id, secret) = match (env.get(id_name), env.get(secret_name)) {
        (Some(id), Some(secret)) => (id, secret),
        (None, None) => return Ok(Found::NotHere(format!("{id_name} is not set"))),
        (Some(_), None) => return refuse(format!("{id_name} is set and {secret_name} is not")),
        (None, Some(_)) => return refuse(format!("{secret_name} is set and {id_name} is not")),
    };
    let keys = Keys {
        access_key_id: id.to_owned(),
        secret_access_key: Secret::new(secret),
        session_token: env.get(token).map(Secret::new),
    };
    Ok(Found::Here(Credentials::of(keys, format!("environment ({id_name})"))?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::kind_of;

    const NAMES: Names = Names { id: "X_ID", secret: "X_SECRET", token: "X_TOKEN" };

    #[test]
    fn whole_pairs_only() {
        let all = Env::from([("X_ID", "id"), ("X_SECRET", " hush "), ("X_TOKEN", "token")]);
        let Found::Here(found) = find(&all, &NAMES).unwrap() else { panic!("not here") };
        assert_eq!(found.keys.access_key_id, "id");
        assert_eq!(found.keys.secret_access_key.expose(), "hush");
        assert_eq!(found.keys.session_token.unwrap().expose(), "token");
        assert_eq!(found.origin, "environment (X_ID)");

        let neither = Env::from([("X_ID", ""), ("X_SECRET", " "), ("X_TOKEN", "token")]);
        assert!(
            matches!(find(&neither, &NAMES).unwrap(), Found::NotHere(why) if why == "X_ID is not set")
        );

        let halves = [
            (Env::from([("X_ID", "id"), ("X_SECRET", " ")]), "X_ID is set and X_SECRET is not"),
            (Env::from([("X_SECRET", "hush")]), "X_SECRET is set and X_ID is not"),
            (Env::from([("X_ID", "i d"), ("X_SECRET", "hush")]), "the access key id holds"),
        ];
        for (env, reason) in halves {
            let error = find(&env, &NAMES).unwrap_err();
            assert_eq!(kind_of(&error), Failure::Credentials);
            let shown = format!("{error:#}");
            assert!(shown.contains(reason) && !shown.contains("hush"), "{shown}");
        }
    }
}
