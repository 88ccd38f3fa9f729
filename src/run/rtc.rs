//! `rntpdate -w`: the chip follows the clock that was just set.
#![forbid(unsafe_code)]

use crate::machine::AdjtimeStore;
use crate::machine::Clock;
use crate::machine::rtc_error::RtcError;
use crate::outcome::{RtcResult, RtcWritten};
use crate::plan::RtcPlan;
use crate::rhwclock::functions::{Open, record_warnings};
use crate::rhwclock::record::{Record, after_setting};
use crate::rhwclock::systohc::{Options, set_rtc};
use crate::time::Interval;
use crate::zone::Zone;

/// The ways to what belongs to the chip.
pub struct Chip<'a, 'rtc> {
    /// To the chip itself.
    pub open: &'a mut Open<'rtc>,
    /// To the adjtime file.
    pub store: &'a dyn AdjtimeStore,
    /// What a chip in local time shows.
    pub local: &'a dyn Zone,
}

/// Sets the chip to the system clock + `correction`, which is what the clock is still to be slewed by, and remembers that
/// in the adjtime file, as `hwclock -w` does. Over a dry chip nothing changes.
pub fn follow(plan: &RtcPlan, clock: &dyn Clock, chip: &mut Chip<'_, '_>, correction: Interval) -> RtcResult {
    let mut record = Record::load_from(chip.store, plan.adjfile.clone());
    let mut warnings = record_warnings(&record);
    match write(plan, clock, chip, correction, &mut record, &mut warnings) {
        Ok(written) => RtcResult::Written(RtcWritten { warnings, ..written }),
        Err(error) if plan.optional && error.is_absence() => RtcResult::Absent(error.to_string()),
        Err(error) => RtcResult::Failed(error.to_string()),
    }
}

fn write(
    plan: &RtcPlan,
    clock: &dyn Clock,
    chip: &mut Chip<'_, '_>,
    correction: Interval,
    record: &mut Record,
    warnings: &mut Vec<String>,
) -> Result<RtcWritten, RtcError> {
    let mut rtc = (chip.open)(plan.device.as_deref())?;
    let options = Options { delay: None, verify: plan.verify };
    let written = set_rtc(clock, &mut *rtc, correction, record.scale(plan.scale, chip.local), options)?;
    let kept = record.kept(plan.scale);
    if !rtc.is_dry() {
        // A chip that is right is worth more than the note of when it was set: no reason to fail.
        match record.save_to(chip.store, after_setting(&record.adjtime, written.unix, kept)) {
            Ok(copy) => warnings
                .extend(copy.map(|copy| format!("Warning: what was not understood is kept in {}", copy.display()))),
            Err(error) => warnings.push(format!("Warning: {error} (the RTC is set all the same)")),
        }
    }
    Ok(RtcWritten {
        device: rtc.path().to_owned(),
        time: written.time,
        kept,
        residual: written.residual,
        verified: written.verified.map(|verified| (verified.error, verified.bound)),
        effect: written.effect,
        warnings: Vec::new(),
    })
}
