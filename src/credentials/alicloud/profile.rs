//! The profiles of the vendor's command line tool.
//! <https://www.alibabacloud.com/help/en/cli/configure-credentials>

use super::instance;
use super::sts::{Role, Sts};
use crate::credentials::chain::Found;
use crate::credentials::issued;
use crate::credentials::machine::Machine;
use crate::credentials::{Credentials, Keys, refuse};
use anyhow::{Context, Result};
use serde::{Deserialize, Deserializer};

const FILE: &str = ".aliyun/config.json";
const SHOWN: &str = "~/.aliyun/config.json";
const PROFILE: &str = "ALIBABA_CLOUD_PROFILE";
const DISABLED: &str = "ALIBABA_CLOUD_CLI_PROFILE_DISABLED";
const SERVED: &str = "AK, StsToken, RamRoleArn and EcsRamRole";

#[derive(Deserialize)]
struct Config {
    #[serde(default, deserialize_with = "filled")]
    current: Option<String>,
    #[serde(default)]
    profiles: Vec<Profile>,
}

/// What is empty is not there: the tool writes every member. It has no `Debug`.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Profile {
    name: String,
    mode: String,
    #[serde(deserialize_with = "filled")]
    access_key_id: Option<String>,
    #[serde(deserialize_with = "filled")]
    access_key_secret: Option<String>,
    #[serde(deserialize_with = "filled")]
    sts_token: Option<String>,
    #[serde(deserialize_with = "filled")]
    ram_role_arn: Option<String>,
    #[serde(deserialize_with = "filled")]
    ram_session_name: Option<String>,
    #[serde(deserialize_with = "filled")]
    external_id: Option<String>,
    #[serde(deserialize_with = "filled")]
    sts_region: Option<String>,
    #[serde(deserialize_with = "filled")]
    ram_role_name: Option<String>,
    expired_seconds: u32,
}

fn filled<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text: Option<String> = Option::deserialize(deserializer)?;
    Ok(text.filter(|text| !text.trim().is_empty()))
}

/// The credentials of the profile that is chosen by its variable, or that the tool has made the current one.
pub(super) fn find(machine: &Machine<'_>) -> Result<Found> {
    let env = machine.env;
    if env.is_true(DISABLED) {
        return Ok(Found::NotHere(format!("switched off by {DISABLED}")));
    }
    let named = env.get(PROFILE);
    let config = match read(machine)? {
        Ok(config) => config,
        Err(reason) if named.is_none() => return Ok(Found::NotHere(reason)),
        Err(reason) => {
            return Err(refuse(format!("{PROFILE} is set, but there is no {SHOWN}: {reason}")));
        }
    };
    let name = named.or(config.current.as_deref()).unwrap_or("default");
    let Some(profile) = config.profiles.iter().find(|profile| profile.name == name) else {
        let names: Vec<&str> =
            config.profiles.iter().map(|profile| profile.name.as_str()).collect();
        let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        let message = format!("profile {name:?} is not in {SHOWN}; known: {known}");
        return Err(refuse(message));
    };
    match profile.find(machine)? {
        Found::NotHere(reason) if named.is_some() => Err(refuse(reason)),
        found => Ok(found),
    }
}

/// The file, or why there is none.
fn read(machine: &Machine<'_>) -> Result<Result<Config, String>> {
    let Some(path) = machine.env.below_home(FILE) else {
        return Ok(Err("HOME is not set".to_owned()));
    };
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) => {
            use std::io::ErrorKind::{NotADirectory, NotFound};
            if matches!(error.kind(), NotFound | NotADirectory) {
                return Ok(Err(format!("no {SHOWN}")));
            }
            return Err(refuse(format!("{SHOWN} cannot be read ({error})")));
        }
    };
    // What serde says of a wrong type would show it.
    serde_json::from_slice(&bytes).map(Ok).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        refuse(format!("{SHOWN} is not the JSON of profiles (line {line}, column {column})"))
    })
}

impl Profile {
    fn place(&self) -> String {
        format!("profile {:?} in {SHOWN}", self.name)
    }

    fn find(&self, machine: &Machine<'_>) -> Result<Found> {
        let origin = self.place();
        let found = |keys| {
            Found::Here(Credentials { keys, account: None, region: None, origin: origin.clone() })
        };
        match self.mode.as_str() {
            // The tool writes an empty profile before anybody fills it in.
            "AK" | "" if self.access_key_id.is_none() && self.access_key_secret.is_none() => {
                Ok(Found::NotHere(format!("{origin} has no keys")))
            }
            "AK" | "" => Ok(found(self.keys(None)?)),
            "StsToken" => {
                let token = self.required("sts_token", self.sts_token.as_deref())?;
                Ok(found(self.keys(Some(token))?))
            }
            "RamRoleArn" => self.role(machine).map(Found::Here),
            "EcsRamRole" => match instance::find_role(machine, self.ram_role_name.as_deref())? {
                Found::Here(credentials) => {
                    let origin = format!("{origin}: {}", credentials.origin);
                    Ok(Found::Here(Credentials { origin, ..credentials }))
                }
                Found::NotHere(reason) => {
                    Err(refuse(format!("{origin} has mode EcsRamRole: {reason}")))
                }
            },
            mode => Err(refuse(format!(
                "{origin} has mode {mode:?}, which is not served: use a profile of mode {SERVED}, or set \
                 ALIBABA_CLOUD_ACCESS_KEY_ID, ALIBABA_CLOUD_ACCESS_KEY_SECRET and ALIBABA_CLOUD_SECURITY_TOKEN"
            ))),
        }
    }

    fn required<'a>(&self, name: &str, value: Option<&'a str>) -> Result<&'a str> {
        value.ok_or_else(|| refuse(format!("{} has no {name}", self.place())))
    }

    fn keys(&self, token: Option<&str>) -> Result<Keys> {
        let id = self.required("access_key_id", self.access_key_id.as_deref())?;
        let secret = self.required("access_key_secret", self.access_key_secret.as_deref())?;
        issued::keys(id, secret, token)
            .map_err(|reason| refuse(format!("{}: {reason}", self.place())))
    }

    /// The role, assumed with the profile's own keys.
    fn role(&self, machine: &Machine<'_>) -> Result<Credentials> {
        let keys = self.keys(self.sts_token.as_deref())?;
        let role = Role {
            arn: self.required("ram_role_arn", self.ram_role_arn.as_deref())?,
            session_name: self.ram_session_name.as_deref(),
            external_id: self.external_id.as_deref(),
            duration: Some(self.expired_seconds).filter(|seconds| *seconds > 0),
        };
        let origin = format!("{}: role {}", self.place(), role.arn);
        let keys = Sts::new(machine, self.sts_region.as_deref())?
            .assume_role(&role, &keys)
            .with_context(|| origin.clone())?;
        Ok(role.credentials(keys, origin))
    }
}
