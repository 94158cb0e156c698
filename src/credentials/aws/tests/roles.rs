//! Roles: assumed with keys, assumed with a web identity, and refused.

use super::*;
use crate::demo::server::Fault;

const ROLE: &str = "arn:aws:iam::111122223333:role/team/x";

#[test]
fn a_role_through_another_profile() {
    let sts = sts();
    let config = format!(
        "[profile prod]\nrole_arn = {ROLE}\nsource_profile = base\nexternal_id = e/1\n\
         role_session_name = nightly\nduration_seconds = 900\nregion = eu-west-1\n\
         [profile outer]\nrole_arn = arn:aws-cn:iam::999988887777:role/y\nsource_profile = prod\n\
         [profile own]\nrole_arn = {ROLE}\nsource_profile = own\n{}\
         [profile over]\nrole_arn = {ROLE}\nsource_profile = own\n",
        pair("AKIAOWN"),
    );
    let home = home_with(&config, &format!("[base]\n{}", pair("AKIABASE")));
    let env = home.env(&[("AWS_ENDPOINT_URL_STS", &sts.url())]);

    let found = find_profile(&env, "prod").unwrap();
    assert_eq!(parts(&found), ("ASIA-x", "hush-<x>&", Some("hush-x==")));
    assert_eq!(
        found.origin,
        format!("profile \"prod\" in ~/.aws/config: role {ROLE} via profile \"base\"")
    );
    assert_eq!(found.account.as_deref(), Some("111122223333"));
    assert_eq!(found.region.as_deref(), Some("eu-west-1"));
    let request = sts.seen().remove(0);
    let form = request.form();
    for (name, value) in [
        ("Action", "AssumeRole"),
        ("Version", "2011-06-15"),
        ("RoleArn", ROLE),
        ("RoleSessionName", "nightly"),
        ("ExternalId", "e/1"),
        ("DurationSeconds", "900"),
    ] {
        assert_eq!(form.get(name).map(String::as_str), Some(value));
    }
    assert!(request.header("authorization").unwrap().contains("/eu-west-1/sts/aws4_request"));

    // A role through a role: the first one's keys, token and all, sign for the second.
    let found = find_profile(&env, "outer").unwrap();
    assert_eq!(parts(&found).0, "ASIA-y");
    assert_eq!(found.account.as_deref(), Some("999988887777"));
    assert_eq!(found.region.as_deref(), Some("cn-northwest-1"));
    assert!(
        found.origin.ends_with("role arn:aws-cn:iam::999988887777:role/y via profile \"prod\"")
    );

    // A profile may point to itself if it has keys, and keys come before the role of whoever is pointed to.
    let calls = sts.seen().len();
    for name in ["own", "over"] {
        let found = find_profile(&env, name).unwrap();
        assert_eq!(parts(&found).0, "ASIA-x");
        assert!(found.origin.ends_with("via profile \"own\""), "{}", found.origin);
    }
    assert_eq!(sts.seen().len(), calls + 2);
}

#[test]
fn a_role_through_a_named_source() {
    let sts = sts();
    let task = r#"{"AccessKeyId":"AKIATASK","SecretAccessKey":"hush-AKIATASK"}"#;
    let container = Server::start(move |_| Reply::json(task)).unwrap();
    let metadata = near::metadata_without_token("AKIAINSTANCE");
    for (kind, via) in [
        ("Environment", "environment (AWS_ACCESS_KEY_ID)"),
        ("EcsContainer", "container credentials"),
        ("Ec2InstanceMetadata", "instance metadata, role web"),
    ] {
        let config = format!("[profile p]\nrole_arn = {ROLE}\ncredential_source = {kind}\n");
        let home = home_with(&config, "");
        let env = home.env(&[
            ("AWS_ENDPOINT_URL", &sts.url()),
            ("AWS_ACCESS_KEY_ID", "AKIAENV"),
            ("AWS_SECRET_ACCESS_KEY", "hush-AKIAENV"),
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", &container.url()),
            ("AWS_EC2_METADATA_DISABLED", "false"),
            ("AWS_EC2_METADATA_SERVICE_ENDPOINT", &metadata.url()),
        ]);
        let found = find_profile(&env, "p").unwrap();
        let origin = format!("profile \"p\" in ~/.aws/config: role {ROLE} via {via}");
        assert_eq!((parts(&found).0, &found.origin), ("ASIA-x", &origin));
    }
}

