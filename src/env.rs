//! The environment, read once and passed along, so that a test can give its own. An empty value is an unset one.

use crate::http::host_and_port;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A snapshot of the environment.
#[derive(Clone, Default)]
pub struct Env {
    variables: BTreeMap<String, String>,
}

impl Env {
    /// The process's own. A value that is not UTF-8 counts as unset: none of ours can be meant.
    pub fn from_process() -> Self {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        std::env::vars_os().filter_map(text).collect()
    }

    /// The value under `name`, without white space around it.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// Whether `name` is set to something that means yes.
    pub fn is_true(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value.eq_ignore_ascii_case("true") || value == "1")
    }

    /// What decides how hosts are reached and trusted, one line a variable; of a proxy no more than host and port.
    pub(crate) fn ways_out(&self) -> Vec<String> {
        let value = |name: &str| Some((self.get(name)?.to_owned(), name.to_owned()));
        let either = |name: &str| value(name).or_else(|| value(&name.to_lowercase()));
        let proxies = ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"].into_iter().filter_map(either);
        let proxies = proxies.map(|(url, name)| (host_and_port(&url).to_owned(), name));
        let certificates = ["SSL_CERT_FILE", "SSL_CERT_DIR"].into_iter().filter_map(value);
        let plain = either("NO_PROXY").into_iter().chain(certificates);
        proxies.chain(plain).map(|(value, name)| format!("{name}: {value}")).collect()
    }

    /// A path below the home directory.
    pub fn below_home(&self, path: &str) -> Option<PathBuf> {
        Some(PathBuf::from(self.get("HOME")?).join(path))
    }
}

impl FromIterator<(String, String)> for Env {
    fn from_iter<T: IntoIterator<Item = (String, String)>>(variables: T) -> Self {
        Self { variables: variables.into_iter().collect() }
    }
}

#[cfg(test)]
impl<const N: usize> From<[(&str, &str); N]> for Env {
    fn from(variables: [(&str, &str); N]) -> Self {
        variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }
}
