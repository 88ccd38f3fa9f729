//! The pipeline: from a plan to an outcome.

mod asking;
mod confirm;
mod ending;
mod establish;
mod leap;
mod learn;
mod observe;
mod roster;
mod servers;
mod system;

use std::time::Duration;

use crate::discipline::History;
use crate::estimate::{Estimate, NoEstimate, assess};
use crate::evidence::Evidence;
use crate::exchange::{Contact, Trace};
use crate::machine::{Clock, DialogueError};
use crate::net::ResolveError;
use crate::outcome::{Conclusion, Outcome, RtcResult, Server, Taught};
use crate::plan::Plan;
use crate::policy::{Decision, Refusal};
use crate::rtc::adjtime::Kept;
use crate::run::rtc::{Chip, follow};
use crate::time::Interval;

use asking::{Heard, converse};
use ending::{End, contenders};
use roster::Roster;
pub(crate) use roster::expand;
use servers::Asked;
pub use system::System;

/// Does what the plan says. Fails where it is not known what the servers said, and sets nothing then.
pub fn run(plan: &Plan, system: &mut System<'_>) -> Result<Outcome, DialogueError> {
    run_after(plan, system, None)
}

/// Does what the plan says, in the light of earlier runs where they are given: their update is in the outcome. Fails where it is not
/// known what the servers said, and sets nothing then.
pub fn run_after(plan: &Plan, system: &mut System<'_>, earlier: Option<&History>) -> Result<Outcome, DialogueError> {
    let started = system.clock.now();
    let mut roster = Roster::begin(plan, system.resolver, system.keys, system.nts, &started);
    let Heard { contacts, trace, end } = converse(plan, system, &mut roster, started.raw + plan.deadline)?;
    let missing = roster.missing();
    let why = if end == End::Complete { ResolveError::TimedOut } else { ResolveError::NotAwaited };
    roster.give_up(&system.clock.now(), why);
    let (hosts, asked, order, nts) = roster.finish();
    let now = system.clock.now().raw;
    let mut judge = |contacts| judge(plan, contacts, (&asked, &missing), (end, now));
    let judged = judge(contacts);
    let ((servers, estimate), lone) = confirm::confirm(plan, system, (&nts, &asked), judged, &mut judge)?;
    let (servers, estimate, trace) = in_order(&order, servers, estimate, trace);
    let (conclusion, taught) = match estimate {
        _ if servers.is_empty() => (Conclusion::NobodyToAsk, None),
        Err(none) => (Conclusion::NoEstimate(none), None),
        Ok(mut estimate) => {
            let taught = earlier.and_then(|earlier| learn::teach(earlier, &servers, &mut estimate, system.clock));
            decide(plan, system.clock, estimate, taught, lone)
        }
    };
    confirm::close((&nts, &asked, &order), &servers, &conclusion, system.clock);
    let (rtc, mut warnings) = (set_rtc(plan, system, &conclusion), Vec::new());
    warnings.extend(mark_synced(plan, system.clock, &conclusion, rtc.as_ref()).err());
    if let Conclusion::Decided { decision, failure: None, .. } = &conclusion {
        let names: Vec<&[usize]> = order.iter().map(|place| asked[*place].names.as_slice()).collect();
        warnings.extend(leap::pass_on(plan, system.clock, (&servers, &names), *decision, taught.as_ref()));
    }
    Ok(Outcome {
        started: started.real,
        finished: system.clock.now().real,
        port: plan.port,
        hosts,
        clocks: Vec::new(),
        servers,
        trace,
        conclusion,
        rtc,
        warnings,
        taught,
    })
}

/// Decides by an estimate what to do, and does it: first the rate that was learned, then the offset. `lone`: one name alone vouches
/// for the time.
fn decide(
    plan: &Plan,
    clock: &mut dyn Clock,
    estimate: Estimate,
    mut taught: Option<Taught>,
    lone: bool,
) -> (Conclusion, Option<Taught>) {
    let decision = plan.policy.decide_within(estimate.offset, estimate.bound, clock.now().real);
    let decision = if lone { refuse_lone(decision) } else { decision };
    // The rate first: should the run end here, the clock is no worse for it.
    let tuned = taught.as_mut().map_or(Ok(()), |taught| learn::tune(plan, clock, decision, taught));
    let failure = tuned.and_then(|()| set(clock, decision, &estimate)).err();
    if let (Decision::Step, None, Some(taught)) = (decision, &failure, &mut taught) {
        taught.update.history.note_step(estimate.offset);
    }
    (Conclusion::Decided { estimate, decision, failure }, taught)
}

