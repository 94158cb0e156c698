//! The lists of README.md.

use clap::{Arg, Command};

/// Commands and their options.
pub fn options(program: &Command) -> String {
    let pull = billing_pull::options_of_every_pull();
    let every: Vec<&Arg> = visible(&pull).collect();
    let mut text = "| command | |\n|---|---|\n".to_owned();
    let commands: Vec<(String, &Command)> = super::commands(program).into_iter().skip(1).collect();
    for (words, command) in &commands {
        text += &format!("| `{words}` | {} |\n", cell(&command.get_about().unwrap().to_string()));
    }
    text += &format!("\nOptions of every pull:\n\n{}", table(&every));
    for (words, command) in &commands {
        let own: Vec<&Arg> = visible(command)
            .filter(|arg| !every.iter().any(|common| common.get_id() == arg.get_id()))
            .collect();
        if !own.is_empty() {
            text += &format!("\nOptions of `{words}` alone:\n\n{}", table(&own));
        }
    }
    text
}

/// Exit codes.
pub fn exit_status() -> String {
    let rows = billing_pull::exit_codes()
        .map(|(code, meaning, retry)| format!("| {code} | {} | {retry} |\n", cell(meaning)));
    rows.fold("| code | meaning | worth a retry |\n|---|---|---|\n".to_owned(), |text, row| {
        text + &row
    })
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
        format!("| {} | {default} | {help}{} |\n", names(option), env.unwrap_or_default())
    });
    rows.fold("| option | default | meaning |\n|---|---|---|\n".to_owned(), |text, row| text + &row)
}

/// `-q`, `--quiet`; `--granularity daily|monthly`; `FILE...`.
fn names(option: &Arg) -> String {
    let values: Vec<String> = match option.get_possible_values() {
        values if option.get_action().takes_values() && !values.is_empty() => {
            vec![values.iter().map(|value| value.get_name()).collect::<Vec<_>>().join("\\|")]
        }
        _ if option.get_action().takes_values() => {
            option.get_value_names().unwrap_or_default().iter().map(ToString::to_string).collect()
        }
        _ => Vec::new(),
    };
    let short = option.get_short().map(|short| format!("`-{short}`, ")).unwrap_or_default();
    let long = option.get_long().map(|long| format!("--{long}"));
    let words: Vec<String> = long.into_iter().chain(values).collect();
    format!("{short}`{}`", words.join(" "))
}

fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}
