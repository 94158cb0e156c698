//! What Cost Explorer's refusals mean. Nearly all come as HTTP 400 with `__type` and either `message` or
//! `Message`; the content type says nothing.

use crate::api::{Verdict, clock_difference, is_passing};
use crate::credentials::Keys;
use crate::exit::{Failure, fail};
use crate::http::Answer;
use crate::refusal::{Said, UNKNOWN_CODE, cut_json, describe, first_words};
use crate::sign::sigv4;
use serde::Deserialize;

/// The least that a user or role needs.
const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ce:GetCostAndUsage","Resource":"*"}]}"#;

#[derive(Deserialize)]
struct Body {
    #[serde(rename = "__type")]
    kind: Option<String>,
    #[serde(alias = "Message")]
    message: Option<String>,
}

/// Good, worth another try, or final with what the user can do.
pub(super) fn judge(answer: &Answer, keys: &Keys) -> Verdict {
    if answer.status == 200 {
        return cut_json(answer).map_or(Verdict::Good, |cut| Verdict::Again(cut, None));
    }
    let body: Option<Body> = serde_json::from_slice(&answer.body).ok();
    let (code, message) = match body {
        Some(body) => {
            (short(&body.kind.unwrap_or_default()).to_owned(), body.message.unwrap_or_default())
        }
        None => (String::new(), String::new()),
    };
    let told = if is_about_signature(&code) { first_words(&message) } else { &message };
    let said = Said { code: &code, message: told, ..Said::default() };
    let said = describe("AWS", said, answer, keys);
    if is_throttling(&code) || is_passing(answer.status) {
        return Verdict::Again(said, None);
    }
    let (kind, hint) = meaning(&code, &message, answer);
    Verdict::Fatal(fail(kind, if hint.is_empty() { said } else { format!("{said}: {hint}") }))
}

fn is_throttling(code: &str) -> bool {
    matches!(
        code,
        "LimitExceededException"
            | "ThrottlingException"
            | "Throttling"
            | "TooManyRequestsException"
            | "RequestLimitExceeded"
    )
}

/// `com.amazon#X:http://...` as `X`.
fn short(kind: &str) -> &str {
    let kind = kind.rsplit_once('#').map_or(kind, |(_, kind)| kind);
    kind.split(':').next().unwrap_or_default()
}

fn is_about_signature(code: &str) -> bool {
    code.contains("Signature") || code == "MissingAuthenticationTokenException"
}

