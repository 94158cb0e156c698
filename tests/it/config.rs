use crate::common::{Cloud, Run, Target, cloud};
use billing_pull::demo::{ACCESS_KEY_ID, SECRET_ACCESS_KEY};

/// secret.yml as the connector document prints it, with these two values for its `xxxxxx`.
fn secret_file(id: &str, secret: &str) -> String {
    format!("\"access_key_id\": \"{id}\"\n\"secret_access_key\": \"{secret}\"\n")
}

/// The file that opens the sample cloud.
fn good() -> String {
    secret_file(ACCESS_KEY_ID, SECRET_ACCESS_KEY)
}

/// A file that opens nothing.
fn wrong() -> String {
    secret_file("AKIAIOSFODNN7EXAMPLE", "wrong/s3cret/in/a/file")
}

/// A run that has no keys in its environment.
fn keyless(cloud: &Cloud) -> Run {
    Run::aws(cloud)
        .without("AWS_ACCESS_KEY_ID")
        .without("AWS_SECRET_ACCESS_KEY")
        .secret("wrong/s3cret")
}

#[test]
fn the_two_files_work_as_the_connector_document_prints_them() {
    for spelling in ["secret_access_key", "secret_access_Key"] {
        let (cloud, target) = (cloud(), Target::start());
        let config = format!("\"target\": \"{}\"\n", target.url());
        let secret = good().replace("secret_access_key", spelling);
        let run = keyless(&cloud).file("config.yml", config).file("secret.yml", secret);
        let run = run.env("CONNECTOR_CONFIG", "config.yml").env("CONNECTOR_SECRET", "secret.yml");
        run.go().exits(0).says(&["31 events delivered"]);
        assert_eq!(target.events().len(), 31, "{spelling}");
    }
}

#[test]
fn pull_hour_is_accepted_and_said_to_have_no_effect() {
    for hour in ["\"pull_hour\": 2\n", "pull_hour: \"5\"\npull_zone: Asia/Shanghai\n"] {
        let cloud = cloud();
        let done = Run::aws(&cloud).file("c.yml", hour).args(["--config", "c.yml"]).go().exits(0);
        assert_eq!(done.stderr.matches("pull_hour has no effect").count(), 1, "{}", done.stderr);
    }
}

#[test]
fn one_file_may_hold_everything() {
    let (cloud, target) = (cloud(), Target::start());
    let yaml = format!(
        "target: {}\nendpoint: {}\naccount: 111122223333\nsecret:\n  access_key_id: {ACCESS_KEY_ID}\n  \
         secret_access_key: {SECRET_ACCESS_KEY}\n",
        target.url(),
        cloud.url()
    );
    let json = serde_json::json!({
        "target": target.url(), "endpoint": cloud.url(), "account": "111122223333",
        "secret": {"access_key_id": ACCESS_KEY_ID, "secret_access_key": SECRET_ACCESS_KEY},
    });
    for (name, text) in [("c.yml", yaml), ("c.json", json.to_string())] {
        let before = target.events().len();
        Run::command("aws").file(name, text).args(["--config", name]).go().exits(0);
        let events = target.events();
        assert_eq!(events.len(), before + 31, "{name}");
        assert_eq!(events[before]["account"], "111122223333");
    }
}

#[test]
fn an_unknown_key_is_named_with_its_nearest_neighbour() {
    for (option, text, key, nearest) in [
        ("--config", "targett: x", "targett", "target"),
        ("--config", "end_point: x", "end_point", "endpoint"),
        ("--config", "secret:\n  access_key: x", "access_key", "access_key_id"),
        ("--secret", "secret_acces_key: s3cr3t-in-file", "secret_acces_key", "secret_access_key"),
        ("--secret", "accessKeyID: s3cr3t-in-file", "accessKeyID", "access_key_id"),
    ] {
        let cloud = cloud();
        let run = Run::aws(&cloud).file("file.yml", text).args([option, "file.yml"]);
        let done = run.secret("s3cr3t-in-file").go().exits(2);
        done.says(&["file.yml", &format!("{key:?}"), &format!("{nearest:?}")]);
        assert_eq!(cloud.seen().len(), 0);
    }
}

#[test]
fn a_file_that_was_named_must_be_there_and_make_sense() {
    for (option, variable) in [("--config", "CONNECTOR_CONFIG"), ("--secret", "CONNECTOR_SECRET")] {
        let cloud = cloud();
        Run::aws(&cloud).args([option, "no.yml"]).go().exits(2).says(&["no.yml", "cannot be read"]);
        let run = Run::aws(&cloud).env(variable, "no.yml");
        run.go().exits(2).says(&["no.yml", "cannot be read", variable]);
        for text in ["a: [s3cr3t", "- s3cr3t", "s3cr3t", "\"access_key_id\":\"x\" s3cr3t"] {
            let run = Run::aws(&cloud).file("bad.yml", text).args([option, "bad.yml"]);
            run.secret("s3cr3t").go().exits(2).says(&["bad.yml"]);
        }
        assert_eq!(cloud.seen().len(), 0);
    }
}

