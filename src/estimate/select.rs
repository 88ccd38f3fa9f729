//! Which servers can all be right at once: the intersection algorithm of RFC 5905 §11.2.1.

use super::filter::Peer;
use crate::time::Interval;

/// The fit servers contradict each other and no group of them has the majority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoMajority {
    /// Each fit server, as its place among the candidates, and its offset, in order of the offsets.
    pub offsets: Vec<(usize, Interval)>,
}

/// Which end of a correctness interval an edge is; their order breaks ties, so that intervals that touch do overlap.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    Low,
    High,
}

/// The servers whose correctness interval (offset ± root distance) holds all of the part that the most of them, and more
/// than half, have in common. One server alone is taken as is.
///
/// This differs from RFC 5905 twice. There the offsets themselves have to lie in that part, which refuses two honest servers
/// of which one is near and one far; [`combine`](super::combine::combine) weighs by distance instead, so that a wide
/// interval moves the result by no more than the narrow ones allow. And there it is enough to touch that part, which lets
/// two groups that contradict each other in together where a wide interval bridges them.
pub(super) fn intersect<'a>(fit: &[(usize, &'a Peer)]) -> Result<Vec<(usize, &'a Peer)>, NoMajority> {
    let mut edges: Vec<(Interval, End)> =
        fit.iter().flat_map(|(_, peer)| [(lowest(peer), End::Low), (highest(peer), End::High)]).collect();
    edges.sort_unstable();

    for wanted in (fit.len() / 2 + 1..=fit.len()).rev() {
        let low = nth_begin(edges.iter(), End::Low, wanted);
        let high = nth_begin(edges.iter().rev(), End::High, wanted);
        if let (Some(low), Some(high)) = (low, high) {
            let holds = |peer: &Peer| lowest(peer) <= low && highest(peer) >= high;
            let truechimers: Vec<_> = fit.iter().copied().filter(|(_, peer)| holds(peer)).collect();
            if truechimers.len() >= wanted {
                return Ok(truechimers);
            }
            // Several groups of this size, which contradict each other: fewer in common would not mend that.
            break;
        }
    }
    let mut offsets: Vec<(usize, Interval)> = fit.iter().map(|(index, peer)| (*index, peer.offset)).collect();
    offsets.sort_unstable_by_key(|(_, offset)| *offset);
    Err(NoMajority { offsets })
}

fn lowest(peer: &Peer) -> Interval {
    peer.offset - peer.root_distance
}

fn highest(peer: &Peer) -> Interval {
    peer.offset + peer.root_distance
}

/// From the outside inwards: the edge from which on `wanted` intervals are open at once.
fn nth_begin<'a>(edges: impl Iterator<Item = &'a (Interval, End)>, begin: End, wanted: usize) -> Option<Interval> {
    let mut open = 0_usize;
    for (edge, end) in edges {
        if *end == begin {
            open += 1;
            if open == wanted {
                return Some(*edge);
            }
        } else {
            open -= 1;
        }
    }
    None
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A server with this offset and root distance in milliseconds.
    pub(in crate::estimate) fn peer(offset: i64, distance: i64) -> Peer {
        let ms = |n: i64| Interval::from_micros(n * 1000);
        Peer {
            best: 0,
            offset: ms(offset),
            delay: ms(1),
            dispersion: ms(0),
            jitter: Interval::from_micros(1),
            root_distance: ms(distance),
            stratum: 2,
        }
    }

    fn chosen(peers: &[Peer]) -> Result<Vec<usize>, NoMajority> {
        let fit: Vec<(usize, &Peer)> = peers.iter().enumerate().collect();
        intersect(&fit).map(|inside| inside.iter().map(|(index, _)| *index).collect())
    }

    #[test]
    fn one_server_is_taken_as_is() {
        assert_eq!(chosen(&[peer(86_400_000, 10)]).unwrap(), [0]);
    }

    #[test]
    fn two_that_agree_are_taken_and_two_that_differ_are_not() {
        assert_eq!(chosen(&[peer(0, 10), peer(8, 10)]).unwrap(), [0, 1]);
        let refused = chosen(&[peer(10_000, 10), peer(0, 10)]).unwrap_err();
        assert_eq!(refused.offsets, [(1, peer(0, 0).offset), (0, peer(10_000, 0).offset)]);
    }

    #[test]
    fn a_liar_among_three_is_outside_at_any_distance() {
        for lie in [10_000, 86_400_000, 50 * 31_557_600_000, -50 * 31_557_600_000] {
            assert_eq!(chosen(&[peer(1, 10), peer(lie, 10), peer(-1, 10)]).unwrap(), [0, 2], "offset {lie} ms");
        }
    }

    #[test]
    fn a_wide_interval_does_not_bridge_two_that_contradict_each_other() {
        assert!(chosen(&[peer(0, 10), peer(0, 2500), peer(2000, 10)]).is_err());
        assert_eq!(chosen(&[peer(0, 10), peer(5, 10), peer(0, 2500), peer(2000, 10)]).unwrap(), [0, 1, 2]);
    }

    #[test]
    fn two_against_two_is_no_majority() {
        assert!(chosen(&[peer(0, 10), peer(1, 10), peer(500, 10), peer(501, 10)]).is_err());
    }

    #[test]
    fn a_near_and_a_far_server_agree_where_their_bounds_say_so() {
        assert_eq!(chosen(&[peer(0, 5), peer(8, 30)]).unwrap(), [0, 1]);
        assert_eq!(chosen(&[peer(0, 5000), peer(10_000, 5000)]).unwrap(), [0, 1], "they touch");
        assert!(chosen(&[peer(0, 5), peer(11, 5)]).is_err());
    }

    proptest! {
        /// Where most intervals hold the truth, zero, exactly those are let in.
        #[test]
        fn an_honest_majority_wins(
            good in prop::collection::vec((-9_i64..9, 10_i64..20), 3..8),
            lies in prop::collection::vec(1_000_i64..1_000_000_000_000, 0..2),
        ) {
            let mut peers: Vec<Peer> = good.iter().map(|(offset, distance)| peer(*offset, *distance)).collect();
            peers.extend(lies.iter().map(|lie| peer(*lie, 10)));
            let inside = chosen(&peers).unwrap();
            prop_assert_eq!(inside, (0..good.len()).collect::<Vec<_>>());
        }

        #[test]
        fn the_order_of_the_servers_does_not_matter(offsets in prop::collection::vec((-50_i64..50, 1_i64..40), 1..8)) {
            let peers: Vec<Peer> = offsets.iter().map(|(offset, distance)| peer(*offset, *distance)).collect();
            let mut backwards = peers.clone();
            backwards.reverse();
            let there = chosen(&peers).ok();
            let back = chosen(&backwards).ok().map(|inside| {
                inside.iter().rev().map(|index| peers.len() - 1 - index).collect::<Vec<_>>()
            });
            prop_assert_eq!(there, back);
        }
    }
}
