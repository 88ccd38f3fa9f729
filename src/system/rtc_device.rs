//! The kernel's clock chips: /dev/rtcN.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::AsFd;
use std::os::linux::fs::MetadataExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::rtc::{Holder, Param, Rtc, Tick, default_paths};
use super::rtc_error::RtcError;
use super::{Clock, ffi, rtc_tick};
use crate::hwclock::rtc_time::{Fields, RtcTime};

/// How long to wait for a chip that another process has open, where no deadline is nearer: a read to the next tick takes a
/// second, hwclock's write two.
pub const HELD: Duration = Duration::from_secs(5);

/// Between two tries to open it.
const RETRY: Duration = Duration::from_millis(50);

/// An open clock chip. The kernel lets one process open it at a time.
#[derive(Debug)]
pub struct RtcDevice {
    path: PathBuf,
    file: File,
    driver: Option<String>,
}

impl RtcDevice {
    /// Opens the chip at `path`, or else the first that there is at the usual places.
    pub fn open(path: Option<&Path>) -> Result<RtcDevice, RtcError> {
        match path {
            Some(path) => Self::open_at(path),
            None => Self::search(),
        }
    }

    /// As `open`; a chip that another process has open is tried again until `limit` is over.
    pub fn open_within(path: Option<&Path>, limit: Duration) -> Result<RtcDevice, RtcError> {
        let begun = Instant::now();
        loop {
            match Self::open(path) {
                Err(RtcError::Busy { .. }) if begun.elapsed() < limit => std::thread::sleep(RETRY.min(limit)),
                opened => return opened,
            }
        }
    }

    fn search() -> Result<RtcDevice, RtcError> {
        let mut tried = Vec::new();
        for path in default_paths().into_iter().chain(other_paths()) {
            match Self::open_at(&path) {
                Err(RtcError::Missing { .. }) => tried.push(path),
                found => return found,
            }
        }
        Err(RtcError::None { tried })
    }

    fn open_at(path: &Path) -> Result<RtcDevice, RtcError> {
        // Reading is enough even to set it. Not blocking, because a named pipe in its place would block for ever.
        let flags = libc::O_CLOEXEC | libc::O_NONBLOCK;
        let file = OpenOptions::new().read(true).custom_flags(flags).open(path);
        let file = file.map_err(|error| open_error(path, error))?;
        let driver = driver_name(&file);
        Ok(RtcDevice { path: path.to_owned(), file, driver })
    }

    fn error(&self, action: &'static str) -> impl Fn(io::Error) -> RtcError {
        let path = self.path.clone();
        move |source| RtcError::from_ioctl(&path, action, source)
    }

    fn unsupported(&self, what: String) -> impl FnOnce(io::Error) -> RtcError {
        let path = self.path.clone();
        move |source| match source.raw_os_error() {
            Some(libc::EINVAL | libc::ENOTTY | libc::EOPNOTSUPP) => RtcError::Unsupported { path, what, source },
            _ => RtcError::from_ioctl(&path, "set", source),
        }
    }
}

impl Rtc for RtcDevice {
    fn path(&self) -> &Path {
        &self.path
    }

    fn driver(&self) -> Option<&str> {
        self.driver.as_deref()
    }

    fn read(&mut self) -> Result<RtcTime, RtcError> {
        let raw = ffi::rtc_read_time(self.file.as_fd()).map_err(self.error("read"))?;
        RtcTime::from_fields(&from_raw(&raw)).ok_or_else(|| RtcError::NeverSet { path: self.path.clone() })
    }

    fn set(&mut self, time: RtcTime) -> Result<(), RtcError> {
        let raw = to_raw(&time.fields());
        ffi::rtc_set_time(self.file.as_fd(), &raw).map_err(|source| RtcError::from_setting(&self.path, time, source))
    }

    fn wait_tick(&mut self, clock: &dyn Clock) -> Result<Tick, RtcError> {
        let file = self.file.try_clone().map_err(self.error("watch"))?;
        match rtc_tick::by_interrupt(self, file.as_fd(), clock)? {
            Some(tick) => Ok(tick),
            None => rtc_tick::by_polling(self, clock),
        }
    }

    fn watch_tick(&mut self, clock: &dyn Clock) -> Result<Tick, RtcError> {
        rtc_tick::by_polling(self, clock)
    }

    fn param(&mut self, param: Param) -> Result<u64, RtcError> {
        let value = ffi::rtc_param_get(self.file.as_fd(), param.number, param.index);
        value.map_err(self.unsupported(format!("parameter {:#x}", param.number)))
    }

