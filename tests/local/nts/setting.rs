//! Runs that would set the clock, which only such runs keep cookies of; they have no right to, and end with status 1.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::SERVER;
use crate::support::netns::Netns;

/// What runs leave: cookies, notes, metrics; and the authority that they trust.
pub(super) struct Runs<'a> {
    pub(super) network: &'a Netns,
    folder: tempfile::TempDir,
}

impl Runs<'_> {
    /// Runs in this network, by this authority's certificate.
    pub(super) fn new<'a>(network: &'a Netns, authority: &str) -> Runs<'a> {
        Runs::within(network, authority, &std::env::temp_dir())
    }

    /// The same, with what they leave on the disk where programs are built: temporary files may lie in memory.
    pub(super) fn on_disk<'a>(network: &'a Netns, authority: &str) -> Runs<'a> {
        Runs::within(network, authority, Path::new(env!("CARGO_TARGET_TMPDIR")))
    }

    fn within<'a>(network: &'a Netns, authority: &str, place: &Path) -> Runs<'a> {
        let folder = tempfile::tempdir_in(place).expect("a folder");
        fs::write(folder.path().join("ca.pem"), authority).expect("a file");
        Runs { network, folder }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The folder of cookies.
    pub(super) fn cookies(&self) -> PathBuf {
        self.path("nts")
    }

    /// The text of the file with the cookies, if there is one.
    pub(super) fn text(&self) -> Option<String> {
        fs::read_to_string(self.cookies().join("cookies")).ok()
    }

    /// A run that asks [`SERVER`] by NTS. Whoever may not set the clock has a process that asks only where there is something to write:
    /// so there are metrics.
    pub(super) fn command(&self, words: &[&str]) -> Command {
        self.command_by(&[env!("CARGO_BIN_EXE_rntpdate").as_ref()], words)
    }

    /// The same with notes and metrics of its own, for a run beside others.
    pub(super) fn command_beside(&self, number: usize, words: &[&str]) -> Command {
        self.command_noting(&[env!("CARGO_BIN_EXE_rntpdate").as_ref()], &number.to_string(), words)
    }

    /// The same by way of other programs, whose words end with rntpdate's.
    pub(super) fn command_by(&self, program: &[&OsStr], words: &[&str]) -> Command {
        self.command_noting(program, "", words)
    }

    fn command_noting(&self, program: &[&OsStr], whose: &str, words: &[&str]) -> Command {
        let (state, metrics) = (self.path(&format!("state{whose}")), self.path(&format!("rntpdate{whose}.prom")));
        let mut command = self.network.command(program[0]);
        command.args(&program[1..]).args(["--nts", "--nts-ca"]).arg(self.path("ca.pem"));
        command.arg("--nts-dir").arg(self.cookies()).arg("--state-dir").arg(state).arg("--metrics").arg(metrics);
        command.args(["--deadline=8", "--max-distance=16"]).args(words).arg(SERVER).env("TZ", "UTC");
        command
    }

    /// What a run's JSON says.
    #[track_caller]
    pub(super) fn report(&self, words: &[&str]) -> Value {
        let output = self.command(&[&["--json"], words].concat()).output().expect("cannot start rntpdate");
        let report = serde_json::from_slice(&output.stdout);
        report.unwrap_or_else(|error| panic!("{error}: {output:#?}"))
    }
}
