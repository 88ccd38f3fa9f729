//! Sums and differences of times and intervals, and intervals many times over.

use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub};

use super::{Interval, Time, round_div};

impl Sub for Time {
    type Output = Interval;
    fn sub(self, earlier: Time) -> Interval {
        Interval(self.0 - earlier.0)
    }
}

impl Add<Interval> for Time {
    type Output = Time;
    fn add(self, interval: Interval) -> Time {
        Time(self.0 + interval.0)
    }
}

impl Sub<Interval> for Time {
    type Output = Time;
    fn sub(self, interval: Interval) -> Time {
        Time(self.0 - interval.0)
    }
}

impl Add for Interval {
    type Output = Interval;
    fn add(self, other: Interval) -> Interval {
        Interval(self.0 + other.0)
    }
}

impl AddAssign for Interval {
    fn add_assign(&mut self, other: Interval) {
        self.0 += other.0;
    }
}

impl Sub for Interval {
    type Output = Interval;
    fn sub(self, other: Interval) -> Interval {
        Interval(self.0 - other.0)
    }
}

impl Neg for Interval {
    type Output = Interval;
    fn neg(self) -> Interval {
        Interval(-self.0)
    }
}

impl Mul<i32> for Interval {
    type Output = Interval;
    fn mul(self, factor: i32) -> Interval {
        Interval(self.0 * i128::from(factor))
    }
}

/// Rounded to the nearest unit; a divisor of zero panics, as for integers.
impl Div<u32> for Interval {
    type Output = Interval;
    fn div(self, divisor: u32) -> Interval {
        Interval(round_div(self.0, i128::from(divisor)))
    }
}

impl Sum for Interval {
    fn sum<I: Iterator<Item = Interval>>(intervals: I) -> Interval {
        intervals.fold(Interval::ZERO, Add::add)
    }
}
