//! The pipeline: from a plan to an outcome.

mod ending;
mod remember;
mod servers;

use std::time::Duration;

use crate::diagnosis::Evidence;
use crate::discipline::History;
use crate::estimate::{Estimate, NoEstimate, assess};
use crate::exchange::{Action, Contact, Exchange, Trace};
use crate::hwclock::adjtime::Kept;
use crate::hwclock::follow::{Chip, follow};
use crate::hwclock::functions::Open;
use crate::hwclock::record::Shelf;
use crate::hwclock::zone::Zone;
use crate::net::{Event, Fault, FaultKind};
use crate::outcome::{Conclusion, Outcome, RtcResult, Server};
use crate::plan::Plan;
use crate::policy::Decision;
use crate::system::{Clock, Network, Progress, Resolver};
use crate::time::Interval;
use crate::wire::{Key, NtpTimestamp};

use ending::{End, Ending, Look, contenders};
pub(crate) use servers::expand;

use servers::Asked;

/// Samples younger than this need no confirmation before the clock is set.
const FRESH: Duration = Duration::from_millis(100);
/// How long a confirmation is waited for.
const REFRESH: Duration = Duration::from_millis(500);

/// What a run works on.
pub struct System<'a> {
    /// The clock to read and set.
    pub clock: &'a mut dyn Clock,
    /// The way to the servers.
    pub network: &'a mut dyn Network,
    /// The way from names to addresses.
    pub resolver: &'a dyn Resolver,
    /// Random numbers that nobody can guess; nothing where there are none, for without them replies could be forged.
    pub nonce: &'a mut dyn FnMut() -> Option<u64>,
    /// What the servers have to prove that they know.
    pub key: Option<&'a Key>,
    /// The way to the RTC.
    pub open_rtc: &'a mut Open<'a>,
    /// The way to the adjtime file.
    pub shelf: &'a dyn Shelf,
    /// What an RTC in local time shows.
    pub local: &'a dyn Zone,
    /// Whom to tell how far the run is.
    pub progress: &'a mut dyn Progress,
}

/// Does what the plan says.
pub fn run(plan: &Plan, system: &mut System<'_>) -> Outcome {
    run_after(plan, system, None)
}

/// Does what the plan says, in the light of earlier runs where they are given: their lesson is in the outcome.
pub fn run_after(plan: &Plan, system: &mut System<'_>, earlier: Option<&History>) -> Outcome {
    let started = system.clock.now();
    let hosts = servers::find(plan, system.resolver);
    let asked = servers::servers(plan, &hosts);
    let heard = converse(plan, system, &asked, started.raw + plan.deadline);
    let trace = heard.trace;
    let (servers, estimate) = judge(plan, heard.contacts, &asked, heard.end, system.clock.now().raw);
    let (mut warnings, mut taught) = (Vec::new(), None);
    let conclusion = match estimate {
        _ if servers.is_empty() => Conclusion::NobodyToAsk,
        Err(none) => Conclusion::NoEstimate(none),
        Ok(mut estimate) => {
            taught = earlier.and_then(|earlier| remember::teach(earlier, &servers, &mut estimate, system.clock));
            let decision = plan.policy.decide(estimate.offset, system.clock.now().real);
            // The rate first: should the run end here, the clock is no worse for it.
            let tuned = taught.as_mut().map_or(Ok(()), |taught| remember::tune(system.clock, decision, taught));
            let failure = tuned.and_then(|()| set(system.clock, decision, &estimate)).err();
            Conclusion::Decided { estimate, decision, failure }
        }
    };
    let rtc = set_rtc(plan, system, &conclusion);
    warnings.extend(mark_synced(plan, system.clock, &conclusion, rtc.as_ref()).err());
    let finished = system.clock.now().real;
    Outcome { started: started.real, finished, hosts, servers, trace, conclusion, rtc, warnings, taught }
}

/// What came of asking the servers.
struct Heard {
    contacts: Vec<Contact>,
    trace: Trace,
    end: End,
}

