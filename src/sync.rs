//! The pipeline: from a plan to an outcome.

mod ending;
mod remember;
mod roster;
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
use crate::net::{Event, Fault, FaultKind, ResolveError};
use crate::outcome::{Conclusion, Outcome, RtcResult, Server};
use crate::plan::Plan;
use crate::policy::Decision;
use crate::system::{Clock, Network, Progress, Resolver};
use crate::time::{Interval, Reading};
use crate::wire::{Key, NtpTimestamp};

use ending::{End, Ending, Look, contenders};
use roster::Roster;
pub(crate) use roster::expand;
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
    let mut roster = Roster::begin(plan, system.resolver, &started);
    let Heard { contacts, trace, end } = converse(plan, system, &mut roster, started.raw + plan.deadline);
    let missing = roster.missing();
    roster.give_up(
        &system.clock.now(),
        if end == End::Complete { ResolveError::TimedOut } else { ResolveError::NotAwaited },
    );
    let (hosts, asked, order) = roster.finish();
    let (servers, estimate) = judge(plan, contacts, (&asked, &missing), (end, system.clock.now().raw));
    let (servers, estimate, trace) = in_order(&order, servers, estimate, trace);
    let (mut warnings, mut taught) = (Vec::new(), None);
    let conclusion = match estimate {
        _ if servers.is_empty() => Conclusion::NobodyToAsk,
        Err(none) => Conclusion::NoEstimate(none),
        Ok(mut estimate) => {
            taught = earlier.and_then(|earlier| remember::teach(earlier, &servers, &mut estimate, system.clock));
            let decision = plan.policy.decide_within(estimate.offset, estimate.bound, system.clock.now().real);
            // The rate first: should the run end here, the clock is no worse for it.
            let tuned = taught.as_mut().map_or(Ok(()), |taught| remember::tune(system.clock, decision, taught));
            let failure = tuned.and_then(|()| set(system.clock, decision, &estimate)).err();
            Conclusion::Decided { estimate, decision, failure }
        }
    };
    let rtc = set_rtc(plan, system, &conclusion);
    warnings.extend(mark_synced(plan, system.clock, &conclusion, rtc.as_ref()).err());
    let finished = system.clock.now().real;
    Outcome {
        started: started.real,
        finished,
        port: plan.port,
        hosts,
        servers,
        trace,
        conclusion,
        rtc,
        warnings,
        taught,
    }
}

/// What came of asking the servers.
struct Heard {
    contacts: Vec<Contact>,
    trace: Trace,
    end: End,
}

/// Asks the servers until all is said, or nothing more can change what is found, or `deadline`, a raw monotonic time, is there.
/// A server is asked as soon as its address is known.
fn converse<'a>(plan: &'a Plan, system: &mut System<'_>, roster: &mut Roster<'a>, deadline: Duration) -> Heard {
    let start = system.clock.now().raw;
    let mut exchange = Exchange::new(&[], plan.pace.clone(), start, deadline).with_key(system.key.cloned());
    let is_watching = roster.descriptor().map(|names| system.network.watch(names)).is_some();
    let mut asking = Asking { plan, roster, ending: Ending::new(plan), deadline, is_watching };
    let end = exchange_until(system, &mut exchange, &mut asking);
    asking.unwatch(system.network);
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
        exchange_until(system, exchange, &mut Refreshing { until: now + REFRESH });
    }
}

/// What a part of a run sends, waits and receives for.
trait Part {
    /// Takes in what has become known otherwise than from servers.
    fn take_in(&mut self, network: &mut dyn Network, exchange: &mut Exchange, now: &Reading);

    /// Until when, a raw monotonic time later than `now`, that is waited for though all servers have had their say.
    fn awaited_until(&self, exchange: &Exchange, now: Duration) -> Option<Duration>;

    /// Whether it may end at the raw monotonic time `now`.
    fn look(&mut self, exchange: &Exchange, now: Duration) -> Look;
}

