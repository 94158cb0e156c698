//! What refusals of the subscription calls mean, beyond those of the gateway.

use crate::api::Verdict;
use crate::cloud::alicloud::errors::other_site;
use crate::credentials::Keys;
use crate::credentials::alicloud::gateway;
use crate::exit::Failure;
use crate::http::Answer;

/// What a refusal of `action` at `endpoint` means.
pub(super) fn refusal(answer: &Answer, keys: &Keys, endpoint: &str, action: &str) -> Verdict {
    gateway::refusal(answer, keys, |code| meaning(code, endpoint, action))
}

fn meaning(code: &str, endpoint: &str, action: &str) -> Option<(Failure, String)> {
    let hint = match code {
        "OssPermissionDenied" => {
            "grant the role AliyunConsumeDump2OSSRole to the billing service in the RAM console \
             (console: Expenses and Costs, Data Storage); with --bucket-owner the owner grants it"
        }
        "DuplicateSubscription" => {
            "this type is subscribed already: see --list, and end it with --remove before it is subscribed anew"
        }
        "ExportFileToOSSFailed" | "NoSuchBucket" => {
            "the bucket is missing or another account's: create it, or check --bucket and --bucket-owner"
        }
        "NotApplicable" | "AuthSiteFail" => {
            return Some((Failure::Refused, other_site(endpoint)));
        }
        "NotAuthorized" | "NoPermission" => {
            let needed = match action {
                "QueryBillToOSSSubscription" => "bss:DescribeSubscribeToOSS",
                _ => "bss:ModifySubscribeToOSS",
            };
            let hint = format!(
                r#"allow {needed} on * to this RAM user or role: {{"Version":"1","Statement":[{{"Effect":"Allow","Action":"{needed}","Resource":"*"}}]}}"#
            );
            return Some((Failure::Credentials, hint));
        }
        "MissingSecurityToken" => return None,
        _ if code.starts_with("Missing") || code.starts_with("InvalidParameter") => {
            "check the options; --dry-run shows what is sent"
        }
        _ => return None,
    };
    Some((Failure::Refused, hint.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::kind_of;
    use crate::secret::Secret;

    #[test]
    fn refusals_by_code() {
        use Failure::{Credentials, Refused};
        let keys = Keys {
            access_key_id: "LTAI5tFakeKeyIdForTests1".into(),
            secret_access_key: Secret::new("fakeSecretForTestsOnly"),
            session_token: None,
        };
        let (create, list) = ("SubscribeBillToOSS", "QueryBillToOSSSubscription");
        for (code, action, kind, needle) in [
            ("OssPermissionDenied", create, Refused, "AliyunConsumeDump2OSSRole"),
            ("DuplicateSubscription", create, Refused, "--remove"),
            ("ExportFileToOSSFailed", create, Refused, "the bucket is missing"),
            ("NotAuthorized", create, Credentials, "bss:ModifySubscribeToOSS"),
            ("NoPermission", list, Credentials, "bss:DescribeSubscribeToOSS"),
            ("NotApplicable", list, Refused, "--endpoint business.ap-southeast-1.aliyuncs.com"),
            ("MissingSubscribeBucket", create, Refused, "--dry-run"),
            ("InvalidAccessKeyId.NotFound", list, Credentials, "access key id is unknown"),
            ("Something.New", list, Refused, "Something.New (HTTP 400): m, request id R"),
        ] {
            let body = format!(r#"{{"Code":"{code}","Message":"m","RequestId":"R"}}"#);
            let answer = Answer::of(400, &[], &body);
            match refusal(&answer, &keys, "https://business.aliyuncs.com", action) {
                Verdict::Fatal(error) => {
                    assert_eq!(kind_of(&error), kind, "{code}");
                    assert!(error.to_string().contains(needle), "{code}: {error}");
                }
                other => panic!("{code}: {other:?}"),
            }
        }
    }
}
