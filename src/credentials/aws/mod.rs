//! stub
mod ini;
pub(crate) mod partition;
mod words;
mod xml;

use super::*;
pub(crate) struct Given<'a> {
    pub(crate) file: Option<(&'a Keys, &'a str, bool)>,
    pub(crate) profile: Option<&'a str>,
}
pub(crate) fn find(
    _s: &crate::api::Session,
    env: &crate::env::Env,
    _g: &Given<'_>,
) -> anyhow::Result<Credentials> {
    Ok(Credentials {
        keys: Keys {
            access_key_id: env.get("AWS_ACCESS_KEY_ID").unwrap().into(),
            secret_access_key: Secret::new(env.get("AWS_SECRET_ACCESS_KEY").unwrap()),
            session_token: None,
        },
        account: None,
        region: None,
        origin: "x".into(),
    })
}
