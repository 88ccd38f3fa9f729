//! --check and --metrics beside what they are for: check_ntp_time of the Monitoring Plugins, node_exporter and Prometheus. The
//! clock is only read.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod check;
mod files;
mod plugin;
mod prometheus;
mod rules;

use std::ffi::OsStr;
use std::time::{Duration, Instant};

use crate::support::netns::Netns;
use crate::support::ntpserver::{Behaviour, Builder, MILLISECOND, SECOND, Server};

/// What a program printed on standard output, its status, and how long it took.
#[derive(Debug)]
struct Ran {
    status: i32,
    stdout: String,
    stderr: String,
    took: Duration,
}

/// A network of its own with servers of every kind at port 123.
struct Servers {
    network: Netns,
    servers: Vec<Server>,
}

impl Servers {
    fn start() -> Servers {
        let network = Netns::new();
        let at = |address: &str| Server::builder().bind(&format!("{address}:123"));
        let builders = [
            at("127.0.0.1").offset(20 * MILLISECOND),
            at("127.0.0.2").offset(5 * SECOND),
            at("127.0.0.3").leap(3).stratum(16),
            at("127.0.0.4").offset(-300 * MILLISECOND),
            at("127.0.0.5").behave(Behaviour::Silent),
            at("[::1]").offset(20 * MILLISECOND),
            at("127.0.0.8").offset(-3_600_500 * MILLISECOND),
            at("127.0.0.10").offset(20 * MILLISECOND),
            Server::builder().bind("127.0.0.7:1123").offset(20 * MILLISECOND),
        ];
        let servers = network.enter(|| builders.into_iter().map(Builder::start).collect());
        Servers { network, servers }
    }

    fn run(&self, program: impl AsRef<OsStr>, arguments: &[&str]) -> Ran {
        let begun = Instant::now();
        let output = self.network.command(program).args(arguments).env("TZ", "UTC").output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let status = output.status.code().unwrap_or_else(|| panic!("{arguments:?}: {output:?}"));
        Ran { status, stdout: text(output.stdout), stderr: text(output.stderr), took: begun.elapsed() }
    }

    fn rntpdate(&self, arguments: &[&str]) -> Ran {
        self.run(env!("CARGO_BIN_EXE_rntpdate"), arguments)
    }
}
