//! Requests to one server: when the next one is due, what it holds, and what becomes of one without a reply.

use std::time::Duration;

use super::state::{Request, Session, State};
use crate::exchange::authentication::Proof;
use crate::exchange::nts::NtsProof;
use crate::exchange::pace::Pace;
use crate::net::Fault;
use crate::time::{Reading, Time};
use crate::wire::nts::{Association, Fresh};
use crate::wire::{Header, NtpTimestamp};

/// Samples that settle a contradiction among those that were to be taken; more than this no server is ever asked.
pub(in crate::exchange) const MOST_SAMPLES: usize = 8;
/// How long the last request to a server that has never answered is waited for when it is the last that is waited for.
const LAST_CHANCE: Duration = Duration::from_millis(500);

impl Session {
    /// Asks once more, if all is said, where the newest sample was taken before the raw monotonic time `before` and the pace
    /// allows it: this machine may have stood still since. Says whether it does.
    pub(in crate::exchange) fn refresh(&mut self, before: Duration, now: Duration) -> bool {
        let is_old = self.candidate.samples.last().is_some_and(|sample| sample.taken.raw < before);
        let may_ask = self.requests.last().is_some_and(|request| request.before.raw + self.spacing <= now);
        let has_room = self.requests.len() < MOST_SAMPLES + self.before_renewal && self.candidate.kiss.is_none();
        self.is_refreshing = !self.is_active() && is_old && may_ask && has_room;
        if self.is_refreshing {
            self.wanted = self.requests.len() + 1;
            self.state = State::Pausing(now);
        }
        self.is_refreshing
    }

    /// The time that it wanted has come: whether to send now.
    pub(in crate::exchange) fn wants_to_send(&mut self, now: Duration, pace: &Pace, others_are_done: bool) -> bool {
        self.is_last = others_are_done;
        if matches!(self.state, State::Waiting(_)) {
            self.lose(now, pace);
        }
        matches!(self.state, State::Pausing(until) if until <= now)
    }

    /// The newest request has waited in vain.
    fn lose(&mut self, now: Duration, pace: &Pace) {
        self.lost += 1;
        self.proof.nts_mut().into_iter().for_each(NtsProof::lose);
        let unsent = std::mem::take(&mut self.unsent);
        if !unsent {
            self.spacing = self.spacing.max(pace.polite);
        }
        // What did not leave is a burden to nobody.
        let spacing = if unsent { self.spacing.min(pace.burst) } else { self.spacing };
        if self.requests.len() >= self.wanted || self.lost >= pace.most_lost {
            self.state = State::Done;
        } else {
            let last_sent = self.requests.last().map_or(now, |request| request.before.raw);
            self.state = State::Pausing(now.max(last_sent + spacing));
        }
    }

    /// The request; nothing, and no more of the session for now, where one with NTS lacks `fresh` numbers or a cookie.
    pub(in crate::exchange) fn request(
        &mut self,
        nonce: NtpTimestamp,
        fresh: Option<Fresh>,
        before: Reading,
        pace: &Pace,
    ) -> Option<Vec<u8>> {
        let header = Header::request(pace.version, nonce).to_bytes();
        let request = match &mut self.proof {
            Proof::Nothing => Some(header.to_vec()),
            Proof::Key(proof) => {
                let mut request = header.to_vec();
                proof.sign(&mut request);
                Some(request)
            }
            Proof::Nts(proof) => fresh.and_then(|fresh| proof.request(&header, &fresh)),
        };
        if request.is_none() {
            self.state = State::Done;
            return None;
        }
        let identifier = fresh.filter(|_| self.has_nts()).map(|fresh| fresh.identifier);
        let made = Request { nonce, identifier, before, sent: before.real, answered: false, is_late: false };
        self.requests.push(made);
        self.state = State::Waiting(before.raw + self.wait(pace));
        request
    }

    /// Begins anew with keys and cookies of a new key exchange, unless the old ones have done after all.
    pub(in crate::exchange) fn renew(&mut self, association: Association, missing: usize, now: Duration, pace: &Pace) {
        self.is_renewed = true;
        if self.proof.nts_mut().is_some_and(|proof| proof.renew(association, missing)) {
            self.before_renewal = self.requests.len();
            self.wanted = self.before_renewal + pace.samples;
            (self.lost, self.is_refreshing) = (0, false);
            self.spacing = pace.first_spacing(&self.address);
            self.candidate.untrusted = false;
            self.state = State::Pausing(now);
        }
    }

    /// How long to wait before the next request. A long time-out does not hold up the second request to a server that has
    /// not answered yet: a late reply to the first still counts.
    fn wait(&self, pace: &Pace) -> Duration {
        let is_last = self.requests.len() >= self.wanted || self.lost + 1 >= pace.most_lost;
        let silent = self.answered() == 0;
        match (silent, is_last) {
            (true, false) => pace.timeout.min(pace.polite),
            // A lost packet must not decide who is heard, and a dead server must not cost two time-outs.
            (true, true) if self.is_last && self.lost > 0 => pace.timeout.min(LAST_CHANCE),
            _ => pace.timeout,
        }
    }

    pub(in crate::exchange) fn sent(&mut self, number: u32, at: Time) {
        // Some kernels count packets that a pending error kept from leaving: then this is about an earlier request.
        let about = |request: &&mut Request| at >= request.before.real;
        if let Some(request) = self.requests.get_mut(number as usize).filter(about) {
            request.sent = at;
        }
    }

    /// Says whether it is the first.
    pub(in crate::exchange) fn rumoured(&mut self, fault: Fault) -> bool {
        let is_first = self.fault.is_none();
        self.is_rumour |= is_first;
        self.fault.get_or_insert(fault);
        is_first
    }

    /// A report about our own packets. A server that has answered before, or a request that this machine kept back, may do
    /// better with the next: then it costs one request, as a lost packet does.
    pub(in crate::exchange) fn failed(&mut self, fault: Fault, now: Duration) {
        // The first is the cause; what follows repeats it.
        if self.fault.is_none() || std::mem::take(&mut self.is_rumour) {
            self.fault = Some(fault);
        }
        let kept_back = fault.may_be_single();
        let may_pass = fault.may_pass() || kept_back || self.answered() > 0;
        match self.state {
            State::Waiting(until) if may_pass => {
                self.failed += 1;
                self.unsent = kept_back;
                self.state = State::Waiting(until.min(now));
            }
            State::Pausing(_) if may_pass && !self.requests.is_empty() => {}
            _ => self.state = State::Done,
        }
    }
}
