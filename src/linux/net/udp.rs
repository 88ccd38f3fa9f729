//! UDP sockets, and the kernel's own times of what goes out and comes in.

use std::io::IoSliceMut;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::socket::{
    ControlMessageOwned, MsgFlags, RecvMsg, SockaddrStorage, TimestampingFlag, recvmsg, setsockopt, sockopt,
};
use socket2::{Domain, Protocol, Socket, Type};

use super::flood::Guard;
use super::refusals::of_errno;
use crate::machine::Network;
use crate::net::{Event, Fault, FaultKind, SocketIndex, Step};
use crate::time::Time;

/// Room for the longest NTP packet and more, so that what is too long is seen to be.
const DATAGRAM_MAX: usize = 2048;
/// What is read from one socket before the others and the timers have their turn.
const DRAIN_MAX: usize = 64;
/// What is watched besides the sockets.
const NO_SOCKET: u64 = u64::MAX;
/// How often a packet is sent again that reports by ICMP kept from leaving.
const SEND_TRIES: usize = 16;

/// The kernel's sockets.
#[derive(Debug)]
pub struct UdpNetwork {
    epoll: Epoll,
    sockets: Vec<Option<(Socket, Guard)>>,
    /// Where all of them send from.
    source: Option<IpAddr>,
}

impl UdpNetwork {
    /// No sockets yet. Fails where the process has no file descriptors left.
    pub fn new() -> std::io::Result<UdpNetwork> {
        Ok(UdpNetwork { epoll: Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?, sockets: Vec::new(), source: None })
    }

    /// Has sockets send from this address of the machine; from the kernel's choice where it is none.
    pub fn from_address(self, source: Option<IpAddr>) -> UdpNetwork {
        UdpNetwork { source, ..self }
    }
}

impl UdpNetwork {
    /// Takes over a socket that is [`connected`] to a server, as the one with the next index.
    pub(crate) fn adopt(&mut self, opened: Result<Socket, Fault>) -> Result<(), Fault> {
        let event = EpollEvent::new(EpollFlags::EPOLLIN, self.sockets.len() as u64);
        let opened = opened.and_then(|socket| {
            self.epoll.add(&socket, event).map_err(|errno| refused(Step::Wait, errno, None))?;
            Ok(socket)
        });
        let (socket, result) = match opened {
            Ok(socket) => (Some((socket, Guard::default())), Ok(())),
            Err(fault) => (None, Err(fault)),
        };
        self.sockets.push(socket);
        result
    }
}

impl Network for UdpNetwork {
    fn open(&mut self, server: SocketAddr, source_port: Option<u16>) -> Result<(), Fault> {
        self.adopt(connected(server, self.source, source_port))
    }

    fn send(&mut self, socket: SocketIndex, datagram: &[u8]) -> Result<(), Fault> {
        let Some(Some((socket, guard))) = self.sockets.get_mut(socket) else {
            return Err(refused(Step::Send, Errno::EBADF, None));
        };
        guard.expect(datagram, socket);
        let mut sent = socket.send(datagram);
        for _ in 0..SEND_TRIES {
            // A report on an earlier packet, or a forged one, shows here first, and only once: this packet did not leave.
            match &sent {
                Err(error) if is_icmp(errno_of(error)) => sent = socket.send(datagram),
                _ => break,
            }
        }
        match sent {
            // No host says that of a packet that did not leave. It is lost, as any packet may be.
            Err(error) if is_remote(errno_of(&error)) => Ok(()),
            Err(error) => Err(refused(Step::Send, errno_of(&error), None)),
            Ok(_) => Ok(()),
        }
    }

    fn watch(&mut self, other: BorrowedFd<'_>) {
        // Unwatched it is looked at whenever something else happens.
        let _ = self.epoll.add(other, EpollEvent::new(EpollFlags::EPOLLIN, NO_SOCKET));
    }

