//! A history, put through the bank of filters from its first point to its last.

use std::time::Duration;

use super::bank::{Bank, LeastDelays, Mixture, half_excess, least_delays, variance};
use super::history::{Frequency, History, Point};
use crate::time::Interval;

/// Points that lie closer together than this teach nothing about the frequency, seconds: queues that move a point by 0.1 ms
/// without a trace in its delay look like 20 ppm over 5 s, and like 2 ppm over this.
const BASELINE: f64 = 60.0;

/// The filters after the last point, and what is needed to go on.
#[derive(Clone, Debug)]
pub(super) struct Replay {
    pub(super) bank: Bank,
    /// The first point, from which the filters' offsets count.
    origin: Point,
    last_run: Vec<Point>,
    /// What was known of the frequency before the first point.
    start: Frequency,
    least: LeastDelays,
}

impl Replay {
    /// Nothing without points. The delays of `newer` points count, too, for which are the least.
    pub(super) fn of(history: &History, newer: &[Point]) -> Option<Replay> {
        let least = least_delays(history.points.iter().chain(newer));
        let origin = *history.points.first()?;
        let start = history.start.unwrap_or(Frequency::UNKNOWN);
        let bank = Bank::new(variance(&origin, &least), start);
        let mut replay = Replay { bank, origin, last_run: vec![origin], start, least };
        for (number, run) in history.points.chunk_by(|a, b| a.run == b.run).enumerate() {
            // The bank starts with the first point taken in.
            replay.take(if number == 0 { &run[1..] } else { run });
            replay.last_run = run.to_vec();
        }
        Some(replay)
    }

    /// Lets the time up to a run's first point pass. Gives that time in seconds.
    pub(super) fn advance_to(&mut self, run: &[Point]) -> f64 {
        let (Some(last), Some(first)) = (self.last_run.last(), run.first()) else { return 0.0 };
        let (passed, so_far) = (span(last.raw, first.raw), span(self.origin.raw, last.raw));
        if so_far < BASELINE && passed >= so_far {
            // What a short burst says of the frequency is worth nothing over the longer time that follows.
            self.bank.restart_frequency(self.start);
        }
        self.bank.advance(passed);
        if !run.iter().any(|point| self.last_run.iter().any(|earlier| earlier.server == point.server)) {
            // Other servers: their offset from the former ones is less than half of a round trip to either.
            let delays = run.iter().chain(&self.last_run).filter_map(|point| self.least.get(&point.server));
            let widest = delays.copied().max().unwrap_or_default();
            self.bank.doubt_offset(widest.as_secs_f64() / 2.0);
        }
        passed
    }

    /// What all points teach. From too short a time that is an offset, and the frequency is what it was before them.
    pub(super) fn mixture(&self) -> Mixture {
        let mixture = self.bank.mixture();
        let so_far = self.last_run.last().map_or(0.0, |last| span(self.origin.raw, last.raw));
        if so_far < BASELINE { mixture.with_frequency(self.start) } else { mixture }
    }

    fn take(&mut self, run: &[Point]) {
        self.advance_to(run);
        let mut before: Option<&Point> = None;
        for point in run {
            if let Some(before) = before {
                self.bank.advance(span(before.raw, point.raw));
            }
            before = Some(point);
            self.bank.update(self.offset(point), variance(point, &self.least));
        }
    }

    /// A point's offset as the filters count it, seconds.
    pub(super) fn offset(&self, point: &Point) -> f64 {
        (point.server_minus_raw - self.origin.server_minus_raw).as_secs_f64()
    }

    /// The filters' offset as an interval between the servers' time and the raw clock.
    pub(super) fn server_minus_raw(&self, offset: f64) -> Interval {
        self.origin.server_minus_raw + Interval::from_secs_f64(offset)
    }

    /// One standard deviation of a point's offset, and how far queues can have moved it. Seconds.
    pub(super) fn errors(&self, point: &Point) -> (f64, f64) {
        (variance(point, &self.least).sqrt(), half_excess(point, &self.least))
    }
}

/// Seconds from one raw time to another, at least 0.
pub(super) fn span(from: Duration, to: Duration) -> f64 {
    to.saturating_sub(from).as_secs_f64()
}
