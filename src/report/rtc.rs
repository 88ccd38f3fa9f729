//! What -w did, or would do.

use super::Context;
use crate::line::{Channel, Line, Priority};
use crate::outcome::{Outcome, RtcResult, RtcWritten};
use crate::rtc::adjtime::Kept;
use crate::rtc::write_effect::{NEAR, WriteEffect};

fn line(outcome: &Outcome, priority: Priority, text: String) -> Line {
    Line { channel: Channel::Log(priority), at: outcome.finished, text }
}

/// Success says nothing, as with hwclock, unless it was asked to.
pub(super) fn lines(outcome: &Outcome, context: &Context<'_>) -> Vec<Line> {
    match &outcome.rtc {
        Some(RtcResult::Absent(why)) => vec![line(outcome, Priority::Info, format!("{why}; -w has nothing to do"))],
        Some(RtcResult::Written(written)) => {
            let mut lines: Vec<Line> =
                written.warnings.iter().map(|text| line(outcome, Priority::Warning, text.clone())).collect();
            let texts = what_was_set(written, context).into_iter().chain(what_was_read(written, context));
            lines.extend(texts.map(|text| line(outcome, Priority::Info, text)));
            lines
        }
        Some(RtcResult::Failed(_)) | None => Vec::new(),
    }
}

fn what_was_set(written: &RtcWritten, context: &Context<'_>) -> Option<String> {
    let kept = match written.kept {
        Kept::Utc => "UTC",
        Kept::Local => "local time",
    };
    let (device, time) = (written.device.display(), written.time);
    if context.plan.is_dry() {
        Some(format!("would set the RTC {device} to {time} ({kept})"))
    } else {
        let how_near = match written.effect {
            Some(WriteEffect::Keeps) => "its tick stays where it is: half a second off at the most".to_owned(),
            _ => format!("{:+.6} sec from the right moment for it", written.residual),
        };
        let text = format!("set the RTC {device} to {time} ({kept}), {how_near}");
        context.output().verbose.then_some(text)
    }
}

/// What was asked for is said; what was looked at because nothing was known of the RTC only with -v.
fn what_was_read(written: &RtcWritten, context: &Context<'_>) -> Option<String> {
    let is_asked = context.plan.rtc.as_ref().is_some_and(|plan| plan.verify);
    let (error, bound) = written.verified.filter(|_| is_asked || context.output().verbose)?;
    let why = match written.effect {
        Some(WriteEffect::Keeps) => "; its tick stays where it is when it is written",
        _ if error.abs() > NEAR => "; it did not begin its second anew when it was written",
        _ => "",
    };
    Some(format!("the RTC is {error:+.6} sec off at its next tick (measured within {bound:.6} sec){why}"))
}

/// The clock is set and the RTC is not: both are said, the second last.
pub(super) fn failure(outcome: &Outcome) -> Option<Line> {
    let Some(RtcResult::Failed(why)) = &outcome.rtc else { return None };
    Some(line(outcome, Priority::Error, why.clone()))
}
