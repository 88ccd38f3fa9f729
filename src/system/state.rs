//! What one run leaves for the next: a lock and small files, gone with the next boot.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::net::IpAddr;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use nix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

use super::adjfile;
use crate::hwclock::adjtime::{Adjtime, Kept};

const LOCK: &str = "lock";
/// No note is longer.
const MAX_BYTES: u64 = 64 * 1024;

/// What a run may leave for the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Note {
    /// The clock has been set since the boot whose identity it holds.
    Set,
    /// Servers that want to be left alone: that boot's identity, then lines of an address and a second.
    Rate,
}

impl Note {
    /// Its file.
    pub fn name(self) -> &'static str {
        match self {
            Note::Set => "set",
            Note::Rate => "rate",
        }
    }

    /// Whether this can be such a note.
    pub(super) fn may_hold(self, text: &str) -> bool {
        let mut lines = text.lines();
        let is_identity = |line: &str| line.len() <= 64 && line.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
        let is_entry = |line: &str| {
            let Some((address, second)) = line.split_once(' ') else { return false };
            address.parse::<IpAddr>().is_ok() && second.parse::<u64>().is_ok()
        };
        text.len() as u64 <= MAX_BYTES
            && is_identity(lines.next().unwrap_or_default())
            && match self {
                Note::Set => lines.next().is_none(),
                Note::Rate => lines.all(is_entry),
            }
    }
}

/// A directory for notes.
#[derive(Debug)]
pub struct StateDir {
    path: PathBuf,
    /// Whether it was not there before.
    is_new: bool,
}

/// The right to be the only run; it ends with the value, or with the process.
#[derive(Debug)]
pub struct Lock(#[allow(dead_code, reason = "held for what its end does")] Flock<File>);

impl StateDir {
    /// Makes it if need be. Fails where this user may not, or the file system is read-only.
    pub fn open(path: &Path) -> io::Result<StateDir> {
        match DirBuilder::new().mode(0o755).create(path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            made => Ok(StateDir { path: path.to_owned(), is_new: made.is_ok() }),
        }
    }

    /// One that is there.
    pub(super) fn at(path: &Path) -> StateDir {
        StateDir { path: path.to_owned(), is_new: false }
    }

    /// Hands the lock and these notes to a user, who is to write them, and the directory if it was made by this run: one that
    /// was there before may be anything. What is no file with one name is left alone.
    pub fn give_to(&self, user: u32, notes: &[&str]) -> io::Result<()> {
        if self.is_new {
            fchown(
                self.options().read(true).custom_flags(libc::O_DIRECTORY | libc::O_NOFOLLOW).open(&self.path)?,
                Some(user),
                None,
            )?;
        }
        for name in notes.iter().chain([&LOCK]) {
            let Ok(file) = self.options().read(true).open(self.path.join(name)) else { continue };
            let found = file.metadata()?;
            if found.is_file() && found.nlink() == 1 {
                fchown(&file, Some(user), None)?;
            }
        }
        Ok(())
    }

    /// The lock, unless another run has it.
    pub fn lock(&self) -> io::Result<Option<Lock>> {
        // Readable for its owner only: who can open it could hold it.
        let file = self.options().write(true).create(true).mode(0o600).open(self.path.join(LOCK))?;
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(lock) => Ok(Some(Lock(lock))),
            Err((_, Errno::EWOULDBLOCK)) => Ok(None),
            Err((_, errno)) => Err(errno.into()),
        }
    }

    /// A note, if there is one that can be read.
    pub fn read(&self, name: &str) -> Option<String> {
        let file = self.options().read(true).open(self.path.join(name)).ok()?;
        let mut bytes = Vec::new();
        file.take(MAX_BYTES).read_to_end(&mut bytes).ok()?;
        String::from_utf8(bytes).ok()
    }

    /// Replaces a note as a whole: who reads it sees the old text or the new one. To be called by the lock's holder, as the
    /// unfinished file has one name, so that runs that are killed leave at most that one behind.
    pub fn write(&self, name: &str, text: &str) -> io::Result<()> {
        let unfinished = self.path.join(format!("{name}.new"));
        // A new file, whatever has that name: to truncate a link would be to empty what it leads to.
        match fs::remove_file(&unfinished) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = self.options().write(true).create_new(true).mode(0o644).open(&unfinished)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&unfinished, self.path.join(name))
    }

    fn options(&self) -> OpenOptions {
        let mut options = OpenOptions::new();
        options.custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
        options
    }
}

