//! config.yml, secret.yml, options and environment as one resolved value each.
//!
//! What was named explicitly comes first (an option, or a file that an option or a variable names), then the
//! environment, then the default files, then the default. The two files of the Vance connectors work as they
//! are printed in their documents.

mod file;

use crate::cli::{CallOptions, ContentMode, PullOptions};
use crate::credentials::Keys;
use crate::env::Env;
use crate::exit::{Failure, fail};
use crate::http;
use crate::secret::Secret;
use crate::shard::Shard;
use crate::window::Granularity;
use anyhow::Result;
use file::{Content, File, Kind};

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
            account: account
                .map(|account| account.trim().to_owned())
                .filter(|account| !account.is_empty()),
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

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
