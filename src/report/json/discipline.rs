//! What the run taught of the oscillator (--discipline).

use serde::Serialize;

use crate::outcome::Taught;
use crate::report::seconds::Seconds;

/// What was learned of the oscillator (--discipline).
#[derive(Serialize)]
pub(super) struct DisciplineReport {
    frequency_ppm: f64,
    uncertainty_ppm: f64,
    is_known: bool,
    kernel_ppm: Option<f64>,
    set_ppm: Option<f64>,
    offset_uncertainty: Seconds,
    points: usize,
    runs: usize,
    dropped: Option<String>,
    expected_error: Option<Seconds>,
}

pub(super) fn discipline(taught: &Taught) -> DisciplineReport {
    let update = &taught.update;
    let ppm = |fraction: f64| fraction * 1e6;
    DisciplineReport {
        frequency_ppm: ppm(update.frequency.value),
        uncertainty_ppm: ppm(update.frequency.uncertainty),
        is_known: update.is_known,
        kernel_ppm: taught.kernel.map(ppm),
        set_ppm: taught.set.map(ppm),
        offset_uncertainty: update.offset_uncertainty.into(),
        points: update.points,
        runs: update.runs,
        dropped: update.dropped.map(|reason| reason.to_string()),
        expected_error: update.expected_error.map(Into::into),
    }
}
