//! What the tests of the chains share. Every secret in them holds the word `hush`, and no error may show it.

use super::machine::Limits;
use super::{Credentials, Keys};
use crate::api::Session;
use crate::env::Env;
use crate::exit::{Failure, kind_of};
use crate::http::Http;
use crate::report::{Level, LogFormat, Report};
use crate::retry::Backoff;
use crate::secret::Secret;
use crate::stop::Stop;
use anyhow::Result;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// When keys end that have not ended, and when others have.
pub(super) const LATER: &str = "2999-01-01T00:00:00Z";
pub(super) const EARLIER: &str = "2022-06-13T10:00:00Z";

/// A session that retries once, without a pause.
pub(super) fn session() -> Session {
    Session {
        http: Arc::new(Http::new(Duration::from_secs(20))),
        report: Arc::new(Report::new(Level::Quiet, LogFormat::Text, false)),
        stop: Stop::default(),
        backoff: Backoff { retries: 1, first: Duration::ZERO },
        concurrency: 1,
    }
}

/// Limits that nothing reaches which is not meant to hang.
pub(super) const WIDE: Limits = Limits {
    container: Duration::from_secs(20),
    metadata: Duration::from_secs(20),
    process: Duration::from_secs(20),
    pause: Duration::ZERO,
};

/// Limits for what hangs.
pub(super) const NARROW: Limits = Limits {
    container: Duration::from_millis(150),
    metadata: Duration::from_millis(500),
    process: Duration::from_millis(100),
    pause: Duration::ZERO,
};

/// The message of an error of this kind, which holds no secret.
#[track_caller]
pub(super) fn refused(result: Result<Credentials>, kind: Failure) -> String {
    let error = result.unwrap_err();
    let shown = format!("{error:#}");
    assert_eq!(kind_of(&error), kind, "{shown}");
    assert!(!shown.contains("hush") && !format!("{error:?}").contains("hush"), "{shown}");
    assert!(!shown.contains('\n'), "{shown}");
    shown
}

/// A home directory of a test's own.
pub(super) struct Home(pub(super) PathBuf);

impl Home {
    pub(super) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("billing-pull-home-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(super) fn write(&self, path: &str, text: &str) -> String {
        let path = self.0.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    /// An environment with this home and no metadata service.
    pub(super) fn env(&self, more: &[(&str, &str)]) -> Env {
        let home = self.0.display().to_string();
        let own = [
            ("HOME", home.as_str()),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true"),
        ];
        own.iter().chain(more).map(|(name, value)| ((*name).into(), (*value).into())).collect()
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

pub(super) fn keys(id: &str, secret: &str, token: Option<&str>) -> Keys {
    Keys {
        access_key_id: id.to_owned(),
        secret_access_key: Secret::new(secret),
        session_token: token.map(Secret::new),
    }
}

pub(super) fn parts(credentials: &Credentials) -> (&str, &str, Option<&str>) {
    let keys = &credentials.keys;
    let token = keys.session_token.as_ref().map(Secret::expose);
    (&keys.access_key_id, keys.secret_access_key.expose(), token)
}
