//! From a history and a run to what both teach.

use std::time::Duration;

use thiserror::Error;

use super::MAX_FREQUENCY;
use super::history::{Frequency, History, Point, Run};
use super::replay::{Replay, span};
use crate::time::{Interval, Reading};

/// An oscillator does not change its frequency by more than this from run to run.
const MAX_CHANGE: f64 = 3e-6;
/// Errors beyond so many standard deviations are contradictions.
const MAX_SIGMAS: f64 = 6.0;
/// A frequency less certain than this is nothing to set a clock by.
const KNOWN: f64 = 10e-6;
/// What a boot may change of the frequency: the kernel measures its clock source anew.
const REBOOT: f64 = 3e-6;
/// What a suspension may change: the machine cooled down.
const SUSPENSION: f64 = 1e-6;
/// Two clocks of the kernel are read one after the other, and a busy machine may come in between. No suspension is so short.
const SUSPENDED_TOLERANCE: Duration = Duration::from_millis(50);
/// Runs do not follow each other faster than this, seconds.
const SHORTEST: f64 = 0.001;

/// Why earlier points are of no use any more. The frequency that they taught is kept.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
pub enum Dropped {
    /// The raw clock started anew.
    #[error("the machine was booted since")]
    Reboot,
    /// The raw clock stood still.
    #[error("the machine was suspended since, for {:.0} s", .0.as_secs_f64())]
    Suspension(Duration),
    /// The raw clock is not where it was: a virtual machine was put back, or the file is another machine's.
    #[error("the raw clock went back since")]
    RawClock,
    /// The servers' time is not where it has to be, by this much.
    #[error("the servers' time moved by {0:+.6} s against what was expected")]
    Jump(Interval),
}

/// What a run teaches, in the light of those before it.
#[derive(Clone, Debug, PartialEq)]
pub struct Lesson {
    /// To be kept for the next run.
    pub history: History,
    /// The frequency correction that the kernel should have.
    pub frequency: Frequency,
    /// Whether the data support it; if not, the kernel's is to be left alone.
    pub is_known: bool,
    /// One standard deviation of the offset, above 0.
    pub offset_uncertainty: Interval,
    /// Points behind the estimate, those of the present run included.
    pub points: usize,
    /// Runs behind the estimate, the present one included.
    pub runs: usize,
    /// Why there are no more, if earlier ones were dropped in this run.
    pub dropped: Option<Dropped>,
    /// The usual time between runs (median), from the second run on.
    pub interval: Option<Duration>,
    /// The error to be expected when the next run comes after that time: one standard deviation.
    pub expected_error: Option<Interval>,
    /// When `server_minus_raw` held, by the raw clock.
    raw: Duration,
    server_minus_raw: Interval,
}

impl Lesson {
    /// The estimate of the servers' time minus the raw clock, carried on to a raw time at the estimated frequency.
    pub fn server_minus_raw_at(&self, raw: Duration) -> Interval {
        let passed = (Interval::from(raw) - Interval::from(self.raw)).as_secs_f64();
        self.server_minus_raw + Interval::from_secs_f64(passed * self.frequency.value)
    }

    /// What has to be added to the clock when it reads `now`.
    pub fn offset_at(&self, now: &Reading) -> Interval {
        self.server_minus_raw_at(now.raw) - now.real_minus_raw()
    }
}

/// Takes a run in. A run without points teaches nothing.
pub fn learn(history: &History, run: &Run) -> Option<Lesson> {
    let (earlier, dropped) = carry_over(history, run);
    let mut points = run.points.clone();
    // Points of equal time in one order, so that the result does not depend on the order in which servers were named.
    points.sort_by_key(|point| (point.raw, point.server, point.server_minus_raw, point.delay, point.spread));
    let lesson = conclude(&earlier, &points, false, dropped)?;
    // Whatever the filters say, the clock is not set to what the servers' own error bounds exclude.
    let excluded = || {
        let error = run.server_minus_raw - lesson.server_minus_raw_at(run.raw);
        (error.abs() > run.bound && !earlier.points.is_empty()).then_some(error)
    };
    let Some(error) = jump(&earlier, &points).or_else(excluded) else { return Some(lesson) };
    let start = doubted(&earlier, &points, error);
    let fresh = History { boot: run.boot.clone(), start, ..History::default() };
    conclude(&fresh, &points, true, Some(Dropped::Jump(error)))
}

