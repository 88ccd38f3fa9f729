//! A hardware clock of this machine that has no part in the result: no packet is to blame.

use super::code::Code;
use super::found::{Certainty, Diagnosis};
use crate::estimate::{DropReason, Verdict};
use crate::net::phc::{Phc, Scale, TAI_SINCE_2017};
use crate::outcome::{Conclusion, Outcome, Server};
use crate::time::Interval;

/// So near to the offset of TAI no other error is.
const NEAR: Interval = Interval::from_secs(1);

/// The programs that set a hardware clock.
const SETTERS: &str = "the host sets a virtual machine's clock; ptp4l, ts2phc or phc2sys that of a network card";

/// What is the matter with a clock; nothing where it is judged as a server is.
pub(super) fn judge(clock: &Phc, server: &Server, outcome: &Outcome) -> Option<Diagnosis> {
    match (server.verdict, server.contact.rejected.1) {
        (Verdict::Dropped(DropReason::NoData), None) => {
            let seen = "it could be read at the start, and not any more".to_owned();
            let cause = "its device was removed, or its driver fails";
            Some(Diagnosis::new(Code::NoClock, Certainty::Likely, seen, cause).here("see the kernel's log (dmesg)"))
        }
        (Verdict::Falseticker, _) => outvoted(clock, server, outcome),
        _ => None,
    }
}

fn outvoted(clock: &Phc, server: &Server, outcome: &Outcome) -> Option<Diagnosis> {
    let Conclusion::Decided { estimate, .. } = &outcome.conclusion else { return None };
    let apart = server.peer.as_ref()?.offset - estimate.offset;
    let side = if apart.is_negative() { "behind" } else { "ahead of" };
    let seen = format!("it is outvoted: the clock \"{}\" is {:.6} s {side} the majority", clock.name, apart.abs());
    let is_tai = |apart: Interval| (apart - Interval::from_secs(TAI_SINCE_2017.into())).abs() < NEAR;
    let found =
        |cause, here: &str| Some(Diagnosis::new(Code::Falseticker, Certainty::Likely, seen.clone(), cause).here(here));
    match clock.scale {
        Scale::Tai if is_tai(-apart) => found("it keeps UTC, and was taken to keep TAI", "--phc-offset 0"),
        Scale::Utc | Scale::Given if is_tai(apart) => {
            found("it keeps TAI, and was taken to keep UTC", "--phc-offset 37")
        }
        _ => found("it is wrong; it has no part in the result", SETTERS),
    }
}
