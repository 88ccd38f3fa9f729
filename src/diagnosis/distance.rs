//! The error bound of a server is too large: which number makes it so, and what that usually means.

use super::code::Code;
use super::found::{Certainty, Diagnosis};
use crate::estimate::{DistancePart, TooDistant};
use crate::time::Interval;

/// From here on an announced root delay is a negative number in disguise: the field has no sign (RFC 5905 §6).
const NEGATIVE: Interval = Interval::from_secs(32_768);
/// What Windows announces as its root dispersion while it has no source that it trusts.
const WINDOWS: (Interval, Interval) = (Interval::from_secs(10), Interval::from_secs(12));

pub(super) const SLOW_WAY: &str = "the way there is too slow to measure by: a long or busy line";
const TRACKING: &str = "see what it is synchronised to (ntpq -c rv, chronyc tracking)";

/// What usually makes one part of a distance large, what to do here, and what on the server.
struct Usual {
    cause: &'static str,
    here: &'static str,
    there: Option<&'static str>,
}

fn usual(part: DistancePart, value: Interval) -> Usual {
    let usual = |cause, here, there| Usual { cause, here, there };
    match part {
        DistancePart::RootDispersion if (WINDOWS.0..=WINDOWS.1).contains(&value) => usual(
            "it does not trust its own clock: so announces Windows while it has no good source",
            "ask another server",
            Some("w32tm /query /status; give the domain's first controller a time source"),
        ),
        DistancePart::RootDispersion => usual(
            "it has not heard from its own source for long, or was started lately",
            "ask another server, or wait some minutes",
            Some(TRACKING),
        ),
        DistancePart::RootDelay if value >= NEGATIVE => usual(
            "it announces a negative root delay: its time program is broken",
            "ask another server",
            Some("update its time program"),
        ),
        DistancePart::RootDelay => usual(
            "the way from the server to its own source is too slow to measure by",
            "ask another server",
            Some("give it a nearer source"),
        ),
        DistancePart::Delay => usual(SLOW_WAY, "ask a nearer server; `tracepath` shows where the time goes", None),
        DistancePart::Jitter => usual(
            "the samples differ as much as a slow and busy line lets them",
            "ask a nearer server, or more often (-p 8)",
            None,
        ),
        DistancePart::Precision => usual(
            "it announces a clock that ticks too coarsely, or nonsense",
            "ask another server",
            Some("see its precision (ntpq -c rv)"),
        ),
    }
}

/// What usually makes a distance too large, in half a sentence.
pub(crate) fn usual_cause(too_distant: &TooDistant) -> &'static str {
    usual(too_distant.part, too_distant.value).cause
}

pub(super) fn diagnose(too_distant: &TooDistant, seen: &str) -> Diagnosis {
    let usual = usual(too_distant.part, too_distant.value);
    // The next whole second, and one more, for the next run measures a little differently.
    let enough = Interval::from_secs(too_distant.distance.as_secs_f64().ceil() as i64 + 1);
    let here = format!("{}; if it is known to be right, --max-distance {enough:.0} takes it", usual.here);
    let diagnosis = Diagnosis::new(Code::TooFar, Certainty::Likely, seen, usual.cause).here(here);
    match usual.there {
        Some(there) => diagnosis.there(there),
        None => diagnosis,
    }
}
