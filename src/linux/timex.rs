//! The kernel's clock state with 64-bit times on every processor (`struct __kernel_timex` of linux/timex.h, Linux 5.1).
#![forbid(unsafe_code)]

/// The argument of clock_adjtime(2): on 64-bit processors C's `struct timex`, on 32-bit ones what the call with the same name
/// and 64 in it takes. C's own type has 32-bit times there, which end in 2038.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Timex {
    /// What is to be set: `libc::ADJ_*`.
    pub(super) modes: u32,
    pad_modes: i32,
    /// Microseconds, or nanoseconds where STA_NANO is set.
    pub(super) offset: i64,
    /// Parts per million in 16.16 fixed point.
    pub(super) freq: i64,
    /// Microseconds.
    pub(super) maxerror: i64,
    /// Microseconds.
    pub(super) esterror: i64,
    /// `libc::STA_*`.
    pub(super) status: i32,
    pad_status: i32,
    constant: i64,
    precision: i64,
    tolerance: i64,
    pub(super) seconds: i64,
    /// Microseconds, or nanoseconds with ADJ_NANO; never negative.
    pub(super) subseconds: i64,
    /// Microseconds in each of the 100 ticks a second that the interface counts in.
    pub(super) tick: i64,
    pulse: [i64; 2],
    shift: i32,
    pad_shift: i32,
    counts: [i64; 5],
    /// TAI − UTC in seconds, 0 where nobody has said it.
    pub(super) tai: i32,
    reserved: [i32; 11],
}

#[cfg(test)]
mod tests {
    use std::mem::{offset_of, size_of};

    use super::*;

    #[test]
    fn it_is_laid_out_as_the_kernel_has_it() {
        assert_eq!(size_of::<Timex>(), 208);
        assert_eq!([offset_of!(Timex, status), offset_of!(Timex, seconds), offset_of!(Timex, tai)], [40, 72, 160]);
    }

    #[cfg(all(target_pointer_width = "64", target_env = "gnu"))]
    #[test]
    fn it_is_the_c_librarys_type_on_64_bits() {
        assert_eq!(size_of::<Timex>(), size_of::<libc::timex>());
        assert_eq!(offset_of!(Timex, offset), offset_of!(libc::timex, offset));
        assert_eq!(offset_of!(Timex, seconds), offset_of!(libc::timex, time));
        assert_eq!(offset_of!(Timex, tick), offset_of!(libc::timex, tick));
        assert_eq!(offset_of!(Timex, tai), offset_of!(libc::timex, tai));
    }
}
