//! `--show`, `--get` and `--predict`: what the chip says, or will say.
#![forbid(unsafe_code)]

use super::{FunctionError, Session};
use crate::rhwclock::request::Function;
use crate::rhwclock::text;
use crate::time::Interval;

impl Session<'_, '_> {
    /// The chip's time, carried back to the program's start, so that the wait for the tick does not show.
    pub(super) fn show(&mut self) -> Result<(), FunctionError> {
        let mut rtc = self.begin()?;
        let chip = self.read_chip(&mut *rtc, false)?;
        let passed = Interval::from(chip.at.raw) - Interval::from(self.start.raw);
        let mut shown = chip.time - passed;
        if self.request.function == Function::Get {
            shown = shown + self.trusted(chip.correction);
        }
        let line = text::stamp(shown, self.machine.local);
        self.print(&line);
        Ok(())
    }

    /// What the chip will say at a date, by its drift factor. Needs no chip.
    pub(super) fn predict(&mut self, when: &str) -> Result<(), FunctionError> {
        let target = self.date(when)?;
        self.load_record();
        let correction = self.say_drift(target);
        let predicted = target - self.trusted(correction);
        self.say(&format!("Target date:   {}", target.to_unix().0));
        self.say(&format!("Predicted RTC: {}", predicted.to_unix().0));
        let line = text::stamp(predicted, self.machine.local);
        self.print(&line);
        Ok(())
    }
}
