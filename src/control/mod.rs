//! What a server says of itself when it is asked as ntpq asks (mode 6): its system variables and its peers. Pure.
#![forbid(unsafe_code)]

mod dialogue;
mod peer;
mod table;

pub use dialogue::{Dialogue, NoView, Step};
pub use peer::{Kind, PeerRow};
pub use table::peers_table;

use crate::time::Interval;
use crate::wire::{NtpTimestamp, Variables};

/// Good replies after which ntpd takes a server for its source, from a start without iburst.
const POLLS_NEEDED: u32 = 5;

/// A server's view of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerView {
    /// The program and its version, as it calls itself.
    pub version: Option<String>,
    /// The server's leap indicator, 0 to 3.
    pub leap: Option<u8>,
    /// The server's stratum.
    pub stratum: Option<u8>,
    /// What it is synchronised to.
    pub refid: Option<String>,
    /// The server's clock when it was asked.
    pub clock: NtpTimestamp,
    /// The association that it follows.
    pub system_peer: Option<u16>,
    /// The server's sources, in the order of their numbers.
    pub peers: Vec<PeerRow>,
}

impl ServerView {
    fn from_variables(variables: &Variables) -> ServerView {
        let small = |name| variables.integer(name).and_then(|number| u8::try_from(number).ok());
        let peer = variables.integer("peer").and_then(|number| u16::try_from(number).ok());
        ServerView {
            version: variables.text("version").map(str::to_owned),
            leap: small("leap"),
            stratum: small("stratum"),
            refid: variables.text("refid").map(str::to_owned),
            clock: NtpTimestamp::from_bits(variables.timestamp("clock").unwrap_or_default()),
            system_peer: peer.filter(|association| *association != 0),
            peers: Vec::new(),
        }
    }

    /// The peer that it follows.
    pub fn followed(&self) -> Option<&PeerRow> {
        let association = self.system_peer?;
        self.peers.iter().find(|peer| peer.association == association)
    }

    /// The source that will make it ready first, and how long that takes if no packet is lost; nothing without a source that
    /// has answered.
    pub fn ready_in(&self) -> Option<(&PeerRow, Interval)> {
        let answering = self.peers.iter().filter(|peer| peer.reach != 0 && peer.stratum < 16);
        let missing = |peer: &PeerRow| POLLS_NEEDED.saturating_sub(peer.reach.count_ones());
        let wait = |peer: &PeerRow| Interval::from_secs(i64::from(missing(peer)) * peer.poll.cast_signed());
        answering.map(|peer| (peer, wait(peer))).min_by_key(|(_, wait)| *wait)
    }
}
