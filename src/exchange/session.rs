//! The exchange with one server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::authentication::{Authentication, Proof};
use super::pace::Pace;
use super::trace::TraceEvent;
use crate::estimate::{Candidate, Kiss, LocalTimes, Rejection, Sample};
use crate::net::Fault;
use crate::time::{Reading, Time};
use crate::wire::{Header, Key, Mode, NtpTimestamp};

/// Samples that settle a contradiction among those that were to be taken; more than this no server is ever asked.
const MOST_SAMPLES: usize = 8;
/// How long the last request to a server that has never answered is waited for when it is the last that is waited for.
const LAST_CHANCE: Duration = Duration::from_millis(500);
/// The newest version of the protocol.
const NEWEST_VERSION: u8 = 4;

/// A request and what came of it.
#[derive(Clone, Copy, Debug)]
struct Request {
    nonce: NtpTimestamp,
    before: Reading,
    sent: Time,
    answered: bool,
    /// The request was given up before its reply came.
    given_up: bool,
}

/// What a session does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Sends at this time.
    Pausing(Duration),
    /// Waits for the reply to its newest request until this time.
    Waiting(Duration),
    /// Nothing more.
    Done,
}

/// All that passed between us and one server.
#[derive(Clone, Debug)]
pub struct Contact {
    /// The server.
    pub address: SocketAddr,
    /// Requests sent.
    pub sent: usize,
    /// Requests answered, in whatever way.
    pub answered: usize,
    /// The newest eight requests as bits, the newest lowest: set if it was answered.
    pub reach: u8,
    /// Datagrams that were not used, and the reason of the last.
    pub rejected: (usize, Option<Rejection>),
    /// What the kernel reported first.
    pub fault: Option<Fault>,
    /// Whether nothing shows that this report is about our packets: anybody may have made it up.
    pub is_rumour: bool,
    /// Requests that such a report ended, or kept from leaving.
    pub failed: usize,
    /// Requests whose reply came when it was not waited for any more; it counts all the same.
    pub late: usize,
    /// When the last request was sent, by this machine's clock.
    pub last_sent: Option<Time>,
    /// The last reply to a request of ours, whatever it was worth.
    pub last_reply: Option<Header>,
    /// What the replies proved, in a run with a key.
    pub authentication: Option<Authentication>,
    /// Whether the exchange came to its own end; the run ended before where it did not.
    pub is_finished: bool,
    /// What it measured.
    pub candidate: Candidate,
}

#[derive(Debug)]
pub(super) struct Session {
    address: SocketAddr,
    state: State,
    spacing: Duration,
    /// How many requests are to be sent.
    wanted: usize,
    /// The exchange was at its end, and one more sample is to show that nothing has changed since.
    is_refreshing: bool,
    /// Only servers that have never answered are still waited for.
    is_last: bool,
    requests: Vec<Request>,
    /// Requests in a row that ran out of time.
    lost: usize,
    rejected: (usize, Option<Rejection>),
    fault: Option<Fault>,
    /// Nothing shows that `fault` is about our packets.
    is_rumour: bool,
    failed: usize,
    /// The newest request did not leave this machine.
    unsent: bool,
    last_reply: Option<Header>,
    proof: Option<Proof>,
    candidate: Candidate,
}