/// A time that one name alone vouches for, by a certificate that fits no other, is not set.
fn refuse_lone(decision: Decision) -> Decision {
    match decision {
        Decision::Refuse(_) => decision,
        Decision::Step | Decision::Slew => Decision::Refuse(Refusal::LoneCertificate),
    }
}

fn judge(
    plan: &Plan,
    contacts: Vec<Contact>,
    (asked, missing): (&[Asked], &[usize]),
    (end, now): (End, Duration),
) -> (Vec<Server>, Result<Estimate, NoEstimate>) {
    let measured = contacts.iter().map(|contact| (&contact.candidate, !contact.is_finished));
    let assessment = assess(&contenders(measured, asked, missing, end), &plan.rules, now);
    let judged = assessment.peers.into_iter().zip(assessment.verdicts);
    let servers = contacts
        .into_iter()
        .zip(judged)
        .map(|(contact, (peer, verdict))| Server { contact, peer, verdict, evidence: Evidence::default() })
        .collect();
    (servers, assessment.estimate)
}

/// All that counts servers, in the order of their names: it does not matter to a reader which name came first.
fn in_order(
    order: &[usize],
    servers: Vec<Server>,
    mut estimate: Result<Estimate, NoEstimate>,
    mut trace: Trace,
) -> (Vec<Server>, Result<Estimate, NoEstimate>, Trace) {
    let mut rank = vec![0; order.len()];
    order.iter().enumerate().for_each(|(rank_of, place)| rank[*place] = rank_of);
    let renumber = |server: &mut usize| *server = rank.get(*server).copied().unwrap_or(*server);
    let mut sorted: Vec<(usize, Server)> = servers.into_iter().enumerate().collect();
    sorted.sort_by_key(|(place, _)| rank.get(*place).copied());
    match &mut estimate {
        Ok(estimate) => renumber(&mut estimate.system_peer),
        Err(NoEstimate::NoMajority(split)) => split.offsets.iter_mut().for_each(|(server, _)| renumber(server)),
        Err(_) => {}
    }
    trace.events.iter_mut().for_each(|(server, _)| renumber(server));
    (sorted.into_iter().map(|(_, server)| server).collect(), estimate, trace)
}

/// Tells the kernel how good the clock is now: what a slew has still to add counts as an error. From then on the kernel writes
/// UTC into the RTC, which must not happen to one that has just been set to local time.
fn mark_synced(
    plan: &Plan,
    clock: &mut dyn Clock,
    conclusion: &Conclusion,
    rtc: Option<&RtcResult>,
) -> Result<(), String> {
    let Conclusion::Decided { estimate, decision, failure: None } = conclusion else { return Ok(()) };
    if !plan.unattended.mark_synced {
        return Ok(());
    }
    if matches!(rtc, Some(RtcResult::Written(written)) if written.kept == Kept::Local) {
        return Err(
            "the clock is not marked as synchronised: the RTC is in local time, and the kernel would write UTC into it"
                .to_owned(),
        );
    }
    let rest = match decision {
        Decision::Step => Interval::ZERO,
        Decision::Slew => estimate.offset.abs(),
        Decision::Refuse(_) => return Ok(()),
    };
    let marked = clock.mark_synced(estimate.bound + rest, estimate.jitter + rest);
    marked.map_err(|error| format!("the clock is set, but not marked as synchronised: {error}"))
}

fn set(clock: &mut dyn Clock, decision: Decision, estimate: &Estimate) -> Result<(), String> {
    match decision {
        Decision::Step => clock.step(estimate.offset),
        Decision::Slew => clock.slew(estimate.offset),
        Decision::Refuse(_) => Ok(()),
    }
    .map_err(|error| error.to_string())
}

/// Sets the RTC after the clock; whoever reads packets is gone by then. The RTC gets true time: what the clock does not show yet, because it is slewed, or because nothing
/// was set in a dry run, is added.
fn set_rtc(plan: &Plan, system: &mut System<'_>, conclusion: &Conclusion) -> Option<RtcResult> {
    let Conclusion::Decided { estimate, decision, failure: None } = conclusion else { return None };
    let rtc = plan.rtc.as_ref()?;
    let correction = match decision {
        Decision::Refuse(_) => return None,
        Decision::Step if !plan.is_dry() => Interval::ZERO,
        Decision::Step | Decision::Slew => estimate.offset,
    };
    if !plan.may_measure_again() {
        system.servers.dismiss();
    }
    let mut chip = Chip { open: system.open_rtc, store: system.store, local: system.local };
    Some(follow(rtc, &*system.clock, &mut chip, correction))
}
