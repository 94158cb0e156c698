//! A profile with a role, assumed with the keys of another source.
//! <https://docs.aws.amazon.com/sdkref/latest/guide/feature-assume-role-credentials.html>

use super::files::Profile;
use super::profile::{Search, export};
use super::sts::{Role, Sts};
use super::{Found, container, environment, imds, refuse};
use crate::credentials::Credentials;
use anyhow::{Context, Result};

/// The credentials of the role `arn` of `profile`, to which `path` has led.
pub(super) fn find(
    search: &Search<'_>,
    profile: &Profile,
    arn: &str,
    path: &[&str],
) -> Result<Credentials> {
    let place = profile.place();
    if profile.get("mfa_serial").is_some() {
        let advice = export(profile.name());
        return Err(refuse(format!("{place}: mfa_serial needs a person to type a code: {advice}")));
    }
    let duration = profile.get("duration_seconds").map(|text| {
        let wrong = || refuse(format!("{place}: duration_seconds is {text:?}, not a number"));
        text.parse::<u32>().map_err(|_| wrong())
    });
    let role = Role {
        arn,
        session_name: profile.get("role_session_name"),
        external_id: profile.get("external_id"),
        duration: duration.transpose()?,
    };
    let (source, via) = match (profile.get("source_profile"), profile.get("credential_source")) {
        (Some(name), None) => search.source(profile, name, path)?,
        (None, Some(kind)) => named_source(search, &place, kind)?,
        (Some(_), Some(_)) => {
            let message = "has both source_profile and credential_source: only one can be meant";
            return Err(refuse(format!("{place} {message}")));
        }
        (None, None) => {
            let message = "has role_arn and neither source_profile nor credential_source";
            return Err(refuse(format!("{place} {message}")));
        }
    };
    let sts = Sts::new(search.machine, search.region, arn)?;
    let keys = sts.assume_role(&role, &source.keys).with_context(|| place.clone())?;
    Ok(role.credentials(keys, search.region, format!("{place}: role {arn} via {via}")))
}

fn named_source(search: &Search<'_>, place: &str, kind: &str) -> Result<(Credentials, String)> {
    let machine = search.machine;
    let found = match kind.to_ascii_lowercase().as_str() {
        "environment" => environment::find(machine.env)?,
        "ecscontainer" => container::find(machine)?,
        "ec2instancemetadata" => imds::find(machine)?,
        _ => {
            let known = "Environment, EcsContainer or Ec2InstanceMetadata";
            return Err(refuse(format!("{place}: credential_source is {kind:?}, not {known}")));
        }
    };
    match found {
        Found::Here(credentials) => {
            let origin = credentials.origin.clone();
            Ok((credentials, origin))
        }
        Found::NotHere(reason) => {
            Err(refuse(format!("{place}: credential_source {kind} has nothing: {reason}")))
        }
    }
}
