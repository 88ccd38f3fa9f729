//! Why packets do not get through, as the kernel and routers report it. Pure.
#![forbid(unsafe_code)]

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A report by the network that packets do not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// What is wrong.
    pub kind: FaultKind,
    /// The address that reported it by ICMP; nothing where the kernel itself refused.
    pub reporter: Option<IpAddr>,
}

/// What a socket was asked to do when the kernel refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Step {
    /// To be there.
    Socket,
    /// To have a port of its own.
    Bind,
    /// To speak to one server.
    Connect,
    /// To send.
    Send,
    /// To be waited for.
    Wait,
    /// To give what has arrived.
    Receive,
}

impl Step {
    /// The system call, or what it is for.
    pub const fn as_str(self) -> &'static str {
        match self {
            Step::Socket => "socket()",
            Step::Bind => "bind()",
            Step::Connect => "connect()",
            Step::Send => "send()",
            Step::Wait => "epoll_ctl()",
            Step::Receive => "recvmsg()",
        }
    }
}

/// The causes that are worth telling apart. Each is what the report says, not what it comes from: see the diagnosis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error, Serialize, Deserialize)]
pub enum FaultKind {
    /// ICMP port unreachable (ECONNREFUSED).
    #[error("connection refused: nothing listens on that port")]
    Refused,
    /// ICMP protocol unreachable, or a parameter problem: the host does not understand the packet.
    #[error("the host refuses the protocol")]
    NoProtocol,
    /// ICMP host or address unreachable; EHOSTUNREACH from this machine's own routes.
    #[error("no route to host")]
    HostUnreachable,
    /// ICMP network unreachable; ENETUNREACH from this machine's own routes.
    #[error("network is unreachable")]
    NetworkUnreachable,
    /// ICMP: administratively prohibited.
    #[error("a firewall refuses the packets")]
    Prohibited,
    /// ICMPv6: the route is one that rejects.
    #[error("a route refuses the packets")]
    RejectRoute,
    /// ICMPv6: the source address does not reach as far as the destination.
    #[error("beyond the scope of the source address")]
    BeyondScope,
    /// ICMPv6: the source address is not one that may come from here.
    #[error("the source address is refused")]
    SourcePolicy,
    /// ICMP time exceeded: the packet has passed as many routers as it may.
    #[error("the packets pass too many routers")]
    TimeExceeded,
    /// EMSGSIZE, ICMP fragmentation needed or packet too big.
    #[error("the packets are too big for the way")]
    TooBig,
    /// EPERM from sending.
    #[error("sending is not permitted: most likely a firewall on this machine forbids it")]
    NotPermitted,
    /// EACCES from connecting, and none with SO_BROADCAST (socket(7)).
    #[error("the address is that of all hosts of a network (a broadcast address), which no server has")]
    Broadcast,
    /// EACCES from connecting or sending: a route of the kind `prohibit`.
    #[error("a route of this machine prohibits it")]
    ProhibitRoute,
    /// EINVAL from connecting or sending: a route of the kind `blackhole`.
    #[error("a route of this machine swallows the packets")]
    Blackhole,
    /// EINVAL from connecting to a link-local address without the name of an interface.
    #[error("the address holds on one link only, and lacks the interface (%NAME behind it)")]
    NoZone,
    /// ENODEV.
    #[error("there is no such interface")]
    NoInterface,
    /// ENETDOWN.
    #[error("the interface is down")]
    InterfaceDown,
    /// ENOKEY: WireGuard has no peer for this address.
    #[error("no WireGuard peer has that address")]
    NoPeer,
    /// EDESTADDRREQ: WireGuard does not know where its peer is.
    #[error("the WireGuard peer has no endpoint")]
    NoEndpoint,
    /// EAFNOSUPPORT: the kernel lacks this family, IPv6 for the most part.
    #[error("this machine has no IPv6 (or IPv4): it is switched off")]
    NoFamily,
    /// EADDRNOTAVAIL: this machine has no address to send from.
    #[error("this machine has no address to send from")]
    NoAddress,
    /// EAGAIN from binding or connecting: all ports are taken.
    #[error("no free port to send from")]
    NoPort,
    /// EADDRINUSE, for a source port that was asked for.
    #[error("the source port is in use")]
    PortInUse,
    /// EACCES, EPERM at bind: a source port below 1024 takes a right (capabilities(7), CAP_NET_BIND_SERVICE).
    #[error("the source port is not permitted: below 1024 it takes root, or CAP_NET_BIND_SERVICE")]
    PortDenied,
    /// EACCES, EPERM where neither firewalls nor routes have a say.
    #[error("{} is not permitted: most likely a security module (SELinux, AppArmor) or a sandbox forbids it", .0.as_str())]
    Forbidden(Step),
    /// ENOBUFS and the like: there is no memory or no place in a queue for the packet, for the moment.
    #[error("no room for the packet on this machine")]
    NoRoom,
    /// No number that nobody can guess, to know the reply by.
    #[error("the kernel gives no random numbers")]
    NoRandom,
    /// Anything else.
    #[error("{} ({})", std::io::Error::from_raw_os_error(*.1), .0.as_str())]
    Other(Step, i32),
}

impl FaultKind {
    /// What an ICMP message says, by its type and code (RFC 792, RFC 1122 §3.2.2.1, RFC 1812 §5.2.7.1); nothing for those that
    /// say nothing of a way.
    pub fn of_icmp(kind: u8, code: u8) -> Option<FaultKind> {
        Some(match (kind, code) {
            (3, 0 | 6 | 8 | 11) => FaultKind::NetworkUnreachable,
            (3, 1 | 5 | 7 | 12) => FaultKind::HostUnreachable,
            (3, 2) | (12, _) => FaultKind::NoProtocol,
            (3, 3) => FaultKind::Refused,
            (3, 4) => FaultKind::TooBig,
            (3, 9 | 10 | 13..=15) => FaultKind::Prohibited,
            (11, _) => FaultKind::TimeExceeded,
            _ => return None,
        })
    }

    /// The same for ICMPv6 (RFC 4443 §3).
    pub fn of_icmp6(kind: u8, code: u8) -> Option<FaultKind> {
        Some(match (kind, code) {
            (1, 0) => FaultKind::NetworkUnreachable,
            (1, 1) => FaultKind::Prohibited,
            (1, 2) => FaultKind::BeyondScope,
            (1, 3) => FaultKind::HostUnreachable,
            (1, 4) => FaultKind::Refused,
            (1, 5) => FaultKind::SourcePolicy,
            (1, 6 | 7) => FaultKind::RejectRoute,
            (2, _) => FaultKind::TooBig,
            (3, _) => FaultKind::TimeExceeded,
            (4, _) => FaultKind::NoProtocol,
            _ => return None,
        })
    }
}

impl Fault {
    /// What the kernel itself refuses.
    pub const fn here(kind: FaultKind) -> Fault {
        Fault { kind, reporter: None }
    }

    /// Whether it may pass by itself: a router's word that it knows no way for the moment (RFC 1122 §4.1.3.3 has such errors
    /// passed on and not acted upon), or a queue of this machine that is full. A refusal, by a host, a firewall or this machine,
    /// is final.
    pub fn may_pass(&self) -> bool {
        use FaultKind::{HostUnreachable, NetworkUnreachable, NoProtocol, NoRoom, Other, TimeExceeded, TooBig};
        let lost_its_way =
            matches!(self.kind, HostUnreachable | NetworkUnreachable | TimeExceeded | NoProtocol | TooBig | Other(..));
        self.kind == NoRoom || (self.reporter.is_some() && lost_its_way)
    }

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
