//! The chip's parameters and its report on its supply voltage.
#![forbid(unsafe_code)]

use super::{FunctionError, Session};
use crate::rhwclock::request::Function;
use crate::rhwclock::text::voltage_lines;

impl Session<'_, '_> {
    pub(super) fn chip(&mut self) -> Result<(), FunctionError> {
        let mut rtc = self.open()?;
        match self.request.function.clone() {
            Function::ParamGet(param) => {
                let value = rtc.param(param)?;
                self.print(&format!("The RTC parameter {:#x} is set to {value:#x}.", param.number));
            }
            Function::ParamSet(param, value) => {
                self.print(&format!("The RTC parameter {:#x} will be set to {value:#x}.", param.number));
                rtc.set_param(param, value)?;
            }
            Function::VlRead => {
                for line in voltage_lines(rtc.voltage()?) {
                    self.print(&line);
                }
            }
            _ => rtc.clear_voltage()?,
        }
        Ok(())
    }
}
