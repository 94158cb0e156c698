//! What all issued keys have in common: they are checked before use, they end, and services and processes hand
//! them out in one JSON form.

use super::refuse;
use crate::credentials::Keys;
use crate::secret::Secret;
use anyhow::Result;
use chrono::{DateTime, NaiveDateTime, Utc};
use serde::Deserialize;

/// Keys of these texts. Each of them becomes part of a header.
pub(super) fn keys(id: &str, secret: &str, token: Option<&str>) -> Result<Keys, String> {
    let token = token.map(Secret::new).filter(|token| !token.is_empty());
    let keys = Keys {
        access_key_id: id.trim().to_owned(),
        secret_access_key: Secret::new(secret),
        session_token: token,
    };
    if keys.access_key_id.is_empty() || keys.secret_access_key.is_empty() {
        return Err("half of the key pair is empty".to_owned());
    }
    keys.check()?;
    Ok(keys)
}

/// The form in which container and metadata services and `credential_process` hand out keys, with Alibaba's names
/// for the same members; it has no `Debug`.
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html>
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Document {
    pub(super) version: Option<u32>,
    access_key_id: Option<String>,
    #[serde(alias = "AccessKeySecret")]
    secret_access_key: Option<String>,
    #[serde(alias = "SecurityToken")]
    session_token: Option<String>,
    token: Option<String>,
    pub(super) expiration: Option<String>,
    pub(super) account_id: Option<String>,
    pub(super) role_arn: Option<String>,
    /// Of the metadata service, which reports failures with status 200.
    code: Option<String>,
    pub(super) message: Option<String>,
}

impl Document {
    /// Reads it. The error says where it stops being understood; a text of it could be a key.
    pub(super) fn read(json: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(json).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            format!("not the JSON of credentials (line {line}, column {column})")
        })
    }

    /// What went wrong, if the answer is a failure under a good status.
    pub(super) fn failure(&self) -> Option<&str> {
        self.code.as_deref().filter(|code| *code != "Success")
    }

    /// Its keys.
    pub(super) fn keys(&self) -> Result<Keys, String> {
        let required = |value: &'_ Option<String>, name| match value {
            Some(value) => Ok(value.clone()),
            None => Err(format!("no {name} in it")),
        };
        let id = required(&self.access_key_id, "access key id")?;
        let secret = required(&self.secret_access_key, "secret access key")?;
        keys(&id, &secret, self.session_token.as_deref().or(self.token.as_deref()))
    }
}

/// An error if these keys have ended. An end that cannot be read is left to the cloud to judge.
pub(super) fn unexpired(place: &str, expiration: Option<&str>) -> Result<()> {
    match expiration.and_then(time) {
        Some(end) if end <= Utc::now() => Err(refuse(format!(
            "{place}: the credentials expired at {}: renew them (or set this machine's clock right)",
            end.format("%Y-%m-%dT%H:%M:%SZ")
        ))),
        _ => Ok(()),
    }
}

/// A time as the clouds and their tools write it.
pub(super) fn time(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.to_utc());
    }
    if let Ok(time) = DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z") {
        return Some(time.to_utc());
    }
    // Older versions of the AWS CLI write `2020-06-17T10:02:08UTC`.
    let text = text.trim_end_matches("UTC").trim_end();
    NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").ok().map(|time| time.and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::{Failure, kind_of};

    #[test]
    fn keys_are_fit_for_a_header() {
        let good = keys(" AKIAEXAMPLE\n", "hush/+=", Some("")).unwrap();
        assert_eq!(good.access_key_id, "AKIAEXAMPLE");
        assert_eq!(good.session_token, None);
        let cases = [
            ("AKIA EXAMPLE", "hush", None, "the access key id"),
            ("AKIA\nX: y", "hush", None, "the access key id"),
            ("AKIAEXAMPLE", "hush hush", None, "the secret access key"),
            ("AKIAEXAMPLE", "hush", Some("hush\r\nhush"), "the session token"),
            ("AKIAEXAMPLE", "h\u{fc}sh", None, "the secret access key"),
            ("AKIAEXAMPLE", " ", None, "half of the key pair"),
        ];
        for (id, secret, token, reason) in cases {
            let error = keys(id, secret, token).unwrap_err();
            assert!(error.starts_with(reason) && !error.contains("hush"), "{error}");
        }
    }

    #[test]
    fn a_document_is_read_without_showing_it() {
        let read = |json: &str| Document::read(json.as_bytes()).and_then(|read| read.keys());
        let token = r#"{"AccessKeyId":"A","SecretAccessKey":"s","Token":"t","Other":{"x":[1]}}"#;
        assert_eq!(read(token).unwrap().session_token, Some(Secret::new("t")));
        let cases = [
            ("", "not the JSON"),
            ("<html>hush</html>", "not the JSON"),
            (r#"{"AccessKeyId":"A","SecretAccessKey":["hush"]}"#, "not the JSON"),
            (r#"{"AccessKeyId":"A","Version":"hush"}"#, "not the JSON"),
            (r#"{"AccessKeyId":"A"}"#, "no secret access key"),
            (r#"{"SecretAccessKey":"hush"}"#, "no access key id"),
        ];
        for (json, reason) in cases {
            let error = read(json).unwrap_err();
            assert!(error.starts_with(reason) && !error.contains("hush"), "{error}");
        }
    }

    #[test]
    fn an_end_in_the_past_is_told() {
        for past in [
            "2022-06-13T10:00:00Z",
            "2022-06-13T12:00:00+02:00",
            "2022-06-13T12:00:00+0200",
            "2022-06-13T10:00:00UTC",
            "2022-06-13T10:00:00.000",
        ] {
            let error = unexpired("here", Some(past)).unwrap_err();
            assert_eq!(kind_of(&error), Failure::Credentials);
            let shown = error.to_string();
            assert!(
                shown.starts_with("here: the credentials expired at 2022-06-13T10:00:00Z"),
                "{shown}"
            );
        }
        for fine in [None, Some("2999-01-01T00:00:00Z"), Some("soon"), Some("")] {
            assert!(unexpired("here", fine).is_ok());
        }
    }
}