/// What of the history is still comparable to the run.
fn carry_over(history: &History, run: &Run) -> (History, Option<Dropped>) {
    let suspended = run.boot.suspended.abs_diff(history.boot.suspended);
    let first = run.points.iter().map(|point| point.raw).min();
    let last = history.points.last().map(|point| point.raw);
    let (reason, doubt) = if last.is_none() {
        (None, 0.0)
    } else if history.boot.id != run.boot.id {
        (Some(Dropped::Reboot), REBOOT)
    } else if suspended > SUSPENDED_TOLERANCE {
        (Some(Dropped::Suspension(suspended)), SUSPENSION)
    } else if first < last {
        (Some(Dropped::RawClock), REBOOT)
    } else {
        return (History { boot: run.boot.clone(), ..history.clone() }, None);
    };
    let learned = Replay::of(history, &[]).map(|replay| replay.mixture().frequency);
    let start = learned.or(history.start).map(|frequency| frequency.widened(doubt));
    (History { boot: run.boot.clone(), start, ..History::default() }, reason)
}

/// By how much the run contradicts the history; nothing if it agrees, or if the history is not to be trusted yet.
fn jump(history: &History, points: &[Point]) -> Option<Interval> {
    if history.settling {
        return None;
    }
    let mut replay = Replay::of(history, points)?;
    let interval = replay.advance_to(points);
    let expected = replay.bank.mixture();
    let beyond_limit = |point: &Point| {
        let carried = expected.frequency.value * span(points[0].raw, point.raw);
        let error = replay.offset(point) - expected.offset - carried;
        let (deviation, half_excess) = replay.errors(point);
        let sigma = expected.offset_variance.sqrt().hypot(deviation);
        let limit = (MAX_SIGMAS * sigma + half_excess).max(MAX_CHANGE * interval);
        (error.abs() > limit).then_some(error)
    };
    // One sample that fits is enough: the others were late.
    let errors: Option<Vec<f64>> = points.iter().map(beyond_limit).collect();
    let smallest = errors?.into_iter().min_by(|a, b| a.abs().total_cmp(&b.abs()))?;
    Some(Interval::from_secs_f64(smallest))
}

/// What remains of the frequency after a contradiction: its value, as uncertain as if it had caused the whole error.
fn doubted(history: &History, points: &[Point], error: Interval) -> Option<Frequency> {
    let mut replay = Replay::of(history, points)?;
    let interval = replay.advance_to(points);
    let blame = error.as_secs_f64().abs() / interval.max(SHORTEST);
    let frequency = replay.mixture().frequency;
    Some(Frequency { uncertainty: frequency.uncertainty.max(blame).min(MAX_FREQUENCY), ..frequency })
}

/// Replays all of it, and draws the sum.
fn conclude(earlier: &History, points: &[Point], settling: bool, dropped: Option<Dropped>) -> Option<Lesson> {
    let mut history = History { settling, ..earlier.clone() };
    history.append(points);
    let replay = Replay::of(&history, &[])?;
    let mixture = replay.mixture();
    let runs = history.runs();
    let interval = usual_interval(&history.points);
    let expected_error = interval.map(|interval| Interval::from_secs_f64(mixture.error_after(interval.as_secs_f64())));
    Some(Lesson {
        frequency: mixture.frequency,
        is_known: (runs > 1 || history.start.is_some()) && mixture.frequency.uncertainty <= KNOWN,
        offset_uncertainty: Interval::from_secs_f64(mixture.error_after(0.0)).max(Interval::from_nanos(1)),
        points: history.points.len(),
        runs,
        dropped,
        interval,
        expected_error,
        raw: history.points.last()?.raw,
        server_minus_raw: replay.server_minus_raw(mixture.offset),
        history,
    })
}

/// The median of the times between runs.
fn usual_interval(points: &[Point]) -> Option<Duration> {
    let starts: Vec<Duration> = points.chunk_by(|a, b| a.run == b.run).map(|run| run[0].raw).collect();
    let mut gaps: Vec<Duration> = starts.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).collect();
    gaps.sort_unstable();
    gaps.get(gaps.len() / 2).copied()
}
