//! Which addresses of names are asked, and whose vote each of them has. Pure.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::{IpAddr, SocketAddr};

use crate::net::phc::number_of;
pub(super) use crate::plan::MAX_SERVERS;
use crate::plan::{Plan, ProofPlan};
use crate::wire::KeyId;

/// The most of them that one name stands for, so that no name server's answer crowds out the other names.
pub(super) const MAX_PER_NAME: usize = 16;

/// A server to ask, and whose vote it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    /// Where it listens.
    pub address: SocketAddr,
    /// The key that it has to prove to know.
    pub key: Option<KeyId>,
    /// The place of the name by whose key exchange it has to prove itself.
    pub nts: Option<usize>,
    /// Whether its key exchange was made with its own address, and not with a host that only names it.
    pub is_own: bool,
    /// The names that lead to it, as numbers: the same name has the same number, however often it is given. Of names that lead to
    /// the very same servers it has only the first.
    pub names: Vec<usize>,
    /// The rank in the reports: the place of its first name, and its own among that name's addresses.
    pub rank: (usize, usize),
}

/// An address, and what it has to prove.
type Way = (SocketAddr, Option<KeyId>, Option<usize>);

impl Asked {
    /// Whether the server has to prove itself.
    fn proves_something(&self) -> bool {
        // A clock of this machine is on no way that anybody could be on.
        self.key.is_some() || self.nts.is_some() || number_of(self.address.ip()).is_some()
    }

    /// How good its claim is to speak for its address: the first of those with the best claim does. Anybody can name somebody
    /// else's address in a key exchange, and is not to take that one's vote by it.
    fn claim(&self) -> (bool, bool) {
        (self.proves_something(), self.nts.is_none() || self.is_own)
    }
}

/// The servers of a run, each once, in the order in which they became known.
#[derive(Debug, Default)]
pub(super) struct Servers {
    asked: Vec<Asked>,
    /// An address is asked once for each key that its names demand, and once without where a name demands none.
    places: HashMap<Way, usize>,
    /// The places of the servers that a name leads to, by its number.
    of_names: BTreeMap<usize, Vec<usize>>,
    /// Some servers have NTS: others that prove nothing have no vote beside them.
    has_nts: bool,
}

impl Servers {
    /// No server yet, in a run of which some servers have NTS or none has.
    pub(super) fn new(has_nts: bool) -> Servers {
        Servers { has_nts, ..Servers::default() }
    }

    pub(super) fn has_nts(&self) -> bool {
        self.has_nts
    }

    pub(super) fn asked(&self) -> &[Asked] {
        &self.asked
    }

    /// Adds an address of the name with this number. The votes are as they were until [`Self::count`].
    pub(super) fn join(&mut self, plan: &Plan, number: usize, mut address: SocketAddr, rank: (usize, usize)) {
        address.set_port(plan.ports.get(number).copied().flatten().unwrap_or(plan.port));
        let key = match plan.proof(number) {
            ProofPlan::Key(id) => Some(id),
            ProofPlan::Nothing | ProofPlan::Impossible(_) => None,
            // Only a key exchange leads to such a server: it is never asked without.
            ProofPlan::Nts(_) => return,
        };
        self.add(plan, number, (address, key, None), rank, false);
    }

    /// Adds the server that a key exchange with the name of this number has led to; `is_own`: the exchange was made with its address.
    pub(super) fn join_with_nts(
        &mut self,
        plan: &Plan,
        number: usize,
        (address, is_own): (SocketAddr, bool),
        rank: (usize, usize),
    ) {
        self.add(plan, number, (address, None, Some(rank.0)), rank, is_own);
    }

    /// Notes that a server goes on by new keys; `is_own`: the exchange was made with its address.
    pub(super) fn renewed(&mut self, server: usize, is_own: bool) {
        if let Some(server) = self.asked.get_mut(server) {
            server.is_own |= is_own;
        }
    }

    fn add(&mut self, plan: &Plan, number: usize, way: Way, rank: (usize, usize), is_own: bool) {
        let (address, key, nts) = way;
        let of_name = self.of_names.entry(number).or_default();
        let place = self.places.get(&way).copied().unwrap_or(self.asked.len());
        if let Some(known) = self.asked.get_mut(place) {
            known.rank = known.rank.min(rank);
        }
        if plan.spared.contains(&address.ip()) || of_name.contains(&place) || of_name.len() >= MAX_PER_NAME {
            return;
        }
        if place == self.asked.len() {
            self.places.insert(way, place);
            self.asked.push(Asked { address, key, nts, is_own, names: Vec::new(), rank });
        }
        of_name.push(place);
    }

    /// Gives each server the names that lead to it: a name that has come may lead to the same servers as one before it. An address
    /// that is asked with a key and without, or with two, has its votes only for what it proves by the first key, or by the
    /// first NTS that was agreed on with itself: whoever can answer in its place without one is not to speak for it.
    pub(super) fn count(&mut self) {
        self.asked.iter_mut().for_each(|server| server.names.clear());
        let mut speakers: HashMap<SocketAddr, usize> = HashMap::new();
        for (place, server) in self.asked.iter().enumerate() {
            let speaker = speakers.entry(server.address).or_insert(place);
            if server.claim() > self.asked[*speaker].claim() {
                *speaker = place;
            }
        }
        let spoken_for = |place: &usize| speakers[&self.asked[*place].address];
        let of_names = self.of_names.iter().map(|(name, places)| (*name, places.iter().map(spoken_for).collect()));
        for (name, places) in distinct(&of_names.collect()) {
            places.into_iter().for_each(|place| self.asked[place].names.push(name));
        }
        if self.has_nts {
            let unproved = self.asked.iter_mut().filter(|server| !server.proves_something());
            unproved.for_each(|server| server.names.clear());
        }
    }

    /// The servers, and their places in the order of their names.
    pub(super) fn finish(self) -> (Vec<Asked>, Vec<usize>) {
        let mut order: Vec<usize> = (0..self.asked.len()).collect();
        order.sort_by_key(|place| self.asked[*place].rank);
        (self.asked, order)
    }
}

/// How many addresses of each name are asked, where they have so many. Every name is cut to the same number, so that names with
/// many addresses do not crowd out those that come after them.
pub(super) fn most_per_name(counts: &[usize]) -> usize {
    let asked = |most: usize| counts.iter().map(|count| (*count).min(most)).sum::<usize>();
    (1..=MAX_PER_NAME).rev().find(|most| asked(*most) <= MAX_SERVERS).unwrap_or(1)
}

/// The names that lead to servers; of those that lead to the very same servers, however they are spelled, only the first.
fn distinct(of_names: &BTreeMap<usize, Vec<usize>>) -> Vec<(usize, Vec<usize>)> {
    let mut seen = HashSet::new();
    let sorted = of_names.iter().map(|(name, places)| {
        let mut places = places.clone();
        places.sort_unstable();
        (*name, places)
    });
    sorted.filter(|(_, places)| !places.is_empty() && seen.insert(places.clone())).collect()
}

/// An IPv4 address in IPv6 clothes is the same server, and has one vote.
pub(super) fn plain(address: SocketAddr) -> SocketAddr {
    match address.ip().to_canonical() {
        IpAddr::V4(v4) => SocketAddr::new(v4.into(), address.port()),
        // The interface of a link-local address stays with it.
        IpAddr::V6(_) => address,
    }
}