/// Which boot this is; empty where /proc is not there. Read once: a confined run can ask, too.
pub fn boot_id() -> String {
    static ID: OnceLock<String> = OnceLock::new();
    let read = || fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned();
    ID.get_or_init(read).clone()
}

/// The time since that boot, suspended or not, whatever the clock is set to.
pub fn since_boot() -> Duration {
    clock_gettime(ClockId::CLOCK_BOOTTIME).map(Duration::from).unwrap_or_default()
}

/// What tells this machine from others (machine-id(5)), its host name in default of that.
pub fn machine_identity() -> String {
    let read = |path| fs::read_to_string(path).ok().filter(|id| !id.trim().is_empty());
    read("/etc/machine-id").or_else(|| read("/var/lib/dbus/machine-id")).unwrap_or_else(|| {
        nix::unistd::gethostname().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    })
}

/// Whether the RTC is in local time, by adjtime(5). As systemd does it, a missing file means UTC.
pub fn rtc_is_local() -> bool {
    let text = adjfile::read(Path::new("/etc/adjtime")).ok().flatten();
    text.is_some_and(|text| Adjtime::parse(&text).0.kept == Some(Kept::Local))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_lock_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateDir::open(&folder.path().join("state")).unwrap();
        let first = state.lock().unwrap();
        assert!(first.is_some());
        assert!(state.lock().unwrap().is_none());
        drop(first);
        assert!(state.lock().unwrap().is_some());
    }

    #[test]
    fn notes_are_replaced_as_a_whole_and_links_are_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateDir::open(folder.path()).unwrap();
        assert_eq!(state.read("note"), None);
        state.write("note", "one").unwrap();
        state.write("note", "two").unwrap();
        assert_eq!(state.read("note").as_deref(), Some("two"));
        let target = folder.path().join("target");
        fs::write(&target, "mine").unwrap();
        std::os::unix::fs::symlink(&target, folder.path().join("other.new")).unwrap();
        fs::hard_link(&target, folder.path().join("third.new")).unwrap();
        for name in ["other", "third"] {
            state.write(name, "x").unwrap();
            assert_eq!(state.read(name).as_deref(), Some("x"));
        }
        assert_eq!(fs::read_to_string(&target).unwrap(), "mine");
    }

    #[test]
    fn only_what_is_ours_is_given_away() {
        if !nix::unistd::geteuid().is_root() {
            let _ = io::stderr().write_all(b"skipped: only root gives files away\n");
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let owner = |path: &Path| fs::symlink_metadata(path).unwrap().uid();
        let there = folder.path().join("there");
        fs::create_dir(&there).unwrap();
        for name in ["set", "other"] {
            fs::write(there.join(name), "x").unwrap();
        }
        std::os::unix::fs::symlink(there.join("other"), there.join("rate")).unwrap();
        fs::hard_link(there.join("other"), there.join("linked")).unwrap();
        let state = StateDir::open(&there).unwrap();
        let _lock = state.lock().unwrap();
        state.give_to(12345, &["set", "rate", "linked", "missing"]).unwrap();
        let owners = ["", "set", "lock", "other", "rate"].map(|name| owner(&there.join(name)));
        assert_eq!(owners, [0, 12345, 12345, 0, 0]);
        let new = folder.path().join("new");
        StateDir::open(&new).unwrap().give_to(12345, &[]).unwrap();
        assert_eq!(owner(&new), 12345);
    }

    #[test]
    fn a_place_that_cannot_be_is_an_error() {
        assert!(StateDir::open(Path::new("/proc/no/such")).is_err());
    }
}
