//! Absolute time and intervals that cannot overflow.
//!
//! Both count units of 2⁻³² s in 128 bits: the fraction of an NTP timestamp (RFC 5905 §6) is kept exactly, a nanosecond
//! survives the way in and out, and no date that a packet or a clock can hold comes near the limits.

#![forbid(unsafe_code)]

mod arithmetic;

use std::fmt;
use std::time::Duration;

use chrono::Datelike as _;
use serde::{Deserialize, Serialize};

/// Units in one second.
const UNITS: i128 = 1 << 32;
const NANOS: i128 = 1_000_000_000;

/// A point in UTC, counted from 1970-01-01 without leap seconds, as the kernel's CLOCK_REALTIME is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "i128", try_from = "i128")]
pub struct Time(i128);

/// A signed length of time; what an offset, a delay and a dispersion are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "i128", try_from = "i128")]
pub struct Interval(i128);

/// CLOCK_REALTIME and CLOCK_MONOTONIC_RAW read together; their difference shows a step that somebody else makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// What the system clock says.
    pub real: Time,
    /// Time since an arbitrary start, which nobody can set, step or slew.
    pub raw: Duration,
}

impl Reading {
    /// How far the clock was moved between `earlier` and this reading, beyond the time that passed.
    pub fn moved_since(&self, earlier: &Reading) -> Interval {
        (self.real - earlier.real) - (Interval::from(self.raw) - Interval::from(earlier.raw))
    }

    /// The system clock, since 1970, minus the raw clock.
    pub fn real_minus_raw(&self) -> Interval {
        (self.real - Time::UNIX_EPOCH) - Interval::from(self.raw)
    }
}

impl Time {
    /// 1970-01-01 00:00:00 UTC.
    pub const UNIX_EPOCH: Time = Time(0);

    /// From units of 2⁻³² s since 1970.
    pub const fn from_units(units: i128) -> Time {
        Time(units)
    }

    /// Units of 2⁻³² s since 1970.
    pub const fn units(self) -> i128 {
        self.0
    }

    /// From whole seconds since 1970 and nanoseconds in addition (0 to 999 999 999 for a `timespec`).
    pub const fn from_unix(seconds: i64, nanos: i64) -> Time {
        Time(seconds as i128 * UNITS + Interval::from_nanos(nanos as i128).0)
    }

    /// The date and the time of day in UTC, for people.
    pub fn utc(self) -> String {
        let seconds = self.to_unix().0;
        let date = chrono::DateTime::from_timestamp(seconds, 0);
        date.map_or(format!("{seconds} s after 1970"), |date| date.format("%Y-%m-%d %H:%M:%S UTC").to_string())
    }

    /// How long ago the midnight (UTC) after the last day of June or December was, which are the days that leap seconds end
    /// (ITU-R TF.460-6 prefers these); negative before it. Nothing more than two days before or a day after.
    pub fn since_leap_midnight(self) -> Option<Interval> {
        const DAY: i64 = 86_400;
        let day = self.to_unix().0.div_euclid(DAY);
        let is_one = |day: &i64| {
            let date = chrono::DateTime::from_timestamp(day.saturating_mul(DAY), 0);
            date.is_some_and(|date| matches!((date.month(), date.day()), (1 | 7, 1)))
        };
        // On the day itself, and the two before it.
        let midnight = (day..=day.saturating_add(2)).find(is_one)?;
        Some(self - Time::from_unix(midnight * DAY, 0))
    }

    /// Whole seconds since 1970, rounded down, and the nanoseconds beyond (0 to 999 999 999).
    pub const fn to_unix(self) -> (i64, u32) {
        let nanos = Interval(self.0).nanos();
        (nanos.div_euclid(NANOS) as i64, nanos.rem_euclid(NANOS) as u32)
    }
}

/// What another process may say: 2³⁷ s, more than 4000 years, on either side. Sums and products of such numbers do not overflow.
const FARTHEST: i128 = UNITS << 37;

fn believable(units: i128) -> Result<i128, &'static str> {
    if units.abs() <= FARTHEST { Ok(units) } else { Err("no clock and no packet holds such a time") }
}

impl From<Time> for i128 {
    fn from(time: Time) -> i128 {
        time.0
    }
}

/// From units of 2⁻³² s since 1970; fails beyond 4000 years.
impl TryFrom<i128> for Time {
    type Error = &'static str;

    fn try_from(units: i128) -> Result<Time, &'static str> {
        // The most negative number has no absolute value.
        believable(units.max(-i128::MAX)).map(Time)
    }
}

impl From<Interval> for i128 {
    fn from(interval: Interval) -> i128 {
        interval.0
    }
}

/// From units of 2⁻³² s; fails beyond 4000 years.
impl TryFrom<i128> for Interval {
    type Error = &'static str;

    fn try_from(units: i128) -> Result<Interval, &'static str> {
        believable(units.max(-i128::MAX)).map(Interval)
    }
}

/// How long a GPS receiver counts before it begins anew: 1024 weeks.
const GPS_ERA: Interval = Interval::from_secs(1024 * 7 * 86_400);
/// Within which an offset is taken for whole such eras.
const GPS_NEAR: Interval = Interval::from_secs(2 * 86_400);

impl Interval {
    /// In the largest unit that people would count it in: `31 s`, `19.6 years`. Without its sign.
    pub fn in_words(self) -> String {
        let seconds = self.abs().units() / Interval::from_secs(1).units();
        match seconds {
            0..120 => format!("{seconds} s"),
            120..7200 => format!("{} minutes", seconds / 60),
            7200..172_800 => format!("{} hours", seconds / 3600),
            172_800..63_072_000 => format!("{} days", seconds / 86_400),
            _ => format!("{:.1} years", seconds as f64 / 31_556_952.0),
        }
    }

