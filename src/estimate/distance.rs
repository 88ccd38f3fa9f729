//! The error bound of a measurement, and what it is made of.

use thiserror::Error;

use super::sample::Sample;
use crate::time::Interval;

/// The least round trip that a sample is judged by. Time stamps taken by programs and not by network cards are late by
/// milliseconds now and then, on one side only.
pub(super) const MIN_ROUND_TRIPS: Interval = Interval::from_micros(10_000);

/// A number that is a part of a root distance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DistancePart {
    /// The error bound that the server announces for its own clock.
    RootDispersion,
    /// The round trip from the server to its reference clock, as the server announces it.
    RootDelay,
    /// The round trip from here to the server.
    Delay,
    /// How far the samples differ from the best one.
    Jitter,
    /// The server's announced precision.
    Precision,
}

impl DistancePart {
    /// The part's name, as it is printed.
    pub const fn as_str(self) -> &'static str {
        match self {
            DistancePart::RootDispersion => "root dispersion",
            DistancePart::RootDelay => "root delay",
            DistancePart::Delay => "delay",
            DistancePart::Jitter => "jitter",
            DistancePart::Precision => "precision",
        }
    }
}

/// A root distance that is too large, and the part that makes the most of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "root distance {distance:.3} s is too large: {} {value:.3} s (--max-distance is {limit:.3})",
    part.as_str()
)]
pub struct TooDistant {
    /// The whole.
    pub distance: Interval,
    /// The part with the greatest share.
    pub part: DistancePart,
    /// The part's own value; of the two round trips only half counts towards the whole.
    pub value: Interval,
    /// The greatest distance that is accepted.
    pub limit: Interval,
}

impl TooDistant {
    /// Names the part of this sample's distance that is to blame.
    pub(super) fn new(distance: Interval, sample: &Sample, jitter: Interval, limit: Interval) -> TooDistant {
        let header = &sample.header;
        let parts = [
            (DistancePart::RootDispersion, header.root_dispersion.to_interval(), 1),
            (DistancePart::RootDelay, header.root_delay.to_interval(), 2),
            (DistancePart::Delay, sample.delay, 2),
            (DistancePart::Precision, sample.precision(), 1),
            // Last: the jitter is never less than the precision, and then only repeats it.
            (DistancePart::Jitter, jitter - sample.dispersion, 1),
        ];
        let share = |(_, value, divisor): &(DistancePart, Interval, u32)| *value / *divisor;
        let greatest = parts.into_iter().reduce(|a, b| if share(&b) > share(&a) { b } else { a });
        let (part, value) = greatest.map_or((DistancePart::Delay, sample.delay), |(part, value, _)| (part, value));
        TooDistant { distance, part, value, limit }
    }
}

impl Sample {
    /// The error bound of this sample from here to the reference clock (RFC 5905 A.5.5.2).
    pub fn root_distance(&self) -> Interval {
        root_distance(self)
    }
}

/// The error bound of a sample from here to the reference clock: half of all round trips and all dispersions on the way
/// (RFC 5905 A.5.5.2). As there, round trips have a least value: two honest servers differ by more than a LAN's delays say.
pub(super) fn root_distance(sample: &Sample) -> Interval {
    round_trips(sample).max(MIN_ROUND_TRIPS) / 2 + dispersions(sample)
}

/// What a sample is weighed by among others: its root distance without the least value of the round trips, which would make a
/// server 0.2 ms away count no more than one 8 ms away.
pub(super) fn weighing_distance(sample: &Sample) -> Interval {
    round_trips(sample) / 2 + dispersions(sample)
}

fn round_trips(sample: &Sample) -> Interval {
    sample.header.root_delay.to_interval() + sample.delay
}

fn dispersions(sample: &Sample) -> Interval {
    sample.header.root_dispersion.to_interval() + sample.dispersion
}
