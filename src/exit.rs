//! How a run ends: one enum of failures, each with its exit code. This table is the one in `--help`, in the
//! manual and in the README; a test compares them.
//!
//! | code | meaning | worth a retry |
//! |---|---|---|
//! | 0 | the window was pulled and delivered whole (an empty one too, said on stderr) | |
//! | 1 | unexpected failure, local I/O, a corrupt journal | perhaps |
//! | 2 | usage or configuration | no |
//! | 3 | credentials missing, half set or refused, permission lacking, clock too far off | no |
//! | 4 | the cloud refused the request, or its answer is not understood | no |
//! | 5 | the cloud is unavailable or throttling, retries spent; an answer cut short | yes |
//! | 6 | the target refused an event | no |
//! | 7 | the target is unavailable, retries spent | yes |
//! | 8 | the window is empty and --fail-if-empty was given | later |
//! | 9 | --max-requests reached | no |
//! | 130 | interrupted | yes |
//! | 143 | terminated, or --deadline reached | yes |
//! | 141 | output closed | yes |

use std::fmt;

/// Why a run did not end well. The variant decides the exit code and so what a scheduler does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// A bug, a local read or write that failed, a corrupt journal.
    Unexpected,
    /// An option, a file or a date that cannot be used.
    Usage,
    /// No keys, half a pair, keys or permission refused, a clock too far off.
    Credentials,
    /// The cloud said no for good, or said something that cannot be understood.
    Refused,
    /// The cloud, its token service or its metadata service did not answer in time, or not to the end.
    Unavailable,
    /// The target refused an event.
    TargetRefused,
    /// The target did not take events in time.
    TargetUnavailable,
    /// No row in the window, and `--fail-if-empty`.
    Empty,
    /// `--max-requests` reached.
    Budget,
    /// SIGINT.
    Interrupted,
    /// SIGTERM, or `--deadline` reached.
    Terminated,
    /// The reader of stdout went away.
    OutputClosed,
}

impl Failure {
    /// Every variant, in the order of the table.
    pub const ALL: [Self; 12] = [
        Self::Unexpected,
        Self::Usage,
        Self::Credentials,
        Self::Refused,
        Self::Unavailable,
        Self::TargetRefused,
        Self::TargetUnavailable,
        Self::Empty,
        Self::Budget,
        Self::Interrupted,
        Self::Terminated,
        Self::OutputClosed,
    ];

    /// The process's exit code.
    pub const fn code(self) -> u8 {
        match self {
            Self::Unexpected => 1,
            Self::Usage => 2,
            Self::Credentials => 3,
            Self::Refused => 4,
            Self::Unavailable => 5,
            Self::TargetRefused => 6,
            Self::TargetUnavailable => 7,
            Self::Empty => 8,
            Self::Budget => 9,
            Self::Interrupted => 130,
            Self::OutputClosed => 141,
            Self::Terminated => 143,
        }
    }

    /// What the code says, in the words of the table.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Unexpected => "unexpected failure, local I/O, a corrupt journal",
            Self::Usage => "usage or configuration",
            Self::Credentials => {
                "credentials missing, half set or refused, permission lacking, clock too far off"
            }
            Self::Refused => "the cloud refused the request, or its answer is not understood",
            Self::Unavailable => {
                "the cloud is unavailable or throttling, retries spent; an answer cut short"
            }
            Self::TargetRefused => "the target refused an event",
            Self::TargetUnavailable => "the target is unavailable, retries spent",
            Self::Empty => "the window is empty and --fail-if-empty was given",
            Self::Budget => "--max-requests reached",
            Self::Interrupted => "interrupted",
            Self::Terminated => "terminated, or --deadline reached",
            Self::OutputClosed => "output closed",
        }
    }

    /// Whether running the same command again can help without anybody changing anything: `no`, `yes`,
    /// `perhaps`, or `later`.
    pub const fn retry(self) -> &'static str {
        match self {
            Self::Usage
            | Self::Credentials
            | Self::Refused
            | Self::TargetRefused
            | Self::Budget => "no",
            Self::Unexpected => "perhaps",
            Self::Empty => "later",
            Self::Unavailable
            | Self::TargetUnavailable
            | Self::Interrupted
            | Self::Terminated
            | Self::OutputClosed => "yes",
        }
    }
}

/// Code, meaning and whether a retry is worth it, for every way to end: the table above.
pub fn table() -> impl Iterator<Item = (u8, &'static str, &'static str)> {
    let well = "the window was pulled and delivered whole (an empty one too, said on stderr)";
    let failures = Failure::ALL.into_iter();
    std::iter::once((0, well, ""))
        .chain(failures.map(|failure| (failure.code(), failure.meaning(), failure.retry())))
}

/// A failure with its kind. Contexts may be laid over it; [`kind_of`] still finds it.
#[derive(Debug)]
pub struct Failed {
    kind: Failure,
    message: String,
}

impl Failed {
    /// For `.context(Failed::because(...))` over an error of somebody else's.
    pub fn because(kind: Failure, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failed {}

/// An error of this kind with this message: lower case, no full stop, naming what the user can change.
pub fn fail(kind: Failure, message: impl Into<String>) -> anyhow::Error {
    anyhow::Error::new(Failed::because(kind, message))
}

/// The kind of an error: that of the outermost [`Failed`] in its chain, else unexpected.
pub fn kind_of(error: &anyhow::Error) -> Failure {
    error.downcast_ref::<Failed>().map_or(Failure::Unexpected, |failed| failed.kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context;

    #[test]
    fn the_doc_comment_is_the_table() {
        let rows: Vec<&str> = include_str!("exit.rs")
            .lines()
            .filter_map(|line| line.strip_prefix("//! | "))
            .collect();
        let table = table().map(|(code, meaning, retry)| {
            format!("{code} | {meaning} | {retry} |").replace("|  |", "| |")
        });
        assert_eq!(rows[1..], table.collect::<Vec<_>>());
    }

    #[test]
    fn a_kind_is_found_under_later_contexts() {
        let error = fail(Failure::Refused, "inner").context("page 2").context("aws");
        assert_eq!(kind_of(&error), Failure::Refused);
        assert_eq!(format!("{error:#}"), "aws: page 2: inner");
        let io: anyhow::Result<()> = Err(std::io::Error::other("disk")).context("journal");
        assert_eq!(kind_of(&io.unwrap_err()), Failure::Unexpected);
    }
}
