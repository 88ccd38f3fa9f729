//! Two networks joined by a wire: a client's, with rntpdate and perhaps a firewall, and a server's.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{rntpdate, run};
use crate::support::netns::Netns;
use crate::support::schema;

pub(crate) const CLIENT: &str = "10.78.0.1";
pub(crate) const SERVER: &str = "10.78.0.2";
pub(crate) const SERVER6: &str = "fd00:78::2";
/// An address of the same network that nobody has.
pub(crate) const NOBODY: &str = "10.78.0.99";

pub(crate) struct Wire {
    pub(crate) client: Netns,
    pub(crate) server: Netns,
}

impl Wire {
    pub(crate) fn new() -> Self {
        let wire = Self { client: Netns::new(), server: Netns::new() };
        wire.client.link(&wire.server, &["10.78.0.1/24", "fd00:78::1/64"], &["10.78.0.2/24", "fd00:78::2/64"]);
        wire
    }

    /// Runs `-d --json` in the client's network against these servers.
    #[track_caller]
    pub(crate) fn ask(&self, arguments: &[&str]) -> Answer {
        Answer::of(rntpdate(&self.client, &[&["-d", "--json"], arguments].concat()))
    }

    /// The verdict on the only server asked.
    #[track_caller]
    pub(crate) fn code(&self, arguments: &[&str]) -> String {
        self.ask(arguments).code(0)
    }
}

pub(crate) struct Answer {
    pub(crate) report: Value,
    pub(crate) took: Duration,
}

impl Answer {
    /// Runs a command that prints a report.
    #[track_caller]
    pub(crate) fn of(command: Command) -> Answer {
        let started = Instant::now();
        let (status, output, errors) = run(command);
        let took = started.elapsed();
        let report: Value =
            serde_json::from_str(&output).unwrap_or_else(|error| panic!("{error}: {status:?} {output} {errors}"));
        schema::check(&report);
        assert_eq!(report["exit_status"].as_i64(), status.map(i64::from));
        Answer { report, took }
    }

    #[track_caller]
    pub(crate) fn code(&self, server: usize) -> String {
        let code = &self.report["servers"][server]["verdict"]["code"];
        code.as_str().unwrap_or_else(|| panic!("no verdict: {}", self.report)).to_owned()
    }

    /// What is said of a server: what was seen, why, and what to do.
    #[track_caller]
    pub(crate) fn text(&self, server: usize) -> String {
        let verdict = &self.report["servers"][server]["verdict"];
        ["seen", "cause", "here", "on_server"].map(|part| verdict[part].as_str().unwrap_or_default()).join(" | ")
    }
}
