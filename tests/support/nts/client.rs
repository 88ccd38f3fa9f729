//! A client that exchanges keys and does nothing else.
#![cfg(feature = "nts")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::SocketAddr;
use std::os::fd::AsFd as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use rntpdate::internals::linux::net::nts::{TlsExchanges, TrustFiles, Trusts};
use rntpdate::internals::machine::KeyExchanges;
use rntpdate::internals::nts::{Established, KeyFailure, KeyOrder, NewAssociation};
use rntpdate::internals::time::Time;
use socket2::{Domain, Socket, Type};

use super::certificates::{Authority, now};

/// The name that certificates are for.
pub(crate) const NAME: &str = "nts.example.net";

/// Authorities that are trusted, and an exchange under way.
pub(crate) struct Client {
    exchanges: TlsExchanges,
    begun: Instant,
}

impl Client {
    /// A client that trusts this authority alone.
    pub(crate) fn of(authority: &Authority) -> Client {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ca.pem");
        std::fs::write(&file, authority.pem()).unwrap();
        Client::reading(&[TrustFiles { files: vec![file], system: false }])
    }

    pub(crate) fn reading(sets: &[TrustFiles]) -> Client {
        let trusts = Arc::new(Trusts::read(sets, false));
        Client { exchanges: TlsExchanges::new(trusts).unwrap(), begun: Instant::now() }
    }

    /// The order for a key exchange at this machine's time, strictly, within ten seconds from now.
    pub(crate) fn order(&self, number: usize, address: SocketAddr) -> KeyOrder {
        KeyOrder {
            number,
            name: NAME.to_owned(),
            trust: 0,
            address,
            at: at(now()),
            floor: None,
            deadline: self.begun.elapsed() + Duration::from_secs(10),
        }
    }

    pub(crate) fn begin(&mut self, order: KeyOrder) {
        let socket = connecting(order.address);
        self.begin_over(order, socket);
    }

    /// Over a socket of another network.
    pub(crate) fn begin_over(&mut self, order: KeyOrder, socket: Socket) {
        self.exchanges.begin(order, socket, self.begun.elapsed());
    }

    /// Waits until so many have come to an end.
    pub(crate) fn wait(&mut self, count: usize) -> Vec<Established> {
        let mut done = Vec::new();
        while done.len() < count {
            let now = self.begun.elapsed();
            done.extend(self.exchanges.proceed(now));
            if done.len() >= count {
                break;
            }
            let due = self.exchanges.due().expect("something is under way");
            let left = due.saturating_sub(self.begun.elapsed()).as_millis() as u16 + 1;
            let descriptor = self.exchanges.descriptor().unwrap();
            let mut fds = [PollFd::new(descriptor.as_fd(), PollFlags::POLLIN)];
            poll(&mut fds, PollTimeout::from(left)).unwrap();
        }
        done
    }

    pub(crate) fn exchange(&mut self, order: KeyOrder) -> Result<NewAssociation, KeyFailure> {
        self.begin(order);
        self.wait(1).remove(0).result
    }

    /// Whether the chain that was kept is valid at this time, in seconds since 1970.
    pub(crate) fn check(&mut self, number: usize, seconds: i64) -> Result<(), KeyFailure> {
        self.exchanges.check(number, at(seconds))
    }
}

pub(crate) fn at(seconds: i64) -> Time {
    Time::from_unix(seconds, 0)
}

/// A socket whose connection is begun.
pub(crate) fn connecting(address: SocketAddr) -> Socket {
    let kind = Type::STREAM.nonblocking().cloexec();
    let socket = Socket::new(Domain::for_address(address), kind, None).unwrap();
    // It is under way, or was refused, which shows when it is used.
    let _ = socket.connect(&address.into());
    socket
}
