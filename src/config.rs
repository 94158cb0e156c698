//! config.yml, secret.yml, options and environment as one resolved value each.
//!
//! What was named explicitly comes first (an option, or a file that an option or a variable names), then the
//! environment, then the default files, then the default. The two files of the Vance connectors work as they
//! are printed in their documents.

use crate::cli::{CallOptions, ContentMode, PullOptions};
use crate::credentials::Keys;
use crate::env::Env;
use crate::exit::{Failed, Failure, fail};
use crate::http;
use crate::secret::Secret;
use crate::shard::Shard;
use crate::window::Granularity;
use anyhow::{Context, Result};
use serde_yaml::Value;
use std::path::{Path, PathBuf};

const CONFIG: &str = "/vance/config/config.yml";
const SECRET: &str = "/vance/secret/secret.yml";

/// Where events go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// NDJSON.
    Stdout,
    /// POST to this URL.
    Http(String),
}

/// Keys from a secret file.
#[derive(Clone, Debug)]
pub(crate) struct KeyFile {
    /// The keys.
    pub(crate) keys: Keys,
    /// The file.
    pub(crate) origin: String,
    /// Whether the file was named, so that it goes before the environment.
    pub(crate) explicit: bool,
}

/// What a pull goes by.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// `--granularity`
    pub(crate) granularity: Granularity,
    /// Where events go.
    pub(crate) target: Target,
    /// `--content-mode`
    pub(crate) content_mode: ContentMode,
    /// `--batch-size`
    pub(crate) batch_size: usize,
    /// Headers for the target.
    pub(crate) headers: Vec<(String, Secret)>,
    /// Extensions of every event: `K_CE_OVERRIDES`.
    pub(crate) extensions: Vec<(String, String)>,
    /// `--account`, or `account` in a file.
    pub(crate) account: Option<String>,
    /// Whether a journal wants sums of the amounts.
    pub(crate) sums: bool,
    /// `--max-requests`
    pub(crate) max_requests: Option<u64>,
    /// `--shard`, or `--shards` and the pod's number.
    pub(crate) shard: Option<Shard>,
    /// Endpoint and keys.
    pub(crate) access: Access,
}

/// Where a cloud is asked and with whose keys, as far as options and files say.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    /// Keys from a file.
    pub(crate) keys: Option<KeyFile>,
    /// The endpoint and whether it was named explicitly.
    endpoint: Option<(String, bool)>,
    /// What the user should be told once.
    pub(crate) notes: Vec<String>,
}

impl Access {
    /// What a command goes by that calls a cloud and pulls nothing.
    pub(crate) fn resolve(options: &CallOptions, env: &Env) -> Result<Self> {
        let mut files = Files::read(options, env)?;
        Ok(files.access(options))
    }

    /// The API to call, if it is not the cloud's own: an option or a named file, then the first of these
    /// variables, then a default file.
    pub(crate) fn endpoint(&self, env: &Env, variables: &[&str]) -> Result<Option<String>> {
        let explicit = self.endpoint.as_ref().filter(|(_, explicit)| *explicit);
        let from_env = || variables.iter().find_map(|name| env.get(name));
        let endpoint = explicit
            .map(|(endpoint, _)| endpoint.as_str())
            .or_else(from_env)
            .or_else(|| self.endpoint.as_ref().map(|(endpoint, _)| endpoint.as_str()));
        endpoint.map(parse_endpoint).transpose()
    }
}

/// The files that are there: secret.yml, then config.yml.
struct Files {
    files: Vec<Content>,
    notes: Vec<String>,
}

impl Files {
    fn read(options: &CallOptions, env: &Env) -> Result<Self> {
        let config = File::open(options.config.as_deref(), env, Kind::Config)?;
        let secret = File::open(options.secret.as_deref(), env, Kind::Secret)?;
        let mut notes = Vec::new();
        let config =
            config.map(|file| Content::read(&file, Kind::Config, &mut notes)).transpose()?;
        let secret =
            secret.map(|file| Content::read(&file, Kind::Secret, &mut notes)).transpose()?;
        Ok(Self { files: secret.into_iter().chain(config).collect(), notes })
    }

    /// What the first file says that was named, or the first that was not.
    fn first(&self, pick: fn(&Content) -> Option<&String>, explicit: bool) -> Option<String> {
        let mut files = self.files.iter().filter(|file| file.explicit == explicit);
        files.find_map(pick).cloned()
    }

    fn access(&mut self, options: &CallOptions) -> Access {
        let endpoint: fn(&Content) -> Option<&String> = |file| file.endpoint.as_ref();
        let endpoint = options
            .endpoint
            .clone()
            .or_else(|| self.first(endpoint, true))
            .map(|endpoint| (endpoint, true))
            .or_else(|| self.first(endpoint, false).map(|endpoint| (endpoint, false)));
        let keys = self
            .files
            .iter()
            .filter_map(|file| {
                let keys = file.keys.clone()?;
                Some(KeyFile { keys, origin: file.origin.clone(), explicit: file.explicit })
            })
            .reduce(|first, next| if next.explicit && !first.explicit { next } else { first });
        Access { keys, endpoint, notes: std::mem::take(&mut self.notes) }
    }
}

impl Settings {
    /// Whether other runs pull other parts of the window.
    pub(crate) fn is_shard(&self) -> bool {
        self.shard.is_some_and(|shard| shard.of > 1)
    }

