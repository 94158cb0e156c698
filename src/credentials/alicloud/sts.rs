//! The token service: three calls.
//! <https://www.alibabacloud.com/help/en/ram/developer-reference/api-sts-2015-04-01-assumerole>
//! <https://www.alibabacloud.com/help/en/ram/developer-reference/api-sts-2015-04-01-assumerolewithoidc>
//! <https://www.alibabacloud.com/help/en/ram/developer-reference/api-sts-2015-04-01-getcalleridentity>

use super::gateway::{self, Gateway, Signature};
use crate::api::{Api, Verdict};
use crate::config::parse_endpoint;
use crate::credentials::issued::{self, Document};
use crate::credentials::machine::Machine;
use crate::credentials::{Credentials, Keys};
use crate::exit::{Failure, fail};
use crate::http::{Answer, Call, is_label};
use crate::secret::Secret;
use crate::sign::acs3;
use anyhow::{Context, Result};
use chrono::{SecondsFormat, Utc};
use serde::Deserialize;
use std::fmt;

const VERSION: &str = "2015-04-01";
/// What ActionTrail shows beside the role when nobody names a session.
const SESSION_NAME: &str = "billing-pull";
/// How long keys live when nobody says otherwise: an hour, as the SDKs ask for.
const SECONDS: u32 = 3600;
/// Where the service is, whatever the region: for a proxy of one's own, and for tests.
const ENDPOINT: &str = "ALIBABA_CLOUD_STS_ENDPOINT";

/// A role to assume.
pub(super) struct Role<'a> {
    pub(super) arn: &'a str,
    pub(super) session_name: Option<&'a str>,
    pub(super) external_id: Option<&'a str>,
    pub(super) duration: Option<u32>,
}

impl Role<'_> {
    fn params(&self) -> Vec<(String, String)> {
        let seconds = self.duration.unwrap_or(SECONDS).to_string();
        let pairs = [
            ("RoleArn", Some(self.arn)),
            ("RoleSessionName", Some(self.session_name.unwrap_or(SESSION_NAME))),
            ("DurationSeconds", Some(&seconds)),
            ("ExternalId", self.external_id),
        ];
        pairs.into_iter().filter_map(|(name, value)| Some(pair(name, value?))).collect()
    }

    /// What `keys` are the credentials of: `acs:ram::1234567890123456:role/name` names the account.
    pub(super) fn credentials(&self, keys: Keys, origin: String) -> Credentials {
        let account = self.arn.split(':').nth(3).filter(|account| !account.is_empty());
        Credentials { keys, account: account.map(str::to_owned), region: None, origin }
    }
}

fn pair(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

/// The token service of one region, or the one for all.
pub(super) struct Sts {
    api: Api,
    gateway: Gateway,
}

/// Whom keys belong to.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Caller {
    account_id: String,
    arn: String,
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "account {}, {}", self.account_id, self.arn)
    }
}

/// The keys in a good answer.
#[derive(Deserialize)]
struct Body {
    #[serde(rename = "Credentials")]
    credentials: Document,
}

impl Sts {
    /// `region` is a profile's.
    pub(super) fn new(machine: &Machine<'_>, region: Option<&str>) -> Result<Self> {
        let env = machine.env;
        let endpoint = if let Some(endpoint) = env.get(ENDPOINT) {
            parse_endpoint(endpoint).context(ENDPOINT)?
        } else {
            let vpc = if env.is_true("ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED") { "-vpc" } else { "" };
            match region.or_else(|| env.get("ALIBABA_CLOUD_STS_REGION")) {
                Some(region) if !is_label(region) => {
                    let message = format!(
                        "the region of STS is {region:?}, which is none: it looks like cn-hangzhou"
                    );
                    return Err(fail(Failure::Usage, message));
                }
                Some(region) => parse_endpoint(&format!("sts{vpc}.{region}.aliyuncs.com"))?,
                None => parse_endpoint("sts.aliyuncs.com")?,
            }
        };
        let gateway = Gateway { endpoint, version: VERSION, signature: Signature::V3 };
        Ok(Self { api: Api::new(machine.session, "Alibaba Cloud STS"), gateway })
    }

