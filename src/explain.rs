//! What -d finds out after the exchange: signs of life, servers' views, the names of addresses. All at once.

use std::net::{IpAddr, SocketAddr};
use std::thread;
use std::time::Duration;

use crate::outcome::{Host, Outcome};
use crate::plan::Plan;
use crate::system::{Resolver, Ways, gather_evidence};
use crate::wire::Key;

/// What may be spent on the names of addresses, which only adorn: no more than on signs of life.
const REVERSE: Duration = Duration::from_millis(300);

/// What may be spent on name servers that have not answered before.
const NAME_SERVERS: Duration = Duration::from_millis(500);

/// Adds to an outcome what explains it. `key` is the one that the run used, `own` this machine's addresses and
/// its ways to others.
pub fn explain(
    outcome: &mut Outcome,
    plan: &Plan,
    key: Option<&Key>,
    resolver: &dyn Resolver,
    own: &(Vec<IpAddr>, Ways),
) {
    let addresses: Vec<IpAddr> =
        outcome.hosts.iter().flat_map(|host| host.addresses.iter().flatten()).map(SocketAddr::ip).collect();
    let contacts: Vec<_> = outcome.servers.iter().map(|server| &server.contact).collect();
    let is_unresolved = |host: &&mut Host| host.addresses.is_err();
    let nameless: Vec<String> = outcome.hosts.iter_mut().filter(is_unresolved).map(|host| host.name.clone()).collect();
    let gather = || gather_evidence(&contacts, plan, key, own);
    let mut examined = Vec::new();
    let (names, evidence) = thread::scope(|scope| {
        let evidence = thread::Builder::new().spawn_scoped(scope, gather);
        let names =
            if addresses.is_empty() { Vec::new() } else { resolver.reverse(&addresses, REVERSE.min(plan.names)) };
        if !nameless.is_empty() {
            examined = resolver.examine(&nameless, NAME_SERVERS.min(plan.names));
        }
        // Where no thread can be had, one after the other.
        (names, evidence.map_or_else(|_| gather(), |thread| thread.join().unwrap_or_default()))
    });
    outcome.hosts.iter_mut().filter(is_unresolved).zip(examined).for_each(|(host, found)| host.evidence = Some(found));
    let mut names = names.into_iter();
    for host in &mut outcome.hosts {
        host.reverse = names.by_ref().take(host.addresses.iter().flatten().count()).collect();
    }
    for (server, evidence) in outcome.servers.iter_mut().zip(evidence) {
        server.evidence = evidence;
    }
}
