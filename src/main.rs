//! The binary: parse, run, exit code.

use billing_pull::LogFormat;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use std::process::ExitCode;

fn main() -> ExitCode {
    billing_pull::report_bugs(LogFormat::Text);
    match billing_pull::parse() {
        Ok(cli) => {
            billing_pull::report_bugs(cli.log_format());
            ExitCode::from(billing_pull::run(&cli, &billing_pull::Env::from_process()))
        }
        Err(error) => usage(&error),
    }
}

/// clap's own message; an unknown command also gets the list of the known ones.
fn usage(error: &clap::Error) -> ExitCode {
    // A closed stdout or stderr is nobody to tell.
    drop(error.print());
    if error.kind() == ErrorKind::InvalidSubcommand {
        let command = billing_pull::command();
        let known: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
        if let Some(ContextValue::String(name)) = error.get(ContextKind::InvalidSubcommand) {
            use std::io::Write;
            drop(writeln!(
                std::io::stderr(),
                "\n{name:?} is none of the commands: {}",
                known.join(", ")
            ));
        }
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}
