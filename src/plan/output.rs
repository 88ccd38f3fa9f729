//! What and where a run prints.
#![forbid(unsafe_code)]

use crate::cli::rntpdate::RntpdateCli;

/// What and where to print.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Output {
    /// To syslog.
    pub syslog: bool,
    /// The version and every server's part.
    pub verbose: bool,
    /// Positive offsets with a sign.
    pub plus: bool,
    /// One JSON object instead of lines.
    pub json: bool,
    /// No lines but steps, refusals and failures.
    pub quiet: bool,
}

impl Output {
    /// What the command line asks for.
    pub(super) fn of(cli: &RntpdateCli) -> Output {
        Output { syslog: cli.syslog, verbose: cli.verbose, plus: !cli.no_plus, json: cli.json, quiet: cli.quiet }
    }
}
