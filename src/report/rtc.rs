//! What -w did, or would do.

use super::{Channel, Context, Line, Priority};
use crate::hwclock::adjtime::Kept;
use crate::outcome::{Outcome, RtcResult, RtcWritten};
use crate::time::Interval;

/// A chip that begins its second anew when it is written is nearer to true time than this at its next tick.
const FOLLOWS: Interval = Interval::from_micros(20_000);

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
            let texts = what_was_set(written, context).into_iter().chain(what_was_read(written));
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
        let residual = written.residual;
        let text = format!("set the RTC {device} to {time} ({kept}), {residual:+.6} sec from the right moment for it");
        context.output().verbose.then_some(text)
    }
}

fn what_was_read(written: &RtcWritten) -> Option<String> {
    let (error, bound) = written.verified?;
    let why = if error.abs() > FOLLOWS { "; it did not begin its second anew when it was written" } else { "" };
    Some(format!("the RTC is {error:+.6} sec off at its next tick (measured within {bound:.6} sec){why}"))
}

/// The clock is set and the RTC is not: both are said, the second last.
pub(super) fn failure(outcome: &Outcome) -> Option<Line> {
    let Some(RtcResult::Failed(why)) = &outcome.rtc else { return None };
    Some(line(outcome, Priority::Error, why.clone()))
}
