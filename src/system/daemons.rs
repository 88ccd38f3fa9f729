//! Which time daemons run, by what /proc shows: no service manager is asked, so that it works in a container too.
//!
//! A run that sets the clock once and ends (`chronyd -q`, `chronyd -Q`, `ntpd -q`) is no daemon: it does what this program
//! does and goes away. Nor are zombies, kernel threads and this process. Two things show that a daemon leaves the clock alone:
//! `chronyd -x`, and a process without CAP_SYS_TIME here, as in a container of its own.

use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;

/// CAP_SYS_TIME's bit in `CapEff` (linux/capability.h).
const SYS_TIME: u64 = 1 << 25;
/// What is read of a command line.
const MAX_CMDLINE: u64 = 64 * 1024;

/// A time daemon that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Daemon {
    /// Its usual name: `chronyd`, `ntpd`, `ntpd-rs`, `openntpd`, `systemd-timesyncd`, `ptp4l`, `phc2sys` or `timemaster`.
    pub name: &'static str,
    /// Its process, the first of its processes where it has several.
    pub pid: u32,
    /// Whether it may and does set the system clock.
    pub sets_clock: bool,
}

/// All of them, by their processes' numbers.
pub fn running() -> Vec<Daemon> {
    running_in(Path::new("/proc"), std::process::id())
}

