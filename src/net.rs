//! What passes between the exchange of packets and the sockets: values only. Pure.
#![forbid(unsafe_code)]

use std::net::IpAddr;

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
    /// EADDRINUSE, for a source port that was asked for.
    #[error("the source port is in use")]
    PortInUse,
    /// Anything else.
    #[error("{}", std::io::Error::from_raw_os_error(*.0))]
    Other(i32),
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.reporter {
            Some(reporter) => write!(f, "{} (reported by {reporter})", self.kind),
            None => write!(f, "{}", self.kind),
        }
    }
}
