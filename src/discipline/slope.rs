//! How fast the servers' time runs against the raw clock, roughly.

use std::time::Duration;

use super::MAX_FREQUENCY;
use super::history::Point;

/// Runs that lie closer together than this teach nothing about the frequency, seconds: queues that move a point by 0.1 ms
/// without a trace in its delay look like 20 ppm over 5 s, and like 2 ppm over this.
pub(super) const BASELINE: f64 = 60.0;

/// How fast the servers' time minus the raw clock grows, from run to run: the median. Nothing from too short a time.
pub(super) fn rough_slope(points: &[Point], newer: &[Point]) -> Option<f64> {
    let best = |run: &[Point]| run.iter().min_by_key(|point| point.delay).copied();
    let mut runs: Vec<Point> = points.chunk_by(|a, b| a.run == b.run).filter_map(best).collect();
    runs.extend(best(newer));
    let (first, last) = (runs.first()?, runs.last()?);
    if span(first.raw, last.raw) < BASELINE {
        return None;
    }
    let slope = |pair: &[Point]| {
        let passed = span(pair[0].raw, pair[1].raw);
        (passed > 0.0).then(|| (pair[1].server_minus_raw - pair[0].server_minus_raw).as_secs_f64() / passed)
    };
    let mut slopes: Vec<f64> = runs.windows(2).filter_map(slope).collect();
    slopes.sort_by(f64::total_cmp);
    slopes.get(slopes.len() / 2).map(|slope| slope.clamp(-MAX_FREQUENCY, MAX_FREQUENCY))
}

/// Seconds from one raw time to another, at least 0.
pub(super) fn span(from: Duration, to: Duration) -> f64 {
    to.saturating_sub(from).as_secs_f64()
}
