//! The lock of the run that may set the clock, and who has it.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, fchown};
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};

use super::state::{StateDir, since_boot};

/// The name of the lock's file.
pub const LOCK: &str = "lock";
/// What a run may take after its deadline: 10 s for the user's command, less for the RTC.
const AFTERWARDS: Duration = Duration::from_secs(15);
/// Longer than three numbers are.
const MAX_BYTES: u64 = 128;

/// The right to be the only run; it ends with the value, or with the process.
#[derive(Debug)]
pub struct Lock {
    file: Flock<File>,
    is_new: bool,
}

/// Another run's word on itself, from the lock's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The holder's process.
    pub pid: u32,
    /// The moment at which it took the lock, since boot.
    pub since: Duration,
    /// The time that it gave itself from then on.
    pub deadline: Duration,
}

/// What came of trying to take the lock.
#[derive(Debug)]
pub enum Taken {
    /// The lock is ours.
    Ours(Lock),
    /// Another process has it: which run, if its file says so, and the kernel that it is that one. The file keeps the word of
    /// the last run where another program takes the lock.
    By(Option<Holder>),
}

impl Holder {
    /// Three numbers on a line: the process, and seconds.
    fn parse(text: &str) -> Option<Holder> {
        let mut words = text.split_ascii_whitespace();
        let pid = words.next()?.parse().ok()?;
        let mut seconds = || Duration::try_from_secs_f64(words.next()?.parse().ok()?).ok();
        Some(Holder { pid, since: seconds()?, deadline: seconds()? })
    }

    /// How long it has had the lock, `now` being the time since boot.
    pub fn age(&self, now: Duration) -> Duration {
        now.saturating_sub(self.since)
    }

    /// Whether it should have ended by itself by now.
    pub fn is_overdue(&self, now: Duration) -> bool {
        self.age(now) > self.deadline + AFTERWARDS
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {:.3} {:.3}", self.pid, self.since.as_secs_f64(), self.deadline.as_secs_f64())
    }
}

impl StateDir {
    /// The lock for a run that ends within `deadline`, unless another one has it.
    pub fn lock(&self, deadline: Duration) -> io::Result<Taken> {
        let path = self.path().join(LOCK);
        // Readable for its owner only: who can open it could hold it.
        let new = self.options().read(true).write(true).create_new(true).mode(0o600).open(&path);
        let (file, is_new) = match new {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                (self.options().read(true).write(true).open(&path)?, false)
            }
            new => (new?, true),
        };
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(file) => {
                let mut lock = Lock { file, is_new };
                let holder = Holder { pid: std::process::id(), since: since_boot(), deadline };
                // Who waits learns less where the disk is full.
                let _ = lock.sign(holder);
                Ok(Taken::Ours(lock))
            }
            Err((file, Errno::EWOULDBLOCK)) => {
                let mut text = String::new();
                let inode = file.metadata().map(|metadata| metadata.ino()).ok();
                let read = file.take(MAX_BYTES).read_to_string(&mut text);
                let holder = read.ok().and_then(|_| Holder::parse(&text));
                Ok(Taken::By(holder.filter(|holder| holds(holder.pid, inode))))
            }
            Err((_, errno)) => Err(errno.into()),
        }
    }
}

/// Whether a process has the lock on the file with this number, by what the kernel says. Where it lists no lock on the file, as
/// without /proc/locks, a process that is called as this one is taken for the holder.
fn holds(pid: u32, inode: Option<u64>) -> bool {
    let locks = fs::read_to_string("/proc/locks").unwrap_or_default();
    let holders = holders(&locks, inode);
    let name = |process: &str| fs::read_to_string(format!("/proc/{process}/comm")).ok();
    match holders[..] {
        [] => name(&pid.to_string()).is_some_and(|other| Some(other) == name("self")),
        _ => holders.contains(&pid),
    }
}

