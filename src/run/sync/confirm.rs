//! Certificates at the time that was obtained, before anything is set (RFC 8915 §8.5).

use super::System;
use super::establish::{Closed, Establish};
use super::servers::Asked;
use crate::estimate::{Estimate, NoEstimate, Verdict, WrongTime};
use crate::exchange::Contact;
use crate::machine::{Clock, DialogueError};
use crate::nts::KeyFailure;
use crate::nts::boot::{Agreeing, Standing, may_set};
use crate::outcome::{Conclusion, Server};
use crate::plan::Plan;
use crate::policy::Decision;
use crate::time::Time;

/// What the selection came to.
type Judged = (Vec<Server>, Result<Estimate, NoEstimate>);

/// Looks at the chain of every server whose vote counts at the time on which they agree, takes the votes of those whose chain is not
/// valid then, and has the others judged anew, until all are. Says besides whether one name alone vouches for the time by a
/// certificate that fits no other.
pub(super) fn confirm(
    plan: &Plan,
    system: &mut System<'_>,
    (nts, asked): (&Establish<'_>, &[Asked]),
    mut judged: Judged,
    judge: &mut dyn FnMut(Vec<Contact>) -> Judged,
) -> Result<(Judged, bool), DialogueError> {
    // Each round takes a vote.
    for _ in 0..=asked.len() {
        let (mut servers, estimate) = judged;
        let Ok(found) = &estimate else { return Ok(((servers, estimate), false)) };
        let wrong = wrong_times(system, found, (nts, asked), &servers)?;
        if wrong.is_empty() {
            let lone = !may_set(&agreeing(plan, nts, asked, &servers), plan.nts.first_is_enough);
            return Ok(((servers, estimate), lone));
        }
        for (place, wrong) in wrong {
            if let Some(server) = servers.get_mut(place) {
                server.contact.candidate.wrong_time = Some(wrong);
            }
        }
        judged = judge(servers.into_iter().map(|server| server.contact).collect());
    }
    Ok((judged, true))
}

/// The servers that agree, by their places, and what is wrong with their certificates at the earliest and the latest time that it can
/// be.
fn wrong_times(
    system: &mut System<'_>,
    estimate: &Estimate,
    (nts, asked): (&Establish<'_>, &[Asked]),
    servers: &[Server],
) -> Result<Vec<(usize, WrongTime)>, DialogueError> {
    let obtained = system.clock.now().real + estimate.offset;
    let times = [obtained - estimate.bound, obtained + estimate.bound];
    let with_number = |place: usize| {
        let of = asked.get(place)?.nts?;
        // Saved keys are from a time when the clock was right.
        let exchanged = nts.standing(of).is_some_and(|standing| standing != Standing::Saved);
        Some((place, nts.number(of).filter(|_| exchanged)?))
    };
    let numbers: Vec<(usize, usize)> =
        (0..servers.len()).filter(|place| servers[*place].verdict.agrees()).filter_map(with_number).collect();
    let questions: Vec<(usize, Time)> =
        numbers.iter().flat_map(|(_, number)| times.map(|time| (*number, time))).collect();
    let answers = system.servers.check_chains(&questions)?;
    let places = numbers.iter().flat_map(|(place, _)| [*place; 2]);
    let wrong = places.zip(answers).filter_map(|(place, answer)| {
        let wrong = match answer.err()? {
            KeyFailure::Expired { .. } => WrongTime::Expired,
            KeyFailure::NotYetValid { .. } => WrongTime::NotYetValid,
            _ => WrongTime::Unknown,
        };
        Some((place, wrong))
    });
    Ok(wrong.collect())
}

/// The servers that agree and have to prove themselves by NTS, and how each did. A server that proved itself otherwise, or had to
/// prove nothing, leaves the matter to the other rules.
fn agreeing(plan: &Plan, nts: &Establish<'_>, asked: &[Asked], servers: &[Server]) -> Vec<Agreeing> {
    let of = |(asked, server): (&Asked, &Server)| {
        let agrees = server.verdict.agrees() && !asked.names.is_empty();
        let standing = match asked.nts {
            Some(place) => nts.standing(place)?,
            None => Standing::Certified,
        };
        let hosts = || asked.names.iter().map(|number| plan.host_number(*number)).collect();
        agrees.then(|| Agreeing { names: hosts(), standing })
    };
    asked.iter().zip(servers).filter_map(of).collect()
}

/// Leaves what is left of keys and cookies for the next run; `order`: the places of the servers as they were asked.
pub(super) fn close(
    (nts, asked, order): (&Establish<'_>, &[Asked], &[usize]),
    servers: &[Server],
    conclusion: &Conclusion,
    clock: &dyn Clock,
) {
    let is_set =
        matches!(conclusion, Conclusion::Decided { decision: Decision::Step | Decision::Slew, failure: None, .. });
    let closed = order.iter().zip(servers).filter_map(|(place, server)| {
        let of = asked.get(*place)?.nts?;
        // What a later run takes for certain must have been so in this one.
        let is_confirmed = nts.standing(of) != Some(Standing::Provisional) || is_set && server.verdict.agrees();
        let may_keep = is_confirmed && server.contact.candidate.wrong_time.is_none();
        Some(Closed { place: of, contact: &server.contact, may_keep })
    });
    let closed: Vec<Closed<'_>> = closed.collect();
    let proved =
        |server: &Server| server.verdict.agrees() && server.contact.nts.as_ref().is_some_and(|nts| nts.passed > 0);
    let now = clock.now().real;
    let obtained = (is_set && servers.iter().any(proved)).then(|| {
        let agreeing = order.iter().zip(servers).filter(|(_, server)| proved(server));
        let standings = agreeing.filter_map(|(place, _)| nts.standing(asked.get(*place)?.nts?));
        let is_certain = standings.into_iter().any(|standing| standing != Standing::Provisional);
        (now + clock.pending_slew(), is_certain)
    });
    nts.close(&closed, now, obtained);
}

impl Verdict {
    /// Whether a server agrees with the majority.
    fn agrees(&self) -> bool {
        matches!(self, Verdict::Truechimer | Verdict::Outlier)
    }
}
