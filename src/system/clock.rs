//! The system clock: reading, stepping and slewing it.

use std::io;
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};
use thiserror::Error;

use super::ffi;
use super::state::boot_id;
use crate::discipline::Boot;
use crate::time::{Interval, Reading, Time};

/// `tick` of a clock that is not tuned: microseconds in each of the 100 ticks a second that the interface counts in.
const NOMINAL_TICK: libc::c_long = 10_000;
/// `freq` counts parts per million in 16.16 fixed point (adjtimex(2)).
const FREQUENCY_UNIT: f64 = 1e6 * 65_536.0;

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
    /// Anything else, in the kernel's words.
    #[error("cannot set the clock: {0}")]
    Other(io::Error),
}

impl ClockError {
    fn from_io(error: io::Error, what: &'static str) -> ClockError {
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
}

/// The raw clock's readings before and after the other's lie no further apart than this where nothing comes between.
const UNDISTURBED: Duration = Duration::from_micros(50);
/// How often a disturbed pair of readings is tried again.
const TRIES: usize = 5;

/// Reads both clocks so that the readings belong together. A process that has to wait between the reads, on a busy machine for
/// milliseconds, would else seem to have seen the clock move.
fn pair(mut read: impl FnMut(ClockId) -> Duration) -> Reading {
    let mut once = || {
        let before = read(ClockId::CLOCK_MONOTONIC_RAW);
        let real = Time::UNIX_EPOCH + Interval::from(read(ClockId::CLOCK_REALTIME));
        let gap = read(ClockId::CLOCK_MONOTONIC_RAW).saturating_sub(before);
        (gap, Reading { real, raw: before + gap / 2 })
    };
    let mut best = once();
    for _ in 1..TRIES {
        if best.0 <= UNDISTURBED {
            break;
        }
        let again = once();
        if again.0 < best.0 {
            best = again;
        }
    }
    best.1
}

/// The kernel's CLOCK_REALTIME.
#[derive(Debug, Default)]
pub struct SystemClock;

impl SystemClock {
    fn read(id: ClockId) -> Duration {
        // Neither clock can fail on Linux (clock_gettime(2)); 1970 would be the answer of a kernel without them.
        clock_gettime(id).map(Duration::from).unwrap_or_default()
    }

    /// How long the machine has been suspended: by so much CLOCK_BOOTTIME is ahead of CLOCK_MONOTONIC (clock_gettime(2)).
    fn suspended() -> Duration {
        let difference = || {
            let before = SystemClock::read(ClockId::CLOCK_MONOTONIC);
            let boot = SystemClock::read(ClockId::CLOCK_BOOTTIME);
            let after = SystemClock::read(ClockId::CLOCK_MONOTONIC);
            (after.saturating_sub(before), boot.saturating_sub(before))
        };
        // The quickest of some tries: in the others somebody else may have had the processor between two readings.
        (0..5).map(|_| difference()).min().map_or(Duration::ZERO, |(_, difference)| difference)
    }

    /// Drops what a former daemon's phase lock (ADJ_OFFSET) still has to add: adjtime alone leaves it running.
    fn cancel_phase_offset() -> io::Result<()> {
        let mut state = ffi::empty_timex();
        ffi::adjust_realtime(&mut state)?;
        if state.offset == 0 {
            return Ok(());
        }
        // The kernel takes a new phase offset only while STA_PLL is set.
        let mut cancel = ffi::empty_timex();
        cancel.modes = libc::ADJ_OFFSET | libc::ADJ_STATUS;
        cancel.status = state.status | libc::STA_PLL;
        ffi::adjust_realtime(&mut cancel)?;
        if state.status & libc::STA_PLL == 0 {
            let mut restore = ffi::empty_timex();
            restore.modes = libc::ADJ_STATUS;
            restore.status = state.status;
            ffi::adjust_realtime(&mut restore)?;
        }
        Ok(())
    }
}

/// Rounded up: an error bound is not to shrink. The kernel takes from 16 s on for unsynchronised.
fn microseconds(error: Interval) -> libc::c_long {
    let micros = error.to_duration().as_nanos().div_ceil(1000);
    libc::c_long::try_from(micros).unwrap_or(libc::c_long::MAX)
}

impl Clock for SystemClock {
    fn now(&self) -> Reading {
        pair(SystemClock::read)
    }

