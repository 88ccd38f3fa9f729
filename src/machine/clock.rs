//! The clock as a run uses it.

use std::io;
use std::time::Duration;

use thiserror::Error;

use crate::discipline::Boot;
use crate::time::{Interval, Reading};
use crate::wire::Leap;

/// Why the clock could not be set. The texts say what to do.
#[derive(Debug, Error)]
pub enum ClockError {
    /// EPERM.
    #[error(
        "cannot set the clock: Operation not permitted (CAP_SYS_TIME is missing: run as root; \
         in a container it must be granted from outside, and systemd's ProtectClock= takes it away)"
    )]
    NotPermitted,
    /// EACCES, which no missing right gives.
    #[error(
        "cannot set the clock: Permission denied (most likely a security module, SELinux or AppArmor, forbids it: see \
         \"ausearch -m avc -ts recent\" and \"dmesg\")"
    )]
    Forbidden,
    /// EINVAL: the kernel holds no such time.
    #[error("cannot set the clock: the kernel refuses {0} as out of range")]
    OutOfRange(&'static str),
    /// The clock cannot be read; the kernel's words. On 32-bit processors that takes Linux 5.1.
    #[error("cannot read this machine's clock: {0}")]
    Unreadable(io::Error),
    /// Anything else, in the kernel's words.
    #[error("cannot set the clock: {0}")]
    Other(io::Error),
}

impl ClockError {
    /// An error of the kernel; `what` it finds out of range, if that is it.
    pub(crate) fn from_io(error: io::Error, what: &'static str) -> ClockError {
        match error.raw_os_error() {
            Some(libc::EPERM) => ClockError::NotPermitted,
            Some(libc::EACCES) => ClockError::Forbidden,
            Some(libc::EINVAL) => ClockError::OutOfRange(what),
            _ => ClockError::Other(error),
        }
    }
}

/// A clock that can be read and set.
pub trait Clock {
    /// The time now.
    fn now(&self) -> Reading;

    /// Moves the clock by `offset` at once, to the nanosecond.
    fn step(&mut self, offset: Interval) -> Result<(), ClockError>;

    /// Moves the clock by `offset`, to the microsecond, at the kernel's slewing rate (500 ppm); what is left of an earlier
    /// slew is dropped.
    fn slew(&mut self, offset: Interval) -> Result<(), ClockError>;

    /// What a slew still has to add to the clock.
    fn pending_slew(&self) -> Interval;

    /// By how much the clock is told to run faster than the raw clock: a fraction of it.
    fn frequency(&self) -> Result<f64, ClockError>;

    /// Lets the clock run faster than the raw clock by this fraction, −500e-6 to 500e-6.
    fn set_frequency(&mut self, fraction: f64) -> Result<(), ClockError>;

    /// What tells whether two readings of the raw clock are comparable.
    fn boot(&self) -> Boot;

    /// Lets `span` pass.
    fn sleep(&self, span: Duration) {
        std::thread::sleep(span);
    }

    /// Tells the kernel that the clock is synchronised, with the greatest and the likely error (adjtimex(2)).
    fn mark_synced(&mut self, _max_error: Interval, _likely_error: Interval) -> Result<(), ClockError> {
        Err(ClockError::Other(io::ErrorKind::Unsupported.into()))
    }

    /// The leap second that the kernel is to make of the end of this day, UTC (adjtimex(2), STA_INS and STA_DEL).
    fn leap(&self) -> Result<Leap, ClockError> {
        Err(ClockError::Other(io::ErrorKind::Unsupported.into()))
    }

    /// Tells the kernel of a leap second at the end of this day, UTC, or that there is none.
    fn set_leap(&mut self, _leap: Leap) -> Result<(), ClockError> {
        Err(ClockError::Other(io::ErrorKind::Unsupported.into()))
    }
}

/// What a dry run would have done to the clock.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ClockChange {
    /// A step by this offset.
    Step(Interval),
    /// A slew by this offset.
    Slew(Interval),
    /// The frequency, as a fraction.
    Frequency(f64),
    /// Marked as synchronised, with the greatest and the likely error.
    Synced(Interval, Interval),
    /// The leap second at the end of the day.
    Leap(Leap),
}

/// Reads another clock, and records what it is told to set instead of setting it.
#[derive(Debug)]
pub struct DryClock<C> {
    inner: C,
    /// What was asked for, in order.
    pub changes: Vec<ClockChange>,
}

impl<C: Clock> DryClock<C> {
    /// Over a clock that is only read.
    pub fn new(inner: C) -> DryClock<C> {
        DryClock { inner, changes: Vec::new() }
    }
}

impl<C: Clock> Clock for DryClock<C> {
    fn now(&self) -> Reading {
        self.inner.now()
    }

    fn step(&mut self, offset: Interval) -> Result<(), ClockError> {
        self.changes.push(ClockChange::Step(offset));
        Ok(())
    }

    fn slew(&mut self, offset: Interval) -> Result<(), ClockError> {
        self.changes.push(ClockChange::Slew(offset));
        Ok(())
    }

    fn mark_synced(&mut self, max_error: Interval, likely_error: Interval) -> Result<(), ClockError> {
        self.changes.push(ClockChange::Synced(max_error, likely_error));
        Ok(())
    }

    fn leap(&self) -> Result<Leap, ClockError> {
        self.inner.leap()
    }

    fn set_leap(&mut self, leap: Leap) -> Result<(), ClockError> {
        self.changes.push(ClockChange::Leap(leap));
        Ok(())
    }

    fn pending_slew(&self) -> Interval {
        self.inner.pending_slew()
    }

    fn frequency(&self) -> Result<f64, ClockError> {
        self.inner.frequency()
    }

    fn set_frequency(&mut self, fraction: f64) -> Result<(), ClockError> {
        self.changes.push(ClockChange::Frequency(fraction));
        Ok(())
    }

    fn boot(&self) -> Boot {
        self.inner.boot()
    }

    fn sleep(&self, span: Duration) {
        self.inner.sleep(span);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_right_and_a_security_module_are_told_apart() {
        let text = |errno| ClockError::from_io(io::Error::from_raw_os_error(errno), "x").to_string();
        let (right, module) = (text(libc::EPERM), text(libc::EACCES));
        assert!(right.contains("CAP_SYS_TIME is missing") && !right.contains("SELinux"), "{right}");
        assert!(
            module.contains("SELinux or AppArmor") && module.contains("ausearch") && !module.contains("CAP_SYS_TIME")
        );
    }
}
