//! What is asked of a key exchange, and what comes of it.

use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::failure::KeyFailure;
use crate::time::Time;
use crate::wire::nts::Association;

/// A key exchange that is to be made, over a socket that goes with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyOrder {
    /// Counts the key exchanges of a run, from 0.
    pub number: usize,
    /// The name that the certificate has to be for: a host name, or an address.
    pub name: String,
    /// Which of the plan's sets of trusted roots vouches for it.
    pub trust: usize,
    /// Where the server listens.
    pub address: SocketAddr,
    /// The time at which the certificate has to be valid.
    pub at: Time,
    /// Where it is not valid then, another time will do for now, but none before this one. Without it no other time will do.
    pub floor: Option<Time>,
    /// When it is given up, a raw monotonic time.
    pub deadline: Duration,
}

/// What came of a key exchange.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Established {
    /// The number of its order.
    pub number: usize,
    /// Keys and cookies, or why there are none.
    pub result: Result<NewAssociation, KeyFailure>,
}

/// What a key exchange agreed on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewAssociation {
    /// Keys and cookies.
    pub association: Association,
    /// The NTP server, where it is not the one that the keys were exchanged with: a host name or an address.
    pub server: Option<String>,
    /// The NTP server's port, where it names one.
    pub port: Option<u16>,
    /// The certificate was not valid at the time that was asked for, but at this one.
    pub provisional: Option<Time>,
}

impl NewAssociation {
    /// Whether whoever says it can have brought it about by a key exchange: keys and cookies belong together, a host is one.
    pub fn is_sound(&self) -> bool {
        let is_host =
            |name: &String| !name.is_empty() && name.len() <= 253 && name.bytes().all(|b| b.is_ascii_graphic());
        let association = &self.association;
        association.is_sound()
            && !association.is_saved
            && !association.cookies.is_empty()
            && self.port != Some(0)
            && self.server.as_ref().is_none_or(is_host)
    }
}
