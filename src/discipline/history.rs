//! What is remembered from run to run.

use std::net::IpAddr;
use std::time::Duration;

use super::{MAX_FREQUENCY, MAX_POINTS, MAX_RUNS};
use crate::time::Interval;

/// A frequency correction: seconds to be added per second of the raw clock. Positive: the oscillator is slow.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frequency {
    /// From −500e-6 to 500e-6.
    pub value: f64,
    /// One standard deviation, above 0.
    pub uncertainty: f64,
}

impl Frequency {
    /// What is known of an oscillator of which nothing is known.
    pub const UNKNOWN: Frequency = Frequency { value: 0.0, uncertainty: MAX_FREQUENCY };

    /// The value within its limits.
    pub fn clamped(self) -> Frequency {
        Frequency { value: self.value.clamp(-MAX_FREQUENCY, MAX_FREQUENCY), uncertainty: self.uncertainty }
    }

    /// With another, independent error added.
    pub(super) fn widened(self, by: f64) -> Frequency {
        Frequency { value: self.value, uncertainty: self.uncertainty.hypot(by).min(MAX_FREQUENCY) }
    }
}

/// What has to be the same for two readings of the raw clock to be comparable.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Boot {
    /// The kernel's random name for this boot: letters, digits and dashes.
    pub id: String,
    /// How long the machine has been suspended since then: the raw clock stands still meanwhile.
    pub suspended: Duration,
}

/// One sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Which run took it; counts up.
    pub run: u32,
    /// When, by the raw clock.
    pub raw: Duration,
    /// The server's time, since 1970, minus the raw clock.
    pub server_minus_raw: Interval,
    /// The round trip.
    pub delay: Interval,
    /// By how much the run's servers disagree, times the square root of the run's number of points; 0 for one server.
    pub spread: Interval,
    /// The server.
    pub server: IpAddr,
}

/// The samples of the present run.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// Where the raw clock stands.
    pub boot: Boot,
    /// At least one; their run numbers do not matter.
    pub points: Vec<Point>,
    /// When the run ended, by the raw clock.
    pub raw: Duration,
    /// What all servers together say that the servers' time minus the raw clock is.
    pub server_minus_raw: Interval,
    /// The error bound of that.
    pub bound: Interval,
}

/// Earlier runs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// Where the raw clock stood when the points were taken.
    pub boot: Boot,
    /// What was known of the frequency before the first point, if anything was.
    pub start: Option<Frequency>,
    /// The last run contradicted those before it, which were dropped: the next one is believed as it is.
    pub settling: bool,
    /// By time.
    pub points: Vec<Point>,
}

impl History {
    /// A history that knows the frequency from somewhere else, and nothing more.
    pub fn from_frequency(frequency: Frequency) -> History {
        History { start: Some(frequency.clamped()), ..History::default() }
    }

    /// The number of runs among the points.
    pub fn runs(&self) -> usize {
        self.points.chunk_by(|a, b| a.run == b.run).count()
    }

    /// Adds a run's points and lets go of the oldest runs, whole, where there are too many.
    pub(super) fn append(&mut self, points: &[Point]) {
        let number = self.points.last().map_or(1, |point| point.run.saturating_add(1));
        self.points.extend(points.iter().map(|point| Point { run: number, ..*point }));
        let (mut kept_points, mut kept_runs) = (0, 0);
        for run in self.points.chunk_by(|a, b| a.run == b.run).rev() {
            if kept_runs == MAX_RUNS || kept_points + run.len() > MAX_POINTS {
                break;
            }
            kept_runs += 1;
            kept_points += run.len();
        }
        let excess = self.points.len() - kept_points;
        if excess > 0 {
            self.points.drain(..excess);
            self.start = None;
        }
    }
}