/// The processes that have a file with this number locked as a whole (proc(5), flock(2)).
fn holders(locks: &str, inode: Option<u64>) -> Vec<u32> {
    let holder = |line: &str| {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let [_, "FLOCK", _, _, pid, file, ..] = words[..] else { return None };
        let number: u64 = file.rsplit(':').next()?.parse().ok()?;
        pid.parse().ok().filter(|_| Some(number) == inode)
    };
    locks.lines().filter_map(holder).collect()
}

impl Lock {
    /// Puts the holder's word into the file.
    fn sign(&mut self, holder: Holder) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.rewind()?;
        self.file.write_all(holder.to_string().as_bytes())
    }

    /// Hands the file to a user, if this run made it: one that was there before may be anything.
    pub fn give_to(&self, user: u32) -> io::Result<()> {
        if self.is_new { fchown(&*self.file, Some(user), None) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn one_lock_at_a_time_and_its_holder_is_known() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateDir::open(&folder.path().join("state")).unwrap();
        let Taken::Ours(first) = state.lock(MINUTE).unwrap() else { panic!("it is free") };
        let Taken::By(Some(holder)) = state.lock(MINUTE).unwrap() else { panic!("it is taken, and signed") };
        assert_eq!((holder.pid, holder.deadline), (std::process::id(), MINUTE));
        let now = since_boot();
        assert!(holder.age(now) < MINUTE && !holder.is_overdue(now) && holder.is_overdue(now + 2 * MINUTE));
        drop(first);
        assert!(matches!(state.lock(Duration::ZERO).unwrap(), Taken::Ours(_)));
    }

    #[test]
    fn what_is_no_signature_is_nobody() {
        for text in ["", "x 1 2", "1", "1 2", "1 -2 3", "1 2 nan", "1 1e99 2", "-1 2 3", "\0"] {
            assert_eq!(Holder::parse(text), None, "{text:?}");
        }
        let holder = Holder { pid: 7, since: Duration::from_millis(1500), deadline: MINUTE };
        assert_eq!(Holder::parse(&holder.to_string()), Some(holder));
    }

    /// Whoever the file still names has ended, or lives and does something else.
    #[test]
    fn only_who_has_the_lock_is_its_holder() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateDir::open(folder.path()).unwrap();
        let file = folder.path().join("lock");
        for pid in [1, std::process::id() + 100_000_000] {
            fs::write(&file, Holder { pid, since: Duration::ZERO, deadline: MINUTE }.to_string()).unwrap();
            let other = File::options().read(true).open(&file).unwrap();
            let _other = Flock::lock(other, FlockArg::LockExclusiveNonblock).unwrap();
            assert!(matches!(state.lock(MINUTE).unwrap(), Taken::By(None)), "process {pid} has not taken it");
        }
        let ours = Holder { pid: std::process::id(), since: Duration::ZERO, deadline: MINUTE };
        fs::write(&file, ours.to_string()).unwrap();
        let other = Flock::lock(File::open(&file).unwrap(), FlockArg::LockExclusiveNonblock).unwrap();
        assert!(matches!(state.lock(MINUTE).unwrap(), Taken::By(Some(holder)) if holder == ours));
        drop(other);
    }

    #[test]
    fn the_kernels_list_of_locks_is_read() {
        let locks = "1: POSIX  ADVISORY  WRITE 7 00:19:55 0 EOF\n2: FLOCK  ADVISORY  WRITE 8 fe:00:55 0 EOF\n\
                     2: -> FLOCK  ADVISORY  WRITE 9 fe:00:55 0 EOF\n3: FLOCK  ADVISORY  WRITE 10 fe:00:56 0 EOF\nx\n";
        assert_eq!(holders(locks, Some(55)), [8]);
        assert!(holders(locks, Some(57)).is_empty() && holders(locks, None).is_empty());
    }

    #[test]
    fn an_old_text_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateDir::open(folder.path()).unwrap();
        std::fs::write(folder.path().join("lock"), "9".repeat(100)).unwrap();
        let _lock = state.lock(MINUTE).unwrap();
        assert!(matches!(state.lock(MINUTE).unwrap(), Taken::By(Some(_))));
    }
}