fn meaning(code: &str, message: &str, answer: &Answer) -> (Failure, String) {
    let clock = || clock_difference(answer, sigv4::CLOCK_ALLOWANCE);
    let expired =
        message.contains("Signature expired") || message.contains("Signature not yet current");
    match code {
        "AccessDeniedException" | "AccessDenied" if message.contains("not enabled for cost explorer") => (
            Failure::Credentials,
            "open Cost Explorer once in the billing console (its data is there after about 24 hours); \
             for a member account the payer must allow linked account access"
                .into(),
        ),
        "AccessDeniedException" | "AccessDenied" | "NotAuthorizedException" => (
            Failure::Credentials,
            format!("allow ce:GetCostAndUsage on * to this user or role: {POLICY}"),
        ),
        "InvalidSignatureException" | "SignatureDoesNotMatch" => (
            Failure::Credentials,
            clock().unwrap_or_else(|| {
                if expired {
                    "this machine's clock is too far off: set it right (NTP)".into()
                } else {
                    "the secret access key does not belong to this access key id".into()
                }
            }),
        ),
        "RequestExpired" | "RequestTimeTooSkewed" => (
            Failure::Credentials,
            clock().unwrap_or_else(|| "this machine's clock is too far off: set it right (NTP)".into()),
        ),
        "UnrecognizedClientException" | "InvalidClientTokenId" => (
            Failure::Credentials,
            "the access key id is unknown, disabled, or of another partition than the endpoint's".into(),
        ),
        "ExpiredTokenException" | "ExpiredToken" => {
            (Failure::Credentials, "the temporary credentials have expired: get new ones".into())
        }
        "MissingAuthenticationTokenException" | "IncompleteSignatureException" | "OptInRequired" => (
            Failure::Credentials,
            clock().unwrap_or_else(|| "the credentials were not accepted".into()),
        ),
        "DataUnavailableException" => (
            Failure::Refused,
            "Cost Explorer has no data for this time yet: it takes about 24 hours after it is first opened".into(),
        ),
        "InvalidNextTokenException" | "RequestChangedException" | "BillExpirationException" => (
            Failure::Unavailable,
            "the bill changed while it was read: run again (each page costs $0.01 again)".into(),
        ),
        "ValidationException" => (
            Failure::Refused,
            "check --date, --metric, --group-by and --filter; refused requests are not billed".into(),
        ),
        "" => (Failure::Refused, "a proxy in between, or an endpoint that is not Cost Explorer's?".into()),
        _ => (Failure::Refused, UNKNOWN_CODE.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::kind_of;
    use crate::secret::Secret;

    fn verdict(status: u16, headers: &[(&str, &str)], body: &str) -> (Option<Failure>, String) {
        let keys = Keys {
            access_key_id: "AKIDEXAMPLE".into(),
            secret_access_key: Secret::new("wJalr"),
            session_token: Some(Secret::new("TOKENTOKEN")),
        };
        match judge(&Answer::of(status, headers, body), &keys) {
            Verdict::Good => (None, "good".into()),
            Verdict::Again(reason, _) => (None, format!("again: {reason}")),
            Verdict::Fatal(error) => (Some(kind_of(&error)), format!("{error:#}")),
        }
    }

    #[test]
    fn refusals_by_code() {
        use Failure::{Credentials, Refused, Unavailable};
        let table = [
            (
                400,
                r#"{"__type":"LimitExceededException","Message":"Rate limit exceeded"}"#,
                None,
                "again: LimitExceeded",
            ),
            (
                400,
                r#"{"__type":"aws.api#ThrottlingException","message":"Rate exceeded"}"#,
                None,
                "again: Throttling",
            ),
            (503, "", None, "again: HTTP 503"),
            (500, "<html>", None, "again: HTTP 500"),
            (429, "{}", None, "again: HTTP 429"),
            (
                400,
                r#"{"__type":"AccessDeniedException","Message":"User not enabled for cost explorer access"}"#,
                Some(Credentials),
                "open Cost Explorer once",
            ),
            (
                400,
                r#"{"__type":"AccessDeniedException","Message":"User: arn is not authorized to perform: ce:GetCostAndUsage"}"#,
                Some(Credentials),
                "allow ce:GetCostAndUsage on * to this user or role: {\"Version\"",
            ),
            (
                400,
                r#"{"__type":"UnrecognizedClientException","message":"The security token included in the request is invalid."}"#,
                Some(Credentials),
                "access key id is unknown",
            ),
            (
                400,
                r#"{"__type":"ExpiredTokenException","message":"x"}"#,
                Some(Credentials),
                "have expired",
            ),
            (
                400,
                r#"{"__type":"InvalidSignatureException","message":"Signature expired: 20220614T070555Z is now earlier than 20220614T080000Z"}"#,
                Some(Credentials),
                "clock is too far off",
            ),
            (
                400,
                r#"{"__type":"DataUnavailableException","Message":"Data is not available."}"#,
                Some(Refused),
                "about 24 hours",
            ),
            (
                400,
                r#"{"__type":"ValidationException","Message":"Group Definition type is invalid."}"#,
                Some(Refused),
                "--group-by",
            ),
            (
                400,
                r#"{"__type":"RequestChangedException","Message":"x"}"#,
                Some(Unavailable),
                "run again",
            ),
            (400, "<html><h1>Blocked</h1>", Some(Refused), "a proxy in between"),
            (302, "", Some(Refused), "HTTP 302"),
        ];
        for (status, body, kind, needle) in table {
            let (got, text) = verdict(status, &[("x-amzn-RequestId", "R-1")], body);
            assert_eq!(got, kind, "{body}");
            assert!(text.contains(needle) && text.contains("R-1"), "{body}: {text}");
        }
    }

    #[test]
    fn what_the_service_echoes_is_not_shown() {
        let body = r#"{"__type":"InvalidSignatureException","message":"The request signature we calculated does not match the signature you provided. Check your key.\n\nThe Canonical String for this request should have been\n'POST\n/\n\nhost:x\nx-amz-security-token:TOKENTOKEN\n'"}"#;
        let (_, text) = verdict(403, &[], body);
        assert!(
            text.contains("does not match")
                && !text.contains("TOKEN")
                && !text.contains("Canonical"),
            "{text}"
        );
        let body =
            r#"{"__type":"AccessDeniedException","message":"key AKIDEXAMPLE token TOKENTOKEN"}"#;
        let (_, text) = verdict(403, &[], body);
        assert!(!text.contains("AKIDEXAMPLE") && !text.contains("TOKENTOKEN"), "{text}");
    }

    #[test]
    fn the_clock_difference_is_said() {
        let date = (chrono::Utc::now() + chrono::TimeDelta::minutes(20)).to_rfc2822();
        let body = r#"{"__type":"InvalidSignatureException","message":"Signature expired: x is now earlier than y"}"#;
        let (_, text) = verdict(403, &[("Date", &date)], body);
        assert!(text.contains("s behind the service's"), "{text}");
    }
}
