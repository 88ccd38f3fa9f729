//! The loop around a survey: what it wants sent is sent, and what comes in is handed to it.

use std::time::Duration;

use crate::fleet::Survey;
use crate::linux::net::{Arrived, SurveySockets};
use crate::linux::{SystemClock, random};
use crate::machine::Clock as _;
use crate::net::{Fault, FaultKind};

/// Requests that are sent before replies have their turn.
const BATCH: usize = 64;

/// Times that a run waits between two looks at the clock, at the most.
const LOOK: Duration = Duration::from_millis(200);

/// Runs the survey to its end, within `deadline`, and tells which clocks are done with as they are.
pub(super) fn ask_all(
    survey: &mut Survey,
    sockets: &SurveySockets,
    deadline: Option<Duration>,
    mut finished: impl FnMut(&Survey, &[usize]),
) {
    let end = deadline.map(|deadline| SystemClock.now().raw + deadline);
    loop {
        let is_busy = (0..BATCH).all(|_| send_one(survey, sockets));
        let now = SystemClock.now().raw;
        let until = survey.next_event().map_or(Duration::ZERO, |at| at.saturating_sub(now));
        let wait = if is_busy { Duration::ZERO } else { until.min(LOOK) };
        sockets.wait(wait, |arrived| match arrived {
            Arrived::Datagram(bytes, from, at) => survey.received(bytes, from, at, SystemClock.now()),
            Arrived::Failed(quoted, fault) => survey.failed(quoted, fault),
        });
        // After what has come: a program that could not go on for a while did not wait in vain.
        let now = SystemClock.now().raw;
        survey.expire(now);
        let is_over = end.is_some_and(|end| end <= now);
        if is_over {
            survey.give_up();
        }
        let done = survey.take_finished();
        finished(survey, &done);
        if survey.is_done() {
            return;
        }
    }
}

/// Sends the next request, if one is due.
fn send_one(survey: &mut Survey, sockets: &SurveySockets) -> bool {
    let Some(due) = survey.due(SystemClock.now().raw) else { return false };
    match random::u64() {
        Ok(nonce) => {
            let request = survey.request(nonce);
            let before = SystemClock.now();
            let sent = sockets.send(due.address, &request);
            survey.sent(due, nonce, before, sent.err());
        }
        // Without a number that nobody can guess anybody could answer.
        Err(_) => survey.sent(due, 0, SystemClock.now(), Some(Fault::here(FaultKind::NoRandom))),
    }
    true
}
