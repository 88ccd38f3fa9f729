//! Least privilege, seen from outside, and what still works with it, in a virtual machine with real servers outside of it.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

#[path = "../support/ntpserver/mod.rs"]
mod ntpserver;
#[path = "../support/mod.rs"]
mod support;

mod calls;
mod names;
mod status;
mod works;

use std::time::Duration;

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

/// The shell's part.
const TOOLS: &str = include_str!("tools.sh");

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
            .timeout(Duration::from_secs(200))
            .script(&format!("{TOOLS}\n{script}"))
    }

    #[track_caller]
    fn run(&self, script: &str) -> GuestRun {
        let run = self.guest(script).run();
        assert_eq!(run.status, 0, "{}", run.console);
        run
    }
}

/// Every line of the console that starts with `key`, without it.
fn lines<'a>(run: &'a GuestRun, key: &str) -> Vec<&'a str> {
    run.console.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix(' ')).collect()
}

fn say(text: &str) {
    use std::io::Write as _;
    let _ = std::io::stderr().write_all(text.as_bytes());
}
