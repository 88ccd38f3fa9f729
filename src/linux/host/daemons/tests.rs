//! Processes as /proc shows them, and what they are taken for.

use super::*;
use std::os::unix::fs::symlink;

const ALL: &str = "000001ffffffffff";
/// In the place of a program's file, for what has none.
const NO_PROGRAM: &str = "-";

struct Proc(tempfile::TempDir);

impl Proc {
    fn new() -> Proc {
        Proc(tempfile::tempdir().unwrap())
    }

    /// A process as /proc shows it; an empty `exe` cannot be read, as another user's.
    fn add(&self, (pid, parent): (u32, u32), comm: &str, state: &str, exe: &str, words: &[&str], caps: &str) -> &Proc {
        let folder = self.0.path().join(pid.to_string());
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("stat"), format!("{pid} ({comm}) {state} {parent} 1 1 0 -1 4194560 0\n")).unwrap();
        let cmdline: String = words.iter().map(|word| format!("{word}\0")).collect();
        fs::write(folder.join("cmdline"), cmdline).unwrap();
        fs::write(folder.join("status"), format!("Name:\t{comm}\nCapEff:\t{caps}\n")).unwrap();
        match exe {
            // No link: reading it fails, as it does for another user's.
            "" => fs::write(folder.join("exe"), "").unwrap(),
            NO_PROGRAM => {}
            exe => symlink(exe, folder.join("exe")).unwrap(),
        }
        self
    }

    fn running(&self) -> Vec<(&'static str, u32, bool)> {
        self.found(Search::Whole)
    }

    fn found(&self, search: Search) -> Vec<(&'static str, u32, bool)> {
        running_in(self.0.path(), 1, search)
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
        .add((2, 0), "ntpd", "S", NO_PROGRAM, &[], ALL)
        .add((3, 0), "ntpd", "S", "", &[], ALL)
        .add((9, 1), "chronyd", "S", NO_PROGRAM, &["chronyd"], ALL)
        .add((10, 1), "chronyd", "Z", "", &["chronyd"], ALL)
        .add((11, 1), "chronyd", "S", "/usr/sbin/chronyd", &["chronyd", "-u", "root", "-dQ", "server a"], ALL)
        .add((12, 1), "chronyd", "S", "/usr/sbin/chronyd", &["chronyd", "-t30", "-q"], ALL)
        .add((13, 1), "ntpd", "S", "/usr/sbin/ntpd", &["ntpd", "-gq"], ALL)
        .add((14, 1), "ntpd", "S", "/usr/sbin/ntpd", &["ntpd", "--quit"], ALL);
    assert_eq!(proc.running(), []);
}

#[test]
fn a_quick_search_leaves_out_what_the_kernel_says_are_its_own_threads() {
    let found = |flags: u64, parent, children: &str| {
        let proc = Proc::new();
        for pid in [3, 34, 5] {
            proc.add((pid, 1), "chronyd", "S", "/usr/sbin/chronyd", &["chronyd"], ALL);
        }
        let folder = proc.0.path().join("2/task/2");
        fs::create_dir_all(&folder).unwrap();
        fs::write(proc.0.path().join("2/stat"), format!("2 (kthreadd) S {parent} 0 0 0 -1 {flags} 0")).unwrap();
        fs::write(folder.join("children"), children).unwrap();
        let numbers = |search| proc.found(search).into_iter().map(|(_, pid, _)| pid).collect::<Vec<_>>();
        assert_eq!(numbers(Search::Whole), [3, 5, 34], "nothing is left out before the clock is set");
        numbers(Search::Quick)
    };
    let kthreadd = 2_129_984;
    assert_eq!(found(kthreadd, 0, "3 5 "), [34]);
    // What may be cut off is no number.
    assert_eq!(found(kthreadd, 0, "5 3"), [3, 34]);
    assert_eq!(found(kthreadd, 0, ""), [3, 5, 34]);
    // Anybody's process, in a namespace of its own, whose children are anybody's too.
    assert_eq!(found(4_194_560, 0, "3 5 "), [3, 5, 34]);
    assert_eq!(found(kthreadd, 1, "3 5 "), [3, 5, 34]);
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
