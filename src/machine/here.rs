//! Servers that are asked by this process itself.

use std::net::SocketAddr;
use std::os::fd::BorrowedFd;
use std::time::Duration;

use socket2::Socket;

use super::servers::{Dialogue, DialogueError, Progressed, Servers};
use super::{Clock, KeyExchanges, Network};
use crate::exchange::{Action, Contact, Exchange, Keyring, Pace, Standings, Trace, WithNts};
use crate::net::{Event, Fault, FaultKind};
use crate::nts::{Established, KeyFailure, KeyOrder};
use crate::time::{Reading, Time};
use crate::wire::nts::Fresh;
use crate::wire::{KeyId, NtpTimestamp};

/// What it takes to ask servers.
pub struct Here<'a> {
    /// The sockets.
    pub network: &'a mut dyn Network,
    /// Random numbers that nobody can guess; nothing where there are none, for without them replies could be forged.
    pub nonce: &'a mut dyn FnMut() -> Option<u64>,
    /// The keys that servers have to prove to know.
    pub keys: &'a Keyring,
    /// The port to send from, where that is not the kernel's choice.
    pub source_port: Option<u16>,
    /// The way to key exchanges, in a run that needs any.
    pub exchanges: Option<KeyWay<'a>>,
}

/// What it takes to exchange keys.
pub struct KeyWay<'a> {
    /// The exchanges.
    pub exchanges: &'a mut dyn KeyExchanges,
    /// Begins a connection to a server.
    pub connect: &'a dyn Fn(SocketAddr) -> Result<Socket, Fault>,
}

impl Servers for Here<'_> {
    fn begin(&mut self, pace: &Pace, deadline: Duration, _now: &Reading) -> Box<dyn Dialogue + '_> {
        if let Some(descriptor) = self.exchanges.as_ref().and_then(|way| way.exchanges.descriptor()) {
            self.network.watch(descriptor);
        }
        let exchange = Exchange::new(pace.clone(), deadline);
        Box::new(OwnDialogue { exchange, way: self, events: Vec::new(), established: Vec::new() })
    }

    fn check_chains(&mut self, questions: &[(usize, Time)]) -> Result<Vec<Result<(), KeyFailure>>, DialogueError> {
        let Some(way) = &mut self.exchanges else { return Ok(questions.iter().map(|_| Err(no_way())).collect()) };
        Ok(questions.iter().map(|(number, at)| way.exchanges.check(*number, *at)).collect())
    }

    fn dismiss(&mut self) {}
}

/// A run that needs key exchanges has a way to them.
fn no_way() -> KeyFailure {
    KeyFailure::Here("there is no way to exchange keys".to_owned())
}

/// An exchange of packets by this process.
struct OwnDialogue<'a, 'b> {
    exchange: Exchange,
    way: &'a mut Here<'b>,
    events: Vec<Event>,
    established: Vec<Established>,
}

impl OwnDialogue<'_, '_> {
    fn open(&mut self, server: SocketAddr, place: usize, now: Duration) {
        if let Err(fault) = self.way.network.open(server, self.way.source_port) {
            self.exchange.failed(place, fault, now);
        }
    }

    /// Goes on with key exchanges; when they want to be gone on with at the latest.
    fn exchange(&mut self, now: Duration) -> Option<Duration> {
        let way = self.way.exchanges.as_mut()?;
        self.established.extend(way.exchanges.proceed(now));
        way.exchanges.due()
    }
}

impl Dialogue for OwnDialogue<'_, '_> {
    fn standings(&self) -> &dyn Standings {
        &self.exchange
    }

    fn ask(&mut self, server: SocketAddr, key: Option<KeyId>, now: Duration) {
        let place = self.exchange.servers();
        let key = key.and_then(|id| self.way.keys.get(id).ok()).cloned();
        self.exchange.add(server, key, now);
        self.open(server, place, now);
    }

    fn ask_with_nts(&mut self, server: SocketAddr, with: WithNts, now: Duration) {
        let place = self.exchange.servers();
        self.exchange.add_nts(server, with.association, with.missing, now);
        self.open(server, place, now);
    }

