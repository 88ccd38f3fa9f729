//! The kernel's PTP hardware clocks: /dev/ptpN (Documentation/driver-api/ptp.rst).

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::{AsFd as _, AsRawFd as _};
use std::os::linux::fs::MetadataExt as _;
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::clock::SystemClock;
use super::ffi::{self, RawPhcTime};
use super::files::look::look_at;
use super::sandbox::invoker::for_invoker;
use crate::machine::Clock as _;
use crate::machine::phc::{OpenPhc, PhcReading, ReadPhc};
use crate::net::ResolveError;
use crate::net::phc::word::{Device, Wanted, WantedScale};
use crate::net::phc::{Method, Phc, Scale, TAI_SINCE_2017};
use crate::time::{Interval, Time};

/// Where the kernel lists them.
const CLASS: &str = "/sys/class/ptp";

/// Between two readings that have to differ.
const MOMENT: Duration = Duration::from_millis(2);

/// A clock that counts on does so within a tenth of the true rate.
const RATE: u32 = 10;

/// The names of clocks that keep UTC: those of virtual machines' hosts and of Amazon's network cards.
const UTC_NAMES: [&str; 5] = ["kvm", "hyperv", "vmclock", "vmw", "ena"];

/// Between two looks for a clock that is not there yet.
const LOOK: Duration = Duration::from_millis(100);

/// Why a clock cannot be used.
#[derive(Debug, PartialEq, Eq)]
struct Closed {
    why: String,
    /// A driver that is not loaded yet, or whoever sets the clock, may mend it.
    may_pass: bool,
}

impl Closed {
    fn for_good(why: String) -> Closed {
        Closed { why, may_pass: false }
    }

    fn for_now(why: String) -> Closed {
        Closed { why, may_pass: true }
    }
}

/// An open hardware clock.
#[derive(Debug)]
struct OpenFile {
    file: File,
    info: Phc,
}

/// Opens clocks. A clock is not what it is wanted for where it stands still, or shows a time before `floor`; without
/// one, before 1971. A dry run through sudo looks for a device with its user's rights.
pub fn open_all(clocks: &[Wanted], is_dry: bool, floor: Option<Time>) -> Vec<OpenPhc> {
    open_one_within(clocks, is_dry, floor, Duration::ZERO, &mut || {})
}

/// The same, tried again for so long until one of the clocks at least is open, as long as one may still come. `waits` is called once,
/// before the first pause.
pub fn open_one_within(
    clocks: &[Wanted],
    is_dry: bool,
    floor: Option<Time>,
    wait: Duration,
    waits: &mut dyn FnMut(),
) -> Vec<OpenPhc> {
    let floor = floor.unwrap_or(Time::from_unix(365 * 86_400, 0));
    let (began, mut said) = (Instant::now(), false);
    loop {
        let opened: Vec<_> = clocks.iter().map(|wanted| open(wanted, is_dry, floor)).collect();
        let may_come = opened.iter().any(|clock| clock.as_ref().is_err_and(|closed| closed.may_pass));
        let left = wait.saturating_sub(began.elapsed());
        if !may_come || left.is_zero() || opened.iter().any(Result::is_ok) {
            return clocks.iter().zip(opened).map(|(wanted, clock)| named(wanted, clock)).collect();
        }
        if !said {
            said = true;
            waits();
        }
        SystemClock.sleep(LOOK.min(left));
    }
}

fn named(wanted: &Wanted, opened: Result<OpenFile, Closed>) -> OpenPhc {
    let opened = opened.map(|clock| Box::new(clock) as Box<dyn ReadPhc>);
    (wanted.word.clone(), opened.map_err(|closed| ResolveError::NoClock(closed.why)))
}

