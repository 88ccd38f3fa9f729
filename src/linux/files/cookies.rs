//! Keys and cookies of NTS on disk: a folder that only its owner may enter and one run at a time uses, and a file in it that is
//! replaced as a whole.

use std::cell::RefCell;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, fchown};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use zeroize::Zeroizing;

use super::replace::{UNFINISHED, replace_whole};
use super::state::make_dir;
use super::within::within;
use crate::machine::CookieStore;
use crate::nts::jar::{Jar, MOST_BYTES, parse, render};

/// The name of the file.
const NAME: &str = "cookies";
/// The name of the file that the run holds which uses the folder.
const LOCK: &str = "lock";

/// What is kept, and where.
#[derive(Debug)]
pub struct FileCookies {
    file: PathBuf,
    jar: RefCell<Jar>,
    /// Why the last change is not on disk.
    unwritten: RefCell<Option<String>>,
    /// Whoever else wants the folder goes without: the same cookie is not to be taken twice.
    _lock: Flock<File>,
}

impl FileCookies {
    /// Reads what is kept in this folder, which is made if need be; or throws it away, if it is to be forgotten. A file that cannot be
    /// understood is one without anything in it, and said to be: keys are exchanged anew. Fails where the folder or a file in it is not
    /// this user's alone, or cannot be read, and with `WouldBlock` where another run uses the folder.
    pub fn open(folder: &Path, forget: bool) -> io::Result<(FileCookies, Option<String>)> {
        make_folder(folder)?;
        let lock = lock(folder)?;
        sweep(folder)?;
        let file = folder.join(NAME);
        if forget {
            remove(&file)?;
        }
        let (jar, problem) = match read(&file)? {
            None => (Jar::default(), None),
            Some(text) => match std::str::from_utf8(&text)
                .map_err(|_| "it is no text".to_owned())
                .and_then(|text| parse(text).map_err(|error| error.to_string()))
            {
                Ok(jar) => (jar, None),
                Err(why) => {
                    (Jar::default(), Some(format!("what is kept of NTS in {} is of no use: {why}", file.display())))
                }
            },
        };
        Ok((FileCookies { file, jar: RefCell::new(jar), unwritten: RefCell::default(), _lock: lock }, problem))
    }

    /// Makes the folder for this user, who could not, unless something has its name already.
    pub fn make_for(folder: &Path, user: u32) -> io::Result<()> {
        if fs::symlink_metadata(folder).is_ok() {
            return Ok(());
        }
        make_folder(folder)?;
        let made = OpenOptions::new().read(true).custom_flags(libc::O_DIRECTORY | libc::O_NOFOLLOW).open(folder)?;
        // Whoever may write beside it could have put another one in its place meanwhile.
        is_ours(&made.metadata()?, true, "it is not the directory that was made")?;
        fchown(made, Some(user), None)
    }

    /// Why what was changed is not on disk, if it is not; said once.
    pub fn unwritten(&self) -> Option<String> {
        self.unwritten.take()
    }
}

/// Takes the folder for this run, until the value, or the process, goes. The file is one of its own: some file systems lock no folder.
fn lock(folder: &Path) -> io::Result<Flock<File>> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    let file = options.custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(folder.join(LOCK))?;
    Flock::lock(file, FlockArg::LockExclusiveNonblock).map_err(|(_, errno)| match errno {
        Errno::EWOULDBLOCK => io::Error::new(ErrorKind::WouldBlock, "another run uses it"),
        errno => errno.into(),
    })
}

/// Removes new files that runs have left which were killed: nobody else writes here.
fn sweep(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        if name.as_encoded_bytes().starts_with(UNFINISHED.as_bytes()) {
            remove(&folder.join(name))?;
        }
    }
    Ok(())
}