    fn renew(&mut self, server: usize, with: WithNts, now: Duration) {
        self.exchange.renew(server, with.association, with.missing, now);
    }

    fn exchange_keys(&mut self, order: KeyOrder, now: Duration) -> Result<(), KeyFailure> {
        let way = self.way.exchanges.as_mut().ok_or_else(no_way)?;
        let socket = (way.connect)(order.address).map_err(KeyFailure::Tcp)?;
        way.exchanges.begin(order, socket, now);
        Ok(())
    }

    fn established(&mut self) -> Vec<Established> {
        std::mem::take(&mut self.established)
    }

    fn proceed(&mut self, clock: &dyn Clock, now: Duration) -> Progressed {
        let due = self.exchange(now);
        if !self.established.is_empty() {
            return Progressed::Sent;
        }
        let server = match self.exchange.next(now) {
            Action::Send(server) => server,
            Action::Wait(until) => return Progressed::Waits(due.map_or(until, |due| until.min(due))),
            Action::Done => return due.map_or(Progressed::Done, Progressed::Waits),
        };
        let nonce = &mut *self.way.nonce;
        if let Err(fault) = send(&mut self.exchange, self.way.network, server, nonce, clock) {
            self.exchange.failed(server, fault, now);
        }
        Progressed::Sent
    }

    fn watch(&mut self, other: BorrowedFd<'_>) {
        self.way.network.watch(other);
    }

    fn unwatch(&mut self, other: BorrowedFd<'_>) {
        self.way.network.unwatch(other);
    }

    fn wait(&mut self, clock: &dyn Clock, timeout: Duration) {
        self.way.network.wait(timeout, &mut self.events);
        take_in(&mut self.exchange, &mut self.events, clock);
    }

    fn refresh(&mut self, before: Duration, clock: &dyn Clock) -> bool {
        self.exchange.refresh(before, clock.now().raw) > 0
    }

    fn finish(self: Box<Self>, clock: &dyn Clock) -> Result<(Vec<Contact>, Trace), DialogueError> {
        Ok(self.exchange.finish(&clock.now()))
    }
}

/// Sends the request to a server that is due.
pub fn send(
    exchange: &mut Exchange,
    network: &mut dyn Network,
    server: usize,
    nonce: &mut dyn FnMut() -> Option<u64>,
    clock: &dyn Clock,
) -> Result<(), Fault> {
    let mut number = || nonce().ok_or(Fault::here(FaultKind::NoRandom));
    let fresh = if exchange.needs_fresh(server) { Some(fresh(&mut number)?) } else { None };
    let nonce = NtpTimestamp::from_bits(number()?);
    // Without a request there is no cookie: what becomes of the server is up to whoever exchanges keys.
    let Some(request) = exchange.request_with(server, nonce, fresh, clock.now()) else { return Ok(()) };
    network.send(server, &request)
}

/// The random numbers of a request with NTS.
fn fresh(number: &mut dyn FnMut() -> Result<u64, Fault>) -> Result<Fresh, Fault> {
    let mut fresh = Fresh { identifier: [0; 32], nonce: [0; 16] };
    for part in fresh.identifier.chunks_exact_mut(8).chain(fresh.nonce.chunks_exact_mut(8)) {
        part.copy_from_slice(&number()?.to_be_bytes());
    }
    Ok(fresh)
}

/// Tells the exchange what happened on the sockets.
pub fn take_in(exchange: &mut Exchange, events: &mut Vec<Event>, clock: &dyn Clock) {
    for event in events.drain(..) {
        match event {
            Event::Sent { socket, number, at } => exchange.sent(socket, number, at),
            Event::Received { socket, datagram, at } => exchange.received(socket, &datagram, at, clock.now()),
            Event::Flooded { socket } => exchange.flooded(socket),
            Event::Rumoured { socket, fault } => exchange.rumoured(socket, fault),
            Event::Failed { socket, fault } => exchange.failed(socket, fault, clock.now().raw),
        }
    }
}
