//! From the names of a plan to the servers that are asked.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::{IpAddr, SocketAddr};

use crate::net::{Resolved, usable};
use crate::outcome::Host;
use crate::plan::Plan;
use crate::system::Resolver;

/// The most servers that one run asks.
const MAX_SERVERS: usize = 256;
/// The most of them that one name stands for, so that no name server's answer crowds out the other names.
const MAX_PER_NAME: usize = 16;

/// A server to ask, and whose vote it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    /// Where it listens.
    pub address: SocketAddr,
    /// The names that lead to it, as numbers: the same name has the same number, however often it is given.
    pub names: Vec<usize>,
}

/// The names of a plan, and each of their addresses once, for what asks them in another way than a sync does.
pub(crate) fn expand(plan: &Plan, resolver: &dyn Resolver) -> (Vec<Host>, Vec<SocketAddr>) {
    let hosts = find(plan, resolver);
    let addresses = servers(plan, &hosts).into_iter().map(|server| server.address).collect();
    (hosts, addresses)
}

/// Looks up every name of the plan.
pub(super) fn find(plan: &Plan, resolver: &dyn Resolver) -> Vec<Host> {
    let found = resolver.resolve(&plan.servers, plan.family, plan.names);
    let mut hosts: Vec<Host> = plan.servers.iter().zip(found).map(|(name, addresses)| host(name, addresses)).collect();
    limit(&mut hosts);
    hosts
}

/// Leaves as many addresses as one run asks. Every name is cut to the same number, so that names with many addresses do not
/// crowd out those that come after them.
fn limit(hosts: &mut [Host]) {
    let count = |host: &Host| host.addresses.iter().flatten().count();
    let asked = |most: usize| hosts.iter().map(|host| count(host).min(most)).sum::<usize>();
    let most = (1..=MAX_PER_NAME).rev().find(|most| asked(*most) <= MAX_SERVERS).unwrap_or(1);
    let mut left = MAX_SERVERS;
    for host in hosts {
        let Ok(addresses) = &mut host.addresses else { continue };
        let kept = addresses.len().min(most).min(left);
        host.left_out += addresses.len() - kept;
        addresses.truncate(kept);
        left -= kept;
    }
}

/// An IPv4 address in IPv6 clothes is the same server, and has one vote.
fn host(name: &str, addresses: Resolved) -> Host {
    let plain = |address: SocketAddr| match address.ip().to_canonical() {
        IpAddr::V4(v4) => SocketAddr::new(v4.into(), address.port()),
        // The interface of a link-local address stays with it.
        IpAddr::V6(_) => address,
    };
    let mut left_out = 0;
    let addresses = usable(name, addresses).map(|mut addresses| {
        left_out = addresses.len().saturating_sub(MAX_PER_NAME);
        addresses.truncate(MAX_PER_NAME);
        addresses.into_iter().map(plain).collect()
    });
    Host { name: name.to_owned(), addresses, left_out, reverse: Vec::new() }
}

/// Each address once, in the order of the names, with all names that lead to it.
pub(super) fn servers(plan: &Plan, hosts: &[Host]) -> Vec<Asked> {
    let mut places: HashMap<SocketAddr, usize> = HashMap::new();
    let mut of_names: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut asked: Vec<Asked> = Vec::new();
    for (host, name) in hosts.iter().zip(plan.name_numbers()) {
        let port = plan.ports.get(name).copied().flatten().unwrap_or(plan.port);
        let of_name = of_names.entry(name).or_default();
        for address in host.addresses.iter().flatten() {
            let mut address = *address;
            address.set_port(port);
            let place = places.get(&address).copied().unwrap_or(asked.len());
            if plan.spared.contains(&address.ip()) || of_name.contains(&place) || of_name.len() >= MAX_PER_NAME {
                continue;
            }
            if place == asked.len() {
                places.insert(address, place);
                asked.push(Asked { address, names: Vec::new() });
            }
            of_name.push(place);
        }
    }
    for (name, places) in distinct(of_names) {
        places.into_iter().for_each(|place| asked[place].names.push(name));
    }
    asked
}

/// The names that lead to servers; of those that lead to the very same servers, however they are spelled, only the first.
fn distinct(of_names: BTreeMap<usize, Vec<usize>>) -> Vec<(usize, Vec<usize>)> {
    let mut seen = HashSet::new();
    let sorted = of_names.into_iter().map(|(name, mut places)| {
        places.sort_unstable();
        (name, places)
    });
    sorted.filter(|(_, places)| !places.is_empty() && seen.insert(places.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(counts: &[usize]) -> Vec<Host> {
        let host = |count: &usize| Host {
            name: "name".to_owned(),
            addresses: Ok(vec![([192, 0, 2, 1], 0).into(); *count]),
            left_out: 0,
            reverse: Vec::new(),
        };
        counts.iter().map(host).collect()
    }

    fn limited(counts: &[usize]) -> (Vec<usize>, usize) {
        let mut hosts = hosts(counts);
        limit(&mut hosts);
        let kept = hosts.iter().map(|host| host.addresses.as_ref().unwrap().len()).collect();
        (kept, hosts.iter().map(|host| host.left_out).sum())
    }

    #[test]
    fn names_with_many_addresses_crowd_out_nobody() {
        assert_eq!(limited(&[16; 16]), (vec![16; 16], 0));
        let mut counts = vec![16; 16];
        counts.extend([1; 17]);
        let (kept, left_out) = limited(&counts);
        assert_eq!((&kept[..16], &kept[16..], left_out), (&[14; 16][..], &[1; 17][..], 32));
        let (kept, left_out) = limited(&[1; 300]);
        assert_eq!((kept.iter().sum::<usize>(), left_out), (256, 44));
    }
}
