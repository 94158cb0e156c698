//! SSO from the cached token.

use super::*;
use crate::sign::hex;
use sha1::{Digest, Sha1};

const PROFILES: &str = "\
    [profile new]\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = Billing Read\n\
    region = eu-west-1\n\
    [sso-session corp]\nsso_start_url = https://corp.awsapps.com/start#/\nsso_region = eu-central-1\n\
    [profile old]\nsso_start_url = https://old.awsapps.com/start\nsso_region = cn-north-1\n\
    sso_account_id = 999988887777\nsso_role_name = r\n\
    [profile role]\nrole_arn = arn:aws:iam::444455556666:role/x\nsource_profile = new\n";

fn cache(home: &Home, name: &str, token: &str) {
    let path = format!(".aws/sso/cache/{}.json", hex(&Sha1::digest(name)));
    home.write(&path, token);
}

fn token(end: &str) -> String {
    format!(r#"{{"startUrl":"x","region":"y","accessToken":"hush-sso","expiresAt":"{end}"}}"#)
}

fn portal() -> Server {
    Server::start(|request| {
        if request.header("x-amz-sso_bearer_token") != Some("hush-sso") {
            return Reply::new(401, r#"{"message":"Session token not found or invalid"}"#);
        }
        let issued = r#""accessKeyId":"AKIASSO","secretAccessKey":"hush-AKIASSO","expiration":32472144000000"#;
        Reply::json(format!(r#"{{"roleCredentials":{{{issued}}}}}"#))
    })
    .unwrap()
}

#[test]
fn a_role_for_the_cached_token() {
    let (portal, sts) = (portal(), sts());
    let home = home_with(PROFILES, "");
    cache(&home, "corp", &token(LATER));
    cache(&home, "https://old.awsapps.com/start", &token("2999-01-01T00:00:00UTC"));
    let env =
        home.env(&[("AWS_ENDPOINT_URL_SSO", &portal.url()), ("AWS_ENDPOINT_URL_STS", &sts.url())]);

    let found = find_profile(&env, "new").unwrap();
    assert_eq!(parts(&found), ("AKIASSO", "hush-AKIASSO", None));
    assert_eq!(found.account.as_deref(), Some("111122223333"));
    assert_eq!(found.region.as_deref(), Some("eu-west-1"));
    assert_eq!(
        found.origin,
        "profile \"new\" in ~/.aws/config: SSO account 111122223333, role Billing Read"
    );
    let request = portal.seen().remove(0);
    assert_eq!(
        (request.method.as_str(), request.target.as_str()),
        ("GET", "/federation/credentials?role_name=Billing%20Read&account_id=111122223333")
    );

    let found = find_profile(&env, "old").unwrap();
    assert_eq!(found.account.as_deref(), Some("999988887777"));
    assert_eq!(found.region.as_deref(), Some("cn-north-1"));
    let found = find_profile(&env, "role").unwrap();
    assert_eq!((parts(&found).0, found.account.as_deref()), ("ASIA-x", Some("444455556666")));
}

#[test]
fn a_token_that_does_not_serve() {
    let home = home_with(PROFILES, "");
    let env = home.env(&[("AWS_ENDPOINT_URL_SSO", "http://127.0.0.1:1")]);
    let login = "run aws sso login --profile new";
    let told = |what: &str| {
        let shown = refused(find_profile(&env, "new"), Failure::Credentials);
        assert!(shown.starts_with("profile \"new\" in ~/.aws/config: "), "{shown}");
        assert!(shown.contains(what) && shown.ends_with(login), "{shown}");
    };
    told("no cached token (~/.aws/sso/cache/");
    cache(&home, "corp", &token(EARLIER));
    told("the cached token expired at 2022-06-13T10:00:00Z");
    for broken in [
        "",
        "hush",
        "{}",
        r#"{"accessToken":"hush"}"#,
        r#"{"accessToken":"hush","expiresAt":"soon"}"#,
        r#"{"accessToken":"hush\nhush","expiresAt":"2999-01-01T00:00:00Z"}"#,
        r#"{"accessToken":"","expiresAt":"2999-01-01T00:00:00Z"}"#,
    ] {
        cache(&home, "corp", broken);
        told("the cached token is broken");
    }
    let config = home.0.join(".aws/config").display().to_string();
    let no_home = Env::from([("AWS_CONFIG_FILE", config.as_str())]);
    let shown = refused(find_profile(&no_home, "new"), Failure::Credentials);
    assert!(shown.contains("HOME is not set, so there is no cached token"), "{shown}");
}

#[test]
fn what_the_portal_refuses() {
    type Case = (fn() -> Reply, Failure, &'static str);
    let home = home_with(PROFILES, "");
    cache(&home, "corp", &token(LATER));
    let cases: [Case; 7] = [
        (
            || Reply::new(401, r#"{"message":"Session token hush-sso not found"}"#),
            Failure::Credentials,
            "Session token (redacted) not found: run aws sso login --profile new",
        ),
        (
            || {
                Reply::new(403, r#"{"message":"No access"}"#)
                    .with("x-amzn-ErrorType", "ForbiddenException:http")
            },
            Failure::Credentials,
            "status 403 ForbiddenException No access: check sso_account_id",
        ),
        (|| Reply::new(404, "hush-sso"), Failure::Credentials, "status 404: check"),
        (
            || Reply::new(429, r#"{"message":"slow"}"#),
            Failure::Unavailable,
            "status 429 slow (tried 2 times)",
        ),
        (|| Reply::new(500, ""), Failure::Unavailable, "status 500"),
        (
            || Reply::json("{\"roleCredentials\":\"hush\"}"),
            Failure::Refused,
            "not the JSON of credentials",
        ),
        (
            || {
                Reply::json(
                    r#"{"roleCredentials":{"accessKeyId":"A","secretAccessKey":"hush","expiration":1655114400000}}"#,
                )
            },
            Failure::Credentials,
            "expired at 2022-06-13T10:00:00Z",
        ),
    ];
    for (reply, kind, told) in cases {
        let portal = Server::start(move |_| reply()).unwrap();
        let env = home.env(&[("AWS_ENDPOINT_URL_SSO", &portal.url())]);
        let shown = refused(find_profile(&env, "new"), kind);
        assert!(shown.starts_with("profile \"new\" in ") && shown.contains(told), "{shown}");
    }
    let env = home.env(&[("AWS_ENDPOINT_URL_SSO", "http://portal.example")]);
    refused(find_profile(&env, "new"), Failure::Usage);
}

#[test]
fn what_a_profile_must_say() {
    let account = "sso_account_id = 111122223333\n";
    let role = "sso_role_name = r\n";
    let cases = [
        (account.to_owned(), "has sso_account_id and no sso_role_name"),
        (role.to_owned(), "has sso_role_name and no sso_account_id"),
        (format!("{account}{role}"), "has neither sso_session nor sso_start_url"),
        (format!("{account}{role}sso_start_url = u\n"), "has sso_start_url and no sso_region"),
        (format!("{account}{role}sso_session = s\n"), "there is no [sso-session s]"),
        (format!("{account}{role}sso_session = e\n"), "[sso-session e] has no sso_region"),
        ("sso_session = e\n".to_owned(), "has no credentials"),
    ];
    for (settings, reason) in cases {
        let config = format!("[profile p]\n{settings}[sso-session e]\nsso_start_url = u\n");
        let shown =
            refused(find_profile(&home_with(&config, "").env(&[]), "p"), Failure::Credentials);
        assert!(shown.contains(reason), "{shown}");
    }
}
