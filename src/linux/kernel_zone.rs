//! The kernel's own timezone, by which it keeps FAT timestamps and a clock chip in local time.

use std::io;

use super::ffi;
use crate::machine::KernelZone;

/// The running kernel's.
#[derive(Debug, Default)]
pub struct SystemZone;

impl KernelZone for SystemZone {
    fn set(&mut self, minutes_west: i32) -> io::Result<()> {
        ffi::set_kernel_timezone(minutes_west)
    }
}
