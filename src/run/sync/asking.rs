//! Asking the servers, for as long as it may change what is found.

use std::time::Duration;

use super::System;
use super::ending::{End, Ending, Look};
use super::roster::Roster;
use crate::exchange::{Contact, Standings, Trace};
use crate::machine::{Clock, Dialogue, DialogueError, Progress, Progressed};
use crate::plan::{Plan, RunMode};
use crate::time::Reading;

/// Samples younger than this need no confirmation before the clock is set.
const FRESH: Duration = Duration::from_millis(100);
/// How long a second answer is waited for where one answer would be all that there is: as long as four samples in a burst take.
const SECOND: Duration = Duration::from_millis(150);
/// How long a confirmation is waited for.
const REFRESH: Duration = Duration::from_millis(500);

/// What came of asking the servers.
pub(super) struct Heard {
    pub(super) contacts: Vec<Contact>,
    pub(super) trace: Trace,
    pub(super) end: End,
}

/// Asks the servers until all is said, or nothing more can change what is found, or `deadline`, a raw monotonic time, is there.
/// A server is asked as soon as its address is known. Fails where it is not known what they said.
pub(super) fn converse<'a>(
    plan: &'a Plan,
    system: &mut System<'_>,
    roster: &mut Roster<'a>,
    deadline: Duration,
) -> Result<Heard, DialogueError> {
    let now = system.clock.now();
    let mut dialogue = system.servers.begin(&plan.pace, deadline, &now);
    let is_watching = roster.descriptor().map(|names| dialogue.watch(names)).is_some();
    let mut asking = Asking { roster, ending: Ending::new(plan), deadline, is_watching };
    let clock = &*system.clock;
    let end = go_on(clock, system.progress, &mut *dialogue, &mut asking);
    asking.unwatch(&mut *dialogue);
    if is_one_answer_all(plan, dialogue.standings()) {
        let until = (clock.now().raw + SECOND).min(deadline);
        go_on(clock, system.progress, &mut *dialogue, &mut Listening { until });
    }
    if !plan.is_dry() {
        // Servers that were heard some time ago are asked once more before the clock is set: if this machine stood still while it
        // waited for others, what they said no longer holds, and nothing but a server can tell.
        let now = clock.now().raw;
        if dialogue.refresh(now.saturating_sub(FRESH), clock) {
            go_on(clock, system.progress, &mut *dialogue, &mut Refreshing { until: now + REFRESH });
        }
    }
    let (contacts, trace) = dialogue.finish(clock)?;
    Ok(Heard { contacts, trace, end })
}

/// Whether a single answer, which proves nothing, would decide: a box on the way can be faster than the server, whose own answer
/// comes after it and shows that there are two. A query shows what has come, and waits for nothing.
fn is_one_answer_all(plan: &Plan, standings: &dyn Standings) -> bool {
    let heard: Vec<usize> = standings.measured().iter().map(|(candidate, _)| candidate.samples.len()).collect();
    plan.mode != RunMode::Query && plan.key.is_none() && heard.iter().sum::<usize>() == 1
}

/// What a part of a run sends, waits and receives for.
trait Part {
    /// Takes in what has become known otherwise than from servers.
    fn take_in(&mut self, dialogue: &mut dyn Dialogue, now: &Reading);

    /// Whether servers have meanwhile said what is to be taken in before anything is waited for.
    fn is_behind(&self, _standings: &dyn Standings) -> bool {
        false
    }

    /// Until when, a raw monotonic time later than `now`, that is waited for though all servers have had their say.
    fn awaited_until(&self, standings: &dyn Standings, now: Duration) -> Option<Duration>;

    /// Whether it may end at the raw monotonic time `now`.
    fn look(&mut self, standings: &dyn Standings, now: Duration) -> Look;
}

/// All servers are asked, also those whose addresses become known meanwhile.
struct Asking<'a, 'b> {
    roster: &'b mut Roster<'a>,
    ending: Ending<'a>,
    deadline: Duration,
    is_watching: bool,
}

impl Asking<'_, '_> {
    fn unwatch(&mut self, dialogue: &mut dyn Dialogue) {
        if std::mem::take(&mut self.is_watching) {
            self.roster.descriptor().into_iter().for_each(|names| dialogue.unwatch(names));
        }
    }
}

