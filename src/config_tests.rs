use super::*;
use crate::exit::kind_of;
use clap::Parser;
use std::path::PathBuf;

fn read(kind: Kind, text: &str) -> Result<Content> {
    let file = File { path: "x.yml".into(), text: text.to_owned(), explicit: false };
    Content::read(&file, kind, &mut Vec::new())
}

#[test]
fn the_files_as_the_connector_documents_print_them() {
    let config = read(Kind::Config, "\"target\": \"http://localhost:8080\"\n").unwrap();
    assert_eq!(config.target.as_deref(), Some("http://localhost:8080"));
    let secret =
        read(Kind::Secret, "\"access_key_id\": \"xxxxxx\"\n\"secret_access_key\": \"xxxxxx\"\n")
            .unwrap();
    assert_eq!(secret.keys.unwrap().access_key_id, "xxxxxx");
    let capital = read(Kind::Secret, "access_key_id: a\nsecret_access_Key: b\n").unwrap();
    assert_eq!(capital.keys.unwrap().secret_access_key.expose(), "b");
    let nested = read(
        Kind::Config,
        r#"{"target":"-","pull_hour":2,"secret":{"access_key_id":"a","secret_access_key":"b"}}"#,
    );
    assert!(nested.unwrap().keys.is_some());
}

#[test]
fn faults_name_themselves_and_no_value() {
    let table = [
        (
            Kind::Config,
            "tarqet: http://x",
            Failure::Usage,
            "unknown key \"tarqet\"; the nearest known one is \"target\"",
        ),
        (Kind::Config, "access_key_id: x", Failure::Usage, "unknown key \"access_key_id\""),
        (
            Kind::Config,
            "secret: {acess_key_id: x}",
            Failure::Usage,
            "nearest known one is \"access_key_id\"",
        ),
        (Kind::Secret, "access_key_id: SECRETX", Failure::Credentials, "half a pair"),
        (Kind::Secret, "secret_access_key: SECRETX", Failure::Credentials, "half a pair"),
        (Kind::Secret, "session_token: SECRETX", Failure::Credentials, "session_token without"),
        (
            Kind::Secret,
            "access_key_id: 'a'\nsecret_access_key: ''",
            Failure::Credentials,
            "half a pair",
        ),
        (
            Kind::Secret,
            "access_key_id: 123\nsecret_access_key: a",
            Failure::Usage,
            "put it in quotes",
        ),
        (Kind::Secret, "SECRETX: [", Failure::Usage, "neither YAML nor JSON"),
        (Kind::Secret, "SECRETX", Failure::Usage, "no keys and values"),
        (
            Kind::Config,
            "headers: {Content-Type: x}",
            Failure::Usage,
            "set by the CloudEvents binding",
        ),
        (Kind::Config, "headers: {'a b': x}", Failure::Usage, "cannot be an HTTP header"),
    ];
    for (kind, text, failure, needle) in table {
        let Err(error) = read(kind, text) else { panic!("{text}") };
        let message = format!("{error:#}");
        assert_eq!(kind_of(&error), failure, "{message}");
        assert!(message.starts_with("x.yml: ") && message.contains(needle), "{message}");
        assert!(!message.contains("SECRETX") || needle.contains("SECRETX"), "{message}");
    }
}

#[test]
fn endpoints() {
    for (text, expected) in [
        ("business.aliyuncs.com", "https://business.aliyuncs.com"),
        ("https://x.example/", "https://x.example"),
        ("http://127.0.0.1:5000", "http://127.0.0.1:5000"),
        ("http://localhost:5000/base/", "http://localhost:5000/base"),
    ] {
        assert_eq!(parse_endpoint(text).unwrap(), expected);
    }
    for bad in [
        "http://x.example",
        "ftp://x",
        "https://",
        "https://u:p@x/",
        "https://x/?a=b",
        "http://127.0.0.1.nip.io",
        "",
    ] {
        assert_eq!(kind_of(&parse_endpoint(bad).unwrap_err()), Failure::Usage, "{bad}");
    }
}

struct Dir(PathBuf);

impl Dir {
    fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("billing-pull-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        Self(dir)
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}

fn settings(args: &[&str], env: &Env) -> Result<Settings> {
    let cli = crate::cli::Cli::parse_from(["billing-pull", "aws"].iter().chain(args));
    match cli.command {
        crate::cli::Command::Pull(command) => Settings::resolve(command.options(), env),
        other => panic!("{other:?} is no pull"),
    }
}

#[test]
fn what_is_named_goes_first() {
    let dir = Dir::new("order");
    let file =
        dir.write("config.yml", "target: http://file.example\nendpoint: https://file.example\n");
    let env = |pairs: &[(&str, &str)]| -> Env {
        pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()
    };
    let target =
        |args: &[&str], pairs: &[(&str, &str)]| settings(args, &env(pairs)).unwrap().target;
    let http = |url: &str| Target::Http(url.to_owned());
    let sink = ("K_SINK", "http://sink.example");
    let own = ("BILLING_PULL_TARGET", "http://env.example");
    assert_eq!(target(&[], &[]), Target::Stdout);
    assert_eq!(target(&[], &[sink]), http("http://sink.example"));
    assert_eq!(target(&[], &[sink, own]), http("http://env.example"));
    assert_eq!(target(&["--config", &file], &[sink, own]), http("http://file.example"));
    assert_eq!(target(&[], &[sink, own, ("CONNECTOR_CONFIG", &file)]), http("http://file.example"));
    assert_eq!(target(&["--target", "-"], &[sink, own]), Target::Stdout);

    let variables = &["AWS_ENDPOINT_URL"];
    let vars = env(&[("AWS_ENDPOINT_URL", "https://env.example")]);
    let endpoint = |args: &[&str]| {
        settings(args, &vars).unwrap().access.endpoint(&vars, variables).unwrap().unwrap()
    };
    assert_eq!(endpoint(&[]), "https://env.example");
    assert_eq!(endpoint(&["--config", &file]), "https://file.example");
    assert_eq!(
        endpoint(&["--config", &file, "--endpoint", "option.example"]),
        "https://option.example"
    );
}

#[test]
fn a_named_file_that_cannot_be_read_is_an_error() {
    for args in [["--config", "/nonexistent/x.yml"], ["--secret", "/nonexistent/x.yml"]] {
        let error = settings(&args, &Env::default()).unwrap_err();
        assert_eq!(kind_of(&error), Failure::Usage);
        assert!(format!("{error:#}").contains("/nonexistent/x.yml"), "{error:#}");
    }
}

#[test]
fn overrides_are_extensions() {
    let parse = |text: &str| overrides(&Env::from([("K_CE_OVERRIDES", text)]));
    assert_eq!(parse(r#"{"extensions":{"b":"2","a":"1"}}"#).unwrap().len(), 2);
    assert_eq!(parse("{}").unwrap(), []);
    for bad in [
        "[",
        r#"{"extensions":{"Bad-Name":"x"}}"#,
        r#"{"extensions":{"id":"x"}}"#,
        // The journal's own.
        r#"{"extensions":{"compacted":"x"}}"#,
        r#"{"extensions":{"scope":"x"}}"#,
        "{\"extensions\":{\"a\":\"\\u0001\"}}",
    ] {
        assert_eq!(kind_of(&parse(bad).unwrap_err()), Failure::Usage, "{bad}");
    }
}
