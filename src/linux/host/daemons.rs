//! Which time daemons run, by what /proc shows: no service manager is asked, so that it works in a container too.
//!
//! A run that sets the clock once and ends (`chronyd -q`, `chronyd -Q`, `ntpd -q`) is no daemon: it does what this program
//! does and goes away. Nor are zombies, kernel threads and this process. Two things show that a daemon leaves the clock alone:
//! `chronyd -x`, and a process without CAP_SYS_TIME here, as in a container of its own.

use std::borrow::Cow;
use std::ffi::CStr;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::os::unix::ffi::OsStringExt;
use std::path::Path;

use nix::dir::Dir;

use crate::linux::ffi::read_link_at;

/// CAP_SYS_TIME's bit in `CapEff` (linux/capability.h).
const SYS_TIME: u64 = 1 << 25;
/// What is read of a command line.
const MAX_CMDLINE: u64 = 64 * 1024;
/// The process whose children are the kernel's own threads, in the first process namespace.
const KTHREADD: u32 = 2;
/// PF_KTHREAD among a process's flags (linux/sched.h): a thread of the kernel's.
const KERNEL_THREAD: u64 = 0x0020_0000;
/// More bytes than stat and status have as a rule.
const USUAL_SIZE: usize = 2048;
/// What is read of each of them: status has all groups of a process, up to 65,536.
const MAX_TEXT: u64 = 1 << 20;
/// What is read of the kernel's threads, in bytes: more than a hundred thousand of them.
const MAX_CHILDREN: u64 = 1 << 20;

/// A time daemon that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Daemon {
    /// The usual name: `chronyd`, `ntpd`, `ntpd-rs`, `openntpd`, `systemd-timesyncd`, `ptp4l`, `phc2sys` or `timemaster`.
    pub name: &'static str,
    /// The daemon's process, the first of its processes where it has several.
    pub pid: u32,
    /// Whether it may and does set the system clock.
    pub sets_clock: bool,
}

/// How much is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Search {
    /// All processes: before the clock is set.
    Whole,
    /// All processes but the children of the kernel's own thread `kthreadd`, which saves most of the time. A program that the kernel
    /// itself started, and that runs on as a daemon without a fork, is missed; nobody is known to start one so.
    Quick,
}

/// The daemons that run, by their processes' numbers.
pub fn running(search: Search) -> Vec<Daemon> {
    running_in(Path::new("/proc"), std::process::id(), search)
}

/// The same from a /proc of another place, without the process `own`.
fn running_in(proc: &Path, own: u32, search: Search) -> Vec<Daemon> {
    let kernel = if search == Search::Quick { kernel_threads(proc) } else { Vec::new() };
    let mut processes: Vec<Process> = candidates(proc, own, &kernel)
        .unwrap_or_default()
        .into_iter()
        .filter_map(|(pid, exe)| Process::read(proc, pid, exe.as_deref()))
        .collect();
    processes.sort_unstable_by_key(|process| process.pid);
    let main =
        |process: &&Process| !processes.iter().any(|other| other.pid == process.parent && other.name == process.name);
    processes
        .iter()
        .filter(main)
        .filter(|process| !process.is_one_shot())
        .map(|process| Daemon {
            name: if processes.iter().any(|part| part.is_openntpd_part_of(process)) {
                "openntpd"
            } else {
                process.name
            },
            pid: process.pid,
            sets_clock: process.may_set_clock && !(process.name == "chronyd" && process.has_flag('x', CHRONYD_VALUES)),
        })
        .collect()
}

/// The processes that may be daemons, without `own` and those of `kernel` (in order), and each one's program where that can be read.
/// One question tells most processes apart. There may be thousands, so nothing is spent on each but that question.
fn candidates(proc: &Path, own: u32, kernel: &[u32]) -> io::Result<Vec<(u32, Option<String>)>> {
    let folder = File::open(proc)?;
    let mut room = [0; libc::PATH_MAX as usize];
    let mut found = Vec::new();
    for entry in Dir::from_fd(folder.try_clone()?.into())?.iter().flatten() {
        let Some(pid) = entry.file_name().to_str().ok().and_then(|name| name.parse().ok()) else { continue };
        if pid == own || kernel.binary_search(&pid).is_ok() {
            continue;
        }
        match program(folder.as_fd(), pid, &mut room) {
            Ok(exe) if !may_be_daemon(&exe) => {}
            Ok(exe) => found.push((pid, Some(exe.into_owned()))),
            // What runs no program is the kernel's own, or has ended. Another user's program cannot be read: that is another error.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(_) => found.push((pid, None)),
        }
    }
    Ok(found)
}

