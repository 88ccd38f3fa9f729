//! What is wrong with a server, by what came of it.

use super::brackets;
use super::code::Code;
use super::dates::wrong_date;
use super::fit::{answers, fit};
use super::found::{Certainty, Diagnosis};
use super::majority::{falseticker, no_majority, outlier};
use super::{authentication, clock, fault, nts, reply, silence, sync_state};
use crate::estimate::{DropReason, Verdict};
use crate::outcome::{Outcome, Server};

/// Names the cause for one server of a run.
pub fn diagnose(server: &Server, outcome: &Outcome) -> Diagnosis {
    match server.contact.fault {
        // Whoever answers is reached: then a report, which may be forged too, explains no more than a lost packet.
        Some(fault) if is_unanswered(server) => {
            let report = fault.to_string();
            let found = silence::by_port(&report, server).unwrap_or_else(|| fault::diagnose(fault, server));
            brackets::doubt(found, server, outcome)
        }
        Some(fault) => {
            let mut diagnosis = judge(server, outcome);
            diagnosis.seen += &format!("; seen besides: {fault}");
            diagnosis
        }
        None => judge(server, outcome),
    }
}

/// Whether a fault may be all that there is to say.
fn is_unanswered(server: &Server) -> bool {
    server.contact.answered == 0 && server.verdict == Verdict::Dropped(DropReason::NoData)
}

fn judge(server: &Server, outcome: &Outcome) -> Diagnosis {
    let contact = &server.contact;
    if let Some(found) = outcome.clock(server).and_then(|clock| clock::judge(clock, server, outcome)) {
        return found;
    }
    match server.verdict {
        Verdict::Dropped(DropReason::Kiss(kiss)) => reply::kiss(kiss, contact),
        Verdict::Dropped(DropReason::NoData) if nts::is_refused(contact) => nts::refused(server),
        Verdict::Dropped(DropReason::Certificate(wrong)) => nts::wrong_dates(wrong, server),
        Verdict::Dropped(DropReason::NoData) => match contact.rejected {
            (count, Some(rejection)) => reply::rejected(rejection, count, server),
            _ => brackets::doubt(silence::diagnose(server), server, outcome),
        },
        Verdict::Dropped(DropReason::StrataTooHigh | DropReason::LeapNotInSync) => sync_state::diagnose(server),
        Verdict::Dropped(reason) => match &contact.authentication {
            Some(used) if reason == DropReason::Untrusted => authentication::unproven(server, used),
            None if reason == DropReason::Untrusted => match &contact.nts {
                Some(record) => nts::unproven(server, record),
                None => reply::unfit(reason, contact),
            },
            _ => reply::unfit(reason, contact),
        },
        Verdict::Falseticker => falseticker(server, outcome),
        Verdict::Undecided => no_majority(server, outcome),
        Verdict::Truechimer => wrong_date(server, outcome).unwrap_or_else(|| fit(server)),
        Verdict::Outlier => {
            let seen = format!("it agrees with the majority, and has no part in the offset: {}", answers(server));
            Diagnosis::new(Code::Outlier, Certainty::Certain, seen, outlier(server, outcome))
        }
        Verdict::NotAwaited => {
            let cause = "the others settled the time: whatever it says, the result stays within its bound";
            Diagnosis::new(Code::NotAwaited, Certainty::Certain, answers(server), cause)
        }
    }
}
