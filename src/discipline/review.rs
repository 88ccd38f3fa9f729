//! A history looked at from outside.

use super::history::{Frequency, History, Point};
use super::replay::Replay;
use super::slope::span;
use crate::time::Interval;

/// What a history comes to.
#[derive(Clone, Debug, PartialEq)]
pub struct Review {
    /// What it says of the frequency after its last point.
    pub frequency: Frequency,
    /// For each point, how far it lies above the straight line that fits them through the last estimate.
    pub residuals: Vec<Interval>,
}

/// Looks at a history; nothing without points.
pub fn review(history: &History) -> Option<Review> {
    let replay = Replay::of(history, &[])?;
    let mixture = replay.bank.mixture();
    let last = history.points.last()?.raw;
    let residual = |point: &Point| {
        let line = mixture.offset - mixture.frequency.value * span(point.raw, last);
        Interval::from_secs_f64(replay.offset(point) - line)
    };
    Some(Review { frequency: replay.mixture().frequency, residuals: history.points.iter().map(residual).collect() })
}
