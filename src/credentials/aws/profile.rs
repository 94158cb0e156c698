//! A profile's credentials, whichever way it has them.
//! <https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html>

use super::files::{Profile, Profiles};
use super::{Found, Machine, assume_role, partition, process, refuse, sso, web_identity};
use crate::credentials::Credentials;
use anyhow::Result;

/// The profile that was chosen, and those that it goes on to.
pub(super) struct Search<'a> {
    pub(super) machine: &'a Machine<'a>,
    pub(super) profiles: &'a Profiles,
    /// Of the chosen profile: that of the ones behind it does not matter.
    pub(super) region: Option<&'a str>,
}

/// The credentials of `profile`.
pub(super) fn find(machine: &Machine<'_>, profiles: &Profiles, profile: &Profile) -> Result<Found> {
    Search { machine, profiles, region: profile.get("region") }.resolve(profile, &[])
}

impl Search<'_> {
    /// The credentials of `profile`, to which `path` has led.
    fn resolve(&self, profile: &Profile, path: &[&str]) -> Result<Found> {
        // Whoever points to a profile with keys means the keys, its own role notwithstanding.
        if !path.is_empty()
            && let Some(found) = self.keys(profile)?
        {
            return Ok(Found::Here(found));
        }
        if let Some(arn) = profile.get("role_arn") {
            let found = match profile.get("web_identity_token_file") {
                Some(file) => web_identity::of_profile(self, profile, arn, file)?,
                None => assume_role::find(self, profile, arn, path)?,
            };
            return Ok(Found::Here(found));
        }
        if sso::is_meant(profile) {
            return sso::find(self, profile).map(Found::Here);
        }
        if let Some(found) = self.keys(profile)? {
            return Ok(Found::Here(found));
        }
        if let Some(command) = profile.get("credential_process") {
            return process::find(self, profile, command).map(Found::Here);
        }
        let place = profile.place();
        if profile.get("login_session").is_some() {
            let name = profile.name();
            return Err(refuse(format!(
                "{place}: login_session is not supported: {}",
                export(name)
            )));
        }
        Ok(Found::NotHere(format!("{place} has no credentials")))
    }

    fn keys(&self, profile: &Profile) -> Result<Option<Credentials>> {
        let found = profile.keys()?;
        Ok(found.map(|(keys, origin)| Credentials {
            keys,
            account: profile.get("aws_account_id").and_then(partition::account),
            region: self.region.map(str::to_owned),
            origin,
        }))
    }

    /// The credentials of the profile that `from` names as its source, and how messages call them.
    pub(super) fn source(
        &self,
        from: &Profile,
        name: &str,
        path: &[&str],
    ) -> Result<(Credentials, String)> {
        let mut path = path.to_vec();
        path.push(from.name());
        let place = from.place();
        let source = self.profiles.named(name, &format!("source_profile of {place}"))?;
        if path.contains(&name) && source.keys()?.is_none() {
            path.push(name);
            let path = path.join(" -> ");
            return Err(refuse(format!("{place}: source_profile leads in a circle: {path}")));
        }
        match self.resolve(source, &path)? {
            Found::Here(credentials) => Ok((credentials, format!("profile {name:?}"))),
            Found::NotHere(reason) => Err(refuse(format!("{place}: source_profile: {reason}"))),
        }
    }
}

/// What covers the ways that need a person or a browser.
pub(super) fn export(name: &str) -> String {
    format!(
        "give another profile credential_process = aws configure export-credentials --profile {name}"
    )
}
