//! The image without an engine: a root directory that holds what the Dockerfile's last stage holds, and `chroot`.
//! `.ci/static` builds the binary and runs these.

use crate::common::{Target, cloud, day};
use billing_pull::demo;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};
use tempfile::TempDir;

const BUNDLE: &str = "/etc/ssl/certs/ca-certificates.crt";

fn dockerfile() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Dockerfile")).unwrap()
}

/// What follows this instruction in the last stage.
fn instruction(name: &str) -> String {
    let text = dockerfile();
    let stage = text.rsplit_once("\nFROM scratch\n").unwrap().1;
    let mut lines = stage.lines().filter_map(|line| line.strip_prefix(name));
    let rest = lines.next().unwrap_or_else(|| panic!("no {name} in the last stage"));
    assert_eq!(lines.next(), None, "{name} comes twice");
    rest.trim().to_owned()
}

/// A root directory.
struct Root(TempDir);

impl Root {
    /// The image as it is built.
    fn image() -> Self {
        Self::bare().with(BUNDLE, &fs::read_to_string(BUNDLE).unwrap())
    }

    /// The binary alone.
    fn bare() -> Self {
        let root = Self(TempDir::new().unwrap());
        fs::set_permissions(root.0.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let binary = std::env::var("STATIC_BINARY").unwrap();
        let root = root.with(&Self::entry(), "");
        fs::copy(binary, root.path(&Self::entry())).unwrap();
        root
    }

    fn entry() -> String {
        serde_json::from_str::<[String; 1]>(&instruction("ENTRYPOINT")).unwrap().concat()
    }

    fn path(&self, path: &str) -> std::path::PathBuf {
        self.0.path().join(path.trim_start_matches('/'))
    }

    fn with(self, path: &str, text: &str) -> Self {
        fs::create_dir_all(self.path(path).parent().unwrap()).unwrap();
        fs::write(self.path(path), text).unwrap();
        self
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let output = Command::new("chroot")
            .arg(format!("--userspec={}", instruction("USER")))
            .arg(self.0.path())
            .arg(Self::entry())
            .args(arguments)
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .output();
        output.unwrap()
    }
}

/// Fails the test unless it ended so; what it printed otherwise.
#[track_caller]
fn ended(output: Output, code: i32, said: &[&str]) -> Vec<Value> {
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    for needle in said {
        assert!(stderr.contains(needle), "{needle:?} is not in: {stderr}");
    }
    let stdout = String::from_utf8(output.stdout).unwrap();
    stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
#[ignore = "asks for root and the static binary: .ci/static"]
fn an_empty_root_is_enough_for_plain_http() {
    let target = Target::start();
    let events = ended(Root::bare().run(&["aws", "--demo"]), 0, &["31 events delivered"]);
    assert_eq!(events.len(), 31);
    let run = Root::bare().run(&["aws", "--demo", "--target", &target.url()]);
    assert_eq!(ended(run, 0, &["31 events delivered"]), [] as [Value; 0]);
    assert_eq!(target.events().len(), 31);
}

#[test]
#[ignore = "asks for root and the static binary: .ci/static"]
fn https_without_certificates_says_what_is_missing() {
    let missing =
        ["no CA certificates", "install ca-certificates or name a bundle with SSL_CERT_FILE"];
    let root = Root::bare();
    ended(root.run(&["aws", "--demo", "--target", "https://127.0.0.1:1"]), 2, &missing);
    let root = root.with("/vance/secret/secret.yml", &secret());
    ended(root.run(&["aws", "--endpoint", "https://127.0.0.1:1"]), 2, &missing);
}

#[test]
#[ignore = "asks for root and the static binary: .ci/static"]
fn the_image_has_its_certificates_where_they_are_looked_for() {
    assert!(dockerfile().contains(&format!("COPY --from=build {BUNDLE} {BUNDLE}\n")));
    let run = Root::image().run(&[
        "aws",
        "--demo",
        "--retries",
        "1",
        "--retry-delay",
        "0",
        "--target",
        "https://127.0.0.1:1",
    ]);
    ended(run, 7, &["could not connect"]);
}

fn secret() -> String {
    // As the document of the AWS connector spells it.
    format!(
        "access_key_id: {}\nsecret_access_Key: {}\n",
        demo::ACCESS_KEY_ID,
        demo::SECRET_ACCESS_KEY
    )
}

#[test]
#[ignore = "asks for root and the static binary: .ci/static"]
fn the_connectors_way_of_running_it_works() {
    let (cloud, target) = (cloud(), Target::start());
    // docker run --rm -v ${PWD}:/vance/config -v ${PWD}:/vance/secret IMAGE aws
    let config = format!("target: {}\nendpoint: {}\npull_hour: 20\n", target.url(), cloud.url());
    let mut root = Root::image();
    for folder in ["/vance/config", "/vance/secret"] {
        root = root
            .with(&format!("{folder}/config.yml"), &config)
            .with(&format!("{folder}/secret.yml"), &secret());
    }
    let closing = format!("aws {}: 31 events delivered", day(1));
    ended(root.run(&["aws"]), 0, &["pull_hour", &closing]);
    assert_eq!(target.events().len(), 31);
    assert_eq!(cloud.seen().len(), 2);
}
