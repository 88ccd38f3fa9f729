//! What is found out beyond the exchange itself, to tell causes apart. Pure.
#![forbid(unsafe_code)]

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::control::{NoView, ServerView};

/// What came of one sign of life that was looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sign {
    /// The host, or something that speaks for it, answered.
    Answered,
    /// No datagram came.
    Silent,
    /// The sign could not be tried; the kernel's words.
    NotTried(String),
}

/// What became of a request from port 123.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LowPort {
    /// Answered.
    Answered,
    /// The request was not answered.
    Silent,
    /// Only root may send from there.
    NotRoot,
    /// Another program has the port, or the kernel's words why it could not be had.
    Busy(String),
}

/// Signs of life of a host that left all requests unanswered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signs {
    /// How long was waited for each.
    pub waited: Duration,
    /// ICMP echo.
    pub echo: Sign,
    /// A TCP connection to a port where nobody listens: a reset is an answer.
    pub tcp: Sign,
    /// A UDP datagram to a port where nobody listens: ICMP port unreachable is an answer.
    pub udp: Sign,
    /// One more request, from a socket that takes answers from anywhere: who answered it.
    pub answered_by: Option<SocketAddr>,
    /// One more request, from port 123.
    pub low_port: LowPort,
    /// One more request with the key, in a run with one. The other requests here are without.
    pub signed: Option<Sign>,
}

/// The key of a run, as far as the exchange does not know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyUse {
    /// Where it is from.
    pub file: PathBuf,
    /// The protocol version of the requests that it signs: codes have different lengths.
    pub version: u8,
}

impl Signs {
    /// Whether the host is up.
    pub fn is_host_up(&self) -> bool {
        [&self.echo, &self.tcp, &self.udp].contains(&&Sign::Answered)
    }

    /// The signs that came, in words.
    pub fn seen(&self) -> String {
        let signs = [(&self.echo, "ICMP echo"), (&self.tcp, "TCP (port 9)"), (&self.udp, "UDP on another port")];
        let seen: Vec<&str> =
            signs.iter().filter(|(sign, _)| **sign == Sign::Answered).map(|(_, name)| *name).collect();
        seen.join(" and ")
    }
}

/// Whether somebody on the link answers for an address: what the kernel knows after it has asked for the hardware address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Neighbour {
    /// The kernel knows the hardware address.
    Answers,
    /// The kernel has asked, and nobody has answered.
    Silent,
    /// The kernel has not asked, or cannot be asked itself.
    Unknown,
}

/// The first step on the way to a server, by this machine's main routes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextHop {
    /// The router; nothing where the server is on a network of this machine's.
    pub gateway: Option<IpAddr>,
    /// The link.
    pub interface: String,
    /// Whether there is anybody at its other end.
    pub has_carrier: bool,
    /// Whether the router, or the server itself where there is none, is there.
    pub neighbour: Neighbour,
}

/// All that was found out about one server after the exchange.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// What it says of itself; nothing if it was not asked.
    pub view: Option<Result<ServerView, NoView>>,
    /// Signs of life, looked for after silence only.
    pub signs: Option<Signs>,
    /// Whoever reported by ICMP that packets do not get through is this machine itself.
    pub own_report: bool,
    /// The server is this machine itself.
    pub is_this_machine: bool,
    /// The first step on the way there, as it was before the run.
    pub next_hop: Option<NextHop>,
    /// The port that was sent from, where one was asked for.
    pub source_port: Option<u16>,
    /// The key that it had to prove to know.
    pub key: Option<KeyUse>,
}

/// What a name server answered to a question for the name's IPv4 address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NameAnswer {
    /// The name server gave a response code (RFC 1035 §4.1.1): 0 no error, 2 server failure, 3 no such name, 5 refused.
    Code(u8),
    /// The name server's answer was too long for one packet (RFC 1035 §4.1.1, TC).
    Cut,
    /// No answer came in the time that there was.
    Silent,
    /// The question could not be sent, or was refused by the host; the kernel's words.
    Unreachable(String),
}

/// What was found out about a name after the C library had no address for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NameEvidence {
    /// The name servers that /etc/resolv.conf names, or why it could not be read.
    pub configured: Result<Vec<IpAddr>, String>,
    /// What each of them says.
    pub answers: Vec<(IpAddr, NameAnswer)>,
}