/// Asks the servers until all is said, or nothing more can change what is found, or `deadline`, a raw monotonic time, is there.
fn converse(plan: &Plan, system: &mut System<'_>, asked: &[Asked], deadline: Duration) -> Heard {
    let addresses: Vec<_> = asked.iter().map(|server| server.address).collect();
    let mut exchange =
        Exchange::new(&addresses, plan.pace.clone(), system.clock.now().raw, deadline).with_key(system.key.cloned());
    for (server, address) in addresses.iter().enumerate() {
        if let Err(fault) = system.network.open(*address, plan.source_port) {
            exchange.failed(server, fault, system.clock.now().raw);
        }
    }
    let mut ending = Ending::new(plan, asked);
    let end = exchange_until(system, &mut exchange, |exchange, now| ending.look(exchange, now));
    if !plan.is_dry() {
        refresh(system, &mut exchange);
    }
    let (contacts, trace) = exchange.finish(&system.clock.now());
    Heard { contacts, trace, end }
}

/// Servers that were heard some time ago are asked once more before the clock is set: if this machine stood still while it
/// waited for others, what they said no longer holds, and nothing but a server can tell.
fn refresh(system: &mut System<'_>, exchange: &mut Exchange) {
    let now = system.clock.now().raw;
    if exchange.refresh(now.saturating_sub(FRESH), now) > 0 {
        exchange_until(system, exchange, |exchange, time| {
            let is_over = !exchange.is_refreshing() || time >= now + REFRESH;
            if is_over { Look::End(End::Complete) } else { Look::Again(Some(now + REFRESH)) }
        });
    }
}

/// Sends, waits and receives until `look` says so, or all is said.
fn exchange_until(
    system: &mut System<'_>,
    exchange: &mut Exchange,
    mut look: impl FnMut(&Exchange, Duration) -> Look,
) -> End {
    let mut events = Vec::new();
    loop {
        let now = system.clock.now().raw;
        match exchange.next(now) {
            Action::Send(server) => {
                if let Err(fault) = send(system, exchange, server) {
                    exchange.failed(server, fault, now);
                }
            }
            Action::Wait(until) => {
                let until = match look(exchange, now) {
                    Look::End(end) => return end,
                    Look::Again(at) => at.map_or(until, |at| until.min(at)),
                };
                system.network.wait(until.saturating_sub(now), &mut events);
                take_in(&mut events, exchange, &*system.clock);
                let (replies, most) = exchange.progress();
                system.progress.replies(replies, most);
            }
            Action::Done => return End::Complete,
        }
    }
}

fn send(system: &mut System<'_>, exchange: &mut Exchange, server: usize) -> Result<(), Fault> {
    let nonce = (system.nonce)().ok_or(Fault { kind: FaultKind::NoRandom, reporter: None })?;
    let request = exchange.request(server, NtpTimestamp::from_bits(nonce), system.clock.now());
    system.network.send(server, &request)
}

fn take_in(events: &mut Vec<Event>, exchange: &mut Exchange, clock: &dyn Clock) {
    for event in events.drain(..) {
        match event {
            Event::Sent { socket, number, at } => exchange.sent(socket, number, at),
            Event::Received { socket, datagram, at } => exchange.received(socket, &datagram, at, clock.now()),
            Event::Flooded { socket } => exchange.flooded(socket),
            Event::Rumoured { socket, fault } => exchange.rumoured(socket, fault),
            Event::Failed { socket, fault } => exchange.failed(socket, fault, clock.now().raw),
        }
    }
}

fn judge(
    plan: &Plan,
    contacts: Vec<Contact>,
    asked: &[Asked],
    end: End,
    now: Duration,
) -> (Vec<Server>, Result<Estimate, NoEstimate>) {
    let measured = contacts.iter().map(|contact| (&contact.candidate, !contact.is_finished));
    let assessment = assess(&contenders(measured, asked, end), &plan.rules, now);
    let judged = assessment.peers.into_iter().zip(assessment.verdicts);
    let servers = contacts
        .into_iter()
        .zip(judged)
        .map(|(contact, (peer, verdict))| Server { contact, peer, verdict, evidence: Evidence::default() })
        .collect();
    (servers, assessment.estimate)
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

/// The RTC after the clock. It gets true time: what the clock does not show yet, because it is slewed, or because nothing
/// was set in a dry run, is added.
fn set_rtc(plan: &Plan, system: &mut System<'_>, conclusion: &Conclusion) -> Option<RtcResult> {
    let Conclusion::Decided { estimate, decision, failure: None } = conclusion else { return None };
    let correction = match decision {
        Decision::Refuse(_) => return None,
        Decision::Step if !plan.is_dry() => Interval::ZERO,
        Decision::Step | Decision::Slew => estimate.offset,
    };
    let mut chip = Chip { open: system.open_rtc, shelf: system.shelf, local: system.local };
    Some(follow(plan.rtc.as_ref()?, &*system.clock, &mut chip, correction))
}
