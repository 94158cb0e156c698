//! The token service: three calls, form in, XML out.
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html>

use super::{Machine, endpoint, issued, partition, refuse, scrubbed};
use crate::api::{self, Api, Verdict};
use crate::credentials::{Credentials, Keys};
use crate::exit::{Failure, fail};
use crate::http::{self, Answer, Call};
use crate::secret::Secret;
use crate::sign::{percent_encode, sigv4};
use crate::xml::Element;
use anyhow::Result;
use chrono::Utc;
use std::fmt;

const VERSION: &str = "2011-06-15";
const CONTENT_TYPE: &str = "application/x-www-form-urlencoded; charset=utf-8";
/// What `CloudTrail` shows beside the role when nobody names a session.
const SESSION_NAME: &str = "billing-pull";

/// A role to assume.
pub(super) struct Role<'a> {
    pub(super) arn: &'a str,
    pub(super) session_name: Option<&'a str>,
    pub(super) external_id: Option<&'a str>,
    pub(super) duration: Option<u32>,
}

impl Role<'_> {
    fn form(&self, action: &str, token: Option<&Secret>) -> String {
        let duration = self.duration.map(|seconds| seconds.to_string());
        let pairs = [
            ("Action", Some(action)),
            ("Version", Some(VERSION)),
            ("RoleArn", Some(self.arn)),
            ("RoleSessionName", Some(self.session_name.unwrap_or(SESSION_NAME))),
            ("ExternalId", self.external_id),
            ("DurationSeconds", duration.as_deref()),
            ("WebIdentityToken", token.map(Secret::expose)),
        ];
        let given = pairs.iter().filter_map(|(name, value)| Some((name, (*value)?)));
        let encoded = given.map(|(name, value)| format!("{name}={}", percent_encode(value)));
        encoded.collect::<Vec<_>>().join("&")
    }

    /// What `keys` are the credentials of. A role outside the common partition says where its bill is.
    pub(super) fn credentials(
        &self,
        keys: Keys,
        region: Option<&str>,
        origin: String,
    ) -> Credentials {
        let of_arn = || partition::of_arn(self.arn).map(|found| found.billing_region);
        Credentials {
            keys,
            account: partition::account_of(self.arn),
            region: region.or_else(of_arn).map(str::to_owned),
            origin,
        }
    }
}

/// The token service of one region.
pub(super) struct Sts {
    api: Api,
    url: String,
    region: String,
}

impl Sts {
    /// The one for a role: `region` is a profile's.
    pub(super) fn new(machine: &Machine<'_>, region: Option<&str>, arn: &str) -> Result<Self> {
        let region = partition::region(machine.env, region, arn)?;
        let host = format!("sts.{region}.{}", partition::of_region(&region).dns_suffix);
        let base = endpoint(machine.env, "AWS_ENDPOINT_URL_STS", &host)?;
        Ok(Self { api: Api::new(machine.session, "AWS STS"), url: format!("{base}/"), region })
    }

    /// Assumes `role` as the holder of `keys`.
    pub(super) fn assume_role(&self, role: &Role<'_>, keys: &Keys) -> Result<Keys> {
        let action = "AssumeRole";
        let answer = self.signed(action, &role.form(action, None), keys)?;
        issued_in(action, &answer)
    }

    /// Whose `keys` are. It is free, and no policy can forbid it.
    pub(super) fn caller_identity(&self, keys: &Keys) -> Result<Caller> {
        let action = "GetCallerIdentity";
        let answer = self.signed(action, &format!("Action={action}&Version={VERSION}"), keys)?;
        Caller::read(&answer).map_err(|reason| not_understood(action, &reason))
    }

    /// Assumes `role` as whom `token` says.
    pub(super) fn assume_role_with_web_identity(
        &self,
        role: &Role<'_>,
        token: &Secret,
    ) -> Result<Keys> {
        let action = "AssumeRoleWithWebIdentity";
        let body = role.form(action, Some(token));
        let answer = self.call(action, &body, &[token.expose()], Vec::new)?;
        issued_in(action, &answer)
    }

