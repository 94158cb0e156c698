//! The profiles of the command line tool.

use super::*;

/// A home with these profiles, of which `a` is the current one.
fn home(profiles: &str) -> Home {
    let home = Home::new();
    home.write(
        ".aliyun/config.json",
        &format!(r#"{{"current":"a","profiles":[{profiles}],"meta_path":""}}"#),
    );
    home
}

fn found(profiles: &str) -> Result<Credentials> {
    find(&home(profiles).env(&[]))
}

/// The members of a profile with keys, as the tool writes them; `more` comes last.
fn profile(name: &str, mode: &str, id: &str, more: &str) -> String {
    let secret = if id.is_empty() { String::new() } else { format!("hush-{id}") };
    format!(
        r#"{{"name":"{name}","mode":"{mode}","access_key_id":"{id}","access_key_secret":"{secret}","sts_token":"",
            "ram_role_name":"","region_id":"cn-hangzhou","output_format":"json","language":"en","retry_timeout":0{more}}}"#
    )
}

#[test]
fn the_current_profile_or_the_named_one() {
    let both = home(&[profile("a", "AK", "LTAIa", ""), profile("b", "AK", "LTAIb", "")].join(","));
    assert_eq!(parts(&find(&both.env(&[])).unwrap()), ("LTAIa", "hush-LTAIa", None));
    let named = both.env(&[("ALIBABA_CLOUD_PROFILE", "b")]);
    assert_eq!(parts(&find(&named).unwrap()).0, "LTAIb");
    let missing = both.env(&[("ALIBABA_CLOUD_PROFILE", "c")]);
    assert_eq!(
        refused(find(&missing), Failure::Credentials),
        "profile \"c\" is not in ~/.aliyun/config.json; known: a, b"
    );
    let off = both.env(&[("ALIBABA_CLOUD_CLI_PROFILE_DISABLED", "true")]);
    let shown = refused(find(&off), Failure::Credentials);
    assert!(shown.contains("profile (switched off by ALIBABA_CLOUD_CLI_PROFILE_DISABLED)"));
    let none = Home::new();
    let shown = refused(find(&none.env(&[("ALIBABA_CLOUD_PROFILE", "b")])), Failure::Credentials);
    assert!(shown.starts_with("ALIBABA_CLOUD_PROFILE is set, but there is no"), "{shown}");
}