impl Session {
    pub(super) fn new(address: SocketAddr, pace: &Pace, start: Duration) -> Session {
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
            proof: None,
            candidate: Candidate::default(),
        }
    }

    pub(super) fn set_key(&mut self, key: Arc<Key>) {
        self.proof = Some(Proof::new(key));
    }

    /// When it wants to act again.
    pub(super) fn due(&self) -> Option<Duration> {
        match self.state {
            State::Pausing(until) | State::Waiting(until) => Some(until),
            State::Done => None,
        }
    }

    pub(super) fn is_active(&self) -> bool {
        self.state != State::Done
    }

    /// Whether it has measured something.
    pub(super) fn is_served(&self) -> bool {
        !self.candidate.samples.is_empty()
    }

    pub(super) fn wanted(&self) -> usize {
        self.wanted
    }

    pub(super) fn candidate(&self) -> &Candidate {
        &self.candidate
    }

    pub(super) fn last_sent(&self) -> Option<Time> {
        self.requests.last().map(|request| request.sent)
    }

    pub(super) fn answered(&self) -> usize {
        self.requests.iter().filter(|request| request.answered).count()
    }

    /// Asks once more, if all is said, where the newest sample was taken before the raw monotonic time `before` and the pace
    /// allows it: this machine may have stood still since. Says whether it does.
    pub(super) fn refresh(&mut self, before: Duration, now: Duration) -> bool {
        let is_old = self.candidate.samples.last().is_some_and(|sample| sample.taken.raw < before);
        let may_ask = self.requests.last().is_some_and(|request| request.before.raw + self.spacing <= now);
        let has_room = self.requests.len() < MOST_SAMPLES && self.candidate.kiss.is_none();
        self.is_refreshing = !self.is_active() && is_old && may_ask && has_room;
        if self.is_refreshing {
            self.wanted = self.requests.len() + 1;
            self.state = State::Pausing(now);
        }
        self.is_refreshing
    }

    /// Whether the exchange has come to its own end, be it that it goes on to see whether anything has changed.
    pub(super) fn is_finished(&self) -> bool {
        !self.is_active() || self.is_refreshing
    }

    /// Whether it still looks whether anything has changed.
    pub(super) fn is_refreshing(&self) -> bool {
        self.is_refreshing && self.is_active()
    }

    /// The time that it wanted has come: whether to send now.
    pub(super) fn wants_to_send(&mut self, now: Duration, pace: &Pace, others_are_done: bool) -> bool {
        self.is_last = others_are_done;
        if matches!(self.state, State::Waiting(_)) {
            self.lose(now, pace);
        }
        matches!(self.state, State::Pausing(until) if until <= now)
    }

    /// The newest request has waited in vain.
    fn lose(&mut self, now: Duration, pace: &Pace) {
        self.lost += 1;
        self.requests.iter_mut().for_each(|request| request.given_up |= !request.answered);
        let unsent = std::mem::take(&mut self.unsent);
        if !unsent {
            self.spacing = self.spacing.max(pace.polite);
        }
        // What did not leave is a burden to nobody.
        let spacing = if unsent { self.spacing.min(pace.burst) } else { self.spacing };
        if self.requests.len() >= self.wanted || self.lost >= pace.patience {
            self.state = State::Done;
        } else {
            let last_sent = self.requests.last().map_or(now, |request| request.before.raw);
            self.state = State::Pausing(now.max(last_sent + spacing));
        }
    }

    pub(super) fn request(&mut self, nonce: NtpTimestamp, before: Reading, pace: &Pace) -> Vec<u8> {
        self.requests.push(Request { nonce, before, sent: before.real, answered: false, given_up: false });
        self.state = State::Waiting(before.raw + self.wait(pace));
        let mut request = Header::request(pace.version, nonce).to_bytes().to_vec();
        if let Some(proof) = &self.proof {
            proof.sign(&mut request);
        }
        request
    }

    /// How long to wait before the next request. A long time-out does not hold up the second request to a server that has
    /// not answered yet: a late reply to the first still counts.
    fn wait(&self, pace: &Pace) -> Duration {
        let is_last = self.requests.len() >= self.wanted || self.lost + 1 >= pace.patience;
        let silent = self.answered() == 0;
        match (silent, is_last) {
            (true, false) => pace.timeout.min(pace.polite),
            // A lost packet must not decide who is heard, and a dead server must not cost two time-outs.
            (true, true) if self.is_last && self.lost > 0 => pace.timeout.min(LAST_CHANCE),
            _ => pace.timeout,
        }
    }

    pub(super) fn sent(&mut self, number: u32, at: Time) {
        // Some kernels count packets that a pending error kept from leaving: then this is about an earlier request.
        let about = |request: &&mut Request| at >= request.before.real;
        if let Some(request) = self.requests.get_mut(number as usize).filter(about) {
            request.sent = at;
        }
    }

    /// Says whether it is the first.
    pub(super) fn rumoured(&mut self, fault: Fault) -> bool {
        let is_first = self.fault.is_none();
        self.is_rumour |= is_first;
        self.fault.get_or_insert(fault);
        is_first
    }

    /// A report about our own packets. A server that has answered before, or a request that this machine kept back, may do
    /// better with the next: then it costs one request, as a lost packet does.
    pub(super) fn failed(&mut self, fault: Fault, now: Duration) {
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

    /// Gives what is worth lines in a trace.
    pub(super) fn received(
        &mut self,
        datagram: &[u8],
        at: Option<Time>,
        after: Reading,
        pace: &Pace,
    ) -> [Option<TraceEvent>; 2] {
        match self.accept(datagram) {
            Ok((header, place)) => {
                let passed = self.proof.as_ref().map(|_| TraceEvent::Authenticated);
                [passed, self.take(header, place, at, after, pace)]
            }
            Err(rejection) => {
                if rejection == Rejection::Duplicate && self.proof.is_none() {
                    self.compare(datagram, at, after, pace);
                }
                [Some(self.reject(rejection)), None]
            }
        }
    }

    /// A second answer to a request: one that contradicts the first is somebody else's.
    fn compare(&mut self, datagram: &[u8], at: Option<Time>, after: Reading, pace: &Pace) {
        let Ok((header, _)) = Header::parse(datagram) else { return };
        let Some(request) = self.requests.iter().find(|request| request.nonce == header.origin) else { return };
        let local = local_times(request, at, after, pace);
        let first = self.candidate.samples.iter().find(|sample| sample.header.origin == header.origin);
        let second = Sample::measure(header, &local, pace.era);
        if let (Some(first), Ok(second)) = (first, second)
            && let Some(apart) = first.contradicts(&second)
        {
            self.candidate.contested.get_or_insert(apart);
        }
    }

    /// A reply to the request in this place.
    fn take(
        &mut self,
        header: Header,
        place: usize,
        at: Option<Time>,
        after: Reading,
        pace: &Pace,
    ) -> Option<TraceEvent> {
        let request = self.requests[place];
        self.last_reply = Some(header.clone());
        self.lost = 0;
        if let Some(kiss) = Kiss::in_header(&header) {
            self.obey(kiss, after.raw, pace);
            return Some(TraceEvent::Kiss(kiss));
        }
        let local = local_times(&request, at, after, pace);
        let stratum = header.stratum.0;
        let measured = Sample::measure(header, &local, pace.era);
        let event = match measured {
            Ok(sample) => {
                self.candidate.samples.push(sample);
                (stratum > 15).then_some(TraceEvent::Unsynchronised(stratum))
            }
            Err(rejection) => Some(self.reject(rejection)),
        };
        // One sample alone was asked for by whoever wants no more.
        if self.wanted > 1 && self.candidate.contradicts_itself() {
            self.wanted = MOST_SAMPLES;
        }
        self.proceed(place, after.raw);
        event
    }

    /// A reply to one of our requests that has no reply yet, and the place of the request.
    fn accept(&mut self, datagram: &[u8]) -> Result<(Header, usize), Rejection> {
        let (header, _) = Header::parse(datagram)?;
        if header.mode != Mode::SERVER {
            return Err(Rejection::Mode(header.mode, header.stratum.0));
        }
        if !(1..=NEWEST_VERSION).contains(&header.version) {
            return Err(Rejection::Version(header.version));
        }
        let place = self.requests.iter().position(|request| request.nonce == header.origin).ok_or(Rejection::Origin)?;
        if self.requests[place].answered {
            return Err(Rejection::Duplicate);
        }
        // A forger on the way must not use up the request: the true reply may still come.
        self.authenticate(datagram, &header)?;
        self.requests[place].answered = true;
        Ok((header, place))
    }

    /// Whether the reply proves what it has to.
    fn authenticate(&mut self, datagram: &[u8], header: &Header) -> Result<(), Rejection> {
        let Some(proof) = &mut self.proof else { return Ok(()) };
        let result = proof.check(datagram);
        self.candidate.untrusted = proof.record.is_refuted();
        if self.candidate.untrusted {
            // Shown, not used.
            self.last_reply = Some(header.clone());
        }
        result.map_err(Rejection::Unauthentic)
    }

    fn reject(&mut self, rejection: Rejection) -> TraceEvent {
        self.rejected = (self.rejected.0 + 1, Some(rejection));
        TraceEvent::Rejected(rejection)
    }

    fn obey(&mut self, kiss: Kiss, now: Duration, pace: &Pace) {
        self.candidate.kiss = Some(kiss);
        let may_go_on = self.is_active() && self.requests.len() < self.wanted;
        let slower = kiss == Kiss::Rate && self.spacing < pace.polite && may_go_on;
        self.spacing = self.spacing.max(pace.polite);
        self.state = if slower { State::Pausing(now + self.spacing) } else { State::Done };
    }

    /// After the reply to the newest request the next one is due; one to an older request changes nothing.
    fn proceed(&mut self, place: usize, now: Duration) {
        if self.is_active() && place + 1 == self.requests.len() {
            let complete = self.requests.len() >= self.wanted;
            self.state = if complete { State::Done } else { State::Pausing(now + self.spacing) };
        }
    }

    pub(super) fn finish(mut self, now: &Reading) -> Contact {
        let moved = self.candidate.samples.iter().find_map(|sample| sample.clock_moved(now));
        if let Some(moved) = moved {
            let before = self.candidate.samples.len();
            self.candidate.samples.retain(|sample| sample.clock_moved(now).is_none());
            let gone = before - self.candidate.samples.len();
            self.rejected = (self.rejected.0 + gone, Some(Rejection::ClockMoved(moved)));
            self.candidate.is_overtaken = self.candidate.samples.is_empty();
        }
        let is_finished = self.is_finished();
        let reach = self.requests.iter().fold(0_u8, |reach, request| reach << 1 | u8::from(request.answered));
        Contact {
            address: self.address,
            sent: self.requests.len(),
            answered: self.answered(),
            reach,
            rejected: self.rejected,
            fault: self.fault,
            is_rumour: self.is_rumour,
            failed: self.failed,
            late: self.requests.iter().filter(|request| request.answered && request.given_up).count(),
            last_sent: self.last_sent(),
            last_reply: self.last_reply,
            authentication: self.proof.map(|proof| proof.record),
            is_finished,
            candidate: self.candidate,
        }
    }
}

fn local_times(request: &Request, at: Option<Time>, after: Reading, pace: &Pace) -> LocalTimes {
    LocalTimes {
        sent: request.sent,
        received: at.unwrap_or(after.real),
        before: request.before,
        after,
        precision: pace.precision,
    }
}
