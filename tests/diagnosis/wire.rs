//! Two networks joined by a wire: a client's, with rntpdate and perhaps a firewall, and a server's.

use std::io::Write as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::netns::Netns;
use crate::support::schema;
use crate::{rntpdate, run};

pub(crate) const CLIENT: &str = "10.78.0.1";
pub(crate) const SERVER: &str = "10.78.0.2";
pub(crate) const SERVER6: &str = "fd00:78::2";
/// Of the same network, and nobody's.
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
        let started = Instant::now();
        let (status, output, errors) = run(rntpdate(&self.client, &[&["-d", "--json"], arguments].concat()));
        let took = started.elapsed();
        let report: Value =
            serde_json::from_str(&output).unwrap_or_else(|error| panic!("{error}: {status:?} {output} {errors}"));
        schema::check(&report);
        assert_eq!(report["exit_status"].as_i64(), status.map(i64::from));
        Answer { report, took }
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

/// Loads rules into a network's firewall. `hook` is `input`, `output` or `forward`.
pub(crate) fn firewall(network: &Netns, hook: &str, rule: &str) {
    let rules = format!("table inet t {{\nchain c {{\ntype filter hook {hook} priority 0;\n{rule}\n}}\n}}\n");
    let mut nft = network.command("nft").args(["-f", "-"]).stdin(Stdio::piped()).spawn().expect("cannot start nft");
    nft.stdin.take().expect("a pipe").write_all(rules.as_bytes()).expect("nft does not listen");
    assert!(nft.wait().expect("nft").success(), "nft refuses {rules}");
}
