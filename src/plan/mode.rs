//! How far a run goes.
#![forbid(unsafe_code)]

use crate::cli::rntpdate::RntpdateCli;

/// How far a run goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunMode {
    /// Sets the clock.
    Sync,
    /// Prints what the servers say (-q).
    Query,
    /// Prints everything (-d).
    Debug,
    /// Prints one line for monitoring (--check).
    Check,
}

impl RunMode {
    /// What the command line asks for.
    pub fn of(cli: &RntpdateCli) -> RunMode {
        if cli.check {
            return RunMode::Check;
        }
        match (cli.debug || cli.self_test, cli.query) {
            (true, _) => RunMode::Debug,
            (false, true) => RunMode::Query,
            (false, false) => RunMode::Sync,
        }
    }

    /// The word for programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            RunMode::Sync => "sync",
            RunMode::Query => "query",
            RunMode::Debug => "debug",
            RunMode::Check => "check",
        }
    }

    /// Whether the run may send packets besides its requests to find the cause of trouble.
    pub fn explains(self) -> bool {
        matches!(self, RunMode::Debug | RunMode::Check)
    }
}
