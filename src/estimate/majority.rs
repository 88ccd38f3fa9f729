//! What a majority of the votes has in common: the intersection of RFC 5905 §11.2.1, counted in votes.

use std::collections::{HashMap, HashSet};

use crate::time::Interval;

/// A server with its vote: the truth lies from `low` to `high`, if the server is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Voter<'a> {
    /// The server's place among the candidates.
    pub index: usize,
    /// Offset − root distance.
    pub low: Interval,
    /// Offset + root distance.
    pub high: Interval,
    /// The server's share of its names' votes.
    pub votes: u64,
    /// The names that lead to it.
    pub names: &'a [usize],
}

/// A stretch of offsets, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The least offset in it.
    pub low: Interval,
    /// The greatest offset in it.
    pub high: Interval,
}

impl Span {
    /// Whether the offset lies in it.
    pub fn holds(&self, offset: Interval) -> bool {
        (self.low..=self.high).contains(&offset)
    }

    /// The point of the span that is nearest to the offset.
    pub fn nearest(&self, offset: Interval) -> Interval {
        offset.clamp(self.low, self.high)
    }

    /// The distance from an offset in the span to the span's farther end.
    pub fn farther_end(&self, offset: Interval) -> Interval {
        (offset - self.low).max(self.high - offset)
    }
}

/// Which end of an interval an edge is; their order breaks ties, so that intervals that touch do overlap.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    Low,
    High,
}

