//! The names of a run and the servers that they lead to, some from the start and some while others are asked already.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::BorrowedFd;
use std::time::Duration;

use crate::net::{ResolveError, Resolved};
use crate::outcome::Host;
use crate::plan::Plan;
use crate::system::{Lookups, Resolver};
use crate::time::Reading;

/// The most servers that one run asks.
const MAX_SERVERS: usize = 256;
/// The most of them that one name stands for, so that no name server's answer crowds out the other names.
const MAX_PER_NAME: usize = 16;
/// How long is waited, from the start, for a name once another server has given the time, and for the other family of a name: the C library asks a second time after
/// 5 s, and the answer takes its way.
const BESIDES: Duration = Duration::from_secs(6);

/// A server to ask, and whose vote it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    /// Where it listens.
    pub address: SocketAddr,
    /// The names that lead to it, as numbers: the same name has the same number, however often it is given.
    pub names: Vec<usize>,
    /// Its rank in the reports: the place of its first name, and its own among that name's addresses.
    rank: (usize, usize),
}

/// All names, and what is known of them.
pub(super) struct Roster<'a> {
    plan: &'a Plan,
    lookups: Box<dyn Lookups + 'a>,
    started: Duration,
    numbers: Vec<usize>,
    hosts: Vec<Host>,
    /// Whether more may come, by name.
    open: Vec<bool>,
    asked: Vec<Asked>,
    places: HashMap<SocketAddr, usize>,
}

impl<'a> Roster<'a> {
    /// Begins to look up every name of the plan; names get their part of the plan's time from `now` on.
    pub(super) fn begin(plan: &'a Plan, resolver: &'a dyn Resolver, now: &Reading) -> Roster<'a> {
        let host = |name: &String| Host {
            name: name.clone(),
            addresses: Ok(Vec::new()),
            known_at: now.real,
            left_out: 0,
            reverse: Vec::new(),
            evidence: None,
        };
        Roster {
            plan,
            lookups: resolver.begin(&plan.servers, plan.family, plan.names),
            started: now.raw,
            numbers: plan.name_numbers(),
            hosts: plan.servers.iter().map(host).collect(),
            open: vec![true; plan.servers.len()],
            asked: Vec::new(),
            places: HashMap::new(),
        }
    }

    /// The servers that are known so far, in the order in which they became known.
    pub(super) fn asked(&self) -> &[Asked] {
        &self.asked
    }

    /// What can be read from when there is more to take in.
    pub(super) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.lookups.descriptor()
    }

    /// Whether more may become known.
    pub(super) fn is_open(&self) -> bool {
        self.open.contains(&true)
    }

    /// Takes in what has become known of names; what is not known when their time is up will not be.
    pub(super) fn take_in(&mut self, now: &Reading) {
        if !self.is_open() {
            return;
        }
        for answer in self.lookups.take() {
            self.learn(answer.place, answer.resolved, now);
            if let Some(open) = self.open.get_mut(answer.place) {
                *open &= !answer.is_last;
            }
        }
        if now.raw >= self.started + self.plan.names {
            self.give_up(now, ResolveError::TimedOut);
        }
    }

    /// Waits for no name any more.
    pub(super) fn give_up(&mut self, now: &Reading, error: impl Fn(Duration) -> ResolveError) {
        let waited = now.raw.saturating_sub(self.started);
        for place in 0..self.open.len() {
            if std::mem::take(&mut self.open[place]) && self.is_missing(place) {
                self.learn(place, Err(error(waited)), now);
            }
        }
    }

    /// Until when to wait for names, a raw monotonic time, if there is any to wait for. The other family of a name that has led to
    /// a server is worth waiting for only where nobody has given the time.
    pub(super) fn awaited_until(&self, is_served: bool) -> Option<Duration> {
        let is_awaited = |place: usize| self.open[place] && (!is_served || self.is_missing(place));
        let is_any_missing = (0..self.open.len()).any(|place| self.open[place] && self.is_missing(place));
        let time = if is_any_missing && !is_served { self.plan.names } else { self.plan.names.min(BESIDES) };
        (0..self.open.len()).any(is_awaited).then_some(self.started + time)
    }

    /// The numbers of the names that may yet lead to a server, and have led to none.
    pub(super) fn missing(&self) -> Vec<usize> {
        let places = (0..self.open.len()).filter(|place| self.open[*place] && self.is_missing(*place));
        places.map(|place| self.numbers[place]).collect()
    }

    fn is_missing(&self, place: usize) -> bool {
        self.hosts[place].addresses.as_ref().is_ok_and(Vec::is_empty)
    }

    fn learn(&mut self, place: usize, resolved: Resolved, now: &Reading) {
        let Some(host) = self.hosts.get_mut(place) else { return };
        host.known_at = now.real;
        match resolved {
            Err(error) if host.addresses.as_ref().is_ok_and(Vec::is_empty) => host.addresses = Err(error),
            Err(_) => {}
            Ok(addresses) => addresses.into_iter().for_each(|address| self.join(place, plain(address))),
        }
    }

    /// One more address of a name.
    fn join(&mut self, place: usize, mut address: SocketAddr) {
        let host = &mut self.hosts[place];
        let Ok(known) = &mut host.addresses else { return };
        if known.len() >= MAX_PER_NAME {
            host.left_out += 1;
            return;
        }
        known.push(address);
        let (rank, number) = ((place, known.len()), self.numbers[place]);
        address.set_port(self.plan.ports.get(place).copied().flatten().unwrap_or(self.plan.port));
        if self.plan.spared.contains(&address.ip()) {
            return;
        }
        let count = self.asked.len();
        match self.places.get(&address).and_then(|known| self.asked.get_mut(*known)) {
            Some(known) => {
                known.rank = known.rank.min(rank);
                if !known.names.contains(&number) {
                    known.names.push(number);
                }
            }
            None if count < MAX_SERVERS => {
                self.places.insert(address, count);
                self.asked.push(Asked { address, names: vec![number], rank });
            }
            None => {}
        }
    }

    /// The names, the servers, and the places of the servers in the order of their names.
    pub(super) fn finish(self) -> (Vec<Host>, Vec<Asked>, Vec<usize>) {
        let mut order: Vec<usize> = (0..self.asked.len()).collect();
        order.sort_by_key(|place| self.asked[*place].rank);
        (self.hosts, self.asked, order)
    }
}

/// An IPv4 address in IPv6 clothes is the same server, and has one vote.
fn plain(address: SocketAddr) -> SocketAddr {
    match address.ip().to_canonical() {
        IpAddr::V4(v4) => SocketAddr::new(v4.into(), address.port()),
        // The interface of a link-local address stays with it.
        IpAddr::V6(_) => address,
    }
}
