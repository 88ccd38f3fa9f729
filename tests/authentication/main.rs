//! Symmetric keys between rntpdate and real servers, each in a network of its own: which types of key they have in common,
//! how both read one key file, and what each does about a key that is not the right one.
//!
//! rntpdate never has the right to set the clock there, and is never told to.

#[path = "../support/ntpserver/mod.rs"]
mod ntpserver;
#[path = "../support/mod.rs"]
mod support;

mod clients;
mod daemon;
mod failures;
mod files;
mod newcomer;
mod relay;
mod trust;
mod types;
mod verdicts;

use std::path::Path;

use support::netns::Netns;

pub(crate) const LOOPBACK: &str = "127.0.0.1";

/// What a run printed, and its status.
#[derive(Debug)]
struct Run {
    status: Option<i32>,
    stdout: String,
    stderr: String,
}

/// Runs rntpdate in a network; the first argument has to be one that makes it a dry run.
fn rntpdate(network: &Netns, arguments: &[&str]) -> Run {
    assert!(arguments[0].starts_with("-q") || arguments[0].starts_with("-d"), "{arguments:?} would set the clock");
    let mut command = network.command(env!("CARGO_BIN_EXE_rntpdate"));
    let output = command.args(arguments).env("TZ", "UTC").output().expect("cannot start rntpdate");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    Run { status: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// rntpdate with a key; the arguments before and after its options.
fn with_key(network: &Netns, mode: &str, id: u32, file: &Path, rest: &[&str]) -> Run {
    let (id, file) = (id.to_string(), file.to_str().expect("a path"));
    rntpdate(network, &[&[mode, "-a", &id, "-k", file][..], rest].concat())
}

impl Run {
    #[track_caller]
    fn assert_passed(&self) {
        assert_eq!(self.status, Some(0), "{self:#?}");
        assert!(self.stderr.is_empty() && !self.stdout.contains("authentication failed"), "{self:#?}");
    }

    /// Checks that -d told of so many replies, each with the proof.
    #[track_caller]
    fn assert_debug_passed(&self, replies: usize) {
        assert_eq!(self.status, Some(0), "{self:#?}");
        assert_eq!(self.stdout.matches("receive: authentication passed\n").count(), replies, "{self:#?}");
        assert!(!self.stdout.contains("authentication failed"), "{self:#?}");
    }

    /// Checks that the run came to nothing, with this cause for the server, and that it is not said twice.
    #[track_caller]
    fn assert_dropped(&self, address: &str, cause: &str) {
        let text = format!("{address}: {cause}");
        assert_eq!(self.status, Some(1), "{self:#?}");
        assert_eq!(self.stderr.matches(&text).count(), 1, "no {text:?} in {self:#?}");
        assert!(self.stderr.ends_with("no server suitable for synchronization found\n"), "{self:#?}");
    }
}
