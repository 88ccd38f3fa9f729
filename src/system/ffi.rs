//! The only unsafe code: system calls that no crate wraps safely.

use std::io;

/// A `timex` with every field zero: an `adjtimex` call with it reads and changes nothing.
pub(super) fn empty_timex() -> libc::timex {
    // SAFETY: timex holds integers and arrays of integers only, for which all bits zero is a value.
    unsafe { std::mem::zeroed() }
}

/// clock_adjtime(2) on CLOCK_REALTIME. Gives the clock's state (TIME_OK 0 … TIME_ERROR 5), which is a success in each case.
pub(super) fn adjust_realtime(timex: &mut libc::timex) -> io::Result<i32> {
    // SAFETY: the pointer comes from an exclusive reference to a complete timex, and the kernel writes that struct only.
    let state = unsafe { libc::clock_adjtime(libc::CLOCK_REALTIME, timex) };
    if state < 0 { Err(io::Error::last_os_error()) } else { Ok(state) }
}
