//! The kernel's clock chips: /dev/rtcN.

mod notes;
pub mod tick;

use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::os::fd::{AsFd, AsRawFd as _};
use std::os::linux::fs::MetadataExt as _;
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::ffi;
use super::files::look::look_at;
use super::sandbox::invoker::for_invoker;
use crate::machine::Clock;
use crate::machine::rtc::{Param, Rtc, Tick, default_paths};
use crate::machine::rtc_error::Holder;
use crate::machine::rtc_error::RtcError;
use crate::rtc::rtc_time::{Fields, RtcTime};
use crate::rtc::write_effect::WriteEffect;

use notes::TickNotes;

/// How long to wait for a chip that another process has open, where no deadline is nearer: a read to the next tick takes a
/// second, hwclock's write two.
pub const HELD: Duration = Duration::from_secs(5);

/// Major and minor number of a PC's chip before there was a class of them (Documentation/admin-guide/devices.txt).
const OLD_INTERFACE: (u32, u32) = (10, 135);

/// Between two tries to open it.
const RETRY: Duration = Duration::from_millis(50);

/// An open clock chip. The kernel lets one process open it at a time.
#[derive(Debug)]
pub struct RtcDevice {
    path: PathBuf,
    file: File,
    /// The device's number, and its name: the driver, and behind a space where it is.
    name: Option<(String, String)>,
    notes: Option<TickNotes>,
}

impl RtcDevice {
    /// Opens the chip at `path`, or else the first that there is at the usual places.
    pub fn open(path: Option<&Path>) -> Result<RtcDevice, RtcError> {
        match path {
            Some(path) => Self::open_at(path),
            None => Self::search(),
        }
    }

    /// As `open`; a chip that another process has open is tried again until `limit` is over. A dry run through sudo looks for the
    /// device that it is told with its user's rights.
    pub fn open_for(is_dry: bool, path: Option<&Path>, limit: Duration) -> Result<RtcDevice, RtcError> {
        let begun = Instant::now();
        loop {
            let opened = match path {
                Some(path) => for_invoker(is_dry, || look_at(path))
                    .and_then(|found| found)
                    .map_err(|error| open_error(path, error))
                    .and_then(|found| Self::open_found(path, &found)),
                None => Self::search(),
            };
            match opened {
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
        Self::open_found(path, &look_at(path).map_err(|error| open_error(path, error))?)
    }

    /// Opens what was found at `path`, if it is a clock: to open another device may have an effect, as with a watchdog's.
    fn open_found(path: &Path, found: &File) -> Result<RtcDevice, RtcError> {
        if !may_be_chip(&found.metadata().map_err(|error| open_error(path, error))?) {
            return Err(RtcError::NotAnRtc { path: path.to_owned() });
        }
        // Reading is enough even to set it. Not blocking, because a named pipe in its place would block for ever.
        let open = |path: &Path| {
            OpenOptions::new().read(true).custom_flags(libc::O_CLOEXEC | libc::O_NONBLOCK | libc::O_NOCTTY).open(path)
        };
        let same = PathBuf::from(format!("/proc/self/fd/{}", found.as_raw_fd()));
        // Whatever has that name by now, unless there is no /proc.
        let file = if same.exists() { open(&same) } else { open(path) };
        let file = file.map_err(|error| open_error(path, error))?;
        let name = device_name(&file);
        Ok(RtcDevice { path: path.to_owned(), file, name, notes: None })
    }

    /// With what earlier runs have found out about the chip, in this directory, where this one leaves its own. A chip that the kernel
    /// has no name for cannot be told from others.
    #[must_use]
    pub fn with_notes(mut self, folder: &Path) -> RtcDevice {
        let identity = self.name.as_ref().map(|(number, name)| format!("{number} {name}"));
        self.notes = identity.map(|identity| TickNotes::read(folder.to_owned(), identity));
        self
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
        self.name.as_ref().and_then(|(_, name)| name.split_whitespace().next())
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
        match tick::by_interrupt(self, file.as_fd(), clock)? {
            Some(tick) => Ok(tick),
            None => tick::by_polling(self, clock),
        }
    }

    fn watch_tick(&mut self, clock: &dyn Clock) -> Result<Tick, RtcError> {
        tick::by_polling(self, clock)
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

    fn write_effect(&self) -> Option<WriteEffect> {
        self.notes.as_ref()?.effect
    }

    fn remember(&mut self, effect: Option<WriteEffect>) {
        if let Some(notes) = &mut self.notes {
            notes.write(effect);
        }
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

/// Whether a file may stand for a clock chip. Other devices are not even opened: that alone starts a watchdog, or rewinds a tape,
/// and whoever may run a program through sudo is to have no such way to them. A device that sysfs does not know (a file without a
/// driver, a system without sysfs) is left to the kernel's answer.
fn may_be_chip(found: &Metadata) -> bool {
    let (major, minor) = (libc::major(found.st_rdev()), libc::minor(found.st_rdev()));
    let class = fs::read_link(format!("/sys/dev/char/{major}:{minor}/subsystem")).ok();
    let is_chip = |class: &Path| class.file_name().is_some_and(|name| name == "rtc");
    let is_old_interface = (major, minor) == OLD_INTERFACE;
    found.file_type().is_char_device() && (is_old_interface || class.as_deref().is_none_or(is_chip))
}

/// The device's number (`rtc0`) and name (`rtc_cmos 00:04`): its own, whatever its file is called.
fn device_name(file: &File) -> Option<(String, String)> {
    let number = file.metadata().ok()?.st_rdev();
    let device = format!("/sys/dev/char/{}:{}", libc::major(number), libc::minor(number));
    let name = fs::read_to_string(format!("{device}/name")).ok()?;
    let is_named = name.split_whitespace().next().is_some();
    let number = fs::read_link(device).ok()?.file_name()?.to_string_lossy().into_owned();
    is_named.then(|| (number, name.trim().to_owned()))
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

/// Finds the processes that have the device open, as far as /proc lets us see: all processes for root, our own otherwise.
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
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("file"), "").unwrap();
        nix::unistd::mkfifo(&path("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        std::os::unix::fs::symlink("/dev/zero", path("link")).unwrap();
        for path in [path("file"), path("pipe"), path("link"), folder.path().to_owned(), "/dev/null".into()] {
            let opened = RtcDevice::open(Some(&path));
            assert!(matches!(opened, Err(RtcError::NotAnRtc { .. })), "{}: {opened:?}", path.display());
        }
    }

    /// Whoever waits at a pipe's other end sees that it is opened.
    #[test]
    fn what_is_no_chip_is_not_even_opened() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let end = pipe.clone();
        let writer = std::thread::spawn(move || OpenOptions::new().write(true).open(end));
        std::thread::sleep(Duration::from_millis(50));
        assert!(RtcDevice::open(Some(&pipe)).is_err());
        std::thread::sleep(Duration::from_millis(20));
        assert!(!writer.is_finished());
        let _reader = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(&pipe).unwrap();
        writer.join().unwrap().unwrap();
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