fn open(wanted: &Wanted, is_dry: bool, floor: Time) -> Result<OpenFile, Closed> {
    let path = match &wanted.device {
        Device::Path(path) => path.clone(),
        Device::Name(name) => by_name(name, &listed(Path::new(CLASS)))?,
    };
    let cannot = |error: io::Error| Closed {
        may_pass: is_missing(&error),
        why: format!("cannot open {}: {}", path.display(), reason(&error)),
    };
    let found = for_invoker(is_dry, || look_at(&path));
    let found = found.and_then(|found| found).map_err(cannot)?;
    let is_none = || Closed::for_good(format!("{} is no PTP hardware clock", path.display()));
    let number = number_of(&found).ok_or_else(is_none)?;
    // What was found, whatever has its name by now, unless there is no /proc: to open another device may have an effect.
    let same = PathBuf::from(format!("/proc/self/fd/{}", found.as_raw_fd()));
    let again = if same.exists() { &same } else { &path };
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(again);
    let file = file.map_err(cannot)?;
    let name = fs::read_to_string(format!("{CLASS}/ptp{number}/clock_name")).unwrap_or_default().trim().to_owned();
    let (scale, ahead) = scale_of(wanted, number, &name).map_err(Closed::for_good)?;
    let cannot = |error: io::Error| Closed::for_now(format!("cannot read {}: {error}", path.display()));
    let method = method_of(&file).map_err(cannot)?;
    let mut device = OpenFile { file, info: Phc { number, name, method, scale, ahead } };
    device.check(floor).map_err(Closed::for_now)?;
    Ok(device)
}

/// Whether no such device is there.
fn is_missing(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ENOENT | libc::ENODEV | libc::ENXIO))
}

fn reason(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(libc::EACCES | libc::EPERM) => format!("{error} (run as root, or let a group read it)"),
        _ if is_missing(error) => {
            let names = listed(Path::new(CLASS));
            format!("{error} (this machine has {})", names_of(&names))
        }
        _ => error.to_string(),
    }
}

/// The number of the clock behind a file, if it is one: no other device is opened, for that alone may have an effect.
fn number_of(file: &File) -> Option<u32> {
    let found = file.metadata().ok()?;
    let device = format!("/sys/dev/char/{}:{}", libc::major(found.st_rdev()), libc::minor(found.st_rdev()));
    let class = fs::read_link(format!("{device}/subsystem")).ok()?;
    let is_clock = found.file_type().is_char_device() && class.file_name()? == "ptp";
    let name = fs::read_link(device).ok()?;
    is_clock.then(|| name.file_name()?.to_str()?.strip_prefix("ptp")?.parse().ok()).flatten()
}

/// The clocks that the kernel lists in this folder: number and name.
fn listed(class: &Path) -> Vec<(u32, String)> {
    let entries = fs::read_dir(class).into_iter().flatten().flatten();
    let clock = |entry: fs::DirEntry| {
        let number = entry.file_name().to_str()?.strip_prefix("ptp")?.parse().ok()?;
        let name = fs::read_to_string(entry.path().join("clock_name")).ok()?;
        Some((number, name.trim().to_owned()))
    };
    let mut found: Vec<_> = entries.filter_map(clock).collect();
    found.sort();
    found
}

fn names_of(clocks: &[(u32, String)]) -> String {
    let names: Vec<String> = clocks.iter().map(|(number, name)| format!("/dev/ptp{number} \"{name}\"")).collect();
    if names.is_empty() { "no PTP hardware clock".to_owned() } else { names.join(", ") }
}

/// The device file of the one clock whose name is this, or else has it in it; large letters are as good as small ones.
fn by_name(called: &str, clocks: &[(u32, String)]) -> Result<PathBuf, Closed> {
    let small = called.to_lowercase();
    let same = |is_it: &dyn Fn(&str) -> bool| -> Vec<(u32, String)> {
        clocks.iter().filter(|(_, name)| is_it(&name.to_lowercase())).cloned().collect()
    };
    let exact = same(&|name| name == small);
    let found = if exact.is_empty() { same(&|name| name.contains(&small)) } else { exact };
    match found.as_slice() {
        [(number, _)] => Ok(PathBuf::from(format!("/dev/ptp{number}"))),
        [] => Err(Closed::for_now(format!("no clock is called so (this machine has {})", names_of(clocks)))),
        several => Err(Closed::for_good(format!("several clocks are called so: {}", names_of(several)))),
    }
}

