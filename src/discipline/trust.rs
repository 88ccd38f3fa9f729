//! What becomes of a history that a run contradicts: what many runs have shown is not thrown away for one.

use super::MAX_FREQUENCY;
use super::dropped::Dropped;
use super::history::{Break, Frequency, History, Point, Run};
use super::replay::{Prospect, Replay};
use crate::time::Interval;

/// Runs do not follow each other faster than this, seconds.
const SHORTEST: f64 = 0.001;
/// A frequency is trusted that so many runs have shown to be this certain.
const TRUSTED_RUNS: usize = 4;
const TRUSTED: f64 = 1e-6;
/// Two runs in a row contradict a history by the same frequency if they differ by no more than this share of it.
const ALIKE: f64 = 0.25;
/// For so many runs servers that jumped may jump back, and all is as it was.
const BACK_WITHIN: u32 = 8;

/// The history that a run is to be added to after all, and why.
pub(super) fn reconcile(history: &History, run: &Run, points: &[Point], error: Interval) -> (History, Dropped) {
    if !is_trusted(history) {
        let start = doubted(history, points, error);
        let (told, tuned) = (history.told, history.tuned);
        return (
            History { boot: run.boot.clone(), start, told, tuned, settling: true, ..History::default() },
            Dropped::Jump(error),
        );
    }
    if let Some((past, runs)) = past_that_fits(history, points) {
        return (past, Dropped::Back(runs));
    }
    if let Some((changed, by)) = other_frequency(history, points) {
        return (changed, Dropped::Frequency(by));
    }
    let mut broken = history.clone();
    broken.breaks.push((history.next_run(), Break::Phase));
    (broken, Dropped::Doubted(error))
}

fn is_trusted(history: &History) -> bool {
    let known = Replay::of(history, &[]).is_some_and(|replay| replay.mixture().frequency.uncertainty <= TRUSTED);
    known && history.runs() >= TRUSTED_RUNS
}

/// By how many seconds points contradict a history, and after how many seconds.
fn contradiction(history: &History, points: &[Point]) -> Option<(f64, f64)> {
    let prospect = Prospect::of(history, points)?;
    Some((prospect.contradiction()?, prospect.interval))
}

/// The history before servers jumped, if a run fits to that, and how many runs were after it.
fn past_that_fits(history: &History, points: &[Point]) -> Option<(History, usize)> {
    let recent = |run: u32| history.next_run().saturating_sub(run) <= BACK_WITHIN;
    let breaks = history.breaks.iter().rev().filter(|(run, _)| recent(*run));
    let mut pasts = breaks.map(|(run, _)| history.before(*run)).filter(is_trusted);
    let past = pasts.find(|past| contradiction(past, points).is_none())?;
    let runs = history.runs() - past.runs();
    Some((past, runs))
}

/// The history with a changed frequency instead of a jump, if this run and the last contradict it by the same frequency, and
/// the change.
fn other_frequency(history: &History, points: &[Point]) -> Option<(History, f64)> {
    let last = history.runs_of_points().next_back()?;
    let number = last.first()?.run;
    history.break_at(number)?;
    let before = history.before(number);
    let slope = |(error, interval): (f64, f64)| error / interval.max(SHORTEST);
    let (first, second) = (slope(contradiction(&before, last)?), slope(contradiction(history, points)?));
    if (first - second).abs() > ALIKE * first.abs() {
        return None;
    }
    let mut changed = history.clone();
    changed.breaks.retain(|(run, _)| *run != number);
    changed.breaks.push((number, Break::Frequency(second.abs().min(MAX_FREQUENCY))));
    Some((changed, second))
}

/// What remains of the frequency after a contradiction: its value, as uncertain as if it had caused the whole error.
fn doubted(history: &History, points: &[Point], error: Interval) -> Option<Frequency> {
    let prospect = Prospect::of(history, points)?;
    let blame = error.as_secs_f64().abs() / prospect.interval.max(SHORTEST);
    let frequency = prospect.frequency();
    Some(Frequency { uncertainty: frequency.uncertainty.max(blame).min(MAX_FREQUENCY), ..frequency })
}