/// Removes a file that may be there.
fn remove(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

impl CookieStore for FileCookies {
    fn change(&self, change: &mut dyn FnMut(&mut Jar)) -> bool {
        let mut jar = self.jar.borrow_mut();
        let mut changed = jar.clone();
        change(&mut changed);
        if changed == *jar {
            return true;
        }
        let text = render(&changed);
        let what = format!("what is kept of NTS in {}", self.file.display());
        // What the next run could not read is not written.
        let is_readable = text.len() <= MOST_BYTES && parse(&text).as_ref() == Ok(&changed.clone().in_whole_seconds());
        let written = if is_readable {
            within(&what, || replace_whole(&self.file, text.as_bytes(), 0o600))
        } else {
            Err(io::Error::other("the next run could not read it"))
        };
        if let Err(error) = &written {
            let text = format!("{what} cannot be written: {error}; until it can be, keys are exchanged anew");
            self.unwritten.replace(Some(text));
            return false;
        }
        *jar = changed;
        true
    }
}

/// Makes a folder that is its owner's alone, or sees that there is one.
fn make_folder(folder: &Path) -> io::Result<()> {
    if let Some(parent) = folder.parent().filter(|parent| !parent.as_os_str().is_empty() && !parent.exists()) {
        make_dir(parent)?;
    }
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let found = fs::symlink_metadata(folder)?;
    is_ours(&found, found.is_dir(), "it is not a directory of this user's alone (0700)")
}

/// Whether nobody else may read or write what was found.
fn is_ours(found: &fs::Metadata, has_type: bool, what: &'static str) -> io::Result<()> {
    let is_private = found.mode() & 0o077 == 0 && found.uid() == nix::unistd::geteuid().as_raw();
    if has_type && is_private { Ok(()) } else { Err(io::Error::other(what)) }
}

/// The file's text, of which more than the longest is not read.
fn read(path: &Path) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
    let file: File = match OpenOptions::new().read(true).custom_flags(flags).open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    let found = file.metadata()?;
    is_ours(&found, found.is_file(), "it is not a file of this user's alone (0600)")?;
    // Room that grows would leave copies behind.
    let room = usize::try_from(found.len()).unwrap_or(MOST_BYTES).min(MOST_BYTES) + 1;
    let mut text = Zeroizing::new(Vec::with_capacity(room));
    file.take(MOST_BYTES as u64 + 1).read_to_end(&mut text)?;
    Ok(Some(text))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;
    use crate::nts::jar::Peer;
    use crate::time::Time;

    fn peer() -> Peer {
        Peer { name: "a.example".to_owned(), port: 4460, trust: "system".to_owned() }
    }

    fn fail(store: &FileCookies) -> bool {
        store.change(&mut |jar| jar.note_failure(&peer(), Time::from_unix(1_795_000_000, 0)))
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn what_was_changed_is_there_for_the_next_run_and_for_nobody_else() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("rntpdate/nts");
        let (store, problem) = FileCookies::open(&folder, false).unwrap();
        assert!(problem.is_none() && fail(&store));
        assert_eq!((mode(&folder), mode(&folder.join(NAME))), (0o700, 0o600));
        let kept = store.jar.borrow().clone();
        drop(store);
        assert_eq!(*FileCookies::open(&folder, false).unwrap().0.jar.borrow(), kept);
        for _ in 0..2 {
            assert!(FileCookies::open(&folder, true).unwrap().0.jar.borrow().is_empty());
            assert!(!folder.join(NAME).exists());
        }
    }

    #[test]
    fn what_others_may_read_or_write_is_not_used() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("nts");
        fail(&FileCookies::open(&folder, false).unwrap().0);
        let file = folder.join(NAME);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(FileCookies::open(&folder, false).is_err(), "the file");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        assert!(FileCookies::open(&folder, false).is_err(), "the folder");
        let link = place.path().join("link");
        symlink(&folder, &link).unwrap();
        assert!(FileCookies::open(&link, false).is_err(), "a link");
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
        fs::rename(&file, place.path().join("elsewhere")).unwrap();
        symlink(place.path().join("elsewhere"), &file).unwrap();
        assert!(FileCookies::open(&folder, false).is_err(), "a link in its place");
    }

    #[test]
    fn what_is_no_jar_is_said_and_written_over() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("nts");
        fail(&FileCookies::open(&folder, false).unwrap().0);
        for text in [&b"\xff\xfe"[..], b"something else", b"rntpdate nts 1\ncookie 00\n", &vec![b'x'; MOST_BYTES + 9]] {
            fs::write(folder.join(NAME), text).unwrap();
            let (store, problem) = FileCookies::open(&folder, false).unwrap();
            assert!(problem.is_some_and(|text| text.len() < 200) && fail(&store));
            drop(store);
            assert!(FileCookies::open(&folder, false).unwrap().1.is_none());
        }
    }

    #[test]
    fn what_cannot_be_written_is_not_changed() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("nts");
        let (store, _) = FileCookies::open(&folder, false).unwrap();
        fs::remove_dir_all(&folder).unwrap();
        assert!(!fail(&store) && store.jar.borrow().is_empty());
        let said = store.unwritten().unwrap();
        assert!(said.contains("cookies cannot be written: No such file"), "{said}");
        assert_eq!(store.unwritten(), None, "said once");
    }

    #[test]
    fn one_run_at_a_time_uses_it() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("nts");
        let first = FileCookies::open(&folder, false).unwrap();
        for forget in [false, true] {
            assert_eq!(FileCookies::open(&folder, forget).unwrap_err().kind(), ErrorKind::WouldBlock);
        }
        drop(first);
        FileCookies::open(&folder, false).unwrap();
    }

    #[test]
    fn what_a_killed_run_has_left_goes_and_nothing_else() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("nts");
        fail(&FileCookies::open(&folder, false).unwrap().0);
        let names = || {
            let names = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
            std::collections::BTreeSet::from_iter(names)
        };
        fs::write(folder.join(".rntpdate-AbCdEf"), "half").unwrap();
        fs::write(folder.join("README"), "whose?").unwrap();
        assert!(FileCookies::open(&folder, false).unwrap().1.is_none());
        assert_eq!(names(), ["README", NAME, LOCK].map(str::to_owned).into());
    }

    #[test]
    fn a_folder_is_made_for_a_user_and_none_is_taken_from_another() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("rntpdate/nts");
        let ours = nix::unistd::geteuid().as_raw();
        let user = if ours == 0 { 65534 } else { ours };
        FileCookies::make_for(&folder, user).unwrap();
        assert_eq!((mode(&folder), fs::metadata(&folder).unwrap().uid()), (0o700, user));
        FileCookies::make_for(&folder, user + 1).unwrap();
        assert_eq!(fs::metadata(&folder).unwrap().uid(), user);
    }
}