#[test]
fn a_web_identity() {
    let sts = sts();
    let home = Home::new();
    let token = home.write("token", "hush.web.token\n");
    let role = [("AWS_ROLE_ARN", ROLE), ("AWS_ENDPOINT_URL_STS", &sts.url())];
    let env = home.env(&[role[0], role[1], ("AWS_WEB_IDENTITY_TOKEN_FILE", &token)]);
    let found = find(&env).unwrap();
    assert_eq!(parts(&found), ("ASIA-x", "hush-<x>&", Some("hush-x==")));
    assert_eq!(found.account.as_deref(), Some("111122223333"));
    assert_eq!(found.origin, format!("web identity role {ROLE}"));
    let request = sts.seen().remove(0);
    assert_eq!(request.header("authorization"), None);
    assert_eq!(request.form()["RoleSessionName"], "billing-pull");

    let config = format!(
        "[profile p]\nrole_arn = {ROLE}\nweb_identity_token_file = ~/token\nrole_session_name = s\n\
         [profile q]\nrole_arn = arn:aws:iam::999988887777:role/y\nsource_profile = p\n"
    );
    home.write(".aws/config", &config);
    let found = find_profile(&env, "p").unwrap();
    assert_eq!(found.origin, format!("profile \"p\" in ~/.aws/config: web identity role {ROLE}"));
    assert_eq!(sts.seen()[1].form()["RoleSessionName"], "s");
    assert_eq!(parts(&find_profile(&env, "q").unwrap()).0, "ASIA-y");

    for (text, reason) in
        [("", "holds no token"), (" \n", "holds no token"), ("hush\nhush", "holds no token")]
    {
        home.write("token", text);
        let shown = refused(find(&env), Failure::Credentials);
        assert!(shown.contains(reason) && shown.contains("AWS_WEB_IDENTITY_TOKEN_FILE"), "{shown}");
    }
    std::fs::remove_file(&token).unwrap();
    let shown = refused(find(&env), Failure::Credentials);
    assert!(shown.starts_with("cannot read ") && shown.contains("token, which AWS_WEB"), "{shown}");
    let shown = refused(find_profile(&env, "p"), Failure::Credentials);
    assert!(shown.starts_with("cannot read ~/token, which profile \"p\" in"), "{shown}");
}

/// What a web identity ends with when STS answers so, and how often STS was asked.
fn answered(reply: impl Fn() -> Reply + Send + Sync + 'static) -> (Result<Credentials>, usize) {
    let sts = Server::start(move |_| reply()).unwrap();
    let home = Home::new();
    let token = home.write("token", "hush.web.token");
    let env = home.env(&[
        ("AWS_ROLE_ARN", ROLE),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", &token),
        ("AWS_ENDPOINT_URL_STS", &sts.url()),
    ]);
    let result = find(&env);
    (result, sts.seen().len())
}

#[test]
fn what_sts_refuses() {
    let cases = [
        (
            403,
            "AccessDenied",
            "User: arn:aws:sts::1:x is not authorized",
            "trust policy must name the caller",
        ),
        (400, "InvalidIdentityToken", "No OpenIDConnect provider", "issuer and audience"),
        (
            400,
            "ExpiredTokenException",
            "Token expired: hush.web.token",
            "Token expired: (redacted)",
        ),
        (
            403,
            "InvalidClientTokenId",
            "The security token is invalid",
            "check the key and the region",
        ),
        (
            400,
            "ValidationError",
            "1 validation error &amp; more",
            "1 validation error & more (request",
        ),
        (403, "RegionDisabledException", "STS is not activated", "set AWS_REGION to another"),
    ];
    for (status, code, message, told) in cases {
        let (result, calls) = answered(move || sts_error(status, code, message));
        let shown = refused(result, Failure::Credentials);
        let start = format!("web identity role {ROLE}: AWS STS: POST 127.0.0.1:");
        assert!(shown.starts_with(&start), "{shown}");
        for part in ["AssumeRoleWithWebIdentity: ", code, told, "(request c6104cbe-"] {
            assert!(shown.contains(part), "{shown}");
        }
        assert_eq!(calls, 1, "{code}");
    }
}

