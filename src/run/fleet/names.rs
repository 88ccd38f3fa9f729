//! From the targets' names to addresses.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};

use crate::fleet;
use crate::fleet::{Target, Who};
use crate::machine::Resolver;
use crate::net::{Resolved, usable};
use crate::plan::{FleetPlan, Plan};

/// What names may take, all in all.
pub(super) const BUDGET: Duration = Duration::from_secs(60);
/// What one group of them may take: the C library gives a name server up after 10 s.
const GROUP: Duration = Duration::from_secs(12);
/// Names that are looked up at the same time: each is a thread of the process that does it.
const AT_ONCE: usize = 64;

/// Where the targets are.
#[derive(Debug)]
pub(super) struct Addresses {
    /// The address to ask for each target, or why there is none.
    pub(super) of_targets: Vec<Result<SocketAddr, String>>,
    /// The reference's.
    pub(super) reference: Option<SocketAddr>,
}

impl Addresses {
    /// Gives the addresses that there are, in the order of the targets.
    pub(super) fn addresses(&self) -> Vec<SocketAddr> {
        self.of_targets.iter().filter_map(|address| address.as_ref().ok()).copied().collect()
    }

    /// The targets that have an address, in the same order.
    pub(super) fn targets(&self) -> Vec<usize> {
        (0..self.of_targets.len()).filter(|target| self.of_targets[*target].is_ok()).collect()
    }
}

/// All words that have to be looked up.
pub(super) fn of(targets: &[Target], reference: Option<&str>) -> Vec<String> {
    let names = targets.iter().filter_map(|target| match &target.who {
        Who::Name(name, _) => Some(name.to_string()),
        Who::Address(_) => None,
    });
    let reference = reference.and_then(|word| fleet::parse(word, 1).ok()).and_then(|found| match &found.first()?.who {
        Who::Name(name, _) => Some(name.to_string()),
        Who::Address(_) => None,
    });
    let mut names: Vec<String> = names.chain(reference).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Looks them up, some at a time. A name stands for one clock, which is asked at the first of its addresses.
pub(super) fn resolve(
    plan: &Plan,
    targets: &[Target],
    fleet: &FleetPlan,
    resolver: &dyn Resolver,
) -> Result<Addresses> {
    let end = Instant::now() + BUDGET;
    let mut known: HashMap<String, Result<SocketAddr, String>> = HashMap::new();
    for group in plan.servers.chunks(AT_ONCE) {
        let left = end.saturating_duration_since(Instant::now()).min(GROUP);
        let found: Vec<Resolved> = if left.is_zero() { Vec::new() } else { resolver.resolve(group, plan.family, left) };
        let mut found = found.into_iter();
        for name in group {
            let first = found.next().map(|resolved| usable(name, resolved));
            let address = match first {
                None => Err(format!("not looked up: names before it took {} s", BUDGET.as_secs())),
                Some(Err(error)) => Err(error.to_string()),
                Some(Ok(addresses)) => addresses.first().copied().ok_or_else(|| "it leads to none".to_owned()),
            };
            known.insert(name.clone(), address);
        }
    }
    let address = |who: &Who| match who {
        Who::Address(address) if is_wanted(plan, address.ip()) => Ok(*address),
        Who::Address(_) => Err("it is of the family that -4 or -6, or --source-address, leaves out".to_owned()),
        Who::Name(name, port) => {
            let found = known.get(&**name).cloned().unwrap_or_else(|| Err("it was not looked up".to_owned()));
            found.map(|mut address| {
                address.set_port(*port);
                address
            })
        }
    };
    let reference = fleet.reference.as_deref().map(|word| {
        let parsed = fleet::parse(word, fleet.port).map_err(|error| error.to_string());
        parsed.and_then(|found| found.first().map_or(Err(String::new()), |target| address(&target.who)))
    });
    let no_reference = |why: String| anyhow!("the reference has no address: {why}");
    Ok(Addresses {
        of_targets: targets.iter().map(|target| address(&target.who)).collect(),
        reference: reference.transpose().map_err(no_reference)?,
    })
}

fn is_wanted(plan: &Plan, address: IpAddr) -> bool {
    match plan.family {
        crate::net::Family::Any => true,
        crate::net::Family::V4 => address.is_ipv4(),
        crate::net::Family::V6 => address.is_ipv6(),
    }
}
