//! Runs that nobody watches, on a machine whose clock may be set.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

mod boot;
mod notes;
#[path = "../support/ntpserver/mod.rs"]
mod ntpserver;
mod rules;
#[path = "../support/mod.rs"]
mod support;
mod words;

use support::guest::{Guest, GuestRun};
use support::netns::Netns;
use support::peers::Peer;
use support::require::{self, Cache};

/// A namespace with a server in it, and guests that reach it at 10.0.2.2.
struct Lab {
    cache: Cache,
    network: Netns,
    _server: Peer,
}

impl Lab {
    fn new() -> Option<Lab> {
        let cache = require::guest()?;
        require::servers()?;
        let network = Netns::new();
        let server = Peer::chronyd(&cache, &network, "local stratum 5\nallow all");
        server.wait_synchronised(&network, "127.0.0.1");
        Some(Lab { cache, network, _server: server })
    }

    fn guest(&self, script: &str) -> Guest<'_> {
        Guest::new(&self.cache)
            .program(env!("CARGO_BIN_EXE_rntpdate"))
            .network(&self.network)
            .script(&format!("run() {{ rntpdate \"$@\"; echo \"status $?\"; }}\n{script}"))
    }

    fn run(&self, script: &str) -> GuestRun {
        let run = self.guest(script).run();
        assert_eq!(run.status, 0, "{}", run.console);
        run
    }
}

/// The statuses that `run` printed, in order.
fn statuses(run: &GuestRun) -> Vec<&str> {
    run.console.lines().filter_map(|line| line.strip_prefix("status ")).collect()
}

fn say(text: &str) {
    use std::io::Write as _;
    let _ = std::io::stderr().write_all(text.as_bytes());
}
