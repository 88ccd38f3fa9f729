//! An exchange that takes place in the process with the sockets, and what is handed over to it.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::time::Duration;

use socket2::Socket;

use super::process::{NetworkProcess, Source};
use crate::exchange::{Contact, Mirror, NewServer, Order, WithNts};
use crate::linux::ffi::MOST_DESCRIPTORS;
use crate::linux::net::connected;
use crate::machine::DialogueError;
use crate::nts::Established;
use crate::wire::KeyId;

/// What was asked for and is not said yet.
#[derive(Debug)]
pub(super) enum Awaited {
    Nothing,
    Answer,
    Refreshed,
    Finished,
    /// The contacts came.
    Contacts(Vec<Contact>),
}

/// An exchange that takes place there.
#[derive(Debug)]
pub(super) struct DistantDialogue<'a> {
    pub(super) process: &'a NetworkProcess,
    pub(super) mirror: Mirror,
    pub(super) deadline: Duration,
    /// Servers that are still to be handed over, and the sockets of those that have one.
    pub(super) new: Vec<NewServer>,
    pub(super) sockets: Vec<Socket>,
    pub(super) watched: Option<OwnedFd>,
    pub(super) awaited: Awaited,
    /// For how long it has been waited in vain.
    pub(super) silent: Duration,
    /// How many messages took their time.
    pub(super) slow: usize,
    pub(super) broken: Option<DialogueError>,
    /// The key exchanges of which nothing has been said yet, by their numbers, and what came of others.
    pub(super) exchanges: BTreeSet<usize>,
    pub(super) established: Vec<Established>,
}

impl<'a> DistantDialogue<'a> {
    /// An exchange with nobody yet; `broken`: why it cannot take place.
    pub(super) fn new(
        process: &'a NetworkProcess,
        mirror: Mirror,
        deadline: Duration,
        broken: Option<DialogueError>,
    ) -> DistantDialogue<'a> {
        DistantDialogue {
            process,
            mirror,
            deadline,
            new: Vec::new(),
            sockets: Vec::new(),
            watched: None,
            awaited: Awaited::Nothing,
            silent: Duration::ZERO,
            slow: 0,
            broken,
            exchanges: BTreeSet::new(),
            established: Vec::new(),
        }
    }

    /// Remembers the first error, after which nothing is said or heard.
    pub(super) fn note<T>(&mut self, result: Result<T, DialogueError>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                self.broken.get_or_insert(error);
                None
            }
        }
    }

    pub(super) fn say(&mut self, order: &Order) {
        if self.broken.is_none() {
            let said = self.process.say(order);
            self.note(said);
        }
    }

    /// Hands over the servers that are new.
    pub(super) fn hand_over(&mut self) {
        if self.new.is_empty() || self.broken.is_some() {
            return;
        }
        let (new, sockets) = (std::mem::take(&mut self.new), std::mem::take(&mut self.sockets));
        let said = self
            .process
            .say(&Order::Ask(new))
            .and_then(|()| if sockets.is_empty() { Ok(()) } else { self.process.hand_over(&sockets) });
        self.note(said);
    }

    pub(super) fn add(&mut self, address: SocketAddr, key: Option<KeyId>, nts: Option<WithNts>) {
        let Source { address: from, port } = self.process.source;
        let (socket, fault) = match connected(address, from, port) {
            Ok(socket) => (Some(socket), None),
            Err(fault) => (None, Some(fault)),
        };
        if nts.is_some() {
            self.mirror.add_nts(address, fault);
        } else {
            self.mirror.add(address, fault);
        }
        self.sockets.extend(socket);
        self.new.push(NewServer { address, key, nts, fault });
        if self.new.len() >= MOST_DESCRIPTORS {
            self.hand_over();
        }
    }
}