    fn unwatch(&mut self, other: BorrowedFd<'_>) {
        let _ = self.epoll.delete(other);
    }

    fn wait(&mut self, timeout: Duration, events: &mut Vec<Event>) {
        let mut ready = [EpollEvent::empty(); 32];
        // Rounded up: to wake before the time would mean to wait again for nothing.
        let timeout = timeout.as_micros().div_ceil(1000).min(60_000) as u16;
        let count = self.epoll.wait(&mut ready, EpollTimeout::from(timeout)).unwrap_or(0);
        for event in &ready[..count] {
            let index = event.data() as SocketIndex;
            let Some(Some((socket, guard))) = self.sockets.get_mut(index) else { continue };
            // The time that a request left comes before its reply is looked at.
            if event.events().contains(EpollFlags::EPOLLERR) {
                drain_errors(index, socket, guard, events);
            }
            drain_datagrams(index, socket, guard, events);
        }
    }
}

/// Takes in what the error queue holds.
fn drain_errors(index: SocketIndex, socket: &Socket, guard: &Guard, events: &mut Vec<Event>) {
    let mut storage = [0; DATAGRAM_MAX];
    let mut control = nix::cmsg_space!([[i64; 2]; 3], libc::sock_extended_err, SockaddrStorage);
    for _ in 0..DRAIN_MAX {
        let mut slices = [IoSliceMut::new(&mut storage)];
        let flags = MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT;
        let fd = socket.as_raw_fd();
        let Ok(message) = recvmsg::<()>(fd, &mut slices, Some(&mut control), flags) else { return };
        let quoted: Vec<u8> = message.iovs().flatten().copied().collect();
        events.extend(read_error(index, &message, guard.is_ours(&quoted)));
    }
}

/// Takes in what has arrived.
fn drain_datagrams(index: SocketIndex, socket: &Socket, guard: &mut Guard, events: &mut Vec<Event>) {
    let mut storage = [0; DATAGRAM_MAX];
    let mut control = nix::cmsg_space!([[i64; 2]; 3]);
    for _ in 0..DRAIN_MAX {
        let mut slices = [IoSliceMut::new(&mut storage)];
        let fd = socket.as_raw_fd();
        let (length, at) = match recvmsg::<()>(fd, &mut slices, Some(&mut control), MsgFlags::MSG_DONTWAIT) {
            Ok(message) => (message.bytes, kernel_time(&message)),
            Err(Errno::EAGAIN | Errno::EINTR) => return,
            Err(errno) => {
                // The error queue has the packet that it is about, or had no room for it. What has arrived is still there.
                events.push(Event::Rumoured { socket: index, fault: refused(Step::Receive, errno, None) });
                continue;
            }
        };
        let flooded = guard.notice(&storage[..length], socket);
        events.push(Event::Received { socket: index, datagram: storage[..length].to_vec(), at });
        if flooded {
            events.push(Event::Flooded { socket: index });
        }
    }
}

