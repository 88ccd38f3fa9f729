//! When a run has heard enough.

use std::time::Duration;

use super::roster::Roster;
use super::servers::Asked;
use crate::estimate::{Assessment, Candidate, Contender, Verdict, assess};
use crate::exchange::Standings;
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
    /// What was known at the last look: requests answered, exchanges that went on, and how often names had changed.
    looked_at: (usize, usize, usize),
    /// No look before this raw monotonic time.
    next_look: Duration,
    /// Since when the run could end.
    settled_at: Option<Duration>,
}

impl<'a> Ending<'a> {
    pub(super) fn new(plan: &'a Plan) -> Ending<'a> {
        Ending { plan, looked_at: (0, 0, 0), next_look: Duration::ZERO, settled_at: None }
    }

    /// Whether the run may end at the raw monotonic time `now`, and why.
    pub(super) fn look(&mut self, standings: &dyn Standings, roster: &Roster<'_>, now: Duration) -> Look {
        let known = (standings.progress().0, standings.active(), roster.changes());
        let mut again = None;
        // Before the first reply there is nothing to look at.
        if known.0 == 0 {
            return Look::Again(None);
        }
        if known != self.looked_at && now < self.next_look {
            again = Some(self.next_look);
        } else if known != self.looked_at {
            // A name that leads nowhere has no vote any more, either.
            let is_better = (known.0, known.2) != (self.looked_at.0, self.looked_at.2);
            if is_better && self.is_accurate(standings, roster, now) {
                return Look::End(End::Accurate);
            }
            let since = self.settled_at.unwrap_or(now);
            self.settled_at = self.is_settled(standings, roster, now).then_some(since);
            (self.looked_at, self.next_look) = (known, now + LOOK);
        }
        let Some(over) = self.settled_at.map(|since| since + grace(standings)) else { return Look::Again(again) };
        if now < over {
            return Look::Again(Some(again.map_or(over, |again| again.min(over))));
        }
        // What came within the last milliseconds may have changed it.
        if self.is_settled(standings, roster, now) {
            return Look::End(End::Settled);
        }
        self.settled_at = None;
        Look::Again(again)
    }

    /// Whether the answer is already as good as --accuracy wants.
    fn is_accurate(&self, standings: &dyn Standings, roster: &Roster<'_>, now: Duration) -> bool {
        let Some(accuracy) = self.plan.unattended.accuracy else { return false };
        let assessment = self.assess(standings, roster, End::Accurate, now);
        assessment.estimate.is_ok_and(|estimate| estimate.bound <= accuracy)
    }

    /// Whether a run that sets the clock gains nothing by waiting on: the open votes cannot overturn the majority, and the
    /// bound that holds in spite of them is at most twice what the narrowest server of the majority claims. One of that majority
    /// is honest, so the error is at most twice an honest bound then, whoever answered first.
    fn is_settled(&self, standings: &dyn Standings, roster: &Roster<'_>, now: Duration) -> bool {
        let is_complete = standings.active() == 0 && roster.missing().is_empty();
        if self.plan.is_dry() || is_complete || standings.active() == roster.asked().len() {
            return false;
        }
        let Assessment { peers, verdicts, estimate } = self.assess(standings, roster, End::Settled, now);
        let agrees = |verdict: &Verdict| matches!(verdict, Verdict::Truechimer | Verdict::Outlier);
        let agreeing = peers.iter().zip(&verdicts).filter(|(_, verdict)| agrees(verdict));
        let narrowest = agreeing.filter_map(|(peer, _)| Some(peer.as_ref()?.root_distance)).min();
        estimate.is_ok_and(|estimate| narrowest.is_some_and(|narrowest| estimate.bound <= narrowest * 2))
    }

    fn assess(&self, standings: &dyn Standings, roster: &Roster<'_>, end: End, now: Duration) -> Assessment {
        let missing = roster.missing();
        assess(&contenders(standings.measured().into_iter(), roster.asked(), &missing, end), &self.plan.rules, now)
    }
}

/// A server that nobody knows yet.
static UNKNOWN: Candidate = Candidate {
    samples: Vec::new(),
    kiss: None,
    untrusted: false,
    is_overtaken: false,
    contested: None,
    wrong_time: None,
};

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
            End::Accurate => is_active && (candidate.samples.is_empty() || candidate.contradicts_itself()),
        };
        Contender { candidate, names: &asked.names, is_open }
    };
    let unknown =
        |name| Contender { candidate: &UNKNOWN, names: std::slice::from_ref(name), is_open: end != End::Complete };
    measured.zip(asked).map(contender).chain(missing.iter().map(unknown)).collect()
}

fn grace(standings: &dyn Standings) -> Duration {
    let delays =
        standings.measured().into_iter().flat_map(|(candidate, _)| &candidate.samples).map(|sample| sample.delay);
    let longest: Interval = delays.max().unwrap_or_default();
    (GRACE + longest.to_duration()).min(MAX_GRACE)
}
