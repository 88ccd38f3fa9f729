//! The clock chip as the program sees it.

use std::path::{Path, PathBuf};

use super::Clock;
use super::rtc_error::RtcError;
use crate::rtc::rtc_time::RtcTime;
use crate::rtc::write_effect::WriteEffect;
use crate::time::{Interval, Reading};

/// How a tick was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TickSource {
    /// The chip's update interrupt.
    Interrupt,
    /// Reading the chip again and again, because the interrupt does not work or was not asked for.
    Polling,
}

/// The moment at which the chip's second changed.
#[derive(Clone, Copy, Debug)]
pub struct Tick {
    /// What the chip reads from this moment on.
    pub time: RtcTime,
    /// The clocks at this moment: in the middle of the two readings of the chip that it lies between, or right after the
    /// interrupt.
    pub at: Reading,
    /// Half the distance of the two readings; zero for an interrupt, whose latency is not known.
    pub bound: Interval,
    /// How it was found.
    pub source: TickSource,
}

/// A parameter of the chip (RTC_PARAM_GET(2), Linux 5.16).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Param {
    /// RTC_PARAM_FEATURES (0), RTC_PARAM_CORRECTION (1), RTC_PARAM_BACKUP_SWITCH_MODE (2), or a later one.
    pub number: u64,
    /// For a parameter that has several values.
    pub index: u32,
}

/// A clock chip that can be read and set. It counts whole seconds; finer is only the moment at which they change.
pub trait Rtc {
    /// The device file.
    fn path(&self) -> &Path;

    /// The driver's name, without what follows its first space. `None` where the kernel does not tell.
    fn driver(&self) -> Option<&str>;

    /// What the chip reads now.
    fn read(&mut self) -> Result<RtcTime, RtcError>;

    /// Sets the chip.
    fn set(&mut self, time: RtcTime) -> Result<(), RtcError>;

    /// Waits for the next change of the chip's second, five seconds at most. Asleep, where the chip has an interrupt.
    fn wait_tick(&mut self, clock: &dyn Clock) -> Result<Tick, RtcError>;

    /// As `wait_tick`, but by reading the chip all the time: exact where an interrupt may be late. For a tick that is near.
    fn watch_tick(&mut self, clock: &dyn Clock) -> Result<Tick, RtcError>;

    /// A parameter's value.
    fn param(&mut self, param: Param) -> Result<u64, RtcError>;

    /// Sets a parameter.
    fn set_param(&mut self, param: Param, value: u64) -> Result<(), RtcError>;

    /// What the chip says of its supply: bits RTC_VL_DATA_INVALID (1), BACKUP_LOW (2), BACKUP_EMPTY (4), ACCURACY_LOW (8),
    /// BACKUP_SWITCH (16).
    fn voltage(&mut self) -> Result<u32, RtcError>;

    /// Forgets what `voltage` reports.
    fn clear_voltage(&mut self) -> Result<(), RtcError>;

    /// What earlier looks at this very chip have shown of what a write does to its tick.
    fn write_effect(&self) -> Option<WriteEffect>;

    /// Keeps for later writes what looks have shown; nothing: what was known is wrong. Where it cannot be kept the next write looks
    /// again.
    fn remember(&mut self, effect: Option<WriteEffect>);

    /// Is nothing really set?
    fn is_dry(&self) -> bool {
        false
    }
}

/// How long after a whole second to write it, so that the chip's next tick is right: the chip's divider starts anew at the
/// write, and a PC's reaches its tick after half a second (kernel: drivers/rtc/rtc-mc146818-lib.c, `set_offset_nsec`).
/// Half a second too where the driver is unknown, because it is a PC's then, and otherwise the error is bounded by it.
pub fn write_delay(driver: Option<&str>) -> Interval {
    match driver {
        None | Some("rtc_cmos") => Interval::from_micros(500_000),
        Some(_) => Interval::ZERO,
    }
}

/// What a dry run would have done to the chip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RtcChange {
    /// Setting it to this.
    Time(RtcTime),
    /// Setting a parameter to this.
    Param(Param, u64),
    /// Forgetting the voltage findings.
    Voltage,
}

/// Reads another chip, and records what it is told to set instead of setting it.
pub struct DryRtc<R> {
    inner: R,
    /// What was asked for, in order.
    pub changes: Vec<RtcChange>,
}

impl<R: Rtc> DryRtc<R> {
    /// Over a chip that is only read.
    pub fn new(inner: R) -> DryRtc<R> {
        DryRtc { inner, changes: Vec::new() }
    }
}

impl<R: Rtc> Rtc for DryRtc<R> {
    fn path(&self) -> &Path {
        self.inner.path()
    }

    fn driver(&self) -> Option<&str> {
        self.inner.driver()
    }

    fn read(&mut self) -> Result<RtcTime, RtcError> {
        self.inner.read()
    }

    fn set(&mut self, time: RtcTime) -> Result<(), RtcError> {
        self.changes.push(RtcChange::Time(time));
        Ok(())
    }

    fn wait_tick(&mut self, clock: &dyn Clock) -> Result<Tick, RtcError> {
        self.inner.wait_tick(clock)
    }

    fn watch_tick(&mut self, clock: &dyn Clock) -> Result<Tick, RtcError> {
        self.inner.watch_tick(clock)
    }

    fn param(&mut self, param: Param) -> Result<u64, RtcError> {
        self.inner.param(param)
    }

    fn set_param(&mut self, param: Param, value: u64) -> Result<(), RtcError> {
        self.changes.push(RtcChange::Param(param, value));
        Ok(())
    }

    fn voltage(&mut self) -> Result<u32, RtcError> {
        self.inner.voltage()
    }

    fn clear_voltage(&mut self) -> Result<(), RtcError> {
        self.changes.push(RtcChange::Voltage);
        Ok(())
    }

    fn write_effect(&self) -> Option<WriteEffect> {
        self.inner.write_effect()
    }

    fn remember(&mut self, _: Option<WriteEffect>) {}

    fn is_dry(&self) -> bool {
        true
    }
}

/// Where a chip is looked for, in this order, when no file is given. What comes after it is any other /dev/rtcN.
pub fn default_paths() -> [PathBuf; 3] {
    ["/dev/rtc", "/dev/rtc0", "/dev/misc/rtc"].map(PathBuf::from)
}
