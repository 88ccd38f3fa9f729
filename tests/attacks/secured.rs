//! The servers of a network by NTS: each has a server for keys beside it, and seals what it says, be it true or not. What others send
//! in its place, or of its packets once more, is not sealed.

use std::net::{IpAddr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Mutex;

use rntpdate::internals::wire::nts::ALPN;

use crate::support::netns::Netns;
use crate::support::ntpserver::Builder;
use crate::support::nts::certificates::{Authority, Validity};
use crate::support::nts::key_server::{Door, KeyServer, good};
use crate::support::nts::time_server::prove;

/// The authority that vouches for the servers, and where their keys are had.
pub(crate) struct Secured {
    authority: Authority,
    folder: tempfile::TempDir,
    keys: Mutex<Vec<KeyServer>>,
}

impl Secured {
    pub(crate) fn new() -> Self {
        let (authority, folder) = (Authority::new("Trusted"), tempfile::tempdir().expect("a folder"));
        std::fs::write(folder.path().join("ca.pem"), authority.pem()).expect("a file");
        Self { authority, folder, keys: Mutex::default() }
    }

    /// The file with the authority.
    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// The server at this address, with keys; the certificate is for the address and these names.
    pub(crate) fn prove(&self, network: &Netns, address: IpAddr, names: &[&str], server: Builder) -> Builder {
        let text = address.to_string();
        let certificate = self.authority.issue(&[names, &[&text]].concat(), Validity::good());
        let at = SocketAddr::new(address, 4460);
        let listener = network.enter(|| TcpListener::bind(at).expect("port 4460"));
        let keys = KeyServer::start(listener, &certificate, Door::Tls(vec![ALPN]), good(8));
        let vault = keys.vault.clone();
        self.keys.lock().expect("the servers").push(keys);
        server.edit(move |request, reply| prove(&vault, &request.bytes, reply))
    }

    /// Ends the servers for keys, from where they can be reached.
    pub(crate) fn end(self, network: &Netns) {
        let keys = self.keys.into_inner().expect("the servers");
        network.enter(|| drop(keys));
    }
}
