//! The clock that all others are compared with, where that is not this machine's own.

use std::net::SocketAddr;
use std::time::Duration;

use super::measured::{Measured, Trouble};
use crate::estimate::Sample;
use crate::time::Interval;

/// How often it is asked.
const EVERY: Duration = Duration::from_secs(2);
/// In vain so often, it does not answer.
const TRIES: usize = 4;
/// How fast this machine's clock may go astray while it is between the two (RFC 5905 §7.1, PHI).
const PHI_PPM: i128 = 15;

/// The reference, and what is known of it.
#[derive(Debug)]
pub(super) struct Reference {
    address: SocketAddr,
    /// When to ask next; nothing before it has been asked once, which is at once.
    next: Duration,
    latest: Option<Sample>,
    lost: usize,
    trouble: Option<Trouble>,
}

impl Reference {
    pub(super) fn new(address: SocketAddr) -> Reference {
        Reference { address, next: Duration::ZERO, latest: None, lost: 0, trouble: None }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// When to ask it; never again where it does not answer.
    pub(super) fn due_at(&self) -> Option<Duration> {
        self.failure().is_none().then_some(self.next)
    }

    /// Whether others can be compared with it.
    pub(super) fn is_known(&self) -> bool {
        self.latest.is_some()
    }

    /// Why it is of no use.
    pub(super) fn failure(&self) -> Option<&Trouble> {
        self.trouble.as_ref().filter(|_| self.latest.is_none() && self.lost >= TRIES)
    }

    pub(super) fn asked(&mut self, now: Duration) {
        self.next = now + EVERY;
    }

    pub(super) fn learn(&mut self, result: Result<Sample, Trouble>) {
        match result {
            Ok(sample) if sample.is_unsynchronised() => self.lose(Trouble::Unsynchronised),
            Ok(sample) => {
                self.latest = Some(sample);
                self.lost = 0;
            }
            Err(trouble) => self.lose(trouble),
        }
    }

    fn lose(&mut self, trouble: Trouble) {
        self.lost += 1;
        // What says more than silence stays.
        if self.trouble.is_none() || !matches!(trouble, Trouble::Silent(_)) {
            self.trouble = Some(trouble);
        }
    }

    /// A clock's measurement against the reference's latest one.
    pub(super) fn compare(&self, sample: &Sample) -> Result<Measured, Trouble> {
        let Some(latest) = &self.latest else { return Err(Trouble::NotAsked) };
        if let Some(moved) = latest.clock_moved(&sample.taken) {
            return Err(Trouble::ClockMoved(moved));
        }
        let (ours, theirs) = (Measured::of(latest), Measured::of(sample));
        let age = Interval::from(sample.taken.raw.abs_diff(latest.taken.raw));
        let drift = Interval::from_units(age.units() * PHI_PPM / 1_000_000);
        Ok(Measured { offset: theirs.offset - ours.offset, bound: theirs.bound + ours.bound + drift, ..theirs })
    }
}
