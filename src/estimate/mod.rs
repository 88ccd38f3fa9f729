//! From samples to one estimate of the offset, and a verdict on each server (RFC 5905 §10 and §11). Pure.
//!
//! The selection keeps these promises as long as less than half of the votes that are cast lie, in whatever way: an answer is
//! always found; the truth lies within offset ± bound; the error is at most twice the widest honest bound, as it is when the clock
//! is set; and votes belong to names, however many addresses they have. Where nobody lies, far servers do not make the offset of a
//! near one worse. `tests/fast/agreement` tries to break each of them.
#![forbid(unsafe_code)]

mod combine;
mod consistency;
mod distance;
mod drop_reason;
mod filter;
mod majority;
mod sample;
mod votes;

use std::time::Duration;

pub use combine::Estimate;
pub use consistency::Consistency;
pub use distance::{DistancePart, TooDistant};
pub use drop_reason::{DropReason, WrongTime};
pub use filter::{Candidate, Limits, Peer};
pub use majority::Span;
pub use sample::{Kiss, LocalTimes, Rejection, Sample};
pub(crate) use votes::votes;

use majority::{Voter, agreeing, majority};

use crate::time::Interval;

/// How fast this machine's clock may go astray after a sample: the kernel's fastest slew, which an earlier run may have begun
/// (500 ppm, adjtime(3)), and an oscillator that is a good deal worse than usual.
const AGE_PPM: i128 = 600;

/// What became of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Agrees with the majority and has a part in the estimate.
    Truechimer,
    /// Agrees with the majority, and has no part in the estimate: too vague to count, or not sure to be right.
    Outlier,
    /// Contradicts the majority.
    Falseticker,
    /// Fit by itself, but the fit servers have no majority.
    Undecided,
    /// Could not have changed the result any more, and was not waited for.
    NotAwaited,
    /// Unfit by itself.
    Dropped(DropReason),
}

impl Verdict {
    /// The word for programs.
    pub const fn standing(self) -> &'static str {
        match self {
            Verdict::Truechimer => "truechimer",
            Verdict::Outlier => "outlier",
            Verdict::Falseticker => "falseticker",
            Verdict::Undecided => "undecided",
            Verdict::NotAwaited => "not-awaited",
            Verdict::Dropped(_) => "dropped",
        }
    }
}

/// The fit servers contradict each other and no group of them has the majority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoMajority {
    /// Each fit server, as its place among the candidates, and its offset, in order of the offsets.
    pub offsets: Vec<(usize, Interval)>,
}

/// Why there is no estimate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoEstimate {
    /// No server is fit.
    NoServer,
    /// The fit servers contradict each other.
    NoMajority(NoMajority),
    /// Fewer names agree than have to.
    TooFew {
        /// So many agree.
        agreeing: usize,
        /// So many have to.
        wanted: usize,
    },
}

/// A server that may vote.
#[derive(Clone, Copy, Debug)]
pub struct Contender<'a> {
    /// What was measured.
    pub candidate: &'a Candidate,
    /// The names that lead to it, as numbers; without any it has no vote.
    pub names: &'a [usize],
    /// Whether its vote is still open: it may yet say anything, or nothing.
    pub is_open: bool,
}

/// When the servers' agreement counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Where a server stops being fit.
    pub limits: Limits,
    /// So many names have to agree.
    pub min_agreeing: usize,
    /// The user gave one name: its servers are counted in place of names.
    pub lone_name: bool,
}

/// The result over all servers, which keep their order.
#[derive(Clone, Debug)]
pub struct Assessment {
    /// One for each candidate.
    pub peers: Vec<Option<Peer>>,
    /// One for each candidate.
    pub verdicts: Vec<Verdict>,
    /// The estimate, or why there is none.
    pub estimate: Result<Estimate, NoEstimate>,
}

/// Judges every contender and combines those that agree, at the raw monotonic time `now`. Where votes are open, the estimate's
/// bound holds whatever those servers would say; there is none if they could overturn the majority.
pub fn assess(contenders: &[Contender<'_>], rules: &Rules, now: Duration) -> Assessment {
    let limits = &rules.limits;
    let peers: Vec<Option<Peer>> = contenders.iter().map(|contender| contender.candidate.filter(limits)).collect();
    let judge = |(contender, peer): (&Contender<'_>, &Option<Peer>)| {
        // Whoever has shown only that he is not the server may be told so, though the server may yet answer.
        if contender.is_open && !(contender.candidate.untrusted && peer.is_none()) {
            return Verdict::NotAwaited;
        }
        let reason = contender.candidate.drop_reason(peer.as_ref(), limits);
        // Whoever has no vote is not to move the offset within what the others agree on, either.
        let reason = reason.or(contender.names.is_empty().then_some(DropReason::NoVote));
        reason.map_or(Verdict::Undecided, Verdict::Dropped)
    };
    let mut verdicts: Vec<Verdict> = contenders.iter().zip(&peers).map(judge).collect();
    let estimate = Count::of(contenders, &peers, &verdicts).estimate(&peers, &mut verdicts, rules, now);
    Assessment { peers, verdicts, estimate }
}

/// How far this machine's clock may have gone astray in this time.
fn astray(passed: Duration) -> Interval {
    sample::parts_per_million(passed.into(), AGE_PPM)
}

/// The votes of a run.
struct Count<'a> {
    /// The fit servers.
    voters: Vec<Voter<'a>>,
    /// The time for which their intervals hold: the middle one of the times of their samples.
    at: Duration,
    /// All votes: those of the fit, the open ones, and those for nothing at all.
    all: u64,
    /// The votes that are open.
    open: u64,
}

