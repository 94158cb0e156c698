//! The lists of README.md.

use clap::builder::PossibleValue;
use clap::{Arg, Command};

/// Commands and their options.
pub fn options(program: &Command) -> String {
    let pull = billing_pull::options_of_every_pull();
    let every: Vec<&Arg> = visible(&pull).collect();
    let commands: Vec<(String, &Command)> = super::commands(program).into_iter().skip(1).collect();
    let about = |command: &Command| cell(&command.get_about().unwrap().to_string());
    let rows =
        commands.iter().map(|(words, command)| format!("| `{words}` | {} |", about(command)));
    let mut parts = vec![lines("| command | |", "|---|---|", rows)];
    parts.push(format!("Options of every pull:\n\n{}", table(&every)));
    for (words, command) in &commands {
        let own: Vec<&Arg> = visible(command)
            .filter(|arg| !every.iter().any(|common| common.get_id() == arg.get_id()))
            .collect();
        if !own.is_empty() {
            parts.push(format!("Options of `{words}` alone:\n\n{}", table(&own)));
        }
    }
    parts.join("\n")
}

/// Exit codes.
pub fn exit_status() -> String {
    let rows = billing_pull::exit_codes()
        .map(|(code, meaning, retry)| format!("| {code} | {} | {retry} |", cell(meaning)));
    lines("| code | meaning | worth a retry |", "|---|---|---|", rows)
}

fn lines(head: &str, rule: &str, rows: impl Iterator<Item = String>) -> String {
    let lines = [head.to_owned(), rule.to_owned()].into_iter().chain(rows);
    lines.map(|line| line.replace("|  |", "| |") + "\n").collect()
}

fn visible(command: &Command) -> impl Iterator<Item = &Arg> {
    let ours = |arg: &&Arg| !matches!(arg.get_id().as_str(), "help" | "version");
    command.get_arguments().filter(|arg| !arg.is_hide_set()).filter(ours)
}

fn table(options: &[&Arg]) -> String {
    let rows = options.iter().map(|option| {
        let help = cell(&option.get_help().unwrap().to_string());
        let env = option.get_env().map(|name| format!(" [env: {}]", name.to_str().unwrap()));
        let default: Vec<&str> =
            option.get_default_values().iter().map(|value| value.to_str().unwrap()).collect();
        let takes = option.get_action().takes_values() && !default.is_empty();
        let default = if takes { format!("`{}`", default.join(" ")) } else { String::new() };
        format!("| {} | {default} | {help}{} |", names(option), env.unwrap_or_default())
    });
    lines("| option | default | meaning |", "|---|---|---|", rows)
}

/// `-q`, `--quiet`; `--granularity daily|monthly`; `FILE...`.
fn names(option: &Arg) -> String {
    let possible = option.get_possible_values();
    let values: Vec<String> = match possible.is_empty() {
        _ if !option.get_action().takes_values() => Vec::new(),
        false => vec![possible.iter().map(PossibleValue::get_name).collect::<Vec<_>>().join("\\|")],
        true => {
            option.get_value_names().unwrap_or_default().iter().map(ToString::to_string).collect()
        }
    };
    let short = option.get_short().map(|short| format!("`-{short}`, ")).unwrap_or_default();
    let long = option.get_long().map(|long| format!("--{long}"));
    let words: Vec<String> = long.into_iter().chain(values).collect();
    format!("{short}`{}`", words.join(" "))
}

fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}
