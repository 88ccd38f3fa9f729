//! Key exchanges of Network Time Security (RFC 8915 §4) over TLS 1.3: all of a run at once, none waits for another.
//!
//! The sockets are given, their connections begun; the authorities were read before the process gave up its rights. So nothing is
//! opened here, and a filter of system calls needs to allow no more than reading, writing and waiting.

mod certificate;
mod connection;
mod judge;
mod trusts;

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd};
use std::sync::Arc;
use std::time::Duration;

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use socket2::Socket;

use self::connection::Connection;
use self::judge::Chain;
use crate::machine::KeyExchanges;
use crate::nts::{Established, KeyFailure, KeyOrder};
use crate::time::Time;

pub use self::trusts::{TrustFiles, Trusts};

/// Connections that are looked after in one go.
const AT_ONCE: usize = 32;

/// The key exchanges of a run.
#[derive(Debug)]
pub struct TlsExchanges {
    trusts: Arc<Trusts>,
    epoll: Epoll,
    connections: BTreeMap<usize, Connection>,
    /// What failed before it had a connection.
    failed: Vec<Established>,
    /// The chains of those that came to an end, by their numbers.
    chains: BTreeMap<usize, Chain>,
}

impl TlsExchanges {
    /// A client without connections yet; certificates have to come from these authorities. Fails where the process has no file
    /// descriptors left.
    pub fn new(trusts: Arc<Trusts>) -> io::Result<TlsExchanges> {
        Ok(TlsExchanges {
            trusts,
            epoll: Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?,
            connections: BTreeMap::new(),
            failed: Vec::new(),
            chains: BTreeMap::new(),
        })
    }

    fn start(&mut self, order: &KeyOrder, socket: Socket) -> Result<(), KeyFailure> {
        let number = order.number;
        let connection = Connection::new(&self.trusts, order, socket)?;
        // What can be written is told once, when the connection is there: from then on the other side has its turns.
        let event = EpollEvent::new(EpollFlags::EPOLLIN | EpollFlags::EPOLLOUT | EpollFlags::EPOLLET, number as u64);
        self.epoll.add(connection.socket(), event).map_err(|errno| KeyFailure::Here(errno.to_string()))?;
        self.connections.insert(number, connection);
        Ok(())
    }

    /// The numbers of the connections on which something has happened.
    fn ready(&self) -> Vec<usize> {
        let mut events = [EpollEvent::empty(); AT_ONCE];
        let count = self.epoll.wait(&mut events, EpollTimeout::ZERO).unwrap_or(0);
        events.iter().take(count).map(|event| event.data() as usize).collect()
    }

    /// Ends a key exchange: its connection is closed, the chain stays.
    fn end(&mut self, number: usize, result: Result<crate::nts::NewAssociation, KeyFailure>) -> Established {
        if let Some(connection) = self.connections.remove(&number) {
            // Closing it would do as well; a copy of the descriptor elsewhere would then still be heard of.
            let _ = self.epoll.delete(connection.socket());
            if let Some(chain) = connection.into_chain().filter(|_| result.is_ok()) {
                self.chains.insert(number, chain);
            }
        }
        Established { number, result }
    }
}

impl KeyExchanges for TlsExchanges {
    fn begin(&mut self, order: KeyOrder, socket: Socket, _now: Duration) {
        let number = order.number;
        if let Err(failure) = self.start(&order, socket) {
            self.failed.push(Established { number, result: Err(failure) });
        }
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        Some(self.epoll.0.as_fd())
    }

    fn due(&self) -> Option<Duration> {
        if !self.failed.is_empty() {
            return Some(Duration::ZERO);
        }
        self.connections.values().map(Connection::deadline).min()
    }

    fn proceed(&mut self, now: Duration) -> Vec<Established> {
        let mut done = std::mem::take(&mut self.failed);
        loop {
            let ready = self.ready();
            for number in &ready {
                let result = self.connections.get_mut(number).and_then(Connection::proceed);
                done.extend(result.map(|result| self.end(*number, result)));
            }
            if ready.len() < AT_ONCE {
                break;
            }
        }
        let is_late = |(_, connection): &(&usize, &Connection)| now >= connection.deadline();
        let late = self.connections.iter().filter(is_late).map(|(number, connection)| (*number, connection.stage()));
        for (number, stage) in late.collect::<Vec<_>>() {
            done.push(self.end(number, Err(KeyFailure::Silent(stage))));
        }
        done
    }

    fn check(&mut self, number: usize, at: Time) -> Result<(), KeyFailure> {
        match self.chains.get_mut(&number) {
            Some(chain) => chain.check(&self.trusts, at),
            None => Err(KeyFailure::Here("no chain of certificates is kept".to_owned())),
        }
    }
}
