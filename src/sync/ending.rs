//! When a run has heard enough.

use std::time::Duration;

use super::servers::Asked;
use crate::estimate::{Assessment, Candidate, Contender, Verdict, assess};
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
    /// The bound is as small as was asked for, whatever the servers say that have not said anything, or two things.
    Accurate,
}

/// What a look came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// No more has to be heard.
    End(End),
    /// More has to be heard; look again at this raw monotonic time, though nothing may have come.
    Again(Option<Duration>),
}

/// Looks from time to time whether a run may end before every server has had its say.
///
/// A vote that is still open counts as if a liar had it: for no majority against the one that is there, and for every point that
/// would widen the bound.
pub(super) struct Ending<'a> {
    plan: &'a Plan,
    asked: &'a [Asked],
    /// What was known at the last look: requests answered, and exchanges that went on.
    looked_at: (usize, usize),
    /// No look before this raw monotonic time.
    next_look: Duration,
    /// Since when the run could end.
    settled_at: Option<Duration>,
}

impl<'a> Ending<'a> {
    pub(super) fn new(plan: &'a Plan, asked: &'a [Asked]) -> Ending<'a> {
        Ending { plan, asked, looked_at: (0, asked.len()), next_look: Duration::ZERO, settled_at: None }
    }

    /// Whether the run may end at the raw monotonic time `now`, and why.
    pub(super) fn look(&mut self, exchange: &Exchange, now: Duration) -> Look {
        let known = (exchange.progress().0, exchange.active());
        let mut again = None;
        if known != self.looked_at && now < self.next_look {
            again = Some(self.next_look);
        } else if known != self.looked_at {
            if known.0 != self.looked_at.0 && self.is_accurate(exchange, now) {
                return Look::End(End::Accurate);
            }
            let since = self.settled_at.unwrap_or(now);
            self.settled_at = self.is_settled(exchange, now).then_some(since);
            (self.looked_at, self.next_look) = (known, now + LOOK);
        }
        let Some(over) = self.settled_at.map(|since| since + grace(exchange)) else { return Look::Again(again) };
        if now < over {
            return Look::Again(Some(again.map_or(over, |again| again.min(over))));
        }
        // What came within the last milliseconds may have changed it.
        if self.is_settled(exchange, now) {
            return Look::End(End::Settled);
        }
        self.settled_at = None;
        Look::Again(again)
    }

    /// Whether the answer is already as good as --accuracy wants.
    fn is_accurate(&self, exchange: &Exchange, now: Duration) -> bool {
        let Some(accuracy) = self.plan.unattended.accuracy else { return false };
        let assessment = self.assess(exchange, End::Accurate, now);
        assessment.estimate.is_ok_and(|estimate| estimate.bound <= accuracy)
    }

    /// Whether a run that sets the clock gains nothing by waiting on: the open votes cannot overturn the majority, and the
    /// bound that holds in spite of them is at most twice what the narrowest server of the majority claims. One of that majority
    /// is honest, so the error is at most twice an honest bound then, whoever answered first.
    fn is_settled(&self, exchange: &Exchange, now: Duration) -> bool {
        if self.plan.is_dry() || exchange.active() == 0 || exchange.active() == self.asked.len() {
            return false;
        }
        let Assessment { peers, verdicts, estimate } = self.assess(exchange, End::Settled, now);
        let agrees = |verdict: &Verdict| matches!(verdict, Verdict::Truechimer | Verdict::Outlier);
        let agreeing = peers.iter().zip(&verdicts).filter(|(_, verdict)| agrees(verdict));
        let narrowest = agreeing.filter_map(|(peer, _)| Some(peer.as_ref()?.root_distance)).min();
        estimate.is_ok_and(|estimate| narrowest.is_some_and(|narrowest| estimate.bound <= narrowest * 2))
    }

    fn assess(&self, exchange: &Exchange, end: End, now: Duration) -> Assessment {
        assess(&contenders(exchange.standings(), self.asked, end), &self.plan.rules, now)
    }
}

/// The servers as voters, after such an end; of each what was measured, and whether its exchange went on.
pub(super) fn contenders<'a>(
    measured: impl Iterator<Item = (&'a Candidate, bool)>,
    asked: &'a [Asked],
    end: End,
) -> Vec<Contender<'a>> {
    let contender = |((candidate, is_active), asked): ((&'a Candidate, bool), &'a Asked)| {
        let is_open = match end {
            End::Complete => false,
            End::Settled => is_active,
            End::Accurate => is_active && (candidate.samples.is_empty() || candidate.contradicts_itself()),
        };
        Contender { candidate, names: &asked.names, is_open }
    };
    measured.zip(asked).map(contender).collect()
}

fn grace(exchange: &Exchange) -> Duration {
    let delays = exchange.standings().flat_map(|(candidate, _)| &candidate.samples).map(|sample| sample.delay);
    let longest: Interval = delays.max().unwrap_or_default();
    (GRACE + longest.to_duration()).min(MAX_GRACE)
}