    /// Reads the files and puts everything in its order.
    pub(crate) fn resolve(options: &PullOptions, env: &Env) -> Result<Self> {
        let mut files = Files::read(&options.call, env)?;
        let target = options
            .target
            .clone()
            .or_else(|| files.first(|file| file.target.as_ref(), true))
            .or_else(|| env.get("BILLING_PULL_TARGET").map(str::to_owned))
            .or_else(|| env.get("K_SINK").map(str::to_owned))
            .or_else(|| files.first(|file| file.target.as_ref(), false));
        let account = options
            .account
            .clone()
            .or_else(|| files.first(|file| file.account.as_ref(), true))
            .or_else(|| files.first(|file| file.account.as_ref(), false));
        let mut headers: Vec<(String, Secret)> = Vec::new();
        for (name, value) in files.files.iter().flat_map(|file| &file.headers) {
            if !headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)) {
                headers.push((name.clone(), value.clone()));
            }
        }
        Ok(Self {
            granularity: options.granularity,
            target: target.as_deref().map_or(Ok(Target::Stdout), parse_target)?,
            content_mode: options.content_mode,
            batch_size: options.batch_size.into(),
            headers,
            extensions: overrides(env)?,
            account: account.filter(|account| !account.is_empty()),
            sums: options.journal.is_some(),
            max_requests: options.max_requests,
            shard: Shard::resolve(options, env)?,
            access: files.access(&options.call),
        })
    }
}

/// An API's base URL without a slash at its end. A host without a scheme means https; plain http carries
/// credentials in the open and is refused beyond this machine.
pub(crate) fn parse_endpoint(text: &str) -> Result<String> {
    let refuse = |why: &str| {
        Err(fail(Failure::Usage, format!("the endpoint {:?} {why}", http::host_and_port(text))))
    };
    let url = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
    let Ok(parsed) = reqwest::Url::parse(&url) else { return refuse("is no URL") };
    if !matches!(parsed.scheme(), "http" | "https") || !parsed.has_host() {
        return refuse("is neither http nor https");
    }
    if parsed.query().is_some()
        || parsed.fragment().is_some()
        || !parsed.username().is_empty()
        || parsed.password().is_some()
    {
        return refuse("may have neither a user, a query nor a fragment");
    }
    if parsed.scheme() == "http" && !http::is_loopback(&url) {
        return refuse(
            "asks for plain http: requests carry credentials, so only https is used beyond loopback",
        );
    }
    Ok(url.trim_end_matches('/').to_owned())
}

fn parse_target(text: &str) -> Result<Target> {
    if text == "-" {
        return Ok(Target::Stdout);
    }
    let refuse = |why: &str| {
        Err(fail(Failure::Usage, format!("the target {:?} {why}", http::host_and_port(text))))
    };
    match reqwest::Url::parse(text) {
        Ok(url) if !url.username().is_empty() || url.password().is_some() => refuse(
            "may have no user and password: put an Authorization into headers: of secret.yml",
        ),
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => {
            Ok(Target::Http(text.to_owned()))
        }
        _ => refuse("is no http or https URL (and - is stdout)"),
    }
}

/// `K_CE_OVERRIDES`, which Knative's SinkBinding sets: `{"extensions":{"name":"value"}}`.
fn overrides(env: &Env) -> Result<Vec<(String, String)>> {
    #[derive(serde::Deserialize)]
    struct Overrides {
        #[serde(default)]
        extensions: std::collections::BTreeMap<String, String>,
    }
    const OURS: [&str; 14] = [
        "specversion",
        "id",
        "source",
        "type",
        "subject",
        "time",
        "datacontenttype",
        "dataschema",
        "data",
        "data_base64",
        "account",
        "restates",
        "scope",
        "compacted",
    ];
    let Some(text) = env.get("K_CE_OVERRIDES") else { return Ok(Vec::new()) };
    let overrides: Overrides = serde_json::from_str(text).map_err(|error| {
        fail(
            Failure::Usage,
            format!("K_CE_OVERRIDES is not {{\"extensions\":{{\"name\":\"value\"}}}}: {error}"),
        )
    })?;
    for (name, value) in &overrides.extensions {
        let plain =
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        if !plain || OURS.contains(&name.as_str()) {
            let message = format!(
                "K_CE_OVERRIDES: {name:?} is no extension name (a-z and 0-9) or one of our own"
            );
            return Err(fail(Failure::Usage, message));
        }
        if value.chars().any(char::is_control) {
            return Err(fail(
                Failure::Usage,
                format!("K_CE_OVERRIDES: the value of {name:?} holds a control character"),
            ));
        }
    }
    Ok(overrides.extensions.into_iter().collect())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Config,
    Secret,
}

struct File {
    path: PathBuf,
    text: String,
    explicit: bool,
}

impl File {
    /// The file named by option or variable, else the default one if it exists.
    fn open(option: Option<&Path>, env: &Env, kind: Kind) -> Result<Option<Self>> {
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
struct Content {
    origin: String,
    explicit: bool,
    target: Option<String>,
    endpoint: Option<String>,
    account: Option<String>,
    headers: Vec<(String, Secret)>,
    keys: Option<Keys>,
}

const CONFIG_KEYS: [&str; 7] =
    ["target", "endpoint", "account", "pull_hour", "pull_zone", "headers", "secret"];
const SECRET_KEYS: [&str; 5] =
    ["access_key_id", "secret_access_key", "secret_access_Key", "session_token", "headers"];

impl Content {
    /// YAML, of which JSON is a part.
    fn read(file: &File, kind: Kind, notes: &mut Vec<String>) -> Result<Self> {
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

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
