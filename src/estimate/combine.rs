//! The offset within what a majority covers, and the bound that may be claimed for it.

use super::filter::Peer;
use super::majority::{Span, Voter, common};
use crate::time::Interval;

/// What one stratum weighs in the order of the servers, in seconds of root distance (RFC 5905 §7.1, MAXDIST).
const STRATUM_WEIGHT: Interval = Interval::from_secs(1);
/// How many of the most exact servers' offsets are tried as a beginning: enough to find the right one, and few enough that the
/// work grows with the number of servers alone.
const BEGINNINGS: usize = 32;
/// The mean settles in three or four rounds; the rest is for odd cases.
const ROUNDS: usize = 20;
/// Halvings that find a variance to a hundredth of the largest that it can be, and more is not known of it.
const BISECTIONS: usize = 12;

/// What the clock should be moved by, and how sure that is.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// To be added to the local clock; positive: it is behind.
    pub offset: Interval,
    /// The error bound: the distance from the offset to the farther end of [`span`](Estimate::span). While more than half of the
    /// votes are honest, the truth lies within offset ± bound.
    pub bound: Interval,
    /// The hull of what a majority of the votes covers.
    pub span: Span,
    /// How far measurements differ: the system peer's jitter.
    pub jitter: Interval,
    /// The system peer, as its place among the candidates: of the servers with a part in the offset the one with the least
    /// stratum, then root distance.
    pub system_peer: usize,
    /// How many names agree on one point; where one name stands alone, how many of its servers.
    pub agreeing: usize,
    /// How many names, or servers of a lone name, have a vote.
    pub voters: usize,
}

impl Estimate {
    /// Moves the offset to what is known better, as far as the majority allows, and the bound with it.
    pub fn move_to(&mut self, offset: Interval) {
        self.offset = self.span.nearest(offset);
        self.bound = self.span.farther_end(self.offset);
    }
}

/// The offset that servers agree on.
pub(super) struct Combined {
    /// The offset.
    pub offset: Interval,
    /// The places of those that have a part in it, the best one first; never empty.
    pub parts: Vec<usize>,
}

/// A server in numbers relative to one of them, in seconds: small however far off the clock is.
struct Part {
    offset: f64,
    bound: f64,
    weighing: f64,
    votes: f64,
}

impl Part {
    /// How well the server's claim fits to `x`: 1 at its offset, 0 from its bound on.
    fn fit(&self, x: f64) -> f64 {
        (1.0 - ((x - self.offset) / self.bound).powi(2)).max(0.0)
    }

    /// The server's weight in a mean that was `x` so far, where servers differ by `excess` beyond what they weigh in with.
    fn weight(&self, x: f64, excess: f64) -> f64 {
        self.votes * self.fit(x) / (self.weighing.powi(2) + excess)
    }
}

