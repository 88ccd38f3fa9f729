//! One datagram from the kernel, with its timestamp.

use super::ReceivedRequest;
use super::time::{Nanos, SECOND, unix_now};
use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg};
use nix::sys::time::TimeSpec;
use std::io::IoSliceMut;
use std::net::{SocketAddr, SocketAddrV4, SocketAddrV6, UdpSocket};
use std::os::fd::AsRawFd as _;
use std::time::Instant;

/// Datagrams are cut off here; the longest legal NTP packet is far shorter.
const LONGEST: usize = 2048;

/// Reads one datagram with the kernel's timestamp; `None` when there is none after all, or an error was pending.
pub(super) fn receive(socket: &UdpSocket) -> Option<ReceivedRequest> {
    let mut bytes = vec![0; LONGEST];
    let mut control = nix::cmsg_space!(TimeSpec);
    let mut parts = [IoSliceMut::new(&mut bytes)];
    let flags = MsgFlags::MSG_DONTWAIT;
    let message = recvmsg::<SockaddrStorage>(socket.as_raw_fd(), &mut parts, Some(&mut control), flags).ok()?;
    let at = Instant::now();
    let received = message.cmsgs().ok()?.find_map(|control| match control {
        ControlMessageOwned::ScmTimestampns(time) => Some(time),
        _ => None,
    });
    let received =
        received.map_or_else(unix_now, |time| Nanos::from(time.tv_sec()) * SECOND + Nanos::from(time.tv_nsec()));
    let from = message.address.as_ref().and_then(socket_addr)?;
    let length = message.bytes;
    bytes.truncate(length);
    Some(ReceivedRequest { bytes, from, at, received })
}

fn socket_addr(address: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = address.as_sockaddr_in().map(|addr| SocketAddrV4::from(*addr).into());
    v4.or_else(|| address.as_sockaddr_in6().map(|addr| SocketAddrV6::from(*addr).into()))
}
