//! What the billing API's refusals mean, beyond those of the gateway.

use crate::api::Verdict;
use crate::credentials::Keys;
use crate::credentials::alicloud::gateway;
use crate::exit::Failure;
use crate::http::{Answer, host};

/// The API of the China site (aliyun.com) and of the international one (alibabacloud.com). An account belongs to
/// one of them, wherever its resources run.
pub(crate) const CHINA: &str = "business.aliyuncs.com";
pub(crate) const INTERNATIONAL: &str = "business.ap-southeast-1.aliyuncs.com";

/// The least that a RAM user or role needs. The vendor's pages name the action in either way.
const POLICY: &str = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":["bssapi:QueryAccountBill","bss:QueryAccountBill"],"Resource":"*"}]}"#;

/// What a refusal of the billing API at `endpoint` means.
pub(super) fn refusal(answer: &Answer, keys: &Keys, endpoint: &str) -> Verdict {
    gateway::refusal(answer, keys, |code| meaning(code, endpoint))
}

fn meaning(code: &str, endpoint: &str) -> Option<(Failure, String)> {
    let (kind, hint) = match code {
        "NotAuthorized" | "NoPermission" => (
            Failure::Credentials,
            format!(
                "allow bssapi:QueryAccountBill and bss:QueryAccountBill on * to this RAM user or role \
                 (AliyunBSSReadOnlyAccess is enough): {POLICY}"
            ),
        ),
        "NotApplicable" | "AuthSiteFail" => (Failure::Refused, other_site(endpoint)),
        "InvalidOwner" => {
            (Failure::Refused, "--bill-owner-id is no account of this caller's".to_owned())
        }
        "MissingSecurityToken" => return None,
        _ if code.starts_with("Missing") || code.starts_with("InvalidParameter") => {
            (Failure::Refused, "check --date, --product-code and --bill-owner-id".to_owned())
        }
        _ => return None,
    };
    Some((kind, hint))
}

/// Whose accounts the API at `endpoint` knows, if it is one of the two.
pub(crate) fn site(endpoint: &str) -> Option<&'static str> {
    match host(endpoint) {
        CHINA => Some("the China site (aliyun.com)"),
        INTERNATIONAL => Some("the international site (alibabacloud.com)"),
        _ => None,
    }
}

