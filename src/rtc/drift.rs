//! How far a chip has gone wrong since it was last set, and what that says of its rate.
#![forbid(unsafe_code)]

use super::adjtime::Adjtime;
use crate::time::{Interval, Time};

const SECONDS_PER_DAY: f64 = 86_400.0;

/// A factor beyond this (seconds a day) is no chip's but a mistake in the file; hwclock's limit.
pub const MAX_FACTOR: f64 = 2145.0;

/// A calibration over less than this would make a second's rounding into a rate (seconds); hwclock's limit.
pub const MIN_CALIBRATION: f64 = 14_400.0;

/// What to add to what the chip reads at `rtc`: the factor's share since the last adjustment, and what was left then.
pub fn correction(adjtime: &Adjtime, rtc: Time) -> Interval {
    let since = (rtc - Time::from_unix(adjtime.last_adjust, 0)).as_secs_f64();
    Interval::from_secs_f64(since * adjtime.factor / SECONDS_PER_DAY + adjtime.not_adjusted)
}

/// Why the correction is not to be believed, if it is not; `--adjust` refuses to act on it for the same reasons.
pub fn distrust(adjtime: &Adjtime) -> Option<String> {
    if adjtime.factor.abs() > MAX_FACTOR {
        return Some(format!("a drift factor of {:.6} seconds a day is far too high", adjtime.factor));
    }
    let counts_from_1970 = adjtime.last_adjust == 0 && adjtime.factor != 0.0;
    counts_from_1970.then(|| "the time of the last adjustment is zero".to_owned())
}

/// What `--adjust` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adjustment {
    /// Add this to the chip.
    By(Interval),
    /// Less than a second: nothing.
    TooSmall,
    /// The factor is out of all reason.
    FactorTooHigh,
    /// The chip was never set by this file's account, so that a correction would count from 1970.
    NoHistory,
}

/// Decides whether the chip is to be set by its drift: from +1 s on and beyond −1 s.
pub fn adjustment(adjtime: &Adjtime, rtc: Time) -> Adjustment {
    let correction = correction(adjtime, rtc);
    if adjtime.factor.abs() > MAX_FACTOR {
        Adjustment::FactorTooHigh
    } else if correction < Interval::from_secs(1) && correction >= Interval::from_secs(-1) {
        Adjustment::TooSmall
    } else if adjtime.last_adjust == 0 {
        Adjustment::NoHistory
    } else {
        Adjustment::By(correction)
    }
}

/// What `--update-drift` finds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Calibration {
    /// The file says of no earlier calibration.
    NoHistory,
    /// Too little time has passed.
    TooSoon,
    /// The chip has drifted, in spite of the factor so far.
    Drifted {
        /// True time − what the chip said, corrected.
        error: Interval,
        /// Since the last calibration.
        over: Interval,
        /// What to add to the factor, in seconds a day.
        change: f64,
        /// The factor that follows; 0 when it would be out of all reason.
        factor: f64,
    },
}

