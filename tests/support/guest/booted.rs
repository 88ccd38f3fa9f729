//! Machines that have booted already, which most guests go on from: switching one on takes three seconds of a processor, and half of
//! the guests do little more than that.
//!
//! Such a machine is kept as two files, what its memory held and the state of everything else, at the moment at which its first
//! process looks for a disk with the test's files (`../guest-init.sh`). Each guest gets a copy of that memory, page by page as it
//! writes to them. Its clock and its RTC go on from that moment, some seconds after midnight of 2019-01-01. The kernel's random
//! numbers are the same at first, until it asks the processor for more, some seconds later; `boot_id` stays the same.

use std::collections::hash_map::DefaultHasher;
use std::fs::{self, File};
use std::hash::{Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use nix::fcntl::{Flock, FlockArg};

use super::monitor::Monitor;

/// The disk's size in bytes, of which what is never written takes no room.
const DISK: u64 = 256 << 20;
/// How long a boot may take.
const PATIENCE: Duration = Duration::from_secs(90);
/// How long a machine stays that nobody asks for.
const STALE: Duration = Duration::from_secs(3 * 24 * 3600);

/// One such machine.
#[derive(Debug)]
pub(super) struct Booted {
    folder: PathBuf,
    memory: &'static str,
}

impl Booted {
    /// The machine that is kept in a place under a name and was made of the same; where there is none it is booted now. `memory` is
    /// its own, in MiB; `made_of` all that decides what it becomes; `machine` the emulator's command, with files of a folder, to which
    /// its second serial line goes as `result`.
    ///
    /// # Panics
    /// When it cannot be booted.
    pub(super) fn of(
        place: &Path,
        name: &str,
        memory: &'static str,
        made_of: &[&str],
        machine: impl FnOnce(&Path) -> Command,
    ) -> Self {
        let mut hasher = DefaultHasher::new();
        (made_of, memory).hash(&mut hasher);
        let folder = place.join(format!("{name}-{:016x}", hasher.finish()));
        fs::create_dir_all(place).expect("cannot write to the test cache");
        let lock = File::create(place.join(format!(".{name}"))).expect("cannot write to the test cache");
        let _lock = Flock::lock(lock, FlockArg::LockExclusive).expect("a lock in the test cache");
        let booted = Self { folder, memory };
        if booted.folder.exists() {
            // It is in use: see `sweep`.
            File::open(&booted.folder)
                .and_then(|folder| folder.set_modified(SystemTime::now()))
                .expect("the test cache");
        } else {
            sweep(place, name);
            let draft =
                tempfile::Builder::new().prefix(name).tempdir_in(place).expect("cannot write to the test cache");
            Self { folder: draft.path().to_owned(), memory }.boot(machine(draft.path()));
            for file in ["initrd", "disk", "console", "result"] {
                fs::remove_file(draft.path().join(file)).expect("what it was booted with");
            }
            fs::rename(draft.keep(), &booted.folder).expect("cannot write to the test cache");
        }
        booted
    }

    /// Makes a command of the same machine wait for the state, with this file as its disk.
    pub(super) fn await_state(&self, machine: &mut Command, disk: &Path) {
        self.add_parts(machine, disk, "off");
        machine.args(["-incoming", "defer"]);
    }

    /// Has that machine go on from here.
    pub(super) fn resume(&self, monitor: &Monitor) {
        monitor.resume(&self.folder.join("state"));
    }

    fn boot(&self, mut machine: Command) {
        let disk = self.folder.join("disk");
        File::create(&disk).expect("cannot write to the test cache");
        self.add_parts(&mut machine, &disk, "on");
        // A socket's path has to be short.
        let near = tempfile::tempdir().expect("cannot make a temporary folder");
        let monitor = Monitor::in_folder(near.path());
        machine.arg("-qmp").arg(monitor.option()).stdin(Stdio::null()).stdout(Stdio::null());
        let mut child = machine.spawn().expect("cannot start the virtual machine");
        let started = Instant::now();
        while !fs::read_to_string(self.folder.join("result")).is_ok_and(|text| text.contains("booted")) {
            let ended = child.try_wait().expect("a child process");
            assert!(ended.is_none() && started.elapsed() < PATIENCE, "no machine has booted: {ended:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
        let state = self.folder.join("state");
        monitor.save(&state);
        child.wait().expect("a child process");
        while !state.exists() {
            assert!(started.elapsed() < PATIENCE, "the machine's state does not come");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Adds the parts that make both the same machine: its memory in a file, of which each may change a copy or (`share`) the file
    /// itself, and its disk.
    fn add_parts(&self, machine: &mut Command, disk: &Path, share: &str) {
        let file = File::options().write(true).open(disk).expect("the disk");
        assert!(file.metadata().is_ok_and(|file| file.len() <= DISK), "more files than the disk has room for");
        file.set_len(DISK).expect("cannot write the disk");
        let memory = self.folder.join("memory");
        machine.args(["-machine", "memory-backend=memory", "-object"]);
        machine.arg(format!(
            "memory-backend-file,id=memory,size={}M,mem-path={},share={share}",
            self.memory,
            memory.display()
        ));
        machine.arg("-drive").arg(format!("file={},format=raw,if=virtio,cache=unsafe", disk.display()));
    }
}

/// Removes those of a name that are stale, and what was left of boots that were ended.
fn sweep(place: &Path, name: &str) {
    for entry in fs::read_dir(place).into_iter().flatten().flatten() {
        let is_old =
            entry.metadata().and_then(|data| data.modified()).is_ok_and(|at| at.elapsed().is_ok_and(|age| age > STALE));
        if is_old && entry.file_name().to_string_lossy().starts_with(name) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
