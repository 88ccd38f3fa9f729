//! What one run leaves for the next: small files, gone with the next boot.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt as _, fchown};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use nix::time::ClockId;

use crate::linux::ffi;
use crate::linux::files::{adjtime, text};
use crate::rtc::adjtime::{Adjtime, Kept};

/// No note is longer.
const MAX_BYTES: u64 = 64 * 1024;
/// Where the machine's number is, the better place first.
const MACHINE_IDS: [&str; 2] = ["/etc/machine-id", "/var/lib/dbus/machine-id"];
/// The number has 32 digits.
const MAX_MACHINE_ID: u64 = 256;

/// What a run may leave for the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Note {
    /// The clock has been set since the boot whose identity it holds.
    Set,
    /// Servers that want to be left alone: that boot's identity, then lines of an address and a second.
    Rate,
    /// What a write does to the ticks of clock chips: that boot's identity, then a line for each chip.
    Tick,
}

impl Note {
    /// The name of the note's file.
    pub fn name(self) -> &'static str {
        match self {
            Note::Set => "set",
            Note::Rate => "rate",
            Note::Tick => "tick",
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

impl StateDir {
    /// Makes it if need be. Fails where this user may not, or the file system is read-only.
    pub fn open(path: &Path) -> io::Result<StateDir> {
        match make_dir(path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            made => Ok(StateDir { path: path.to_owned(), is_new: made.is_ok() }),
        }
    }

    /// The directory that is there, or is not to be made.
    pub fn at(path: &Path) -> StateDir {
        StateDir { path: path.to_owned(), is_new: false }
    }

    /// Hands the directory to a user, who is to write notes in it, if this run made it: one that was there before may be
    /// anything, and so may be what is in it.
    pub fn give_to(&self, user: u32) -> io::Result<()> {
        if self.is_new { fchown(self.folder()?, Some(user), None) } else { Ok(()) }
    }

    fn folder(&self) -> io::Result<File> {
        self.options().read(true).custom_flags(libc::O_DIRECTORY | libc::O_NOFOLLOW).open(&self.path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A note, if there is one; what is no text is none. Fails where this user may not read it, and where a directory is in
    /// the way.
    pub fn read(&self, note: Note) -> io::Result<Option<String>> {
        let file = match self.options().read(true).open(self.path.join(note.name())) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        let mut bytes = Vec::new();
        file.take(MAX_BYTES).read_to_end(&mut bytes)?;
        Ok(String::from_utf8(bytes).ok())
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

    pub(crate) fn options(&self) -> OpenOptions {
        let mut options = OpenOptions::new();
        options.custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
        options
    }
}

/// Makes a directory in which its owner writes and everybody reads, whatever the umask says.
pub(crate) fn make_dir(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o755).create(path)?;
    // The umask can only take away; where it did, and the rights cannot be had back, the directory does all the same.
    let folder = OpenOptions::new().read(true).custom_flags(libc::O_DIRECTORY | libc::O_NOFOLLOW).open(path);
    let _ = folder.and_then(|folder| folder.set_permissions(Permissions::from_mode(0o755)));
    Ok(())
}

/// Which boot this is; empty where /proc is not there. Read once: a confined run can ask, too.
pub fn boot_id() -> String {
    static ID: OnceLock<String> = OnceLock::new();
    let read = || fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned();
    ID.get_or_init(read).clone()
}

/// The time since that boot, suspended or not, whatever the clock is set to.
pub fn since_boot() -> Duration {
    ffi::clock_time(ClockId::CLOCK_BOOTTIME).unwrap_or_default()
}

/// What tells this machine from others (machine-id(5)), its host name in default of that.
pub fn machine_identity() -> String {
    let found = MACHINE_IDS.iter().find_map(|path| machine_id(Path::new(path)));
    found.unwrap_or_else(|| {
        nix::unistd::gethostname().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    })
}

/// The number in such a file; nothing where images are made without one, which all their machines would share.
fn machine_id(path: &Path) -> Option<String> {
    let id = text::read(path, MAX_MACHINE_ID).ok()?;
    (!matches!(id.trim(), "" | "uninitialized")).then_some(id)
}

/// Whether the RTC is in local time, by adjtime(5). As systemd does it, a missing file means UTC.
pub fn rtc_is_local() -> bool {
    let text = adjtime::read(Path::new("/etc/adjtime")).ok().flatten();
    text.is_some_and(|text| Adjtime::parse(&text).0.kept == Some(Kept::Local))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    use super::*;
    use crate::linux::files::lock::Taken;

    #[test]
    fn what_all_machines_of_an_image_share_is_no_identity() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("machine-id");
        for (text, is_one) in [("uninitialized\n", false), ("\n", false), ("0123456789abcdef0123456789abcdef\n", true)]
        {
            fs::write(&file, text).unwrap();
            assert_eq!(machine_id(&file).is_some(), is_one, "{text}");
        }
    }

    #[test]
    fn notes_are_replaced_as_a_whole_and_links_are_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateDir::open(folder.path()).unwrap();
        let read = |note| state.read(note).unwrap();
        assert_eq!(read(Note::Set), None);
        state.write("set", "one").unwrap();
        state.write("set", "two").unwrap();
        assert_eq!(read(Note::Set).as_deref(), Some("two"));
        let target = folder.path().join("target");
        fs::write(&target, "mine").unwrap();
        for link in [
            |old: &Path, new: &Path| std::os::unix::fs::symlink(old, new),
            |old: &Path, new: &Path| fs::hard_link(old, new),
        ] {
            link(&target, &folder.path().join("rate.new")).unwrap();
            state.write("rate", "x").unwrap();
            assert_eq!(read(Note::Rate).as_deref(), Some("x"));
        }
        assert_eq!(fs::read_to_string(&target).unwrap(), "mine");
        fs::remove_file(folder.path().join("rate")).unwrap();
        fs::create_dir(folder.path().join("rate")).unwrap();
        assert!(state.read(Note::Rate).is_err(), "nobody knows what the note says");
    }

    #[test]
    fn only_what_this_run_made_is_given_away() {
        if !nix::unistd::geteuid().is_root() {
            let _ = io::stderr().write_all(b"skipped: only root gives files away\n");
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let owner = |path: &Path| fs::symlink_metadata(path).unwrap().uid();
        let there = folder.path().join("there");
        fs::create_dir(&there).unwrap();
        for name in ["set", "lock", "rate"] {
            fs::write(there.join(name), "root's own").unwrap();
        }
        let give = |path: &Path| {
            let state = StateDir::open(path).unwrap();
            let Taken::Ours(lock) = state.lock(Duration::ZERO).unwrap() else { panic!("nobody has it") };
            state.give_to(12345).and_then(|()| lock.give_to(12345)).unwrap();
        };
        give(&there);
        assert_eq!(["", "set", "lock", "rate"].map(|name| owner(&there.join(name))), [0; 4]);
        let new = folder.path().join("new");
        give(&new);
        assert_eq!(["", "lock"].map(|name| owner(&new.join(name))), [12345; 2]);
    }

    /// In a process of its own, as the umask is the whole process's.
    #[test]
    fn a_directory_has_its_mode_whatever_the_umask() {
        const PLACE: &str = "RNTPDATE_TEST_DIRECTORY";
        if let Some(place) = std::env::var_os(PLACE) {
            make_dir(&Path::new(&place).join("state")).unwrap();
            let file = Path::new(&place).join("var/history");
            return crate::linux::files::history::replace(&file, "x").unwrap();
        }
        for umask in ["0", "077", "022"] {
            let folder = tempfile::tempdir().unwrap();
            let name = "linux::files::state::tests::a_directory_has_its_mode_whatever_the_umask";
            let status = std::process::Command::new("sh")
                .args(["-c", &format!("umask {umask}; exec \"$0\" --exact {name}")])
                .arg(std::env::current_exe().unwrap())
                .env(PLACE, folder.path())
                .stdout(std::process::Stdio::null())
                .status();
            assert!(status.unwrap().success());
            let modes = ["state", "var"].map(|name| fs::metadata(folder.path().join(name)).unwrap().mode() & 0o7777);
            assert_eq!(modes, [0o755; 2], "umask {umask}");
        }
    }

    #[test]
    fn a_place_that_cannot_be_is_an_error() {
        assert!(StateDir::open(Path::new("/proc/no/such")).is_err());
    }
}
