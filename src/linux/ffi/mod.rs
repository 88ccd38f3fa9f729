//! The only unsafe code: system calls that no crate wraps safely.

mod clock;
mod links;
mod phc;
mod process;
mod random;
mod rights;
mod rtc;
mod sockets;
#[cfg(all(
    test,
    any(
        target_arch = "x86_64",
        target_arch = "aarch64",
        target_arch = "riscv64",
        target_arch = "arm",
        target_arch = "x86"
    )
))]
mod tests;

pub(super) use clock::{adjust_realtime, clock_time, set_kernel_timezone};
pub(super) use links::read_link_at;
pub(super) use phc::{RawPhcTime, phc_basic, phc_extended, phc_precise};
pub(super) use process::{close_from, exit_at_once, fork, keep_ends_of_children, let_long_writes_fail};
pub(super) use random::get_random;
#[cfg(any(
    target_arch = "x86_64",
    target_arch = "aarch64",
    target_arch = "riscv64",
    target_arch = "arm",
    target_arch = "x86"
))]
pub(super) use rights::filter_calls;
pub(super) use rights::{RawCapabilities, drop_bounding, get_capabilities, set_capabilities};
pub(super) use rtc::{
    RawRtcTime, rtc_param_get, rtc_param_set, rtc_read_time, rtc_set_time, rtc_update_interrupt, rtc_voltage_clear,
    rtc_voltage_read,
};
#[cfg(target_pointer_width = "32")]
pub(super) use sockets::stamp_packets;
pub(super) use sockets::{MOST_DESCRIPTORS, receive_descriptors};
