//! Limits that no estimate passes, whatever it is made of.

use super::MAX_FREQUENCY;
use super::history::{Frequency, History};
use super::slope::{BASELINE, rough_slope, span};
use super::window::{Window, windows};

/// By this much at most a run moves a frequency that was known before.
pub const MAX_MOVE: f64 = 20e-6;
/// A frequency less certain than this is nothing to set a clock by.
pub(super) const KNOWN: f64 = 10e-6;
/// An oscillator does not change its frequency by more than this from run to run.
pub(super) const MAX_CHANGE: f64 = 3e-6;

/// The frequency within what the last two runs' measurements allow, and not far from what the last run took it for.
pub(super) fn limited(value: f64, history: &History) -> f64 {
    let measured = measured(history);
    let value = measured.map_or(value, |(low, high)| value.clamp(low - MAX_CHANGE, high + MAX_CHANGE));
    let told = history.told.filter(|told| told.uncertainty <= KNOWN).map(Frequency::clamped);
    let value = told.map_or(value, |told| value.clamp(told.value - MAX_MOVE, told.value + MAX_MOVE));
    value.clamp(-MAX_FREQUENCY, MAX_FREQUENCY)
}

/// Between which two the mean frequency from the last run but one to the last was, if no server has lied and nothing has
/// jumped meanwhile. Nothing from a single run, or from two within a minute.
pub(super) fn measured(history: &History) -> Option<(f64, f64)> {
    let mut runs = history.runs_of_points().rev();
    let (last, before) = (runs.next()?, runs.next()?);
    let origin = before.first()?.server_minus_raw;
    let slope = rough_slope(&history.points, &[]).unwrap_or_default();
    let passed = span(before.last()?.raw, last.last()?.raw);
    let is_comparable = passed >= BASELINE && history.break_at(last.first()?.run).is_none();
    let [earlier, later] = [before, last].map(|run| hull(&windows(run, origin, slope)));
    let ((low, high), (later_low, later_high)) = (earlier?, later?);
    is_comparable.then_some(((later_low - high) / passed, (later_high - low) / passed))
}

/// From the lowest end of windows to the highest one.
fn hull(windows: &[Window]) -> Option<(f64, f64)> {
    let ends = windows.iter().map(|window| (window.middle - window.bound(), window.middle + window.bound()));
    ends.reduce(|(low, high), (lower, higher)| (low.min(lower), high.max(higher)))
}
