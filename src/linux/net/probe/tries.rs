//! One look for a sign of life: a socket, what was sent from it, and what counts as an answer.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::AsRawFd as _;

use nix::errno::Errno;
use nix::poll::PollFlags;
use nix::sys::socket::{SockaddrStorage, recvfrom};
use socket2::{Domain, Protocol, Socket, Type};

use crate::wire::{Header, Key, NtpTimestamp};

/// TCP's discard service: hardly a host offers it, so that a host that is up answers with a reset.
const CLOSED_TCP: u16 = 9;
/// In the middle of traceroute's range, where nobody listens.
const CLOSED_UDP: u16 = 33_499;
const NTP_PORT: u16 = 123;

/// What came of it.
#[derive(Debug)]
pub(super) enum Tried {
    /// An answer, and from where, if that was open.
    Answered(Option<SocketAddr>),
    /// No sign of life.
    Silent,
    /// The packet could not be sent; the kernel's words.
    Impossible(String),
}

/// What counts as an answer.
#[derive(Debug)]
enum Wanted {
    /// An echo reply, with this identifier where the kernel does not sort them out itself.
    Echo { v6: bool, identifier: Option<u16> },
    /// An established or refused connection.
    Connection,
    /// An error: port unreachable.
    Unreachable,
    /// An NTP packet that bears our nonce as its origin.
    Reply(NtpTimestamp),
}

#[derive(Debug)]
pub(super) struct Try {
    socket: Option<Socket>,
    wanted: Wanted,
    result: Tried,
}

impl Try {
    fn start(wanted: Wanted, socket: io::Result<Socket>) -> Try {
        match socket {
            Ok(socket) => Try { socket: Some(socket), wanted, result: Tried::Silent },
            Err(error) => Try { socket: None, wanted, result: Tried::Impossible(error.to_string()) },
        }
    }

    pub(super) fn echo(host: IpAddr) -> Try {
        let identifier = std::process::id() as u16;
        let (socket, is_raw) = match open_echo(host) {
            Ok(opened) => opened,
            Err(error) => return Try::start(Wanted::Connection, Err(error)),
        };
        let wanted = Wanted::Echo { v6: host.is_ipv6(), identifier: is_raw.then_some(identifier) };
        let sent = socket.connect(&SocketAddr::new(host, 0).into());
        let sent = sent.and_then(|()| socket.send(&echo_request(host.is_ipv6(), identifier)));
        Try::start(wanted, sent.map(|_| socket))
    }

    pub(super) fn tcp(host: IpAddr) -> Try {
        let server = SocketAddr::new(host, CLOSED_TCP);
        let opened =
            open(server, Type::STREAM, Protocol::TCP).and_then(|socket| match socket.connect(&server.into()) {
                Err(error) if error.raw_os_error() != Some(libc::EINPROGRESS) && !is_refusal(&error) => Err(error),
                _ => Ok(socket),
            });
        Try::start(Wanted::Connection, opened)
    }

    pub(super) fn udp(host: IpAddr) -> Try {
        let server = SocketAddr::new(host, CLOSED_UDP);
        let opened = open(server, Type::DGRAM, Protocol::UDP).and_then(|socket| {
            socket.connect(&server.into())?;
            socket.send(b"").map(|_| socket)
        });
        Try::start(Wanted::Unreachable, opened)
    }

    /// A request from a socket that is not connected, and so sees answers from other addresses and ports too.
    pub(super) fn from_anywhere(server: SocketAddr, version: u8, nonce: io::Result<NtpTimestamp>) -> Try {
        let nonce = match nonce {
            Ok(nonce) => nonce,
            Err(error) => return Try::start(Wanted::Connection, Err(error)),
        };
        let opened = open(server, Type::DGRAM, Protocol::UDP).and_then(|socket| {
            let request = Header::request(version, nonce).to_bytes();
            socket.send_to(&request, &server.into()).map(|_| socket)
        });
        Try::start(Wanted::Reply(nonce), opened)
    }

    /// A request with a key's code, as the exchange sends it.
    pub(super) fn signed(server: SocketAddr, version: u8, nonce: io::Result<NtpTimestamp>, key: &Key) -> Try {
        let nonce = match nonce {
            Ok(nonce) => nonce,
            Err(error) => return Try::start(Wanted::Connection, Err(error)),
        };
        let opened = open(server, Type::DGRAM, Protocol::UDP).and_then(|socket| {
            let mut request = Header::request(version, nonce).to_bytes().to_vec();
            key.sign(&mut request);
            socket.connect(&server.into())?;
            socket.send(&request).map(|_| socket)
        });
        Try::start(Wanted::Reply(nonce), opened)
    }

    pub(super) fn from_port_123(server: SocketAddr, version: u8, nonce: io::Result<NtpTimestamp>) -> Try {
        let any: IpAddr = if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
        let nonce = match nonce {
            Ok(nonce) => nonce,
            Err(error) => return Try::start(Wanted::Connection, Err(error)),
        };
        let opened = open(server, Type::DGRAM, Protocol::UDP).and_then(|socket| {
            // Other looks, at other servers, share the port; each is connected to its own.
            socket.set_reuse_address(true)?;
            if server.is_ipv6() {
                socket.set_only_v6(true)?;
            }
            socket.bind(&SocketAddr::new(any, NTP_PORT).into())?;
            socket.connect(&server.into())?;
            socket.send(&Header::request(version, nonce).to_bytes()).map(|_| socket)
        });
        Try::start(Wanted::Reply(nonce), opened)
    }

