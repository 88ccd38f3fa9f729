//! What can go wrong with a clock chip, in words that say what to do.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use thiserror::Error;

use crate::rtc::rtc_time::RtcTime;

/// A process that has the device open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The holder's process id.
    pub pid: u32,
    /// The holder's name, as ps shows it.
    pub command: String,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (process {})", self.command, self.pid)
    }
}

/// Why the clock chip could not be used. Each text names the thing, the cause and what to do.
#[derive(Debug, Error)]
pub enum RtcError {
    /// No device file at any of the usual places.
    #[error(
        "no RTC: there is none of {} (this machine has no clock chip, or its driver is not loaded; \
         containers and many virtual machines have none)", list(.tried)
    )]
    None {
        /// In this order.
        tried: Vec<PathBuf>,
    },
    /// ENOENT for a file that was asked for, or ENODEV or ENXIO: a file without a device.
    #[error("no RTC at {}: {source} (see /sys/class/rtc for those that there are)", .path.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// In the kernel's words.
        source: io::Error,
    },
    /// ENODEV in the middle.
    #[error("the RTC {} has gone: its driver was unbound or the device removed", .path.display())]
    Gone {
        /// The file.
        path: PathBuf,
    },
    /// EACCES or EPERM from open.
    #[error("cannot open the RTC {}: {source} (run as root)", .path.display())]
    OpenNotPermitted {
        /// The file.
        path: PathBuf,
        /// In the kernel's words.
        source: io::Error,
    },
    /// EBUSY: only one process may have the device open.
    #[error("cannot open the RTC {}: in use by {} (only one process may have it open)", .path.display(), holder_list(.holders))]
    Busy {
        /// The file.
        path: PathBuf,
        /// As far as /proc shows them.
        holders: Vec<Holder>,
    },
    /// ENOTTY.
    #[error("{} is no RTC (the kernel knows no clock behind this file; say which with --rtc)", .path.display())]
    NotAnRtc {
        /// The file.
        path: PathBuf,
    },
    /// EINVAL from reading.
    #[error(
        "the RTC {} holds no valid time: it was never set, or its battery is empty (set it with --systohc)",
        .path.display()
    )]
    NeverSet {
        /// The file.
        path: PathBuf,
    },
    /// EACCES or EPERM from setting.
    #[error(
        "cannot set the RTC {}: {source} (CAP_SYS_TIME is missing: run as root; in a container it must be granted \
         from outside)", .path.display()
    )]
    SetNotPermitted {
        /// The file.
        path: PathBuf,
        /// In the kernel's words.
        source: io::Error,
    },
    /// ERANGE from setting.
    #[error("the RTC {} cannot hold {time} (its range ends before, or begins after)", .path.display())]
    OutOfRange {
        /// The file.
        path: PathBuf,
        /// What was to be set.
        time: RtcTime,
    },
    /// EINVAL from setting, which drivers say for more than one thing.
    #[error(
        "the RTC {} does not take {time} ({source}: its driver cannot set the chip, or the chip's range ends before, or \
         begins after)", .path.display()
    )]
    Refused {
        /// The file.
        path: PathBuf,
        /// What was to be set.
        time: RtcTime,
        /// In the kernel's words.
        source: io::Error,
    },
    /// The moment is beyond the calendar.
    #[error("no RTC can hold a date so far away ({unix} seconds from 1970)")]
    NoDate {
        /// Seconds since 1970.
        unix: i64,
    },
    /// Neither the interrupt nor polling found a tick.
    #[error(
        "the RTC {} does not tick: its second did not change in {:.1} s (stopped, without power, or broken)",
        .path.display(), .waited.as_secs_f64()
    )]
    NoTick {
        /// The file.
        path: PathBuf,
        /// For so long.
        waited: Duration,
    },
    /// What was read back is not what was written.
    #[error("the RTC {} was set to {written} but reads {read} at the next tick", .path.display())]
    NotKept {
        /// The file.
        path: PathBuf,
        /// What was to be there at that tick.
        written: RtcTime,
        /// What is there.
        read: RtcTime,
    },
    /// EINVAL or ENOTTY for a request that not every driver knows.
    #[error("the RTC {} has no {what}: {source}", .path.display())]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// What was asked for.
        what: String,
        /// In the kernel's words.
        source: io::Error,
    },
    /// Anything else, in the kernel's words.
    #[error("cannot {action} the RTC {}: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// `open`, `read`, `set` …
        action: &'static str,
        /// In the kernel's words.
        source: io::Error,
    },
}