/// Compares the chip with true time: at the moment `now` it read `rtc` (uncorrected).
pub fn calibrate(adjtime: &Adjtime, rtc: Time, now: Time) -> Calibration {
    let over = now - Time::from_unix(adjtime.last_calibration, 0);
    if adjtime.last_calibration == 0 {
        return Calibration::NoHistory;
    }
    if over.as_secs_f64() < MIN_CALIBRATION {
        return Calibration::TooSoon;
    }
    let error = now - (rtc + correction(adjtime, rtc));
    let change = error.as_secs_f64() / (over.as_secs_f64() / SECONDS_PER_DAY);
    let factor = adjtime.factor + change;
    let factor = if factor.abs() > MAX_FACTOR { 0.0 } else { factor };
    Calibration::Drifted { error, over, change, factor }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DAY: i64 = 86_400;
    const START: i64 = 1_795_341_600;

    fn adjtime(factor: f64, not_adjusted: f64) -> Adjtime {
        Adjtime { factor, last_adjust: START, not_adjusted, last_calibration: START, ..Adjtime::default() }
    }

    fn at(seconds: i64) -> Time {
        Time::from_unix(seconds, 0)
    }

    #[test]
    fn agrees_with_what_hwclock_printed() {
        // Seen: adjtime "1.5 1795341600 0.7", RTC 1795428006: "Calculated Hardware Clock drift is 2.200104 seconds".
        assert_eq!(format!("{:.6}", correction(&adjtime(1.5, 0.7), at(1_795_428_006))), "2.200104");
        // Seen for this one: -101.988425, which is −101 s and +0.988425 s printed side by side; it set 1795427909.988425.
        assert_eq!(format!("{:.6}", correction(&adjtime(-100.0, 0.0), at(1_795_428_010))), "-100.011574");
    }

    #[test]
    fn a_measured_calibration_is_reproduced() {
        // Seen: factor 3000, RTC 1795428031 against 1795428014.132172.
        let now = at(START) + Interval::from_micros(86_414_132_172);
        let Calibration::Drifted { error, over, change, factor } =
            calibrate(&adjtime(3000.0, 0.0), at(1_795_428_031), now)
        else {
            panic!("no calibration");
        };
        // It cuts to the microsecond in between.
        let near = |found: f64, printed: f64| assert!((found - printed).abs() < 2e-6, "{found} {printed}");
        near(error.as_secs_f64(), -3_017.944_216);
        near(over.as_secs_f64(), 86_414.132_172);
        near(change, -3_017.450_661);
        near(factor, -17.450_661);
    }

    #[test]
    fn calibration_needs_a_history_of_four_hours() {
        let fresh = Adjtime { last_calibration: 0, ..adjtime(1.0, 0.0) };
        assert_eq!(calibrate(&fresh, at(START), at(START)), Calibration::NoHistory);
        assert_eq!(calibrate(&adjtime(1.0, 0.0), at(START + 14_399), at(START + 14_399)), Calibration::TooSoon);
        let later = calibrate(&adjtime(0.0, 0.0), at(START + 14_400), at(START + 14_400));
        assert!(matches!(later, Calibration::Drifted { factor: 0.0, .. }), "{later:?}");
    }

    #[test]
    fn an_absurd_factor_becomes_zero() {
        let found = calibrate(&adjtime(0.0, 0.0), at(START + DAY), at(START + DAY + 3000));
        assert!(matches!(found, Calibration::Drifted { factor: 0.0, .. }), "{found:?}");
    }

    #[test]
    fn adjustment_begins_at_one_second_and_beyond_minus_one() {
        let rtc = at(START + DAY);
        assert_eq!(adjustment(&adjtime(1.0, 0.0), rtc), Adjustment::By(Interval::from_secs(1)));
        assert_eq!(adjustment(&adjtime(0.999, 0.0), rtc), Adjustment::TooSmall);
        assert_eq!(adjustment(&adjtime(-1.0, 0.0), rtc), Adjustment::TooSmall);
        assert!(matches!(adjustment(&adjtime(-1.001, 0.0), rtc), Adjustment::By(_)));
        assert_eq!(adjustment(&adjtime(2146.0, 0.0), rtc), Adjustment::FactorTooHigh);
        let never = Adjtime { last_adjust: 0, ..adjtime(1.5, 0.0) };
        assert_eq!(adjustment(&never, rtc), Adjustment::NoHistory);
    }

    proptest! {
        #[test]
        fn the_correction_is_the_formula(
            factor in -2145.0..2145.0_f64, left in -10.0..10.0_f64, seconds in 0_i64..3_000_000_000,
        ) {
            let found = correction(&adjtime(factor, left), at(START + seconds)).as_secs_f64();
            let expected = seconds as f64 * factor / 86_400.0 + left;
            prop_assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }

        #[test]
        fn a_calibrated_factor_predicts_the_chip(
            old in -20.0..20.0_f64, rate in -100.0..100.0_f64, seconds in 14_400_i64..200_000_000,
        ) {
            // A chip which loses `rate` seconds a day reads this now; with the new factor it would have been right.
            let now = at(START + seconds);
            let rtc = now - Interval::from_secs_f64(rate * seconds as f64 / 86_400.0);
            let Calibration::Drifted { factor, .. } = calibrate(&adjtime(old, 0.0), rtc, now) else {
                return Err(TestCaseError::fail("no calibration"));
            };
            // The old factor counts the chip's own seconds, the calibration true ones: apart by the rate itself.
            let slack = rate.abs() * old.abs() / 86_400.0 + 1e-6;
            prop_assert!((factor - rate).abs() <= slack, "{factor} {rate}");
        }
    }
}
