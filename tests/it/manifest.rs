//! `k8s-cronjob.yaml`, its variants, and the manifests in README.md: what Kubernetes does not check by its schema.
//! `.ci/kubernetes` has the schema.

use crate::common::{Run, cloud};
use billing_pull::{command, demo, exit_codes};
use serde::Deserialize;
use serde_yaml::Value;
use std::fs;
use std::path::Path;

/// A document, or a part of one.
struct Part(Value);

impl Part {
    /// The value under these names, `null` if there is none.
    fn at(&self, path: &str) -> Self {
        let step = |value: &Value, name: &str| match name.parse::<usize>() {
            Ok(index) => value.get(index).cloned(),
            Err(_) => value.get(name).cloned(),
        };
        Self(path.split('/').fold(self.0.clone(), |at, name| step(&at, name).unwrap_or_default()))
    }

    fn text(&self, path: &str) -> String {
        let value = self.at(path).0;
        value.as_str().unwrap_or_else(|| panic!("{path} is no text: {value:?}")).to_owned()
    }

    fn number(&self, path: &str) -> u64 {
        let value = self.at(path).0;
        value.as_u64().unwrap_or_else(|| panic!("{path} is no number: {value:?}"))
    }

    fn list(&self, path: &str) -> Vec<Self> {
        let value = self.at(path).0;
        value.as_sequence().cloned().unwrap_or_default().into_iter().map(Self).collect()
    }

    fn texts(&self, path: &str) -> Vec<String> {
        self.list(path).iter().map(|item| item.0.as_str().unwrap().to_owned()).collect()
    }

    /// The only item of the list that has this text under this name.
    fn item(&self, path: &str, name: &str, text: &str) -> Self {
        let mut found: Vec<Self> = self.list(path);
        found.retain(|item| item.at(name).0.as_str() == Some(text));
        assert_eq!(found.len(), 1, "{path} with {name} {text}");
        found.remove(0)
    }
}

