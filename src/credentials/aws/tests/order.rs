//! Which source is asked first, and what is said when none has anything.

use super::*;

/// A machine where every source has something.
struct Everything {
    home: Home,
    sts: Server,
    container: Server,
    metadata: Server,
}

impl Everything {
    fn new() -> Self {
        let config =
            format!("[default]\n{}[profile other]\n{}", pair("AKIADEFAULT"), pair("AKIAOTHER"));
        let home = home_with(&config, "");
        home.write("token", "hush.web.token\n");
        Self {
            home,
            sts: sts(),
            container: Server::start(|_| Reply::json(document("AKIACONTAINER", LATER, "")))
                .unwrap(),
            metadata: near::metadata("AKIAINSTANCE"),
        }
    }

    /// The environment of the sources from number `first` on: 0 keys, 1 files, 2 web identity, 3 container, 4
    /// metadata.
    fn env(&self, first: usize) -> Env {
        let token = self.home.0.join("token").display().to_string();
        let home = self.home.0.display().to_string();
        let sources: [&[(&str, &str)]; 5] = [
            &[("AWS_ACCESS_KEY_ID", "AKIAENV"), ("AWS_SECRET_ACCESS_KEY", "hush")],
            &[("HOME", &home)],
            &[
                ("AWS_WEB_IDENTITY_TOKEN_FILE", &token),
                ("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/web"),
                ("AWS_ENDPOINT_URL_STS", &self.sts.url()),
            ],
            &[("AWS_CONTAINER_CREDENTIALS_FULL_URI", &self.container.url())],
            &[("AWS_EC2_METADATA_SERVICE_ENDPOINT", &self.metadata.url())],
        ];
        let chosen = sources[first..].iter().copied().flatten();
        chosen.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }
}

#[test]
fn sources_come_in_their_order() {
    let all = Everything::new();
    let file = keys("AKIAFILE", "hush", None);
    let explicit = Some((&file, "secret.yml", true));
    let default = Some((&file, "/vance/secret/secret.yml", false));
    let cases = [
        (explicit, Some("other"), 0, "AKIAFILE", "secret.yml"),
        (default, Some("other"), 0, "AKIAOTHER", "profile \"other\" in ~/.aws/config"),
        (default, None, 0, "AKIAENV", "environment (AWS_ACCESS_KEY_ID)"),
        (default, None, 1, "AKIAFILE", "/vance/secret/secret.yml"),
        (None, None, 1, "AKIADEFAULT", "profile \"default\" in ~/.aws/config"),
        (None, None, 2, "ASIA-web", "web identity role arn:aws:iam::111122223333:role/web"),
        (None, None, 3, "AKIACONTAINER", "container credentials"),
        (None, None, 4, "AKIAINSTANCE", "instance metadata, role web"),
    ];
    for (file, profile, first, id, origin) in cases {
        let found = find_within(WIDE, &all.env(first), &Given { file, profile }).unwrap();
        assert_eq!((parts(&found).0, found.origin.as_str()), (id, origin));
        assert!(!format!("{found:?}").contains("hush"));
    }
}

#[test]
fn a_named_profile_is_used_or_an_error() {
    let home = home_with(&format!("[profile other]\n{}", pair("AKIAOTHER")), "[third]\n");
    let env = home.env(&[("AWS_PROFILE", "other")]);
    assert_eq!(parts(&find(&env).unwrap()).0, "AKIAOTHER");
    let shown = refused(find(&home.env(&[("AWS_PROFILE", "prod")])), Failure::Credentials);
    assert_eq!(
        shown,
        "AWS_PROFILE names profile \"prod\", which is not in ~/.aws/config or ~/.aws/credentials; known: other, third"
    );
    // The keys in the environment come before AWS_PROFILE, whatever it names, and after --profile.
    let keys = [("AWS_ACCESS_KEY_ID", "AKIAENV"), ("AWS_SECRET_ACCESS_KEY", "hush")];
    let env = home.env(&[keys[0], keys[1], ("AWS_PROFILE", "prod")]);
    assert_eq!(parts(&find(&env).unwrap()).0, "AKIAENV");
    let shown = refused(find_profile(&env, "prod"), Failure::Credentials);
    assert!(shown.starts_with("--profile names profile \"prod\""), "{shown}");
    let shown = refused(find_profile(&env, "third"), Failure::Credentials);
    assert_eq!(shown, "profile \"third\" in ~/.aws/credentials has no credentials");
}

