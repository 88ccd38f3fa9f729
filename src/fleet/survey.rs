//! The course of a survey: one state for all targets, to which times, random numbers and datagrams are handed in.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

use super::measured::{Measured, Trouble};
use super::pace::schedule;
use super::reference::Reference;
use crate::estimate::{Kiss, LocalTimes, Sample};
use crate::net::Fault;
use crate::time::{Interval, Reading, Time};
use crate::wire::{HEADER_LEN, Header, Mode, NtpTimestamp};

/// A second request to one clock comes no sooner: ntpd's `restrict … limited` drops it otherwise.
const LEAST_ROUND: Duration = Duration::from_secs(2);
/// Requests that are late by less are sent at once; later ones shift all that come after them, so that a run that could not go on
/// for a while does not make up for it by a burst.
const SLACK: Duration = Duration::from_millis(20);

/// How the clocks are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SurveyPlan {
    /// Requests to each clock, at least 1.
    pub samples: usize,
    /// How long a reply is waited for.
    pub timeout: Duration,
    /// Between two requests to one network.
    pub gap: Duration,
    /// The protocol's version in requests.
    pub version: u8,
    /// The error of reading this machine's clock.
    pub precision: Interval,
    /// The first moment of the 136 years in which servers' times are taken to lie.
    pub era: Time,
}

/// What is known of a clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Where it was asked.
    pub address: SocketAddr,
    /// The target's best measurement, or why there is none.
    pub result: Result<Measured, Trouble>,
}

/// A request that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// Where it goes.
    pub address: SocketAddr,
    target: Option<usize>,
}

struct Request {
    /// Which of the targets; the reference where it is none.
    target: Option<usize>,
    before: Reading,
}

/// A survey from its first request to the last reply.
pub struct Survey {
    plan: SurveyPlan,
    moments: Vec<(Duration, usize)>,
    round_length: Duration,
    /// When the first request is, or would have been, due; not known before the reference has answered.
    base: Option<Duration>,
    round: usize,
    next: usize,
    open: HashMap<u64, Request>,
    /// Requests in the order in which they are given up, those that are answered among them.
    expiring: VecDeque<(Duration, u64)>,
    found: Vec<Found>,
    /// How many requests of each target have neither been answered nor given up.
    left: Vec<u8>,
    finished: Vec<usize>,
    unfinished: usize,
    reference: Option<Reference>,
}

impl Survey {
    /// A survey of the clocks at these addresses, against the one at `reference` where that is given.
    pub fn new(plan: SurveyPlan, addresses: &[SocketAddr], reference: Option<SocketAddr>) -> Survey {
        let moments = schedule(addresses, plan.gap);
        let last = moments.last().map_or(Duration::ZERO, |(at, _)| *at);
        let silent = |address: &SocketAddr| Found { address: *address, result: Err(Trouble::NotAsked) };
        Survey {
            round_length: last.max(LEAST_ROUND),
            moments,
            base: None,
            round: 0,
            next: 0,
            open: HashMap::new(),
            expiring: VecDeque::new(),
            found: addresses.iter().map(silent).collect(),
            left: vec![plan.samples.min(usize::from(u8::MAX)) as u8; addresses.len()],
            finished: Vec::new(),
            unfinished: addresses.len(),
            reference: reference.map(Reference::new),
            plan,
        }
    }

    /// What is known of each clock, in the order of their addresses.
    pub fn found(&self) -> &[Found] {
        &self.found
    }

    /// How many clocks are done with.
    pub fn finished(&self) -> usize {
        self.found.len() - self.unfinished
    }

    /// The places of the clocks that have been done with since the last call.
    pub fn take_finished(&mut self) -> Vec<usize> {
        std::mem::take(&mut self.finished)
    }

    /// Whether all is said.
    pub fn is_done(&self) -> bool {
        self.unfinished == 0 || self.reference_failure().is_some()
    }

    /// Why there is nothing to compare with.
    pub fn reference_failure(&self) -> Option<&Trouble> {
        self.reference.as_ref().and_then(Reference::failure)
    }

    /// The raw monotonic time at which there is something to do.
    pub fn next_event(&self) -> Option<Duration> {
        let reference = self.reference.as_ref().and_then(Reference::due_at);
        let expiry = self.expiring.front().map(|(at, _)| *at);
        [self.due_at(), reference, expiry].into_iter().flatten().min()
    }

    /// The next request, if one is due at this raw monotonic time.
    pub fn due(&mut self, now: Duration) -> Option<Due> {
        if let Some(reference) =
            self.reference.as_ref().filter(|reference| reference.due_at().is_some_and(|at| at <= now))
        {
            return Some(Due { address: reference.address(), target: None });
        }
        if self.base.is_none() && self.reference.as_ref().is_none_or(Reference::is_known) {
            self.base = Some(now);
        }
        let late = now.checked_sub(self.due_at()?)?;
        if late > SLACK {
            self.base = self.base.map(|base| base + late);
        }
        let target = self.moments.get(self.next)?.1;
        Some(Due { address: self.found[target].address, target: Some(target) })
    }

    /// A request with this random number; see [`sent`](Self::sent).
    pub fn request(&self, nonce: u64) -> [u8; HEADER_LEN] {
        Header::request(self.plan.version, NtpTimestamp::from_bits(nonce)).to_bytes()
    }

