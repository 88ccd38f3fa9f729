//! Which addresses of names are asked, and whose vote each of them has. Pure.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::{IpAddr, SocketAddr};

use crate::plan::Plan;

/// The most servers that one run asks.
pub(super) const MAX_SERVERS: usize = 256;
/// The most of them that one name stands for, so that no name server's answer crowds out the other names.
pub(super) const MAX_PER_NAME: usize = 16;

/// A server to ask, and whose vote it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    /// Where it listens.
    pub address: SocketAddr,
    /// The names that lead to it, as numbers: the same name has the same number, however often it is given. Of names that lead to
    /// the very same servers it has only the first.
    pub names: Vec<usize>,
    /// The rank in the reports: the place of its first name, and its own among that name's addresses.
    pub rank: (usize, usize),
}

/// The servers of a run, each once, in the order in which they became known.
#[derive(Debug, Default)]
pub(super) struct Servers {
    asked: Vec<Asked>,
    places: HashMap<SocketAddr, usize>,
    /// The places of the servers that a name leads to, by its number.
    of_names: BTreeMap<usize, Vec<usize>>,
}

impl Servers {
    pub(super) fn asked(&self) -> &[Asked] {
        &self.asked
    }

    /// Adds an address of the name with this number. The votes are as they were until [`Self::count`].
    pub(super) fn join(&mut self, plan: &Plan, number: usize, mut address: SocketAddr, rank: (usize, usize)) {
        address.set_port(plan.ports.get(number).copied().flatten().unwrap_or(plan.port));
        let of_name = self.of_names.entry(number).or_default();
        let place = self.places.get(&address).copied().unwrap_or(self.asked.len());
        if let Some(known) = self.asked.get_mut(place) {
            known.rank = known.rank.min(rank);
        }
        if plan.spared.contains(&address.ip()) || of_name.contains(&place) || of_name.len() >= MAX_PER_NAME {
            return;
        }
        if place == self.asked.len() {
            self.places.insert(address, place);
            self.asked.push(Asked { address, names: Vec::new(), rank });
        }
        of_name.push(place);
    }

    /// Gives each server the names that lead to it: a name that has come may lead to the same servers as one before it.
    pub(super) fn count(&mut self) {
        self.asked.iter_mut().for_each(|server| server.names.clear());
        for (name, places) in distinct(&self.of_names) {
            places.into_iter().for_each(|place| self.asked[place].names.push(name));
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
