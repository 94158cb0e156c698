//! The chain as a whole, against fakes on loopback.

mod near;
mod order;
mod profiles;
mod program;
mod roles;
mod single_sign_on;

use super::{Given, search};
use crate::credentials::machine::{Limits, Machine};
use crate::credentials::testing::{
    EARLIER, Home, LATER, NARROW, WIDE, keys, parts, refused, session,
};
use crate::credentials::{Credentials, Keys};
use crate::demo::server::{Reply, Request, Server};
use crate::env::Env;
use crate::exit::Failure;
use crate::sign::sigv4;
use anyhow::Result;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

fn find_within(limits: Limits, env: &Env, given: &Given<'_>) -> Result<Credentials> {
    search(&Machine { session: &session(), env, limits }, given)
}

fn find(env: &Env) -> Result<Credentials> {
    find_within(WIDE, env, &Given::default())
}

fn find_profile(env: &Env, name: &str) -> Result<Credentials> {
    find_within(WIDE, env, &Given { profile: Some(name), file: None })
}

/// A home directory with these shared files.
fn home_with(config: &str, credentials: &str) -> Home {
    let home = Home::new();
    home.write(".aws/config", config);
    home.write(".aws/credentials", credentials);
    home
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
