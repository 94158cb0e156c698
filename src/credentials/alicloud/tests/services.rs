//! The services that hand out keys, asked as the vendor's SDK asks them.

use super::*;
use crate::credentials::alicloud::sts::{Role, Sts};

const VECTORS: &str = include_str!("../../../../tests/vectors/alicloud-credentials.json");

/// The parameters that the SDK sends, but for those of the moment and of its signature.
fn captured(action: &str) -> HashMap<String, String> {
    let all: serde_json::Value = serde_json::from_str(VECTORS).unwrap();
    let query = all["requests"][action][0]["query"].clone();
    let mut query: HashMap<String, String> = serde_json::from_value(query).unwrap();
    query.retain(|name, _| {
        !name.contains("Signature") && name != "Timestamp" && name != "AccessKeyId"
    });
    query
}

fn oidc_env(home: &Home, sts: &str, token: &str) -> Env {
    let file = home.write("token", token);
    home.env(&[
        ("ALIBABA_CLOUD_ROLE_ARN", ROLE),
        ("ALIBABA_CLOUD_OIDC_PROVIDER_ARN", PROVIDER),
        ("ALIBABA_CLOUD_OIDC_TOKEN_FILE", &file),
        ("ALIBABA_CLOUD_STS_ENDPOINT", sts),
    ])
}

#[test]
fn a_role_by_a_token_of_the_platform() {
    let (sts, home) = (sts(), Home::new());
    let found = find(&oidc_env(&home, &sts.url(), "hush.oidc.token\n")).unwrap();
    assert_eq!(parts(&found), ("STS.billing-pull", "hush-STS.billing-pull", Some("hush+token=")));
    assert_eq!(found.account.as_deref(), Some("1234567890123456"));
    let request = sts.seen().remove(0);
    assert!(!request.target.contains("hush") && !request.target.contains("OIDC Token"));
    assert_eq!(request.header("authorization"), None);
    let mut sent = all_of(&request);
    assert!(sent.remove("Timestamp").unwrap().ends_with('Z'));
    let mut expected = captured("AssumeRoleWithOIDC");
    expected.insert("OIDCToken".into(), "hush.oidc.token".into());
    assert_eq!(sent, expected);
}

#[test]
fn a_role_by_keys_is_asked_for_as_the_sdk_does() {
    let sts = sts();
    let env = Env::from([("ALIBABA_CLOUD_STS_ENDPOINT", sts.url().as_str())]);
    let session = session();
    let machine = Machine { session: &session, env: &env, limits: WIDE };
    let role = Role { arn: ROLE, session_name: None, external_id: None, duration: None };
    let service = Sts::new(&machine, None).unwrap();
    let own = keys("LTAIa", "hush-LTAIa", None);
    assert_eq!(service.assume_role(&role, &own).unwrap().access_key_id, "STS.billing-pull");
    let request = sts.seen().remove(0);
    let mut sent = request.query();
    sent.insert("Action".into(), request.header("x-acs-action").unwrap().into());
    sent.insert("Version".into(), request.header("x-acs-version").unwrap().into());
    sent.insert("Format".into(), "JSON".into());
    assert_eq!(sent, captured("AssumeRole"));
    // The refusal echoes what was to be signed.
    let wrong = keys("LTAIa", "hush-other", None);
    let error = service.assume_role(&role, &wrong).unwrap_err();
    let shown = format!("{error:#}");
    assert!(shown.contains("SignatureDoesNotMatch") && !shown.contains("RoleArn"), "{shown}");
}

