//! One file of settings or keys: where it is, what it may say, and what it says.

use crate::credentials::Keys;
use crate::env::Env;
use crate::exit::{Failed, Failure, fail};
use crate::secret::Secret;
use anyhow::{Context, Result};
use serde_yaml::Value;
use std::path::{Path, PathBuf};

const CONFIG: &str = "/vance/config/config.yml";
const SECRET: &str = "/vance/secret/secret.yml";

/// Which of the two it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Config,
    Secret,
}

/// A file as it was found.
pub(super) struct File {
    pub(super) path: PathBuf,
    pub(super) text: String,
    pub(super) explicit: bool,
}

impl File {
    /// The file named by option or variable, else the default one if it exists.
    pub(super) fn open(option: Option<&Path>, env: &Env, kind: Kind) -> Result<Option<Self>> {
        let (variable, default) = match kind {
            Kind::Config => ("CONNECTOR_CONFIG", CONFIG),
            Kind::Secret => ("CONNECTOR_SECRET", SECRET),
        };
        let (path, how, explicit) = match (option, env.get(variable)) {
            (Some(path), _) => (path.to_owned(), "as given", true),
            (None, Some(path)) => (PathBuf::from(path), variable, true),
            (None, None) => (PathBuf::from(default), "the default", false),
        };
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok(Some(Self { path, text, explicit })),
            Err(error) if !explicit && is_absent(&error) => Ok(None),
            Err(error) => {
                let message = format!("{} ({how}) cannot be read", path.display());
                // A default secret file that is there but closed is a credential fault, no fall-through.
                let failure = if kind == Kind::Secret && !explicit {
                    Failure::Credentials
                } else {
                    Failure::Usage
                };
                Err(error).context(Failed::because(failure, message))
            }
        }
    }
}

fn is_absent(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory)
}

/// What one file says.
#[derive(Default)]
pub(super) struct Content {
    pub(super) origin: String,
    pub(super) explicit: bool,
    pub(super) target: Option<String>,
    pub(super) endpoint: Option<String>,
    pub(super) account: Option<String>,
    pub(super) headers: Vec<(String, Secret)>,
    pub(super) keys: Option<Keys>,
}

const CONFIG_KEYS: [&str; 7] =
    ["target", "endpoint", "account", "pull_hour", "pull_zone", "headers", "secret"];
const SECRET_KEYS: [&str; 5] =
    ["access_key_id", "secret_access_key", "secret_access_Key", "session_token", "headers"];

impl Content {
    /// YAML, of which JSON is a part.
    pub(super) fn read(file: &File, kind: Kind, notes: &mut Vec<String>) -> Result<Self> {
        let origin = file.path.display().to_string();
        let bad = |message: String| fail(Failure::Usage, format!("{origin}: {message}"));
        // The parser's message may quote the text, and the text may be a key.
        let value: Value = serde_yaml::from_str(&file.text).map_err(|error| {
            let place =
                error.location().map(|at| format!(", line {} column {}", at.line(), at.column()));
            bad(format!("neither YAML nor JSON{}", place.unwrap_or_default()))
        })?;
        let mut content =
            Self { origin: origin.clone(), explicit: file.explicit, ..Self::default() };
        let mapping = match &value {
            Value::Null => return Ok(content),
            Value::Mapping(mapping) => mapping,
            _ => return Err(bad("it holds no keys and values".into())),
        };
        let known: &[&str] = if kind == Kind::Config { &CONFIG_KEYS } else { &SECRET_KEYS };
        let mut pair = Pair::default();
        for (key, value) in mapping {
            let key = key.as_str().ok_or_else(|| bad("a key is no text".into()))?;
            match key {
                "headers" => content.headers = headers(value).map_err(bad)?,
                _ if !known.contains(&key) => return Err(bad(unknown(key, known))),
                "pull_hour" | "pull_zone" => {
                    notes.push(format!(
                        "{origin}: {key} has no effect: the scheduler decides when to pull"
                    ));
                }
                "secret" => pair.read_section(value).map_err(bad)?,
                "target" => content.target = Some(text(key, value).map_err(bad)?),
                "endpoint" => content.endpoint = Some(text(key, value).map_err(bad)?),
                "account" => content.account = Some(label(key, value).map_err(bad)?),
                _ => pair.set(key, text(key, value).map_err(bad)?),
            }
        }
        content.keys =
            pair.finish().map_err(|why| fail(Failure::Credentials, format!("{origin}: {why}")))?;
        for value in [&mut content.target, &mut content.endpoint, &mut content.account] {
            *value =
                value.take().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        }
        Ok(content)
    }
}

