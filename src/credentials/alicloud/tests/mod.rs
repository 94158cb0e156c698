//! The chain as a whole, against fakes on loopback.

mod order;
mod profiles;
mod services;

use super::{Given, search};
use crate::credentials::Credentials;
use crate::credentials::machine::{Limits, Machine};
use crate::credentials::testing::{
    EARLIER, Home, LATER, NARROW, WIDE, keys, parts, refused, session,
};
use crate::demo::server::{Fault, Reply, Request, Server};
use crate::env::Env;
use crate::exit::Failure;
use crate::sign::acs3;
use anyhow::Result;
use serde_json::json;
use std::collections::HashMap;

const ROLE: &str = "acs:ram::1234567890123456:role/billing-pull";
const PROVIDER: &str = "acs:ram::1234567890123456:oidc-provider/ack-rrsa-c1a2b3";

fn find_within(limits: Limits, env: &Env) -> Result<Credentials> {
    search(&Machine { session: &session(), env, limits }, &Given::default())
}

fn find(env: &Env) -> Result<Credentials> {
    find_within(WIDE, env)
}

/// The members with which keys are handed out.
fn issued(id: &str, end: &str) -> serde_json::Value {
    json!({
        "AccessKeyId": id, "AccessKeySecret": format!("hush-{id}"), "SecurityToken": "hush+token=",
        "Expiration": end,
    })
}

/// A credentials URI, or a role's keys in the metadata service.
fn document(id: &str, end: &str) -> String {
    let mut document = issued(id, end);
    document["Code"] = "Success".into();
    document["LastUpdated"] = "2026-03-02T01:02:03Z".into();
    document.to_string()
}

fn refusal(status: u16, code: &str, message: &str) -> Reply {
    let body =
        json!({"RequestId": "R-1", "HostId": "sts.aliyuncs.com", "Code": code, "Message": message});
    Reply { status, ..Reply::json(body.to_string()) }
}

/// Query and form together.
fn all_of(request: &Request) -> HashMap<String, String> {
    request.query().into_iter().chain(request.form()).collect()
}

/// A token service that knows the keys of `LTAI...` ids and the token `hush.oidc.token`. It checks signatures, and
/// issues keys until `end`.
fn sts_until(end: &'static str) -> Server {
    Server::start(move |request| {
        let all = all_of(request);
        let get = |name: &str| all.get(name).map(String::as_str).unwrap_or_default();
        let action = request.header("x-acs-action").unwrap_or(get("Action"));
        let version = request.header("x-acs-version").unwrap_or(get("Version"));
        assert_eq!((request.method.as_str(), version), ("POST", "2015-04-01"));
        if action == "AssumeRole" {
            let known = |id: &str| {
                id.starts_with("LTAI").then(|| keys(id, &format!("hush-{id}"), None))
            };
            let Request { method, target, headers, body, .. } = request;
            if let Err(reason) = acs3::verify(method, target, headers, body, &known) {
                return refusal(400, "SignatureDoesNotMatch", &format!("{reason}. server string to sign is:{target}"));
            }
        } else if get("OIDCToken") != "hush.oidc.token" {
            let told = format!("This JsonWebToken {} is expired.", get("OIDCToken"));
            return refusal(401, "AuthenticationFail.OIDCToken.Expired", &told);
        }
        let id = format!("STS.{}", get("RoleArn").rsplit('/').next().unwrap_or_default());
        let answer = json!({"RequestId": "R", "AssumedRoleUser": {"Arn": "a"}, "Credentials": issued(&id, end)});
        Reply::json(answer.to_string())
    })
    .unwrap()
}

fn sts() -> Server {
    sts_until(LATER)
}

const ROLES: &str = "/latest/meta-data/ram/security-credentials/";

/// A metadata service whose role is `web`.
fn metadata(id: &'static str) -> Server {
    Server::start(move |request| {
        if request.method == "PUT" && request.path() == "/latest/api/token" {
            assert_eq!(request.header("x-aliyun-ecs-metadata-token-ttl-seconds"), Some("21600"));
            return Reply::new(200, "hush-session==");
        }
        if request.header("x-aliyun-ecs-metadata-token") != Some("hush-session==") {
            return Reply::new(403, "");
        }
        match request.path().strip_prefix(ROLES) {
            Some("") => Reply::new(200, "web"),
            Some("web" | "other") => Reply::new(200, document(id, LATER)),
            _ => Reply::new(404, ""),
        }
    })
    .unwrap()
}
