//! The hardware clock, taken to keep UTC.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd as _;

use super::clock;

/// `struct rtc_time` of the kernel's `include/uapi/linux/rtc.h`: nine ints, of which the last three go unused.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
struct RtcTime {
    sec: i32,
    min: i32,
    hour: i32,
    mday: i32,
    /// 0 to 11.
    mon: i32,
    /// Since 1900.
    year: i32,
    unused: [i32; 3],
}

nix::ioctl_read!(rtc_rd_time, b'p', 0x09, RtcTime);
nix::ioctl_write_ptr!(rtc_set_time, b'p', 0x0a, RtcTime);

impl RtcTime {
    fn read(device: &File) -> io::Result<Self> {
        let mut time = Self::default();
        // SAFETY: the descriptor is open, and `time` has the layout that the request fills in.
        unsafe { rtc_rd_time(device.as_raw_fd(), &raw mut time) }?;
        Ok(time)
    }

    /// Seconds since 1970.
    fn seconds(&self) -> io::Result<i64> {
        let part = |value: i32| u32::try_from(value).unwrap_or(u32::MAX);
        chrono::NaiveDate::from_ymd_opt(self.year + 1900, part(self.mon + 1), part(self.mday))
            .and_then(|date| date.and_hms_opt(part(self.hour), part(self.min), part(self.sec)))
            .map(|time| time.and_utc().timestamp())
            .ok_or_else(|| io::Error::other(format!("the RTC reads {self:?}")))
    }

    fn from_seconds(seconds: i64) -> io::Result<Self> {
        use chrono::{Datelike as _, Timelike as _};
        let time = chrono::DateTime::from_timestamp(seconds, 0).ok_or_else(|| io::Error::other("out of range"))?;
        let part = |value: u32| i32::try_from(value).unwrap_or_default();
        Ok(Self {
            sec: part(time.second()),
            min: part(time.minute()),
            hour: part(time.hour()),
            mday: part(time.day()),
            mon: part(time.month0()),
            year: time.year() - 1900,
            unused: [0; 3],
        })
    }
}

/// The RTC just after its next tick: its time, and the system clock just before and just after the tick.
fn edge(device: &str) -> io::Result<(RtcTime, i128, i128)> {
    let file = File::open(device)?;
    let first = RtcTime::read(&file)?;
    let mut before = clock::read(libc::CLOCK_REALTIME)?;
    let limit = clock::read(libc::CLOCK_MONOTONIC_RAW)? + 3_000_000_000;
    loop {
        let time = RtcTime::read(&file)?;
        let after = clock::read(libc::CLOCK_REALTIME)?;
        if time != first {
            return Ok((time, before, after));
        }
        before = after;
        if clock::read(libc::CLOCK_MONOTONIC_RAW)? > limit {
            return Err(io::Error::other("the RTC stands still"));
        }
    }
}

pub(crate) fn print_base(device: &str) -> io::Result<()> {
    let time = edge(device)?.0;
    let RtcTime { sec, min, hour, mday, mon, year, .. } = time;
    println!("rtc {:04}-{:02}-{mday:02}T{hour:02}:{min:02}:{sec:02}", year + 1900, mon + 1);
    Ok(())
}

/// The tick lies between two system clock readings: the error is taken from their middle, the bound is half their
/// distance. A system clock that is set between them shows as a large bound.
pub(crate) fn print_edge(device: &str) -> io::Result<()> {
    let (time, before, after) = edge(device)?;
    let seconds = time.seconds()?;
    println!("rtc_seconds {seconds}");
    println!("rtc_error {}", i128::from(seconds) * 1_000_000_000 - i128::midpoint(before, after));
    println!("rtc_bound {}", (after - before).abs() / 2 + 1);
    Ok(())
}

pub(crate) fn set(device: &str, seconds: i64) -> io::Result<()> {
    let time = RtcTime::from_seconds(seconds)?;
    let file = File::open(device)?;
    // SAFETY: the descriptor is open, and `time` has the layout that the request reads.
    unsafe { rtc_set_time(file.as_raw_fd(), &raw const time) }?;
    Ok(())
}

/// Also prints by how much the write was late, for want of a turn on the CPU.
pub(crate) fn sync(device: &str, fraction: f64) -> io::Result<()> {
    let second = 1_000_000_000;
    let now = clock::read(libc::CLOCK_REALTIME)?;
    let mut target = now.div_euclid(second) * second + (fraction * 1e9) as i128;
    if target <= now {
        target += second;
    }
    let whole = i64::try_from(target.div_euclid(second)).unwrap_or(i64::MAX);
    let mut reached = now;
    while reached < target {
        reached = clock::read(libc::CLOCK_REALTIME)?;
    }
    set(device, whole)?;
    println!("late {}", i128::midpoint(reached, clock::read(libc::CLOCK_REALTIME)?) - target);
    Ok(())
}
