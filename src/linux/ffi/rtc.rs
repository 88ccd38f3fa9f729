//! The requests of RTC devices (linux/rtc.h).

use std::io;
use std::os::fd::{AsRawFd as _, BorrowedFd};

/// `struct rtc_time` of linux/rtc.h: the fields of C's `struct tm`, no more.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::linux) struct RawRtcTime {
    pub(in crate::linux) sec: libc::c_int,
    pub(in crate::linux) min: libc::c_int,
    pub(in crate::linux) hour: libc::c_int,
    pub(in crate::linux) mday: libc::c_int,
    /// 0 to 11.
    pub(in crate::linux) mon: libc::c_int,
    /// Since 1900.
    pub(in crate::linux) year: libc::c_int,
    pub(in crate::linux) wday: libc::c_int,
    pub(in crate::linux) yday: libc::c_int,
    pub(in crate::linux) isdst: libc::c_int,
}

/// `struct rtc_param` of linux/rtc.h.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::linux) struct RawRtcParam {
    pub(in crate::linux) param: u64,
    /// A union in C, of which this is the only member that any parameter uses.
    pub(in crate::linux) value: u64,
    pub(in crate::linux) index: u32,
    pub(in crate::linux) pad: u32,
}

nix::ioctl_read!(ioctl_rtc_rd_time, b'p', 0x09, RawRtcTime);
nix::ioctl_write_ptr!(ioctl_rtc_set_time, b'p', 0x0a, RawRtcTime);
nix::ioctl_none!(ioctl_rtc_uie_on, b'p', 0x03);
nix::ioctl_none!(ioctl_rtc_uie_off, b'p', 0x04);
// The kernel defines both as _IOW, and writes to the struct all the same.
nix::ioctl_write_ptr!(ioctl_rtc_param_set, b'p', 0x14, RawRtcParam);
nix::ioctl_read!(ioctl_rtc_vl_read, b'p', 0x13, libc::c_uint);
nix::ioctl_none!(ioctl_rtc_vl_clr, b'p', 0x14);

/// RTC_RD_TIME.
pub(in crate::linux) fn rtc_read_time(fd: BorrowedFd<'_>) -> io::Result<RawRtcTime> {
    let mut time = RawRtcTime::default();
    // SAFETY: the descriptor is open for the call, and the kernel writes one rtc_time, for which the pointer has room.
    unsafe { ioctl_rtc_rd_time(fd.as_raw_fd(), &raw mut time) }?;
    Ok(time)
}

/// RTC_SET_TIME.
pub(in crate::linux) fn rtc_set_time(fd: BorrowedFd<'_>, time: &RawRtcTime) -> io::Result<()> {
    // SAFETY: the descriptor is open for the call, and the kernel reads one rtc_time, which the reference guarantees.
    unsafe { ioctl_rtc_set_time(fd.as_raw_fd(), time) }?;
    Ok(())
}

/// RTC_UIE_ON and RTC_UIE_OFF: one interrupt, and so one readable descriptor, at each tick of the chip.
pub(in crate::linux) fn rtc_update_interrupt(fd: BorrowedFd<'_>, on: bool) -> io::Result<()> {
    // SAFETY: the descriptor is open for the call; neither request takes an argument.
    unsafe { if on { ioctl_rtc_uie_on(fd.as_raw_fd()) } else { ioctl_rtc_uie_off(fd.as_raw_fd()) } }?;
    Ok(())
}

/// RTC_PARAM_GET (Linux 5.16).
pub(in crate::linux) fn rtc_param_get(fd: BorrowedFd<'_>, param: u64, index: u32) -> io::Result<u64> {
    let mut raw = RawRtcParam { param, index, ..RawRtcParam::default() };
    let request = nix::request_code_write!(b'p', 0x13, size_of::<RawRtcParam>());
    // SAFETY: the descriptor is open for the call, and the kernel reads and writes one rtc_param, which the exclusive
    // reference guarantees; nix's macro for _IOW would hand it a pointer to what may not change.
    let result = unsafe { libc::ioctl(fd.as_raw_fd(), request, &raw mut raw) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(raw.value) }
}

/// RTC_PARAM_SET (Linux 5.16).
pub(in crate::linux) fn rtc_param_set(fd: BorrowedFd<'_>, param: u64, index: u32, value: u64) -> io::Result<()> {
    let raw = RawRtcParam { param, value, index, pad: 0 };
    // SAFETY: the descriptor is open for the call, and the kernel reads one rtc_param, which the reference guarantees.
    unsafe { ioctl_rtc_param_set(fd.as_raw_fd(), &raw const raw) }?;
    Ok(())
}

/// RTC_VL_READ: the chip's report on its supply voltage, one bit per finding.
pub(in crate::linux) fn rtc_voltage_read(fd: BorrowedFd<'_>) -> io::Result<u32> {
    let mut bits: libc::c_uint = 0;
    // SAFETY: the descriptor is open for the call, and the kernel writes one unsigned int, for which there is room.
    unsafe { ioctl_rtc_vl_read(fd.as_raw_fd(), &raw mut bits) }?;
    Ok(bits)
}

/// RTC_VL_CLR: forgets the findings.
pub(in crate::linux) fn rtc_voltage_clear(fd: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: the descriptor is open for the call; the request takes no argument.
    unsafe { ioctl_rtc_vl_clr(fd.as_raw_fd()) }?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rtc_structs_have_the_sizes_in_the_request_codes() {
        assert_eq!(size_of::<RawRtcTime>(), 36);
        assert_eq!(size_of::<RawRtcParam>(), 24);
        assert_eq!(std::mem::offset_of!(RawRtcParam, index), 16);
    }
}
