//! `--systohc`, `--set` and `--adjust`: the chip from the system clock, a date, or its own drift.
#![forbid(unsafe_code)]

use super::{ChipTime, FunctionError, Session};
use crate::machine::rtc::{Rtc, write_delay};
use crate::rhwclock::record::after_setting;
use crate::rhwclock::systohc::{Written, set_to};
use crate::rtc::adjtime::Adjtime;
use crate::rtc::drift;
use crate::rtc::drift::{Adjustment, Calibration};
use crate::rtc::timeline::Timeline;
use crate::rtc::write_effect::{NEAR, WriteEffect};
use crate::time::{Interval, Time};

impl Session<'_, '_> {
    /// The chip from the system clock.
    pub(super) fn systohc(&mut self) -> Result<(), FunctionError> {
        let mut rtc = self.begin()?;
        let truth = Timeline::System { start: self.start, correction: Interval::ZERO };
        self.set_by(&mut *rtc, &truth)
    }

    /// The chip from a date, which means the moment the program was started.
    pub(super) fn set(&mut self, when: &str) -> Result<(), FunctionError> {
        let time = self.date(when)?;
        let mut rtc = self.begin()?;
        let truth = Timeline::Free { start: self.start, time };
        self.set_by(&mut *rtc, &truth)
    }

    fn set_by(&mut self, rtc: &mut dyn Rtc, truth: &Timeline) -> Result<(), FunctionError> {
        let before = if self.request.update_drift { Some(self.read_chip(rtc, true)?) } else { None };
        let written = self.write(rtc, truth)?;
        let mut adjtime = after_setting(&self.record.adjtime, written.unix, self.record.kept(self.request.scale));
        match before {
            Some(chip) => adjtime.factor = self.calibrated(&chip, truth.at(&chip.at)),
            // Without the file there is no factor to speak of.
            None if self.record.path().is_none() => {}
            None => self.say("Not adjusting drift factor because the --update-drift option was not used."),
        }
        self.save(adjtime, true)
    }

    /// The chip by its drift, when that is a second or more.
    pub(super) fn adjust(&mut self) -> Result<(), FunctionError> {
        let mut rtc = self.begin()?;
        let chip = self.read_chip(&mut *rtc, true)?;
        let kept = Some(self.record.kept(self.request.scale));
        let old = self.record.adjtime;
        let refusal = match drift::adjustment(&old, chip.time) {
            Adjustment::By(correction) => {
                let truth = Timeline::Free { start: chip.at, time: chip.time + correction };
                let written = self.write(&mut *rtc, &truth)?;
                return self.save(Adjtime { last_adjust: written.unix, not_adjusted: 0.0, kept, ..old }, true);
            }
            Adjustment::TooSmall => "Needed adjustment is less than one second, so not setting clock.".to_owned(),
            Adjustment::FactorTooHigh => {
                format!("Not setting clock because drift factor {:.6} is far too high.", old.factor)
            }
            Adjustment::NoHistory => {
                "Not setting clock because last adjustment time is zero, so history is bad.".to_owned()
            }
        };
        self.print(&refusal);
        // --utc or --localtime is remembered all the same.
        if self.record.exists() && old.kept != kept { self.save(Adjtime { kept, ..old }, false) } else { Ok(()) }
    }

    fn write(&mut self, rtc: &mut dyn Rtc, truth: &Timeline) -> Result<Written, FunctionError> {
        if let (Some(driver), None) = (rtc.driver(), self.request.write.delay) {
            self.say(&format!("RTC type: '{driver}'"));
        }
        let known = rtc.write_effect().map_or_else(|| write_delay(rtc.driver()), WriteEffect::delay);
        let delay = self.request.write.delay.unwrap_or(known);
        self.say(&format!("Using delay: {delay:.6} seconds"));
        let written = set_to(&*self.machine.clock, rtc, truth, self.scale(), self.request.write)?;
        self.say(&format!(
            "Setting Hardware Clock to {} = {} seconds since 1969",
            written.time.naive().format("%H:%M:%S"),
            written.unix
        ));
        if !rtc.is_dry() {
            self.say("ioctl(RTC_SET_TIME) was successful.");
        }
        if written.delay != delay {
            self.say(&format!("Written again, by what its tick shows, with delay: {:.6} seconds", written.delay));
        }
        let moment = Time::from_unix(written.unix, 0) + written.delay - Time::UNIX_EPOCH;
        let attempts = if written.attempts == 1 { String::new() } else { format!(" (attempt {})", written.attempts) };
        self.say(&format!("Written {:+.6} seconds from its moment {moment:.6}{attempts}", written.residual));
        self.report_verified(&written);
        Ok(written)
    }

    /// A look that was asked for is printed, one that was made because nothing was known of the chip only with `--verbose`.
    fn report_verified(&mut self, written: &Written) {
        let mut lines = Vec::new();
        if let Some(verified) = written.verified {
            lines.push(format!(
                "Verified: at its next tick the Hardware Clock is {:+.6} seconds off (measured within {:.6})",
                verified.error, verified.bound
            ));
        }
        lines.extend(
            match (written.effect, written.verified) {
                (Some(WriteEffect::Keeps), _) => Some(
                    "The chip's tick stays where it is when it is written; no write can do better than half a second.",
                ),
                (_, Some(verified)) if verified.error.abs() > NEAR => {
                    Some("The chip did not begin its second anew when it was written; --delay is for another moment.")
                }
                _ => None,
            }
            .map(str::to_owned),
        );
        for line in lines {
            if self.request.write.verify { self.print(&line) } else { self.say(&line) }
        }
    }

    /// The factor after `--update-drift`: the chip read `chip` when it was really `now`.
    fn calibrated(&mut self, chip: &ChipTime, now: Time) -> f64 {
        let old = self.record.adjtime;
        match drift::calibrate(&old, chip.time, now) {
            Calibration::NoHistory => {
                self.say("Not adjusting drift factor because last calibration time is zero,");
                self.say("so history is bad and calibration startover is necessary.");
                old.factor
            }
            Calibration::TooSoon => {
                self.say(
                    "Not adjusting drift factor because it has been less than four hours since the last calibration.",
                );
                old.factor
            }
            Calibration::Drifted { error, over, change, factor } => {
                self.say(&format!("Clock drifted {error:.6} seconds in the past {over:.6} seconds"));
                self.say(&format!("in spite of a drift factor of {:.6} seconds/day.", old.factor));
                self.say(&format!("Adjusting drift factor by {change:.6} seconds/day"));
                factor
            }
        }
    }
}
