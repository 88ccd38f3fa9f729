//! What passes between the pipeline and the network: values only. Pure.
#![forbid(unsafe_code)]

mod fault;
pub mod phc;
mod usable;

use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::time::Time;

pub use fault::{Fault, FaultKind, Step};
pub use usable::{no_server, usable};

/// One of the sockets that a [`Network`](crate::machine::Network) has open: its place in the order of opening, from 0.
pub type SocketIndex = usize;

/// Something that happened on a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The kernel tells when a packet left; `number` counts the socket's packets from 0.
    Sent {
        /// Where it was sent.
        socket: SocketIndex,
        /// Which of the socket's packets.
        number: u32,
        /// When it left.
        at: Time,
    },
    /// A datagram came in.
    Received {
        /// Where it came in.
        socket: SocketIndex,
        /// The datagram, or its beginning if it is longer than any NTP packet.
        datagram: Vec<u8>,
        /// When it came in, where the kernel tells.
        at: Option<Time>,
    },
    /// So much came in that answers no request that the kernel drops the like of it from now on.
    Flooded {
        /// Where.
        socket: SocketIndex,
    },
    /// As `Failed`, but nothing shows that it is about our packet, which whoever forges such a report does not know.
    Rumoured {
        /// Where.
        socket: SocketIndex,
        /// Why.
        fault: Fault,
    },
    /// The kernel or a router reports that packets do not get through.
    Failed {
        /// Where.
        socket: SocketIndex,
        /// Why.
        fault: Fault,
    },
}

/// An address as it can be typed again: with its port where that is another than `port`, which the run takes where none is said,
/// and with its interface where it has one.
pub fn shown(address: SocketAddr, port: u16) -> String {
    let host = bare(address);
    match address {
        _ if address.port() == port || phc::number_of(address.ip()).is_some() => host,
        SocketAddr::V4(_) => format!("{host}:{}", address.port()),
        SocketAddr::V6(_) => format!("[{host}]:{}", address.port()),
    }
}

/// The same without any port.
pub fn bare(address: SocketAddr) -> String {
    if let Some(number) = phc::number_of(address.ip()) {
        return phc::shown(number);
    }
    match address {
        SocketAddr::V6(v6) if v6.scope_id() != 0 => format!("{}%{}", v6.ip(), v6.scope_id()),
        _ => address.ip().to_string(),
    }
}

/// Which addresses of a name are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Family {
    /// Every address.
    Any,
    /// IPv4 only (-4).
    V4,
    /// IPv6 only (-6).
    V6,
}

/// Why a name has no address.
#[derive(Clone, Debug, PartialEq, Eq, Error, Serialize, Deserialize)]
pub enum ResolveError {
    /// EAI_AGAIN and the like: the name server, not the name, is at fault.
    #[error("name server cannot be used: {text} ({code})")]
    NameServer {
        /// In the C library's words.
        text: String,
        /// The C library's number.
        code: i32,
    },
    /// The name, or this family of it, does not exist.
    #[error("{text} ({code})")]
    NoAddress {
        /// In the C library's words.
        text: String,
        /// The C library's number.
        code: i32,
    },
    /// No answer in the time that the run has for names.
    #[error("name server cannot be used: no answer in {:.1} s", .0.as_secs_f64())]
    TimedOut(Duration),
    /// No answer so far, and the run has what it needs from the other servers.
    #[error("no answer in {:.1} s, and not waited for: the others settle the time", .0.as_secs_f64())]
    NotAwaited(Duration),
    /// An address holds on the link of an interface that is not there.
    #[error("there is no interface {0} on this machine")]
    NoInterface(String),
    /// An address that holds on all interfaces has one behind it.
    #[error("only link-local addresses (fe80::) are on an interface: leave out %{0}")]
    MisplacedInterface(String),
    /// The name's addresses are all such as no server has.
    #[error("{0}")]
    NoServer(String),
    /// The name's servers have to prove that they know a key, and that key cannot be had here.
    #[error("{0}")]
    NoKey(String),
    /// No keys could be exchanged with it for NTS.
    #[error("NTS: {0}")]
    NoNts(String),
    /// This machine has no thread for the look-up.
    #[error("this machine cannot look it up: no thread can be started: {0}")]
    NoThread(String),
    /// Nothing looks up names any more in this run.
    #[error("{0}")]
    Ended(String),
    /// A hardware clock of this machine is not there, or not to be used.
    #[error("{0}")]
    NoClock(String),
}

/// The addresses of a name, with port 0: an IPv6 address may need the number of its interface, which an `IpAddr` lacks.
pub type Resolved = Result<Vec<SocketAddr>, ResolveError>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_can_be_typed() {
        for (text, same) in [
            ("192.0.2.1:123", "192.0.2.1"),
            ("192.0.2.1:1123", "192.0.2.1:1123"),
            ("[2001:db8::1]:123", "2001:db8::1"),
            ("[2001:db8::1]:1123", "[2001:db8::1]:1123"),
            ("[fe80::1%3]:123", "fe80::1%3"),
            ("[fe80::1%3]:1123", "[fe80::1%3]:1123"),
        ] {
            assert_eq!(shown(text.parse().unwrap(), 123), same);
        }
    }
}
