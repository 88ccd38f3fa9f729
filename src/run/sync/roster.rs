//! The names of a run and the servers that they lead to, some from the start and some while others are asked already.

use std::net::SocketAddr;
use std::os::fd::BorrowedFd;
use std::time::Duration;

use super::establish::{Establish, Ready};
use super::servers::{Asked, MAX_PER_NAME, MAX_SERVERS, Servers, most_per_name, plain};
use crate::exchange::{Keyring, Standings, WithNts};
use crate::machine::{Clock, Dialogue, Lookups, NtsState, Resolver, known};
use crate::net::phc::is_clock;
use crate::net::{ResolveError, Resolved, usable};
use crate::outcome::Host;
use crate::plan::{FileProofs, Plan, ProofPlan};
use crate::time::Reading;

/// How long is waited, from the start, for a name once another server has given the time, and for the other family of a name: the
/// C library asks a second time after 5 s, and the answer takes its way.
const BESIDES: Duration = Duration::from_secs(6);

/// The names of a plan, and each of their addresses once, for what asks them in another way than a sync does.
pub(crate) fn expand(plan: &Plan, resolver: &dyn Resolver, clock: &dyn Clock) -> (Vec<Host>, Vec<SocketAddr>) {
    let started = clock.now();
    let found = resolver.resolve(&plan.servers, plan.family, plan.names);
    let plain = Plan { proofs: FileProofs::default(), ..plan.clone() };
    let nothing = Establish::begin(&plain, NtsState::default(), &started);
    let mut roster = Roster::new(&plain, known(found), &started, (None, nothing));
    roster.take_in(&clock.now());
    let (hosts, asked, order, _) = roster.finish();
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
    /// The names whose servers have NTS.
    nts: Establish<'a>,
    /// Servers that answers to look-ups have made known.
    ready: Vec<Ready>,
    changes: usize,
}