impl RtcError {
    /// Is the reason that there is no chip at all? What `--rtc-optional` forgives.
    pub fn is_absence(&self) -> bool {
        matches!(self, RtcError::None { .. } | RtcError::Missing { .. })
    }

    /// Did a read fail that may succeed when it is tried again?
    pub(crate) fn is_failed_read(&self) -> bool {
        matches!(self, RtcError::NeverSet { .. } | RtcError::Io { action: "read", .. })
    }

    /// Whether a write failed that may succeed when it is tried again: not where the driver or the kernel refuses it.
    pub(crate) fn is_failed_write(&self) -> bool {
        matches!(self, RtcError::Io { action: "set", .. })
    }

    /// The same of a chip that was read before: it holds a valid time, and fails all the same.
    pub(crate) fn of_later_read(self) -> RtcError {
        match self {
            RtcError::NeverSet { path } => {
                RtcError::Io { path, action: "read", source: io::Error::from_raw_os_error(libc::EINVAL) }
            }
            other => other,
        }
    }

    /// From what an ioctl says about setting the chip to `time`.
    pub(crate) fn from_setting(path: &Path, time: RtcTime, source: io::Error) -> RtcError {
        match source.raw_os_error() {
            Some(libc::ERANGE) => RtcError::OutOfRange { path: path.to_owned(), time },
            Some(libc::EINVAL) => RtcError::Refused { path: path.to_owned(), time, source },
            _ => RtcError::from_ioctl(path, "set", source),
        }
    }

    /// From what an ioctl says.
    pub(crate) fn from_ioctl(path: &Path, action: &'static str, source: io::Error) -> RtcError {
        let path = path.to_owned();
        match source.raw_os_error() {
            Some(libc::ENOTTY) => RtcError::NotAnRtc { path },
            Some(libc::ENODEV | libc::ENXIO) => RtcError::Gone { path },
            Some(libc::EINVAL) if action == "read" => RtcError::NeverSet { path },
            Some(libc::EACCES | libc::EPERM) if action == "set" => RtcError::SetNotPermitted { path, source },
            _ => RtcError::Io { path, action, source },
        }
    }
}

fn list(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}

fn holder_list(holders: &[Holder]) -> String {
    if holders.is_empty() {
        return "another process".to_owned();
    }
    holders.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_errno(action: &'static str, errno: i32) -> String {
        RtcError::from_ioctl(Path::new("/dev/rtc0"), action, io::Error::from_raw_os_error(errno)).to_string()
    }

    #[test]
    fn each_cause_has_its_own_words() {
        assert!(from_errno("read", libc::EINVAL).contains("was never set"));
        assert!(from_errno("set", libc::EACCES).contains("CAP_SYS_TIME"));
        assert!(from_errno("read", libc::ENOTTY).starts_with("/dev/rtc0 is no RTC"));
        assert!(from_errno("read", libc::ENODEV).contains("has gone"));
        assert_eq!(from_errno("read", libc::EIO), "cannot read the RTC /dev/rtc0: Input/output error (os error 5)");
    }

    #[test]
    fn what_a_chip_does_not_take_has_two_causes_and_what_is_out_of_range_one() {
        let text = |errno| {
            let time = RtcTime::from_unix(5_000_000_000).unwrap();
            RtcError::from_setting(Path::new("/dev/rtc0"), time, io::Error::from_raw_os_error(errno)).to_string()
        };
        assert_eq!(
            text(libc::EINVAL),
            "the RTC /dev/rtc0 does not take 2128/06/11 08:53:20 (Invalid argument (os error 22): its driver cannot set the \
             chip, or the chip's range ends before, or begins after)"
        );
        assert!(
            text(libc::ERANGE).ends_with("cannot hold 2128/06/11 08:53:20 (its range ends before, or begins after)")
        );
        assert!(text(libc::EACCES).contains("CAP_SYS_TIME"));
    }

    #[test]
    fn who_holds_the_device_is_named() {
        let busy = |holders| RtcError::Busy { path: "/dev/rtc0".into(), holders }.to_string();
        assert!(busy(vec![]).contains("in use by another process"));
        let holder = Holder { pid: 77, command: "chronyd".into() };
        assert!(busy(vec![holder]).contains("in use by chronyd (process 77)"));
    }
}
