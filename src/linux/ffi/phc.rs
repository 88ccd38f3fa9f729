//! The requests of PTP hardware clocks (linux/ptp_clock.h): the clock and the system clock, read together.

use std::io;
use std::os::fd::{AsRawFd as _, BorrowedFd};

/// `struct ptp_clock_time` of linux/ptp_clock.h.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::linux) struct RawPhcTime {
    pub(in crate::linux) seconds: i64,
    pub(in crate::linux) nanos: u32,
    reserved: u32,
}

/// PTP_MAX_SAMPLES: the most readings in one call.
const PHC_READINGS: usize = 25;

/// So many readings are asked for at once: the narrowest is as good as that of many more, and some clocks take long.
const PHC_WANTED: usize = 10;

/// `struct ptp_sys_offset_precise`: the clock, the system clock and CLOCK_MONOTONIC_RAW.
#[repr(C)]
#[derive(Default)]
pub(super) struct RawPhcPrecise {
    times: [RawPhcTime; 3],
    reserved: [u32; 4],
}

/// `struct ptp_sys_offset_extended`: the system clock, the clock, the system clock.
#[repr(C)]
#[derive(Default)]
pub(super) struct RawPhcExtended {
    count: u32,
    /// The first has been a clockid since Linux 6.12, of which 0 is CLOCK_REALTIME.
    reserved: [u32; 3],
    times: [[RawPhcTime; 3]; PHC_READINGS],
}

/// `struct ptp_sys_offset`: the system clock and the clock by turns, the system clock first and last.
#[repr(C)]
pub(super) struct RawPhcBasic {
    count: u32,
    reserved: [u32; 3],
    times: [RawPhcTime; 2 * PHC_READINGS + 1],
}

nix::ioctl_readwrite!(ioctl_phc_precise, b'=', 8, RawPhcPrecise);
nix::ioctl_readwrite!(ioctl_phc_extended, b'=', 9, RawPhcExtended);

/// PTP_SYS_OFFSET_PRECISE: the clock and the system clock at one moment.
pub(in crate::linux) fn phc_precise(fd: BorrowedFd<'_>) -> io::Result<[RawPhcTime; 2]> {
    let mut raw = RawPhcPrecise::default();
    // SAFETY: the descriptor is open for the call, and the kernel reads and writes one such struct, for which there is room.
    unsafe { ioctl_phc_precise(fd.as_raw_fd(), &raw mut raw) }?;
    let [clock, system, _] = raw.times;
    Ok([clock, system])
}

/// PTP_SYS_OFFSET_EXTENDED: several times the system clock before, the clock, and the system clock after.
pub(in crate::linux) fn phc_extended(fd: BorrowedFd<'_>) -> io::Result<Vec<[RawPhcTime; 3]>> {
    let mut raw = RawPhcExtended { count: PHC_WANTED as u32, ..RawPhcExtended::default() };
    // SAFETY: the descriptor is open for the call, and the kernel reads and writes one such struct, for which there is room.
    unsafe { ioctl_phc_extended(fd.as_raw_fd(), &raw mut raw) }?;
    Ok(raw.times.into_iter().take(PHC_WANTED).collect())
}

/// PTP_SYS_OFFSET: the same, with the driver's whole reading in between.
pub(in crate::linux) fn phc_basic(fd: BorrowedFd<'_>) -> io::Result<Vec<[RawPhcTime; 3]>> {
    let times = [RawPhcTime::default(); 2 * PHC_READINGS + 1];
    let mut raw = RawPhcBasic { count: PHC_WANTED as u32, reserved: [0; 3], times };
    let request = nix::request_code_write!(b'=', 5, size_of::<RawPhcBasic>());
    // SAFETY: the descriptor is open for the call, and the kernel reads and writes one such struct, which the exclusive reference
    // guarantees; nix's macro for _IOW would hand it a pointer to what may not change.
    let result = unsafe { libc::ioctl(fd.as_raw_fd(), request, &raw mut raw) };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    let times = raw.times.get(..=2 * PHC_WANTED).unwrap_or_default();
    Ok(times.windows(3).step_by(2).filter_map(|times| times.try_into().ok()).collect())
}
