//! The names of a run and the servers that they lead to, some from the start and some while others are asked already.

use std::net::SocketAddr;
use std::os::fd::BorrowedFd;
use std::time::Duration;

use super::servers::{Asked, MAX_PER_NAME, MAX_SERVERS, Servers, most_per_name, plain};
use crate::net::{ResolveError, Resolved, usable};
use crate::outcome::Host;
use crate::plan::Plan;
use crate::system::{Clock, Lookups, Resolver, known};
use crate::time::Reading;

/// How long is waited, from the start, for a name once another server has given the time, and for the other family of a name: the
/// C library asks a second time after 5 s, and the answer takes its way.
const BESIDES: Duration = Duration::from_secs(6);

/// The names of a plan, and each of their addresses once, for what asks them in another way than a sync does.
pub(crate) fn expand(plan: &Plan, resolver: &dyn Resolver, clock: &dyn Clock) -> (Vec<Host>, Vec<SocketAddr>) {
    let started = clock.now();
    let found = resolver.resolve(&plan.servers, plan.family, plan.names);
    let mut roster = Roster::new(plan, known(found), &started);
    roster.take_in(&clock.now());
    let (hosts, asked, order) = roster.finish();
    (hosts, order.into_iter().map(|place| asked[place].address).collect())
}

/// All names, and what is known of them.
pub(super) struct Roster<'a> {
    plan: &'a Plan,
    lookups: Box<dyn Lookups + 'a>,
    started: Duration,
    numbers: Vec<usize>,
    hosts: Vec<Host>,
    /// All addresses that were found, by name; those that are asked are in its host.
    found: Vec<Vec<SocketAddr>>,
    /// Whether more may come, by name.
    open: Vec<bool>,
    servers: Servers,
    changes: usize,
}

impl<'a> Roster<'a> {
    /// Begins to look up every name of the plan; names get their part of the plan's time from `now` on.
    pub(super) fn begin(plan: &'a Plan, resolver: &'a dyn Resolver, now: &Reading) -> Roster<'a> {
        Roster::new(plan, resolver.begin(&plan.servers, plan.family, plan.names), now)
    }

    fn new(plan: &'a Plan, lookups: Box<dyn Lookups + 'a>, now: &Reading) -> Roster<'a> {
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
            lookups,
            started: now.raw,
            numbers: plan.name_numbers(),
            hosts: plan.servers.iter().map(host).collect(),
            found: vec![Vec::new(); plan.servers.len()],
            open: vec![true; plan.servers.len()],
            servers: Servers::default(),
            changes: 0,
        }
    }

    /// The servers that are known so far, in the order in which they became known.
    pub(super) fn asked(&self) -> &[Asked] {
        self.servers.asked()
    }

    /// What can be read from when there is more to take in.
    pub(super) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.lookups.descriptor()
    }

    /// Whether more may become known.
    pub(super) fn is_open(&self) -> bool {
        self.open.contains(&true)
    }

    /// How often something has become known of names.
    pub(super) fn changes(&self) -> usize {
        self.changes
    }

    /// Takes in what has become known of names; what is not known when their time is up will not be.
    pub(super) fn take_in(&mut self, now: &Reading) {
        if !self.is_open() {
            return;
        }
        let before = self.changes;
        for answer in self.lookups.take() {
            self.learn(answer.place, answer.resolved, now);
            if let Some(open) = self.open.get_mut(answer.place) {
                *open &= !answer.is_last;
            }
        }
        if now.raw >= self.started + self.plan.names {
            self.give_up(now, ResolveError::TimedOut);
        }
        if self.changes != before {
            self.join();
        }
    }

    /// Waits for no name any more.
    pub(super) fn give_up(&mut self, now: &Reading, error: impl Fn(Duration) -> ResolveError) {
        let waited = now.raw.saturating_sub(self.started);
        for place in 0..self.open.len() {
            if !std::mem::take(&mut self.open[place]) {
                continue;
            }
            self.changes += 1;
            if self.found[place].is_empty() {
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

    /// Whether a name has led to no server so far.
    fn is_missing(&self, place: usize) -> bool {
        self.found[place].is_empty()
    }

    fn learn(&mut self, place: usize, resolved: Resolved, now: &Reading) {
        let Some(host) = self.hosts.get_mut(place) else { return };
        self.changes += 1;
        host.known_at = now.real;
        match usable(&host.name, resolved) {
            Err(error) if host.addresses.as_ref().is_ok_and(Vec::is_empty) => host.addresses = Err(error),
            // The other family has better ones.
            Ok(found) if host.addresses.is_err() && !found.is_empty() => {
                host.addresses = Ok(Vec::new());
                self.found[place].extend(found);
            }
            Ok(found) => self.found[place].extend(found),
            Err(_) => {}
        }
    }

    /// Lets in as many addresses as one run asks. A name that is still looked up may have as many as a name can have: so those that
    /// come late have the same room as the others.
    fn join(&mut self) {
        let count = |(found, open): (&Vec<SocketAddr>, &bool)| if *open { MAX_PER_NAME } else { found.len() };
        let counts: Vec<usize> = self.found.iter().zip(&self.open).map(count).collect();
        let most = most_per_name(&counts);
        let mut left =
            MAX_SERVERS - self.hosts.iter().map(|host| host.addresses.iter().flatten().count()).sum::<usize>();
        for (place, host) in self.hosts.iter_mut().enumerate() {
            let Ok(joined) = &mut host.addresses else { continue };
            let room = most.saturating_sub(joined.len()).min(left);
            for address in self.found[place].iter().skip(joined.len()).take(room).copied().map(plain) {
                joined.push(address);
                self.servers.join(self.plan, self.numbers[place], address, (place, joined.len()));
                left -= 1;
            }
        }
        self.servers.count();
    }

    /// The names, the servers, and the places of the servers in the order of their names.
    pub(super) fn finish(mut self) -> (Vec<Host>, Vec<Asked>, Vec<usize>) {
        for (host, found) in self.hosts.iter_mut().zip(&self.found) {
            host.left_out = found.len() - host.addresses.iter().flatten().count();
        }
        let (asked, order) = self.servers.finish();
        (self.hosts, asked, order)
    }
}

#[cfg(test)]
mod tests;
