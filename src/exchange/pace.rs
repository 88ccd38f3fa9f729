//! How fast to ask.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::time::{Interval, Time};

/// How requests are made and how they follow each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pace {
    /// Requests to each server, 1 to 8.
    pub samples: usize,
    /// How long to wait for a reply before the next request.
    pub timeout: Duration,
    /// Between packets to a near server, until it loses one or complains.
    pub burst: Duration,
    /// Between packets to any other server.
    pub polite: Duration,
    /// A server that leaves so many requests in a row unanswered is given up.
    pub most_lost: usize,
    /// The protocol version in the requests, 1 to 4.
    pub version: u8,
    /// The precision of this machine's clock.
    pub precision: Interval,
    /// The first moment of the 136 years in which servers' times lie.
    pub era: Time,
}

impl Pace {
    /// The time between packets to a server that has not yet lost any.
    pub(super) fn first_spacing(&self, server: &SocketAddr) -> Duration {
        if is_near(server.ip()) { self.burst } else { self.polite }
    }
}

/// Whether an address is loopback, private or link-local: a server of one's own, which a burst does not hurt.
fn is_near(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_private() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local() || is_site_local(v6),
    }
}

/// fec0::/10, deprecated by RFC 3879 and still in use, by emulators among others.
fn is_site_local(address: std::net::Ipv6Addr) -> bool {
    address.segments()[0] & 0xffc0 == 0xfec0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bursts_are_for_near_servers() {
        for near in [
            "127.0.0.1",
            "10.1.2.3",
            "192.168.0.1",
            "172.31.0.1",
            "169.254.1.1",
            "::1",
            "fd00::1",
            "fe80::1",
            "::ffff:10.0.0.1",
        ] {
            assert!(is_near(near.parse().unwrap()), "{near}");
        }
        for far in ["192.0.2.1", "172.32.0.1", "100.64.0.1", "2001:db8::1", "::ffff:192.0.2.1"] {
            assert!(!is_near(far.parse().unwrap()), "{far}");
        }
    }
}
