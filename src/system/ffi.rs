//! The only unsafe code: system calls that no crate wraps safely.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use nix::sys::signal::{SigHandler, Signal};

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

/// getrandom(2): as many bytes as there is room for. Fails where the kernel has none with these flags, and where it gives fewer.
pub(super) fn get_random<const N: usize>(bytes: &mut [u8; N], flags: libc::c_uint) -> io::Result<()> {
    // By its number, for C libraries without it.
    // SAFETY: the pointer and the length are those of one exclusive reference, which outlives the call.
    let count = unsafe { libc::syscall(libc::SYS_getrandom, bytes.as_mut_ptr(), N, flags) };
    match usize::try_from(count) {
        Ok(count) if count == N => Ok(()),
        Ok(_) => Err(io::ErrorKind::UnexpectedEof.into()),
        Err(_) => Err(io::Error::last_os_error()),
    }
}

/// `struct rtc_time` of linux/rtc.h: the fields of C's `struct tm`, no more.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RawRtcTime {
    pub(super) sec: libc::c_int,
    pub(super) min: libc::c_int,
    pub(super) hour: libc::c_int,
    pub(super) mday: libc::c_int,
    /// 0 to 11.
    pub(super) mon: libc::c_int,
    /// Since 1900.
    pub(super) year: libc::c_int,
    pub(super) wday: libc::c_int,
    pub(super) yday: libc::c_int,
    pub(super) isdst: libc::c_int,
}

/// `struct rtc_param` of linux/rtc.h.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RawRtcParam {
    pub(super) param: u64,
    /// A union in C, of which this is the only member that any parameter uses.
    pub(super) value: u64,
    pub(super) index: u32,
    pub(super) pad: u32,
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
pub(super) fn rtc_read_time(fd: BorrowedFd<'_>) -> io::Result<RawRtcTime> {
    let mut time = RawRtcTime::default();
    // SAFETY: the descriptor is open for the call, and the kernel writes one rtc_time, for which the pointer has room.
    unsafe { ioctl_rtc_rd_time(fd.as_raw_fd(), &raw mut time) }?;
    Ok(time)
}

/// RTC_SET_TIME.
pub(super) fn rtc_set_time(fd: BorrowedFd<'_>, time: &RawRtcTime) -> io::Result<()> {
    // SAFETY: the descriptor is open for the call, and the kernel reads one rtc_time, which the reference guarantees.
    unsafe { ioctl_rtc_set_time(fd.as_raw_fd(), time) }?;
    Ok(())
}

/// RTC_UIE_ON and RTC_UIE_OFF: one interrupt, and so one readable descriptor, at each tick of the chip.
pub(super) fn rtc_update_interrupt(fd: BorrowedFd<'_>, on: bool) -> io::Result<()> {
    // SAFETY: the descriptor is open for the call; neither request takes an argument.
    unsafe { if on { ioctl_rtc_uie_on(fd.as_raw_fd()) } else { ioctl_rtc_uie_off(fd.as_raw_fd()) } }?;
    Ok(())
}

/// RTC_PARAM_GET (Linux 5.16).
pub(super) fn rtc_param_get(fd: BorrowedFd<'_>, param: u64, index: u32) -> io::Result<u64> {
    let mut raw = RawRtcParam { param, index, ..RawRtcParam::default() };
    let request = nix::request_code_write!(b'p', 0x13, size_of::<RawRtcParam>());
    // SAFETY: the descriptor is open for the call, and the kernel reads and writes one rtc_param, which the exclusive
    // reference guarantees; nix's macro for _IOW would hand it a pointer to what may not change.
    let result = unsafe { libc::ioctl(fd.as_raw_fd(), request, &raw mut raw) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(raw.value) }
}

/// RTC_PARAM_SET (Linux 5.16).
pub(super) fn rtc_param_set(fd: BorrowedFd<'_>, param: u64, index: u32, value: u64) -> io::Result<()> {
    let raw = RawRtcParam { param, value, index, pad: 0 };
    // SAFETY: the descriptor is open for the call, and the kernel reads one rtc_param, which the reference guarantees.
    unsafe { ioctl_rtc_param_set(fd.as_raw_fd(), &raw const raw) }?;
    Ok(())
}

/// RTC_VL_READ: the chip's report on its supply voltage, one bit per finding.
pub(super) fn rtc_voltage_read(fd: BorrowedFd<'_>) -> io::Result<u32> {
    let mut bits: libc::c_uint = 0;
    // SAFETY: the descriptor is open for the call, and the kernel writes one unsigned int, for which there is room.
    unsafe { ioctl_rtc_vl_read(fd.as_raw_fd(), &raw mut bits) }?;
    Ok(bits)
}

/// RTC_VL_CLR: forgets the findings.
pub(super) fn rtc_voltage_clear(fd: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: the descriptor is open for the call; the request takes no argument.
    unsafe { ioctl_rtc_vl_clr(fd.as_raw_fd()) }?;
    Ok(())
}