/// The name of the file that a process runs, by its folder in that of all processes.
fn program<'a>(proc: BorrowedFd<'_>, pid: u32, room: &'a mut [u8]) -> io::Result<Cow<'a, str>> {
    // A number of ten digits, "/exe" and the zero.
    let mut path = [0; 16];
    write!(&mut path[..15], "{pid}/exe")?;
    let path = CStr::from_bytes_until_nul(&path).map_err(io::Error::other)?;
    let file = read_link_at(proc, path, room)?;
    Ok(String::from_utf8_lossy(file.rsplit(|byte| *byte == b'/').next().unwrap_or_default()))
}

/// The kernel's own threads, in order, by one question; none where it has no answer (another process namespace, a kernel without
/// CONFIG_PROC_CHILDREN).
fn kernel_threads(proc: &Path) -> Vec<u32> {
    let folder = proc.join(KTHREADD.to_string());
    let stat = text_of(&folder.join("stat")).unwrap_or_default();
    // Behind the name: state, parent, group, session, terminal, the terminal's group, flags (proc(5)).
    let fields: Vec<&str> = stat.rsplit_once(") ").map_or_else(Vec::new, |(_, tail)| tail.split(' ').collect());
    let flags = fields.get(6).and_then(|flags| flags.parse::<u64>().ok()).unwrap_or(0);
    if flags & KERNEL_THREAD == 0 || fields.get(1) != Some(&"0") {
        return Vec::new();
    }
    let mut text = String::with_capacity(4096);
    let file = File::open(folder.join(format!("task/{KTHREADD}/children")));
    if file.and_then(|file| file.take(MAX_CHILDREN).read_to_string(&mut text)).is_err() {
        return Vec::new();
    }
    // Behind the last blank a number may have been cut off.
    let whole = text.rsplit_once(' ').map_or("", |(whole, _)| whole);
    let mut threads: Vec<u32> = whole.split(' ').filter_map(|pid| pid.parse().ok()).collect();
    threads.sort_unstable();
    threads
}

/// What a small file of the kernel's says: its size is not known before, and to guess it from below takes many readings.
fn text_of(file: &Path) -> io::Result<String> {
    let mut text = String::with_capacity(USUAL_SIZE);
    File::open(file)?.take(MAX_TEXT).read_to_string(&mut text)?;
    Ok(text)
}

/// The short options that are followed by a value.
const CHRONYD_VALUES: &str = "fFlLPtu";
const NTPD_VALUES: &str = "cDfiIjklpPrstTuUvVw";

/// A process with a time daemon's name.
#[derive(Debug)]
struct Process {
    pid: u32,
    parent: u32,
    name: &'static str,
    arguments: Vec<String>,
    may_set_clock: bool,
}

impl Process {
    /// Reads a process that may be a daemon; nothing for all others, and for those that are gone meanwhile. `exe`: its
    /// program's file, where that can be read.
    fn read(proc: &Path, pid: u32, exe: Option<&str>) -> Option<Process> {
        let folder = proc.join(pid.to_string());
        let stat = text_of(&folder.join("stat")).ok()?;
        // The name in parentheses may itself hold parentheses and blanks (proc(5)).
        let (head, tail) = stat.rsplit_once(") ")?;
        let comm = head.split_once('(')?.1;
        let mut fields = tail.split(' ');
        let (state, parent) = (fields.next()?, fields.next()?.parse().ok()?);
        if matches!(state, "Z" | "X") || exe.is_none() && known_name(comm).is_none() {
            return None;
        }
        // Any user's process may show gigabytes there.
        let mut cmdline = Vec::with_capacity(USUAL_SIZE);
        File::open(folder.join("cmdline")).ok()?.take(MAX_CMDLINE).read_to_end(&mut cmdline).ok()?;
        // A kernel thread has no command line.
        if cmdline.is_empty() {
            return None;
        }
        let arguments: Vec<String> =
            cmdline.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect();
        let name = daemon_name(exe, comm, &arguments)?;
        Some(Process { pid, parent, name, arguments, may_set_clock: may_set_clock(proc, &folder) })
    }

