//! What the refusals of OSS mean. They come as XML: `<Error><Code>..</Code><Message>..</Message>..`.
//! <https://www.alibabacloud.com/help/en/oss/support/http-status-code-reference>

use super::bucket;
use super::store::SERVICE;
use crate::api::{Verdict, clock_difference, is_passing};
use crate::credentials::Keys;
use crate::exit::{Failure, fail};
use crate::http::Answer;
use crate::refusal::{Said, UNKNOWN_CODE, describe};
use crate::sign::oss4;
use crate::xml::Element;

/// What was asked, for a hint that names what to allow.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) bucket: &'a str,
    /// None for a listing.
    pub(super) key: Option<&'a str>,
}

impl Asked<'_> {
    fn permission(&self) -> String {
        let bucket = self.bucket;
        match self.key {
            None => format!(
                "allow oss:ListObjects on acs:oss:*:*:{bucket} to this user or role: {}",
                self.policy()
            ),
            Some(_) => format!(
                "allow oss:GetObject on acs:oss:*:*:{bucket}/* to this user or role: {}",
                self.policy()
            ),
        }
    }

    /// The least that a user or role needs for a pull.
    fn policy(&self) -> String {
        let bucket = self.bucket;
        format!(
            r#"{{"Version":"1","Statement":[{{"Effect":"Allow","Action":"oss:ListObjects","Resource":"acs:oss:*:*:{bucket}"}},{{"Effect":"Allow","Action":"oss:GetObject","Resource":"acs:oss:*:*:{bucket}/*"}}]}}"#
        )
    }
}

/// Worth another try, or final with what the user can do. For any answer that is not what was asked for.
pub(super) fn judge(answer: &Answer, asked: Asked<'_>, keys: &Keys) -> Verdict {
    let error = Element::parse(&answer.body).ok().filter(|root| root.name == "Error");
    let text = |name: &str| error.as_ref().and_then(|error| error.text_of(name));
    let code = text("Code").unwrap_or_default();
    let message = text("Message").unwrap_or_default();
    let said = Said { code, message, request_id: text("RequestId").unwrap_or_default() };
    let said = describe(SERVICE, said, answer, keys);
    if is_passing(answer.status) {
        return Verdict::Again(said, None);
    }
    let (kind, hint) = meaning(code, text("Endpoint"), answer, asked);
    Verdict::Fatal(fail(kind, if hint.is_empty() { said } else { format!("{said}: {hint}") }))
}

