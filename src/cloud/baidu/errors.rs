//! What the billing service's refusals mean: `{"code", "message", "requestId"}`, mostly with a status to match.
//! <https://cloud.baidu.com/doc/Finance/s/ujxedgvg5>

use crate::api::{Verdict, clock_difference, is_passing};
use crate::credentials::Keys;
use crate::exit::{Failure, fail};
use crate::http::Answer;
use crate::json::plain_text;
use crate::refusal::{Said, UNKNOWN_CODE, cut_json, describe, first_words};
use crate::sign::bce;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::cell::Cell;

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    #[serde(borrow)]
    code: Option<&'a RawValue>,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
    #[serde(borrow)]
    request_id: Option<&'a RawValue>,
}

/// Good, worth another try, or final with what the user can do. `expired` remembers within one call whether the
/// service called the request too old before: a request that was signed anew and is still too old means that
/// the clock is wrong.
pub(super) fn judge(answer: &Answer, keys: &Keys, expired: &Cell<bool>) -> Verdict {
    if let Some(cut) = cut_json(answer).filter(|_| answer.status == 200) {
        return Verdict::Again(cut, None);
    }
    let body: Body<'_> = serde_json::from_slice(&answer.body).unwrap_or_default();
    let [code, message, id] = [body.code, body.message, body.request_id]
        .map(|value| value.map(plain_text).unwrap_or_default());
    if answer.status == 200 && code.is_empty() {
        return Verdict::Good;
    }
    let told = if code.contains("Signature") || code == "InvalidHTTPAuthHeader" {
        first_words(&message)
    } else {
        &message
    };
    let said = Said { code: &code, message: told, request_id: &id };
    let said = describe("Baidu AI Cloud", said, answer, keys);
    let young = code == "RequestExpired" && !expired.replace(true);
    if young || is_busy(&code) || is_passing(answer.status) {
        return Verdict::Again(said, None);
    }
    let (kind, hint) = meaning(&code, answer);
    Verdict::Fatal(fail(kind, if hint.is_empty() { said } else { format!("{said}: {hint}") }))
}

/// What a service over its limit says is not published; these are the codes that its SDKs know. `Http400` is
/// the gateway's, and passes by itself.
fn is_busy(code: &str) -> bool {
    matches!(code, "InternalError" | "TooManyRequests" | "Http400")
        || code.contains("RequestLimitExceeded")
}

