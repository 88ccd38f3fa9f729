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
        Frequency { value: self.value, uncertainty: libm::hypot(self.uncertainty, by).min(MAX_FREQUENCY) }
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
    /// The error bound of the server's own clock.
    pub root_distance: Interval,
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

/// What is known of a run besides its points: it did not fit to those before it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Break {
    /// The servers' time had jumped: offsets before and after it are not comparable.
    Phase,
    /// The frequency had changed, by about so much.
    Frequency(f64),
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
    /// The kernel's frequency has been tuned by it though nobody asked for that: it was said, and is done from then on.
    pub tuned: bool,
    /// What the last run took the frequency for.
    pub told: Option<Frequency>,
    /// The runs that did not fit to those before them, in their order.
    pub breaks: Vec<(u32, Break)>,
    /// By how much runs stepped the clock, in their order: for people, nothing is learned from it. At most [`MAX_RUNS`].
    pub steps: Vec<(u32, Interval)>,
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
        self.runs_of_points().count()
    }

    /// The points of each run.
    pub(super) fn runs_of_points(&self) -> impl DoubleEndedIterator<Item = &[Point]> {
        self.points.chunk_by(|a, b| a.run == b.run)
    }

    /// Remembers that the last run stepped the clock.
    pub fn note_step(&mut self, by: Interval) {
        if let Some(point) = self.points.last() {
            self.steps.retain(|(run, _)| *run < point.run);
            self.steps.push((point.run, by));
        }
    }

    /// In what way that run did not fit to those before it.
    pub(super) fn break_at(&self, run: u32) -> Option<Break> {
        self.breaks.iter().find(|(number, _)| *number == run).map(|(_, kind)| *kind)
    }

    /// The number of the run after the last one.
    pub(super) fn next_run(&self) -> u32 {
        self.points.last().map_or(1, |point| point.run.saturating_add(1))
    }

    /// What there was before that run.
    pub(super) fn before(&self, run: u32) -> History {
        let mut past = self.clone();
        past.points.retain(|point| point.run < run);
        past.breaks.retain(|(number, _)| *number < run);
        past.steps.retain(|(number, _)| *number < run);
        past
    }

    /// Adds a run's points, for which there has to be room.
    pub(super) fn append(&mut self, points: &[Point]) {
        let number = self.next_run();
        self.points.extend(points.iter().map(|point| Point { run: number, ..*point }));
    }

    /// Lets go of the oldest runs, whole, where one with so many points more would be too much.
    pub(super) fn with_room_for(mut self, points: usize) -> History {
        let (mut kept_points, mut kept_runs) = (0, 0);
        for run in self.runs_of_points().rev() {
            if kept_runs + 1 == MAX_RUNS || kept_points + run.len() + points > MAX_POINTS {
                break;
            }
            kept_runs += 1;
            kept_points += run.len();
        }
        let excess = self.points.len() - kept_points;
        if excess > 0 {
            self.points.drain(..excess);
            self.start = None;
            let first = self.points.first().map_or(u32::MAX, |point| point.run);
            self.breaks.retain(|(run, _)| *run > first);
            self.steps.retain(|(run, _)| *run >= first);
        }
        self
    }
}
