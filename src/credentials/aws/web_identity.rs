//! A role assumed with a token that the platform keeps in a file: EKS service accounts (IRSA) and the like.
//! <https://docs.aws.amazon.com/eks/latest/userguide/iam-roles-for-service-accounts.html>

use super::files::Profile;
use super::profile::Search;
use super::sts::{Role, Sts};
use super::{Found, Machine, refuse, token_from};
use crate::credentials::Credentials;
use anyhow::{Context, Result};

const FILE: &str = "AWS_WEB_IDENTITY_TOKEN_FILE";
const ROLE: &str = "AWS_ROLE_ARN";

/// The role and token that the environment names; `region` is the chosen profile's.
pub(super) fn find(machine: &Machine<'_>, region: Option<&str>) -> Result<Found> {
    let env = machine.env;
    let Some(file) = env.get(FILE) else {
        return Ok(Found::NotHere(format!("{FILE} is not set")));
    };
    let Some(arn) = env.get(ROLE) else {
        return Err(refuse(format!("{FILE} is set and {ROLE} is not")));
    };
    let role = role(arn, env.get("AWS_ROLE_SESSION_NAME"));
    let token = token_from(env, file, FILE)?;
    let sts = Sts::new(machine, region, arn)?;
    let origin = format!("web identity role {arn}");
    let keys = sts.assume_role_with_web_identity(&role, &token).with_context(|| origin.clone())?;
    Ok(Found::Here(role.credentials(keys, region, origin)))
}

/// The same for a profile: its role `arn`, and the `file` of its token.
pub(super) fn of_profile(
    search: &Search<'_>,
    profile: &Profile,
    arn: &str,
    file: &str,
) -> Result<Credentials> {
    let place = profile.place();
    let role = role(arn, profile.get("role_session_name"));
    let token = token_from(search.machine.env, file, &place)?;
    let sts = Sts::new(search.machine, search.region, arn)?;
    let keys = sts.assume_role_with_web_identity(&role, &token).with_context(|| place.clone())?;
    let origin = format!("{place}: web identity role {arn}");
    Ok(role.credentials(keys, search.region, origin))
}

fn role<'a>(arn: &'a str, session_name: Option<&'a str>) -> Role<'a> {
    Role { arn, session_name, external_id: None, duration: None }
}
