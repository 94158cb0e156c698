//! The shared files, read into profiles.
//! <https://docs.aws.amazon.com/sdkref/latest/guide/file-location.html>

use super::ini::{self, Section};
use super::{issued, path_from, refuse};
use crate::credentials::Keys;
use crate::env::Env;
use anyhow::Result;
use std::collections::BTreeMap;
use std::io::{Error, ErrorKind};
use std::path::Path;

/// More profiles than these are not listed in a message.
const LISTED: usize = 20;

/// Settings by their lower-case names.
pub(super) type Settings = BTreeMap<String, String>;

/// What the two files say.
pub(super) struct Profiles {
    by_name: BTreeMap<String, Profile>,
    sessions: BTreeMap<String, Settings>,
    /// Sections of `config` that would be profiles in `credentials`: a frequent slip.
    unprefixed: Vec<String>,
    /// The files and whether they are there, for messages.
    pub(super) places: String,
}

/// A profile's settings: those in `credentials` come before those in `config`.
pub(super) struct Profile {
    name: String,
    config: Option<Part>,
    credentials: Option<Part>,
}

/// A profile's settings in one file.
struct Part {
    file: String,
    settings: Settings,
}

impl Profiles {
    /// Reads both files. One that is missing is empty, unless the environment names it; one that is there and
    /// cannot be read or understood is an error.
    pub(super) fn load(env: &Env) -> Result<Self> {
        let config = File::read(env, "AWS_CONFIG_FILE", ".aws/config")?;
        let credentials = File::read(env, "AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials")?;
        let places = format!("{} or {}", config.place(), credentials.place());
        let mut all = Self {
            by_name: BTreeMap::new(),
            sessions: BTreeMap::new(),
            unprefixed: Vec::new(),
            places,
        };
        all.take_config(config);
        for Section { title, settings } in credentials.sections {
            let part = &mut all.entry(unquoted(&title)).credentials;
            Part::extend(part, &credentials.shown, settings);
        }
        Ok(all)
    }

    fn take_config(&mut self, mut config: File) {
        // `[profile default]` comes before `[default]`: what comes later here replaces.
        config.sections.sort_by_key(|section| section.title != "default");
        for Section { title, settings } in config.sections {
            let (kind, name) = match title.split_once([' ', '\t']) {
                Some((kind, name)) => (kind, unquoted(name)),
                None if title == "default" => ("profile", title),
                None => ("", title),
            };
            match kind {
                "profile" => {
                    Part::extend(&mut self.entry(name).config, &config.shown, settings);
                }
                "sso-session" => self.sessions.entry(name).or_default().extend(settings),
                "" => self.unprefixed.push(name),
                _ => {}
            }
        }
    }

    fn entry(&mut self, name: String) -> &mut Profile {
        let new = Profile { name: name.clone(), config: None, credentials: None };
        self.by_name.entry(name).or_insert(new)
    }

    /// The profile of this name, if there is one.
    pub(super) fn get(&self, name: &str) -> Option<&Profile> {
        self.by_name.get(name)
    }

    /// The profile of this name, which `named_by` asks for.
    pub(super) fn named(&self, name: &str, named_by: &str) -> Result<&Profile> {
        let unknown = || {
            let hint = if self.unprefixed.iter().any(|title| title == name) {
                format!("; the config file has [{name}], which must be [profile {name}] there")
            } else {
                format!("; known: {}", self.known())
            };
            let places = &self.places;
            refuse(format!("{named_by} names profile {name:?}, which is not in {places}{hint}"))
        };
        self.get(name).ok_or_else(unknown)
    }

    fn known(&self) -> String {
        let mut names: Vec<&str> = self.by_name.keys().take(LISTED).map(String::as_str).collect();
        if names.is_empty() {
            return "none".to_owned();
        }
        if self.by_name.len() > LISTED {
            names.push("...");
        }
        names.join(", ")
    }

    /// The settings of an `[sso-session]`, if there is one of this name.
    pub(super) fn session(&self, name: &str) -> Option<&Settings> {
        self.sessions.get(name)
    }
}

impl Profile {
    /// Its name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// A setting that is not empty.
    pub(super) fn get(&self, setting: &str) -> Option<&str> {
        let parts = [&self.credentials, &self.config];
        parts.into_iter().flatten().find_map(|part| filled(&part.settings, setting))
    }

    /// A setting that has to be there because of another.
    pub(super) fn required(&self, setting: &str, because: &str) -> Result<&str> {
        let missing = || refuse(format!("{} has {because} and no {setting}", self.place()));
        self.get(setting).ok_or_else(missing)
    }

