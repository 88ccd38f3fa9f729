//! The names whose servers have NTS: by saved keys, or by a key exchange, from the addresses of a name to the server to ask.

mod closing;
mod ready;
mod state;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::exchange::{Renewal, WithNts};
use crate::machine::{Dialogue, Lookups, NtsState};
use crate::net::{Family, Resolved, no_server, usable};
use crate::nts::boot::{FirstLook, Standing};
use crate::nts::jar::{Peer, Taken};
use crate::nts::{Established, KeyFailure, KeyOrder, NewAssociation};
use crate::outcome::HostNts;
use crate::plan::{NtsPlan, Plan, ProofPlan, TrustPlan};
use crate::time::{Reading, Time};
use crate::wire::nts::MOST_COOKIES;

pub(super) use closing::Closed;
pub(super) use ready::Ready;
use state::{Name, Stage};

/// How long one key exchange may take: two round trips and some computing, on a slow way and a slow machine.
const EXCHANGE: Duration = Duration::from_secs(4);
/// So much later it is not waited for what comes of it.
const LATE: Duration = Duration::from_millis(100);
/// NTP's port, where nobody names another one.
const NTP_PORT: u16 = 123;
/// Addresses of one name that are tried for a key exchange.
const MOST_TRIED: usize = 3;

/// Counts the key exchanges of this process: an answer to one of an earlier try is not taken for another's.
static NUMBER: AtomicUsize = AtomicUsize::new(0);

/// The names of a plan whose servers have NTS.
pub(super) struct Establish<'a> {
    plan: &'a Plan,
    nts: NtsState<'a>,
    /// By the places of the names.
    names: BTreeMap<usize, Name>,
    /// The earliest time that it can be.
    floor: Time,
    /// When all is over, a raw monotonic time.
    deadline: Duration,
    changes: Cell<usize>,
}