    /// Whether this is, but for two days, the offset of a clock that follows a GPS receiver which has begun to count its 1024 weeks
    /// anew: such a clock is behind.
    pub fn is_gps_rollover(self) -> bool {
        let eras = (self.abs() + GPS_NEAR).units() / GPS_ERA.units();
        self.is_negative() && eras > 0 && (self.abs().units() - eras * GPS_ERA.units()).abs() <= GPS_NEAR.units()
    }

    /// No time at all.
    pub const ZERO: Interval = Interval(0);

    /// From units of 2⁻³² s.
    pub const fn from_units(units: i128) -> Interval {
        Interval(units)
    }

    /// Units of 2⁻³² s.
    pub const fn units(self) -> i128 {
        self.0
    }

    /// From whole seconds.
    pub const fn from_secs(seconds: i64) -> Interval {
        Interval(seconds as i128 * UNITS)
    }

    /// From microseconds, to the nearest unit.
    pub const fn from_micros(micros: i64) -> Interval {
        Interval::from_nanos(micros as i128 * 1000)
    }

    /// From nanoseconds, to the nearest unit. Exact for |nanos| < 2⁹⁵.
    pub const fn from_nanos(nanos: i128) -> Interval {
        Interval(round_div(nanos * UNITS, NANOS))
    }

    /// From seconds, to the nearest unit; NaN gives zero and what is out of range the nearest limit.
    pub fn from_secs_f64(seconds: f64) -> Interval {
        Interval((seconds * UNITS as f64).round() as i128)
    }

    /// Nanoseconds, rounded to nearest.
    pub const fn nanos(self) -> i128 {
        round_div(self.0 * NANOS, UNITS)
    }

    /// Microseconds, rounded to nearest.
    pub const fn micros(self) -> i128 {
        round_div(self.0 * 1_000_000, UNITS)
    }

    /// Seconds, for weights and printing only: beyond some days the nanoseconds are lost.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / UNITS as f64
    }

    /// The size without the sign.
    pub const fn abs(self) -> Interval {
        Interval(self.0.abs())
    }

    /// Less than zero.
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// As a `Duration`; what is negative becomes zero.
    pub fn to_duration(self) -> Duration {
        let nanos = self.nanos().max(0);
        Duration::new(u64::try_from(nanos / NANOS).unwrap_or(u64::MAX), (nanos % NANOS) as u32)
    }
}

/// The quotient rounded to nearest, halves away from zero; `divisor` is positive.
const fn round_div(value: i128, divisor: i128) -> i128 {
    let half = divisor / 2;
    if value < 0 { (value - half) / divisor } else { (value + half) / divisor }
}

impl From<Duration> for Interval {
    fn from(duration: Duration) -> Interval {
        Interval::from_nanos(duration.as_nanos().cast_signed())
    }
}

/// Seconds with the decimals asked for (`{:+.6}`), six by default and nine at most, rounded to nearest; all digits of the
/// seconds are exact.
impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = f.precision().unwrap_or(6).min(9);
        let scale = 10_i128.pow(decimals as u32);
        let scaled = round_div(self.0 * scale, UNITS);
        let (whole, fraction) = (scaled.abs() / scale, scaled.abs() % scale);
        let text = if decimals == 0 { whole.to_string() } else { format!("{whole}.{fraction:0decimals$}") };
        // What rounds to zero keeps its sign, as printf does, so that a column of small offsets lines up.
        let sign = if self.is_negative() {
            "-"
        } else if f.sign_plus() {
            "+"
        } else {
            ""
        };
        let width = f.width().unwrap_or(0);
        let text = format!("{sign}{text}");
        match f.align() {
            Some(fmt::Alignment::Left) => write!(f, "{text:<width$}"),
            _ => write!(f, "{text:>width$}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn prints_every_digit_of_a_large_offset() {
        let century = Interval::from_nanos(3_155_760_000_123_456_789);
        assert_eq!(format!("{century:+.6}"), "+3155760000.123457");
        assert_eq!(format!("{:.9}", -century), "-3155760000.123456789");
        assert_eq!(format!("{:+.0}", Interval::from_nanos(1_500_000_000)), "+2");
    }

    #[test]
    fn pads_to_the_width_asked_for() {
        assert_eq!(format!("[{:<+10.6}]", Interval::from_nanos(22_000)), "[+0.000022 ]");
        assert_eq!(format!("[{:10.5}]", Interval::from_nanos(25_880_000)), "[   0.02588]");
    }

    #[test]
    fn division_rounds_to_nearest_on_both_sides_of_zero() {
        assert_eq!(Interval::from_units(3) / 2, Interval::from_units(2));
        assert_eq!(Interval::from_units(-3) / 2, Interval::from_units(-2));
    }

    proptest! {
        #[test]
        fn nanoseconds_survive_the_round_trip(seconds in -9_000_000_000_i64..9_000_000_000, nanos in 0_u32..1_000_000_000) {
            let time = Time::from_unix(seconds, i64::from(nanos));
            prop_assert_eq!(time.to_unix(), (seconds, nanos));
        }

        #[test]
        fn differences_undo_sums(a in any::<i64>(), b in any::<i64>()) {
            let (start, step) = (Time::from_units(i128::from(a)), Interval::from_units(i128::from(b)));
            prop_assert_eq!((start + step) - start, step);
        }

        #[test]
        fn printing_agrees_with_nanoseconds(nanos in any::<i64>()) {
            let interval = Interval::from_nanos(i128::from(nanos));
            let printed = format!("{interval:.9}").replace('.', "");
            prop_assert_eq!(printed.parse::<i128>().unwrap(), i128::from(nanos));
        }
    }
}