    /// Profile and file, for messages.
    pub(super) fn place(&self) -> String {
        let file = self.config.as_ref().or(self.credentials.as_ref());
        self.place_in(file.map_or("", |part| part.file.as_str()))
    }

    fn place_in(&self, file: &str) -> String {
        format!("profile {:?} in {file}", self.name)
    }

    /// Its own keys, and where they stand. All three parts are of one file: a new pair in `credentials` must
    /// not get an old session token from `config`.
    pub(super) fn keys(&self) -> Result<Option<(Keys, String)>> {
        const ID: &str = "aws_access_key_id";
        const SECRET: &str = "aws_secret_access_key";
        for part in [&self.credentials, &self.config].into_iter().flatten() {
            let place = self.place_in(&part.file);
            let get = |setting| filled(&part.settings, setting);
            let (id, secret) = match (get(ID), get(SECRET)) {
                (Some(id), Some(secret)) => (id, secret),
                (None, None) => continue,
                (Some(_), None) => return Err(refuse(format!("{place} has {ID} and no {SECRET}"))),
                (None, Some(_)) => return Err(refuse(format!("{place} has {SECRET} and no {ID}"))),
            };
            let keys = issued::keys(id, secret, get("aws_session_token"))
                .map_err(|reason| refuse(format!("{place}: {reason}")))?;
            return Ok(Some((keys, place)));
        }
        Ok(None)
    }
}

impl Part {
    fn extend(part: &mut Option<Self>, file: &str, settings: Settings) {
        let new = || Self { file: file.to_owned(), settings: Settings::new() };
        part.get_or_insert_with(new).settings.extend(settings);
    }
}

/// One of the files.
struct File {
    /// Its path, with `~` for the home directory.
    shown: String,
    sections: Vec<Section>,
    absent: Option<&'static str>,
}

impl File {
    fn read(env: &Env, variable: &str, below_home: &str) -> Result<Self> {
        let named = env.get(variable);
        let path = named.map_or_else(|| env.below_home(below_home), |text| path_from(env, text));
        let Some(path) = path else {
            let shown = format!("~/{below_home}");
            return Ok(Self { shown, sections: Vec::new(), absent: Some("HOME is not set") });
        };
        let shown = tilde(env, &path);
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) => match (named, absence(&error, &path)) {
                (None, Some(reason)) => {
                    return Ok(Self { shown, sections: Vec::new(), absent: Some(reason) });
                }
                (Some(_), Some(reason)) => {
                    let message =
                        format!("{variable} names {shown}: {reason}; correct or unset it");
                    return Err(refuse(message));
                }
                (_, None) => return Err(refuse(format!("cannot read {shown} ({error})"))),
            },
        };
        let text = String::from_utf8(bytes)
            .map_err(|_| refuse(format!("cannot understand {shown}: it is not UTF-8 text")))?;
        let sections = ini::sections(&text)
            .map_err(|reason| refuse(format!("cannot understand {shown}: {reason}")))?;
        Ok(Self { shown, sections, absent: None })
    }

    fn place(&self) -> String {
        let reason = self.absent.map(|reason| format!(" ({reason})")).unwrap_or_default();
        format!("{}{reason}", self.shown)
    }
}

/// Why a file counts as absent. One in a directory that may not even be looked into may well not exist: in a
/// container that runs as another user than its image was made for, HOME is often such a directory.
fn absence(error: &Error, path: &Path) -> Option<&'static str> {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => Some("no such file"),
        ErrorKind::PermissionDenied if path.metadata().is_err() => {
            Some("no access to its directory")
        }
        _ => None,
    }
}

fn tilde(env: &Env, path: &Path) -> String {
    let home = env.get("HOME").filter(|home| *home != "/");
    let below = home.and_then(|home| path.strip_prefix(home).ok());
    below.map_or_else(|| path.display().to_string(), |below| format!("~/{}", below.display()))
}

/// A setting that is not empty.
pub(super) fn filled<'a>(settings: &'a Settings, setting: &str) -> Option<&'a str> {
    settings.get(setting).map(String::as_str).filter(|value| !value.is_empty())
}

/// A section's name may stand in quotes.
fn unquoted(name: &str) -> String {
    let name = name.trim();
    let inner = |quote| name.strip_prefix(quote)?.strip_suffix(quote);
    inner('"').or_else(|| inner('\'')).unwrap_or(name).to_owned()
}