#[test]
fn half_of_a_pair_never_falls_through() {
    let all = Everything::new();
    let half = |name: &str| {
        let mut variables = vec![(name.to_owned(), "hush".to_owned())];
        for name in ["HOME", "AWS_CONTAINER_CREDENTIALS_FULL_URI"] {
            variables.extend(all.env(0).get(name).map(|value| (name.to_owned(), value.to_owned())));
        }
        variables.into_iter().collect::<Env>()
    };
    for (name, missing) in [
        ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY is not"),
        ("AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID is not"),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN is not"),
    ] {
        let mut env = half(name);
        if name.starts_with("AWS_WEB") {
            env = Env::from([(name, "/token"), ("AWS_EC2_METADATA_DISABLED", "true")]);
        }
        let shown = refused(find(&env), Failure::Credentials);
        assert!(shown.contains(missing), "{shown}");
    }
    for (setting, missing) in [
        ("aws_access_key_id = AKIAHALF", "has aws_access_key_id and no aws_secret_access_key"),
        ("aws_secret_access_key = hush\naws_access_key_id =", "and no aws_access_key_id"),
    ] {
        let home = home_with("", &format!("[default]\n{setting}\n"));
        let shown = refused(find(&home.env(&[])), Failure::Credentials);
        assert!(shown.contains(missing), "{shown}");
    }
}

#[test]
fn nothing_found_names_every_place() {
    let home = Home::new();
    let shown = refused(find(&home.env(&[])), Failure::Credentials);
    assert_eq!(
        shown,
        "no AWS credentials found; looked at environment (AWS_ACCESS_KEY_ID is not set); \
         secret file (none with keys); \
         profile (no profile \"default\" in ~/.aws/config (no such file) or ~/.aws/credentials (no such file)); \
         web identity (AWS_WEB_IDENTITY_TOKEN_FILE is not set); \
         container (neither AWS_CONTAINER_CREDENTIALS_RELATIVE_URI nor AWS_CONTAINER_CREDENTIALS_FULL_URI is set); \
         instance metadata (switched off by AWS_EC2_METADATA_DISABLED): \
         set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a --profile or a --secret file"
    );
    home.write(".aws/config", "[default]\nregion = eu-west-1\n");
    let shown = refused(find(&home.env(&[])), Failure::Credentials);
    assert!(
        shown.contains("profile (profile \"default\" in ~/.aws/config has no credentials);"),
        "{shown}"
    );
}

#[test]
fn no_home_breaks_nothing() {
    let off = ("AWS_EC2_METADATA_DISABLED", "true");
    let shown = refused(find(&Env::from([off])), Failure::Credentials);
    assert!(shown.contains("~/.aws/config (HOME is not set) or"), "{shown}");
    for home in ["/dev/null", "/nonexistent", "/"] {
        let shown = refused(find(&Env::from([off, ("HOME", home)])), Failure::Credentials);
        assert!(shown.contains(".aws/config (no such file)"), "{shown}");
    }
    let keys = [("AWS_ACCESS_KEY_ID", "AKIAENV"), ("AWS_SECRET_ACCESS_KEY", "hush")];
    assert!(find(&Env::from(keys)).is_ok());
    let shown = refused(find_profile(&Env::from([off]), "prod"), Failure::Credentials);
    assert!(shown.contains("(HOME is not set); known: none"), "{shown}");
}

#[test]
fn a_profile_without_keys_still_says_the_region() {
    let container = Server::start(|_| Reply::json(document("AKIACONTAINER", LATER, ""))).unwrap();
    let home = home_with("[default]\nregion = cn-north-1\n", "");
    let env = home.env(&[("AWS_CONTAINER_CREDENTIALS_FULL_URI", &container.url())]);
    let found = find(&env).unwrap();
    assert_eq!(found.region.as_deref(), Some("cn-north-1"));
    assert_eq!(super::super::partition::chosen(&env, Some(&found)).id, "aws-cn");
}

#[test]
fn a_wish_to_stop_ends_the_search() {
    let all = Everything::new();
    let session = session();
    session.stop.ask(Failure::Terminated);
    for first in 2..5 {
        let env = all.env(first);
        let machine = Machine { session: &session, env: &env, limits: WIDE };
        refused(search(&machine, &Given::default()), Failure::Terminated);
    }
}
