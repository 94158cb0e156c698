//! A completion script, under the name that its shell looks for.

use clap::{Arg, Command, ValueHint};
use clap_complete::{Shell, generate};

/// File name and script.
pub fn render(shell: Shell) -> (String, Vec<u8>) {
    let mut script = Vec::new();
    generate(shell, &mut hinted(billing_pull::command()), "billing-pull", &mut script);
    let name = match shell {
        Shell::Bash => "billing-pull.bash",
        Shell::Zsh => "_billing-pull",
        Shell::Fish => "billing-pull.fish",
        Shell::PowerShell => "_billing-pull.ps1",
        Shell::Elvish => "billing-pull.elv",
        _ => panic!("no file name for {shell}"),
    };
    if shell == Shell::Bash {
        // A hyphen in the program's name: clap_complete writes it in two ways (clap issue 6421).
        let text = String::from_utf8(script).unwrap();
        script = text.replace("billing__subcmd__pull", "billing__pull").into_bytes();
    }
    (name.to_owned(), script)
}

/// No file is offered where none is meant.
fn hinted(command: Command) -> Command {
    let hint = |arg: Arg| match arg.get_value_hint() {
        ValueHint::Unknown if arg.get_action().takes_values() => arg.value_hint(ValueHint::Other),
        _ => arg,
    };
    command.mut_args(hint).mut_subcommands(hinted)
}
