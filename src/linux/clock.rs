//! The system clock: reading, stepping and slewing it.

use std::io::{self, Write as _};
use std::time::Duration;

use nix::time::ClockId;

use super::ffi;
use super::timex::Timex;
use crate::discipline::Boot;
use crate::linux::files::state::boot_id;
use crate::machine::{Clock, ClockError};
use crate::time::{Interval, Reading, Time};
use crate::wire::Leap;

/// `tick` of a clock that is not tuned: microseconds in each of the 100 ticks a second that the interface counts in.
const NOMINAL_TICK: i64 = 10_000;
/// `freq` counts parts per million in 16.16 fixed point (adjtimex(2)).
const FREQUENCY_UNIT: f64 = 1e6 * 65_536.0;

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
    /// Whether the kernel says that something keeps this machine's clock right (adjtimex(2), STA_UNSYNC).
    pub fn is_kept_right() -> bool {
        let mut timex = Timex::default();
        ffi::adjust_realtime(&mut timex).is_ok() && timex.status & libc::STA_UNSYNC == 0
    }

    /// Says why this machine's clocks cannot be read, if they cannot: no run may begin then.
    pub fn check() -> Result<(), ClockError> {
        let clocks =
            [ClockId::CLOCK_REALTIME, ClockId::CLOCK_MONOTONIC_RAW, ClockId::CLOCK_MONOTONIC, ClockId::CLOCK_BOOTTIME];
        clocks.into_iter().try_for_each(|id| ffi::clock_time(id).map(drop)).map_err(ClockError::Unreadable)
    }

    /// TAI − UTC in whole seconds, as the kernel has been told; 0 where nobody has told it.
    pub fn tai_offset() -> Option<i32> {
        let mut timex = Timex::default();
        ffi::adjust_realtime(&mut timex).ok().map(|_| timex.tai)
    }

    /// A clock that fails after [`check`](Self::check) ends the process at once: whatever would be written would be wrong, and 1970
    /// in a good RTC is worse than nothing.
    fn read(id: ClockId) -> Duration {
        ffi::clock_time(id).unwrap_or_else(|error| {
            let _ = writeln!(io::stderr(), "{}: nothing more is done", ClockError::Unreadable(error));
            ffi::exit_at_once(1)
        })
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
        let mut state = Timex::default();
        ffi::adjust_realtime(&mut state)?;
        if state.offset == 0 {
            return Ok(());
        }
        // The kernel takes a new phase offset only while STA_PLL is set.
        let mut cancel = Timex::default();
        cancel.modes = libc::ADJ_OFFSET | libc::ADJ_STATUS;
        cancel.status = state.status | libc::STA_PLL;
        ffi::adjust_realtime(&mut cancel)?;
        if state.status & libc::STA_PLL == 0 {
            let mut restore = Timex::default();
            restore.modes = libc::ADJ_STATUS;
            restore.status = state.status;
            ffi::adjust_realtime(&mut restore)?;
        }
        Ok(())
    }
}

/// Rounded up: an error bound is not to shrink. The kernel takes from 16 s on for unsynchronised.
fn microseconds(error: Interval) -> i64 {
    let micros = error.to_duration().as_nanos().div_ceil(1000);
    i64::try_from(micros).unwrap_or(i64::MAX)
}

impl Clock for SystemClock {
    fn now(&self) -> Reading {
        pair(SystemClock::read)
    }

    fn step(&mut self, offset: Interval) -> Result<(), ClockError> {
        let nanos = offset.nanos();
        let mut timex = Timex::default();
        // Relative, so that the time between the measurement and the call is not lost (clock_adjtime(2)).
        timex.modes = libc::ADJ_SETOFFSET | libc::ADJ_NANO;
        timex.seconds = nanos
            .div_euclid(1_000_000_000)
            .try_into()
            .map_err(|_| ClockError::OutOfRange("a step of so many seconds"))?;
        timex.subseconds = nanos.rem_euclid(1_000_000_000) as i64;
        ffi::adjust_realtime(&mut timex).map_err(|e| ClockError::from_io(e, "the time after this step"))?;
        Ok(())
    }