    #[cfg(test)]
    pub(super) fn endpoint(&self) -> &str {
        &self.gateway.endpoint
    }

    /// Assumes `role` as the holder of `keys`.
    pub(super) fn assume_role(&self, role: &Role<'_>, keys: &Keys) -> Result<Keys> {
        let action = "AssumeRole";
        self.keys(action, keys, || self.gateway.call(action, &role.params(), keys))
    }

    /// Assumes `role` as whom `token` says. Nothing is signed, and the token goes into the body: a URL ends up in
    /// the logs of proxies.
    pub(super) fn assume_role_with_oidc(
        &self,
        role: &Role<'_>,
        provider: &str,
        token: &Secret,
    ) -> Result<Keys> {
        let action = "AssumeRoleWithOIDC";
        let make = || {
            let now = Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true);
            let query = [
                pair("Action", action),
                pair("Format", "JSON"),
                pair("Timestamp", &now),
                pair("Version", VERSION),
            ];
            let mut form = role.params();
            form.extend([pair("OIDCProviderArn", provider), pair("OIDCToken", token.expose())]);
            let url = format!("{}/?{}", self.gateway.endpoint, acs3::query_string(&query));
            Ok(Call::new("POST", url)
                .header("accept", "application/json")
                .header("content-type", "application/x-www-form-urlencoded")
                .body(acs3::query_string(&form)))
        };
        let told = Keys {
            access_key_id: String::new(),
            secret_access_key: Secret::new(""),
            session_token: Some(token.clone()),
        };
        self.keys(action, &told, make)
    }

    /// Whose `keys` are. It is free, and needs no permission.
    pub(super) fn caller_identity(&self, keys: &Keys) -> Result<Caller> {
        let action = "GetCallerIdentity";
        let answer = self.call(action, keys, || self.gateway.call(action, &[], keys))?;
        serde_json::from_slice(&answer.body)
            .map_err(|error| not_understood(action, &error.to_string()))
    }

    /// `secrets` is what a refusal may echo.
    fn call(
        &self,
        action: &str,
        secrets: &Keys,
        make: impl Fn() -> Result<Call>,
    ) -> Result<Answer> {
        let judge = |answer: &Answer| match answer.status {
            200 => Verdict::Good,
            _ => gateway::refusal(answer, secrets, meaning),
        };
        self.api.call(action, make, judge)
    }

    fn keys(&self, action: &str, secrets: &Keys, make: impl Fn() -> Result<Call>) -> Result<Keys> {
        let answer = self.call(action, secrets, make)?;
        // What serde says of a wrong type would show it.
        let body: Result<Body, _> = serde_json::from_slice(&answer.body);
        let document = body.map_err(|_| "it holds no credentials".to_owned());
        let keys = document.and_then(|body| Ok((body.credentials.keys()?, body.credentials)));
        let (keys, document) = keys.map_err(|reason| not_understood(action, &reason))?;
        issued::unexpired("Alibaba Cloud STS", document.expiration.as_deref())?;
        Ok(keys)
    }
}

fn not_understood(action: &str, reason: &str) -> anyhow::Error {
    let message = format!("Alibaba Cloud STS: {action}: the answer is not understood: {reason}");
    fail(Failure::Refused, message)
}

/// What a refusal of this service means: no keys, whatever the code.
fn meaning(code: &str) -> Option<(Failure, String)> {
    let advice = match code {
        "NoPermission" => {
            "the caller needs sts:AssumeRole on the role, and the role's trust policy must name the caller"
        }
        "AuthenticationFail.NoPermission" => {
            "the role's trust policy must allow this issuer, audience and service account"
        }
        "AuthenticationFail.OIDCToken.Expired" => "the platform must renew the token in the file",
        _ if code.starts_with("AuthenticationFail.OIDCToken") => {
            "the OIDC provider in RAM must match the token's issuer, audience and keys"
        }
        _ if code.starts_with("EntityNotExist") => "check the role's ARN",
        _ if code.starts_with("InvalidParameter") || code.starts_with("MissingParameter") => "",
        _ => return None,
    };
    Some((Failure::Credentials, advice.to_owned()))
}
