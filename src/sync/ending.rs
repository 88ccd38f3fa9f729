//! When a run has heard enough.

use std::time::Duration;

use super::roster::{Asked, Roster};
use crate::estimate::{Assessment, Candidate, Contender, assess};
use crate::exchange::Exchange;
use crate::plan::Plan;
use crate::time::Interval;

/// The least time between two looks at what is known, so that many servers do not cost many looks.
const LOOK: Duration = Duration::from_millis(5);
/// How long the servers that are not needed any more are waited for at the least, and at the most: in between by the longest
/// round trip that was seen.
const GRACE: Duration = Duration::from_millis(50);
const MAX_GRACE: Duration = Duration::from_millis(500);

/// Why no more is heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Every server has had its say, or the time is up.
    Complete,
    /// Whatever the servers say that have not finished, the majority stays.
    Settled,
    /// The bound is as small as was asked for, whatever the servers say that have not said anything.
    Accurate,
}

/// Looks from time to time whether a run may end before every server has had its say.
///
/// A vote that is still open counts as if a liar had it: for no majority against the one that is there, and for every point that
/// would widen the bound.
pub(super) struct Ending<'a> {
    plan: &'a Plan,
    /// What was known at the last look: requests answered, and then exchanges that went on, servers, and names without one.
    looked_at: (usize, [usize; 3]),
    /// No look before this raw monotonic time.
    next_look: Duration,
    /// When to look again though nothing has come.
    wake: Option<Duration>,
    /// Since when the run could end.
    settled_at: Option<Duration>,
}

impl<'a> Ending<'a> {
    pub(super) fn new(plan: &'a Plan) -> Ending<'a> {
        Ending { plan, looked_at: (0, [0; 3]), next_look: Duration::ZERO, wake: None, settled_at: None }
    }

    /// When to look again, a raw monotonic time, though nothing may have come.
    pub(super) fn next_look(&self) -> Option<Duration> {
        self.wake
    }

    /// Whether the run may end at the raw monotonic time `now`, and why.
    pub(super) fn look(&mut self, exchange: &Exchange, roster: &Roster<'_>, now: Duration) -> Option<End> {
        let missing = roster.missing();
        let known = (exchange.progress().0, [exchange.active(), roster.asked().len(), missing.len()]);
        self.wake = None;
        if known != self.looked_at && now < self.next_look {
            self.wake = Some(self.next_look);
        } else if known != self.looked_at {
            if known.0 != self.looked_at.0 && self.is_accurate(exchange, roster, &missing) {
                return Some(End::Accurate);
            }
            if known.1 != self.looked_at.1 {
                let since = self.settled_at.unwrap_or(now);
                self.settled_at = self.is_settled(exchange, roster, &missing).then_some(since);
            }
            (self.looked_at, self.next_look) = (known, now + LOOK);
        }
        let over = self.settled_at? + grace(exchange);
        self.wake = Some(self.wake.unwrap_or(over).min(over));
        (now >= over).then_some(End::Settled)
    }

    /// Whether the answer is already as good as --accuracy wants.
    fn is_accurate(&self, exchange: &Exchange, roster: &Roster<'_>, missing: &[usize]) -> bool {
        let Some(accuracy) = self.plan.unattended.accuracy else { return false };
        let assessment = self.assess(exchange, roster.asked(), missing, End::Accurate);
        assessment.estimate.is_ok_and(|estimate| estimate.bound <= accuracy)
    }

    /// Whether a run that sets the clock gains nothing by waiting on: the open votes cannot overturn the majority, and the
    /// bound that holds in spite of them is at most twice the one without them.
    fn is_settled(&self, exchange: &Exchange, roster: &Roster<'_>, missing: &[usize]) -> bool {
        let asked = roster.asked();
        let is_complete = exchange.active() == 0 && missing.is_empty();
        if self.plan.is_dry() || is_complete || exchange.active() == asked.len() {
            return false;
        }
        let settled = self.assess(exchange, asked, missing, End::Settled);
        let Ok(whatever_comes) = settled.estimate else { return false };
        let heard = exchange.standings().map(|(candidate, active)| if active { &SILENT } else { candidate });
        let known = contenders(heard.map(|candidate| (candidate, false)), asked, &[], End::Complete);
        assess(&known, &self.plan.rules).estimate.is_ok_and(|known| whatever_comes.bound <= known.bound * 2)
    }

    fn assess(&self, exchange: &Exchange, asked: &[Asked], missing: &[usize], end: End) -> Assessment {
        assess(&contenders(exchange.standings(), asked, missing, end), &self.plan.rules)
    }
}

/// A server that has said nothing, and one that nobody knows yet.
static SILENT: Candidate = Candidate { samples: Vec::new(), kiss: None, untrusted: false, contested: None };

/// The servers as voters, after such an end; of each what was measured, and whether its exchange went on. Behind them those that
/// the names that are `missing` may yet lead to.
pub(super) fn contenders<'a>(
    measured: impl Iterator<Item = (&'a Candidate, bool)>,
    asked: &'a [Asked],
    missing: &'a [usize],
    end: End,
) -> Vec<Contender<'a>> {
    let contender = |((candidate, is_active), asked): ((&'a Candidate, bool), &'a Asked)| {
        let is_open = match end {
            End::Complete => false,
            End::Settled => is_active,
            End::Accurate => is_active && candidate.samples.is_empty(),
        };
        Contender { candidate, names: &asked.names, is_open }
    };
    let unknown =
        |name| Contender { candidate: &SILENT, names: std::slice::from_ref(name), is_open: end != End::Complete };
    measured.zip(asked).map(contender).chain(missing.iter().map(unknown)).collect()
}

fn grace(exchange: &Exchange) -> Duration {
    let delays = exchange.standings().flat_map(|(candidate, _)| &candidate.samples).map(|sample| sample.delay);
    let longest: Interval = delays.max().unwrap_or_default();
    (GRACE + longest.to_duration()).min(MAX_GRACE)
}