    fn slew(&mut self, offset: Interval) -> Result<(), ClockError> {
        let mut timex = Timex::default();
        timex.modes = libc::ADJ_OFFSET_SINGLESHOT;
        timex.offset = offset.micros().try_into().map_err(|_| ClockError::OutOfRange("a slew over so many seconds"))?;
        SystemClock::cancel_phase_offset()
            .and_then(|()| ffi::adjust_realtime(&mut timex))
            .map_err(|e| ClockError::from_io(e, "a slew of this size"))?;
        Ok(())
    }

    fn pending_slew(&self) -> Interval {
        let mut timex = Timex::default();
        timex.modes = libc::ADJ_OFFSET_SS_READ;
        match ffi::adjust_realtime(&mut timex) {
            Ok(_) => Interval::from_micros(timex.offset),
            Err(_) => Interval::ZERO,
        }
    }

    fn frequency(&self) -> Result<f64, ClockError> {
        let mut timex = Timex::default();
        ffi::adjust_realtime(&mut timex).map_err(ClockError::Other)?;
        // The two ways to tune the clock add up (adjtimex(2)).
        let by_tick = (timex.tick - NOMINAL_TICK) as f64 / NOMINAL_TICK as f64;
        Ok(by_tick + timex.freq as f64 / FREQUENCY_UNIT)
    }

    fn set_frequency(&mut self, fraction: f64) -> Result<(), ClockError> {
        let mut timex = Timex::default();
        // Both ways in one call, so that there is no moment with half of it.
        timex.modes = libc::ADJ_FREQUENCY | libc::ADJ_TICK;
        timex.freq = (fraction * FREQUENCY_UNIT).round() as i64;
        timex.tick = NOMINAL_TICK;
        ffi::adjust_realtime(&mut timex).map_err(|e| ClockError::from_io(e, "this frequency"))?;
        Ok(())
    }

    fn boot(&self) -> Boot {
        Boot { id: boot_id(), suspended: SystemClock::suspended() }
    }

    fn mark_synced(&mut self, max_error: Interval, likely_error: Interval) -> Result<(), ClockError> {
        let error = |error| ClockError::from_io(error, "an error of this size");
        let mut timex = Timex::default();
        ffi::adjust_realtime(&mut timex).map_err(error)?;
        timex.modes = libc::ADJ_MAXERROR | libc::ADJ_ESTERROR | libc::ADJ_STATUS;
        timex.maxerror = microseconds(max_error);
        timex.esterror = microseconds(likely_error);
        timex.status &= !libc::STA_UNSYNC;
        ffi::adjust_realtime(&mut timex).map_err(error)?;
        Ok(())
    }

    fn leap(&self) -> Result<Leap, ClockError> {
        let mut timex = Timex::default();
        ffi::adjust_realtime(&mut timex).map_err(ClockError::Other)?;
        Ok(match timex.status {
            status if status & libc::STA_INS != 0 => Leap::Insert,
            status if status & libc::STA_DEL != 0 => Leap::Delete,
            _ => Leap::None,
        })
    }

    fn set_leap(&mut self, leap: Leap) -> Result<(), ClockError> {
        let error = |error| ClockError::from_io(error, "a leap second");
        let mut timex = Timex::default();
        ffi::adjust_realtime(&mut timex).map_err(error)?;
        timex.modes = libc::ADJ_STATUS;
        timex.status &= !(libc::STA_INS | libc::STA_DEL);
        timex.status |= match leap {
            Leap::Insert => libc::STA_INS,
            Leap::Delete => libc::STA_DEL,
            Leap::None | Leap::Unsynchronised => 0,
        };
        ffi::adjust_realtime(&mut timex).map_err(error)?;
        Ok(())
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