    fn step(&mut self, offset: Interval) -> Result<(), ClockError> {
        let nanos = offset.nanos();
        let mut timex = ffi::empty_timex();
        // Relative, so that the time between the measurement and the call is not lost (clock_adjtime(2)).
        timex.modes = libc::ADJ_SETOFFSET | libc::ADJ_NANO;
        timex.time.tv_sec = nanos
            .div_euclid(1_000_000_000)
            .try_into()
            .map_err(|_| ClockError::OutOfRange("a step of so many seconds"))?;
        timex.time.tv_usec = nanos.rem_euclid(1_000_000_000) as libc::suseconds_t;
        ffi::adjust_realtime(&mut timex).map_err(|e| ClockError::from_io(e, "the time after this step"))?;
        Ok(())
    }

    fn slew(&mut self, offset: Interval) -> Result<(), ClockError> {
        let mut timex = ffi::empty_timex();
        timex.modes = libc::ADJ_OFFSET_SINGLESHOT;
        timex.offset = offset.micros().try_into().map_err(|_| ClockError::OutOfRange("a slew over so many seconds"))?;
        SystemClock::cancel_phase_offset()
            .and_then(|()| ffi::adjust_realtime(&mut timex))
            .map_err(|e| ClockError::from_io(e, "a slew of this size"))?;
        Ok(())
    }

    fn pending_slew(&self) -> Interval {
        let mut timex = ffi::empty_timex();
        timex.modes = libc::ADJ_OFFSET_SS_READ;
        match ffi::adjust_realtime(&mut timex) {
            Ok(_) => Interval::from_micros(timex.offset),
            Err(_) => Interval::ZERO,
        }
    }

    fn frequency(&self) -> Result<f64, ClockError> {
        let mut timex = ffi::empty_timex();
        ffi::adjust_realtime(&mut timex).map_err(ClockError::Other)?;
        // The two ways to tune the clock add up (adjtimex(2)).
        let by_tick = (timex.tick - NOMINAL_TICK) as f64 / NOMINAL_TICK as f64;
        Ok(by_tick + timex.freq as f64 / FREQUENCY_UNIT)
    }

    fn set_frequency(&mut self, fraction: f64) -> Result<(), ClockError> {
        let mut timex = ffi::empty_timex();
        // Both ways in one call, so that there is no moment with half of it.
        timex.modes = libc::ADJ_FREQUENCY | libc::ADJ_TICK;
        timex.freq = (fraction * FREQUENCY_UNIT).round() as libc::c_long;
        timex.tick = NOMINAL_TICK;
        ffi::adjust_realtime(&mut timex).map_err(|e| ClockError::from_io(e, "this frequency"))?;
        Ok(())
    }

    fn boot(&self) -> Boot {
        Boot { id: boot_id(), suspended: SystemClock::suspended() }
    }

    fn mark_synced(&mut self, max_error: Interval, likely_error: Interval) -> Result<(), ClockError> {
        let error = |error| ClockError::from_io(error, "an error of this size");
        let mut timex = ffi::empty_timex();
        ffi::adjust_realtime(&mut timex).map_err(error)?;
        timex.modes = libc::ADJ_MAXERROR | libc::ADJ_ESTERROR | libc::ADJ_STATUS;
        timex.maxerror = microseconds(max_error);
        timex.esterror = microseconds(likely_error);
        timex.status &= !libc::STA_UNSYNC;
        ffi::adjust_realtime(&mut timex).map_err(error)?;
        Ok(())
    }
}

/// What a dry run would have done to the clock.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ClockChange {
    /// A step by this offset.
    Step(Interval),
    /// A slew by this offset.
    Slew(Interval),
    /// This frequency, as a fraction.
    Frequency(f64),
    /// Marked as synchronised, with the greatest and the likely error.
    Synced(Interval, Interval),
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

    /// A clock that runs a second ahead of the raw one, in a process that is made to wait before each of these reads.
    fn disturbed(waits: &[u64]) -> Interval {
        let mut waits = waits.iter();
        let mut now = Duration::from_secs(100);
        let reading = pair(|clock| {
            now += Duration::from_millis(*waits.next().unwrap_or(&0));
            if clock == ClockId::CLOCK_REALTIME { now + Duration::from_secs(1) } else { now }
        });
        reading.real - Time::UNIX_EPOCH - Interval::from(reading.raw)
    }

    #[test]
    fn a_wait_between_the_readings_is_no_movement_of_the_clock() {
        let second = Interval::from_secs(1);
        for waits in [&[0, 0, 0][..], &[0, 0, 20], &[0, 20, 0, 0, 0, 20, 0, 0, 0], &[5, 0, 9, 5, 0, 9, 0, 30, 0]] {
            assert_eq!(disturbed(waits), second, "{waits:?}");
        }
        // Where every pair is torn the best one counts.
        let always = [[0, 0, 20]; 2].concat();
        let off = disturbed(&[&always[..], &[0, 0, 2], &always, &always].concat());
        assert_eq!(off, second - Interval::from_micros(1000));
    }
}
