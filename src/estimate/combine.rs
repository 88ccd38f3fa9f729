//! Of the servers that agree, those that lie closest together, and their mean: RFC 5905 §11.2.2 and §11.2.3.

use super::filter::Peer;
use crate::time::Interval;

/// The cluster algorithm leaves at least so many (RFC 5905 §7.1, NMIN).
const MIN_SURVIVORS: usize = 3;
/// What one stratum weighs in the order of the survivors, in seconds of root distance (RFC 5905 §7.1, MAXDIST).
const STRATUM_WEIGHT: Interval = Interval::from_secs(1);

/// What the clock should be moved by, and how sure that is.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// To be added to the local clock; positive: it is behind.
    pub offset: Interval,
    /// The error bound: the system peer's root distance, and how far the survivors' mean lies from it.
    pub root_distance: Interval,
    /// How far measurements differ: the system peer's jitter.
    pub jitter: Interval,
    /// The system peer, as its place among the candidates: the survivor with the least stratum, then root distance.
    pub system_peer: usize,
}

fn rank(peer: &Peer) -> Interval {
    STRATUM_WEIGHT * i32::from(peer.stratum) + peer.root_distance
}

/// Removes the server whose offset differs most from the others' as long as that makes the rest agree better than the best
/// of them agrees with itself.
pub(super) fn cluster(mut peers: Vec<(usize, &Peer)>) -> Vec<(usize, &Peer)> {
    peers.sort_by_key(|(_, peer)| rank(peer));
    while peers.len() > MIN_SURVIVORS {
        let widest = peers
            .iter()
            .enumerate()
            .map(|(place, (_, peer))| (place, selection_jitter(peer, &peers)))
            .max_by(|(_, a), (_, b)| a.total_cmp(b));
        let steadiest = peers.iter().map(|(_, peer)| peer.jitter.as_secs_f64()).fold(f64::INFINITY, f64::min);
        match widest {
            Some((place, jitter)) if jitter > steadiest => peers.remove(place),
            _ => break,
        };
    }
    peers
}

/// Root of the mean square of the differences to the others, in seconds.
fn selection_jitter(peer: &Peer, peers: &[(usize, &Peer)]) -> f64 {
    let squares: f64 = peers.iter().map(|(_, other)| (other.offset - peer.offset).as_secs_f64().powi(2)).sum();
    (squares / (peers.len() - 1) as f64).sqrt()
}

/// The mean of the survivors' offsets, each weighted by the inverse of its root distance; nothing without survivors.
pub(super) fn combine(survivors: &[(usize, &Peer)]) -> Option<Estimate> {
    let (system_peer, first) = *survivors.first()?;
    // Relative to the system peer, so that the floating point numbers are small however far off the clock is.
    let (mut weights, mut weighted) = (0.0, 0.0);
    for (_, peer) in survivors {
        let weight = 1.0 / peer.root_distance.as_secs_f64().max(1e-9);
        weights += weight;
        weighted += weight * (peer.offset - first.offset).as_secs_f64();
    }
    let from_first = Interval::from_secs_f64(weighted / weights);
    Some(Estimate {
        offset: first.offset + from_first,
        root_distance: first.root_distance + from_first.abs(),
        jitter: first.jitter,
        system_peer,
    })
}

#[cfg(test)]
mod tests {
    use super::super::select::tests::peer;
    use super::*;

    #[test]
    fn the_mean_leans_towards_the_server_with_less_distance() {
        let (near, far) = (peer(0, 10), peer(6, 20));
        let estimate = combine(&[(7, &near), (9, &far)]).unwrap();
        assert_eq!(estimate.offset.micros(), 2000);
        assert_eq!(estimate.root_distance.micros(), 12_000);
        assert_eq!(estimate.system_peer, 7);
    }

    #[test]
    fn a_wide_interval_moves_the_mean_by_less_than_a_narrow_one_allows() {
        let (good, wide) = (peer(0, 10), peer(990, 1000));
        let moved = combine(&[(0, &good), (1, &good), (2, &good), (3, &wide)]).unwrap().offset;
        assert!(moved < good.root_distance, "{moved} s");
    }

    #[test]
    fn a_large_offset_keeps_its_nanoseconds() {
        let mut far = peer(1_577_880_000_000, 10);
        far.offset += Interval::from_nanos(1);
        assert_eq!(combine(&[(0, &far)]).unwrap().offset, far.offset);
    }

    #[test]
    fn the_odd_one_of_four_goes_and_three_stay() {
        let peers = [peer(0, 50), peer(40, 50), peer(1, 50), peer(2, 50)];
        let survivors = cluster(peers.iter().enumerate().collect());
        let mut places: Vec<usize> = survivors.iter().map(|(index, _)| *index).collect();
        places.sort_unstable();
        assert_eq!(places, [0, 2, 3]);
    }

    #[test]
    fn servers_that_jitter_more_than_they_differ_all_stay() {
        let mut peers = [peer(0, 50), peer(1, 50), peer(2, 50), peer(3, 50), peer(4, 50)];
        for peer in &mut peers {
            peer.jitter = Interval::from_micros(20_000);
        }
        assert_eq!(cluster(peers.iter().enumerate().collect()).len(), 5);
    }

    #[test]
    fn the_lower_stratum_leads() {
        let (mut second, first) = (peer(0, 1), peer(0, 30));
        second.stratum = 3;
        let survivors = cluster(vec![(0, &second), (1, &first)]);
        assert_eq!(combine(&survivors).unwrap().system_peer, 1);
    }
}
