//! A network with a server in it, and guests that reach it at 10.0.2.2.

use std::io::Write as _;

use super::guest::{Guest, GuestRun};
use super::netns::Netns;
use super::peers::Peer;
use super::require::{self, Cache};

/// The shell's functions that the scripts of several guests use.
pub(crate) const TOOLS: &str = include_str!("guest-tools.sh");

/// The shell's function `run`, which runs rntpdate and prints its status for [`statuses`].
pub(crate) const RUN: &str = "run() { rntpdate \"$@\"; echo \"status $?\"; }\n";

/// A network of its own, and what a guest is made of.
pub(crate) struct Lab {
    cache: Cache,
    pub(crate) network: Netns,
    server: Option<Peer>,
}

impl Lab {
    /// With chronyd in it, whose clock is this machine's. `None` means: return from the test, which counts as skipped.
    pub(crate) fn new() -> Option<Self> {
        let mut lab = Self::empty()?;
        let server = Peer::chronyd(&lab.cache, &lab.network, "local stratum 5\nallow all");
        for address in ["127.0.0.1", "::1"] {
            server.wait_synchronised(&lab.network, address);
        }
        lab.server = Some(server);
        Some(lab)
    }

    /// With nobody in it.
    pub(crate) fn empty() -> Option<Self> {
        let cache = require::guest()?;
        require::servers()?;
        Some(Self { cache, network: Netns::new(), server: None })
    }

    /// What a guest of another kind is made of.
    pub(crate) fn cache(&self) -> &Cache {
        &self.cache
    }

    /// A guest with rntpdate on that network. Its clock starts in 2019.
    pub(crate) fn guest(&self, script: &str) -> Guest<'_> {
        Guest::new(&self.cache).program(env!("CARGO_BIN_EXE_rntpdate")).network(&self.network).script(script)
    }
}

/// Every line of the console that starts with `key`, without it.
pub(crate) fn lines<'a>(run: &'a GuestRun, key: &str) -> Vec<&'a str> {
    run.console.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix(' ')).collect()
}

/// The statuses that [`RUN`]'s function printed, in order.
pub(crate) fn statuses(run: &GuestRun) -> Vec<&str> {
    lines(run, "status")
}

/// Prints what was measured, past the test harness, which shows nothing of a test that passed.
pub(crate) fn say(text: &str) {
    let _ = std::io::stderr().write_all(text.as_bytes());
}