/// A socket that speaks to `server` alone, from this address of the machine and this port where they are given, with the kernel's
/// own times of its packets.
pub(crate) fn connected(server: SocketAddr, source: Option<IpAddr>, source_port: Option<u16>) -> Result<Socket, Fault> {
    let failed = |step| move |error: std::io::Error| refused(step, errno_of(&error), Some(server));
    let kind = Type::DGRAM.nonblocking().cloexec();
    let socket = Socket::new(Domain::for_address(server), kind, Some(Protocol::UDP)).map_err(failed(Step::Socket))?;
    if source.is_some() || source_port.is_some() {
        let any: IpAddr = if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
        if server.is_ipv6() {
            socket.set_only_v6(true).map_err(failed(Step::Bind))?;
        }
        // Several of our own sockets share the port, each connected to its own server.
        socket.set_reuse_address(source_port.is_some()).map_err(failed(Step::Bind))?;
        let from = SocketAddr::new(source.unwrap_or(any), source_port.unwrap_or(0));
        socket.bind(&from.into()).map_err(failed(Step::Bind))?;
    }
    // Each option only adds knowledge: a kernel without it still exchanges packets.
    let flags = TimestampingFlag::SOF_TIMESTAMPING_SOFTWARE
        | TimestampingFlag::SOF_TIMESTAMPING_RX_SOFTWARE
        | TimestampingFlag::SOF_TIMESTAMPING_TX_SOFTWARE
        | TimestampingFlag::SOF_TIMESTAMPING_OPT_ID
        | TimestampingFlag::SOF_TIMESTAMPING_OPT_TSONLY;
    let _ = stamp_packets(&socket, flags);
    let _ = match server {
        SocketAddr::V4(_) => setsockopt(&socket, sockopt::Ipv4RecvErr, &true),
        SocketAddr::V6(_) => setsockopt(&socket, sockopt::Ipv6RecvErr, &true),
    };
    match socket.connect(&server.into()) {
        Err(error) if is_broadcast(&error, &socket, server) => Err(Fault::here(FaultKind::Broadcast)),
        done => done.map(|()| socket).map_err(failed(Step::Connect)),
    }
}

/// Whether it is for broadcasts alone that the kernel refused: the same error has other causes (a route, a module).
fn is_broadcast(error: &std::io::Error, socket: &Socket, server: SocketAddr) -> bool {
    errno_of(error) == Errno::EACCES && socket.set_broadcast(true).is_ok() && socket.connect(&server.into()).is_ok()
}

/// Has the kernel stamp the packets of a socket (Documentation/networking/timestamping.rst).
#[cfg(target_pointer_width = "64")]
pub(super) fn stamp_packets(socket: &Socket, flags: TimestampingFlag) -> nix::Result<()> {
    setsockopt(socket, sockopt::Timestamping, &flags)
}

/// The same with 64-bit times, which no crate asks for: the others end in 2038.
#[cfg(target_pointer_width = "32")]
pub(super) fn stamp_packets(socket: &Socket, flags: TimestampingFlag) -> std::io::Result<()> {
    crate::linux::ffi::stamp_packets(std::os::fd::AsFd::as_fd(socket), flags.bits())
}

/// The software timestamp with a message, if it has one.
pub(super) fn kernel_time<S>(message: &RecvMsg<'_, '_, S>) -> Option<Time> {
    message.cmsgs().ok()?.find_map(|control| stamp(&control)).map(|(seconds, nanos)| Time::from_unix(seconds, nanos))
}

#[cfg(target_pointer_width = "64")]
fn stamp(control: &ControlMessageOwned) -> Option<(i64, i64)> {
    let ControlMessageOwned::ScmTimestampsns(stamps) = control else { return None };
    Some((stamps.system.tv_sec(), stamps.system.tv_nsec())).filter(|stamp| *stamp != (0, 0))
}

/// The first of three `struct __kernel_timespec` (linux/errqueue.h, `scm_timestamping64`). Where the C library's own times have 64
/// bits, as musl's have, crates know what this is.
#[cfg(target_pointer_width = "32")]
fn stamp(control: &ControlMessageOwned) -> Option<(i64, i64)> {
    const SO_TIMESTAMPING_NEW: i32 = 65;
    let message = match control {
        ControlMessageOwned::ScmTimestampsns(stamps) => {
            let stamp = (i64::from(stamps.system.tv_sec()), i64::from(stamps.system.tv_nsec()));
            return Some(stamp).filter(|stamp| *stamp != (0, 0));
        }
        ControlMessageOwned::Unknown(message) => message,
        _ => return None,
    };
    let header = &message.cmsg_header;
    if (header.cmsg_level, header.cmsg_type) != (libc::SOL_SOCKET, SO_TIMESTAMPING_NEW) {
        return None;
    }
    let number = |at: usize| Some(i64::from_ne_bytes(message.data_bytes.get(at..at + 8)?.try_into().ok()?));
    Some((number(0)?, number(8)?)).filter(|stamp| *stamp != (0, 0))
}

