//! Which source is asked first, and what is said when none has anything.

use super::*;

/// A machine where every source has something.
struct Everything {
    home: Home,
    sts: Server,
    uri: Server,
    metadata: Server,
}

impl Everything {
    fn new() -> Self {
        let home = Home::new();
        home.write("token", "hush.oidc.token\n");
        home.write(
            ".aliyun/config.json",
            r#"{"current":"default","profiles":[{"name":"default","mode":"AK","access_key_id":"LTAIdefault","access_key_secret":"hush"}]}"#,
        );
        let uri = Server::start(|_| Reply::json(document("STS.uri", LATER))).unwrap();
        Self { home, sts: sts(), uri, metadata: metadata("STS.instance") }
    }

    /// The environment of the sources from number `first` on: 0 keys, 1 OIDC, 2 profile, 3 URI, 4 metadata.
    fn env(&self, first: usize) -> Env {
        let token = self.home.0.join("token").display().to_string();
        let home = self.home.0.display().to_string();
        let sources: [&[(&str, &str)]; 5] = [
            &[
                ("ALIBABA_CLOUD_ACCESS_KEY_ID", "LTAIenv"),
                ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "hush"),
                ("ALIBABA_CLOUD_SECURITY_TOKEN", "hush-token"),
            ],
            &[
                ("ALIBABA_CLOUD_ROLE_ARN", ROLE),
                ("ALIBABA_CLOUD_OIDC_PROVIDER_ARN", PROVIDER),
                ("ALIBABA_CLOUD_OIDC_TOKEN_FILE", &token),
                ("ALIBABA_CLOUD_STS_ENDPOINT", &self.sts.url()),
            ],
            &[("HOME", &home)],
            &[("ALIBABA_CLOUD_CREDENTIALS_URI", &self.uri.url())],
            &[("ALIBABA_CLOUD_ECS_METADATA_ENDPOINT", &self.metadata.url())],
        ];
        let chosen = sources[first..].iter().copied().flatten();
        chosen.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }
}

#[test]
fn sources_come_in_their_order() {
    let all = Everything::new();
    let file = keys("LTAIfile", "hush", None);
    let explicit = Some((&file, "secret.yml", true));
    let default = Some((&file, "/vance/secret/secret.yml", false));
    let cases = [
        (explicit, 0, "LTAIfile", "secret.yml"),
        (default, 0, "LTAIenv", "environment (ALIBABA_CLOUD_ACCESS_KEY_ID)"),
        (default, 1, "LTAIfile", "/vance/secret/secret.yml"),
        (None, 1, "STS.billing-pull", "OIDC role acs:ram::1234567890123456:role/billing-pull"),
        (None, 2, "LTAIdefault", "profile \"default\" in ~/.aliyun/config.json"),
        (None, 3, "STS.uri", "credentials URI"),
        (None, 4, "STS.instance", "instance metadata, role web"),
    ];
    for (file, first, id, origin) in cases {
        let env = all.env(first);
        let machine = Machine { session: &session(), env: &env, limits: WIDE };
        let found = search(&machine, &Given { file }).unwrap();
        assert_eq!((parts(&found).0, found.origin.as_str()), (id, origin));
        assert!(!format!("{found:?}").contains("hush"));
    }
    let found = find(&all.env(0)).unwrap();
    assert_eq!(parts(&found), ("LTAIenv", "hush", Some("hush-token")));
}

#[test]
fn half_of_what_is_needed_never_falls_through() {
    let all = Everything::new();
    let cases: [(&[&str], &str); 6] = [
        (&["ALIBABA_CLOUD_ACCESS_KEY_ID"], "ALIBABA_CLOUD_ACCESS_KEY_SECRET is not"),
        (&["ALIBABA_CLOUD_ACCESS_KEY_SECRET"], "ALIBABA_CLOUD_ACCESS_KEY_ID is not"),
        (
            &["ALIBABA_CLOUD_OIDC_TOKEN_FILE"],
            "ALIBABA_CLOUD_OIDC_TOKEN_FILE is set without ALIBABA_CLOUD_ROLE_ARN and ALIBABA_CLOUD_OIDC_PROVIDER_ARN",
        ),
        (
            &["ALIBABA_CLOUD_OIDC_PROVIDER_ARN", "ALIBABA_CLOUD_ROLE_ARN"],
            "ALIBABA_CLOUD_OIDC_PROVIDER_ARN is set without ALIBABA_CLOUD_OIDC_TOKEN_FILE",
        ),
        (
            &["ALIBABA_CLOUD_OIDC_TOKEN_FILE", "ALIBABA_CLOUD_ROLE_ARN"],
            "is set without ALIBABA_CLOUD_OIDC_PROVIDER_ARN",
        ),
        (
            &["ALIBABA_CLOUD_OIDC_TOKEN_FILE", "ALIBABA_CLOUD_OIDC_PROVIDER_ARN"],
            "is set without ALIBABA_CLOUD_ROLE_ARN",
        ),
    ];
    for (set, missing) in cases {
        let rest = all.env(2);
        let others = ["HOME", "ALIBABA_CLOUD_CREDENTIALS_URI"]
            .into_iter()
            .filter_map(|name| Some((name.to_owned(), rest.get(name)?.to_owned())));
        let env = set.iter().map(|name| ((*name).to_owned(), "hush".to_owned())).chain(others);
        let shown = refused(find(&env.collect()), Failure::Credentials);
        assert!(shown.contains(missing), "{shown}");
    }
    // The role's variable alone is there for other uses.
    let home = Home::new();
    let shown = refused(find(&home.env(&[("ALIBABA_CLOUD_ROLE_ARN", ROLE)])), Failure::Credentials);
    assert!(shown.starts_with("no Alibaba Cloud credentials found"), "{shown}");
}

#[test]
fn nothing_found_names_every_place() {
    let home = Home::new();
    assert_eq!(
        refused(find(&home.env(&[])), Failure::Credentials),
        "no Alibaba Cloud credentials found; looked at environment (ALIBABA_CLOUD_ACCESS_KEY_ID is not set); \
         secret file (none with keys); OIDC (ALIBABA_CLOUD_OIDC_TOKEN_FILE is not set); \
         profile (no ~/.aliyun/config.json); \
         credentials URI (ALIBABA_CLOUD_CREDENTIALS_URI is not set); \
         instance metadata (switched off by ALIBABA_CLOUD_ECS_METADATA_DISABLED): \
         set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, or name a --secret file"
    );
    let off = ("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true");
    let shown = refused(find(&Env::from([off])), Failure::Credentials);
    assert!(shown.contains("profile (HOME is not set)"), "{shown}");
}

#[test]
fn a_wish_to_stop_ends_the_search() {
    let all = Everything::new();
    let session = session();
    session.stop.ask(Failure::Terminated);
    for first in [1, 3, 4] {
        let env = all.env(first);
        let machine = Machine { session: &session, env: &env, limits: WIDE };
        refused(search(&machine, &Given::default()), Failure::Terminated);
    }
}