/// `struct timezone` of sys/time.h, which libc keeps opaque.
#[repr(C)]
struct RawTimezone {
    minutes_west: libc::c_int,
    dst_kind: libc::c_int,
}

/// settimeofday(2) with a timezone alone. The first call since boot with `minutes_west` other than 0 warps the clock.
pub(super) fn set_kernel_timezone(minutes_west: i32) -> io::Result<()> {
    let zone = RawTimezone { minutes_west, dst_kind: 0 };
    let no_time = std::ptr::null::<libc::timeval>();
    // SAFETY: a null time is allowed (it is left alone), and the kernel reads one timezone, which the reference guarantees.
    // The system call itself, because musl's function drops the timezone.
    let result = unsafe { libc::syscall(libc::SYS_settimeofday, no_time, &raw const zone) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Fails where more than one thread runs.
fn alone() -> io::Result<()> {
    let threads = std::fs::read_dir("/proc/self/task").map_or(1, Iterator::count);
    if threads > 1 { Err(io::Error::other("more than one thread runs")) } else { Ok(()) }
}

/// close_range(2) (Linux 5.9): closes this descriptor and all higher ones. They have to be the caller's, which nothing here owns.
pub(super) fn close_from(first: u32) -> io::Result<()> {
    // SAFETY: it takes numbers only; what it closes was opened by another program, so that nobody here counts on it.
    let result = unsafe { libc::syscall(libc::SYS_close_range, first, u32::MAX, 0) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// fork(2): the child's process number, and nothing in the child. Refuses where more than one thread runs.
pub(super) fn fork() -> io::Result<Option<u32>> {
    alone()?;
    // SAFETY: the only thread is this one, so that no lock is held, and nothing half changed, by one that the child lacks.
    let child = unsafe { libc::fork() };
    match u32::try_from(child) {
        Err(_) => Err(io::Error::last_os_error()),
        Ok(0) => Ok(None),
        Ok(child) => Ok(Some(child)),
    }
}

/// signal(2): a child's end is kept until it is asked for. Whoever started this program may have had it thrown away.
pub(super) fn keep_ends_of_children() -> io::Result<()> {
    // SAFETY: no code of ours is to run at the signal: the default, which is to do nothing, is as safe as any can be.
    unsafe { nix::sys::signal::signal(Signal::SIGCHLD, SigHandler::SigDfl) }?;
    Ok(())
}

/// signal(2): a write beyond RLIMIT_FSIZE fails with EFBIG, which is reported, instead of ending the process.
pub(super) fn let_long_writes_fail() -> io::Result<()> {
    // SAFETY: no code of ours is to run at the signal: to ignore it is as safe as any can be.
    unsafe { nix::sys::signal::signal(Signal::SIGXFSZ, SigHandler::SigIgn) }?;
    Ok(())
}

/// Runs before the language's own start, which opens /dev/null in the place of closed streams and aborts where there is none.
/// The name is only for the linker.
#[used]
#[unsafe(link_section = ".init_array")]
static STREAMS: extern "C" fn() = open_streams;

/// Opens in the place of each closed stream what can be neither read nor written.
extern "C" fn open_streams() {
    for stream in 0..3 {
        // SAFETY: both calls take numbers and a constant string that ends with a zero, and touch no memory of this program's.
        // A new descriptor has the lowest number that is free, which is this stream's, as those below it are open by now.
        unsafe {
            if libc::fcntl(stream, libc::F_GETFD) < 0 && libc::open(c"/dev/null".as_ptr(), libc::O_RDWR) < 0 {
                libc::open(c"/".as_ptr(), libc::O_RDONLY | libc::O_DIRECTORY);
            }
        }
    }
}

/// _exit(2): ends a forked process without what its parent wants to be done at its own end.
pub(super) fn exit_at_once(status: i32) -> ! {
    // SAFETY: it takes any number and does not come back.
    unsafe { libc::_exit(status) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_timex_asks_for_nothing() {
        let timex = empty_timex();
        assert_eq!((timex.modes, timex.offset, timex.freq, timex.tick), (0, 0, 0, 0));
    }

    #[test]
    fn rtc_structs_have_the_sizes_in_the_request_codes() {
        assert_eq!(size_of::<RawRtcTime>(), 36);
        assert_eq!(size_of::<RawRtcParam>(), 24);
        assert_eq!(std::mem::offset_of!(RawRtcParam, index), 16);
    }

    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64"))]
    #[test]
    fn request_codes_are_the_kernels() {
        assert_eq!(nix::request_code_read!(b'p', 0x09, size_of::<RawRtcTime>()), 0x8024_7009);
        assert_eq!(nix::request_code_write!(b'p', 0x0a, size_of::<RawRtcTime>()), 0x4024_700a);
        assert_eq!(nix::request_code_write!(b'p', 0x13, size_of::<RawRtcParam>()), 0x4018_7013);
        assert_eq!(nix::request_code_read!(b'p', 0x13, size_of::<libc::c_uint>()), 0x8004_7013);
    }
}