/// An entry of the error queue: when a packet left (Documentation/networking/timestamping.rst), or why it got lost (ip(7)).
/// `is_ours`: the packet that is quoted with it is one of ours.
fn read_error<S>(socket: SocketIndex, message: &RecvMsg<'_, '_, S>, is_ours: bool) -> Option<Event> {
    let (error, reporter) = extended_error(message)?;
    if error.ee_origin == libc::SO_EE_ORIGIN_TIMESTAMPING {
        let at = kernel_time(message)?;
        return Some(Event::Sent { socket, number: error.ee_data, at });
    }
    let fault = fault_of(&error, reporter);
    let from_icmp = matches!(error.ee_origin, libc::SO_EE_ORIGIN_ICMP | libc::SO_EE_ORIGIN_ICMP6);
    // Off the path nobody can quote our random number.
    Some(if is_ours || !from_icmp { Event::Failed { socket, fault } } else { Event::Rumoured { socket, fault } })
}

/// Why the packet got lost that an entry of the error queue is about.
pub(super) fn icmp_fault<S>(message: &RecvMsg<'_, '_, S>) -> Option<Fault> {
    let (error, reporter) = extended_error(message)?;
    (error.ee_origin != libc::SO_EE_ORIGIN_TIMESTAMPING).then(|| fault_of(&error, reporter))
}

/// What the kernel says of an error, and the address of whoever reported it.
fn extended_error<S>(message: &RecvMsg<'_, '_, S>) -> Option<(libc::sock_extended_err, Option<IpAddr>)> {
    message.cmsgs().ok()?.find_map(|control| match control {
        ControlMessageOwned::Ipv4RecvErr(error, from) => {
            Some((error, from.map(|from| IpAddr::from(u32::from_be(from.sin_addr.s_addr).to_be_bytes()))))
        }
        ControlMessageOwned::Ipv6RecvErr(error, from) => {
            Some((error, from.map(|from| IpAddr::from(from.sin6_addr.s6_addr))))
        }
        _ => None,
    })
}

fn fault_of(error: &libc::sock_extended_err, reporter: Option<IpAddr>) -> Fault {
    let kind = match error.ee_origin {
        libc::SO_EE_ORIGIN_ICMP => FaultKind::of_icmp(error.ee_type, error.ee_code),
        libc::SO_EE_ORIGIN_ICMP6 => FaultKind::of_icmp6(error.ee_type, error.ee_code),
        _ => None,
    };
    let from_icmp = matches!(error.ee_origin, libc::SO_EE_ORIGIN_ICMP | libc::SO_EE_ORIGIN_ICMP6);
    let errno = Errno::from_raw(error.ee_errno.cast_signed());
    Fault {
        kind: kind.unwrap_or_else(|| of_errno(Step::Receive, errno, None)),
        reporter: reporter.filter(|_| from_icmp),
    }
}

/// What this machine says of none of its own accord.
fn is_remote(errno: Errno) -> bool {
    matches!(errno, Errno::ECONNREFUSED | Errno::EHOSTDOWN | Errno::EPROTO)
}

/// What an ICMP message becomes (net/ipv4/icmp.c, icmp_err_convert).
pub(super) fn is_icmp(errno: Errno) -> bool {
    matches!(
        errno,
        Errno::ECONNREFUSED
            | Errno::EHOSTUNREACH
            | Errno::ENETUNREACH
            | Errno::EHOSTDOWN
            | Errno::EPROTO
            | Errno::EMSGSIZE
            | Errno::EACCES
    )
}

pub(super) fn errno_of(error: &std::io::Error) -> Errno {
    Errno::from_raw(error.raw_os_error().unwrap_or(0))
}

pub(super) fn refused(step: Step, errno: Errno, server: Option<SocketAddr>) -> Fault {
    Fault::here(of_errno(step, errno, server))
}
