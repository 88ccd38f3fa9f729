//! When to send to which server, and what its replies are worth. Pure: the caller sends, waits and reads the clock.
//!
//! All servers are at work at once. What one packet or time-out costs does not depend on their number.
#![forbid(unsafe_code)]

mod authentication;
mod contact;
mod messages;
mod mirror;
mod news;
mod nts;
mod pace;
mod session;
mod standings;
#[cfg(test)]
mod tests;
mod trace;

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::estimate::Candidate;
use crate::net::Fault;
use crate::time::{Reading, Time};
use crate::wire::nts::{Association, Fresh};
use crate::wire::{Key, NtpTimestamp};

pub use authentication::{Authentication, Keyring};
pub use contact::Contact;
pub use messages::{NewServer, Order, Report, WithNts};
pub use mirror::Mirror;
pub use news::News;
pub use nts::{NtsRecord, Renewal};
pub use pace::Pace;
pub use standings::Standings;
pub use trace::{Trace, TraceEvent};

use session::Session;

/// What the caller has to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Ask for a [`request`](Exchange::request) to this server and send it.
    Send(usize),
    /// Wait for packets, until this raw monotonic time at the latest.
    Wait(Duration),
    /// The exchange is over.
    Done,
}

/// The packets to and from all servers of a run.
#[derive(Debug)]
pub struct Exchange {
    pace: Pace,
    deadline: Duration,
    sessions: Vec<Session>,
    /// When which session wants to act; an entry that its session no longer stands by is passed over.
    timers: BinaryHeap<Reverse<(Duration, usize)>>,
    /// Sessions that have measured something, and those of them that still go on.
    served: usize,
    active_served: usize,
    /// Sessions that still go on.
    active: usize,
    answered: usize,
    /// Requests that there will be at the most.
    wanted: usize,
    trace: Trace,
    /// The servers that there may be news of.
    changed: BTreeSet<usize>,
}

impl Exchange {
    /// An exchange with nobody yet. Nothing is due after `deadline`, a raw monotonic time.
    pub fn new(pace: Pace, deadline: Duration) -> Exchange {
        Exchange {
            sessions: Vec::new(),
            timers: BinaryHeap::new(),
            served: 0,
            active_served: 0,
            active: 0,
            answered: 0,
            wanted: 0,
            trace: Trace::default(),
            changed: BTreeSet::new(),
            pace,
            deadline,
        }
    }

    /// Adds a server, whose first packet is due at the raw monotonic time `start`. With a key every request to it carries the
    /// key's code, and of its replies only those count that carry it too.
    pub fn add(&mut self, server: SocketAddr, key: Option<Arc<Key>>, start: Duration) {
        self.push(Session::new(server, key, &self.pace, start), start);
    }

    /// Adds a server with NTS: every request to it takes a cookie, and of its replies only those count that are sealed. `missing`:
    /// so many cookies fewer than there could be are kept for it.
    pub fn add_nts(&mut self, server: SocketAddr, association: Association, missing: usize, start: Duration) {
        self.push(Session::with_nts(server, association, missing, &self.pace, start), start);
    }

    fn push(&mut self, session: Session, start: Duration) {
        self.timers.push(Reverse((start, self.sessions.len())));
        self.sessions.push(session);
        self.active += 1;
        self.wanted += self.pace.samples;
    }

    /// What to do at this raw monotonic time.
    pub fn next(&mut self, now: Duration) -> Action {
        while let Some(Reverse((due, server))) = self.timers.peek().copied() {
            if now >= self.deadline {
                break;
            }
            if self.sessions[server].due() != Some(due) {
                self.timers.pop();
                continue;
            }
            if due > now {
                return Action::Wait(due.min(self.deadline));
            }
            self.timers.pop();
            let others_are_done = self.served > 0 && self.active_served == 0;
            if self.update(server, |session, pace| session.wants_to_send(now, pace, others_are_done)) {
                return Action::Send(server);
            }
        }
        Action::Done
    }

    /// The request to send now. `nonce` is random, and comes back in the server's reply; `before` is the clock, read as late
    /// as possible. For a server with NTS there is none: see [`Self::request_with`].
    pub fn request(&mut self, server: usize, nonce: NtpTimestamp, before: Reading) -> Vec<u8> {
        self.request_with(server, nonce, None, before).unwrap_or_default()
    }

    /// The same with the random numbers that a server with NTS needs. Nothing where it lacks a cookie: then nothing is to be sent.
    pub fn request_with(
        &mut self,
        server: usize,
        nonce: NtpTimestamp,
        fresh: Option<Fresh>,
        before: Reading,
    ) -> Option<Vec<u8>> {
        let request = self.update(server, |session, pace| session.request(nonce, fresh, before, pace))?;
        self.trace.push(server, TraceEvent::Transmit);
        Some(request)
    }

    /// Whether requests to a server need the random numbers of NTS.
    pub fn needs_fresh(&self, server: usize) -> bool {
        self.sessions.get(server).is_some_and(Session::has_nts)
    }

    /// The servers whose keys should be exchanged anew.
    pub fn renewals(&self) -> impl Iterator<Item = (usize, Renewal)> {
        self.sessions.iter().enumerate().filter_map(|(server, session)| Some((server, session.renewal()?)))
    }