/// The same from a /proc of another place, without the process `own`.
fn running_in(proc: &Path, own: u32) -> Vec<Daemon> {
    let pids =
        fs::read_dir(proc).into_iter().flatten().flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let mut processes: Vec<Process> =
        pids.filter(|pid| *pid != own).filter_map(|pid| Process::read(proc, pid)).collect();
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
    /// Nothing for all other processes, and for those that are gone meanwhile.
    fn read(proc: &Path, pid: u32) -> Option<Process> {
        let folder = proc.join(pid.to_string());
        // One question tells most processes apart, and there may be thousands.
        let exe = fs::read_link(folder.join("exe")).ok();
        let exe = exe.as_deref().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
        if exe.as_deref().is_some_and(|exe| !may_be_daemon(exe)) {
            return None;
        }
        // Any user's process may show gigabytes there.
        let mut cmdline = Vec::new();
        File::open(folder.join("cmdline")).ok()?.take(MAX_CMDLINE).read_to_end(&mut cmdline).ok()?;
        // A kernel thread has no command line.
        if cmdline.is_empty() {
            return None;
        }
        let arguments: Vec<String> =
            cmdline.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect();
        let stat = fs::read_to_string(folder.join("stat")).ok()?;
        // The name in parentheses may itself hold parentheses and blanks (proc(5)).
        let (head, tail) = stat.rsplit_once(") ")?;
        let comm = head.split_once('(')?.1;
        let mut fields = tail.split(' ');
        let (state, parent) = (fields.next()?, fields.next()?.parse().ok()?);
        if matches!(state, "Z" | "X") {
            return None;
        }
        let name = daemon_name(exe.as_deref(), comm, &arguments)?;
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
    exe.trim_end_matches(" (deleted)")
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
    let status = fs::read_to_string(folder.join("status")).unwrap_or_default();
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
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    const ALL: &str = "000001ffffffffff";

    struct Proc(tempfile::TempDir);

    impl Proc {
        fn new() -> Proc {
            Proc(tempfile::tempdir().unwrap())
        }

        /// A process as /proc shows it; an empty `exe` cannot be read, as another user's.
        fn add(
            &self,
            (pid, parent): (u32, u32),
            comm: &str,
            state: &str,
            exe: &str,
            words: &[&str],
            caps: &str,
        ) -> &Proc {
            let folder = self.0.path().join(pid.to_string());
            fs::create_dir(&folder).unwrap();
            fs::write(folder.join("stat"), format!("{pid} ({comm}) {state} {parent} 1 1 0 -1 4194560 0\n")).unwrap();
            let cmdline: String = words.iter().map(|word| format!("{word}\0")).collect();
            fs::write(folder.join("cmdline"), cmdline).unwrap();
            fs::write(folder.join("status"), format!("Name:\t{comm}\nCapEff:\t{caps}\n")).unwrap();
            if !exe.is_empty() {
                symlink(exe, folder.join("exe")).unwrap();
            }
            self
        }

        fn running(&self) -> Vec<(&'static str, u32, bool)> {
            running_in(self.0.path(), 1)
                .into_iter()
                .map(|daemon| (daemon.name, daemon.pid, daemon.sets_clock))
                .collect()
        }
    }

    #[test]
    fn each_daemon_is_known_by_its_file_or_its_name() {
        let proc = Proc::new();
        proc.add((10, 1), "chronyd", "S", "/usr/sbin/chronyd", &["/usr/sbin/chronyd", "-F", "1"], ALL)
            .add((11, 10), "chronyd", "S", "/usr/sbin/chronyd", &["/usr/sbin/chronyd", "-F", "1"], "0")
            .add((20, 1), "systemd-timesyn", "S", "", &["/lib/systemd/systemd-timesyncd"], "0000000002000000")
            .add((30, 1), "ntp-daemon", "S", "/usr/bin/ntp-daemon", &["/usr/bin/ntp-daemon"], ALL)
            .add((40, 1), "ntpd", "S", "/usr/sbin/ntpd (deleted)", &["/usr/sbin/ntpd", "-p", "-q", "-g"], ALL)
            .add((50, 1), "phc2sys", "S", "/usr/sbin/phc2sys", &["phc2sys", "-a"], ALL)
            .add((60, 1), "busybox", "S", "/bin/busybox", &["busybox", "ntpd", "-n"], ALL)
            .add((70, 1), "a) S 1 (ntpd", "S", "/usr/bin/sleep", &["sleep"], ALL)
            .add((80, 1), "sh", "S", "/usr/bin/dash", &["sh", "-c", "chronyd"], ALL);
        assert_eq!(
            proc.running(),
            [
                ("chronyd", 10, true),
                ("systemd-timesyncd", 20, true),
                ("ntpd-rs", 30, true),
                ("ntpd", 40, true),
                ("phc2sys", 50, true),
                ("ntpd", 60, true),
            ]
        );
    }

    #[test]
    fn zombies_kernel_threads_and_one_shots_are_none() {
        let proc = Proc::new();
        proc.add((1, 0), "chronyd", "S", "/usr/sbin/chronyd", &["chronyd"], ALL)
            .add((2, 0), "ntpd", "S", "", &[], ALL)
            .add((10, 1), "chronyd", "Z", "", &["chronyd"], ALL)
            .add((11, 1), "chronyd", "S", "/usr/sbin/chronyd", &["chronyd", "-u", "root", "-dQ", "server a"], ALL)
            .add((12, 1), "chronyd", "S", "/usr/sbin/chronyd", &["chronyd", "-t30", "-q"], ALL)
            .add((13, 1), "ntpd", "S", "/usr/sbin/ntpd", &["ntpd", "-gq"], ALL)
            .add((14, 1), "ntpd", "S", "/usr/sbin/ntpd", &["ntpd", "--quit"], ALL);
        assert_eq!(proc.running(), []);
    }

    #[test]
    fn openntpd_is_told_from_ntpd() {
        let proc = Proc::new();
        proc.add((10, 1), "ntpd", "S", "/usr/sbin/ntpd", &["/usr/sbin/ntpd", "-f", "/etc/ntpd.conf"], ALL)
            .add((11, 10), "ntpd", "S", "/usr/sbin/ntpd", &["ntpd: ntp engine"], "0")
            .add((12, 11), "ntpd", "S", "/usr/sbin/ntpd", &["ntpd: dns engine"], "0");
        assert_eq!(proc.running(), [("openntpd", 10, true)]);
    }

    #[test]
    fn who_cannot_or_does_not_set_the_clock_is_said_to() {
        let proc = Proc::new();
        proc.add((10, 1), "chronyd", "S", "/usr/sbin/chronyd", &["chronyd", "-d", "-xu", "root"], ALL)
            .add((11, 1), "chronyd", "S", "/usr/sbin/chronyd", &["chronyd", "-u", "x"], ALL)
            // -U has no value.
            .add((13, 1), "chronyd", "S", "/usr/sbin/chronyd", &["chronyd", "-U", "-x"], ALL)
            .add((14, 1), "chronyd", "S", "/usr/sbin/chronyd", &["chronyd", "-Ux"], ALL)
            .add((12, 1), "ntpd", "S", "/usr/sbin/ntpd", &["ntpd", "-x"], "000001fffdffffff");
        assert_eq!(
            proc.running(),
            [
                ("chronyd", 10, false),
                ("chronyd", 11, true),
                ("ntpd", 12, false),
                ("chronyd", 13, false),
                ("chronyd", 14, false)
            ]
        );
    }

    #[test]
    fn a_daemon_of_another_user_namespace_does_not_set_this_clock() {
        let proc = Proc::new();
        proc.add((10, 1), "chronyd", "S", "/usr/sbin/chronyd", &["chronyd"], ALL);
        for (folder, namespace) in [("self", "user:[1]"), ("10", "user:[2]")] {
            let folder = proc.0.path().join(folder).join("ns");
            fs::create_dir_all(&folder).unwrap();
            symlink(namespace, folder.join("user")).unwrap();
        }
        assert_eq!(proc.running(), [("chronyd", 10, false)]);
    }

    #[test]
    fn where_the_namespace_cannot_be_read_its_map_tells() {
        let proc = Proc::new();
        let own = "         0          0 4294967295\n";
        for (pid, map) in [(10, own), (11, "         0       1000          1\n"), (12, "")] {
            proc.add((pid, 1), "chronyd", "S", "", &["chronyd"], ALL);
            fs::write(proc.0.path().join(pid.to_string()).join("uid_map"), map).unwrap();
        }
        fs::create_dir_all(proc.0.path().join("self/ns")).unwrap();
        symlink("user:[1]", proc.0.path().join("self/ns/user")).unwrap();
        fs::write(proc.0.path().join("self/uid_map"), own).unwrap();
        assert_eq!(proc.running(), [("chronyd", 10, true), ("chronyd", 11, false), ("chronyd", 12, false)]);
    }
}