impl<'a> Roster<'a> {
    /// Begins to look up every name of the plan; names get their part of the plan's time from `now` on. Servers whose key is not
    /// among `keys` are not asked.
    pub(super) fn begin(
        plan: &'a Plan,
        resolver: &'a dyn Resolver,
        keys: &Keyring,
        nts: NtsState<'a>,
        now: &Reading,
    ) -> Roster<'a> {
        let mut nts = Establish::begin(plan, nts, now);
        let saved = nts.saved();
        let mut names = plan.servers.clone();
        // Whose keys are saved is not looked up: its place is taken by an address.
        for ready in &saved {
            names[ready.place] = ready.address.ip().to_string();
        }
        let lookups = resolver.begin(&names, plan.family, plan.names);
        let mut roster = Roster::new(plan, lookups, now, (Some(keys), nts));
        saved.into_iter().for_each(|ready| roster.join_ready(&ready, now));
        roster.servers.count();
        roster
    }

    /// Without `keys` nothing has to be proved.
    fn new(
        plan: &'a Plan,
        lookups: Box<dyn Lookups + 'a>,
        now: &Reading,
        (keys, nts): (Option<&Keyring>, Establish<'a>),
    ) -> Roster<'a> {
        let numbers = plan.name_numbers();
        let may_ask = |number: &usize| keys.map_or(Ok(()), |keys| provable(plan.proof(*number), keys));
        let provable: Vec<_> = numbers.iter().map(may_ask).collect();
        let host = |(name, provable): (&String, &Result<(), ResolveError>)| Host {
            name: name.clone(),
            addresses: provable.clone().map(|()| Vec::new()),
            known_at: now.real,
            left_out: 0,
            reverse: Vec::new(),
            evidence: None,
            nts: None,
        };
        Roster {
            plan,
            lookups,
            started: now.raw,
            numbers,
            hosts: plan.servers.iter().zip(&provable).map(host).collect(),
            found: vec![Vec::new(); plan.servers.len()],
            open: provable.iter().map(Result::is_ok).collect(),
            servers: Servers::new(keys.is_some() && plan.has_nts()),
            nts,
            ready: Vec::new(),
            changes: 0,
        }
    }

    /// Goes on with key exchanges: begins those whose addresses are known, takes in what has come of others, and has servers go on by
    /// new keys.
    pub(super) fn establish(&mut self, dialogue: &mut dyn Dialogue, now: &Reading) {
        for (server, why) in dialogue.standings().renewals() {
            if let Some(place) = self.asked().get(server).and_then(|asked| asked.nts) {
                self.nts.renew(place, why, &mut *self.lookups, now);
            }
        }
        self.nts.give_up(now);
        let established = dialogue.established();
        let mut ready = self.nts.take_in(established, &mut *self.lookups, now);
        let open = &self.open;
        self.nts.proceed(dialogue, now, |place| open.get(place).is_some_and(|open| *open));
        ready.extend(self.nts.saved());
        ready.extend(std::mem::take(&mut self.ready));
        for ready in ready {
            match self.renewed(&ready) {
                Some((server, with)) => {
                    self.servers.renewed(server, ready.is_own);
                    dialogue.renew(server, with, now.raw);
                }
                None => self.join_ready(&ready, now),
            }
        }
        self.servers.count();
        self.note_failures();
    }

    /// Whether a server wants new keys, and a key exchange would be begun for it.
    pub(super) fn would_renew(&self, standings: &dyn Standings) -> bool {
        let place_of = |server: usize| self.asked().get(server).and_then(|asked| asked.nts);
        let mut places = standings.renewals().into_iter().filter_map(|(server, _)| place_of(server));
        places.any(|place| self.nts.would_renew(place))
    }

    /// The server that goes on by new keys, and the keys.
    fn renewed(&self, ready: &Ready) -> Option<(usize, WithNts)> {
        let is_it = |asked: &Asked| asked.nts == Some(ready.place) && asked.address == ready.address;
        let server = self.asked().iter().position(is_it).filter(|_| ready.is_renewal)?;
        Some((server, self.nts.with(ready.place)?))
    }

    fn join_ready(&mut self, ready: &Ready, now: &Reading) {
        let Ready { place, address, is_own, .. } = *ready;
        if self.nts.with(place).is_none() || place >= self.hosts.len() {
            return;
        }
        self.changes += 1;
        let address = plain(address);
        // A name that is given once more leads to the same server, by the same key exchange.
        let same = (place..self.hosts.len()).filter(|of| self.numbers[*of] == place);
        for of in same {
            let host = &mut self.hosts[of];
            host.known_at = now.real;
            match &mut host.addresses {
                Ok(addresses) => addresses.push(address),
                failed => *failed = Ok(vec![address]),
            }
            self.open[of] &= self.nts.is_pending(place);
            self.found[of].push(address);
        }
        self.servers.join_with_nts(self.plan, self.numbers[place], (address, is_own), (place, self.found[place].len()));
    }

    /// Names whose key exchange came to nothing lead nowhere.
    fn note_failures(&mut self) {
        for (place, host) in self.hosts.iter_mut().enumerate() {
            if let (Some(failure), true) = (self.nts.failure(self.numbers[place]), self.found[place].is_empty())
                && host.addresses.is_ok()
            {
                host.addresses = Err(ResolveError::NoNts(failure.to_string()));
                self.open[place] = false;
                self.changes += 1;
            }
        }
    }

    /// Keys and cookies for a server that has NTS.
    pub(super) fn with_nts(&self, asked: &Asked) -> Option<WithNts> {
        self.nts.with(asked.nts?)
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
        self.open.contains(&true) || (0..self.hosts.len()).any(|place| self.nts.is_pending(place))
    }

    /// How often something has become known of names.
    pub(super) fn changes(&self) -> usize {
        self.changes + self.nts.changes()
    }

    /// Takes in what has become known of names; what is not known when their time is up will not be.
    pub(super) fn take_in(&mut self, now: &Reading) {
        if !self.is_open() {
            return;
        }
        let before = self.changes;
        for answer in self.lookups.take() {
            if answer.place >= self.hosts.len() {
                self.ready.extend(self.nts.learn_more(answer.place, &answer.resolved, answer.is_last));
                continue;
            }
            if !self.open.get(answer.place).is_some_and(|open| *open) {
                continue;
            }
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
        let names = (0..self.open.len()).any(is_awaited).then_some(self.started + time);
        names.max(self.nts.awaited_until())
    }

    /// The numbers of the names that may yet lead to a server, and have led to none.
    pub(super) fn missing(&self) -> Vec<usize> {
        let may_come = |place: &usize| self.open[*place] || self.nts.is_pending(*place);
        let may_vote = |place: &usize| !self.servers.has_nts() || self.proves_something(*place);
        let places = (0..self.open.len()).filter(|place| may_come(place) && self.is_missing(*place) && may_vote(place));
        places.map(|place| self.numbers[place]).collect()
    }

    /// Whether a name's servers have to prove themselves.
    fn proves_something(&self, place: usize) -> bool {
        let has_proof = |number: &usize| !matches!(self.plan.proof(*number), ProofPlan::Nothing);
        is_clock(&self.hosts[place].name) || self.numbers.get(place).is_some_and(has_proof)
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
        // These are for key exchanges, which lead to the server. A name that is given once more has none of its own.
        if self.nts.has(self.numbers[place]) {
            let joined = host.addresses.iter().flatten().count();
            let found: Vec<SocketAddr> = self.found[place].iter().skip(joined).copied().collect();
            self.found[place].truncate(joined);
            self.nts.learn(place, &found);
        }
    }

    /// Lets in as many addresses as one run asks. A name that is still looked up may have as many as a name can have: so those that
    /// come late have the same room as the others.
    fn join(&mut self) {
        let count = |(found, open): (&Vec<SocketAddr>, &bool)| if *open { MAX_PER_NAME } else { found.len() };
        let counts: Vec<usize> = self.found.iter().zip(&self.open).map(count).collect();
        let most = most_per_name(&counts);
        let mut left =
            MAX_SERVERS.saturating_sub(self.hosts.iter().map(|host| host.addresses.iter().flatten().count()).sum());
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
    pub(super) fn finish(mut self) -> (Vec<Host>, Vec<Asked>, Vec<usize>, Establish<'a>) {
        for (place, (host, found)) in self.hosts.iter_mut().zip(&self.found).enumerate() {
            host.nts = self.nts.report(self.numbers[place]);
            host.left_out = found.len() - host.addresses.iter().flatten().count();
        }
        let (asked, order) = self.servers.finish();
        (self.hosts, asked, order, self.nts)
    }
}

/// Whether a server can prove what it has to.
fn provable(proof: ProofPlan, keys: &Keyring) -> Result<(), ResolveError> {
    match proof {
        ProofPlan::Nothing | ProofPlan::Nts(_) => Ok(()),
        ProofPlan::Key(id) => keys.get(id).map(drop).map_err(|why| ResolveError::NoKey(why.to_owned())),
        ProofPlan::Impossible(why) => Err(ResolveError::NoKey(why)),
    }
}

#[cfg(test)]
mod tests;