fn file(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// The documents of a YAML text; a key that comes twice is a fault.
fn documents(text: &str) -> Vec<Part> {
    let documents = serde_yaml::Deserializer::from_str(text);
    documents.map(|document| Part(Value::deserialize(document).unwrap())).collect()
}

fn of_kind(documents: Vec<Part>, kind: &str) -> Part {
    let mut found: Vec<Part> = documents;
    found.retain(|document| document.text("kind") == kind);
    assert_eq!(found.len(), 1, "documents of kind {kind}");
    found.remove(0)
}

fn manifest() -> Vec<Part> {
    documents(&file("k8s-cronjob.yaml"))
}

/// The file with its variants: `#` and no blank is YAML.
fn with_variants() -> Vec<Part> {
    let bare = |line: &str| match line.split_once('#') {
        Some((head, rest)) if head.trim().is_empty() && rest.starts_with(|c: char| c != ' ') => {
            format!("{head}{rest}\n")
        }
        Some((head, rest)) if head.is_empty() && rest.starts_with("  ") => format!("{rest}\n"),
        _ => format!("{line}\n"),
    };
    let text = file("k8s-cronjob.yaml");
    let at = text.find("apiVersion:").unwrap();
    documents(&text[at..].lines().map(bare).collect::<String>())
}

/// What holds for every Job that runs billing-pull.
fn is_a_sound_job(job: &Part) {
    let permanent: Vec<u64> = exit_codes()
        .filter(|(_, _, retry)| *retry == "no")
        .map(|(code, ..)| u64::from(code))
        .collect();
    assert!(!permanent.contains(&8));
    let fail = job.item("podFailurePolicy/rules", "action", "FailJob");
    let codes: Vec<u64> =
        fail.list("onExitCodes/values").iter().map(|c| c.0.as_u64().unwrap()).collect();
    assert_eq!(codes, permanent, "FailJob: the codes that are not worth a retry");
    assert_eq!(fail.text("onExitCodes/operator"), "In");
    assert_eq!(job.text("podFailurePolicy/rules/0/action"), "Ignore");
    assert_eq!(job.text("podFailurePolicy/rules/0/onPodConditions/0/type"), "DisruptionTarget");

    let pod = job.at("template/spec");
    assert_eq!(pod.text("restartPolicy"), "Never", "podFailurePolicy asks for it");
    assert_eq!(pod.list("containers").len(), 1);
    let container = pod.at("containers/0");
    assert_eq!(container.text("name"), fail.text("onExitCodes/containerName"));
    let tag = container.text("image").rsplit_once(':').unwrap().1.to_owned();
    assert_eq!(tag, env!("CARGO_PKG_VERSION"));

    let mounts = container.list("volumeMounts");
    for mount in &mounts {
        pod.item("volumes", "name", &mount.text("name"));
    }
    let arguments = container.texts("args");
    let words = std::iter::once("billing-pull".to_owned()).chain(arguments.clone());
    command().try_get_matches_from(words).unwrap_or_else(|error| panic!("{arguments:?}: {error}"));
    for path in arguments.iter().filter_map(|word| word.split_once("=/")).map(|(_, path)| path) {
        let writable = |mount: &&Part| mount.at("readOnly").0.as_bool() != Some(true);
        let holds = |mount: &Part| format!("/{path}").starts_with(&mount.text("mountPath"));
        assert!(mounts.iter().filter(writable).any(holds), "/{path} is on no writable volume");
    }
}

/// The pod may do nothing that it need not.
fn is_a_humble_pod(pod: &Part) {
    let yes = |part: &Part, path: &str| part.at(path).0.as_bool().unwrap();
    assert!(yes(pod, "securityContext/runAsNonRoot"));
    for id in ["runAsUser", "runAsGroup", "fsGroup"] {
        assert_eq!(pod.number(&format!("securityContext/{id}")), 65_532, "{id}");
    }
    assert_eq!(pod.text("securityContext/seccompProfile/type"), "RuntimeDefault");
    assert!(!yes(pod, "automountServiceAccountToken"));
    let container = pod.at("containers/0");
    assert!(!yes(&container, "securityContext/allowPrivilegeEscalation"));
    assert!(yes(&container, "securityContext/readOnlyRootFilesystem"));
    assert_eq!(container.texts("securityContext/capabilities/drop"), ["ALL"]);
    assert!(container.at("resources/requests/memory").0.is_string());
    assert!(container.at("resources/limits/memory").0.is_string());
}

#[test]
fn the_cron_job_runs_once_a_day_after_the_clouds_day() {
    let spec = of_kind(manifest(), "CronJob").at("spec");
    assert_eq!(spec.text("timeZone"), "Etc/UTC");
    let schedule = spec.text("schedule");
    let fields: Vec<&str> = schedule.split(' ').collect();
    assert_eq!(fields[2..], ["*", "*", "*"], "{schedule}");
    assert!((6..24).contains(&fields[1].parse::<u32>().unwrap()), "{schedule}");
    assert_eq!(spec.text("concurrencyPolicy"), "Forbid");
    // Below ten seconds a missed start may never be noticed; a day is the next one's turn.
    assert!((10..86_400).contains(&spec.number("startingDeadlineSeconds")));
}

#[test]
fn the_job_stops_at_codes_that_are_not_worth_a_retry() {
    let job = of_kind(manifest(), "CronJob").at("spec/jobTemplate/spec");
    is_a_sound_job(&job);
    is_a_humble_pod(&job.at("template/spec"));
}

#[test]
fn the_run_ends_by_itself_before_kubernetes_ends_it() {
    let job = of_kind(manifest(), "CronJob").at("spec/jobTemplate/spec");
    let arguments = job.texts("template/spec/containers/0/args");
    let deadline = arguments.iter().find_map(|word| word.strip_prefix("--deadline=")).unwrap();
    let tries = job.number("backoffLimit") + 1;
    assert!(deadline.parse::<u64>().unwrap() * tries < job.number("activeDeadlineSeconds"));
    assert!(job.number("template/spec/terminationGracePeriodSeconds") > 10, "posts in flight");
}

#[test]
fn every_volume_is_in_the_file_and_where_the_program_looks() {
    let pod = of_kind(manifest(), "CronJob").at("spec/jobTemplate/spec/template/spec");
    let name = |kind: &str| of_kind(manifest(), kind).text("metadata/name");
    let volume = |volume: &str| pod.item("volumes", "name", volume);
    assert_eq!(volume("config").text("configMap/name"), name("ConfigMap"));
    assert_eq!(volume("secret").text("secret/secretName"), name("Secret"));
    assert_eq!(volume("secret").number("secret/defaultMode"), 0o440);
    assert_eq!(
        volume("journal").text("persistentVolumeClaim/claimName"),
        name("PersistentVolumeClaim")
    );
    let mount =
        |name: &str| pod.at("containers/0").item("volumeMounts", "name", name).text("mountPath");
    let manual = |path: &str| billing_pull::manual::FILES.iter().any(|(file, _)| *file == path);
    for (volume, kind, key) in [("config", "ConfigMap", "data"), ("secret", "Secret", "stringData")]
    {
        let file = format!("{}/{volume}.yml", mount(volume));
        assert!(manual(&file), "{file} is no default");
        assert!(!of_kind(manifest(), kind).text(&format!("{key}/{volume}.yml")).is_empty());
    }
}

#[test]
fn two_values_are_all_there_is_to_fill_in() {
    let text = file("k8s-cronjob.yaml");
    assert_eq!(text.matches("# FILL IN").count(), 2);
    let filled = text
        .replace("access_key_id: \"\"", &format!("access_key_id: {}", demo::ACCESS_KEY_ID))
        .replace(
            "secret_access_key: \"\"",
            &format!("secret_access_key: {}", demo::SECRET_ACCESS_KEY),
        );
    let part = |text: &str, kind: &str, path: &str| of_kind(documents(text), kind).text(path);
    let cloud = cloud();
    let run = |text: &str| {
        Run::command("aws")
            .args(["--endpoint", &cloud.url(), "--secret", "secret.yml", "--config", "config.yml"])
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .file("secret.yml", part(text, "Secret", "stringData/secret.yml"))
            .file("config.yml", part(text, "ConfigMap", "data/config.yml"))
            .go()
    };
    assert_eq!(run(&filled).exits(0).events().len(), 31);
    // Forgotten, they are no half pair: a role may stand in, and without one the Job fails for good.
    run(&text).exits(3);
}

#[test]
fn the_commented_settings_are_settings() {
    let config = of_kind(manifest(), "ConfigMap").text("data/config.yml").replace("\n# ", "\n");
    let config = config.trim_start_matches("# ");
    let run = Run::command("aws").args(["--demo", "--config", "config.yml", "--target", "-"]);
    let done = run.file("config.yml", config).go().exits(0);
    assert_eq!(done.each("account")[0], "111122223333");
}

#[test]
fn the_variants_fit_the_cron_job() {
    let job = || of_kind(with_variants(), "CronJob").at("spec/jobTemplate");
    is_a_sound_job(&job().at("spec"));
    is_a_humble_pod(&job().at("spec/template/spec"));
    let account = of_kind(with_variants(), "ServiceAccount");
    assert_eq!(job().text("spec/template/spec/serviceAccountName"), account.text("metadata/name"));
    let annotations = account.at("metadata/annotations").0;
    for name in ["eks.amazonaws.com/role-arn", "pod-identity.alibabacloud.com/role-name"] {
        assert!(annotations.get(name).is_some_and(Value::is_string), "{name}");
    }
    // A SinkBinding finds Jobs by their own labels, not by their pods'.
    let binding = of_kind(with_variants(), "SinkBinding").at("spec/subject");
    assert_eq!(binding.text("kind"), "Job");
    assert_eq!(binding.at("selector/matchLabels").0, job().at("metadata/labels").0);
    assert!(!job().at("metadata/labels").0.is_null());
}

#[test]
fn the_readmes_manifests_are_sound() {
    let readme = file("README.md");
    let blocks =
        readme.split("\n```yaml\n").skip(1).map(|rest| rest.split("\n```").next().unwrap());
    let documents = blocks.flat_map(documents).filter(|part| part.at("kind").0.is_string());
    let mut kinds = Vec::new();
    for document in documents {
        let kind = document.text("kind");
        match kind.as_str() {
            "CronJob" => is_a_sound_job(&document.at("spec/jobTemplate/spec")),
            "Job" => {
                is_a_sound_job(&document.at("spec"));
                is_sharded_by_its_index(&document.at("spec"));
            }
            _ => {}
        }
        kinds.push(kind);
    }
    assert!(kinds.contains(&"Job".to_owned()), "README.md shows no Job for a backfill: {kinds:?}");
}

fn is_sharded_by_its_index(job: &Part) {
    assert_eq!(job.text("completionMode"), "Indexed");
    let arguments = job.texts("template/spec/containers/0/args");
    let shards = format!("--shards={}", job.number("completions"));
    assert!(arguments.contains(&shards), "{shards} is not in {arguments:?}");
    assert!(job.number("parallelism") <= job.number("completions"));
}
