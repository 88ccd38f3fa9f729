//! The kernel's own timezone as rhwclock uses it.

use std::io;

/// What can set the kernel's timezone. Only the functions that say so do.
pub trait KernelZone {
    /// Sets it to `minutes_west` of Greenwich. The first call since boot with anything but 0 also moves the system clock by
    /// it and makes the kernel take the chip for one in local time; a call with 0 before it prevents both.
    fn set(&mut self, minutes_west: i32) -> io::Result<()>;
}

/// Records instead of setting.
#[derive(Debug, Default)]
pub struct DryZone {
    /// What was asked for, in order.
    pub changes: Vec<i32>,
}

impl KernelZone for DryZone {
    fn set(&mut self, minutes_west: i32) -> io::Result<()> {
        self.changes.push(minutes_west);
        Ok(())
    }
}