    /// The request that was due has left, or could not for `fault`. `before`: this machine's clock just before that.
    pub fn sent(&mut self, due: Due, nonce: u64, before: Reading, fault: Option<Fault>) {
        if let Some(target) = due.target {
            self.next += 1;
            if self.next >= self.moments.len() {
                (self.round, self.next) = (self.round + 1, 0);
            }
            let result = &mut self.found[target].result;
            match result {
                Err(Trouble::NotAsked) => *result = Err(Trouble::Silent(1)),
                Err(Trouble::Silent(requests)) => *requests += 1,
                _ => {}
            }
        } else if let Some(reference) = &mut self.reference {
            reference.asked(before.raw);
        }
        self.open.insert(nonce, Request { target: due.target, before });
        self.expiring.push_back((before.raw + self.plan.timeout, nonce));
        if let Some(fault) = fault {
            self.fail(nonce, fault);
        }
    }

    /// A datagram has come from this address. `at`: when, where the kernel tells; `after`: this machine's clock now.
    pub fn received(&mut self, datagram: &[u8], from: SocketAddr, at: Option<Time>, after: Reading) {
        let Ok((header, _)) = Header::parse(datagram) else { return };
        let nonce = header.origin.to_bits();
        let Some(request) = self.open.get(&nonce) else { return };
        let address = match (request.target, &self.reference) {
            (Some(target), _) => self.found[target].address,
            (None, Some(reference)) => reference.address(),
            (None, None) => return,
        };
        if header.mode != Mode::SERVER || !(1..=4).contains(&header.version) {
            return;
        }
        if !is_same(from, address) {
            self.note(request.target, Trouble::Elsewhere(from.ip().to_canonical()));
            return;
        }
        let Some(Request { target, before }) = self.open.remove(&nonce) else { return };
        let result = self.measure(header, at, before, after);
        match target {
            Some(target) => self.settle(target, result),
            None => self.learn(result),
        }
    }

    /// The kernel quotes a request of ours that did not arrive, and says why. What it quotes proves that the report is about ours.
    pub fn failed(&mut self, quoted: &[u8], fault: Fault) {
        if let Some(nonce) = quoted.get(HEADER_LEN - 8..HEADER_LEN).and_then(|bytes| bytes.try_into().ok()) {
            self.fail(u64::from_be_bytes(nonce), fault);
        }
    }

    /// Gives up what has waited for too long.
    pub fn expire(&mut self, now: Duration) {
        while let Some((_, nonce)) = self.expiring.front().copied().filter(|(at, _)| *at <= now) {
            self.expiring.pop_front();
            match self.open.remove(&nonce).map(|request| request.target) {
                Some(Some(target)) => self.one_less(target),
                Some(None) => self.learn(Err(Trouble::Silent(1))),
                None => {}
            }
        }
    }

    /// Ends the survey: what is not known will not be.
    pub fn give_up(&mut self) {
        self.open.clear();
        self.expiring.clear();
        for target in 0..self.found.len() {
            if std::mem::take(&mut self.left[target]) > 0 {
                self.finished.push(target);
            }
        }
        self.unfinished = 0;
    }

    /// When the next request to a target is due.
    fn due_at(&self) -> Option<Duration> {
        let (at, _) = self.moments.get(self.next).filter(|_| self.round < self.plan.samples)?;
        // Without a base at once: that is when it is set.
        let Some(base) = self.base else { return self.reference.is_none().then_some(Duration::ZERO) };
        Some(base + self.round_length * self.round as u32 + *at)
    }

    fn measure(&self, header: Header, at: Option<Time>, before: Reading, after: Reading) -> Result<Sample, Trouble> {
        if let Some(kiss) = Kiss::in_header(&header) {
            return Err(Trouble::Kiss(kiss));
        }
        // A time from before the request left is another packet's.
        let received = at.filter(|at| (before.real..=after.real).contains(at)).unwrap_or(after.real);
        let local = LocalTimes { sent: before.real, received, before, after, precision: self.plan.precision };
        Sample::measure(header, &local, self.plan.era).map_err(Trouble::Rejected)
    }

    fn settle(&mut self, target: usize, result: Result<Sample, Trouble>) {
        let measured = result.and_then(|sample| match &self.reference {
            None => Ok(Measured::of(&sample)),
            Some(reference) => reference.compare(&sample),
        });
        match (measured, &self.found[target].result) {
            (Ok(new), Ok(known)) if known.delay <= new.delay => {}
            (Ok(new), _) => self.found[target].result = Ok(new),
            (Err(trouble), _) => self.note(Some(target), trouble),
        }
        self.one_less(target);
    }

    /// The reference has answered, or has not.
    fn learn(&mut self, result: Result<Sample, Trouble>) {
        if let Some(reference) = &mut self.reference {
            reference.learn(result);
        }
    }

    /// Keeps the first trouble that says more than silence, unless the clock has been measured.
    fn note(&mut self, target: Option<usize>, trouble: Trouble) {
        if let Some(known) = target.and_then(|target| self.found.get_mut(target))
            && matches!(known.result, Err(Trouble::Silent(_) | Trouble::NotAsked))
        {
            known.result = Err(trouble);
        }
    }

    fn fail(&mut self, nonce: u64, fault: Fault) {
        match self.open.remove(&nonce).map(|request| request.target) {
            Some(Some(target)) => {
                self.note(Some(target), Trouble::Fault(fault));
                self.one_less(target);
            }
            Some(None) => self.learn(Err(Trouble::Fault(fault))),
            None => {}
        }
    }

    /// One request of a target is settled; the last one settles the target.
    fn one_less(&mut self, target: usize) {
        self.left[target] = self.left[target].saturating_sub(1);
        if self.left[target] == 0 {
            self.unfinished = self.unfinished.saturating_sub(1);
            self.finished.push(target);
        }
    }
}

/// Whether a datagram's sender is the one that was asked. The number of an interface is not part of that: the kernel fills it in.
fn is_same(from: SocketAddr, asked: SocketAddr) -> bool {
    from.port() == asked.port() && from.ip().to_canonical() == asked.ip().to_canonical()
}

#[cfg(test)]
mod tests;
