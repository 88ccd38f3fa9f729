//! The system clock.

use std::io;

use libc::{clockid_t, timespec, timeval, timex};

const NANOS: i128 = 1_000_000_000;

/// A clock's reading in nanoseconds.
pub(crate) fn read(clock: clockid_t) -> io::Result<i128> {
    let mut time = timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is valid for the call to write to.
    check(unsafe { libc::clock_gettime(clock, &raw mut time) })?;
    Ok(i128::from(time.tv_sec) * NANOS + i128::from(time.tv_nsec))
}

/// Several readings; printed are those with the least time between first and last.
pub(crate) fn print_clocks() -> io::Result<()> {
    let mut best: Option<[i128; 4]> = None;
    for _ in 0..20 {
        let before = read(libc::CLOCK_MONOTONIC_RAW)?;
        let real = read(libc::CLOCK_REALTIME)?;
        let monotonic = read(libc::CLOCK_MONOTONIC)?;
        let after = read(libc::CLOCK_MONOTONIC_RAW)?;
        if best.is_none_or(|[_, _, _, gap]| after - before < gap) {
            best = Some([real, monotonic, i128::midpoint(before, after), after - before]);
        }
    }
    let [real, monotonic, raw, gap] = best.expect("twenty readings");
    println!("realtime {real}\nmonotonic {monotonic}\nraw {raw}\nbound {gap}");
    println!("realtime_minus_raw {}", real - raw);
    Ok(())
}

/// The kernel's own words, but for the frequency, in parts per million, and times, all in microseconds.
pub(crate) fn print_state() -> io::Result<()> {
    let mut state = adjust(timex_with(0))?;
    // With STA_NANO the offset is in nanoseconds.
    if state.status & libc::STA_NANO != 0 {
        state.offset /= 1000;
    }
    println!("offset_us {}\nfrequency_ppm {:.6}", state.offset, state.freq as f64 / 65_536.0);
    println!("status {:#x}\nunsynchronised {}", state.status, i32::from(state.status & libc::STA_UNSYNC != 0));
    println!("maxerror_us {}\nesterror_us {}", state.maxerror, state.esterror);
    println!("tick_us {}\ntai_s {}", state.tick, state.tai);
    let rest = adjust(timex_with(libc::ADJ_OFFSET_SS_READ))?;
    println!("adjtime_us {}", rest.offset);
    Ok(())
}

pub(crate) fn set_frequency(ppm: f64) -> io::Result<()> {
    let mut change = timex_with(libc::ADJ_FREQUENCY);
    change.freq = (ppm * 65_536.0).round() as i64;
    adjust(change).map(drop)
}

pub(crate) fn mark_synchronised() -> io::Result<()> {
    let mut change = timex_with(libc::ADJ_STATUS | libc::ADJ_MAXERROR | libc::ADJ_ESTERROR);
    change.status = adjust(timex_with(0))?.status & !libc::STA_UNSYNC;
    adjust(change).map(drop)
}

pub(crate) fn set_time(seconds: f64) -> io::Result<()> {
    let time = timespec { tv_sec: seconds.floor() as i64, tv_nsec: (seconds.rem_euclid(1.0) * 1e9) as i64 };
    // SAFETY: `time` is valid for the call to read.
    check(unsafe { libc::clock_settime(libc::CLOCK_REALTIME, &raw const time) })
}

pub(crate) fn step(seconds: f64) -> io::Result<()> {
    let mut change = timex_with(libc::ADJ_SETOFFSET | libc::ADJ_NANO);
    change.time.tv_sec = seconds.floor() as i64;
    change.time.tv_usec = (seconds.rem_euclid(1.0) * 1e9) as i64;
    adjust(change).map(drop)
}

pub(crate) fn slew(seconds: f64) -> io::Result<()> {
    let micros = (seconds * 1e6).round() as i64;
    let time = timeval { tv_sec: micros.div_euclid(1_000_000), tv_usec: micros.rem_euclid(1_000_000) };
    // SAFETY: `time` is valid for the call to read; a null pointer declines the old value.
    check(unsafe { libc::adjtime(&raw const time, std::ptr::null_mut()) })
}

/// Leaves a phase offset (at most 0.5 s) to be worked off slowly, as a daemon that steers by the kernel's loop does.
pub(crate) fn set_phase(seconds: f64) -> io::Result<()> {
    let mut change = timex_with(libc::ADJ_STATUS | libc::ADJ_NANO | libc::ADJ_TIMECONST | libc::ADJ_OFFSET);
    change.status = adjust(timex_with(0))?.status | libc::STA_PLL;
    change.constant = 6;
    change.offset = (seconds * 1e9).round() as i64;
    adjust(change).map(drop)
}

fn timex_with(modes: u32) -> timex {
    // SAFETY: the structure is made of integers, for all of which zero is a value.
    let mut value: timex = unsafe { std::mem::zeroed() };
    value.modes = modes;
    value
}

fn adjust(mut value: timex) -> io::Result<timex> {
    // SAFETY: `value` is valid for the call to read and write.
    let state = unsafe { libc::adjtimex(&raw mut value) };
    if state < 0 { Err(io::Error::last_os_error()) } else { Ok(value) }
}

pub(crate) fn check(status: i32) -> io::Result<()> {
    if status < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
