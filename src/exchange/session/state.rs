//! The state of an exchange with one server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::estimate::{Candidate, LocalTimes, Rejection};
use crate::exchange::authentication::Proof;
use crate::exchange::contact::Contact;
use crate::exchange::news::News;
use crate::exchange::nts::{NtsProof, Renewal};
use crate::exchange::pace::Pace;
use crate::net::Fault;
use crate::time::{Reading, Time};
use crate::wire::nts::Association;
use crate::wire::{Header, Key, NtpTimestamp};

/// A request and what came of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request {
    pub(super) nonce: NtpTimestamp,
    /// What the reply has to repeat, with NTS.
    pub(super) identifier: Option<[u8; 32]>,
    pub(super) before: Reading,
    pub(super) sent: Time,
    pub(super) answered: bool,
    /// The reply took longer than the time-out.
    pub(super) is_late: bool,
}

/// What a session does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Sends at this time.
    Pausing(Duration),
    /// Waits for the reply to its newest request until this time.
    Waiting(Duration),
    /// No more datagrams.
    Done,
}

/// An exchange with one server: the requests, what came of them, and what happens next.
#[derive(Debug)]
pub(in crate::exchange) struct Session {
    pub(super) address: SocketAddr,
    pub(super) state: State,
    pub(super) spacing: Duration,
    /// How many requests are to be sent.
    pub(super) wanted: usize,
    /// The exchange was at its end, and one more sample is to show that nothing has changed since.
    pub(super) is_refreshing: bool,
    /// Only servers that have never answered are still waited for.
    pub(super) is_last: bool,
    pub(super) requests: Vec<Request>,
    /// Requests in a row that ran out of time.
    pub(super) lost: usize,
    pub(super) rejected: (usize, Option<Rejection>),
    pub(super) fault: Option<Fault>,
    /// Nothing shows that `fault` is about our packets.
    pub(super) is_rumour: bool,
    pub(super) failed: usize,
    /// The newest request did not leave this machine.
    pub(super) unsent: bool,
    pub(super) last_reply: Option<Header>,
    pub(super) proof: Proof,
    /// Requests before the keys were exchanged anew: they do not count among those that are wanted.
    pub(super) before_renewal: usize,
    /// New keys have come.
    pub(super) is_renewed: bool,
    pub(super) candidate: Candidate,
    /// Our own times of each of its samples.
    pub(super) local: Vec<LocalTimes>,
    /// How many samples were told, and the rest of what was told last.
    pub(super) told: Option<(usize, News)>,
}

impl Session {
    pub(in crate::exchange) fn new(
        address: SocketAddr,
        key: Option<Arc<Key>>,
        pace: &Pace,
        start: Duration,
    ) -> Session {
        Session {
            address,
            state: State::Pausing(start),
            spacing: pace.first_spacing(&address),
            wanted: pace.samples,
            is_refreshing: false,
            is_last: false,
            requests: Vec::with_capacity(pace.samples),
            lost: 0,
            rejected: (0, None),
            fault: None,
            is_rumour: false,
            failed: 0,
            unsent: false,
            last_reply: None,
            proof: Proof::of(key),
            before_renewal: 0,
            is_renewed: false,
            candidate: Candidate::default(),
            local: Vec::new(),
            told: None,
        }
    }

    /// A session with a server that has NTS; `missing`: so many cookies fewer than there could be are kept for it.
    pub(in crate::exchange) fn with_nts(
        address: SocketAddr,
        association: Association,
        missing: usize,
        pace: &Pace,
        start: Duration,
    ) -> Session {
        let proof = Proof::Nts(Box::new(NtsProof::new(association, missing)));
        Session { proof, ..Session::new(address, None, pace, start) }
    }

    /// When it wants to act again.
    pub(in crate::exchange) fn due(&self) -> Option<Duration> {
        match self.state {
            State::Pausing(until) | State::Waiting(until) => Some(until),
            State::Done => None,
        }
    }

    pub(in crate::exchange) fn is_active(&self) -> bool {
        self.state != State::Done
    }

    /// Whether it has measured something.
    pub(in crate::exchange) fn is_served(&self) -> bool {
        !self.candidate.samples.is_empty()
    }

    pub(in crate::exchange) fn wanted(&self) -> usize {
        self.wanted
    }

    pub(in crate::exchange) fn candidate(&self) -> &Candidate {
        &self.candidate
    }

    pub(in crate::exchange) fn last_sent(&self) -> Option<Time> {
        self.requests.last().map(|request| request.sent)
    }

    pub(in crate::exchange) fn answered(&self) -> usize {
        self.requests.iter().filter(|request| request.answered).count()
    }

    /// Whether the exchange has come to its own end, be it that it goes on to see whether anything has changed.
    pub(in crate::exchange) fn is_finished(&self) -> bool {
        !self.is_active() || self.is_refreshing
    }

    /// Whether it still looks whether anything has changed.
    pub(in crate::exchange) fn is_refreshing(&self) -> bool {
        self.is_refreshing && self.is_active()
    }

    /// Whether requests need numbers of NTS.
    pub(in crate::exchange) fn has_nts(&self) -> bool {
        self.proof.nts().is_some()
    }

    /// Why new keys are wanted, where they are.
    pub(in crate::exchange) fn renewal(&self) -> Option<Renewal> {
        self.proof.nts().and_then(NtsProof::wanted)
    }

    pub(in crate::exchange) fn finish(self) -> Contact {
        let is_finished = self.is_finished();
        let (last_sent, answered) = (self.last_sent(), self.answered());
        let (authentication, nts) = self.proof.into_records();
        let reach = self.requests.iter().fold(0_u8, |reach, request| reach << 1 | u8::from(request.answered));
        Contact {
            address: self.address,
            sent: self.requests.len(),
            answered,
            reach,
            rejected: self.rejected,
            fault: self.fault,
            is_rumour: self.is_rumour,
            failed: self.failed,
            late: self.requests.iter().filter(|request| request.is_late).count(),
            last_sent,
            last_reply: self.last_reply,
            authentication,
            nts,
            is_finished,
            candidate: self.candidate,
        }
    }
}
