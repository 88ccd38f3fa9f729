//! The system clock and the kernel's time zone: clock_adjtime(2), clock_gettime(2), settimeofday(2).

use std::io;
use std::time::Duration;

use nix::time::ClockId;

use crate::linux::timex::Timex;

/// The calls with 64-bit times have the same numbers on all 32-bit processors (Linux 5.1).
#[cfg(target_pointer_width = "32")]
mod time64 {
    pub(super) const CLOCK_GETTIME64: libc::c_long = 403;
    pub(super) const CLOCK_ADJTIME64: libc::c_long = 405;
}

#[cfg(target_pointer_width = "32")]
const CLOCK_ADJTIME: libc::c_long = time64::CLOCK_ADJTIME64;
#[cfg(target_pointer_width = "64")]
const CLOCK_ADJTIME: libc::c_long = libc::SYS_clock_adjtime;

/// clock_adjtime(2) on CLOCK_REALTIME. Gives the clock's state (TIME_OK 0 … TIME_ERROR 5), which is a success in each case.
pub(in crate::linux) fn adjust_realtime(timex: &mut Timex) -> io::Result<i32> {
    // By its number: the C library's function takes 32-bit times on 32-bit processors.
    // SAFETY: the pointer comes from an exclusive reference to a complete timex, and the kernel writes that struct only.
    let state = unsafe { libc::syscall(CLOCK_ADJTIME, libc::CLOCK_REALTIME, std::ptr::from_mut(timex)) };
    i32::try_from(state).ok().filter(|state| *state >= 0).ok_or_else(io::Error::last_os_error)
}

/// clock_gettime(2): the time of a clock, since its own beginning.
#[cfg(target_pointer_width = "64")]
pub(in crate::linux) fn clock_time(id: ClockId) -> io::Result<Duration> {
    Ok(nix::time::clock_gettime(id).map(Duration::from)?)
}

/// clock_gettime64: the time of a clock, since its own beginning, beyond 2038 too.
#[cfg(target_pointer_width = "32")]
pub(in crate::linux) fn clock_time(id: ClockId) -> io::Result<Duration> {
    let mut time = [0_i64; 2];
    // SAFETY: the pointer comes from an exclusive reference, and the kernel writes two 64-bit numbers, for which there is room.
    let result = unsafe { libc::syscall(time64::CLOCK_GETTIME64, id.as_raw(), time.as_mut_ptr()) };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    let seconds = u64::try_from(time[0]).map_err(io::Error::other)?;
    let nanos = u32::try_from(time[1]).map_err(io::Error::other)?;
    Ok(Duration::new(seconds, nanos))
}

/// `struct timezone` of sys/time.h, which libc keeps opaque.
#[repr(C)]
struct RawTimezone {
    minutes_west: libc::c_int,
    dst_kind: libc::c_int,
}

/// settimeofday(2) with a timezone alone. The first call since boot with `minutes_west` other than 0 warps the clock.
pub(in crate::linux) fn set_kernel_timezone(minutes_west: i32) -> io::Result<()> {
    let zone = RawTimezone { minutes_west, dst_kind: 0 };
    let no_time = std::ptr::null::<libc::timeval>();
    // SAFETY: a null time is allowed (it is left alone), and the kernel reads one timezone, which the reference guarantees.
    // The system call itself, because musl's function drops the timezone.
    let result = unsafe { libc::syscall(libc::SYS_settimeofday, no_time, &raw const zone) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(miri, ignore = "asks the kernel")]
    fn the_clock_and_its_state_are_of_one_kernel() {
        let mut timex = Timex::default();
        adjust_realtime(&mut timex).unwrap();
        let now = clock_time(ClockId::CLOCK_REALTIME).unwrap().as_secs();
        assert!(now.abs_diff(timex.seconds.cast_unsigned()) <= 60, "{now} {timex:?}");
        assert!((9000..=11_000).contains(&timex.tick), "{timex:?}");
    }
}