    fn set_param(&mut self, param: Param, value: u64) -> Result<(), RtcError> {
        let done = ffi::rtc_param_set(self.file.as_fd(), param.number, param.index, value);
        done.map_err(self.unsupported(format!("parameter {:#x} that takes {value:#x}", param.number)))
    }

    fn voltage(&mut self) -> Result<u32, RtcError> {
        ffi::rtc_voltage_read(self.file.as_fd()).map_err(self.unsupported("report on its supply voltage".into()))
    }

    fn clear_voltage(&mut self) -> Result<(), RtcError> {
        ffi::rtc_voltage_clear(self.file.as_fd()).map_err(self.unsupported("report on its supply voltage".into()))
    }
}

fn from_raw(raw: &ffi::RawRtcTime) -> Fields {
    Fields {
        second: raw.sec,
        minute: raw.min,
        hour: raw.hour,
        day: raw.mday,
        month: raw.mon,
        year: raw.year,
        weekday: raw.wday,
        yearday: raw.yday,
    }
}

fn to_raw(fields: &Fields) -> ffi::RawRtcTime {
    ffi::RawRtcTime {
        sec: fields.second,
        min: fields.minute,
        hour: fields.hour,
        mday: fields.day,
        mon: fields.month,
        year: fields.year,
        wday: fields.weekday,
        yday: fields.yearday,
        isdst: 0,
    }
}

/// Clock chips whose number is not the usual one: after an unbind and a bind of its driver a PC's is rtc1.
fn other_paths() -> Vec<PathBuf> {
    let entries = fs::read_dir("/sys/class/rtc").into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| Path::new("/dev").join(entry.file_name())).collect();
    paths.sort();
    paths.retain(|path| !default_paths().contains(path));
    paths
}

/// The driver's name: the device's own, whatever its file is called. `rtc_cmos 00:04` is `rtc_cmos`.
fn driver_name(file: &File) -> Option<String> {
    let number = file.metadata().ok()?.st_rdev();
    let (major, minor) = (libc::major(number), libc::minor(number));
    let name = fs::read_to_string(format!("/sys/dev/char/{major}:{minor}/name")).ok()?;
    name.split_whitespace().next().map(str::to_owned)
}

fn open_error(path: &Path, source: io::Error) -> RtcError {
    let path = path.to_owned();
    match source.raw_os_error() {
        Some(libc::ENOENT | libc::ENODEV | libc::ENXIO | libc::ENOTDIR) => RtcError::Missing { path, source },
        Some(libc::EACCES | libc::EPERM) => RtcError::OpenNotPermitted { path, source },
        Some(libc::EBUSY) => RtcError::Busy { holders: holders(&path), path },
        _ => RtcError::Io { path, action: "open", source },
    }
}

/// Who has the device open, as far as /proc lets us see: all processes for root, our own otherwise.
fn holders(path: &Path) -> Vec<Holder> {
    let Ok(device) = fs::metadata(path).map(|meta| meta.st_rdev()) else { return Vec::new() };
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let mut found: Vec<Holder> = processes
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|&pid| has_open(pid, device))
        .map(|pid| Holder { pid, command: command(pid) })
        .collect();
    found.sort_by_key(|holder| holder.pid);
    found
}

fn has_open(pid: u32, device: u64) -> bool {
    let files = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    files.filter_map(|file| fs::metadata(file.path()).ok()).any(|meta| meta.st_rdev() == device)
}

fn command(pid: u32) -> String {
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    name.trim_end().chars().filter(|c| !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_not_there_is_missing() {
        let error = RtcDevice::open(Some(Path::new("/dev/there/is/no/rtc"))).unwrap_err();
        assert!(error.is_absence(), "{error}");
    }

    #[test]
    fn another_device_is_no_rtc() {
        let mut device = RtcDevice::open(Some(Path::new("/dev/null"))).unwrap();
        assert_eq!(device.driver(), None);
        assert!(matches!(device.read(), Err(RtcError::NotAnRtc { .. })));
        assert!(matches!(device.set(RtcTime::from_unix(0).unwrap()), Err(RtcError::NotAnRtc { .. })));
    }

    #[test]
    fn a_process_with_the_device_open_is_found() {
        let path = Path::new("/dev/full");
        let _open = File::open(path).unwrap();
        let own = std::process::id();
        let found = holders(path);
        assert!(found.iter().any(|holder| holder.pid == own && !holder.command.is_empty()), "{found:?}");
    }
}
