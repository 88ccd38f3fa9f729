//! What passes between the pipeline and the network: values only. Pure.
#![forbid(unsafe_code)]

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::time::Time;

/// One of the sockets that a [`Network`](crate::system::Network) has open: its place in the order of opening, from 0.
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

/// Why packets do not get through, as the kernel reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong.
    pub kind: FaultKind,
    /// Who reported it by ICMP, if that was another host.
    pub reporter: Option<IpAddr>,
}

/// The causes that are worth telling apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FaultKind {
    /// ECONNREFUSED: ICMP port unreachable.
    #[error("connection refused: nothing listens on that port")]
    Refused,
    /// EHOSTUNREACH.
    #[error("no route to host")]
    HostUnreachable,
    /// ENETUNREACH.
    #[error("network is unreachable")]
    NetworkUnreachable,
    /// EPERM, EACCES: packets are not let out.
    #[error("sending is not permitted: a firewall on this machine forbids it")]
    NotPermitted,
    /// ICMP: administratively prohibited.
    #[error("a firewall refuses the packets")]
    Prohibited,
    /// EADDRINUSE, for a source port that was asked for.
    #[error("the source port is in use")]
    PortInUse,
    /// EACCES, EPERM at bind: a source port below 1024 takes a right (capabilities(7), CAP_NET_BIND_SERVICE).
    #[error("the source port is not permitted: below 1024 it takes root, or CAP_NET_BIND_SERVICE")]
    PortDenied,
    /// ENOBUFS and the like: there is no memory or no place in a queue for the packet, for the moment.
    #[error("no room for the packet on this machine")]
    NoRoom,
    /// No number that nobody can guess, to know the reply by.
    #[error("the kernel gives no random numbers")]
    NoRandom,
    /// Anything else.
    #[error("{}", std::io::Error::from_raw_os_error(*.0))]
    Other(i32),
}

impl Fault {
    /// Whether it may pass by itself: a router's word that it knows no way for the moment (RFC 1122 §4.1.3.3 has such errors
    /// passed on and not acted upon), or a queue of this machine that is full. A refusal, by a host, a firewall or this machine,
    /// is final.
    pub fn may_pass(&self) -> bool {
        let lost_its_way =
            matches!(self.kind, FaultKind::HostUnreachable | FaultKind::NetworkUnreachable | FaultKind::Other(_));
        self.kind == FaultKind::NoRoom || (self.reporter.is_some() && lost_its_way)
    }
}

impl Fault {
    /// Whether this machine kept back one packet, and may let out the next: a rule that looks at rates or at chance, a full table
    /// of connections, a full queue.
    pub fn may_be_single(&self) -> bool {
        self.reporter.is_none() && matches!(self.kind, FaultKind::NotPermitted | FaultKind::NoRoom)
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.reporter {
            Some(reporter) => write!(f, "{} (reported by {reporter})", self.kind),
            None => write!(f, "{}", self.kind),
        }
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
    /// This machine has no thread for the look-up.
    #[error("this machine cannot look it up: no thread can be started: {0}")]
    NoThread(String),
    /// Nothing looks up names any more in this run.
    #[error("{0}")]
    Ended(String),
}

/// The addresses of a name, with port 0: an IPv6 address may need the number of its interface, which an `IpAddr` lacks.
pub type Resolved = Result<Vec<SocketAddr>, ResolveError>;
