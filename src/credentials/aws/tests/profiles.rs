//! Profiles of the shared files.

use super::*;

#[test]
fn keys_stand_in_either_file() {
    let config = format!(
        "[default]\nregion = eu-west-1\n{}aws_session_token = hush-old\n\
         [profile \"two words\"]\n{}aws_account_id = 111122223333\nregion = cn-north-1\n",
        pair("AKIACONFIG"),
        pair("AKIAWORDS"),
    );
    let home = home_with(&config, "");
    let found = find(&home.env(&[])).unwrap();
    assert_eq!(parts(&found), ("AKIACONFIG", "hush-AKIACONFIG", Some("hush-old")));
    assert_eq!(found.region.as_deref(), Some("eu-west-1"));
    assert_eq!(found.account, None);
    let found = find_profile(&home.env(&[]), "two words").unwrap();
    assert_eq!(found.account.as_deref(), Some("111122223333"));
    assert_eq!(found.region.as_deref(), Some("cn-north-1"));

    // A newer pair in the other file does not get the old token.
    home.write(".aws/credentials", &format!("[default]\n{}", pair("AKIANEW")));
    let found = find(&home.env(&[])).unwrap();
    assert_eq!(parts(&found), ("AKIANEW", "hush-AKIANEW", None));
    assert_eq!(found.origin, "profile \"default\" in ~/.aws/credentials");
    assert_eq!(found.region.as_deref(), Some("eu-west-1"));
}

#[test]
fn profile_default_comes_before_default() {
    let config =
        format!("[profile default]\n{}[default]\n{}region = x-1\n", pair("AKIAA"), pair("AKIAB"));
    let found = find(&home_with(&config, "").env(&[])).unwrap();
    assert_eq!((parts(&found).0, found.region.as_deref()), ("AKIAA", Some("x-1")));
}

#[test]
fn files_elsewhere() {
    let home = Home::new();
    home.write("c", &format!("[profile p]\n{}", pair("AKIAP")));
    let path = home.write("s", &format!("[q]\n{}", pair("AKIAQ")));
    let env = home.env(&[("AWS_CONFIG_FILE", "~/c"), ("AWS_SHARED_CREDENTIALS_FILE", &path)]);
    assert_eq!(find_profile(&env, "p").unwrap().origin, "profile \"p\" in ~/c");
    assert_eq!(find_profile(&env, "q").unwrap().origin, "profile \"q\" in ~/s");
    let empty = ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
    let shown = refused(find_profile(&home.env(&[empty]), "p"), Failure::Credentials);
    assert!(shown.contains("~/.aws/config (no such file) or /dev/null; known: none"), "{shown}");
}

#[test]
fn a_file_that_cannot_be_used_is_an_error() {
    let home = home_with("[default]\nregion = x\n  nested\nhush\n", "");
    let cases = [
        (home.env(&[]), "cannot understand ~/.aws/config: line 4 is neither"),
        (
            home.env(&[("AWS_CONFIG_FILE", "~/nowhere")]),
            "AWS_CONFIG_FILE names ~/nowhere: no such file; correct or unset it",
        ),
        (home.env(&[("AWS_CONFIG_FILE", "~/.aws")]), "cannot read ~/.aws ("),
    ];
    for (env, reason) in cases {
        let shown = refused(find(&env), Failure::Credentials);
        assert!(shown.starts_with(reason), "{shown}");
        // Keys in the environment need no file.
        let keys = [("AWS_ACCESS_KEY_ID", "AKIAENV"), ("AWS_SECRET_ACCESS_KEY", "hush")];
        let names = ["HOME", "AWS_CONFIG_FILE"];
        let files = names.iter().filter_map(|name| Some((*name, env.get(name)?)));
        let both = files.chain(keys).map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert!(find(&both.collect()).is_ok());
    }
    std::fs::write(home.0.join(".aws/config"), b"[default]\nx = \xff\n").unwrap();
    let shown = refused(find(&home.env(&[])), Failure::Credentials);
    assert_eq!(shown, "cannot understand ~/.aws/config: it is not UTF-8 text");
}

#[test]
fn a_section_without_its_prefix_is_pointed_out() {
    let home = home_with(&format!("[prod]\n{}", pair("AKIAPROD")), "");
    let shown = refused(find_profile(&home.env(&[]), "prod"), Failure::Credentials);
    assert!(
        shown.ends_with("the config file has [prod], which must be [profile prod] there"),
        "{shown}"
    );
}

#[test]
fn what_a_profile_cannot_be() {
    let role = "role_arn = arn:aws:iam::111122223333:role/x\n";
    let cases = [
        (role.to_owned(), "has role_arn and neither source_profile nor credential_source"),
        (
            format!("{role}source_profile = p\ncredential_source = Environment\n"),
            "has both source_profile and credential_source: only one",
        ),
        (
            format!("{role}credential_source = Cloud\n"),
            "credential_source is \"Cloud\", not Environment,",
        ),
        (
            format!("{role}credential_source = Environment\n"),
            "credential_source Environment has nothing: AWS_ACCESS_KEY_ID is not set",
        ),
        (
            format!("{role}credential_source = Ec2InstanceMetadata\n"),
            "credential_source Ec2InstanceMetadata has nothing: switched off by",
        ),
        (
            format!("{role}credential_source = EcsContainer\n"),
            "EcsContainer has nothing: neither AWS_",
        ),
        (
            format!("{role}source_profile = gone\n"),
            "source_profile of profile \"p\" in ~/.aws/config names profile \"gone\"",
        ),
        (
            format!("{role}source_profile = bare\n"),
            "source_profile: profile \"bare\" in ~/.aws/config has no credentials",
        ),
        (
            format!("{role}source_profile = p\nmfa_serial = arn:aws:iam::111122223333:mfa/me\n"),
            "credential_process = aws configure export-credentials --profile p",
        ),
        (
            format!("{role}source_profile = keys\nduration_seconds = 1h\n"),
            "duration_seconds is \"1h\", not a number",
        ),
        (format!("{role}source_profile = p\n"), "leads in a circle: p -> p"),
        (
            format!("{role}source_profile = round\n"),
            "leads in a circle: p -> round -> again -> round",
        ),
        (format!("{role}source_profile = back\n"), "leads in a circle: p -> back -> p"),
        ("login_session = me\n".to_owned(), "login_session is not supported: give another profile"),
        ("region = eu-west-1\n".to_owned(), "profile \"p\" in ~/.aws/config has no credentials"),
    ];
    for (settings, reason) in cases {
        let config = format!(
            "[profile p]\n{settings}[profile bare]\nregion = x\n[profile keys]\n{}\
             [profile round]\n{role}source_profile = again\n[profile again]\n{role}source_profile = round\n\
             [profile back]\n{role}source_profile = p\n",
            pair("AKIAKEYS"),
        );
        let home = home_with(&config, "");
        let shown = refused(find_profile(&home.env(&[]), "p"), Failure::Credentials);
        assert!(shown.contains(reason), "{shown}");
    }
}
