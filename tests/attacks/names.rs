//! The configuration by which a program under attack asks this network's own name server.

use std::net::IpAddr;
use std::path::Path;

use crate::support::dns::NameServer;
use crate::support::netns::Netns;
use crate::support::require::Cache;

/// A folder with a resolv.conf that names 127.0.0.1, and in `etc` the tree's /etc with it.
pub(crate) fn folder(cache: &Cache) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let etc = folder.path().join("etc");
    let copied = std::process::Command::new("cp").arg("-a").arg(cache.root().join("etc")).arg(&etc).status();
    assert!(copied.is_ok_and(|status| status.success()), "cannot copy the tree's /etc");
    for file in [folder.path().join("resolv.conf"), etc.join("resolv.conf")] {
        std::fs::write(file, "nameserver 127.0.0.1\n").expect("write resolv.conf");
    }
    folder
}

/// Names that resolve while this lives.
pub(crate) struct Names {
    folder: tempfile::TempDir,
    _server: NameServer,
}

impl Names {
    pub(crate) fn start(network: &Netns, cache: &Cache, names: &[(&str, &[IpAddr])]) -> Self {
        Self { folder: folder(cache), _server: NameServer::with_names(network, names) }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }
}
