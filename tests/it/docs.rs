//! `man/`, `completions/` and the lists in README.md are written from the clap definition, the exit codes and
//! `src/manual.rs`. A stale, missing or extra file fails; `UPDATE_DOCS=1 cargo test --test it docs` writes them anew.

mod lists;
mod pages;
mod scripts;
mod words;

use billing_pull::{command, manual};
use clap::Command;
use clap_complete::Shell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
pub use words::arguments_in;

const HOW: &str = "UPDATE_DOCS=1 cargo test --test it docs";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn update() -> bool {
    std::env::var_os("UPDATE_DOCS").is_some()
}

/// The definition as it is for everybody: no commit in its version, every name and usage filled in.
fn definition() -> Command {
    let mut definition = command().long_version(None);
    definition.build();
    definition
}

/// Every command that is not hidden, with the words that call it.
fn commands(command: &Command) -> Vec<(String, &Command)> {
    let inner = command.get_subcommands().filter(|command| !command.is_hide_set());
    let words = |command: &Command| {
        let words = command.get_bin_name().unwrap_or_default().split(' ').skip(1);
        words.collect::<Vec<_>>().join(" ")
    };
    std::iter::once((words(command), command)).chain(inner.flat_map(commands)).collect()
}

/// Fails unless the folder holds just these files.
fn compare(folder: &str, wanted: &BTreeMap<String, Vec<u8>>) {
    let path = root().join(folder);
    let found = || -> BTreeSet<String> {
        let entries = fs::read_dir(&path).into_iter().flatten();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    };
    if update() {
        fs::create_dir_all(&path).unwrap();
        for name in found().iter().filter(|name| !wanted.contains_key(*name)) {
            fs::remove_file(path.join(name)).unwrap();
        }
        for (name, bytes) in wanted {
            fs::write(path.join(name), bytes).unwrap();
        }
    }
    assert_eq!(found(), wanted.keys().cloned().collect(), "files of {folder}/; write them: {HOW}");
    for (name, bytes) in wanted {
        let fresh = fs::read(path.join(name)).unwrap() == *bytes;
        assert!(fresh, "{folder}/{name} is stale; write it: {HOW}");
    }
}

#[test]
fn man_pages_are_fresh() {
    let definition = definition();
    let commands = commands(&definition);
    let names: Vec<&str> = commands.iter().map(|(_, command)| pages::name(command)).collect();
    let page = |(words, command): &(String, &Command)| {
        (format!("{}.1", pages::name(command)), pages::render(words, command, &names))
    };
    compare("man", &commands.iter().map(page).collect());
}

#[test]
fn completions_are_fresh() {
    let shells = <Shell as clap::ValueEnum>::value_variants();
    compare("completions", &shells.iter().map(|&shell| scripts::render(shell)).collect());
}

#[test]
fn lists_in_the_readme_are_fresh() {
    let path = root().join("README.md");
    let before = fs::read_to_string(&path).unwrap();
    let lists = [("options", lists::options(&definition())), ("exit-status", lists::exit_status())];
    let after = lists.iter().fold(before.clone(), |text, (name, list)| {
        let (begin, end) = (format!("<!-- {name}:begin -->\n"), format!("<!-- {name}:end -->"));
        let parts =
            text.split_once(&begin).and_then(|(head, rest)| Some((head, rest.split_once(&end)?)));
        let (head, (_, tail)) =
            parts.unwrap_or_else(|| panic!("README.md has no line {begin}and after it {end}"));
        format!("{head}{begin}\n{list}\n{end}{tail}")
    });
    if update() {
        fs::write(path, after).unwrap();
    } else {
        assert!(before == after, "a list in README.md is stale; write it: {HOW}");
    }
}

#[test]
fn every_command_has_its_part_of_the_manual_and_no_other_has() {
    let definition = definition();
    let commands: Vec<String> = commands(&definition).into_iter().map(|(words, _)| words).collect();
    for words in &commands {
        assert!(manual::of(words).is_some(), "src/manual.rs says nothing of {words:?}");
    }
    for manual in manual::MANUALS {
        assert!(commands.contains(&manual.command.to_owned()), "no command {:?}", manual.command);
        assert!(!manual.examples.is_empty(), "{:?} has no example", manual.command);
    }
}

#[test]
fn every_example_is_understood() {
    for manual in manual::MANUALS {
        for (_, example) in manual.examples {
            let found = arguments_in(example);
            assert_eq!(found.len(), 1, "{example}");
            command()
                .try_get_matches_from(&found[0])
                .unwrap_or_else(|error| panic!("{example}: {error}"));
            assert!(found[0].join(" ").contains(manual.command), "{example}");
        }
    }
}

#[test]
fn every_command_in_the_readme_is_understood() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let blocks = words::fenced(&readme);
    let commands: Vec<_> = blocks.iter().flat_map(|block| arguments_in(block)).collect();
    assert!(commands.len() > 15, "only {} commands were found", commands.len());
    for arguments in commands {
        if let Err(error) = command().try_get_matches_from(&arguments) {
            assert!(!error.use_stderr(), "README.md: {arguments:?}: {error}");
        }
    }
}

#[test]
fn every_variable_that_is_read_is_in_the_manual() {
    let documented: BTreeSet<&str> = manual::MANUALS
        .iter()
        .flat_map(|manual| manual.environment)
        .chain(manual::EVENTS)
        .chain(manual::CALLS)
        .flat_map(|(names, _)| names.split(", "))
        .map(|name| name.split('=').next().unwrap())
        .collect();
    let mut read = BTreeSet::new();
    words::variables(&root().join("src"), &mut read);
    assert!(read.len() > 40, "only {} variables were found", read.len());
    let missing: Vec<_> = read.iter().filter(|name| !documented.contains(name.as_str())).collect();
    assert!(missing.is_empty(), "src/manual.rs does not name {missing:?}");
}

/// The files in the table of README.md for a new cloud, with these names in it.
fn files_of(cloud: &str, scheme: &str) -> Vec<String> {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let (_, table) = readme.split_once("<!-- new-cloud:begin -->").unwrap();
    let (table, _) = table.split_once("<!-- new-cloud:end -->").unwrap();
    let rows = table.lines().filter_map(|line| line.split('|').nth(2));
    let files = rows.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    files.map(|file| file.replace("CLOUD", cloud).replace("SCHEME", scheme)).collect()
}

#[test]
fn the_steps_for_a_new_cloud_are_those_of_the_clouds_there_are() {
    for (cloud, scheme) in [("aws", "sigv4"), ("alicloud", "acs3"), ("baidu", "bce")] {
        let files = files_of(cloud, scheme);
        assert!(files.len() > 12, "{files:?}");
        for file in files {
            let exists = |file: &str| root().join(file).exists();
            assert!(exists(&file) || exists(&format!("{file}.rs")), "there is no {file}");
        }
    }
    // The last one that came: nothing else in the program knows of it.
    let known = files_of("baidu", "bce");
    let mut others = Vec::new();
    words::files_that_name("baidu", &root().join("src"), &mut others);
    assert!(!others.is_empty());
    others.retain(|file| {
        let file = file.strip_prefix(root()).unwrap().to_str().unwrap();
        let below = |known: &String| {
            file.strip_prefix(known.as_str())
                .is_some_and(|rest| rest.is_empty() || rest == ".rs" || rest.starts_with('/'))
        };
        !known.iter().any(below)
    });
    assert!(others.is_empty(), "the table for a new cloud in README.md leaves out {others:?}");
}
