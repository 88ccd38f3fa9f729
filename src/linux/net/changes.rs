//! Word of the network's changes from the kernel (rtnetlink(7)): an address, a route, a cable.

use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, recv, socket};

/// RTMGRP_LINK, _IPV4_IFADDR, _IPV4_ROUTE, _IPV6_IFADDR and _IPV6_ROUTE of linux/rtnetlink.h.
const GROUPS: u32 = 0x1 | 0x10 | 0x40 | 0x100 | 0x400;
/// One change comes as several messages.
const SETTLE: Duration = Duration::from_millis(20);

/// Listens for changes.
#[derive(Debug)]
pub struct NetworkChanges {
    /// None where the kernel or a sandbox forbids it: then time alone passes.
    socket: Option<OwnedFd>,
}

impl NetworkChanges {
    /// For a run that does not wait for any.
    pub fn ignore() -> NetworkChanges {
        NetworkChanges { socket: None }
    }

    /// From now on.
    pub fn listen() -> NetworkChanges {
        let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
        let opened = socket(AddressFamily::Netlink, SockType::Raw, flags, SockProtocol::NetlinkRoute);
        let bound = opened.and_then(|socket| bind(socket.as_raw_fd(), &NetlinkAddr::new(0, GROUPS)).map(|()| socket));
        NetworkChanges { socket: bound.ok() }
    }

    /// Waits so long at the most; whether something changed.
    pub fn wait(&self, most: Duration) -> bool {
        let Some(socket) = &self.socket else {
            thread::sleep(most);
            return false;
        };
        let end = Instant::now() + most;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let timeout = PollTimeout::from(left.as_micros().div_ceil(1000).min(60_000) as u16);
            let mut waited = [PollFd::new(socket.as_fd(), PollFlags::POLLIN)];
            match poll(&mut waited, timeout) {
                Ok(0) | Err(Errno::EINTR) => {}
                Ok(_) => {
                    thread::sleep(SETTLE);
                    drain(socket);
                    return true;
                }
                Err(_) => {
                    thread::sleep(left);
                    return false;
                }
            }
        }
    }
}

fn drain(socket: &OwnedFd) {
    let mut storage = [0; 8192];
    // Lost messages (ENOBUFS) are changes too; the next call then finds the rest.
    for _ in 0..1000 {
        if matches!(recv(socket.as_raw_fd(), &mut storage, MsgFlags::MSG_DONTWAIT), Err(Errno::EAGAIN) | Ok(0)) {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_change_the_time_passes() {
        let started = Instant::now();
        // This machine's network may change meanwhile.
        if !NetworkChanges::listen().wait(Duration::from_millis(50)) {
            assert!(started.elapsed() >= Duration::from_millis(50));
        }
    }
}