#[derive(Default)]
struct Pair {
    id: Option<String>,
    secret: Option<String>,
    token: Option<String>,
}

impl Pair {
    fn set(&mut self, key: &str, value: String) {
        let value = Some(value).filter(|value| !value.trim().is_empty());
        match key {
            "access_key_id" => self.id = value,
            "session_token" => self.token = value,
            _ => self.secret = value,
        }
    }

    fn read_section(&mut self, value: &Value) -> Result<(), String> {
        let known = &SECRET_KEYS[..4];
        let Value::Mapping(mapping) = value else {
            return Err("secret: holds no keys and values".into());
        };
        for (key, value) in mapping {
            let key = key.as_str().ok_or("secret: a key is no text")?;
            if !known.contains(&key) {
                return Err(format!("secret: {}", unknown(key, known)));
            }
            self.set(key, text(key, value)?);
        }
        Ok(())
    }

    fn finish(self) -> Result<Option<Keys>, &'static str> {
        match (self.id, self.secret, self.token) {
            (Some(id), Some(_), _) if !id.trim().bytes().all(|byte| byte.is_ascii_graphic()) => {
                Err("access_key_id holds a character that no key id has")
            }
            (Some(id), Some(secret), token) => Ok(Some(Keys {
                access_key_id: id.trim().to_owned(),
                secret_access_key: Secret::new(secret),
                session_token: token.map(Secret::new),
            })),
            (None, None, None) => Ok(None),
            (Some(_), None, _) => Err("half a pair: access_key_id without secret_access_key"),
            (None, Some(_), _) => Err("half a pair: secret_access_key without access_key_id"),
            (None, None, Some(_)) => {
                Err("session_token without access_key_id and secret_access_key")
            }
        }
    }
}

fn unknown(key: &str, known: &[&str]) -> String {
    let nearest = known.iter().max_by(|a, b| {
        let closeness = |name: &str| strsim::jaro_winkler(name, key);
        closeness(a).total_cmp(&closeness(b))
    });
    format!("unknown key {key:?}; the nearest known one is {:?}", nearest.unwrap_or(&""))
}

fn text(key: &str, value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Null => Ok(String::new()),
        _ => Err(format!("the value of {key} is no text: put it in quotes")),
    }
}

/// Account ids are digits, and people write them without quotes; a leading zero needs them.
fn label(key: &str, value: &Value) -> Result<String, String> {
    match value {
        Value::Number(number) if number.is_u64() => Ok(number.to_string()),
        _ => text(key, value),
    }
}

fn headers(value: &Value) -> Result<Vec<(String, Secret)>, String> {
    let Value::Mapping(mapping) = value else {
        return Err("headers: holds no names and values".into());
    };
    let mut headers = Vec::new();
    for (name, value) in mapping {
        let name = name.as_str().ok_or("headers: a name is no text")?;
        let value = text(name, value)?;
        let valid = reqwest::header::HeaderName::try_from(name).is_ok()
            && reqwest::header::HeaderValue::try_from(value.trim()).is_ok();
        if !valid {
            return Err(format!("headers: {name:?} or its value cannot be an HTTP header"));
        }
        if ["content-type", "content-length", "host"].contains(&name.to_ascii_lowercase().as_str())
            || name.to_ascii_lowercase().starts_with("ce-")
        {
            return Err(format!("headers: {name} is set by the CloudEvents binding"));
        }
        headers.push((name.to_owned(), Secret::new(value)));
    }
    Ok(headers)
}
