//! One name whose server has NTS.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::super::servers::plain;
use super::ready::Ready;
use crate::exchange::Renewal;
use crate::nts::boot::Standing;
use crate::nts::jar::{Kept, Peer, Taken};
use crate::nts::{KeyFailure, NewAssociation};
use crate::outcome::{HostNts, KeySource};
use crate::plan::NtsPlan;
use crate::time::Time;
use crate::wire::nts::Association;

/// How far a name is.
#[derive(Debug)]
pub(super) enum Stage {
    /// A key exchange is wanted, when an address is known.
    Wanting {
        /// The server is asked already.
        is_renewal: bool,
    },
    /// A key exchange takes place.
    Exchanging {
        number: usize,
        /// Where.
        address: IpAddr,
        until: Duration,
        is_renewal: bool,
    },
    /// The NTP server's address is looked up.
    LookingUp {
        /// The place of the look-up.
        lookup: usize,
        port: u16,
        until: Duration,
        is_renewal: bool,
    },
    /// The server is asked, or cannot be.
    Over,
}

#[derive(Debug)]
pub(super) struct Name {
    pub(super) plan: NtsPlan,
    pub(super) peer: Peer,
    pub(super) stage: Stage,
    /// Addresses that were not tried yet, and how many were.
    pub(super) addresses: VecDeque<IpAddr>,
    tried: usize,
    /// The place of the look-up of the name itself, if one was begun for a renewal, and until when it is waited for.
    pub(super) lookup: Option<(usize, Duration)>,
    /// Whether the server is asked.
    is_joined: bool,
    /// Before this time no key exchange is tried.
    pub(super) again: Option<Time>,
    /// What was saved; of it these cookies are not in the file any more.
    pub(super) taken: Option<Taken>,
    /// What the server is asked by.
    pub(super) association: Option<Association>,
    /// What the newest key exchange led to, and where and when.
    pub(super) made: Option<Kept>,
    pub(super) number: Option<usize>,
    provisional: Option<Time>,
    renewal: Option<Renewal>,
    pub(super) last_failure: Option<KeyFailure>,
    /// Why the newest key exchange came to nothing.
    pub(super) failure: Option<KeyFailure>,
    has_changed: bool,
    /// The address with which the newest key exchange was made.
    exchanged_with: Option<IpAddr>,
}

impl Name {
    pub(super) fn new(plan: NtsPlan, peer: Peer) -> Name {
        Name {
            plan,
            peer,
            stage: Stage::Wanting { is_renewal: false },
            addresses: VecDeque::new(),
            tried: 0,
            lookup: None,
            is_joined: false,
            again: None,
            taken: None,
            association: None,
            made: None,
            number: None,
            provisional: None,
            renewal: None,
            last_failure: None,
            failure: None,
            has_changed: false,
            exchanged_with: None,
        }
    }

    /// Goes by saved keys; where they are old a key exchange is made all the same, and they are used if it fails.
    pub(super) fn use_saved(&mut self, taken: Option<Taken>) {
        let Some(taken) = taken else { return };
        if !taken.is_old {
            self.association = Some(taken.kept.association.clone());
            self.stage = Stage::Over;
        }
        self.taken = Some(taken);
    }

    /// The server whose saved keys are used, if it is not asked yet.
    pub(super) fn saved_ready(&mut self, place: usize) -> Option<Ready> {
        let is_saved = self.association.as_ref().is_some_and(|association| association.is_saved);
        let may = is_saved && !self.is_joined && matches!(self.stage, Stage::Over);
        let address = self.taken.as_ref().filter(|_| may)?.kept.server;
        Some(self.ready(place, address, false))
    }

    pub(super) fn next_address(&mut self, most: usize) -> Option<IpAddr> {
        if self.tried >= most {
            return None;
        }
        let address = self.addresses.pop_front()?;
        self.tried += 1;
        Some(address)
    }