impl<'a> Establish<'a> {
    /// Takes saved keys and cookies, where there are any. Nothing is kept then of the cookies that are taken.
    pub(super) fn begin(plan: &'a Plan, nts: NtsState<'a>, now: &Reading) -> Establish<'a> {
        let numbers = plan.name_numbers();
        let of_place = |(place, number): (usize, &usize)| match plan.proof(*number) {
            // A name that is given twice is one server, with one association.
            ProofPlan::Nts(of_plan) if place == *number => {
                let peer = peer(plan, &of_plan);
                Some((place, Name::new(of_plan, peer)))
            }
            _ => None,
        };
        let names: BTreeMap<usize, Name> = numbers.iter().enumerate().filter_map(of_place).collect();
        let floor = plan.release();
        let deadline = now.raw + plan.deadline;
        let mut establish = Establish { plan, nts, names, floor, deadline, changes: Cell::new(0) };
        establish.take_saved(now);
        establish
    }

    /// Takes cookies of all servers at once, so that the file is written once.
    fn take_saved(&mut self, now: &Reading) {
        let Some(store) = self.nts.store.filter(|_| !self.names.is_empty()) else { return };
        let mut taken: Vec<(usize, Option<Taken>, Option<Time>)> = Vec::new();
        let mut floor = None;
        let is_kept = store.change(&mut |jar| {
            floor = jar.floor;
            let of = |(place, name): (&usize, &Name)| {
                (*place, jar.take(&name.peer, now.real), jar.again(&name.peer, now.real))
            };
            taken = self.names.iter().map(of).collect();
        });
        self.floor = self.floor.max(floor.unwrap_or(self.floor));
        for (place, taken, again) in taken {
            let Some(name) = self.names.get_mut(&place) else { continue };
            name.again = again;
            // What could not be taken out of the file would be used twice.
            name.use_saved(taken.filter(|_| is_kept));
        }
    }

    /// Whether a name's servers have NTS.
    pub(super) fn has(&self, place: usize) -> bool {
        self.names.contains_key(&place)
    }

    /// The servers whose saved keys are used and that are not asked yet.
    pub(super) fn saved(&mut self) -> Vec<Ready> {
        self.names.iter_mut().filter_map(|(place, name)| name.saved_ready(*place)).collect()
    }

    /// Takes in addresses that a name's key exchange may be made with.
    pub(super) fn learn(&mut self, place: usize, addresses: &[SocketAddr]) {
        if let Some(name) = self.names.get_mut(&place) {
            name.addresses.extend(addresses.iter().map(SocketAddr::ip));
        }
    }

    /// Takes in an answer to a look-up that was begun here. Gives the server that can be asked now.
    pub(super) fn learn_more(&mut self, lookup: usize, resolved: &Resolved, is_last: bool) -> Option<Ready> {
        self.changes.set(self.changes.get() + 1);
        let resolved = usable("", resolved.clone());
        let family = self.plan.family;
        let found = resolved.iter().flatten().filter(|found| has(family, found.ip()));
        if let Some(name) = self.names.values_mut().find(|name| name.lookup.is_some_and(|(of, _)| of == lookup)) {
            name.addresses.extend(found.map(SocketAddr::ip));
            name.lookup = name.lookup.filter(|_| !is_last);
            return None;
        }
        let looked_up = |name: &Name| matches!(&name.stage, Stage::LookingUp { lookup: place, .. } if *place == lookup);
        let (place, name) = self.names.iter_mut().find(|(_, name)| looked_up(name))?;
        let Stage::LookingUp { port, is_renewal, .. } = name.stage else { return None };
        match found.map(SocketAddr::ip).next() {
            Some(address) => Some(name.ready(*place, SocketAddr::new(address, port), is_renewal)),
            None if is_last => {
                let why = resolved.as_ref().err().map(|error| format!(": {error}")).unwrap_or_default();
                name.fail(KeyFailure::Here(format!("the NTP server that it names has no address{why}")));
                None
            }
            None => None,
        }
    }

    /// Begins key exchanges whose addresses are known. `may_come`: whether a name may get more addresses.
    pub(super) fn proceed(&mut self, dialogue: &mut dyn Dialogue, now: &Reading, may_come: impl Fn(usize) -> bool) {
        let look = FirstLook::new(now.real, self.floor, self.nts.is_kept_right, self.plan.nts.strict);
        for (place, name) in &mut self.names {
            while matches!(name.stage, Stage::Wanting { .. }) {
                if let Some(again) = name.again.filter(|again| *again > now.real) {
                    name.fail(KeyFailure::TooSoon { again });
                    break;
                }
                let Some(address) = name.next_address(MOST_TRIED) else {
                    if !may_come(*place) && name.lookup.is_none() {
                        let no_address = || KeyFailure::Here("its name leads to no address".to_owned());
                        let failure = name.last_failure.take().unwrap_or_else(no_address);
                        name.fail(failure);
                    }
                    break;
                };
                let number = NUMBER.fetch_add(1, Ordering::Relaxed);
                let order = KeyOrder {
                    number,
                    name: name.plan.name.clone(),
                    trust: name.plan.trust,
                    address: SocketAddr::new(address, name.plan.port),
                    at: look.at,
                    floor: look.floor,
                    deadline: (now.raw + EXCHANGE).min(self.deadline.saturating_sub(LATE)),
                };
                let until = order.deadline;
                match dialogue.exchange_keys(order, now.raw) {
                    Ok(()) => name.begun(number, address, until),
                    Err(failure) => name.last_failure = Some(failure),
                }
            }
            if name.take_change() {
                self.changes.set(self.changes.get() + 1);
            }
        }
    }

    /// Takes in what has come of key exchanges. Gives the servers that can be asked now.
    pub(super) fn take_in(
        &mut self,
        established: Vec<Established>,
        lookups: &mut dyn Lookups,
        now: &Reading,
    ) -> Vec<Ready> {
        let mut ready = Vec::new();
        for Established { number, result } in established {
            let is_it = |name: &Name| matches!(name.stage, Stage::Exchanging { number: of, .. } if of == number);
            let Some((place, name)) = self.names.iter_mut().find(|(_, name)| is_it(name)) else { continue };
            self.changes.set(self.changes.get() + 1);
            match result {
                Ok(new) => ready.extend(agreed((*place, name), (number, new), lookups, self.plan.family, now)),
                Err(failure) if failure.may_be_the_way() => name.try_next(failure),
                Err(failure) => name.fail(failure),
            }
        }
        ready
    }

    /// Wants a key exchange with a server whose keys are of no use any more, once in a run. A name that was not looked up, as its saved
    /// keys were used, is looked up now.
    pub(super) fn renew(&mut self, place: usize, why: Renewal, lookups: &mut dyn Lookups, now: &Reading) {
        let Some(name) = self.names.get_mut(&place).filter(|name| name.may_renew()) else { return };
        name.renew(why);
        self.changes.set(self.changes.get() + 1);
        if name.addresses.is_empty() {
            match name.plan.name.parse() {
                Ok(address) => name.addresses.push_back(address),
                Err(_) => name.lookup = lookups.add(&name.plan.name).map(|lookup| (lookup, now.raw + EXCHANGE)),
            }
        }
    }

    /// Whether [`Self::renew`] would begin a key exchange.
    pub(super) fn would_renew(&self, place: usize) -> bool {
        self.names.get(&place).is_some_and(Name::may_renew)
    }

    /// Gives up what has taken too long to look up.
    pub(super) fn give_up(&mut self, now: &Reading) {
        for name in self.names.values_mut() {
            name.lookup = name.lookup.filter(|(_, until)| *until > now.raw);
            if matches!(name.stage, Stage::LookingUp { until, .. } if until <= now.raw) {
                name.fail(KeyFailure::Here("the NTP server that it names is not looked up in time".to_owned()));
            }
        }
    }

    /// Keys and cookies for a server that can be asked.
    pub(super) fn with(&self, place: usize) -> Option<WithNts> {
        let name = self.names.get(&place)?;
        let association = name.association.clone()?;
        let missing = name
            .taken
            .as_ref()
            .filter(|_| association.is_saved)
            .map_or_else(|| MOST_COOKIES.saturating_sub(association.cookies.len()), |taken| taken.missing);
        Some(WithNts { association, missing })
    }

    /// Whether a name's key exchange may yet lead to a server.
    pub(super) fn is_pending(&self, place: usize) -> bool {
        self.names.get(&place).is_some_and(Name::is_pending)
    }

    /// Until when key exchanges are waited for, a raw monotonic time.
    pub(super) fn awaited_until(&self) -> Option<Duration> {
        self.names.values().filter_map(Name::until).max().map(|until| until + LATE)
    }

    /// How often something has become known.
    pub(super) fn changes(&self) -> usize {
        self.changes.get()
    }

    /// Why a name leads to no server.
    pub(super) fn failure(&self, place: usize) -> Option<&KeyFailure> {
        self.names.get(&place)?.failure.as_ref()
    }

    /// How a name's server proved itself.
    pub(super) fn standing(&self, place: usize) -> Option<Standing> {
        self.names.get(&place)?.standing()
    }

    /// The number of the key exchange by which a name's server is asked.
    pub(super) fn number(&self, place: usize) -> Option<usize> {
        self.names.get(&place)?.number
    }

    /// What there is to say of a name.
    pub(super) fn report(&self, place: usize) -> Option<HostNts> {
        self.names.get(&place).map(Name::report)
    }
}

