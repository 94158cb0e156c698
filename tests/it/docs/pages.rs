//! A manual page: clap's own part, then what clap does not know.

use billing_pull::manual::{self, Manual};
use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Inline, Roff, bold, roman};

/// When the version that the pages describe was made.
const RELEASED: &str = "2026-11-21";

/// The name of a command's page: `billing-pull-aws`.
pub fn name(command: &Command) -> &str {
    command.get_display_name().unwrap_or_else(|| command.get_name())
}

/// The page of one command; `names` are the names of all pages.
pub fn render(words: &str, command: &Command, names: &[&str]) -> Vec<u8> {
    let name = name(command);
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage:").trim().to_owned();
    let man = Man::new(command.clone().override_usage(usage))
        .title(name.to_uppercase())
        .date(RELEASED)
        .source(format!("billing-pull {}", command.get_version().unwrap()))
        .manual("User Commands");
    let mut page = Vec::new();
    man.render_title(&mut page).unwrap();
    man.render_name_section(&mut page).unwrap();
    man.render_synopsis_section(&mut page).unwrap();
    man.render_description_section(&mut page).unwrap();
    man.render_options_section(&mut page).unwrap();
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page).unwrap();
    }
    rest(words, command, names).to_writer(&mut page).unwrap();
    // Each part brings the same definitions along; once will do. A blank line is a fault to mandoc.
    let definitions = Roff::new().render();
    let page = String::from_utf8(page).unwrap();
    let page = page.replace(&definitions, "").replace(".br\n\n.br\n", ".sp\n");
    format!("{definitions}{page}").into_bytes()
}

fn rest(words: &str, command: &Command, names: &[&str]) -> Roff {
    let name = name(command);
    let has = |name: &str| command.get_arguments().any(|option| option.get_id() == name);
    let manual =
        manual::of(words).unwrap_or_else(|| panic!("src/manual.rs says nothing of {words:?}"));
    let mut roff = Roff::new();
    roff.control("SH", ["EXIT STATUS"]);
    for (code, meaning, retry) in billing_pull::exit_codes() {
        let retry =
            if retry.is_empty() { String::new() } else { format!(" (worth a retry: {retry})") };
        entry(&mut roff, &code.to_string(), &format!("{meaning}{retry}"));
    }
    let events = if has("target") { manual::EVENTS } else { &[] };
    let (calls, files) =
        if has("endpoint") { (manual::CALLS, manual::FILES) } else { Default::default() };
    list(&mut roff, "ENVIRONMENT", &[manual.environment, events, calls].concat());
    list(&mut roff, "FILES", &[manual.files, files].concat());
    examples(&mut roff, manual);
    let others = names.iter().filter(|other| **other != name);
    let others: Vec<Inline> =
        others.flat_map(|other| [roman(", "), bold(*other), roman("(1)")]).collect();
    if !others.is_empty() {
        roff.control("SH", ["SEE ALSO"]);
        roff.text(&others[1..]);
    }
    roff
}

fn list(roff: &mut Roff, title: &str, entries: &[(&str, &str)]) {
    if !entries.is_empty() {
        roff.control("SH", [title]);
    }
    for (what, meaning) in entries {
        entry(roff, what, meaning);
    }
}

fn entry(roff: &mut Roff, what: &str, meaning: &str) {
    roff.control("TP", []);
    roff.text([bold(what)]);
    roff.text([roman(meaning)]);
}

fn examples(roff: &mut Roff, manual: &Manual) {
    roff.control("SH", ["EXAMPLES"]);
    for (at, (what, how)) in manual.examples.iter().enumerate() {
        if at > 0 {
            roff.control("PP", []);
        }
        roff.text([roman(format!("{what}:"))]);
        roff.control("PP", []);
        roff.control("RS", ["4"]);
        roff.control("nf", []);
        roff.text([roman(*how)]);
        roff.control("fi", []);
        roff.control("RE", []);
    }
}