    fn signed(&self, action: &str, body: &str, keys: &Keys) -> Result<Answer> {
        let secrets: Vec<&str> = keys.texts().collect();
        let headers = || {
            let request = sigv4::Request {
                method: "POST",
                host: &http::host_header(&self.url),
                path: &http::path(&self.url),
                query: &[],
                headers: &[("content-type", CONTENT_TYPE)],
                body: body.as_bytes(),
                region: &self.region,
                service: "sts",
            };
            sigv4::sign(&request, keys, Utc::now())
        };
        self.call(action, body, &secrets, headers)
    }

    fn call(
        &self,
        action: &str,
        body: &str,
        secrets: &[&str],
        headers: impl Fn() -> Vec<(&'static str, String)>,
    ) -> Result<Answer> {
        let make = || {
            Ok(Call::new("POST", &self.url)
                .header("content-type", CONTENT_TYPE)
                .headers(headers())
                .body(body))
        };
        self.api.call(action, make, |answer| judge(answer, secrets))
    }
}

/// Whom keys belong to.
pub(super) struct Caller {
    account: String,
    arn: String,
}

impl Caller {
    fn read(answer: &Answer) -> Result<Self, String> {
        let document = Element::parse(&answer.body)?;
        let part = |name: &str| {
            let text = document.text_at(&["GetCallerIdentityResult", name]);
            text.map(str::to_owned).ok_or_else(|| format!("no {name} in it"))
        };
        Ok(Self { account: part("Account")?, arn: part("Arn")? })
    }
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "account {}, {}", self.account, self.arn)
    }
}

/// The keys in a good answer, which must not have ended.
fn issued_in(action: &str, answer: &Answer) -> Result<Keys> {
    let (keys, end) = read(answer).map_err(|reason| not_understood(action, &reason))?;
    issued::unexpired("AWS STS", Some(&end))?;
    Ok(keys)
}

fn not_understood(action: &str, reason: &str) -> anyhow::Error {
    let message = format!("AWS STS: {action}: the answer is not understood: {reason}");
    fail(Failure::Refused, message)
}

/// The keys in a good answer, and when they end. The error says what is missing and shows nothing of the rest.
fn read(answer: &Answer) -> Result<(Keys, String), String> {
    let document = Element::parse(&answer.body)?;
    let part = |name: &str| {
        document.text_at(&["Credentials", name]).ok_or_else(|| format!("no {name} in it"))
    };
    let (id, secret, token) =
        (part("AccessKeyId")?, part("SecretAccessKey")?, part("SessionToken")?);
    let keys = issued::keys(id, secret, Some(token))?;
    Ok((keys, part("Expiration")?.to_owned()))
}

fn judge(answer: &Answer, secrets: &[&str]) -> Verdict {
    if answer.status == 200 {
        return Verdict::Good;
    }
    let hidden = |text: &str| scrubbed(text, secrets.iter().copied());
    let document = Element::parse(&answer.body).unwrap_or_default();
    let part = |name: &str| document.text_at(&["Error", name]);
    let Some(code) = part("Code") else {
        let body = hidden(&String::from_utf8_lossy(&answer.body));
        let what = format!("status {}: {body}", answer.status);
        return if api::is_passing(answer.status) {
            Verdict::Again(what, None)
        } else {
            Verdict::Fatal(fail(Failure::Refused, format!("an answer not of STS: {what}")))
        };
    };
    let mut what = hidden(code);
    if let Some(message) = part("Message") {
        what = format!("{what}: {}", hidden(message));
    }
    if let Some(id) = answer.request_id().or_else(|| document.text_at(&["RequestId"])) {
        what = format!("{what} (request {})", hidden(id));
    }
    if api::is_passing(answer.status) || is_passing(code) {
        return Verdict::Again(what, None);
    }
    let clock = if depends_on_time(code) {
        api::clock_difference(answer, sigv4::CLOCK_ALLOWANCE)
    } else {
        None
    };
    match clock.or_else(|| advice(code).map(str::to_owned)) {
        Some(advice) => Verdict::Fatal(refuse(format!("{what}; {advice}"))),
        None => Verdict::Fatal(refuse(what)),
    }
}

