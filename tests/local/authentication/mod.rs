//! Symmetric keys between rntpdate and real servers, each in a network of its own: which types of key they have in common,
//! how both read one key file, and what each does about a key that is not the right one.
//!
//! rntpdate never has the right to set the clock there, and is never told to.

mod clients;
mod failures;
mod files;
mod relay;
mod trust;
mod types;
mod verdicts;

use std::path::Path;

use crate::support::dry_run::{DryRun, rntpdate};
use crate::support::netns::Netns;

pub(crate) const LOOPBACK: &str = "127.0.0.1";

/// rntpdate with a key; the arguments before and after its options.
fn with_key(network: &Netns, mode: &str, id: u32, file: &Path, rest: &[&str]) -> DryRun {
    let (id, file) = (id.to_string(), file.to_str().expect("a path"));
    rntpdate(network, &[&[mode, "-a", &id, "-k", file][..], rest].concat())
}

impl DryRun {
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
}