/// What the clock keeps, and by how much it is ahead of UTC.
fn scale_of(wanted: &Wanted, number: u32, name: &str) -> Result<(Scale, Interval), String> {
    let kernels = SystemClock::tai_offset().filter(|offset| *offset > 0);
    let tai = i64::from(kernels.unwrap_or(TAI_SINCE_2017));
    match wanted.scale {
        Some(WantedScale::Utc) => Ok((Scale::Utc, Interval::ZERO)),
        Some(WantedScale::Tai) => Ok((Scale::Tai, Interval::from_secs(tai))),
        Some(WantedScale::Ahead(ahead)) => Ok((Scale::Given, ahead)),
        None if keeps_utc(name) => Ok((Scale::Utc, Interval::ZERO)),
        None => Err(format!(
            "/dev/ptp{number} \"{name}\" may keep UTC or TAI, {tai} s apart: say which, by {0}@utc or {0}@tai, or --phc-offset 0 or {tai}",
            wanted.word
        )),
    }
}

/// Whether a clock of this name is known to keep UTC.
fn keeps_utc(name: &str) -> bool {
    let name = name.to_lowercase();
    let mut words = name.split(|c: char| !c.is_ascii_alphanumeric());
    words.any(|word| UTC_NAMES.contains(&word))
}

/// The best way to read a clock that it has.
fn method_of(file: &File) -> io::Result<Method> {
    let ways = [Method::Precise, Method::Extended];
    Ok(ways.into_iter().find(|method| read(file, *method).is_ok()).unwrap_or(Method::Basic))
        .and_then(|method| read(file, method).map(|_| method))
}

fn read(file: &File, method: Method) -> io::Result<PhcReading> {
    let time = |raw: RawPhcTime| Time::from_unix(raw.seconds, raw.nanos.into());
    let fd = file.as_fd();
    let readings: Vec<[RawPhcTime; 3]> = match method {
        Method::Precise => ffi::phc_precise(fd).map(|[clock, system]| vec![[system, clock, system]])?,
        Method::Extended => ffi::phc_extended(fd)?,
        Method::Basic => ffi::phc_basic(fd)?,
    };
    let readings = readings.into_iter().map(|[before, clock, after]| PhcReading {
        before: time(before),
        clock: time(clock),
        after: time(after),
    });
    // Where the system clock was set back in between the narrowest is none.
    let whole = readings.filter(|reading| reading.after >= reading.before);
    whole.min_by_key(|reading| reading.after - reading.before).ok_or_else(|| io::Error::other("no reading is whole"))
}

impl OpenFile {
    /// Fails where the clock stands still, or was never set.
    fn check(&mut self, floor: Time) -> Result<(), String> {
        let read = |error: io::Error| format!("it cannot be read: {error}");
        let first = self.read().map_err(read)?;
        SystemClock.sleep(MOMENT);
        let second = self.read().map_err(read)?;
        let (passed, counted) = (second.before - first.before, second.clock - first.clock);
        if counted == Interval::ZERO {
            return Err(format!("the clock stands still, at {}", first.clock.utc()));
        }
        // Of each reading not more is known than that it lies between the two of the system clock.
        let vague = (first.after - first.before) + (second.after - second.before) + Interval::from(MOMENT);
        if (counted - passed).abs() > passed.abs() / RATE + vague {
            return Err(format!("the clock counts {counted:.6} s in {passed:.6} s"));
        }
        let utc = second.clock - self.info.ahead;
        if utc < floor {
            return Err(format!("the clock was never set: it shows {}", utc.utc()));
        }
        Ok(())
    }
}

impl ReadPhc for OpenFile {
    fn info(&self) -> &Phc {
        &self.info
    }