    /// The socket to wait for, while there is something to wait for.
    pub(super) fn waiting(&self) -> Option<(&Socket, PollFlags)> {
        let flags = match self.wanted {
            Wanted::Connection => PollFlags::POLLOUT,
            _ => PollFlags::POLLIN,
        };
        self.socket.as_ref().map(|socket| (socket, flags))
    }

    /// The socket is ready: is it an answer?
    pub(super) fn take_in(&mut self) {
        let Some(socket) = &self.socket else { return };
        let answer = match self.wanted {
            Wanted::Connection => connection(socket),
            Wanted::Unreachable => unreachable(socket),
            Wanted::Echo { v6, identifier } => datagram(socket, |bytes| is_echo_reply(bytes, v6, identifier)),
            Wanted::Reply(nonce) => {
                datagram(socket, |bytes| Header::parse(bytes).is_ok_and(|(header, _)| header.origin == nonce))
            }
        };
        if let Some(answer) = answer {
            self.result = answer;
            self.socket = None;
        }
    }

    pub(super) fn into_result(self) -> Tried {
        self.result
    }
}

fn open(server: SocketAddr, kind: Type, protocol: Protocol) -> io::Result<Socket> {
    Socket::new(Domain::for_address(server), kind.nonblocking().cloexec(), Some(protocol))
}

/// The socket that everybody may have where net.ipv4.ping_group_range allows it (icmp(7)), else root's raw one; and
/// whether it is raw.
fn open_echo(host: IpAddr) -> io::Result<(Socket, bool)> {
    let protocol = if host.is_ipv4() { Protocol::ICMPV4 } else { Protocol::ICMPV6 };
    let host = SocketAddr::new(host, 0);
    match open(host, Type::DGRAM, protocol) {
        Ok(socket) => Ok((socket, false)),
        Err(_) => open(host, Type::RAW, protocol).map(|socket| (socket, true)),
    }
}

/// RFC 792 and RFC 4443 §4.1. The kernel puts in the checksum for IPv6, and for sockets that are not raw.
fn echo_request(v6: bool, identifier: u16) -> [u8; 8] {
    let mut packet = [if v6 { 128 } else { 8 }, 0, 0, 0, 0, 0, 0, 1];
    packet[4..6].copy_from_slice(&identifier.to_be_bytes());
    let (words, _) = packet.as_chunks::<2>();
    let sum: u32 = words.iter().map(|word| u32::from(u16::from_be_bytes(*word))).sum();
    let sum = (sum & 0xffff) + (sum >> 16);
    packet[2..4].copy_from_slice(&(!(sum as u16)).to_be_bytes());
    packet
}

fn is_echo_reply(bytes: &[u8], v6: bool, identifier: Option<u16>) -> bool {
    // A raw IPv4 socket gives the IP header as well, whose length in words is in the low half of its first byte.
    let is_whole = identifier.is_some() && !v6;
    let skip = if is_whole { usize::from(bytes.first().map_or(0, |first| first & 0x0f)) * 4 } else { 0 };
    match bytes.get(skip..) {
        Some([kind, _, _, _, high, low, ..]) => {
            *kind == if v6 { 129 } else { 0 }
                && identifier.is_none_or(|identifier| identifier == u16::from_be_bytes([*high, *low]))
        }
        _ => false,
    }
}

fn is_refusal(error: &io::Error) -> bool {
    error.kind() == ErrorKind::ConnectionRefused
}

fn connection(socket: &Socket) -> Option<Tried> {
    match socket.take_error() {
        Ok(None) => Some(Tried::Answered(None)),
        Ok(Some(error)) if is_refusal(&error) => Some(Tried::Answered(None)),
        Ok(Some(error)) | Err(error) => Some(Tried::Impossible(error.to_string())),
    }
}

fn unreachable(socket: &Socket) -> Option<Tried> {
    match socket.take_error() {
        Ok(Some(error)) if is_refusal(&error) => Some(Tried::Answered(None)),
        Ok(Some(error)) => Some(Tried::Impossible(error.to_string())),
        // A datagram from a port where nobody should listen is an answer, too.
        _ => datagram(socket, |_| true),
    }
}

/// The next datagram, and whether it is the one that is waited for.
fn datagram(socket: &Socket, is_wanted: impl Fn(&[u8]) -> bool) -> Option<Tried> {
    let mut storage = [0_u8; 1024];
    match recvfrom::<SockaddrStorage>(socket.as_raw_fd(), &mut storage) {
        Ok((length, from)) => {
            let bytes = storage.get(..length).unwrap_or_default();
            is_wanted(bytes).then(|| Tried::Answered(from.as_ref().and_then(socket_address)))
        }
        Err(Errno::EAGAIN | Errno::EINTR) => None,
        Err(errno) => Some(Tried::Impossible(io::Error::from(errno).to_string())),
    }
}

fn socket_address(address: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = address.as_sockaddr_in().map(|v4| SocketAddr::from((v4.ip(), v4.port())));
    v4.or_else(|| address.as_sockaddr_in6().map(|v6| SocketAddr::from((v6.ip(), v6.port()))))
}
