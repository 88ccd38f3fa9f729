//! What became of the RTC (-w).

use serde::Serialize;

use crate::outcome::RtcResult;
use crate::report::seconds::Seconds;
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