impl<'a> Count<'a> {
    /// Counts the votes. A server that was heard and has no one time, because its samples or two answers to one request
    /// contradict each other or this machine's clock was moved, has a vote for nothing: else whoever is left over would have its
    /// say.
    fn of(contenders: &[Contender<'a>], peers: &[Option<Peer>], verdicts: &[Verdict]) -> Count<'a> {
        let names: Vec<&[usize]> = contenders.iter().map(|contender| contender.names).collect();
        let is_fit = |server: usize| verdicts[server] == Verdict::Undecided;
        let is_heard = |server: usize| match verdicts[server] {
            Verdict::Dropped(DropReason::Contradiction { .. } | DropReason::Contested(_)) => true,
            Verdict::Dropped(DropReason::NoData) => contenders[server].candidate.is_overtaken,
            _ => is_fit(server),
        };
        let votes = votes::votes(&names, |server| is_heard(server) || contenders[server].is_open);
        let fit = || {
            (0..contenders.len())
                .filter(|server| is_fit(*server))
                .filter_map(|server| Some((server, peers[server].as_ref()?)))
        };
        let at = middle(fit().map(|(server, peer)| (peer.taken, votes[server])).collect());
        let voter = |(index, peer): (usize, &Peer)| {
            let reach = peer.root_distance + astray(peer.taken.abs_diff(at));
            Voter {
                index,
                low: peer.offset - reach,
                high: peer.offset + reach,
                votes: votes[index],
                names: names[index],
            }
        };
        let open = (0..contenders.len()).filter(|server| contenders[*server].is_open).map(|server| votes[server]).sum();
        Count { voters: fit().map(voter).collect(), at, all: votes.iter().sum(), open }
    }

    fn estimate(
        &self,
        peers: &[Option<Peer>],
        verdicts: &mut [Verdict],
        rules: &Rules,
        now: Duration,
    ) -> Result<Estimate, NoEstimate> {
        if self.voters.is_empty() {
            return Err(NoEstimate::NoServer);
        }
        // What no open vote can take away, and what open votes can add.
        let sure = majority(&self.voters, self.all, 0);
        let span = sure.and_then(|_| majority(&self.voters, self.all, self.open));
        let decided = span.and_then(|span| Some((span, combine::combine(&self.voters, peers, span)?)));
        let Some((span, combined)) = decided else { return Err(self.no_majority(peers)) };
        for voter in &self.voters {
            let touches = voter.low <= span.high && voter.high >= span.low;
            verdicts[voter.index] = if touches { Verdict::Outlier } else { Verdict::Falseticker };
        }
        combined.parts.iter().for_each(|part| verdicts[*part] = Verdict::Truechimer);
        let agreeing = agreeing(&self.voters, combined.offset, rules.lone_name);
        if agreeing < rules.min_agreeing {
            return Err(NoEstimate::TooFew { agreeing, wanted: rules.min_agreeing });
        }
        let system_peer = combined.parts[0];
        let since = astray(now.saturating_sub(self.at));
        let span = Span { low: span.low - since, high: span.high + since };
        Ok(Estimate {
            offset: combined.offset,
            bound: span.farther_end(combined.offset),
            span,
            jitter: peers[system_peer].as_ref().map_or(Interval::ZERO, |peer| peer.jitter),
            system_peer,
            agreeing,
            voters: self.size(rules.lone_name),
        })
    }

    /// How many names have a vote, or servers where one name stands alone.
    fn size(&self, lone_name: bool) -> usize {
        if lone_name {
            return self.voters.len();
        }
        let mut names: Vec<usize> = self.voters.iter().flat_map(|voter| voter.names).copied().collect();
        names.sort_unstable();
        names.dedup();
        names.len()
    }

    fn no_majority(&self, peers: &[Option<Peer>]) -> NoEstimate {
        let offset = |voter: &Voter<'_>| Some((voter.index, peers[voter.index].as_ref()?.offset));
        let mut offsets: Vec<(usize, Interval)> = self.voters.iter().filter_map(offset).collect();
        offsets.sort_unstable_by_key(|(_, offset)| *offset);
        NoEstimate::NoMajority(NoMajority { offsets })
    }
}

/// The time at which half of the votes are cast: no minority moves it out of the others' range.
fn middle(mut times: Vec<(Duration, u64)>) -> Duration {
    times.sort_unstable();
    let all: u64 = times.iter().map(|(_, votes)| votes).sum();
    let mut cast = 0;
    let half = times.iter().find(|(_, votes)| {
        cast += votes;
        cast * 2 >= all
    });
    half.map_or(Duration::ZERO, |(time, _)| *time)
}

#[cfg(test)]
mod tests;
