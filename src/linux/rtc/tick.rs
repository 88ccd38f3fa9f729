//! Waiting for the chip's second to change, without ever waiting for ever.

use std::io::Read as _;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::linux::ffi;
use crate::machine::Clock;
use crate::machine::rtc::{Rtc, Tick, TickSource};
use crate::machine::rtc_error::RtcError;
use crate::rtc::rtc_time::RtcTime;
use crate::time::{Interval, Reading};

/// An interrupt that has not come by then does not come: the tick is a second away at most.
const INTERRUPT_LIMIT: Duration = Duration::from_millis(2000);

/// With the interrupt's limit less than five seconds; more than one, because a second may pass before it is noticed.
const POLL_LIMIT: Duration = Duration::from_millis(2500);

/// Between two readings of a chip. A chip on a bus may need as much to go on ticking; a reading of it takes a millisecond too.
const POLL_PAUSE: Duration = Duration::from_millis(2);

/// The same for a PC's chip, of which a reading takes 20 to 100 us.
const PC_PAUSE: Duration = Duration::from_micros(500);

/// So often the first reading is tried: a bus may be disturbed, and a chip without a valid time says so each time.
const FIRST_READS: u32 = 4;

/// So many readings in a row may fail of a chip that was read before: a tenth of a second.
const FAILED_READS: u32 = 50;

/// Switches the interrupt off when it goes.
struct UpdateInterrupt<'fd>(BorrowedFd<'fd>);

impl Drop for UpdateInterrupt<'_> {
    fn drop(&mut self) {
        // Nothing is left to be done about an error; the kernel switches it off when the device is closed.
        let _ = ffi::rtc_update_interrupt(self.0, false);
    }
}

/// The tick by its interrupt. `None` where the chip has none, or it does not come.
pub(super) fn by_interrupt(rtc: &mut dyn Rtc, fd: BorrowedFd<'_>, clock: &dyn Clock) -> Result<Option<Tick>, RtcError> {
    let before = first_read(rtc, clock)?;
    match ffi::rtc_update_interrupt(fd, true) {
        Ok(()) => {}
        // ENOTTY, EINVAL and EIO are what drivers without one answer; whatever it is, reading worked.
        Err(_) => return Ok(None),
    }
    let _off = UpdateInterrupt(fd);
    let start = clock.now().raw;
    loop {
        let waited = clock.now().raw.saturating_sub(start);
        let Some(left) = INTERRUPT_LIMIT.checked_sub(waited) else { return Ok(None) };
        if !readable(fd, left) {
            return Ok(None);
        }
        let at = clock.now();
        let time = read_again(rtc, clock)?;
        // The first interrupt may be an old one: the second has to have changed.
        if time != before {
            return Ok(Some(Tick { time, at, bound: Interval::ZERO, source: TickSource::Interrupt }));
        }
    }
}

/// Waits for the descriptor and takes what is there. False after the time-out or an error.
fn readable(fd: BorrowedFd<'_>, limit: Duration) -> bool {
    // A millisecond more, so that a rest below one does not become a busy loop.
    let timeout = PollTimeout::try_from(limit + Duration::from_millis(1)).unwrap_or(PollTimeout::ZERO);
    let mut fds = [PollFd::new(fd.as_fd(), PollFlags::POLLIN)];
    match poll(&mut fds, timeout) {
        Ok(0) => false,
        Ok(_) => take_event(fd),
        Err(Errno::EINTR) => true,
        Err(_) => false,
    }
}

/// Reads the count of interrupts, so that the descriptor is readable again only after the next.
fn take_event(fd: BorrowedFd<'_>) -> bool {
    let Ok(owned) = fd.try_clone_to_owned() else { return false };
    let mut count = [0; size_of::<libc::c_ulong>()];
    std::fs::File::from(owned).read(&mut count).is_ok()
}

/// The tick by reading the chip until its second changes: what [`Rtc::watch_tick`] is for every chip.
pub fn by_polling(rtc: &mut dyn Rtc, clock: &dyn Clock) -> Result<Tick, RtcError> {
    let pause = pause(rtc);
    let start = clock.now();
    let first = first_read(rtc, clock)?;
    let mut before = start;
    loop {
        clock.sleep(pause);
        let asked = clock.now();
        let time = read_again(rtc, clock)?;
        if time != first {
            return Ok(between(time, &before, &clock.now()));
        }
        before = asked;
        let waited = asked.raw.saturating_sub(start.raw);
        if waited > POLL_LIMIT {
            return Err(RtcError::NoTick { path: rtc.path().to_owned(), waited });
        }
    }
}

fn pause(rtc: &dyn Rtc) -> Duration {
    if rtc.driver() == Some("rtc_cmos") { PC_PAUSE } else { POLL_PAUSE }
}

/// What the chip reads, by one of several tries. That it holds no valid time is believed when all of them say so.
fn first_read(rtc: &mut dyn Rtc, clock: &dyn Clock) -> Result<RtcTime, RtcError> {
    let mut failure = None;
    for _ in 0..FIRST_READS {
        match rtc.read() {
            Err(error) if error.is_failed_read() => {
                if !matches!((&failure, &error), (Some(RtcError::Io { .. }), RtcError::NeverSet { .. })) {
                    failure = Some(error);
                }
                clock.sleep(POLL_PAUSE);
            }
            read => return read,
        }
    }
    failure.map_or_else(|| rtc.read(), Err)
}

/// What a chip reads that was read before: one failure among many is no reason to give up.
fn read_again(rtc: &mut dyn Rtc, clock: &dyn Clock) -> Result<RtcTime, RtcError> {
    for _ in 1..FAILED_READS {
        match rtc.read() {
            Err(error) if error.is_failed_read() => clock.sleep(POLL_PAUSE),
            read => return read,
        }
    }
    rtc.read().map_err(RtcError::of_later_read)
}

/// How often to look for one that is.
const LOOKS: u32 = 3;

/// The tick as exactly as can be, to half the time between two readings or so: by watching the chip, and once more or twice where the watcher was interrupted just then.
pub fn exact(rtc: &mut dyn Rtc, clock: &dyn Clock) -> Result<Tick, RtcError> {
    let mut best = rtc.watch_tick(clock)?;
    for _ in 1..LOOKS {
        if best.bound <= Interval::from(pause(rtc)) {
            break;
        }
        let next = rtc.watch_tick(clock)?;
        if next.bound < best.bound {
            best = next;
        }
    }
    Ok(best)
}

/// A tick somewhere between two readings.
fn between(time: RtcTime, before: &Reading, after: &Reading) -> Tick {
    let width = after.raw.saturating_sub(before.raw);
    let half = width / 2;
    let at = Reading { real: before.real + Interval::from(half), raw: before.raw + half };
    Tick { time, at, bound: Interval::from(half), source: TickSource::Polling }
}
