//! How the clocks of a survey lie to one another.

use super::judge::Judgement;
use super::measured::{Measured, Trouble};
use crate::check::Level;
use crate::time::Interval;

/// How many clocks came to what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Clocks, those of blocks where nobody answers not counted.
    pub clocks: usize,
    /// The clocks with a measurement.
    pub answered: usize,
    /// Within the limits.
    pub ok: usize,
    /// Beyond the warning limits.
    pub warning: usize,
    /// Beyond the critical limits, or not measured.
    pub critical: usize,
    /// The clocks of which nothing can be said for a reason that is this machine's.
    pub unknown: usize,
    /// The critical clocks that are silent.
    pub silent: usize,
    /// Addresses of blocks where nobody answers.
    pub absent: usize,
}

impl Tally {
    /// Counts one more clock.
    pub fn add(&mut self, result: &Result<Measured, Trouble>, judgement: &Judgement) {
        if judgement.is_absent {
            self.absent += 1;
            return;
        }
        self.clocks += 1;
        self.answered += usize::from(result.is_ok());
        self.silent += usize::from(matches!(result, Err(Trouble::Silent(_))));
        *match judgement.level {
            Level::Ok => &mut self.ok,
            Level::Warning => &mut self.warning,
            Level::Critical => &mut self.critical,
            Level::Unknown => &mut self.unknown,
        } += 1;
    }

    /// The worst level; unknown where there is no clock at all.
    pub fn level(&self) -> Level {
        match self {
            Tally { critical: 1.., .. } => Level::Critical,
            Tally { warning: 1.., .. } => Level::Warning,
            Tally { unknown: 1.., .. } | Tally { clocks: 0, .. } => Level::Unknown,
            _ => Level::Ok,
        }
    }
}

/// How far clocks are from the reference, and from each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spread {
    /// |offset| that half of the clocks do not exceed.
    pub median: Interval,
    /// The size that 90 % do not exceed.
    pub p90: Interval,
    /// The size that 99 % do not exceed.
    pub p99: Interval,
    /// The place of the clock with the largest one, among those that were given.
    pub worst: usize,
    /// The target's offset, with the sign.
    pub worst_offset: Interval,
    /// The offset in the middle, with its sign: what most clocks say of the reference.
    pub middle: Interval,
    /// The most clocks whose claims (offset ± root distance) have a point in common.
    pub agreeing: usize,
}

impl Spread {
    /// Makes the spread of clocks by their offset and their root distance; nothing of none.
    pub fn of(clocks: &[(Interval, Interval)]) -> Option<Spread> {
        let (worst, (worst_offset, _)) = clocks.iter().enumerate().max_by_key(|(_, (offset, _))| offset.abs())?;
        let mut sizes: Vec<Interval> = clocks.iter().map(|(offset, _)| offset.abs()).collect();
        sizes.sort_unstable();
        let mut offsets: Vec<Interval> = clocks.iter().map(|(offset, _)| *offset).collect();
        offsets.sort_unstable();
        Some(Spread {
            median: percentile(&sizes, 50),
            p90: percentile(&sizes, 90),
            p99: percentile(&sizes, 99),
            worst,
            worst_offset: *worst_offset,
            middle: percentile(&offsets, 50),
            agreeing: agreeing(clocks),
        })
    }
}

/// The least value that so many per cent of the values do not exceed (nearest rank); nothing is 0.
pub(crate) fn percentile(sorted: &[Interval], per_cent: usize) -> Interval {
    let rank = (sorted.len() * per_cent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or_default()
}

/// The most intervals offset ± distance that share a point: Marzullo's sweep over their ends.
fn agreeing(clocks: &[(Interval, Interval)]) -> usize {
    // An interval that begins where another ends shares a point with it: beginnings sort first.
    let ends = clocks.iter().flat_map(|(offset, distance)| [(*offset - *distance, false), (*offset + *distance, true)]);
    let mut ends: Vec<(Interval, bool)> = ends.collect();
    ends.sort_unstable();
    let (mut open, mut most) = (0_usize, 0);
    for (_, is_end) in ends {
        if is_end {
            open = open.saturating_sub(1);
        } else {
            open += 1;
        }
        most = most.max(open);
    }
    most
}

/// A survey in numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// How many came to what.
    pub tally: Tally,
    /// Nothing where no clock was measured.
    pub spread: Option<Spread>,
    /// What the clock with the largest offset is called.
    pub worst: String,
    /// How long it took, in seconds.
    pub took: Interval,
    /// What is wrong with the survey as a whole.
    pub warnings: Vec<String>,
}

