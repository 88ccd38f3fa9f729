//! Replies of one server: which request each one answers, what it proves, and what it measures.

use std::time::Duration;

use super::requests::MOST_SAMPLES;
use super::state::{Request, Session, State};
use crate::estimate::{Kiss, LocalTimes, Rejection, Sample};
use crate::exchange::authentication::Proof;
use crate::exchange::nts::{AfterRefusal, Checked};
use crate::exchange::pace::Pace;
use crate::exchange::trace::TraceEvent;
use crate::time::{Reading, Time};
use crate::wire::{Header, Mode};

/// The newest version of the protocol.
const NEWEST_VERSION: u8 = 4;

impl Session {
    /// Gives what is worth lines in a trace.
    pub(in crate::exchange) fn received(
        &mut self,
        datagram: &[u8],
        at: Option<Time>,
        after: Reading,
        pace: &Pace,
    ) -> [Option<TraceEvent>; 2] {
        match self.accept(datagram) {
            Ok((header, place)) => {
                let passed = (!self.proof.is_nothing()).then_some(TraceEvent::Authenticated);
                [passed, self.take(header, place, at, after, pace)]
            }
            Err(rejection) => {
                if rejection == Rejection::Duplicate && self.proof.is_nothing() {
                    self.compare(datagram, at, after, pace);
                }
                if rejection == Rejection::NtsRefused {
                    self.refuse(after.raw);
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
        self.requests[place].is_late = after.raw > self.requests[place].before.raw + pace.timeout;
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
                self.local.push(local);
                (stratum > 15).then_some(TraceEvent::Unsynchronised(stratum))
            }
            Err(rejection) => Some(self.reject(rejection)),
        };
        // One sample alone was asked for by whoever wants no more.
        if self.wanted > 1 && self.candidate.contradicts_itself() {
            self.wanted = self.before_renewal + MOST_SAMPLES;
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
        self.authenticate(datagram, &header, place)?;
        self.requests[place].answered = true;
        Ok((header, place))
    }

    /// Whether the reply to the request in this place proves what it has to.
    fn authenticate(&mut self, datagram: &[u8], header: &Header, place: usize) -> Result<(), Rejection> {
        let identifier = self.requests.get(place).and_then(|request| request.identifier).unwrap_or_default();
        let result = match &mut self.proof {
            Proof::Nothing => return Ok(()),
            Proof::Key(proof) => proof.check(datagram).map_err(Rejection::Unauthentic),
            Proof::Nts(proof) => match proof.check(datagram, header, &identifier) {
                Ok(Checked::Authentic) => Ok(()),
                Ok(Checked::Refused) => Err(Rejection::NtsRefused),
                Err(fault) => Err(Rejection::Nts(fault)),
            },
        };
        self.candidate.untrusted = self.proof.is_refuted();
        if self.candidate.untrusted {
            // Shown, not used.
            self.last_reply = Some(header.clone());
        }
        result
    }

    /// The server does not know the cookie, or somebody says so.
    fn refuse(&mut self, now: Duration) {
        let Some(proof) = self.proof.nts_mut() else { return };
        match proof.refuse() {
            AfterRefusal::AskAgain => {
                self.wanted += 1;
                self.before_renewal += 1;
                self.state = State::Pausing(now);
            }
            AfterRefusal::AwaitKeys => self.state = State::Done,
            AfterRefusal::Nothing => {}
        }
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
