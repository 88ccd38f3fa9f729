//! Names: slow ones, wrong ones, and name servers that are of no use, in a network of their own.

mod hanging;
mod servers;
mod shown;
mod slow;

use std::process::{Command, Output};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::dns::NameServer;
use crate::support::netns::Netns;
use crate::support::ntpserver::Server;
use crate::support::schema;

/// A network with time servers, and a name server that leads to one of them.
struct Net {
    network: Netns,
    folder: tempfile::TempDir,
    _names: NameServer,
    _servers: Vec<Server>,
}

/// What the name server's names lead to.
const NAMED: &str = "127.0.0.9";

impl Net {
    fn new() -> Net {
        Net::with_resolv_conf("nameserver 127.0.0.1\n")
    }

    fn with_resolv_conf(text: &str) -> Net {
        let network = Netns::new();
        let start = |address: &str| network.enter(|| Server::builder().bind(&format!("{address}:123")).start());
        let servers = [NAMED, "127.0.0.2", "127.0.0.3", "127.0.0.4"].map(start).into();
        let names = NameServer::start(&network, NAMED.parse().expect("an address"));
        let folder = tempfile::tempdir().expect("a folder");
        let write = |file: &str, text: &str| std::fs::write(folder.path().join(file), text).expect("a file");
        write("resolv.conf", text);
        write(
            "hosts",
            "127.0.0.9 both.test\n2001:db8::9 both.test\n127.0.0.2 alias.test other.test\n0.0.0.0 blocked.test\n",
        );
        write("nsswitch.conf", "passwd: hang files\ngroup: hang files\nhosts: files dns\n");
        Net { network, folder, _names: names, _servers: servers }
    }

    /// rntpdate with these files in /etc; it cannot set the clock.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.network.command("unshare");
        let script = r#"for file in resolv.conf nsswitch.conf hosts; do mount --bind "$1/$file" "/etc/$file" || exit 9; done
            shift; exec "$@""#;
        command.args(["--mount", "sh", "-c", script, "sh"]).arg(self.folder.path());
        command.arg(env!("CARGO_BIN_EXE_rntpdate")).args(arguments);
        command
    }

    /// Standard output, standard error, and how long it took.
    fn run(&self, arguments: &[&str]) -> (String, String, Duration) {
        let started = Instant::now();
        let Output { stdout, stderr, .. } = self.command(arguments).output().expect("unshare");
        let text = |bytes| String::from_utf8(bytes).expect("text");
        (text(stdout), text(stderr), started.elapsed())
    }

    fn ask(&self, arguments: &[&str]) -> (Value, Duration) {
        let (output, errors, took) = self.run(&[&["--json"], arguments].concat());
        let report = serde_json::from_str(&output).unwrap_or_else(|error| panic!("{error}: {output}{errors}"));
        schema::check(&report);
        (report, took)
    }
}

/// The servers of a report, in its order.
fn addresses(report: &Value) -> Vec<&str> {
    let servers = report["servers"].as_array().expect("servers");
    servers.iter().map(|server| server["address"].as_str().expect("an address")).collect()
}