#[test]
fn what_passes_is_tried_again() {
    let replies: [fn() -> Reply; 7] = [
        || sts_error(400, "Throttling", "Rate exceeded"),
        || sts_error(400, "IDPCommunicationError", "the provider did not answer"),
        || sts_error(500, "InternalFailure", "sorry"),
        || Reply::new(503, "<html>busy</html>"),
        || Reply::new(429, ""),
        || Reply::default().broken(Fault::Reset),
        || sts_answer("AssumeRoleWithWebIdentity", "x", LATER).broken(Fault::Cut(80)),
    ];
    for reply in replies {
        let (result, calls) = answered(reply);
        let shown = refused(result, Failure::Unavailable);
        assert!(shown.contains("tried 2 times"), "{shown}");
        assert!(calls >= 2, "{shown}");
    }
    let first = AtomicU32::new(0);
    let (result, calls) = answered(move || match first.fetch_add(1, Ordering::SeqCst) {
        0 => sts_error(503, "ServiceUnavailable", "busy"),
        _ => sts_answer("AssumeRoleWithWebIdentity", "x", LATER),
    });
    assert_eq!((parts(&result.unwrap()).0, calls), ("ASIA-x", 2));
}

#[test]
fn what_is_not_understood() {
    let whole = "<R><Credentials><AccessKeyId>A</AccessKeyId><SecretAccessKey>hush</SecretAccessKey>\
                 <SessionToken>hush</SessionToken><Expiration>x</Expiration></Credentials></R>";
    for (gone, reason) in [
        ("AccessKeyId", "no AccessKeyId in it"),
        ("SecretAccessKey", "no SecretAccessKey in it"),
        ("SessionToken", "no SessionToken in it"),
        ("Expiration", "no Expiration in it"),
        ("Credentials", "no AccessKeyId in it"),
    ] {
        let body = whole.replace(gone, "Other");
        let (result, calls) = answered(move || Reply::new(200, body.clone()));
        let shown = refused(result, Failure::Refused);
        assert!(
            shown.contains("the answer is not understood: ") && shown.ends_with(reason),
            "{shown}"
        );
        assert_eq!(calls, 1);
    }
    for body in ["", "hush", "{\"hush\": 1}"] {
        refused(answered(move || Reply::new(200, body)).0, Failure::Refused);
    }
    let (result, _) = answered(|| Reply::new(404, "<h1>Not\nFound</h1> hush.web.token"));
    let shown = refused(result, Failure::Refused);
    assert!(
        shown.contains("an answer not of STS: status 404: <h1>Not Found</h1> (redacted)"),
        "{shown}"
    );
    let (result, _) = answered(|| sts_answer("AssumeRoleWithWebIdentity", "x", EARLIER));
    let shown = refused(result, Failure::Credentials);
    assert!(shown.contains("expired at 2022-06-13T10:00:00Z"), "{shown}");
}

#[test]
fn a_wrong_secret_and_a_wrong_clock() {
    let hour_ago = chrono::Utc::now() - chrono::TimeDelta::hours(1);
    let date = hour_ago.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let home = home_with(
        &format!(
            "[profile p]\nrole_arn = {ROLE}\nsource_profile = b\n[profile b]\n{}aws_session_token = hush/t+=",
            pair("AKIAB")
        ),
        "",
    );
    // The real service quotes the canonical request, session token and all.
    let quoted =
        "The Canonical String should have been 'POST\n/\n\nx-amz-security-token:hush/t+=\n'";
    for (dated, told) in
        [(false, "the secret access key does not belong"), (true, "s ahead of the service's")]
    {
        let date = date.clone();
        let sts = Server::start(move |_| {
            let reply = sts_error(403, "SignatureDoesNotMatch", quoted);
            if dated { reply.with("Date", &date) } else { reply }
        })
        .unwrap();
        let env = home.env(&[("AWS_ENDPOINT_URL_STS", &sts.url())]);
        let shown = refused(find_profile(&env, "p"), Failure::Credentials);
        assert!(
            shown.contains("x-amz-security-token:(redacted)") && shown.contains(told),
            "{shown}"
        );
        assert!(
            shown.starts_with("profile \"p\" in ~/.aws/config: AWS STS: POST 127.0.0.1"),
            "{shown}"
        );
    }
    let env = home.env(&[("AWS_ENDPOINT_URL_STS", "http://sts.example")]);
    let shown = refused(find_profile(&env, "p"), Failure::Usage);
    let start = "AWS_ENDPOINT_URL_STS: the endpoint \"sts.example\" asks for plain http";
    assert!(shown.contains(start), "{shown}");
    let env = home.env(&[("AWS_REGION", "evil.example/")]);
    refused(find_profile(&env, "p"), Failure::Usage);
}
