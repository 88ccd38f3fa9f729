//! A real server with keys.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::dry_run::rntpdate;
use super::netns::Netns;
use super::peers::{Peer, write_secret};
use super::require::Cache;

/// A server by its maker, whose form of key file goes with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Chronyd,
    Ntpd,
}

impl Kind {
    pub(crate) const BOTH: [Kind; 2] = [Kind::Chronyd, Kind::Ntpd];

    /// The lines about keys in its configuration.
    pub(crate) fn keys_config(self) -> &'static str {
        match self {
            Kind::Chronyd => "keyfile /srv/keys",
            Kind::Ntpd => "keys /srv/keys\ntrustedkey 1 2 3 4 5 6 7 8 9",
        }
    }

    /// Starts one with this key file, and with these lines besides those that have it serve.
    pub(crate) fn start(self, cache: &Cache, network: &Netns, config: &str, keys: &str) -> Peer {
        match self {
            Kind::Chronyd => {
                let config = format!("local stratum 3\nallow all\n{config}");
                Peer::chronyd_with_keys(cache, network, &config, keys)
            }
            Kind::Ntpd => {
                // Without its usual limit, so that many runs in a row are answered.
                let open = "restrict default\nrestrict 127.0.0.1\nrestrict ::1";
                let config = format!("refclock local unit 0 stratum 4 prefer minpoll 0 maxpoll 0\n{open}\n{config}");
                Peer::ntpd_with_keys(cache, network, &config, keys)
            }
        }
    }

    /// One type of key and a secret in hexadecimal digits, as a line of its key file.
    pub(crate) fn line(self, id: u32, name: &str, hex: &str) -> String {
        match (self, name) {
            (Kind::Chronyd, _) => format!("{id} {name} HEX:{hex}\n"),
            (Kind::Ntpd, "AES256") => format!("{id} AES-256 {hex}\n"),
            (Kind::Ntpd, "AES128") => format!("{id} AES {hex}\n"),
            (Kind::Ntpd, _) => format!("{id} {name} {hex}\n"),
        }
    }
}

/// A server alone in a network, that has its clock and keys.
pub(crate) struct Served {
    pub(crate) network: Netns,
    pub(crate) peer: Peer,
}

impl Served {
    pub(crate) fn start(cache: &Cache, kind: Kind, keys: &str) -> Self {
        Self::with_config(cache, kind, kind.keys_config(), keys)
    }

    pub(crate) fn with_config(cache: &Cache, kind: Kind, config: &str, keys: &str) -> Self {
        let network = Netns::new();
        let peer = kind.start(cache, &network, config, keys);
        wait_fit(&network, &peer, "127.0.0.1");
        Self { network, peer }
    }

    /// The very file that the server has read.
    pub(crate) fn its_file(&self) -> PathBuf {
        self.peer.folder().join("keys")
    }
}

/// Waits until a server gives the time to requests without a key: ntpd needs some seconds until its dispersion is small.
pub(crate) fn wait_fit(network: &Netns, peer: &Peer, address: &str) {
    peer.wait_synchronised(network, address);
    let started = Instant::now();
    loop {
        let run = rntpdate(network, &["-q", "-p1", address]);
        if run.status == Some(0) {
            return;
        }
        assert!(started.elapsed() < Duration::from_secs(30), "{run:#?}\n{}", peer.log());
        std::thread::sleep(Duration::from_millis(500));
    }
}

/// A key file of our own.
pub(crate) struct KeyFile {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

impl KeyFile {
    pub(crate) fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().expect("cannot make a temporary folder");
        let path = folder.path().join("keys");
        write_secret(&path, text);
        Self { _folder: folder, path }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}