    /// Goes on with a server by what a new key exchange has led to, unless the old keys have done after all.
    pub fn renew(&mut self, server: usize, association: Association, missing: usize, now: Duration) {
        if server < self.sessions.len() {
            self.update(server, |session, pace| session.renew(association, missing, now, pace));
        }
    }

    /// The kernel's word on when a server's request left; `number` counts them from 0.
    pub fn sent(&mut self, server: usize, number: u32, at: Time) {
        if let Some(session) = self.sessions.get_mut(server) {
            session.sent(number, at);
        }
    }

    /// A datagram from a server; `at` is when the kernel says that it came in, `after` the clock now.
    pub fn received(&mut self, server: usize, datagram: &[u8], at: Option<Time>, after: Reading) {
        if server >= self.sessions.len() {
            return;
        }
        self.trace.push(server, TraceEvent::Receive);
        let notes = self.update(server, |session, pace| session.received(datagram, at, after, pace));
        notes.into_iter().flatten().for_each(|note| self.trace.push(server, note));
    }

    /// Junk is no longer handed in from a server's address.
    pub fn flooded(&mut self, server: usize) {
        self.trace.push(server, TraceEvent::Flooded);
    }

    /// A report that packets do not get through, by nobody knows whom: it explains a silence, and changes nothing else.
    pub fn rumoured(&mut self, server: usize, fault: Fault) {
        if let Some(session) = self.sessions.get_mut(server)
            && session.rumoured(fault)
        {
            self.trace.push(server, TraceEvent::Failed(fault));
        }
    }

    /// The kernel's word at this raw monotonic time that packets to a server do not get through. Where that may pass it costs
    /// one request, else it ends the exchange with the server.
    pub fn failed(&mut self, server: usize, fault: Fault, now: Duration) {
        if server < self.sessions.len() {
            self.trace.push(server, TraceEvent::Failed(fault));
            self.update(server, |session, _| session.failed(fault, now));
        }
    }

    /// How many requests have been answered, and how many there will be at the most.
    pub fn progress(&self) -> (usize, usize) {
        (self.answered, self.wanted)
    }

    /// What has been measured so far of each server, and whether its own part still goes on.
    pub fn standings(&self) -> impl Iterator<Item = (&Candidate, bool)> {
        self.sessions.iter().map(|session| (session.candidate(), !session.is_finished()))
    }

    /// Asks servers once more, of whom all is said and whose newest sample was taken before the raw monotonic time `before`.
    /// Gives how many they are.
    pub fn refresh(&mut self, before: Duration, now: Duration) -> usize {
        (0..self.sessions.len())
            .filter(|server| self.update(*server, |session, _| session.refresh(before, now)))
            .count()
    }

    /// Whether a server that was asked once more has not answered yet.
    pub fn is_refreshing(&self) -> bool {
        self.sessions.iter().any(Session::is_refreshing)
    }

    /// How many servers there are.
    pub fn servers(&self) -> usize {
        self.sessions.len()
    }

    /// Whether any server has measured something.
    pub fn is_served(&self) -> bool {
        self.served > 0
    }

    /// With how many servers the exchange still goes on.
    pub fn active(&self) -> usize {
        self.active
    }

    /// The result, per server in the order given, at the end of the run. Samples from before a movement of this machine's
    /// clock by something else are taken out.
    pub fn finish(self, now: &Reading) -> (Vec<Contact>, Trace) {
        let trace = self.trace;
        let contacts = self.sessions.into_iter().map(|session| {
            let mut contact = session.finish();
            contact.forget_overtaken(now);
            contact
        });
        (contacts.collect(), trace)
    }

    /// What has changed since the last call, for whoever decides in another process.
    pub fn news(&mut self) -> Vec<News> {
        let changed = std::mem::take(&mut self.changed);
        changed.into_iter().filter_map(|server| self.sessions[server].news(server)).collect()
    }

    /// The result, per server in the order given, with what was measured left out: the news have said that, and whether this
    /// machine's clock was moved since then is for whoever heard them to see.
    pub fn into_contacts(self) -> Vec<Contact> {
        self.sessions.into_iter().map(Session::finish).collect()
    }

    /// Lets a session act, and keeps the timers and counts true.
    fn update<T>(&mut self, server: usize, act: impl FnOnce(&mut Session, &Pace) -> T) -> T {
        let session = &mut self.sessions[server];
        let (was_active, was_served, was_due) = (session.is_active(), session.is_served(), session.due());
        let (had_answered, had_wanted) = (session.answered(), session.wanted());
        let result = act(session, &self.pace);
        self.changed.insert(server);
        let (active, served, due) = (session.is_active(), session.is_served(), session.due());
        self.active += usize::from(active && !was_active);
        self.answered += session.answered() - had_answered;
        self.wanted = self.wanted - had_wanted + session.wanted();
        self.active -= usize::from(was_active && !active);
        self.served += usize::from(served && !was_served);
        self.active_served += usize::from(active && served);
        self.active_served -= usize::from(was_active && was_served);
        if let Some(due) = due
            && was_due != Some(due)
        {
            self.timers.push(Reverse((due, server)));
        }
        result
    }
}
