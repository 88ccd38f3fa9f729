//! The members of the JSON object on what follows the clock: the RTC, and what the run taught.

use serde::Serialize;

use super::seconds::Seconds;
use crate::outcome::{RtcResult, Taught};
use crate::rtc::adjtime::Kept;
use crate::rtc::write_effect::WriteEffect;

/// What became of the RTC (-w).
#[derive(Serialize)]
pub(super) struct RtcReport {
    device: Option<String>,
    time: Option<String>,
    keeps: Option<&'static str>,
    residual: Option<Seconds>,
    verified_error: Option<Seconds>,
    tick: Option<&'static str>,
    warnings: Vec<String>,
    error: Option<String>,
}

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

/// In a dry run nothing was written, and so nothing late.
pub(super) fn rtc(result: &RtcResult, is_dry: bool) -> RtcReport {
    let nothing = RtcReport {
        device: None,
        time: None,
        keeps: None,
        residual: None,
        verified_error: None,
        tick: None,
        warnings: Vec::new(),
        error: None,
    };
    match result {
        RtcResult::Written(written) => RtcReport {
            device: Some(written.device.display().to_string()),
            time: Some(written.time.to_string()),
            keeps: Some(match written.kept {
                Kept::Utc => "utc",
                Kept::Local => "local",
            }),
            residual: (!is_dry).then(|| written.residual.into()),
            verified_error: written.verified.map(|(error, _)| error.into()),
            tick: written.effect.map(|effect| match effect {
                WriteEffect::Restarts(_) => "moves",
                WriteEffect::Keeps => "stays",
            }),
            warnings: written.warnings.clone(),
            error: None,
        },
        RtcResult::Absent(why) | RtcResult::Failed(why) => RtcReport { error: Some(why.clone()), ..nothing },
    }
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