    fn is_one_shot(&self) -> bool {
        match self.name {
            "chronyd" => ['q', 'Q', 't'].iter().any(|flag| self.has_flag(*flag, CHRONYD_VALUES)),
            "ntpd" => self.has_flag('q', NTPD_VALUES) || self.arguments.iter().any(|word| word == "--quit"),
            _ => false,
        }
    }

    /// Whether a short option is there, by itself or in a bundle.
    fn has_flag(&self, flag: char, with_value: &str) -> bool {
        let mut words = self.arguments.iter().skip(1);
        while let Some(word) = words.next() {
            let Some(bundle) = word.strip_prefix('-').filter(|bundle| !bundle.starts_with('-')) else { continue };
            for (place, option) in bundle.char_indices() {
                if option == flag {
                    return true;
                }
                if with_value.contains(option) {
                    if place + option.len_utf8() == bundle.len() {
                        words.next();
                    }
                    break;
                }
            }
        }
        false
    }

    /// OpenNTPD's first process has the name of the other ntpd; its parts say what they are.
    fn is_openntpd_part_of(&self, process: &Process) -> bool {
        let title = self.arguments.first().map(String::as_str).unwrap_or_default();
        self.name == "ntpd"
            && (self.pid == process.pid || self.parent == process.pid)
            && (title.starts_with("ntpd: ") || title.contains("openntpd"))
    }
}

/// By the program's file where it can be read, else by the process's name, which anybody may choose.
fn daemon_name(exe: Option<&str>, comm: &str, arguments: &[String]) -> Option<&'static str> {
    let last_part = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
    let name = match exe.map(without_deleted) {
        // One file with many programs: the first word that is not its own name says which.
        Some("busybox") => {
            let mut words = arguments.iter().map(|word| last_part(word));
            words.find(|word| word != "busybox")?
        }
        Some(exe) => exe.to_owned(),
        None => comm.to_owned(),
    };
    known_name(&name)
}

/// Whether a program's file is a time daemon's, or one that may be any program.
fn may_be_daemon(exe: &str) -> bool {
    let exe = without_deleted(exe);
    exe == "busybox" || known_name(exe).is_some()
}

/// What the kernel adds where the file has been replaced, as by an update, is no part of its name.
fn without_deleted(exe: &str) -> &str {
    exe.strip_suffix(" (deleted)").unwrap_or(exe)
}

fn known_name(name: &str) -> Option<&'static str> {
    Some(match name {
        "chronyd" => "chronyd",
        "ntpd" => "ntpd",
        "openntpd" => "openntpd",
        "ntp-daemon" => "ntpd-rs",
        // The kernel keeps 15 characters of a process's name.
        "systemd-timesyncd" | "systemd-timesyn" => "systemd-timesyncd",
        "ptp4l" => "ptp4l",
        "phc2sys" => "phc2sys",
        "timemaster" => "timemaster",
        _ => return None,
    })
}

/// Whether a process has CAP_SYS_TIME, in our own user namespace: in another one it means nothing. What cannot be read is
/// taken for a yes.
fn may_set_clock(proc: &Path, folder: &Path) -> bool {
    let status = text_of(&folder.join("status")).unwrap_or_default();
    let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let effective = effective.and_then(|digits| u64::from_str_radix(digits.trim(), 16).ok()).unwrap_or(SYS_TIME);
    effective & SYS_TIME != 0 && !is_elsewhere(&proc.join("self"), folder)
}

/// Whether two processes, by their folders, are known to be in different user namespaces. Another user's link cannot be read
/// without CAP_SYS_PTRACE, but everybody may read the map, which is different for any namespace that an ordinary user makes.
fn is_elsewhere(own: &Path, other: &Path) -> bool {
    let differ = |here: Option<Vec<u8>>, there: Option<Vec<u8>>| Some(here? != there?);
    let link = |folder: &Path| Some(fs::read_link(folder.join("ns/user")).ok()?.into_os_string().into_vec());
    let map = |folder: &Path| fs::read(folder.join("uid_map")).ok();
    differ(link(own), link(other)).or_else(|| differ(map(own), map(other))).unwrap_or(false)
}

#[cfg(test)]
mod tests;