/// Refusals that a wrong clock of ours brings about.
fn depends_on_time(code: &str) -> bool {
    matches!(code, "SignatureDoesNotMatch" | "RequestExpired")
}

/// Refusals with a 4xx status that pass, as the AWS SDKs have them.
fn is_passing(code: &str) -> bool {
    code.starts_with("Throttl")
        || matches!(
            code,
            "RequestLimitExceeded"
                | "RequestThrottled"
                | "RequestThrottledException"
                | "TooManyRequestsException"
                | "SlowDown"
                | "RequestTimeout"
                | "IDPCommunicationError"
        )
}

fn advice(code: &str) -> Option<&'static str> {
    Some(match code {
        "AccessDenied" => {
            "the caller needs sts:AssumeRole on the role, and the role's trust policy must name the caller"
        }
        "InvalidClientTokenId" | "UnrecognizedClientException" => {
            "the access key is unknown in this partition, or switched off: check the key and the region"
        }
        "SignatureDoesNotMatch" => "the secret access key does not belong to the access key id",
        "ExpiredToken" | "ExpiredTokenException" => "renew the token or the keys it came with",
        "InvalidIdentityToken" => {
            "the role's trust policy and the IAM identity provider must match the token's issuer and audience"
        }
        "RegionDisabledException" => {
            "activate STS for this region in the account, or set AWS_REGION to another"
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credentials::aws::Limits;
    use crate::credentials::testing::session;
    use crate::env::Env;

    #[test]
    fn the_host_is_of_region_and_partition() {
        let role = "arn:aws:iam::111122223333:role/x";
        let china = "arn:aws-cn:iam::111122223333:role/x";
        let cases = [
            ("", None, role, "sts.us-east-1.amazonaws.com"),
            ("", None, china, "sts.cn-northwest-1.amazonaws.com.cn"),
            ("", Some("cn-north-1"), china, "sts.cn-north-1.amazonaws.com.cn"),
            ("eu-west-1", Some("eu-west-3"), role, "sts.eu-west-1.amazonaws.com"),
            ("us-gov-east-1", None, role, "sts.us-gov-east-1.amazonaws.com"),
            ("eusc-de-east-1", None, role, "sts.eusc-de-east-1.amazonaws.eu"),
            ("us-iso-east-1", None, role, "sts.us-iso-east-1.c2s.ic.gov"),
            ("us-isob-east-1", None, role, "sts.us-isob-east-1.sc2s.sgov.gov"),
            ("eu-isoe-west-1", None, role, "sts.eu-isoe-west-1.cloud.adc-e.uk"),
            ("us-isof-south-1", None, role, "sts.us-isof-south-1.csp.hci.ic.gov"),
        ];
        let session = session();
        for (set, named, arn, host) in cases {
            let env = Env::from([("AWS_REGION", set)]);
            let machine = Machine { session: &session, env: &env, limits: Limits::default() };
            let sts = Sts::new(&machine, named, arn).unwrap();
            assert_eq!(sts.url, format!("https://{host}/"));
            assert!(host.contains(&sts.region), "{host}");
        }
    }

    #[test]
    fn a_form_holds_what_is_given() {
        let role = Role {
            arn: "arn:aws:iam::111122223333:role/a b",
            session_name: None,
            external_id: Some("x/y=z"),
            duration: Some(900),
        };
        assert_eq!(
            role.form("AssumeRole", None),
            "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Fa%20b\
             &RoleSessionName=billing-pull&ExternalId=x%2Fy%3Dz&DurationSeconds=900"
        );
        let role = Role { arn: "r", session_name: Some("s@t"), external_id: None, duration: None };
        assert_eq!(
            role.form("X", Some(&Secret::new("a.b+c"))),
            "Action=X&Version=2011-06-15&RoleArn=r&RoleSessionName=s%40t&WebIdentityToken=a.b%2Bc"
        );
    }
}
