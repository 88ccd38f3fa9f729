//! Dates that cannot be.

use super::code::Code;
use super::fit::answers;
use super::found::{Certainty, Diagnosis};
use crate::outcome::{Conclusion, Outcome, Server};
use crate::policy::{Decision, Refusal};
use crate::time::Time;

/// A GPS receiver whose weeks have begun anew.
pub(super) const ROLLOVER: &str =
    "it follows a GPS receiver that has begun to count its 1024 weeks anew (19.6 years): its firmware is too old";

/// A server that nobody contradicts, and whose date cannot be.
pub(super) fn wrong_date(server: &Server, outcome: &Outcome) -> Option<Diagnosis> {
    let Conclusion::Decided { decision: Decision::Refuse(Refusal::BeforeRelease(time, _)), .. } = outcome.conclusion
    else {
        return None;
    };
    let offset = server.peer.as_ref()?.offset;
    let seen = format!("{}; its clock shows {}", answers(server), time.utc());
    let cause = match offset {
        offset if offset.is_gps_rollover() => ROLLOVER,
        _ if time < Time::from_unix(86_400 * 366, 0) => {
            "its clock has not been set since it was switched on: it began at 1970"
        }
        _ => "its clock is wrong: that is before this program's release",
    };
    let found = Diagnosis::new(Code::Broken, Certainty::Likely, seen, cause).here("ask another server");
    Some(found.there("set its clock right; see what it is synchronised to (ntpq -pn, chronyc sources)"))
}
