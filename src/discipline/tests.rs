//! Histories made up point by point.

mod any_history;
mod frequency;
mod history_file;
mod jumps;

use std::time::Duration;

use super::bounds::MAX_MOVE;
use super::history::Frequency;
use super::*;
use crate::time::{Interval, Reading, Time};

const SERVER: &str = "192.0.2.1";
/// The servers' time when the raw clock says 0.
const EPOCH: f64 = 1_800_000_000.0;

fn boot() -> Boot {
    Boot { id: "b0075".to_owned(), suspended: Duration::ZERO }
}

fn point(raw: f64, error: f64, delay: f64) -> Point {
    Point {
        run: 0,
        raw: Duration::from_secs_f64(raw),
        server_minus_raw: Interval::from_secs_f64(EPOCH) + Interval::from_secs_f64(error),
        delay: Interval::from_secs_f64(delay),
        root_distance: Interval::ZERO,
        server: SERVER.parse().unwrap(),
    }
}

/// A run with one point, which says that the servers' time is `error` ahead of the epoch and the raw clock.
fn run(raw: f64, error: f64) -> Run {
    let point = point(raw, error, 0.001);
    Run {
        boot: boot(),
        points: vec![point],
        raw: point.raw,
        server_minus_raw: point.server_minus_raw,
        bound: Interval::from_secs(1),
    }
}

/// What is learned from a clock with this frequency, from runs so far apart, beginning at some raw time.
fn taught(frequency: f64, interval: f64, runs: usize) -> Update {
    let mut history = History::default();
    let mut update = None;
    for number in 0..runs {
        let raw = 100.0 + number as f64 * interval;
        let learned = learn(&history, &run(raw, frequency * raw)).unwrap();
        history = learned.history.clone();
        update = Some(learned);
    }
    update.unwrap()
}

fn assert_close(a: f64, b: f64, tolerance: f64) {
    assert!((a - b).abs() <= tolerance, "{a} is not {b} within {tolerance}");
}

/// A run whose points come two seconds apart, with errors of half of `queue` in turn that their delays do not show.
fn burst(first: f64, frequency: f64, queue: f64) -> Run {
    let mut burst = run(first, frequency * first);
    let error = |number: u8| if number.is_multiple_of(2) { -queue / 2.0 } else { queue / 2.0 };
    let raw = |number: u8| first + f64::from(number) * 2.0;
    burst.points = (0..4).map(|number| point(raw(number), frequency * raw(number) + error(number), 0.001)).collect();
    burst.raw = Duration::from_secs_f64(raw(3));
    burst
}