fn meaning(code: &str, answer: &Answer) -> (Failure, String) {
    use Failure::{Credentials, Refused};
    let clock = |otherwise: &str| {
        clock_difference(answer, bce::CLOCK_ALLOWANCE).unwrap_or_else(|| otherwise.to_owned())
    };
    match code {
        "RequestExpired" => (
            Credentials,
            clock(
                "this machine's clock is too far off (set it right, NTP), or requests are held up for long",
            ),
        ),
        "AccessDenied" => (
            Credentials,
            "allow this user FCFullControlPolicy or administration; \
             --query-account-id is for the master account of an enterprise organization"
                .into(),
        ),
        "QualifyNotPass" => (
            Credentials,
            "the account has not passed real-name verification: complete it in the console".into(),
        ),
        "OptInRequired" => {
            (Credentials, "the account has not opened this service: open it in the console".into())
        }
        "InvalidAccessKeyId" => (Credentials, "the access key id is unknown or disabled".into()),
        "SignatureDoesNotMatch" => {
            (Credentials, clock("the secret access key does not belong to this access key id"))
        }
        "InvalidHTTPAuthHeader" => (Credentials, clock("the credentials were not accepted")),
        "InvalidHTTPRequest" | "InappropriateJSON" | "MalformedJSON" => {
            (Refused, "check --date, --service-type and --query-account-id".into())
        }
        "InvalidVersion" | "InvalidURI" => {
            (Refused, "is the endpoint that of Baidu's billing service?".into())
        }
        // Its own mark says that the answer is the service's, and not that of a proxy in between.
        _ if matches!(answer.status, 401 | 403) && answer.header("x-bce-request-id").is_some() => {
            (Credentials, "the service does not allow this to these credentials".into())
        }
        "" => (
            Refused,
            "a proxy in between, or an endpoint that is not Baidu's billing service?".into(),
        ),
        _ => (Refused, UNKNOWN_CODE.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::kind_of;
    use crate::secret::Secret;

    const ID: &str = "d4591fcf-025b-46bc-81eb-91ddda4e27bc";

    /// The kind of a final verdict, and what is said. `None` is good or worth another try.
    fn verdict(answer: &Answer, expired: &Cell<bool>) -> (Option<Failure>, String) {
        let keys = Keys {
            access_key_id: "ALTAKEXAMPLE".into(),
            secret_access_key: Secret::new("exampleexample"),
            session_token: Some(Secret::new("TOKENTOKEN")),
        };
        match judge(answer, &keys, expired) {
            Verdict::Good => (None, "good".into()),
            Verdict::Again(reason, _) => (None, format!("again: {reason}")),
            Verdict::Fatal(error) => (Some(kind_of(&error)), format!("{error:#}")),
        }
    }

    fn refusal(code: &str, message: &str) -> String {
        serde_json::json!({"code": code, "message": message, "requestId": ID}).to_string()
    }

    #[test]
    fn refusals_by_code_and_status() {
        use Failure::{Credentials, Refused};
        let table = [
            (403, "AccessDenied", "Access denied.", Some(Credentials), "FCFullControlPolicy"),
            (
                403,
                "InvalidAccessKeyId",
                "The Access Key ID you provided does not exist in our records.",
                Some(Credentials),
                "unknown or disabled",
            ),
            (
                403,
                "QualifyNotPass",
                "The User has not pass qualify.",
                Some(Credentials),
                "real-name verification",
            ),
            (
                403,
                "OptInRequired",
                "A subscription for the service is required.",
                Some(Credentials),
                "open it in the console",
            ),
            (
                400,
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided. Check your Secret Access Key and signing method. Consult the service documentation for details.",
                Some(Credentials),
                "does not match the signature you provided, request id",
            ),
            (
                400,
                "InvalidHTTPAuthHeader",
                "The HTTP authorization header is invalid. Consult the service documentation for details.",
                Some(Credentials),
                "not accepted",
            ),
            (
                400,
                "InvalidHTTPRequest",
                "The specified parameter queryAccountId is invalid!",
                Some(Refused),
                "queryAccountId is invalid!",
            ),
            (400, "InappropriateJSON", "x", Some(Refused), "check --date"),
            (400, "MalformedJSON", "x", Some(Refused), "check --date"),
            (400, "InvalidURI", "x", Some(Refused), "is the endpoint"),
            (
                404,
                "InvalidVersion",
                "The API version specified was invalid.",
                Some(Refused),
                "is the endpoint",
            ),
            (412, "PreconditionFailed", "x", Some(Refused), "PreconditionFailed (HTTP 412)"),
            (400, "Whatever", "x", Some(Refused), "Whatever (HTTP 400): x"),
            (
                500,
                "InternalError",
                "We encountered an internal error. Please try again.",
                None,
                "again: InternalError",
            ),
            (400, "Http400", "x", None, "again: Http400"),
            (400, "BillingRequestLimitExceeded", "x", None, "again: BillingRequest"),
            (400, "TooManyRequests", "x", None, "again: TooMany"),
            (429, "Whatever", "x", None, "again: Whatever (HTTP 429)"),
            (503, "Whatever", "x", None, "again: Whatever (HTTP 503)"),
            (200, "AccessDenied", "Access denied.", Some(Credentials), "AccessDenied (HTTP 200)"),
            (200, "InternalError", "x", None, "again: InternalError (HTTP 200)"),
            (200, "Whatever", "x", Some(Refused), "Whatever (HTTP 200)"),
        ];
        for (status, code, message, kind, needle) in table {
            let answer = Answer::of(status, &[], &refusal(code, message));
            let (got, text) = verdict(&answer, &Cell::default());
            assert_eq!(got, kind, "{status} {code}");
            assert!(text.contains(needle) && text.contains(ID), "{status} {code}: {text}");
        }
    }

    #[test]
    fn answers_that_are_none_of_the_services() {
        use Failure::{Credentials, Refused};
        let ours = [("x-bce-request-id", ID)].as_slice();
        let table = [
            (200, [].as_slice(), r#"{"bills":[],"totalCount":0}"#, None, "good"),
            (200, &[], r#"{"code":null,"bills":[]}"#, None, "good"),
            (200, &[], "<html>Login</html>", None, "good"),
            (403, &[], "<html>Blocked</html>", Some(Refused), "a proxy in between"),
            (403, ours, "", Some(Credentials), "does not allow this"),
            (302, &[], "", Some(Refused), "HTTP 302"),
            (502, &[], "<html>", None, "again: HTTP 502"),
            (503, ours, "", None, "again: HTTP 503"),
            (429, &[], "[]", None, "again: HTTP 429"),
        ];
        for (status, headers, body, kind, needle) in table {
            let (got, text) = verdict(&Answer::of(status, headers, body), &Cell::default());
            assert_eq!(got, kind, "{status} {body}");
            assert!(text.contains(needle), "{status} {body}: {text}");
        }
    }

    #[test]
    fn a_request_that_expires_twice_is_the_clock() {
        let date = (chrono::Utc::now() - chrono::TimeDelta::minutes(45)).to_rfc2822();
        let body = refusal(
            "RequestExpired",
            "Request has expired. Timestamp date is 2026-03-02T01:02:03Z.",
        );
        let (answer, expired) = (Answer::of(400, &[("Date", &date)], &body), Cell::default());
        let (kind, text) = verdict(&answer, &expired);
        assert!(kind.is_none() && text.starts_with("again: RequestExpired"), "{text}");
        let (kind, text) = verdict(&answer, &expired);
        assert_eq!(kind, Some(Failure::Credentials));
        assert!(text.contains("s ahead of the service's: set it right"), "{text}");
        let (kind, text) = verdict(&Answer::of(400, &[], &body), &expired);
        assert_eq!(kind, Some(Failure::Credentials));
        assert!(text.contains("clock is too far off"), "{text}");
    }

    #[test]
    fn what_the_service_echoes_is_not_shown() {
        for (code, message) in [
            (
                "SignatureDoesNotMatch",
                "The signature does not match. GET\n/v1\nhost:x\nx-bce-security-token:TOKENTOKEN",
            ),
            (
                "InvalidHTTPAuthHeader",
                "The header is invalid: bce-auth-v1/ALTAKEXAMPLE/2026/1800//abcdef0123",
            ),
            ("AccessDenied", "ALTAKEXAMPLE may not, whatever its token TOKENTOKEN"),
        ] {
            let (_, text) =
                verdict(&Answer::of(400, &[], &refusal(code, message)), &Cell::default());
            for hidden in ["ALTAKEXAMPLE", "TOKEN", "abcdef"] {
                assert!(!text.contains(hidden), "{text}");
            }
        }
    }
}