/// Finds the offset in `majority` that the servers which touch it agree on best. Nothing if none touches it.
///
/// Servers whose offset lies in the majority's span have a part: from a first point the mean around it is sought, weighted by
/// vote ÷ distance². The weights fall to nothing at a server's bound, so that two groups which contradict each other, and are
/// both covered by a wide interval, are never averaged. Where no two of the servers contradict each other, the first point is
/// their weighted mean, so that many far servers do not outweigh a near one, and the result lies in what all have in common:
/// it is wrong by no more than twice the narrowest honest bound. Elsewhere it is the point that fits to the most of all claims.
pub(super) fn combine(voters: &[Voter<'_>], peers: &[Option<Peer>], majority: Span) -> Option<Combined> {
    let touching = || voters.iter().filter(|voter| voter.low <= majority.high && voter.high >= majority.low);
    let peer = |voter: &Voter<'_>| peers[voter.index].as_ref();
    let rank =
        |voter: &&Voter<'_>| peer(voter).map(|peer| STRATUM_WEIGHT * i32::from(peer.stratum) + peer.root_distance);
    let nearest = touching().min_by_key(|voter| peer(voter).map(|peer| peer.root_distance))?;
    let origin = peer(nearest)?.offset;
    let seconds = |offset: Interval| (offset - origin).as_secs_f64();
    let part = |voter: &Voter<'_>| {
        let peer = peer(voter)?;
        Some(Part {
            offset: seconds(peer.offset),
            bound: peer.root_distance.as_secs_f64().max(1e-9),
            weighing: peer.weighing_distance.as_secs_f64().max(1e-9),
            votes: voter.votes as f64,
        })
    };
    let with_part = |voter: &&Voter<'_>| peer(voter).is_some_and(|peer| majority.holds(peer.offset));
    let common = common(touching());
    let all: Vec<Part> = touching().filter_map(part).collect();
    let mut parts: Vec<Part> = touching().filter(with_part).filter_map(part).collect();
    let offset = if parts.is_empty() {
        majority.nearest(origin)
    } else {
        parts.sort_by(|a, b| a.bound.total_cmp(&b.bound));
        let ends = |span: Span| (seconds(span.low), seconds(span.high));
        let from = match common.map(ends) {
            Some((low, high)) => plain_mean(&parts).clamp(low, high),
            None => beginning(&all, &parts, ends(majority)),
        };
        majority.nearest(origin + Interval::from_secs_f64(mean(&parts, from)))
    };
    let offset = common.map_or(offset, |span| span.nearest(offset));
    let holding = |voter: &&Voter<'_>| voter.low <= offset && offset <= voter.high;
    let mut having: Vec<&Voter<'_>> = touching().filter(with_part).filter(holding).collect();
    if having.is_empty() {
        having = touching().filter(holding).collect();
    }
    having.sort_by_key(rank);
    let parts: Vec<usize> = having.iter().map(|voter| voter.index).collect();
    (!parts.is_empty()).then_some(Combined { offset, parts })
}

/// The point that fits best to all claims, of the offsets of the most exact servers, the ends of the span and its middle.
/// `parts` are in order of their bounds.
fn beginning(all: &[Part], parts: &[Part], (low, high): (f64, f64)) -> f64 {
    let fit = |x: f64| all.iter().map(|part| part.votes * part.fit(x)).sum::<f64>();
    let offsets = parts.iter().take(BEGINNINGS).map(|part| part.offset);
    let points = offsets.chain([low, high, f64::midpoint(low, high)]);
    // Of equals the first, which is the most exact server's.
    points.map(|x| (x, fit(x))).reduce(|a, b| if b.1 > a.1 { b } else { a }).map_or(0.0, |(x, _)| x)
}

/// The mean of all parts, weighted by vote ÷ distance².
fn plain_mean(parts: &[Part]) -> f64 {
    let weight = |part: &Part| part.votes / part.weighing.powi(2);
    parts.iter().map(|part| weight(part) * part.offset).sum::<f64>() / parts.iter().map(weight).sum::<f64>()
}

/// The weighted mean around a point, from where the weights are taken anew until it rests.
fn mean(parts: &[Part], from: f64) -> f64 {
    let mut x = from;
    for _ in 0..ROUNDS {
        let excess = excess(parts, x);
        let (weights, weighted) = parts.iter().fold((0.0, 0.0), |(weights, weighted), part| {
            let weight = part.weight(x, excess);
            (weights + weight, weighted + weight * part.offset)
        });
        if weights <= 0.0 {
            break;
        }
        let next = weighted / weights;
        if (next - x).abs() < 1e-9 {
            return next;
        }
        x = next;
    }
    x
}

/// The variance that servers have in common beyond their own claims, in s²: so much that they differ no more than that explains
/// (the consensus mean of Paule and Mandel 1982). Servers a tenth of a millisecond away that differ by one count alike, and
/// whoever claims to be a microsecond away gains nothing by it.
fn excess(parts: &[Part], x: f64) -> f64 {
    let deviation = |excess: f64| {
        let square = |part: &Part| (x - part.offset).powi(2) / (part.weighing.powi(2) + excess);
        parts.iter().map(|part| part.votes * part.fit(x) * (square(part) - 1.0)).sum::<f64>()
    };
    if deviation(0.0) <= 0.0 {
        return 0.0;
    }
    let farthest = parts.iter().map(|part| (x - part.offset).powi(2)).fold(0.0, f64::max);
    let (mut low, mut high) = (0.0, farthest);
    for _ in 0..BISECTIONS {
        let middle = f64::midpoint(low, high);
        (low, high) = if deviation(middle) > 0.0 { (middle, high) } else { (low, middle) };
    }
    high
}
