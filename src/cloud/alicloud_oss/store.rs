//! A bucket with the keys to it and the rules of its API.

use super::bucket::Bucket;
use super::errors::Asked;
use crate::api::Api;
use crate::credentials::Keys;

/// How OSS is called in messages.
pub(super) const SERVICE: &str = "Alibaba Cloud OSS";

/// What every request to the bucket needs.
pub(super) struct Store {
    pub(super) api: Api,
    pub(super) bucket: Bucket,
    pub(super) keys: Keys,
}

impl Store {
    /// What a refusal is about: the listing, or an object.
    pub(super) fn asked<'a>(&'a self, key: Option<&'a str>) -> Asked<'a> {
        Asked { bucket: &self.bucket.name, key }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::api::Session;
    use crate::report::{Level, LogFormat, Report};
    use crate::secret::Secret;
    use std::sync::Arc;
    use std::time::Duration;

    /// A bucket `bills` at this endpoint, with short patience.
    pub(in super::super) fn store(endpoint: &str, retries: u32) -> Store {
        let session = Session {
            http: Arc::new(crate::http::Http::new(Duration::from_millis(500))),
            report: Arc::new(Report::new(Level::Quiet, LogFormat::Text, false)),
            stop: crate::stop::Stop::default(),
            backoff: crate::retry::Backoff { retries, first: Duration::ZERO },
            concurrency: 1,
        };
        let keys = Keys {
            access_key_id: crate::demo::ACCESS_KEY_ID.to_owned(),
            secret_access_key: Secret::new(crate::demo::SECRET_ACCESS_KEY),
            session_token: None,
        };
        let bucket = Bucket::new("bills", Some("cn-hangzhou"), Some(endpoint));
        Store { api: Api::new(&session, SERVICE), bucket: bucket.unwrap(), keys }
    }
}
