//! From the names of a plan to the servers that are asked.

use std::collections::HashMap;
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
    plan.servers.iter().zip(found).map(|(name, addresses)| host(name, addresses)).collect()
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
    let mut asked: Vec<Asked> = Vec::new();
    for (host, name) in hosts.iter().zip(plan.name_numbers()) {
        let port = plan.ports.get(name).copied().flatten().unwrap_or(plan.port);
        for address in host.addresses.iter().flatten() {
            let mut address = *address;
            address.set_port(port);
            if plan.spared.contains(&address.ip()) {
                continue;
            }
            let place = *places.entry(address).or_insert(asked.len());
            match asked.get_mut(place) {
                Some(known) if known.names.contains(&name) => {}
                Some(known) => known.names.push(name),
                None => asked.push(Asked { address, names: vec![name] }),
            }
        }
    }
    asked.truncate(MAX_SERVERS);
    asked
}