impl Summary {
    /// Adds that it is the reference which is wrong, where most clocks agree on that. `beyond`: whether an offset is beyond the limits.
    pub fn suspect_reference(&mut self, reference: Option<&str>, beyond: impl Fn(Interval) -> bool) {
        let Some(spread) = &self.spread else { return };
        let is_most = spread.agreeing * 2 > self.tally.answered && self.tally.answered > 2;
        if is_most && beyond(spread.middle) {
            let (agreeing, middle) = (spread.agreeing, spread.middle);
            let whose = reference.map_or("this machine's clock".to_owned(), |server| format!("the reference {server}"));
            let advice =
                if reference.is_some() { "name another --reference" } else { "check it, or name a --reference" };
            self.warnings.push(format!(
                "{agreeing} clocks agree with each other and not with {whose}, from which they are {middle:+.6} s: \
                 most likely that one is wrong: {advice}"
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn s(seconds: f64) -> Interval {
        Interval::from_secs_f64(seconds)
    }

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let sizes: Vec<Interval> = (1..=1000).map(Interval::from_secs).collect();
        assert_eq!([50, 90, 99, 100].map(|p| percentile(&sizes, p)), [500, 900, 990, 1000].map(Interval::from_secs));
        assert_eq!([50, 99].map(|p| percentile(&sizes[..1], p)), [Interval::from_secs(1); 2]);
        assert_eq!(percentile(&[], 50), Interval::ZERO);
    }

    #[test]
    fn those_that_agree_share_a_point() {
        let spread =
            Spread::of(&[(s(0.0), s(0.1)), (s(0.15), s(0.1)), (s(0.05), s(0.01)), (s(5.0), s(0.1)), (s(-7.0), s(0.0))]);
        let spread = spread.unwrap();
        assert_eq!((spread.agreeing, spread.worst, spread.worst_offset), (3, 4, s(-7.0)));
        assert_eq!(spread.middle, s(0.05));
        assert_eq!(Spread::of(&[]), None);
        assert_eq!(agreeing(&[(s(0.0), s(1.0)), (s(2.0), s(1.0))]), 2, "they touch");
    }

    #[test]
    fn the_reference_is_suspected_where_most_clocks_agree_against_it() {
        let of = |clocks: &[(Interval, Interval)]| Summary {
            tally: Tally { answered: clocks.len(), ..Tally::default() },
            spread: Spread::of(clocks),
            worst: String::new(),
            took: Interval::ZERO,
            warnings: Vec::new(),
        };
        let beyond = |offset: Interval| offset.abs() > s(1.0);
        let mut wrong_here = of(&[(s(5.0), s(0.1)), (s(5.01), s(0.1)), (s(4.99), s(0.1)), (s(0.0), s(0.1))]);
        wrong_here.suspect_reference(None, beyond);
        assert!(wrong_here.warnings[0].starts_with("3 clocks agree with each other and not with this machine's clock"));
        for clocks in [
            vec![(s(0.0), s(0.1)), (s(5.0), s(0.1)), (s(0.0), s(0.1))],
            vec![(s(5.0), s(0.1)), (s(7.0), s(0.1)), (s(9.0), s(0.1))],
            vec![(s(5.0), s(0.1))],
        ] {
            let mut innocent = of(&clocks);
            innocent.suspect_reference(Some("a"), beyond);
            assert!(innocent.warnings.is_empty(), "{clocks:?}");
        }
    }

    proptest! {
        #[test]
        fn as_many_agree_as_at_the_best_point(clocks in prop::collection::vec((-50_i64..50, 0_i64..20), 1..30)) {
            let clocks: Vec<_> = clocks.iter().map(|(o, d)| (Interval::from_secs(*o), Interval::from_secs(*d))).collect();
            // The best point may be taken to be an end.
            let at = |point: Interval| clocks.iter().filter(|(o, d)| (point - *o).abs() <= *d).count();
            let best = clocks.iter().flat_map(|(o, d)| [*o - *d, *o + *d]).map(at).max().unwrap();
            prop_assert_eq!(agreeing(&clocks), best);
        }
    }
}