    pub(super) fn begun(&mut self, number: usize, address: IpAddr, until: Duration) {
        self.exchanged_with = Some(address);
        self.stage = Stage::Exchanging { number, address, until, is_renewal: self.is_renewal() };
    }

    fn is_renewal(&self) -> bool {
        match self.stage {
            Stage::Wanting { is_renewal }
            | Stage::Exchanging { is_renewal, .. }
            | Stage::LookingUp { is_renewal, .. } => is_renewal,
            Stage::Over => self.association.is_some(),
        }
    }

    /// Goes on to the next address, which may do better.
    pub(super) fn try_next(&mut self, failure: KeyFailure) {
        self.stage = Stage::Wanting { is_renewal: self.is_renewal() };
        self.last_failure = Some(failure);
    }

    /// The key exchange has come to nothing. Keys that are merely old do, then.
    pub(super) fn fail(&mut self, failure: KeyFailure) {
        self.failure = Some(failure);
        self.stage = Stage::Over;
        self.has_changed = true;
        if self.association.is_none() {
            self.association = self.taken.as_ref().map(|taken| taken.kept.association.clone());
        }
    }

    pub(super) fn take_change(&mut self) -> bool {
        std::mem::take(&mut self.has_changed)
    }

    pub(super) fn agree(&mut self, number: usize, new: NewAssociation, now: Time) {
        (self.number, self.provisional) = (Some(number), new.provisional);
        let nowhere = SocketAddr::new(IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED), 0);
        self.association = Some(new.association.clone());
        self.made = Some(Kept { association: new.association, server: nowhere, is_own: false, made: now });
    }

    pub(super) fn ready(&mut self, place: usize, address: SocketAddr, is_renewal: bool) -> Ready {
        self.stage = Stage::Over;
        self.is_joined = true;
        let address = plain(address);
        let is_saved = self.association.as_ref().is_some_and(|association| association.is_saved);
        let is_own = match &self.taken {
            Some(taken) if is_saved => taken.kept.is_own && taken.kept.server == address,
            _ => self.exchanged_with.is_some_and(|with| with.to_canonical() == address.ip().to_canonical()),
        };
        if let Some(made) = &mut self.made {
            (made.server, made.is_own) = (address, is_own);
        }
        Ready { place, address, is_renewal, is_own }
    }

    /// Whether new keys may be wanted: once in a run, of a server that is asked. What was measured by a certificate that is not valid
    /// at the clock's time stands and falls with that one, which another key exchange would put out of sight.
    pub(super) fn may_renew(&self) -> bool {
        self.renewal.is_none()
            && self.provisional.is_none()
            && matches!(self.stage, Stage::Over)
            && self.failure.is_none()
    }

    pub(super) fn renew(&mut self, why: Renewal) {
        self.renewal = Some(why);
        self.tried = 0;
        self.stage = Stage::Wanting { is_renewal: true };
    }

    pub(super) fn is_pending(&self) -> bool {
        !matches!(self.stage, Stage::Over)
    }

    pub(super) fn until(&self) -> Option<Duration> {
        match self.stage {
            Stage::Exchanging { until, .. } | Stage::LookingUp { until, .. } => Some(until),
            Stage::Wanting { .. } => self.lookup.map(|(_, until)| until),
            Stage::Over => None,
        }
    }

    pub(super) fn standing(&self) -> Option<Standing> {
        let association = self.association.as_ref()?;
        Some(match (association.is_saved, self.provisional) {
            (true, _) => Standing::Saved,
            (false, None) => Standing::Certified,
            (false, Some(_)) => Standing::Provisional,
        })
    }

    pub(super) fn report(&self) -> HostNts {
        let source = match self.standing() {
            None => KeySource::None,
            Some(Standing::Saved) => KeySource::Saved,
            Some(Standing::Certified | Standing::Provisional) => KeySource::Exchanged,
        };
        HostNts {
            port: self.plan.port,
            source,
            renewal: self.renewal,
            provisional: self.provisional,
            failure: self.failure.clone(),
            answers_plainly: None,
        }
    }
}

#[cfg(test)]
mod tests;
