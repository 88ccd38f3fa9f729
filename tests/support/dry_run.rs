//! Runs of rntpdate that never set a clock, in a network of their own.

use std::time::{Duration, Instant};

use super::netns::Netns;

/// What a run printed, its status, and how long it took.
#[derive(Debug)]
pub(crate) struct DryRun {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) took: Duration,
}

/// Runs rntpdate in a network; the first argument has to be one that makes it a dry run.
pub(crate) fn rntpdate(network: &Netns, arguments: &[&str]) -> DryRun {
    assert!(arguments[0].starts_with("-q") || arguments[0].starts_with("-d"), "{arguments:?} would set the clock");
    let mut command = network.command(env!("CARGO_BIN_EXE_rntpdate"));
    let started = Instant::now();
    let output = command.args(arguments).env("TZ", "UTC").output().expect("cannot start rntpdate");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    DryRun {
        status: output.status.code(),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
        took: started.elapsed(),
    }
}

impl DryRun {
    /// Checks that the run came to nothing, with this cause for the server, and that it is not said twice.
    #[track_caller]
    pub(crate) fn assert_dropped(&self, address: &str, cause: &str) {
        let text = format!("{address}: {cause}");
        assert_eq!(self.status, Some(1), "{self:#?}");
        assert_eq!(self.stderr.matches(&text).count(), 1, "no {text:?} in {self:#?}");
        assert!(self.stderr.ends_with("no server suitable for synchronization found\n"), "{self:#?}");
    }
}