#[test]
fn keys_with_and_without_a_token() {
    let token = profile("a", "StsToken", "STS.a", "")
        .replace(r#""sts_token":"""#, r#""sts_token":"hush=""#);
    assert_eq!(parts(&found(&token).unwrap()), ("STS.a", "hush-STS.a", Some("hush=")));
    let shown = refused(found(&profile("a", "StsToken", "STS.a", "")), Failure::Credentials);
    assert_eq!(shown, "profile \"a\" in ~/.aliyun/config.json has no sts_token");
    let half = profile("a", "AK", "LTAIa", "").replace("hush-LTAIa", "");
    let shown = refused(found(&half), Failure::Credentials);
    assert_eq!(shown, "profile \"a\" in ~/.aliyun/config.json has no access_key_secret");
    let broken = profile("a", "AK", "LTAI a", "");
    let shown = refused(found(&broken), Failure::Credentials);
    assert!(shown.ends_with("the access key id holds a character that none has"), "{shown}");
    // As the tool leaves it before anybody fills it in.
    let empty = home(&profile("a", "AK", "", ""));
    let shown = refused(find(&empty.env(&[])), Failure::Credentials);
    assert!(
        shown.contains("profile (profile \"a\" in ~/.aliyun/config.json has no keys);"),
        "{shown}"
    );
    let named = empty.env(&[("ALIBABA_CLOUD_PROFILE", "a")]);
    let shown = refused(find(&named), Failure::Credentials);
    assert_eq!(shown, "profile \"a\" in ~/.aliyun/config.json has no keys");
}

#[test]
fn a_role_is_assumed_with_the_profiles_keys() {
    let sts = sts();
    let more = format!(
        r#","ram_role_arn":"{ROLE}","ram_session_name":"night","expired_seconds":900,"external_id":"x/y""#
    );
    let home = home(&profile("a", "RamRoleArn", "LTAIa", &more));
    let env = home.env(&[("ALIBABA_CLOUD_STS_ENDPOINT", &sts.url())]);
    let found = find(&env).unwrap();
    assert_eq!(parts(&found), ("STS.billing-pull", "hush-STS.billing-pull", Some("hush+token=")));
    assert_eq!(found.account.as_deref(), Some("1234567890123456"));
    assert_eq!(found.origin, format!("profile \"a\" in ~/.aliyun/config.json: role {ROLE}"));
    let asked = sts.seen()[0].query();
    for (name, value) in [
        ("RoleArn", ROLE),
        ("RoleSessionName", "night"),
        ("DurationSeconds", "900"),
        ("ExternalId", "x/y"),
    ] {
        assert_eq!(asked.get(name).map(String::as_str), Some(value));
    }
    let without = profile("a", "RamRoleArn", "LTAIa", "");
    let shown = refused(super::profiles::found(&without), Failure::Credentials);
    assert!(shown.ends_with("has no ram_role_arn"), "{shown}");
}

#[test]
fn an_instances_role_by_name() {
    let service = metadata("STS.instance");
    let home = home(
        &profile("a", "EcsRamRole", "", "")
            .replace(r#""ram_role_name":"""#, r#""ram_role_name":"other""#),
    );
    let url = service.url();
    let env = Env::from([
        ("HOME", home.0.to_str().unwrap()),
        ("ALIBABA_CLOUD_ECS_METADATA_ENDPOINT", &url),
    ]);
    let found = find(&env).unwrap();
    assert_eq!(parts(&found).0, "STS.instance");
    assert_eq!(
        found.origin,
        "profile \"a\" in ~/.aliyun/config.json: instance metadata, role other"
    );
    let paths: Vec<String> = service.seen().iter().map(|r| r.path().to_owned()).collect();
    assert_eq!(paths, ["/latest/api/token", &format!("{ROLES}other")]);
    // It was promised, so nobody there is a fault, not a reason to go on.
    let shown = refused(find(&home.env(&[])), Failure::Credentials);
    assert!(shown.contains("has mode EcsRamRole: switched off by"), "{shown}");
}

#[test]
fn what_is_not_served_says_what_is() {
    for mode in ["CloudSSO", "OAuth", "External", "ChainableRamRoleArn", "OIDC", "RsaKeyPair"] {
        let shown = refused(found(&profile("a", mode, "LTAIa", "")), Failure::Credentials);
        assert!(
            shown.contains(&format!("has mode {mode:?}, which is not served"))
                && shown.contains("AK, StsToken, RamRoleArn and EcsRamRole"),
            "{shown}"
        );
    }
}

#[test]
fn a_file_that_is_broken_is_an_error() {
    let cases = [
        ("{", "is not the JSON of profiles (line 1"),
        ("[default]\naccess_key_id = hush", "is not the JSON of profiles"),
        (r#"{"profiles":[{"name":"a","access_key_id":["hush"]}]}"#, "is not the JSON of profiles"),
        (r#"{"profiles":[]}"#, "profile \"default\" is not in ~/.aliyun/config.json; known: none"),
        (r#"{"current":"","profiles":[{"name":"x"}]}"#, "profile \"default\" is not in"),
    ];
    for (text, told) in cases {
        let home = Home::new();
        home.write(".aliyun/config.json", text);
        let shown = refused(find(&home.env(&[])), Failure::Credentials);
        assert!(shown.contains(told), "{shown}");
    }
    // A directory in the place of the file cannot be read, whoever asks.
    let home = Home::new();
    home.write(".aliyun/config.json/x", "");
    let shown = refused(find(&home.env(&[])), Failure::Credentials);
    assert!(shown.contains("~/.aliyun/config.json cannot be read"), "{shown}");
}