impl Part for Asking<'_, '_> {
    fn take_in(&mut self, dialogue: &mut dyn Dialogue, now: &Reading) {
        self.roster.take_in(now);
        self.roster.establish(dialogue, now);
        match self.roster.is_open() {
            false => self.unwatch(dialogue),
            // More names may have become known.
            true if !self.is_watching => {
                self.is_watching = self.roster.descriptor().map(|names| dialogue.watch(names)).is_some();
            }
            true => {}
        }
        let known = dialogue.standings().servers();
        for asked in self.roster.asked().iter().skip(known) {
            match (asked.nts, self.roster.with_nts(asked)) {
                (_, Some(with)) => dialogue.ask_with_nts(asked.address, with, now.raw),
                (None, None) => dialogue.ask(asked.address, asked.key, now.raw),
                // Never without.
                (Some(_), None) => return,
            }
        }
    }

    fn is_behind(&self, standings: &dyn Standings) -> bool {
        self.roster.would_renew(standings)
    }

    fn awaited_until(&self, standings: &dyn Standings, now: Duration) -> Option<Duration> {
        let names = self.roster.awaited_until(standings.is_served()).map(|until| until.min(self.deadline));
        names.filter(|until| *until > now)
    }

    fn look(&mut self, standings: &dyn Standings, now: Duration) -> Look {
        self.ending.look(standings, self.roster, now)
    }
}

/// Servers that were asked once more are waited for until this raw monotonic time.
struct Refreshing {
    until: Duration,
}

impl Part for Refreshing {
    fn take_in(&mut self, _: &mut dyn Dialogue, _: &Reading) {}

    fn awaited_until(&self, _: &dyn Standings, _: Duration) -> Option<Duration> {
        None
    }

    fn look(&mut self, standings: &dyn Standings, now: Duration) -> Look {
        let is_over = !standings.is_refreshing() || now >= self.until;
        if is_over { Look::End(End::Complete) } else { Look::Again(Some(self.until)) }
    }
}

/// What may still come is listened for until this raw monotonic time.
struct Listening {
    until: Duration,
}

impl Part for Listening {
    fn take_in(&mut self, _: &mut dyn Dialogue, _: &Reading) {}

    fn awaited_until(&self, _: &dyn Standings, now: Duration) -> Option<Duration> {
        (now < self.until).then_some(self.until)
    }

    fn look(&mut self, _: &dyn Standings, now: Duration) -> Look {
        // Requests that are still to be sent, perhaps in seconds, are not waited for.
        if now >= self.until { Look::End(End::Complete) } else { Look::Again(Some(self.until)) }
    }
}

/// Sends, waits and receives until that part of the run is over, or all is said.
fn go_on(clock: &dyn Clock, progress: &mut dyn Progress, dialogue: &mut dyn Dialogue, part: &mut dyn Part) -> End {
    loop {
        let reading = clock.now();
        let now = reading.raw;
        part.take_in(dialogue, &reading);
        let servers = match dialogue.proceed(clock, now) {
            Progressed::Sent => continue,
            Progressed::Waits(until) => Some(until),
            Progressed::Done => None,
            Progressed::Broken => return End::Complete,
        };
        // Of a server that is done by its own word, new keys may yet be wanted.
        if part.is_behind(dialogue.standings()) {
            continue;
        }
        let awaited = [servers, part.awaited_until(dialogue.standings(), now)].into_iter().flatten().min();
        let Some(until) = awaited else { return End::Complete };
        let until = match part.look(dialogue.standings(), now) {
            Look::End(end) => return end,
            Look::Again(at) => at.map_or(until, |at| until.min(at)),
        };
        tell(progress, dialogue.standings());
        dialogue.wait(clock, until.saturating_sub(now));
        tell(progress, dialogue.standings());
    }
}

/// Before there is a server to ask names are looked up.
fn tell(progress: &mut dyn Progress, standings: &dyn Standings) {
    let (replies, most) = standings.progress();
    if most > 0 {
        progress.replies(replies, most);
    }
}
