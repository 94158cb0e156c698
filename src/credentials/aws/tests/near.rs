//! The services next door: a container's, an instance's.

use super::*;
use crate::demo::server::Fault;

const ROLES: &str = "/latest/meta-data/iam/security-credentials/";

/// A metadata service whose role is `web`.
pub(super) fn metadata(id: &'static str) -> Server {
    metadata_of(document(id, LATER, r#","Code":"Success","Type":"AWS-HMAC""#))
}

/// The same with keys that the fake of STS knows.
pub(super) fn metadata_without_token(id: &'static str) -> Server {
    metadata_of(format!(r#"{{"AccessKeyId":"{id}","SecretAccessKey":"hush-{id}"}}"#))
}

fn metadata_of(document: String) -> Server {
    let info = r#"{"Code":"Success","InstanceProfileArn":"arn:aws-cn:iam::111122223333:instance-profile/web"}"#;
    Server::start(move |request| {
        if request.method == "PUT" && request.path() == "/latest/api/token" {
            assert_eq!(request.header("x-aws-ec2-metadata-token-ttl-seconds"), Some("21600"));
            return Reply::new(200, "hush-session\n");
        }
        if request.header("x-aws-ec2-metadata-token") != Some("hush-session") {
            return Reply::new(401, "");
        }
        match request.path().strip_prefix(ROLES) {
            Some("") => Reply::new(200, "web\n"),
            Some("web") => Reply::new(200, document.clone()),
            _ if request.path() == "/latest/meta-data/iam/info" => Reply::new(200, info),
            _ => Reply::new(404, ""),
        }
    })
    .unwrap()
}

fn container_env(url: &str, more: &[(&str, &str)]) -> Env {
    let own = [("AWS_CONTAINER_CREDENTIALS_FULL_URI", url), ("AWS_EC2_METADATA_DISABLED", "true")];
    own.iter().chain(more).map(|(name, value)| ((*name).into(), (*value).into())).collect()
}

fn metadata_env(url: &str) -> Env {
    Env::from([("AWS_EC2_METADATA_SERVICE_ENDPOINT", url)])
}

#[test]
fn a_containers_role() {
    let more = r#","RoleArn":"arn:aws-cn:iam::111122223333:role/task""#;
    let task = Server::start(move |_| Reply::json(document("ASIATASK", LATER, more))).unwrap();
    let found = find(&container_env(&format!("{}/v2/x?id=1", task.url()), &[])).unwrap();
    assert_eq!(parts(&found), ("ASIATASK", "hush-ASIATASK", Some("hush-token")));
    assert_eq!(found.account.as_deref(), Some("111122223333"));
    assert_eq!(found.region.as_deref(), Some("cn-northwest-1"));
    assert_eq!(found.origin, "container credentials, role arn:aws-cn:iam::111122223333:role/task");
    let request = task.seen().remove(0);
    assert_eq!((request.method.as_str(), request.target.as_str()), ("GET", "/v2/x?id=1"));
    assert_eq!(request.header("authorization"), None);

    let pod = Server::start(|request| match request.header("authorization") {
        Some("hush-file") => {
            Reply::json(document("ASIAPOD", LATER, r#","AccountId":"999988887777""#))
        }
        _ => Reply::new(401, "unauthorized"),
    })
    .unwrap();
    let home = Home::new();
    let file = home.write("token", "hush-file\n");
    let token = ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "hush-plain");
    let by_file = ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", file.as_str());
    let found = find(&container_env(&pod.url(), &[token, by_file])).unwrap();
    assert_eq!(found.account.as_deref(), Some("999988887777"));
    assert_eq!(found.origin, "container credentials");
    let shown = refused(find(&container_env(&pod.url(), &[token])), Failure::Credentials);
    assert!(
        shown.contains("GET 127.0.0.1") && shown.ends_with("status 401: unauthorized"),
        "{shown}"
    );
    home.write("token", "hush\nX: y");
    let shown = refused(find(&container_env(&pod.url(), &[token, by_file])), Failure::Credentials);
    assert!(
        shown.contains("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE names, holds no token"),
        "{shown}"
    );
}

#[test]
fn a_container_service_that_fails() {
    type Case = (fn() -> Reply, Failure, usize, &'static str);
    let cases: [Case; 8] = [
        (|| Reply::new(500, "no"), Failure::Unavailable, 3, "status 500: no (tried 3 times)"),
        (|| Reply::new(429, ""), Failure::Unavailable, 3, "status 429"),
        (|| Reply::default().broken(Fault::Silence), Failure::Unavailable, 3, "no answer within"),
        (
            || Reply::json("{\"AccessKeyId\"").broken(Fault::Stall(4)),
            Failure::Unavailable,
            3,
            "stalled",
        ),
        (
            || Reply::new(400, "hush-plain is bad"),
            Failure::Credentials,
            1,
            "status 400: (redacted) is bad",
        ),
        (|| Reply::json("{\"hush\":"), Failure::Refused, 1, "not the JSON of credentials"),
        (
            || Reply::json("{\"AccessKeyId\":\"A\"}"),
            Failure::Refused,
            1,
            "no secret access key in it",
        ),
        (
            || Reply::json(document("A", EARLIER, "")),
            Failure::Credentials,
            1,
            "expired at 2022-06-13",
        ),
    ];
    for (reply, kind, calls, told) in cases {
        let service = Server::start(move |_| reply()).unwrap();
        let token = ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "hush-plain");
        let env = container_env(&service.url(), &[token]);
        let limits = if told.contains("no answer") || told == "stalled" { NARROW } else { WIDE };
        let shown = refused(find_within(limits, &env, &Given::default()), kind);
        assert!(shown.starts_with("container credentials: ") && shown.contains(told), "{shown}");
        assert_eq!(service.seen().len(), calls, "{shown}");
    }
    // It was promised, so nobody there is a fault, not a reason to go on.
    let shown = refused(find(&container_env("http://127.0.0.1:1/", &[])), Failure::Unavailable);
    assert!(shown.contains("could not connect"), "{shown}");
}

#[test]
fn an_instances_role() {
    let service = metadata("ASIAINSTANCE");
    let found = find(&metadata_env(&service.url())).unwrap();
    assert_eq!(parts(&found), ("ASIAINSTANCE", "hush-ASIAINSTANCE", Some("hush-token")));
    assert_eq!(found.account.as_deref(), Some("111122223333"));
    assert_eq!(found.region.as_deref(), Some("cn-northwest-1"));
    assert_eq!(found.origin, "instance metadata, role web");
    assert_eq!(service.seen().len(), 4);
}

/// A metadata service of which one path answers otherwise.
fn metadata_but(path: &'static str, reply: fn() -> Reply) -> Server {
    Server::start(move |request| {
        if request.path() == path {
            return reply();
        }
        match request.path() {
            "/latest/api/token" => Reply::new(200, "hush-session"),
            ROLES => Reply::new(200, "web"),
            _ => Reply::new(200, document("ASIAINSTANCE", LATER, "")),
        }
    })
    .unwrap()
}

#[test]
fn a_metadata_service_that_fails() {
    const TOKEN: &str = "/latest/api/token";
    const ROLE: &str = "/latest/meta-data/iam/security-credentials/web";
    type Case = (&'static str, fn() -> Reply, Failure, &'static str);
    let cases: [Case; 13] = [
        (
            TOKEN,
            || Reply::default().broken(Fault::Silence),
            Failure::Unavailable,
            "HttpPutResponseHopLimit",
        ),
        (
            ROLES,
            || Reply::default().broken(Fault::Silence),
            Failure::Unavailable,
            "no answer within",
        ),
        (
            ROLE,
            || Reply::default().broken(Fault::Silence),
            Failure::Unavailable,
            "no answer within",
        ),
        (
            ROLE,
            || Reply::new(200, "{\"x\":").broken(Fault::Stall(2)),
            Failure::Unavailable,
            "stalled",
        ),
        (TOKEN, || Reply::new(500, ""), Failure::Unavailable, "status 500"),
        (ROLES, || Reply::new(503, ""), Failure::Unavailable, "status 503"),
        (TOKEN, || Reply::new(403, ""), Failure::Credentials, "no AWS credentials found"),
        (
            TOKEN,
            || Reply::new(200, ""),
            Failure::Credentials,
            "no token from 127.0.0.1 (status 200)",
        ),
        (
            ROLES,
            || Reply::new(404, ""),
            Failure::Credentials,
            "instance metadata (the instance has no role)",
        ),
        (ROLES, || Reply::new(200, "../../x"), Failure::Refused, "not the name of a role"),
        (
            ROLE,
            || Reply::new(404, ""),
            Failure::Credentials,
            "role web: no credentials (status 404)",
        ),
        (
            ROLE,
            || {
                Reply::new(
                    200,
                    r#"{"Code":"AssumeRoleUnauthorizedAccess","Message":"EC2 cannot assume the role"}"#,
                )
            },
            Failure::Credentials,
            "role web: AssumeRoleUnauthorizedAccess: EC2 cannot assume the role",
        ),
        (
            ROLE,
            || Reply::new(200, document("A", EARLIER, "")),
            Failure::Credentials,
            "expired at 2022-06-13",
        ),
    ];
    let check = |(path, reply, kind, told): Case| {
        let service = metadata_but(path, reply);
        let hangs = matches!(told, "HttpPutResponseHopLimit" | "no answer within" | "stalled");
        let limits = if hangs { NARROW } else { WIDE };
        let env = metadata_env(&service.url());
        let shown = refused(find_within(limits, &env, &Given::default()), kind);
        assert!(shown.contains("instance metadata") && shown.contains(told), "{shown}");
    };
    std::thread::scope(|scope| {
        for case in cases {
            scope.spawn(move || check(case));
        }
    });
    // What only says the account may fail.
    let service = metadata_but("/latest/meta-data/iam/info", || Reply::new(500, ""));
    assert_eq!(find(&metadata_env(&service.url())).unwrap().account, None);
}

#[test]
fn no_metadata_service_is_no_fault() {
    let shown = refused(find(&metadata_env("http://127.0.0.1:1")), Failure::Credentials);
    assert!(
        shown.contains("instance metadata (no connection to 127.0.0.1: Connection refused"),
        "{shown}"
    );
    // Where packets vanish the limit is its own, whatever --timeout says.
    let limits = Limits { metadata: Duration::from_nanos(1), ..WIDE };
    let result = find_within(limits, &metadata_env("http://127.0.0.1:1"), &Given::default());
    let shown = refused(result, Failure::Credentials);
    assert!(shown.contains("instance metadata (no connection to 127.0.0.1: "), "{shown}");
    for bad in ["169.254.169.254", "file:///etc/passwd", "http://"] {
        let shown = refused(find(&metadata_env(bad)), Failure::Usage);
        assert!(shown.starts_with("AWS_EC2_METADATA_SERVICE_ENDPOINT is not"), "{shown}");
    }
}
