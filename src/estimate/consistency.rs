//! Whether the samples of one server can all be true.

use std::time::Duration;

use super::distance::MIN_ROUND_TRIPS;
use super::sample::{Sample, parts_per_million};
use crate::time::Interval;

/// The fastest that this machine's clock may go astray between two samples: the kernel's fastest slew and the greatest frequency
/// correction, 500 ppm each (adjtimex(2)).
const DRIFT_PPM: i128 = 1000;
/// The least number of samples that may stand against older ones.
const LEAST_NEWEST: usize = 3;
/// The least number of samples among which one alone may be passed over.
const LEAST_WITH_STRAY: usize = 6;

/// What the samples of one server say of each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consistency {
    /// All samples can be true at once.
    Agree,
    /// The newest samples agree, and the older ones contradict them: a clock was set, or stood still, in between.
    Changed {
        /// The place of the first sample that counts.
        from: usize,
        /// The offset of the last sample that does not count.
        before: Interval,
        /// The offset of the newest sample.
        after: Interval,
    },
    /// All samples but one can be true at once, and that one is not the newest: a reply damaged or forged on the way.
    Stray {
        /// The place of the sample that does not count.
        place: usize,
        /// The offset of that sample.
        offset: Interval,
    },
    /// Samples contradict each other, and no majority of newest ones agrees: the server has no one time.
    Contradict {
        /// An offset that the newest sample excludes.
        before: Interval,
        /// The offset of the newest sample.
        after: Interval,
    },
}

impl Consistency {
    /// Judges samples in the order in which they were taken. The newest ones count alone if there are at least three of them and
    /// more than there are others; anything less is a matter of chance where several clocks answer by turns.
    pub(super) fn of(samples: &[&Sample]) -> Consistency {
        let Some(newest) = samples.last() else { return Consistency::Agree };
        let from = samples.len() - agreeing_newest(samples, newest.taken.raw);
        let Some(excluded) = from.checked_sub(1).and_then(|place| samples.get(place)) else {
            return Consistency::Agree;
        };
        let (before, after) = (excluded.offset, newest.offset);
        let count = samples.len() - from;
        if count >= LEAST_NEWEST && count * 2 > samples.len() {
            Consistency::Changed { from, before, after }
        } else if samples.len() >= LEAST_WITH_STRAY && is_stray(samples, from - 1) {
            Consistency::Stray { place: from - 1, offset: before }
        } else {
            Consistency::Contradict { before, after }
        }
    }
}

/// Whether all samples but that in this place agree.
fn is_stray(samples: &[&Sample], place: usize) -> bool {
    let others: Vec<&Sample> =
        samples.iter().enumerate().filter(|(other, _)| *other != place).map(|(_, sample)| *sample).collect();
    others.last().is_some_and(|newest| agreeing_newest(&others, newest.taken.raw) == others.len())
}

/// The number of newest samples whose intervals share a point. An interval holds the true offset at the raw monotonic time `now`:
/// half the round trip, both clocks' errors and what this clock can have drifted lie on either side of the measured one.
fn agreeing_newest(samples: &[&Sample], now: Duration) -> usize {
    let mut common: Option<(Interval, Interval)> = None;
    let holds = |sample: &&&Sample| {
        let age = Interval::from(now.saturating_sub(sample.taken.raw));
        let reach = sample.delay.max(MIN_ROUND_TRIPS) / 2 + sample.dispersion + parts_per_million(age, DRIFT_PPM);
        let (low, high) = (sample.offset - reach, sample.offset + reach);
        let (low, high) = common.map_or((low, high), |(lowest, highest)| (low.max(lowest), high.min(highest)));
        common = Some((low, high));
        low <= high
    };
    samples.iter().rev().take_while(holds).count()
}

#[cfg(test)]
mod tests {
    use super::super::filter::tests::sample;
    use super::*;

    fn judged(offsets_ms: &[i64]) -> Consistency {
        let samples: Vec<Sample> = offsets_ms
            .iter()
            .enumerate()
            .map(|(place, offset)| {
                let mut sample = sample(*offset, 1);
                sample.taken.raw += Duration::from_millis(50 * place as u64);
                sample
            })
            .collect();
        Consistency::of(&samples.iter().collect::<Vec<_>>())
    }

    fn changed(from: usize, before: i64, after: i64) -> Consistency {
        let ms = |n: i64| Interval::from_micros(n * 1000);
        Consistency::Changed { from, before: ms(before), after: ms(after) }
    }

    fn contradict(before: i64, after: i64) -> Consistency {
        let ms = |n: i64| Interval::from_micros(n * 1000);
        Consistency::Contradict { before: ms(before), after: ms(after) }
    }

    #[test]
    fn samples_that_can_all_be_true_agree() {
        assert_eq!(judged(&[]), Consistency::Agree);
        assert_eq!(judged(&[5]), Consistency::Agree);
        assert_eq!(judged(&[0, 9, 3, 8]), Consistency::Agree);
    }

    #[test]
    fn three_intervals_of_which_each_two_overlap_are_not_enough_where_one_is_apart() {
        assert_eq!(judged(&[0, 0, 11, 0]), contradict(11, 0));
    }

    #[test]
    fn the_newest_count_where_they_are_the_most() {
        assert_eq!(judged(&[0, 2000, 2000, 2000]), changed(1, 0, 2000));
        assert_eq!(judged(&[0, 0, 0, 2000, 2000, 2000, 2000, 2000]), changed(3, 0, 2000));
    }

    #[test]
    fn one_stray_sample_of_many_is_passed_over_unless_it_is_the_newest() {
        let stray = |place, ms: i64| Consistency::Stray { place, offset: Interval::from_micros(ms * 1000) };
        assert_eq!(judged(&[0, 0, 0, 0, 3000, 0, 0, 0]), stray(4, 3000));
        assert_eq!(judged(&[0, 0, 0, 0, 0, 0, 3000, 0]), stray(6, 3000));
        assert_eq!(judged(&[0, 0, 0, 0, 0, 0, 0, 3000]), contradict(0, 3000));
        assert_eq!(judged(&[0, 3000, 0, 0, 3000, 0, 0, 0]), contradict(3000, 0), "two of them");
        assert_eq!(judged(&[0, 0, 3000, 0, 0]), contradict(3000, 0), "too few to tell");
    }

    #[test]
    fn a_newest_minority_settles_nothing() {
        assert_eq!(judged(&[0, 2000]), contradict(0, 2000));
        assert_eq!(judged(&[0, 2000, 2000]), contradict(0, 2000));
        assert_eq!(judged(&[0, 0, 0, 2000]), contradict(0, 2000));
        assert_eq!(judged(&[0, 0, 0, 0, 2000, 2000, 2000, 2000]), contradict(0, 2000));
        assert_eq!(judged(&[0, 3000, 0, 3000, 0, 3000, 0, 3000]), contradict(0, 3000));
    }
}
