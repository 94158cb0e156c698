//! Commands in texts and variables in sources.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The calls of billing-pull in a shell text, as the shell would split them: from the program's name to the end
/// of the command.
pub fn arguments_in(text: &str) -> Vec<Vec<String>> {
    let joined = text.replace("\\\n", " ");
    let calls = joined.lines().filter_map(|line| {
        let line = line.split(" # ").next()?;
        let at = line
            .match_indices("billing-pull ")
            .map(|(at, _)| at)
            .find(|&at| is_called(line, at))?;
        Some(split(command_at(&line[at..])))
    });
    calls.collect()
}

/// Whether the word at `at` is a command: first in its line, or after a pipe, a variable, or a crontab's times.
fn is_called(line: &str, at: usize) -> bool {
    let before = line[..at].rsplit(['/', '|', ';']).next().unwrap_or_default();
    let slash = line[..at].ends_with('/');
    let word = |word: &str| word == "$" || word == "&&" || word.contains('=') || is_schedule(word);
    !line.starts_with('#') && (slash || before.split_whitespace().all(word))
}

fn is_schedule(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_digit() || b"*/,-".contains(&byte))
}

/// Up to a pipe, a redirection or the next command, quotes apart.
fn command_at(text: &str) -> &str {
    let mut quote = None;
    for (at, character) in text.char_indices() {
        match (quote, character) {
            (Some(open), _) if open == character => quote = None,
            (None, '\'' | '"') => quote = Some(character),
            (None, '|' | '>' | '<' | ';' | '&') => return text[..at].trim_end_matches([' ', '2']),
            _ => {}
        }
    }
    text
}

fn split(command: &str) -> Vec<String> {
    let script = format!("printf '%s\\n' {}", command.replace("\\%", "%"));
    let output = Command::new("sh").args(["-fc", &script]).env_clear().output().unwrap();
    assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// The fenced blocks of a Markdown text.
pub fn fenced(text: &str) -> Vec<String> {
    text.split("\n```").skip(1).step_by(2).map(str::to_owned).collect()
}

/// The names of variables in the sources below `folder`; tests and the sample cloud read none.
pub fn variables(folder: &Path, found: &mut BTreeSet<String>) {
    const OURS: [&str; 11] = [
        "AWS_",
        "ALIBABA_CLOUD_",
        "ALICLOUD_",
        "BCE_",
        "BAIDUCLOUD_",
        "BILLING_PULL_",
        "CONNECTOR_",
        "JOB_",
        "K_",
        "SSL_",
        "NO_",
    ];
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() && !matches!(name, "demo" | "tests") {
            variables(&path, found);
        } else if path.is_file() && !name.ends_with("tests.rs") && name != "manual.rs" {
            let text = fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap();
            let names = code.split('"').filter(|literal| {
                let plain =
                    |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
                literal.bytes().all(plain) && OURS.iter().any(|mark| literal.starts_with(mark))
            });
            found.extend(names.map(str::to_owned));
        }
    }
}

/// The files below `folder` in which this word stands, however it is spelled.
pub fn files_that_name(word: &str, folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_that_name(word, &path, found);
        } else if fs::read_to_string(&path).unwrap().to_lowercase().contains(word) {
            found.push(path);
        }
    }
}