fn meaning(
    code: &str,
    endpoint: Option<&str>,
    answer: &Answer,
    asked: Asked<'_>,
) -> (Failure, String) {
    let Asked { bucket, key } = asked;
    match (code, endpoint) {
        ("AccessDenied" | "SecondLevelDomainForbidden", Some(endpoint)) => {
            let region = bucket::region_in_answer(endpoint);
            let region = region.map(|r| format!("--region {r} or ")).unwrap_or_default();
            let hint = format!("the bucket lives elsewhere: use {region}--endpoint {endpoint}");
            (Failure::Refused, hint)
        }
        ("AccessDenied", None) => (Failure::Credentials, asked.permission()),
        ("InvalidAccessKeyId", _) => {
            (Failure::Credentials, "the access key id is unknown or disabled".into())
        }
        ("SignatureDoesNotMatch", _) => (
            Failure::Credentials,
            clock_difference(answer, oss4::CLOCK_ALLOWANCE).unwrap_or_else(|| {
                "the secret does not belong to this access key id, or --region is not the bucket's"
                    .into()
            }),
        ),
        ("RequestTimeTooSkewed", _) => (
            Failure::Credentials,
            clock_difference(answer, oss4::CLOCK_ALLOWANCE).unwrap_or_else(|| {
                "this machine's clock is more than 15 minutes off: set it right (NTP)".into()
            }),
        ),
        ("InvalidSecurityToken" | "SecurityTokenExpired" | "InvalidToken", _) => (
            Failure::Credentials,
            "the temporary credentials have expired or belong to another key: get new ones".into(),
        ),
        ("NoSuchBucket", _) => (
            Failure::Refused,
            format!("there is no bucket {bucket:?}: check --bucket and the account of these keys"),
        ),
        ("NoSuchKey", _) => (
            Failure::Unavailable,
            format!("{:?} was removed while the bill was read: run again", key.unwrap_or_default()),
        ),
        _ if matches!(answer.status, 412 | 416) => {
            (Failure::Unavailable, "the file was replaced while it was read: run again".into())
        }
        ("InvalidObjectState", _) => (
            Failure::Refused,
            "the file is archived: restore it first, or keep bills in the standard storage class"
                .into(),
        ),
        ("UserDisable", _) => (
            Failure::Refused,
            "OSS is closed to this account: check that it has no overdue payment".into(),
        ),
        ("", _) => {
            (Failure::Refused, "a proxy in between, or an endpoint that is not one of OSS?".into())
        }
        _ => (Failure::Refused, UNKNOWN_CODE.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::kind_of;
    use crate::secret::Secret;

    fn verdict(
        status: u16,
        headers: &[(&str, &str)],
        body: &str,
        key: Option<&str>,
    ) -> (Option<Failure>, String) {
        let keys = Keys {
            access_key_id: "LTAI5tFakeKeyIdForTests1".into(),
            secret_access_key: Secret::new("fakeSecret"),
            session_token: Some(Secret::new("CAIStoken")),
        };
        let asked = Asked { bucket: "billing-bucket", key };
        match judge(&Answer::of(status, headers, body), asked, &keys) {
            Verdict::Good => (None, "good".into()),
            Verdict::Again(reason, _) => (None, format!("again: {reason}")),
            Verdict::Fatal(error) => (Some(kind_of(&error)), format!("{error:#}")),
        }
    }

    /// The observed and documented bodies, each with its class.
    #[test]
    fn recorded_refusals() {
        use Failure::{Credentials, Refused, Unavailable};
        let file: serde_json::Value =
            serde_json::from_str(include_str!("../../../tests/vectors/alicloud-errors.json"))
                .unwrap();
        let cases =
            file["errors"].as_array().unwrap().iter().filter(|case| case["service"] == "oss");
        let mut seen = 0;
        for case in cases {
            let (kind, needle) = match case["name"].as_str().unwrap() {
                "oss-wrong-endpoint" => {
                    (Refused, "use --region cn-beijing or --endpoint oss-cn-beijing.aliyuncs.com")
                }
                "oss-access-denied" => {
                    (Credentials, "allow oss:ListObjects on acs:oss:*:*:billing-bucket")
                }
                "oss-wrong-key-id" => (Credentials, "unknown or disabled"),
                "oss-signature-mismatch" => (Credentials, "does not belong to this access key id"),
                "oss-clock-skew" => (Credentials, "clock is more than 15 minutes off"),
                "oss-token-invalid" => (Credentials, "get new ones"),
                "oss-no-such-bucket" => (Refused, "there is no bucket \"billing-bucket\""),
                "oss-no-such-key" => (Unavailable, "removed while the bill was read"),
                other => panic!("{other}"),
            };
            let status = u16::try_from(case["http_status"].as_u64().unwrap()).unwrap();
            let body = case["body"].as_str().unwrap();
            let (got, text) = verdict(status, &[], body, None);
            assert_eq!(got, Some(kind), "{text}");
            assert!(text.contains(needle), "{text}");
            assert!(text.contains("5A603C11F1C42E8EF6CE2631"), "{text}");
            for secret in ["LTAI5t", "y5H7yzPsA", "billing-bucket/\n"] {
                assert!(!text.contains(secret), "{text}");
            }
            seen += 1;
        }
        assert_eq!(seen, 8);
    }

    #[test]
    fn other_refusals() {
        use Failure::{Credentials, Refused, Unavailable};
        let error = |code: &str| {
            format!("<Error><Code>{code}</Code><Message>m CAIStoken</Message></Error>")
        };
        let table = [
            (503, error("ServiceUnavailable"), None, "again: ServiceUnavailable (HTTP 503)"),
            (500, "<html>".into(), None, "again: HTTP 500 without a code of Alibaba Cloud OSS"),
            (429, String::new(), None, "again: HTTP 429"),
            (
                403,
                error("AccessDenied"),
                Some(Credentials),
                "allow oss:GetObject on acs:oss:*:*:billing-bucket/*",
            ),
            (412, error("PreconditionFailed"), Some(Unavailable), "replaced while it was read"),
            (412, String::new(), Some(Unavailable), "replaced while it was read"),
            (403, error("InvalidObjectState"), Some(Refused), "archived"),
            (
                400,
                error("InvalidArgument"),
                Some(Refused),
                "InvalidArgument (HTTP 400): m (redacted), request id R-1",
            ),
            (302, "<html>moved</html>".into(), Some(Refused), "a proxy in between"),
            (200, "<html>login</html>".into(), Some(Refused), "a proxy in between"),
        ];
        for (status, body, kind, needle) in table {
            let (got, text) = verdict(status, &[("x-oss-request-id", "R-1")], &body, Some("k"));
            assert_eq!(got, kind, "{text}");
            assert!(text.contains(needle) && text.contains("R-1"), "{text}");
        }
        let date = (chrono::Utc::now() + chrono::TimeDelta::minutes(20)).to_rfc2822();
        let (_, text) = verdict(403, &[("Date", &date)], &error("RequestTimeTooSkewed"), None);
        assert!(text.contains("behind the service's"), "{text}");
    }
}
