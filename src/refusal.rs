//! What the errors of every cloud have in common: how a refusal is told, what is kept out of it, and which answers
//! are none because they were cut.

use crate::credentials::{Keys, scrub};
use crate::exit::{Failure, fail};
use crate::http::{Answer, excerpt};

/// What a service says in the body of a refusal.
#[derive(Clone, Copy, Default)]
pub(crate) struct Said<'a> {
    /// Its own code; empty where the body has none.
    pub(crate) code: &'a str,
    /// Its message.
    pub(crate) message: &'a str,
    /// Its name for the request; empty where only a header has it.
    pub(crate) request_id: &'a str,
}

/// A refusal as the user reads it: code, status, message without keys, request id. `cloud` is the name for an
/// answer without a code, which may come from anybody in between.
pub(crate) fn describe(cloud: &str, said: Said<'_>, answer: &Answer, keys: &Keys) -> String {
    let in_body = Some(said.request_id).filter(|id| !id.is_empty());
    let id = in_body.or_else(|| answer.request_id()).unwrap_or("none");
    let Said { code, message, .. } = said;
    if code.is_empty() {
        // Cut last: a part of a key is found by nobody.
        let start = answer.hide(&scrub(&String::from_utf8_lossy(&answer.body), keys));
        let start = excerpt(&start, 120);
        let status = answer.status;
        return format!("HTTP {status} without a code of {cloud}, {start:?}, request id {id}");
    }
    let message = excerpt(&answer.hide(&scrub(message, keys)), 400);
    let message = message.trim_end_matches('.');
    format!("{code} (HTTP {}): {message}, request id {id}", answer.status)
}

/// The first sentence of a message about a signature: what follows may echo the request's headers.
pub(crate) fn first_words(message: &str) -> &str {
    let end = message.find(". ").or_else(|| message.find('\n')).unwrap_or(message.len());
    let message = &message[..end];
    message.find(['=', '/']).map_or(message, |at| &message[..at])
}

/// Why a good answer of JSON is none: a proxy that breaks off, and counts what it sent, cuts it without a trace in HTTP.
pub(crate) fn cut_json(answer: &Answer) -> Option<String> {
    let body = answer.body.trim_ascii();
    let is_cut = body.is_empty() || (body.starts_with(b"{") && !body.ends_with(b"}"));
    is_cut.then(|| format!("the answer is cut short after {} bytes", answer.body.len()))
}

/// What to do about a code that nobody here knows.
pub(crate) const UNKNOWN_CODE: &str =
    "see the vendor's list of error codes, or ask its support with the request id";

/// An answer that makes no sense.
pub(crate) fn not_understood(what: impl std::fmt::Display) -> anyhow::Error {
    fail(Failure::Refused, format!("the answer is not understood: {what}"))
}

/// An answer that is not the JSON it should be.
pub(crate) fn unreadable(error: &serde_json::Error, answer: &Answer) -> anyhow::Error {
    not_understood(format!("{error}; it starts: {:?}", answer.excerpt(80)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_was_cut_is_told_from_one_that_is_none() {
        let is_cut = |body: &str| cut_json(&Answer::of(200, &[], body)).is_some();
        assert!(is_cut("") && is_cut("\n") && is_cut("{\"a\":[1,") && is_cut(" {\"a\":[{}]"));
        assert!(!is_cut("{}\n") && !is_cut("<html>login</html>") && !is_cut("[]"));
    }
}
