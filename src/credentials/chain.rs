//! Asking sources in their order, and remembering why each of them did not serve.

use super::Credentials;
use crate::exit::{Failure, fail};
use crate::report::Report;

/// What one source answers. A source that is there but broken answers with an error instead.
#[derive(Debug)]
pub(crate) enum Found {
    /// These.
    Here(Credentials),
    /// Nothing, for this reason: the next source is asked.
    NotHere(String),
}

/// A chain that is being asked.
pub(crate) struct Chain<'a> {
    report: &'a Report,
    cloud: &'static str,
    looked: Vec<String>,
}

impl<'a> Chain<'a> {
    /// A chain that has asked nobody yet.
    pub(crate) fn new(report: &'a Report, cloud: &'static str) -> Self {
        Self { report, cloud, looked: Vec::new() }
    }

    /// Takes the answer of `source`, and keeps its reason if it has nothing.
    pub(crate) fn take(&mut self, source: &str, found: Found) -> Option<Credentials> {
        match found {
            Found::Here(credentials) => Some(credentials),
            Found::NotHere(reason) => {
                self.report.debug(|| format!("{} credentials: {source}: {reason}", self.cloud));
                self.looked.push(format!("{source} ({reason})"));
                None
            }
        }
    }

    /// The error once the last source has nothing: every place, why it did not serve, and what to do.
    pub(crate) fn nothing(self, advice: &str) -> anyhow::Error {
        let looked = self.looked.join("; ");
        let message = format!("no {} credentials found; looked at {looked}: {advice}", self.cloud);
        fail(Failure::Credentials, message)
    }
}
