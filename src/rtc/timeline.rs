//! Which moment it is, at a reading of the clocks.
#![forbid(unsafe_code)]

use crate::time::{Interval, Reading, Time};

/// True time as a function of the clocks.
#[derive(Clone, Copy, Debug)]
pub enum Timeline {
    /// The system clock, and what it still has to be slewed by.
    System {
        /// When `correction` was known.
        start: Reading,
        /// True time − system clock at `start`.
        correction: Interval,
    },
    /// A time that was given at a reading and runs on by itself, whatever the system clock says.
    Free {
        /// When it was given.
        start: Reading,
        /// The time then.
        time: Time,
    },
}

impl Timeline {
    /// The time at `now`.
    pub fn at(&self, now: &Reading) -> Time {
        match self {
            Timeline::System { start, correction } => now.real + (*correction - slewed(start, now, *correction)),
            Timeline::Free { start, time } => *time + (Interval::from(now.raw) - Interval::from(start.raw)),
        }
    }
}

/// How much of `correction` the kernel has worked off in between. What a frequency correction does to the clock is taken
/// for slewing too: in the second or two that this is used for, 50 us at 50 ppm.
fn slewed(start: &Reading, now: &Reading, correction: Interval) -> Interval {
    let moved = now.moved_since(start);
    if correction.is_negative() {
        moved.clamp(correction, Interval::ZERO)
    } else {
        moved.clamp(Interval::ZERO, correction)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn reading(real_us: i64, raw_us: u64) -> Reading {
        Reading { real: Time::UNIX_EPOCH + Interval::from_micros(real_us), raw: Duration::from_micros(raw_us) }
    }

    fn micros(time: Time) -> i128 {
        (time - Time::UNIX_EPOCH).micros()
    }

    #[test]
    fn a_slew_under_way_is_not_counted_twice() {
        let start = reading(10_000_000, 5_000_000);
        let line = Timeline::System { start, correction: Interval::from_micros(300_000) };
        assert_eq!(micros(line.at(&start)), 10_300_000);
        assert_eq!(micros(line.at(&reading(11_000_500, 6_000_000))), 11_300_000);
        let back = Timeline::System { start, correction: Interval::from_micros(-300_000) };
        assert_eq!(micros(back.at(&reading(10_999_500, 6_000_000))), 10_700_000);
    }

    #[test]
    fn without_a_slew_the_system_clock_is_the_time() {
        let start = reading(10_000_000, 5_000_000);
        let line = Timeline::System { start, correction: Interval::ZERO };
        assert_eq!(micros(line.at(&reading(20_000_000, 6_000_000))), 20_000_000);
    }

    #[test]
    fn a_given_time_runs_by_the_raw_clock() {
        let line = Timeline::Free { start: reading(0, 5_000_000), time: Time::from_unix(100, 0) };
        assert_eq!(micros(line.at(&reading(77, 6_500_000))), 101_500_000);
    }
}