/// What to do where the API of one site does not know the account.
pub(crate) fn other_site(endpoint: &str) -> String {
    let other = if host(endpoint) == INTERNATIONAL { CHINA } else { INTERNATIONAL };
    format!("the account may belong to the other site: try --endpoint {other}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::kind_of;
    use crate::secret::Secret;
    use serde_json::Value;

    const CASES: &str = include_str!("../../../tests/vectors/alicloud-errors.json");
    const SIGNED: &str =
        "AccessKeyId%3DLTAI5tFakeKeyIdForTests1%26SecurityToken%3DCAISfake%252Btoken";

    fn keys() -> Keys {
        Keys {
            access_key_id: "LTAI5tFakeKeyIdForTests1".into(),
            secret_access_key: Secret::new("fakeSecretForTestsOnly"),
            session_token: Some(Secret::new("CAISfake+token")),
        }
    }

    /// What comes of an answer: a failure or, where it is tried again, none; and what is said.
    fn outcome(answer: &Answer) -> (Option<Failure>, String) {
        match refusal(answer, &keys(), "https://business.aliyuncs.com") {
            Verdict::Again(said, _) => (None, said),
            Verdict::Fatal(error) => (Some(kind_of(&error)), error.to_string()),
            Verdict::Good => panic!("a refusal is not good"),
        }
    }

    #[test]
    fn every_known_refusal() {
        use Failure::{Credentials, Refused};
        let table = [
            ("wrong-access-key-id", Some(Credentials), "the access key id is unknown"),
            ("access-key-disabled", Some(Credentials), "the access key is disabled"),
            (
                "signature-mismatch",
                Some(Credentials),
                "secret does not belong to this access key id",
            ),
            ("timestamp-expired", Some(Credentials), "clock is too far off"),
            ("timestamp-format", Some(Refused), "not well formatted"),
            ("nonce-reused", None, ""),
            (
                "not-authorized-ram",
                Some(Credentials),
                "bssapi:QueryAccountBill and bss:QueryAccountBill",
            ),
            (
                "not-applicable-wrong-site",
                Some(Refused),
                "--endpoint business.ap-southeast-1.aliyuncs.com",
            ),
            ("no-permission", Some(Credentials), "bssapi:QueryAccountBill"),
            ("auth-site-fail", Some(Refused), "--endpoint business.ap-southeast-1.aliyuncs.com"),
            ("throttling-user", None, ""),
            ("throttling-api", None, ""),
            ("throttling-plain", None, ""),
            ("throttling-with-retry-after", None, ""),
            ("internal-error-400", None, ""),
            ("undefined-error-500", None, ""),
            ("service-unavailable-503", None, ""),
            ("missing-parameter", Some(Refused), "check --date"),
            ("invalid-parameter", Some(Refused), "check --date"),
            ("invalid-owner", Some(Refused), "--bill-owner-id"),
            ("api-not-found", Some(Refused), "the endpoint does not know this call"),
            ("need-ssl", Some(Refused), "https"),
            ("sts-token-expired", Some(Credentials), "get new ones"),
            ("success-false-in-200", None, ""),
            ("html-from-proxy", None, "HTTP 502 without a code of Alibaba Cloud"),
            // Those of the token service, as the gateway has them.
            ("sts-oidc-token-expired", Some(Credentials), "This JsonWebToken is expired"),
            ("sts-oidc-no-permission", Some(Credentials), "There is no permission"),
            ("sts-throttled", None, ""),
        ];
        let all: Value = serde_json::from_str(CASES).unwrap();
        let mut checked = 0;
        for case in all["errors"].as_array().unwrap() {
            if case["service"] == "oss" {
                continue; // another API, with errors in XML
            }
            let name = case["name"].as_str().unwrap();
            let (_, failure, needle) = table.iter().find(|(known, ..)| *known == name).unwrap();
            let body = match &case["body"] {
                Value::String(text) => text.clone(),
                body => body.to_string(),
            };
            let status = case["http_status"].as_u64().unwrap().try_into().unwrap();
            let (got, said) = outcome(&Answer::of(status, &[], &body));
            assert_eq!(got, *failure, "{name}: {said}");
            assert!(said.contains(needle), "{name}: {said}");
            if let Some(code) = case["body"]["Code"].as_str() {
                assert!(said.starts_with(code), "{name}: {said}");
                assert!(said.contains("5C1E2A0B-3D4F-5A6B-8C7D-9E0F1A2B3C4D"), "{name}: {said}");
            }
            assert!(!said.contains("LTAI5t") && !said.contains("string to sign"), "{name}: {said}");
            checked += 1;
        }
        assert_eq!(checked, table.len());
    }

    #[test]
    fn a_refusal_inside_a_good_status_is_told_by_its_code() {
        for (code, failure) in [
            ("Throttling.User", None),
            ("NotAuthorized", Some(Failure::Credentials)),
            ("", Some(Failure::Refused)),
        ] {
            let body =
                format!(r#"{{"Success":false,"Code":"{code}","Message":"m","RequestId":"R"}}"#);
            assert_eq!(outcome(&Answer::of(200, &[], &body)).0, failure, "{code}");
        }
    }

    #[test]
    fn the_other_site_is_the_one_that_was_not_asked() {
        let other = |endpoint| meaning("NotApplicable", endpoint).unwrap().1;
        assert!(other("https://business.aliyuncs.com").ends_with(INTERNATIONAL));
        assert!(other("https://business.ap-southeast-1.aliyuncs.com:443").ends_with(CHINA));
    }

    #[test]
    fn what_the_service_echoes_is_not_shown() {
        let messages = [
            format!("Specified signature is not matched with our calculation. server string to sign is:POST&%2F&{SIGNED}"),
            "Specified signature does not match our calculation, server StringToSign is [ACS3-HMAC-SHA256\nab]".into(),
            format!("not matched: POST&%2F&{SIGNED}"),
        ];
        for message in messages {
            for code in ["SignatureDoesNotMatch", "IncompleteSignature", "SomethingElse"] {
                let body =
                    serde_json::json!({"Code": code, "Message": message, "RequestId": "R-1"});
                let (_, said) = outcome(&Answer::of(400, &[], &body.to_string()));
                assert!(said.contains("R-1"), "{said}");
                for hidden in ["LTAI5t", "CAISfake", "fakeSecret"] {
                    assert!(!said.contains(hidden), "{said}");
                }
            }
        }
        let proxy = format!("<html>cannot reach /?{SIGNED}&SecurityToken=CAISfake%2Btoken</html>");
        let (_, said) = outcome(&Answer::of(403, &[], &proxy));
        assert!(!said.contains("LTAI5t") && !said.contains("CAISfake"), "{said}");
    }

    #[test]
    fn the_clock_difference_is_said() {
        let date = (chrono::Utc::now() + chrono::TimeDelta::minutes(20)).to_rfc2822();
        for code in ["InvalidTimeStamp.Expired", "SignatureDoesNotMatch"] {
            let body = format!(r#"{{"Code":"{code}","Message":"m"}}"#);
            let (failure, said) = outcome(&Answer::of(400, &[("Date", &date)], &body));
            assert_eq!(failure, Some(Failure::Credentials));
            assert!(said.contains("s behind the service's"), "{said}");
        }
    }
}
