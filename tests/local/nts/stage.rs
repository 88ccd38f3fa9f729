//! A network with one server that plays its part, and runs of rntpdate there.

use std::net::TcpListener;
use std::time::Duration;

use rntpdate::internals::wire::nts::ALPN;
use serde_json::Value;

use super::{SERVER, good};
use crate::support::dry_run::{DryRun, rntpdate};
use crate::support::netns::Netns;
use crate::support::nts::certificates::{Authority, Issued};
use crate::support::nts::key_server::{Answer, Door, KeyServer, good as good_answer};
use crate::support::nts::time_server::{Play, TimeServer};
use crate::support::schema;

/// The servers, what a client has to trust, and the network.
pub(super) struct Stage {
    pub(super) network: Netns,
    pub(super) keys: Option<KeyServer>,
    pub(super) time: Option<TimeServer>,
    /// The file of the authority that vouches for the servers.
    pub(super) authority: String,
    folder: tempfile::TempDir,
}

impl Stage {
    /// An authority that is trusted, and nobody to ask.
    pub(super) fn empty(authority: &Authority) -> Stage {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("ca.pem"), authority.pem()).expect("a file");
        Stage { network: Netns::new(), keys: None, time: None, authority: authority.pem(), folder }
    }

    /// Servers on the usual ports; the time server's clock is right.
    pub(super) fn new(door: Door, answer: Answer, play: Play) -> Stage {
        let (authority, certificate) = good();
        Stage::showing(&authority, &certificate, (door, answer), play)
    }

    /// An honest server for keys, and a time server of this kind.
    pub(super) fn of_time(play: Play) -> Stage {
        Stage::new(Door::Tls(vec![ALPN]), good_answer(8), play)
    }

    /// Honest servers that show this certificate.
    pub(super) fn of_certificate(authority: &Authority, certificate: &Issued) -> Stage {
        Stage::showing(authority, certificate, (Door::Tls(vec![ALPN]), good_answer(8)), Play::Honest)
    }

    fn showing(authority: &Authority, certificate: &Issued, (door, answer): (Door, Answer), play: Play) -> Stage {
        let mut stage = Stage::empty(authority);
        let listener = stage.network.enter(|| TcpListener::bind((SERVER, 4460)).expect("port 4460"));
        let keys = KeyServer::start(listener, certificate, door, answer);
        let socket = stage.network.udp(format!("{SERVER}:123").parse().expect("an address"));
        stage.time = Some(TimeServer::start(socket, keys.vault.clone(), play, Duration::ZERO));
        stage.keys = Some(keys);
        stage
    }

    /// The file with the authority.
    pub(super) fn trusted(&self) -> String {
        self.folder.path().join("ca.pem").to_str().expect("a path").to_owned()
    }

    /// A dry run by NTS, with these words before and after the options.
    pub(super) fn run(&self, mode: &str, words: &[&str]) -> DryRun {
        let ca = self.trusted();
        rntpdate(&self.network, &[&[mode, "--nts", "--nts-ca", &ca, "-t0.5", "--deadline=3"], words].concat())
    }

    /// What -d makes of the server: its code, and all that is said. The clock's time counts, though on a test's machine the kernel may
    /// say that nothing keeps it.
    pub(super) fn verdict(&self) -> (String, String) {
        let run = self.run("-d", &["--nts-strict", "--json", SERVER]);
        let report: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:#?}"));
        schema::check(&report);
        let of_name = &report["hosts"][0]["verdict"];
        let verdict = if of_name.is_null() { &report["servers"][0]["verdict"] } else { of_name };
        let part = |name: &str| verdict[name].as_str().unwrap_or_default().to_owned();
        let text = ["seen", "cause", "here", "on_server"].map(part).join(" | ");
        println!("{} ({}): {text}", part("code"), part("certainty"));
        (part("code"), text)
    }
}
