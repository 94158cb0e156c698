//! What every API of Alibaba Cloud shares: one gateway takes the calls, checks their signatures and words their
//! refusals. The billing API and the token service are both behind it.
//! <https://www.alibabacloud.com/help/en/sdk/product-overview/request-structure-of-rpc-style>

use crate::api::{Verdict, clock_difference, is_passing};
use crate::credentials::Keys;
use crate::exit::{Failure, fail};
use crate::http::{self, Answer, Call};
use crate::refusal::{Said, UNKNOWN_CODE, describe, first_words};
use crate::sign::{self, acs3, rpc};
use anyhow::Result;
use chrono::Utc;
use serde::Deserialize;

/// How a request is signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Signature {
    /// ACS3-HMAC-SHA256: keys and tokens stay out of the URL
    #[default]
    V3,
    /// HMAC-SHA1, which the vendor no longer recommends
    V1,
}

/// One API behind the gateway.
#[derive(Clone, Debug)]
pub(crate) struct Gateway {
    /// Without a slash at its end.
    pub(crate) endpoint: String,
    /// The version of the API, a date.
    pub(crate) version: &'static str,
    /// How its requests are signed.
    pub(crate) signature: Signature,
}

impl Gateway {
    /// A call of `action`, signed now: every try needs a time and a nonce of its own. Parameters go into the query
    /// and the body stays empty, as the vendor's SDKs have it.
    pub(crate) fn call(
        &self,
        action: &str,
        params: &[(String, String)],
        keys: &Keys,
    ) -> Result<Call> {
        const METHOD: &str = "POST";
        let (now, nonce) = (Utc::now(), sign::nonce()?);
        let (query, headers) = match self.signature {
            Signature::V3 => {
                let request = acs3::Request {
                    method: METHOD,
                    host: &http::host_header(&self.endpoint),
                    action,
                    version: self.version,
                    query: params,
                    content_type: None,
                    body: &[],
                };
                (acs3::query_string(params), acs3::sign(&request, keys, now, &nonce))
            }
            Signature::V1 => {
                (rpc::sign(METHOD, action, self.version, params, keys, now, &nonce), Vec::new())
            }
        };
        Ok(Call::new(METHOD, format!("{}/?{query}", self.endpoint)).headers(headers))
    }
}

/// The body of a refusal.
#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Body {
    code: String,
    message: String,
    request_id: String,
}

/// What a refusal means: worth another try, or final with what the user can do. `hint` knows the codes of one
/// API; those of the gateway itself are known here. Codes come before statuses: nearly all refusals are 400.
pub(crate) fn refusal(
    answer: &Answer,
    keys: &Keys,
    hint: impl Fn(&str) -> Option<(Failure, String)>,
) -> Verdict {
    let body: Body = serde_json::from_slice(&answer.body).unwrap_or_default();
    let code = body.code.as_str();
    let echoes = code.contains("Signature") && !code.contains("Nonce");
    let message = if echoes { first_words(&body.message) } else { &body.message };
    let said = Said { code, message, request_id: &body.request_id };
    let said = describe("Alibaba Cloud", said, answer, keys);
    if is_passing(answer.status) || passes(code) {
        return Verdict::Again(said, None);
    }
    let (kind, hint) = hint(code).unwrap_or_else(|| meaning(code, answer));
    Verdict::Fatal(fail(kind, if hint.is_empty() { said } else { format!("{said}: {hint}") }))
}

/// Codes that pass by themselves, whatever the status. A nonce is used twice when something in between sends a
/// request again: the next try has a new one.
fn passes(code: &str) -> bool {
    let is =
        |name: &str| code == name || code.strip_prefix(name).is_some_and(|c| c.starts_with('.'));
    ["Throttling", "InternalError", "UnknownError", "UndefinedError", "ServiceUnavailable"]
        .into_iter()
        .any(is)
        || code == "SignatureNonceUsed"
}

fn meaning(code: &str, answer: &Answer) -> (Failure, String) {
    let clock = || clock_difference(answer, acs3::CLOCK_ALLOWANCE);
    let (kind, hint) = match code {
        "InvalidAccessKeyId.NotFound" | "InvalidAccessKeyId" => (
            Failure::Credentials,
            "the access key id is unknown: check it, and that it belongs to this site (China or international)",
        ),
        "InvalidAccessKeyId.Inactive" => (
            Failure::Credentials,
            "the access key is disabled: enable it in the RAM console or use another",
        ),
        "InvalidTimeStamp.Expired" => {
            let unknown = || "this machine's clock is too far off: set it right (NTP)".to_owned();
            return (Failure::Credentials, clock().unwrap_or_else(unknown));
        }
        "InvalidApi.NotFound" | "InvalidVersion" => (
            Failure::Refused,
            "the endpoint does not know this call: is it that of Alibaba Cloud's API?",
        ),
        "InvalidProtocol.NeedSsl" => (Failure::Refused, "the endpoint wants https"),
        "InvalidProduct.NotFound" => (Failure::Refused, "the endpoint is that of another product"),
        _ if code.starts_with("InvalidSecurityToken")
            || code.starts_with("MissingSecurityToken") =>
        {
            (
                Failure::Credentials,
                "the temporary credentials have expired or belong to another key: get new ones",
            )
        }
        _ if code.contains("Signature") => {
            let wrong = || "the access key secret does not belong to this access key id".to_owned();
            return (Failure::Credentials, clock().unwrap_or_else(wrong));
        }
        "NotAuthorized" | "NoPermission" => {
            (Failure::Credentials, "this user or role may not make the call")
        }
        _ if code.starts_with("AuthenticationFail") => (Failure::Credentials, ""),
        "" => (Failure::Refused, "a proxy in between, or an endpoint that is not Alibaba Cloud's?"),
        _ => (Failure::Refused, UNKNOWN_CODE),
    };
    (kind, hint.to_owned())
}
