//! `credential_process`.

use super::*;

fn run_within(limits: Limits, command: &str) -> Result<Credentials> {
    let config = format!("[profile p]\nregion = eu-west-1\ncredential_process = {command}\n");
    let home = home_with(&config, "");
    find_within(limits, &home.env(&[]), &Given { profile: Some("p"), file: None })
}

fn run(command: &str) -> Result<Credentials> {
    run_within(WIDE, command)
}

#[test]
fn a_program_hands_out_keys() {
    let found = run(
        r#"printf '{"Version":1,"AccessKeyId":"%s","SecretAccessKey":"hush","SessionToken":"hush t","Expiration":"2999-01-01T00:00:00Z","AccountId":"111122223333"}' "A B""#,
    );
    let shown = refused(found, Failure::Credentials);
    assert!(shown.contains("the access key id holds a character"), "{shown}");
    let found = run(
        r#"printf '{"Version":1,"AccessKeyId":"%s","SecretAccessKey":"hush","SessionToken":"hush-t","Expiration":"2999-01-01T00:00:00Z","AccountId":"111122223333"}' "AKIA"PROCESS"#,
    )
    .unwrap();
    assert_eq!(parts(&found), ("AKIAPROCESS", "hush", Some("hush-t")));
    assert_eq!(found.account.as_deref(), Some("111122223333"));
    assert_eq!(found.region.as_deref(), Some("eu-west-1"));
    assert_eq!(found.origin, "profile \"p\" in ~/.aws/config: credential_process");
}

#[test]
fn a_program_that_does_not_serve() {
    let cases = [
        ("/nonexistent/program --token hush", "cannot run \"/nonexistent/program\" (No such file"),
        (
            "sh -c 'echo hush >&2; echo hush; exit 3'",
            "\"sh\" failed (exit status: 3): run it by hand",
        ),
        ("sh -c 'kill -9 $$'", "\"sh\" failed (signal: 9"),
        ("true", "it wrote not the JSON of credentials"),
        ("echo hush", "it wrote not the JSON of credentials"),
        (r#"echo '{"AccessKeyId":"A","SecretAccessKey":"hush"}'"#, "no \"Version\": 1"),
        (r#"echo '{"Version":2,"AccessKeyId":"A","SecretAccessKey":"hush"}'"#, "no \"Version\": 1"),
        (r#"echo '{"Version":1,"AccessKeyId":"A"}'"#, "no secret access key in it"),
        (
            r#"echo '{"Version":1,"AccessKeyId":"A","SecretAccessKey":"hush","Expiration":"2022-06-13T10:00:00Z"}'"#,
            "expired at 2022-06-13T10:00:00Z",
        ),
        ("get 'hush", "a quote that is not closed"),
        ("cat /dev/zero", "\"cat\" writes without end"),
    ];
    for (command, reason) in cases {
        let shown = refused(run(command), Failure::Credentials);
        let start = "profile \"p\" in ~/.aws/config: credential_process: ";
        assert!(shown.starts_with(start) && shown.contains(reason), "{shown}");
    }
}

#[test]
fn a_program_that_hangs_is_ended() {
    // The last one closes its stdout first; the second leaves a child behind that holds it open.
    for command in
        ["sleep 600", "sh -c 'sleep 5 & wait'", "sh -c 'exec >/dev/null; exec sleep 600'"]
    {
        let shown = refused(run_within(NARROW, command), Failure::Unavailable);
        assert!(shown.contains("did not end within 0.1 s"), "{shown}");
    }
    let home = home_with("[profile p]\ncredential_process = sleep 600\n", "");
    let (session, env) = (session(), home.env(&[]));
    session.stop.ask(Failure::Interrupted);
    let machine = Machine { session: &session, env: &env, limits: WIDE };
    refused(search(&machine, &Given { profile: Some("p"), file: None }), Failure::Interrupted);
}