/// All servers are asked, also those whose addresses become known meanwhile.
struct Asking<'a, 'b> {
    plan: &'a Plan,
    roster: &'b mut Roster<'a>,
    ending: Ending<'a>,
    deadline: Duration,
    is_watching: bool,
}

impl Asking<'_, '_> {
    fn unwatch(&mut self, network: &mut dyn Network) {
        if std::mem::take(&mut self.is_watching) {
            self.roster.descriptor().into_iter().for_each(|names| network.unwatch(names));
        }
    }
}

impl Part for Asking<'_, '_> {
    fn take_in(&mut self, network: &mut dyn Network, exchange: &mut Exchange, now: &Reading) {
        self.roster.take_in(now);
        if !self.roster.is_open() {
            self.unwatch(network);
        }
        ask_new(self.plan, network, exchange, self.roster.asked(), now.raw);
    }

    fn awaited_until(&self, exchange: &Exchange, now: Duration) -> Option<Duration> {
        let names = self.roster.awaited_until(exchange.is_served()).map(|until| until.min(self.deadline));
        names.filter(|until| *until > now)
    }

    fn look(&mut self, exchange: &Exchange, now: Duration) -> Look {
        self.ending.look(exchange, self.roster, now)
    }
}

/// Servers that were asked once more are waited for until this raw monotonic time.
struct Refreshing {
    until: Duration,
}

impl Part for Refreshing {
    fn take_in(&mut self, _: &mut dyn Network, _: &mut Exchange, _: &Reading) {}

    fn awaited_until(&self, _: &Exchange, _: Duration) -> Option<Duration> {
        None
    }

    fn look(&mut self, exchange: &Exchange, now: Duration) -> Look {
        let is_over = !exchange.is_refreshing() || now >= self.until;
        if is_over { Look::End(End::Complete) } else { Look::Again(Some(self.until)) }
    }
}

/// Sends, waits and receives until that part of the run is over, or all is said.
fn exchange_until(system: &mut System<'_>, exchange: &mut Exchange, part: &mut dyn Part) -> End {
    let mut events = Vec::new();
    loop {
        let reading = system.clock.now();
        let now = reading.raw;
        part.take_in(system.network, exchange, &reading);
        let servers = match exchange.next(now) {
            Action::Send(server) => {
                if let Err(fault) = send(system, exchange, server) {
                    exchange.failed(server, fault, now);
                }
                continue;
            }
            Action::Wait(until) => Some(until),
            Action::Done => None,
        };
        let awaited = [servers, part.awaited_until(exchange, now)].into_iter().flatten().min();
        let Some(until) = awaited else { return End::Complete };
        let until = match part.look(exchange, now) {
            Look::End(end) => return end,
            Look::Again(at) => at.map_or(until, |at| until.min(at)),
        };
        tell(system.progress, exchange);
        system.network.wait(until.saturating_sub(now), &mut events);
        take_in(&mut events, exchange, &*system.clock);
        tell(system.progress, exchange);
    }
}

/// Opens a way to each server that has become known.
fn ask_new(plan: &Plan, network: &mut dyn Network, exchange: &mut Exchange, asked: &[Asked], now: Duration) {
    for (server, asked) in asked.iter().enumerate().skip(exchange.servers()) {
        exchange.add(asked.address, now);
        if let Err(fault) = network.open(asked.address, plan.source_port) {
            exchange.failed(server, fault, now);
        }
    }
}

/// Before there is a server to ask names are looked up.
fn tell(progress: &mut dyn Progress, exchange: &Exchange) {
    let (replies, most) = exchange.progress();
    if most > 0 {
        progress.replies(replies, most);
    }
}

fn send(system: &mut System<'_>, exchange: &mut Exchange, server: usize) -> Result<(), Fault> {
    let nonce = (system.nonce)().ok_or(Fault::here(FaultKind::NoRandom))?;
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
