//! The sockets of a survey: one for each family, whatever the number of clocks, and the kernel's own times of what comes in.

use std::io::IoSliceMut;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd as _, AsRawFd as _};
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{MsgFlags, SockaddrStorage, TimestampingFlag, recvmsg, setsockopt, sockopt};
use socket2::{Domain, Protocol, Socket, Type};

use super::udp::{errno_of, icmp_fault, is_icmp, kernel_time, refused, stamp_packets};
use crate::net::{Fault, Step};
use crate::time::Time;

/// Room for the longest NTP packet and more.
const DATAGRAM_MAX: usize = 2048;
/// What is read from a socket before the requests that are due have their turn.
const DRAIN_MAX: usize = 256;
/// Replies that wait in the kernel while this program does not run: some 5,000, each with the kernel's own account of it.
const RECEIVE_BUFFER: usize = 4 << 20;
/// How often a packet is sent again that reports on others kept from leaving.
const SEND_TRIES: usize = 16;
/// How long a socket without room for a packet is waited for.
const ROOM: u16 = 100;

/// Something that came in.
#[derive(Clone, Copy, Debug)]
pub enum Arrived<'a> {
    /// A datagram, its sender, and when it came, where the kernel tells.
    Datagram(&'a [u8], SocketAddr, Option<Time>),
    /// A report on a datagram of ours, of which it quotes this.
    Failed(&'a [u8], Fault),
}

/// The sockets, unconnected: each speaks to all clocks of its family.
#[derive(Debug)]
pub struct SurveySockets {
    v4: Option<Socket>,
    v6: Option<Socket>,
}

impl SurveySockets {
    /// Opens a socket for each family that the machine has, or for that of `source` alone. Fails where there is none.
    pub fn open(source: Option<IpAddr>, port: Option<u16>) -> Result<SurveySockets, Fault> {
        let wanted = |any: IpAddr| match source {
            Some(address) => (address.is_ipv4() == any.is_ipv4()).then_some(address),
            None => Some(any),
        };
        let open = |any: IpAddr| wanted(any).map(|from| opened(SocketAddr::new(from, port.unwrap_or(0)))).transpose();
        match (open(Ipv4Addr::UNSPECIFIED.into()), open(Ipv6Addr::UNSPECIFIED.into())) {
            (Ok(None) | Err(_), Err(fault)) | (Err(fault), Ok(None)) => Err(fault),
            (v4, v6) => Ok(SurveySockets { v4: v4.unwrap_or(None), v6: v6.unwrap_or(None) }),
        }
    }

    /// Sends one datagram.
    pub fn send(&self, to: SocketAddr, datagram: &[u8]) -> Result<(), Fault> {
        let socket = if to.is_ipv4() { &self.v4 } else { &self.v6 };
        let Some(socket) = socket else { return Err(refused(Step::Socket, Errno::EAFNOSUPPORT, Some(to))) };
        let mut sent = socket.send_to(datagram, &to.into());
        for _ in 0..SEND_TRIES {
            match sent.as_ref().map_err(errno_of) {
                Err(Errno::EAGAIN | Errno::ENOBUFS) => {
                    let mut ready = [PollFd::new(socket.as_fd(), PollFlags::POLLOUT)];
                    let _ = poll(&mut ready, PollTimeout::from(ROOM));
                }
                // A report on another packet shows here first, and only once: this packet did not leave.
                Err(errno) if is_icmp(errno) => {}
                _ => break,
            }
            sent = socket.send_to(datagram, &to.into());
        }
        sent.map(drop).map_err(|error| refused(Step::Send, errno_of(&error), Some(to)))
    }

    /// Waits for something to come, at most so long, and hands it in.
    pub fn wait(&self, timeout: Duration, mut take: impl FnMut(Arrived<'_>)) {
        let sockets: Vec<&Socket> = [&self.v4, &self.v6].into_iter().flatten().collect();
        let mut ready: Vec<PollFd<'_>> =
            sockets.iter().map(|socket| PollFd::new(socket.as_fd(), PollFlags::POLLIN)).collect();
        let millis = timeout.as_micros().div_ceil(1000).min(60_000) as u16;
        if poll(&mut ready, PollTimeout::from(millis)).unwrap_or(0) == 0 {
            return;
        }
        for (socket, polled) in sockets.iter().zip(&ready) {
            let events = polled.revents().unwrap_or(PollFlags::empty());
            if events.contains(PollFlags::POLLERR) {
                drain(socket, MsgFlags::MSG_ERRQUEUE, &mut take);
            }
            if events.contains(PollFlags::POLLIN) {
                drain(socket, MsgFlags::empty(), &mut take);
            }
        }
    }
}

fn opened(from: SocketAddr) -> Result<Socket, Fault> {
    let failed = |step| move |error: std::io::Error| refused(step, errno_of(&error), None);
    let kind = Type::DGRAM.nonblocking().cloexec();
    let socket = Socket::new(Domain::for_address(from), kind, Some(Protocol::UDP)).map_err(failed(Step::Socket))?;
    if from.is_ipv6() {
        socket.set_only_v6(true).map_err(failed(Step::Bind))?;
    }
    // Each option only adds knowledge, or room: a kernel without it still exchanges packets.
    let stamps = TimestampingFlag::SOF_TIMESTAMPING_SOFTWARE | TimestampingFlag::SOF_TIMESTAMPING_RX_SOFTWARE;
    let _ = stamp_packets(&socket, stamps);
    let _ = match from {
        SocketAddr::V4(_) => setsockopt(&socket, sockopt::Ipv4RecvErr, &true),
        SocketAddr::V6(_) => setsockopt(&socket, sockopt::Ipv6RecvErr, &true),
    };
    // Beyond the system's limit where this is permitted, up to it where not.
    if setsockopt(&socket, sockopt::RcvBufForce, &RECEIVE_BUFFER).is_err() {
        let _ = setsockopt(&socket, sockopt::RcvBuf, &RECEIVE_BUFFER);
    }
    socket.bind(&from.into()).map_err(failed(Step::Bind))?;
    Ok(socket)
}

/// Takes in what has come, or with `MSG_ERRQUEUE` what the error queue holds.
fn drain(socket: &Socket, queue: MsgFlags, take: &mut impl FnMut(Arrived<'_>)) {
    let mut storage = [0; DATAGRAM_MAX];
    let mut control = nix::cmsg_space!([[i64; 2]; 3], libc::sock_extended_err, SockaddrStorage);
    for _ in 0..DRAIN_MAX {
        let mut slices = [IoSliceMut::new(&mut storage)];
        let flags = queue | MsgFlags::MSG_DONTWAIT;
        let (length, from, at, fault) =
            match recvmsg::<SockaddrStorage>(socket.as_raw_fd(), &mut slices, Some(&mut control), flags) {
                Ok(message) => {
                    let fault = icmp_fault(&message);
                    (message.bytes, message.address.and_then(address), kernel_time(&message), fault)
                }
                Err(Errno::EAGAIN | Errno::EINTR) => return,
                // The report itself is in the error queue.
                Err(_) => continue,
            };
        match (fault, from) {
            (Some(fault), _) => take(Arrived::Failed(&storage[..length], fault)),
            (None, Some(from)) if queue.is_empty() => take(Arrived::Datagram(&storage[..length], from, at)),
            (None, _) => {}
        }
    }
}

fn address(from: SockaddrStorage) -> Option<SocketAddr> {
    let v4 = || Some(SocketAddr::from(*from.as_sockaddr_in()?));
    v4().or_else(|| Some(SocketAddr::from(*from.as_sockaddr_in6()?)))
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;
    use std::time::Instant;

    use super::*;

    #[test]
    fn one_socket_speaks_to_many_and_tells_when_they_answered() {
        let sockets = SurveySockets::open(None, None).unwrap();
        let servers: Vec<UdpSocket> = (0..3).map(|_| UdpSocket::bind("127.0.0.1:0").unwrap()).collect();
        let expected: Vec<_> =
            (0..3_u8).zip(&servers).map(|(n, server)| (n, server.local_addr().unwrap(), true)).collect();
        let mut came = Vec::new();
        let end = Instant::now() + Duration::from_secs(10);
        // The kernel begins to stamp packets some time after the first socket on the machine has asked for it.
        while came != expected && Instant::now() < end {
            came.clear();
            for (number, server) in servers.iter().enumerate() {
                sockets.send(server.local_addr().unwrap(), &[number as u8; 48]).unwrap();
                let (length, client) = server.recv_from(&mut [0; 100]).unwrap();
                server.send_to(&[number as u8; 48][..length], client).unwrap();
            }
            while came.len() < 3 && Instant::now() < end {
                sockets.wait(Duration::from_millis(100), |arrived| match arrived {
                    Arrived::Datagram(bytes, from, at) => came.push((bytes[0], from, at.is_some())),
                    Arrived::Failed(_, fault) => panic!("{fault:?}"),
                });
            }
        }
        assert_eq!(came, expected);
    }

    #[test]
    fn a_refusal_is_told_with_the_request_that_it_is_about() {
        let sockets = SurveySockets::open(Some(Ipv4Addr::LOCALHOST.into()), None).unwrap();
        let closed = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        sockets.send(closed, &[7; 48]).unwrap();
        let mut quoted = Vec::new();
        let end = Instant::now() + Duration::from_secs(10);
        while quoted.is_empty() && Instant::now() < end {
            sockets.wait(Duration::from_millis(100), |arrived| match arrived {
                Arrived::Failed(bytes, fault) => quoted.push((bytes.to_vec(), fault.kind)),
                Arrived::Datagram(..) => panic!(),
            });
        }
        assert_eq!(quoted, [(vec![7; 48], crate::net::FaultKind::Refused)]);
        assert!(sockets.send("[::1]:9".parse().unwrap(), &[7; 48]).is_err(), "no socket of that family");
    }
}
