//! The chain as a whole, against fakes on loopback. Every secret in these tests holds the word `hush`, and no
//! error may show it.

mod near;
mod order;
mod profiles;
mod program;
mod roles;
mod single_sign_on;

use super::{Credentials, Given, Keys, Limits, Machine};
use crate::api::Session;
use crate::demo::server::{Reply, Request, Server};
use crate::env::Env;
use crate::exit::{Failure, kind_of};
use crate::http::Http;
use crate::report::{Level, LogFormat, Report};
use crate::retry::Backoff;
use crate::secret::Secret;
use crate::sign::sigv4;
use crate::stop::Stop;
use anyhow::Result;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

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
const WIDE: Limits = Limits {
    container: Duration::from_secs(20),
    metadata: Duration::from_secs(20),
    process: Duration::from_secs(20),
    pause: Duration::ZERO,
};

/// Limits for what hangs.
const NARROW: Limits = Limits {
    container: Duration::from_millis(150),
    metadata: Duration::from_millis(500),
    process: Duration::from_millis(100),
    pause: Duration::ZERO,
};

fn find_within(limits: Limits, env: &Env, given: &Given<'_>) -> Result<Credentials> {
    Machine { session: &session(), env, limits }.find(given)
}

fn find(env: &Env) -> Result<Credentials> {
    find_within(WIDE, env, &Given::default())
}

fn find_profile(env: &Env, name: &str) -> Result<Credentials> {
    find_within(WIDE, env, &Given { profile: Some(name), file: None })
}

/// The message of an error of this kind, which holds no secret.
#[track_caller]
fn refused(result: Result<Credentials>, kind: Failure) -> String {
    let error = result.unwrap_err();
    let shown = format!("{error:#}");
    assert_eq!(kind_of(&error), kind, "{shown}");
    assert!(!shown.contains("hush") && !format!("{error:?}").contains("hush"), "{shown}");
    assert!(!shown.contains('\n'), "{shown}");
    shown
}

/// A home directory of a test's own.
struct Home(PathBuf);

impl Home {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("billing-pull-aws-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(path.join(".aws")).unwrap();
        Self(path)
    }

    /// With these shared files.
    fn with(config: &str, credentials: &str) -> Self {
        let home = Self::new();
        home.write(".aws/config", config);
        home.write(".aws/credentials", credentials);
        home
    }

    fn write(&self, path: &str, text: &str) -> String {
        let path = self.0.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    /// An environment with this home and no metadata service.
    fn env(&self, more: &[(&str, &str)]) -> Env {
        let home = self.0.display().to_string();
        let own = [("HOME", home.as_str()), ("AWS_EC2_METADATA_DISABLED", "true")];
        own.iter().chain(more).map(|(name, value)| ((*name).into(), (*value).into())).collect()
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

fn keys(id: &str, secret: &str, token: Option<&str>) -> Keys {
    Keys {
        access_key_id: id.to_owned(),
        secret_access_key: Secret::new(secret),
        session_token: token.map(Secret::new),
    }
}

fn parts(credentials: &Credentials) -> (&str, &str, Option<&str>) {
    let keys = &credentials.keys;
    let token = keys.session_token.as_ref().map(Secret::expose);
    (&keys.access_key_id, keys.secret_access_key.expose(), token)
}

/// A pair as a settings file has it.
fn pair(id: &str) -> String {
    format!("aws_access_key_id = {id}\naws_secret_access_key = hush-{id}\n")
}

/// The keys of an id as the fakes know them: `AKIA...` as [`pair`] has it, `ASIA-role` as [`sts`] issued it.
fn known(id: &str) -> Option<Keys> {
    if let Some(role) = id.strip_prefix("ASIA-") {
        let token = format!("hush-{role}==");
        return Some(keys(id, &format!("hush-<{role}>&"), Some(&token)));
    }
    id.starts_with("AKIA").then(|| keys(id, &format!("hush-{id}"), None))
}

/// A token service. It checks signatures, and issues for a role the keys of `ASIA-` and the role's name.
fn sts() -> Server {
    Server::start(|request| {
        let form = request.form();
        let get = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        let action = get("Action");
        if action == "AssumeRole" {
            let Request { method, target, headers, body, .. } = request;
            if let Err(reason) = sigv4::verify(method, target, headers, body, &known) {
                return sts_error(403, "SignatureDoesNotMatch", &reason);
            }
        } else if get("WebIdentityToken") != "hush.web.token" {
            return sts_error(400, "InvalidIdentityToken", "no such token");
        }
        let role = get("RoleArn").rsplit('/').next().unwrap_or_default();
        sts_answer(action, role, "2999-01-01T00:00:00Z")
    })
    .unwrap()
}

fn sts_answer(action: &str, role: &str, end: &str) -> Reply {
    Reply::new(
        200,
        format!(
            "<{action}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{action}Result>\
             <AssumedRoleUser><Arn>arn:aws:sts::1:assumed-role/{role}/s</Arn></AssumedRoleUser>\
             <Credentials><AccessKeyId>ASIA-{role}</AccessKeyId>\
             <SecretAccessKey>hush-&lt;{role}&gt;&amp;</SecretAccessKey>\
             <SessionToken>hush-{role}==</SessionToken><Expiration>{end}</Expiration>\
             </Credentials></{action}Result></{action}Response>"
        ),
    )
}

fn sts_error(status: u16, code: &str, message: &str) -> Reply {
    let body = format!(
        "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n  <Error>\
         <Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>\
         <RequestId>c6104cbe-af31-11e0-8154-cbc7ccf896c7</RequestId></ErrorResponse>"
    );
    Reply::new(status, body)
}

/// Keys as container and metadata services write them.
fn document(id: &str, end: &str, more: &str) -> String {
    format!(
        r#"{{"AccessKeyId":"{id}","SecretAccessKey":"hush-{id}","Token":"hush-token","Expiration":"{end}"{more}}}"#
    )
}
const LATER: &str = "2999-01-01T00:00:00Z";
const EARLIER: &str = "2022-06-13T10:00:00Z";