/// What a key exchange has agreed on: the server, where its address is known.
fn agreed(
    (place, name): (usize, &mut Name),
    (number, new): (usize, NewAssociation),
    lookups: &mut dyn Lookups,
    family: Family,
    now: &Reading,
) -> Option<Ready> {
    let Stage::Exchanging { address, is_renewal, .. } = name.stage else { return None };
    let same = |host: &str| host.trim_end_matches('.').eq_ignore_ascii_case(name.plan.name.trim_end_matches('.'));
    let host = new.server.clone().filter(|host| !same(host));
    // Where the server names no port, the user may (chrony.conf's `port`).
    let port = new.port.or(name.plan.time_port).unwrap_or(NTP_PORT);
    name.agree(number, new, now.real);
    let known = match &host {
        None => Some(address),
        Some(host) => host.parse().ok(),
    };
    let refused = known.and_then(|address| match no_server(address) {
        None if !has(family, address) => Some("an address of the family that is not wanted"),
        kind => kind,
    });
    if let (Some(address), Some(kind)) = (known, refused) {
        let why = format!("the NTP server that it names is {address}, {kind}");
        name.fail(KeyFailure::Here(why));
        return None;
    }
    if let Some(address) = known {
        return Some(name.ready(place, SocketAddr::new(address, port), is_renewal));
    }
    match host.and_then(|host| lookups.add(&host)) {
        Some(lookup) => name.stage = Stage::LookingUp { lookup, port, is_renewal, until: now.raw + EXCHANGE },
        None => name.fail(KeyFailure::Here("the NTP server that it names cannot be looked up".to_owned())),
    }
    None
}

/// Whether an address is of a family that is wanted.
fn has(family: Family, address: IpAddr) -> bool {
    match (family, address.to_canonical()) {
        (Family::Any, _) | (Family::V4, IpAddr::V4(_)) | (Family::V6, IpAddr::V6(_)) => true,
        (Family::V4, IpAddr::V6(_)) | (Family::V6, IpAddr::V4(_)) => false,
    }
}

/// What a server is kept by.
fn peer(plan: &Plan, of: &NtsPlan) -> Peer {
    let trust = plan.nts.trusts.get(of.trust).map(TrustPlan::identity).unwrap_or_default();
    Peer { name: of.name.trim_end_matches('.').to_lowercase(), port: of.port, trust }
}