/// The ends of all intervals in order, each with the place of its voter.
fn edges(voters: &[Voter<'_>]) -> Vec<(Interval, End, usize)> {
    let both = |(place, voter): (usize, &Voter<'_>)| [(voter.low, End::Low, place), (voter.high, End::High, place)];
    let mut edges: Vec<_> = voters.iter().enumerate().flat_map(both).collect();
    edges.sort_unstable();
    edges
}

/// The hull of all points that intervals with more than half of `of` votes cover; `promised` votes cover every point. Nothing
/// where no point has so many.
///
/// Where more than half of the votes are honest, the truth is such a point, and each such point lies in the interval of somebody
/// honest. So no minority moves either end beyond what honest servers claim, and no minority can empty the hull.
pub(super) fn majority(voters: &[Voter<'_>], of: u64, promised: u64) -> Option<Span> {
    let edges = edges(voters);
    let is_majority = |open: u64| (open + promised) * 2 > of;
    let first = |edges: &mut dyn Iterator<Item = &(Interval, End, usize)>, begin: End| {
        let mut open = 0;
        for (edge, end, place) in edges {
            if *end == begin {
                open += voters[*place].votes;
                if is_majority(open) {
                    return Some(*edge);
                }
            } else {
                open -= voters[*place].votes;
            }
        }
        None
    };
    let low = first(&mut edges.iter(), End::Low)?;
    let high = first(&mut edges.iter().rev(), End::High)?;
    Some(Span { low, high })
}

/// What all of these intervals have in common; nothing where two of them contradict each other.
pub(super) fn common<'a, 'b: 'a>(voters: impl Iterator<Item = &'a Voter<'b>>) -> Option<Span> {
    let ends = |span: Span, voter: &Voter<'_>| Span { low: span.low.max(voter.low), high: span.high.min(voter.high) };
    voters
        .fold(None, |span, voter| {
            let own = Span { low: voter.low, high: voter.high };
            Some(span.map_or(own, |span| ends(span, voter)))
        })
        .filter(|span| span.low <= span.high)
}

/// How many names agree on a point: so many that each has a server of its own whose interval holds the point. Names that lead to
/// the same server count once, and so does one name of many servers. `lone`: one name stands alone, and its servers are counted.
pub(super) fn agreeing(voters: &[Voter<'_>], point: Interval, lone: bool) -> usize {
    let holding: Vec<&Voter<'_>> = voters.iter().filter(|voter| voter.low <= point && point <= voter.high).collect();
    if lone {
        return holding.len();
    }
    let mut holder_of: HashMap<usize, usize> = HashMap::new();
    (0..holding.len()).filter(|server| finds_name(*server, &holding, &mut holder_of, &mut HashSet::new())).count()
}

/// Finds a name for a server, if need be by giving another server another one of its names: an augmenting path of the bipartite
/// matching between servers and names.
fn finds_name(
    server: usize,
    holding: &[&Voter<'_>],
    holder_of: &mut HashMap<usize, usize>,
    tried: &mut HashSet<usize>,
) -> bool {
    for name in holding[server].names {
        if !tried.insert(*name) {
            continue;
        }
        let holder = holder_of.get(name).copied();
        if holder.is_none_or(|holder| finds_name(holder, holding, holder_of, tried)) {
            holder_of.insert(*name, server);
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(n: i64) -> Interval {
        Interval::from_micros(n * 1000)
    }

    /// Voters with one vote each: offset and bound in milliseconds, and the name.
    fn voters(list: &[(i64, i64, &'static [usize])]) -> Vec<Voter<'static>> {
        list.iter()
            .enumerate()
            .map(|(index, (offset, bound, names))| Voter {
                index,
                low: ms(offset - bound),
                high: ms(offset + bound),
                votes: 1,
                names,
            })
            .collect()
    }

    fn hull(list: &[(i64, i64)]) -> Option<(i128, i128)> {
        let list: Vec<_> = list.iter().map(|(offset, bound)| (*offset, *bound, &[0][..])).collect();
        let span = majority(&voters(&list), list.len() as u64, 0)?;
        Some((span.low.micros() / 1000, span.high.micros() / 1000))
    }

    #[test]
    fn the_hull_holds_every_point_that_a_majority_covers() {
        assert_eq!(hull(&[(0, 10)]), Some((-10, 10)));
        assert_eq!(hull(&[(0, 10), (8, 10)]), Some((-2, 10)));
        assert_eq!(hull(&[(0, 10), (21, 10)]), None);
        assert_eq!(hull(&[(0, 10), (20, 10)]), Some((10, 10)), "they touch");
        assert_eq!(hull(&[(-6, 5), (0, 5), (0, 5), (0, 5), (6, 5)]), Some((-5, 5)));
        assert_eq!(hull(&[(0, 10), (1000, 1000), (2000, 10)]), Some((0, 2000)), "one of two pairs is right");
        assert_eq!(hull(&[(0, 10), (1, 10), (500, 10), (501, 10)]), None, "two against two");
    }

    #[test]
    fn promised_votes_count_everywhere() {
        let three = voters(&[(0, 5, &[0]), (8, 5, &[1])]);
        assert_eq!(majority(&three, 3, 0), Some(Span { low: ms(3), high: ms(5) }));
        assert_eq!(majority(&three, 3, 1), Some(Span { low: ms(-5), high: ms(13) }));
    }

    #[test]
    fn those_who_agree_are_counted_by_name() {
        let count = |list: &[(i64, i64, &'static [usize])]| agreeing(&voters(list), ms(0), false);
        assert_eq!(count(&[]), 0);
        assert_eq!(count(&[(0, 5, &[0]), (1, 5, &[1]), (100, 5, &[2])]), 2);
        assert_eq!(count(&[(0, 5, &[0]), (1, 5, &[0]), (2, 5, &[0])]), 1, "three addresses of one name");
        assert_eq!(count(&[(0, 5, &[0, 1, 2])]), 1, "three names of one server");
        assert_eq!(count(&[(0, 5, &[0, 1]), (1, 5, &[2]), (2, 5, &[2])]), 2, "two names of one server, and one of two");
        assert_eq!(count(&[(0, 5, &[0, 1]), (1, 5, &[0])]), 2, "each has a server of its own");
        assert_eq!(
            count(&[(0, 5, &[0]), (50, 50, &[1]), (100, 5, &[2])]),
            2,
            "who only touches a third does not agree"
        );
        assert_eq!(agreeing(&voters(&[(0, 5, &[0]), (1, 5, &[0]), (2, 5, &[0])]), ms(0), true), 3, "a pool alone");
    }
}