#[test]
fn the_first_target_that_is_named_counts() {
    let (option, file, variable, sink) =
        (Target::start(), Target::start(), Target::start(), Target::start());
    let cloud = cloud();
    let config = format!("target: {}\n", file.url());
    let order = [&option, &file, &variable, &sink];
    for first in 0..4 {
        let mut run = Run::aws(&cloud).env("K_SINK", sink.url());
        if first <= 2 {
            run = run.env("BILLING_PULL_TARGET", variable.url());
        }
        if first <= 1 {
            run = run.file("c.yml", &config).env("CONNECTOR_CONFIG", "c.yml");
        }
        if first == 0 {
            run = run.to(&option);
        }
        run.go().exits(0);
        let counts: Vec<usize> = order.iter().map(|target| target.events().len()).collect();
        let expected: Vec<usize> = (0..4).map(|at| if at <= first { 31 } else { 0 }).collect();
        assert_eq!(counts, expected);
    }
    let run = Run::aws(&cloud).env("K_SINK", sink.url()).args(["--target", "-"]);
    assert_eq!(run.go().exits(0).events().len(), 31, "- is stdout");
}

#[test]
fn keys_that_were_named_go_before_the_environment() {
    let cloud = cloud();
    let badly = |run: Run| {
        run.env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE").env("AWS_SECRET_ACCESS_KEY", "wrong")
    };
    let named = || Run::aws(&cloud).file("good.yml", good()).file("wrong.yml", wrong());
    badly(named()).args(["--secret", "good.yml"]).go().exits(0);
    badly(named()).env("CONNECTOR_SECRET", "good.yml").go().exits(0);
    named().args(["--secret", "wrong.yml"]).secret("wrong/s3cret").go().exits(3);
    let both = named().env("CONNECTOR_SECRET", "wrong.yml").args(["--secret", "good.yml"]);
    both.go().exits(0);
}

#[test]
fn the_first_endpoint_that_is_named_counts() {
    let (right, other) = (cloud(), cloud());
    let keys = || {
        Run::command("aws")
            .env("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID)
            .env("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY)
    };
    let config = format!("endpoint: {}\n", right.url());
    for run in [
        keys().env("AWS_ENDPOINT_URL_COST_EXPLORER", right.url()),
        keys().env("AWS_ENDPOINT_URL", right.url()),
        keys()
            .env("AWS_ENDPOINT_URL_COST_EXPLORER", right.url())
            .env("AWS_ENDPOINT_URL", other.url()),
        keys()
            .file("c.yml", &config)
            .args(["--config", "c.yml"])
            .env("AWS_ENDPOINT_URL_COST_EXPLORER", other.url()),
        keys()
            .args(["--endpoint", &right.url()])
            .file("c.yml", config.replace(&right.url(), &other.url()))
            .args(["--config", "c.yml"]),
    ] {
        run.go().exits(0);
    }
    assert_eq!((right.seen().len(), other.seen().len()), (10, 0));
}

#[test]
fn keys_never_travel_in_the_open() {
    for endpoint in [
        "http://ce.us-east-1.amazonaws.com",
        "http://192.0.2.1:8080",
        "http://localhost.example.com",
        "ftp://127.0.0.1",
        "https://user:pass@127.0.0.1",
        "https://127.0.0.1/?x=1",
        "",
    ] {
        let run = Run::command("aws")
            .args(["--endpoint", endpoint])
            .env("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID)
            .env("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY);
        run.secret("user:pass").secret("x=1").go().exits(2).says(&["endpoint"]);
    }
}

#[test]
fn a_header_that_would_break_the_binding_is_refused() {
    for header in ["Content-Type: text/plain", "ce-id: s3cr3t-value", "\"bad name\": s3cr3t-value"]
    {
        let cloud = cloud();
        let run = Run::aws(&cloud).file("c.yml", format!("headers:\n  {header}\n"));
        let run = run.args(["--config", "c.yml"]).secret("s3cr3t-value");
        run.go().exits(2).says(&["c.yml", "headers"]);
        assert_eq!(cloud.seen().len(), 0);
    }
}

#[test]
fn options_out_of_their_range_are_refused() {
    for arguments in [
        ["--concurrency", "0"],
        ["--concurrency", "65"],
        ["--timeout", "0"],
        ["--timeout", "soon"],
        ["--batch-size", "0"],
        ["--content-mode", "xml"],
        ["--granularity", "hourly"],
        ["--target", "bills.example.com"],
        ["--target", "ftp://bills.example.com"],
        ["--group-by", "TAG:"],
        ["--log-format", "xml"],
    ] {
        let done = Run::command("aws").arg("--demo").args(arguments).go().exits(2);
        assert!(done.stderr.contains(&arguments[0][2..]), "{arguments:?}: {}", done.stderr);
    }
    Run::command("aws").args(["--demo", "-q", "-v"]).go().exits(2);
}

#[test]
fn the_demo_needs_and_uses_nothing_of_the_users() {
    let other = cloud();
    let run = Run::command("aws")
        .arg("--demo")
        .env("AWS_ENDPOINT_URL", other.url())
        .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG")
        .env("AWS_PROFILE", "prod")
        .env("HTTP_PROXY", "http://127.0.0.1:1");
    assert_eq!(run.go().exits(0).events().len(), 31);
    assert_eq!(other.seen().len(), 0);
}
