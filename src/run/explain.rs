//! What -d finds out after the exchange: signs of life, servers' views, the names of addresses. All at once.

use std::net::{IpAddr, SocketAddr};
use std::thread;
use std::time::Duration;

use crate::evidence::KeyUse;
use crate::exchange::Keyring;
use crate::linux::net::{Requests, Ways, answer_plainly, gather_evidence};
use crate::machine::Resolver;
use crate::net::phc;
use crate::nts::KeyFailure;
use crate::outcome::{Host, Outcome, Server};
use crate::plan::Plan;

/// What may be spent on the names of addresses, which only adorn: no more than on signs of life.
const REVERSE: Duration = Duration::from_millis(300);

/// What may be spent on name servers that have not answered before.
const NAME_SERVERS: Duration = Duration::from_millis(500);

/// Hosts that are asked without NTS.
const MOST_LOOKED_AT: usize = 16;

/// Adds to an outcome what explains it. `keys` are those that the run used, `own` this machine's addresses and
/// its ways to others.
pub(crate) fn explain(
    outcome: &mut Outcome,
    plan: &Plan,
    keys: &Keyring,
    resolver: &dyn Resolver,
    own: &(Vec<IpAddr>, Ways),
) {
    let addresses: Vec<IpAddr> =
        outcome.hosts.iter().flat_map(|host| host.addresses.iter().flatten()).map(SocketAddr::ip).collect();
    // No packet finds out about a clock of this machine.
    let is_asked = |server: &Server| phc::number_of(server.contact.address.ip()).is_none();
    let contacts: Vec<_> =
        outcome.servers.iter().filter(|server| is_asked(server)).map(|server| &server.contact).collect();
    let is_unresolved =
        |host: &&mut Host| host.addresses.is_err() && !phc::is_clock(&host.name) && host.key_failure().is_none();
    let nameless: Vec<String> = outcome.hosts.iter_mut().filter(is_unresolved).map(|host| host.name.clone()).collect();
    let version = plan.pace.version;
    let key_use = plan.key_file().map(|file| KeyUse { file: file.to_owned(), version });
    let requests = Requests {
        version,
        source_address: plan.source_address,
        source_port: plan.source_port,
        keys,
        key_use: key_use.as_ref(),
    };
    let gather = || gather_evidence(&contacts, &requests, own);
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
    look_for_plain_answers(outcome, plan, resolver);
    let mut names = names.into_iter();
    for host in &mut outcome.hosts {
        host.reverse = names.by_ref().take(host.addresses.iter().flatten().count()).collect();
    }
    for (server, evidence) in outcome.servers.iter_mut().filter(|server| is_asked(server)).zip(evidence) {
        server.evidence = evidence;
    }
}

/// Whether the hosts answer without NTS whose key exchanges came to nothing on the way: that tells a firewall from a host that is down.
fn look_for_plain_answers(outcome: &mut Outcome, plan: &Plan, resolver: &dyn Resolver) {
    let is_of_the_way = |host: &Host| {
        let way = |failure: &KeyFailure| failure.may_be_the_way() || matches!(failure, KeyFailure::Closed(_));
        host.key_failure().is_some_and(way)
    };
    let mut hosts: Vec<&mut Host> =
        outcome.hosts.iter_mut().filter(|host| is_of_the_way(host)).take(MOST_LOOKED_AT).collect();
    if hosts.is_empty() {
        return;
    }
    let names: Vec<String> = hosts.iter().map(|host| host.name.clone()).collect();
    let found = resolver.resolve(&names, plan.family, NAME_SERVERS.min(plan.names));
    let groups: Vec<Vec<IpAddr>> =
        found.into_iter().map(|found| found.into_iter().flatten().map(|address| address.ip()).collect()).collect();
    let answers = answer_plainly(&groups, plan.pace.version);
    for (host, answers) in hosts.iter_mut().zip(answers) {
        if let Some(nts) = &mut host.nts {
            nts.answers_plainly = Some(answers);
        }
    }
}
