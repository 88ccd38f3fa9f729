//! Network Time Security with real servers, and with one that plays any part.
#![cfg(feature = "nts")]

mod folder;
mod keys;
mod killed;
mod late;
mod makers;
mod rows;
mod servers;
mod setting;
mod stage;

use crate::support::netns::Netns;
use crate::support::nts::certificates::{Authority, Issued, Validity};
use crate::support::peers::Peer;
use crate::support::require::Cache;

/// A server's address, which its certificate is for.
const SERVER: &str = "127.0.0.1";

/// chronyd that trusts its own clock, which is this machine's.
const CHRONYD: &str = "local stratum 3\nallow all\nbindaddress 127.0.0.1";
/// NTPsec's ntpd of the same kind.
const NTPD: &str = "refclock local unit 0 stratum 4 prefer minpoll 0 maxpoll 0";

/// chronyd, or NTPsec's ntpd, in this network and with this certificate.
fn real_server(is_chronyd: bool, cache: &Cache, network: &Netns, certificate: &Issued) -> Peer {
    if is_chronyd {
        Peer::chronyd_with_nts(&cache.root(), network, CHRONYD, certificate)
    } else {
        Peer::ntpd_with_nts(&cache.root(), network, NTPD, certificate)
    }
}

/// An authority, and a certificate of it for [`SERVER`].
fn good() -> (Authority, Issued) {
    let authority = Authority::new("Test Root");
    let issued = authority.issue(&[SERVER, "nts.example.net"], Validity::good());
    (authority, issued)
}