    fn read(&mut self) -> io::Result<PhcReading> {
        read(&self.file, self.info.method)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clocks() -> Vec<(u32, String)> {
        [(0, "KVM virtual PTP"), (1, "igb-00:11"), (2, "igb-00:12"), (3, "hyperv"), (4, "hyperv2")]
            .map(|(number, name)| (number, name.to_owned()))
            .into()
    }

    #[test]
    fn a_name_means_the_one_clock_that_has_it() {
        let found =
            |name: &str| by_name(name, &clocks()).map(|path| path.display().to_string()).map_err(|closed| closed.why);
        assert_eq!(found("kvm").unwrap(), "/dev/ptp0");
        assert_eq!(found("hyperv").unwrap(), "/dev/ptp3", "the whole name comes first");
        assert!(
            found("igb").unwrap_err().starts_with("several clocks are called so: /dev/ptp1 \"igb-00:11\", /dev/ptp2")
        );
        assert!(found("ena").unwrap_err().contains("this machine has /dev/ptp0 \"KVM virtual PTP\", "));
        let none = by_name("kvm", &[]).unwrap_err();
        assert!(none.why.contains("this machine has no PTP hardware clock") && none.may_pass, "{none:?}");
        assert!(!by_name("igb", &clocks()).unwrap_err().may_pass, "which of them does not show by waiting");
    }

    #[test]
    fn clocks_of_hosts_keep_utc_and_of_others_nobody_knows() {
        for name in ["KVM virtual PTP", "hyperv", "ena-ptp-05", "ptp_vmw", "vmclock"] {
            assert!(keeps_utc(name), "{name}");
        }
        for name in ["igb-00:11", "", "venal", "mlx5_ptp", "kvmx"] {
            assert!(!keeps_utc(name), "{name}");
        }
        let plan = |scale| Wanted { word: "phc:x".to_owned(), device: Device::Name("x".to_owned()), scale };
        let error = scale_of(&plan(None), 5, "igb").unwrap_err();
        assert!(error.contains("phc:x@utc or phc:x@tai, or --phc-offset 0 or 37"), "{error}");
        assert_eq!(scale_of(&plan(Some(WantedScale::Utc)), 5, "igb"), Ok((Scale::Utc, Interval::ZERO)));
    }

    #[test]
    fn another_device_is_no_clock_and_is_not_opened() {
        let plan = |path: &str| Wanted {
            word: format!("phc:{path}"),
            device: Device::Path(path.into()),
            scale: Some(WantedScale::Utc),
        };
        let error = |path: &str| open(&plan(path), false, Time::UNIX_EPOCH).unwrap_err().why;
        assert_eq!(error("/dev/null"), "/dev/null is no PTP hardware clock");
        assert!(error("/etc/passwd").ends_with("is no PTP hardware clock"));
        assert!(error("/dev/ptp/there/is/none").starts_with("cannot open /dev/ptp/there/is/none: No such file"));
    }

    #[test]
    fn only_what_may_come_is_waited_for() {
        let wanted = |word: &str| Wanted {
            word: word.to_owned(),
            device: Device::Path(word.trim_start_matches("phc:").into()),
            scale: Some(WantedScale::Utc),
        };
        let looked = |words: &[&str]| {
            let clocks: Vec<Wanted> = words.iter().map(|word| wanted(word)).collect();
            let (began, mut waits) = (Instant::now(), 0);
            let opened = open_one_within(&clocks, false, None, Duration::from_millis(250), &mut || waits += 1);
            assert!(opened.iter().all(|(_, clock)| clock.is_err()), "{words:?}");
            (waits, began.elapsed() >= Duration::from_millis(250))
        };
        assert_eq!(looked(&["phc:/dev/null"]), (0, false), "another device stays one");
        assert_eq!(looked(&["phc:/dev/null", "phc:/dev/ptp/there/is/none"]), (1, true));
    }
}
