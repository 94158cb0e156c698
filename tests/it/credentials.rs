use crate::common::{Cloud, Run, bodies, cloud, twisted};
use billing_pull::demo::server::{Fault, Reply, Server};
use billing_pull::demo::{ACCESS_KEY_ID, SECRET_ACCESS_KEY, Sample};
use serde_json::{Value, json};

const OFF: (&str, &str) = ("AWS_EC2_METADATA_DISABLED", "true");

/// A run without keys, on a machine without a metadata service.
fn keyless(cloud: &Cloud) -> Run {
    let run = Run::aws(cloud).without("AWS_ACCESS_KEY_ID").without("AWS_SECRET_ACCESS_KEY");
    run.env(OFF.0, OFF.1)
}

/// A cloud that asks for no signature it knows: its bill is one row.
fn trusting() -> Cloud {
    twisted(Sample::default(), |_, request, _| {
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let group = json!({"Keys": ["Tax"], "Metrics": {"UnblendedCost": {"Amount": "1.50", "Unit": "USD"}}});
        let results =
            json!([{"TimePeriod": body["TimePeriod"], "Groups": [group], "Estimated": false}]);
        Reply::json(json!({ "ResultsByTime": results }).to_string())
    })
}

/// Who signed the cloud's first request.
fn signer(cloud: &Cloud) -> String {
    let request = cloud.seen().remove(0);
    let (_, rest) = request.header("authorization").unwrap().split_once("Credential=").unwrap();
    rest.split('/').next().unwrap().to_owned()
}

/// A pair as a settings file has it.
fn pair(id: &str, secret: &str) -> String {
    format!("aws_access_key_id = {id}\naws_secret_access_key = {secret}\n")
}

#[test]
fn where_nothing_is_found_every_place_is_listed() {
    let cloud = cloud();
    keyless(&cloud).go().exits(3).says(&[
        "no AWS credentials found",
        "environment (",
        "secret file (",
        "profile (no profile \"default\"",
        "web identity (",
        "container (",
        "instance metadata (switched off by AWS_EC2_METADATA_DISABLED)",
        "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
        "0 events delivered, 0 requests ($0.00)",
    ]);
    assert_eq!(cloud.seen().len(), 0);
}

#[test]
fn a_metadata_service_that_hangs_does_not_hold_the_run() {
    let silent = Server::start(|_| Reply::new(200, "").broken(Fault::Silence)).unwrap();
    let run = keyless(&cloud()).without(OFF.0);
    let run = run.env("AWS_EC2_METADATA_SERVICE_ENDPOINT", silent.url());
    run.go().exits(5).says(&["instance metadata", "gave no token", OFF.0]);
}

#[test]
fn profiles_open_the_bill() {
    let credentials = format!(
        "[default]\n{}\n[other]\n{}",
        pair(ACCESS_KEY_ID, SECRET_ACCESS_KEY),
        pair("AKIAIOSFODNN7EXAMPLE", "wrong/s3cret")
    );
    let run = |cloud: &Cloud| {
        keyless(cloud).file(".aws/credentials", &credentials).secret("wrong/s3cret")
    };
    let cloud = cloud();
    run(&cloud).go().exits(0).says(&["31 events delivered"]);
    run(&cloud).args(["--profile", "default"]).env("AWS_PROFILE", "other").go().exits(0);
    run(&cloud).env("AWS_PROFILE", "other").go().exits(3).says(&["access key id is unknown"]);
    run(&cloud).args(["--profile", "prod"]).go().exits(3).says(&["--profile", "\"prod\""]);
    let both = run(&cloud).args(["--profile", "other"]).env("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID);
    both.env("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY).go().exits(3);
}

#[test]
fn a_role_names_the_account_of_its_bill() {
    let sts = Server::start(|_| {
        Reply::new(
            200,
            "<AssumeRoleResponse><AssumeRoleResult><Credentials>\
             <AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>hush-role</SecretAccessKey>\
             <SessionToken>hush-token</SessionToken><Expiration>2999-01-01T00:00:00Z</Expiration>\
             </Credentials></AssumeRoleResult></AssumeRoleResponse>",
        )
    });
    let sts = sts.unwrap();
    let config = format!(
        "[profile billing]\nrole_arn = arn:aws:iam::111122223333:role/billing\n\
         source_profile = me\n[profile me]\n{}",
        pair("AKIAME", "hush-me")
    );
    let cloud = trusting();
    let run = keyless(&cloud).file(".aws/config", config).args(["-v", "--profile", "billing"]);
    let run = run.env("AWS_ENDPOINT_URL_STS", sts.url()).secret("hush-").secret("ASIAROLE");
    let done = run.secret("AKIAME").go().exits(0);
    assert_eq!(signer(&cloud), "ASIAROLE");
    assert_eq!(cloud.seen()[0].header("x-amz-security-token"), Some("hush-token"));
    let event = &done.events()[0];
    assert_eq!(event["account"], "111122223333");
    let date = bodies(&cloud)[0]["TimePeriod"]["Start"].as_str().unwrap().to_owned();
    assert_eq!(event["subject"], format!("111122223333/{date}/Tax"));
    let done = done.says(&["1 request ($0.01)"]);
    assert_eq!(done.events().len(), 1, "token requests are not counted");
}

#[test]
fn a_program_gives_the_keys() {
    let script = "#!/bin/sh\necho '{\"Version\":1,\"AccessKeyId\":\"AKIAPROGRAM\",\
                  \"SecretAccessKey\":\"hush-program\",\"AccountId\":\"444455556666\"}'\n";
    let cloud = trusting();
    let config = "[default]\ncredential_process = sh keys.sh\n";
    let run = |script: &str| {
        let run = keyless(&cloud).file(".aws/config", config).file("keys.sh", script);
        run.env("PATH", std::env::var("PATH").unwrap()).secret("hush-program").arg("-v")
    };
    let done = run(script).secret("AKIAPROGRAM").go().exits(0);
    assert_eq!(signer(&cloud), "AKIAPROGRAM");
    assert_eq!(done.events()[0]["account"], "444455556666");
    let failed = run("echo hush-program >&2; exit 7").go().exits(3);
    failed.says(&["credential_process", "exit status: 7", "run it by hand"]);
    assert_eq!(cloud.seen().len(), 1);
}

#[test]
fn an_sso_login_that_is_over_is_told() {
    let config = "[profile corp]\nsso_session = corp\nsso_account_id = 111122223333\n\
                  sso_role_name = Billing\n[sso-session corp]\n\
                  sso_start_url = https://corp.awsapps.com/start\nsso_region = eu-central-1\n";
    let run = keyless(&cloud()).file(".aws/config", config).args(["--profile", "corp"]);
    run.go().exits(3).says(&["run aws sso login --profile corp"]);
}
