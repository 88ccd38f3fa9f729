//! `--hctosys` and `--systz`: the system clock and the kernel's timezone from the chip. The only functions that touch the
//! kernel's timezone.
#![forbid(unsafe_code)]

use super::{FunctionError, Session};
use crate::rhwclock::record::Record;
use crate::rtc::adjtime::{Kept, ScaleChoice};
use crate::rtc::timeline::Timeline;
use crate::time::Time;

impl Session<'_, '_> {
    /// Sets the system clock to the chip's time, corrected by its drift.
    pub(super) fn hctosys(&mut self) -> Result<(), FunctionError> {
        let mut rtc = self.begin()?;
        let chip = self.read_chip(&mut *rtc, true)?;
        let time = chip.time + self.trusted(chip.correction);
        let truth = Timeline::Free { start: chip.at, time };
        self.set_kernel_zone(time)?;
        // After the timezone, which may have warped the clock; relative, so that no time is lost in between.
        let now = self.machine.clock.now();
        let step = truth.at(&now) - now.real;
        self.say(&format!(
            "Setting the System time to {:.6}, a step of {step:+.6} seconds.",
            truth.at(&now) - Time::UNIX_EPOCH
        ));
        self.machine.clock.step(step)?;
        Ok(())
    }

    /// Tells the kernel the timezone and, through the first call's warp, what the chip keeps. Needs no chip.
    pub(super) fn systz(&mut self) -> Result<(), FunctionError> {
        match self.request.scale {
            ScaleChoice::FromFile => self.load_record(),
            ScaleChoice::Fixed(_) => {
                self.record = Record::load(None);
                self.say_scale();
            }
        }
        self.set_kernel_zone(self.start.real)
    }

    fn set_kernel_zone(&mut self, now: Time) -> Result<(), FunctionError> {
        let minutes_west = -self.machine.local.offset_at(now.to_unix().0).div_euclid(60);
        if self.record.kept(self.request.scale) == Kept::Local {
            return self.call_zone(minutes_west, "to warp System time, set PCIL and the kernel tz.");
        }
        // A first call with 0 takes the warp away from every later one.
        self.call_zone(0, "to lock the warp_clock function.")?;
        if minutes_west != 0 {
            self.call_zone(minutes_west, "to set the kernel timezone.")?;
        }
        Ok(())
    }

    fn call_zone(&mut self, minutes_west: i32, why: &str) -> Result<(), FunctionError> {
        self.say(&format!("Calling settimeofday(NULL, {minutes_west}) {why}"));
        self.machine.kernel_zone.set(minutes_west).map_err(|error| FunctionError::KernelZone { error })
    }
}