#[test]
fn where_the_token_service_is() {
    let cases = [
        ("", "", None, "https://sts.aliyuncs.com"),
        ("cn-beijing", "", None, "https://sts.cn-beijing.aliyuncs.com"),
        ("cn-beijing", "true", None, "https://sts-vpc.cn-beijing.aliyuncs.com"),
        ("cn-beijing", "", Some("cn-shanghai"), "https://sts.cn-shanghai.aliyuncs.com"),
        ("", "true", None, "https://sts.aliyuncs.com"),
    ];
    let session = session();
    for (region, vpc, named, url) in cases {
        let env = Env::from([
            ("ALIBABA_CLOUD_STS_REGION", region),
            ("ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED", vpc),
        ]);
        let machine = Machine { session: &session, env: &env, limits: WIDE };
        assert_eq!(Sts::new(&machine, named).unwrap().endpoint(), url);
    }
    let env = Env::from([("ALIBABA_CLOUD_STS_ENDPOINT", "http://sts.example")]);
    let machine = Machine { session: &session, env: &env, limits: WIDE };
    let error = format!("{:#}", Sts::new(&machine, None).err().unwrap());
    assert!(error.starts_with("ALIBABA_CLOUD_STS_ENDPOINT: "), "{error}");
}

#[test]
fn a_token_service_that_fails() {
    type Case = (fn() -> Reply, Failure, usize, &'static str);
    let cases: [Case; 8] = [
        (|| refusal(400, "Throttling.User", "slow"), Failure::Unavailable, 2, "Throttling.User"),
        (|| Reply::new(502, "<html>"), Failure::Unavailable, 2, "HTTP 502"),
        (
            || refusal(404, "EntityNotExist.Role", "no role"),
            Failure::Credentials,
            1,
            "check the role's ARN",
        ),
        (
            || refusal(401, "AuthenticationFail.NoPermission", "There is no permission"),
            Failure::Credentials,
            1,
            "trust policy must allow this issuer",
        ),
        (
            || {
                refusal(
                    401,
                    "AuthenticationFail.OIDCToken.AudienceNotMatch",
                    "hush.oidc.token is not for us",
                )
            },
            Failure::Credentials,
            1,
            "(redacted) is not for us",
        ),
        (
            || Reply::json(r#"{"Credentials":{"AccessKeyId":"hush"}}"#),
            Failure::Refused,
            1,
            "no secret access key in it",
        ),
        (|| Reply::json("[\"hush\"]"), Failure::Refused, 1, "it holds no credentials"),
        (|| Reply::new(200, "hush"), Failure::Refused, 1, "it holds no credentials"),
    ];
    for (reply, kind, calls, told) in cases {
        let (service, home) = (Server::start(move |_| reply()).unwrap(), Home::new());
        let shown = refused(find(&oidc_env(&home, &service.url(), "hush.oidc.token")), kind);
        assert!(shown.starts_with("OIDC role acs:ram::") && shown.contains(told), "{shown}");
        assert_eq!(service.seen().len(), calls, "{shown}");
    }
    let (ended, home) = (sts_until(EARLIER), Home::new());
    let shown =
        refused(find(&oidc_env(&home, &ended.url(), "hush.oidc.token")), Failure::Credentials);
    assert!(shown.contains("expired at 2022-06-13"), "{shown}");
    let env = oidc_env(&home, &ended.url(), "");
    let shown = refused(find(&env), Failure::Credentials);
    assert!(shown.contains("ALIBABA_CLOUD_OIDC_TOKEN_FILE names, holds no token"), "{shown}");
}

#[test]
fn a_credentials_uri() {
    type Case = (fn() -> Reply, Failure, &'static str);
    let service = Server::start(|_| Reply::json(document("STS.uri", LATER))).unwrap();
    let home = Home::new();
    let env = |uri: &str| home.env(&[("ALIBABA_CLOUD_CREDENTIALS_URI", uri)]);
    let found = find(&env(&format!("{}/cred?x=1", service.url()))).unwrap();
    assert_eq!(parts(&found), ("STS.uri", "hush-STS.uri", Some("hush+token=")));
    let request = service.seen().remove(0);
    assert_eq!((request.method.as_str(), request.target.as_str()), ("GET", "/cred?x=1"));

    let cases: [Case; 6] = [
        (|| Reply::new(500, "no"), Failure::Unavailable, "status 500"),
        (
            || Reply::new(404, "no hush-secret here"),
            Failure::Credentials,
            "status 404: no (redacted) here",
        ),
        (
            || Reply::json(r#"{"Code":"NoRole","Message":"none"}"#),
            Failure::Credentials,
            "credentials URI: NoRole none",
        ),
        (|| Reply::json(r#"{"Code":"Success"}"#), Failure::Refused, "no access key id in it"),
        (|| Reply::json("hush"), Failure::Refused, "not the JSON of credentials"),
        (
            || Reply::json(document("STS.uri", EARLIER)),
            Failure::Credentials,
            "expired at 2022-06-13",
        ),
    ];
    for (reply, kind, told) in cases {
        let service = Server::start(move |_| reply()).unwrap();
        let shown = refused(find(&env(&format!("{}/?hush-secret", service.url()))), kind);
        assert!(shown.starts_with("credentials URI: ") && shown.contains(told), "{shown}");
    }
    for (uri, told) in [
        ("http://cred.example/hush", "asks cred.example by plain http"),
        ("ftp://127.0.0.1/", "neither https nor http"),
        ("/cred", "is not a URL"),
    ] {
        let shown = refused(find(&env(uri)), Failure::Credentials);
        assert!(
            shown.starts_with("ALIBABA_CLOUD_CREDENTIALS_URI") && shown.contains(told),
            "{shown}"
        );
    }
}

fn metadata_env(url: &str, role: &str) -> Env {
    Env::from([("ALIBABA_CLOUD_ECS_METADATA_ENDPOINT", url), ("ALIBABA_CLOUD_ECS_METADATA", role)])
}

#[test]
fn an_instances_role() {
    let service = metadata("STS.instance");
    let found = find(&metadata_env(&service.url(), "")).unwrap();
    assert_eq!(parts(&found), ("STS.instance", "hush-STS.instance", Some("hush+token=")));
    assert_eq!(found.origin, "instance metadata, role web");
    let paths: Vec<String> = service.seen().iter().map(|r| r.path().to_owned()).collect();
    assert_eq!(paths, ["/latest/api/token", ROLES, &format!("{ROLES}web")]);

    let found = find(&metadata_env(&service.url(), "other")).unwrap();
    assert_eq!(found.origin, "instance metadata, role other");
    let shown = refused(find(&metadata_env(&service.url(), "gone")), Failure::Credentials);
    assert!(shown.ends_with("role gone: no credentials (status 404)"), "{shown}");
    let shown = refused(find(&metadata_env(&service.url(), "../x")), Failure::Refused);
    assert!(shown.contains("not the name of a role"), "{shown}");
}

#[test]
fn a_metadata_service_that_fails() {
    let silent = Server::start(|_| Reply::default().broken(Fault::Silence)).unwrap();
    let result = find_within(NARROW, &metadata_env(&silent.url(), ""));
    let shown = refused(result, Failure::Unavailable);
    assert!(shown.contains("set ALIBABA_CLOUD_ECS_METADATA_DISABLED=true"), "{shown}");
    let none = Server::start(|request| match request.method.as_str() {
        "PUT" => Reply::new(200, "hush-session"),
        _ => Reply::new(404, ""),
    })
    .unwrap();
    let shown = refused(find(&metadata_env(&none.url(), "")), Failure::Credentials);
    assert!(shown.contains("instance metadata (the instance has no role)"), "{shown}");
    let shown = refused(find(&metadata_env("http://127.0.0.1:1", "")), Failure::Credentials);
    assert!(shown.contains("instance metadata (no connection to 127.0.0.1"), "{shown}");
    let shown = refused(find(&metadata_env("100.100.100.200", "")), Failure::Usage);
    assert!(shown.starts_with("ALIBABA_CLOUD_ECS_METADATA_ENDPOINT is not"), "{shown}");
}
