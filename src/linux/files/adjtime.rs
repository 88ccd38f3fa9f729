//! The file /etc/adjtime on disk: read it, replace it whole, keep what is not understood.

use std::fs::{self, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::replace;
use crate::linux::sandbox::invoker::for_invoker;
use crate::machine::{AdjfileError, AdjtimeStore};
use crate::rtc::adjtime::DEFAULT_PATH;

/// A limit on what is read: the real file has under 100 bytes.
const MAX_SIZE: u64 = 64 * 1024;

/// For `map_err`: what was done to which file.
fn failed(action: &'static str, path: &Path) -> impl Fn(io::Error) -> AdjfileError {
    let path = path.to_owned();
    move |source| AdjfileError::new(action, &path, source)
}

/// The file's text; `None` where there is none. What is not UTF-8 becomes replacement characters, and so malformed. Only a
/// regular file is read, and /dev/null.
pub fn read(path: &Path) -> Result<Option<String>, AdjfileError> {
    let refused = |why| Err(failed("read", path)(io::Error::new(io::ErrorKind::InvalidInput, why)));
    // Not blocking, for the case that it is a named pipe.
    let file = match OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(failed("read", path))?,
    };
    let found = file.metadata().map_err(failed("read", path))?;
    if replace::is_null(&found) {
        return Ok(None);
    }
    if !found.is_file() {
        return refused("not a regular file");
    }
    let mut bytes = Vec::new();
    file.take(MAX_SIZE + 1).read_to_end(&mut bytes).map_err(failed("read", path))?;
    if bytes.len() as u64 > MAX_SIZE {
        return refused("it is far too large for an adjtime file");
    }
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

/// As [`read`]; a dry run through sudo reads a file that it is told with its user's rights.
pub fn read_for(is_dry: bool, path: &Path) -> Result<Option<String>, AdjfileError> {
    let is_closed = is_dry && path != Path::new(DEFAULT_PATH);
    for_invoker(is_closed, || read(path)).map_err(failed("read", path))?
}

/// Replaces the file: a reader sees the old or the new text, whatever happens.
pub fn replace(path: &Path, text: &str) -> Result<(), AdjfileError> {
    replace::replace(path, text.as_bytes(), 0o644).map_err(failed("write", path))
}

/// Keeps `text`, which was not understood, beside the file, in place of an earlier copy: `NAME.malformed`, with the file's own
/// mode and owner. Gives the copy's path.
pub fn keep_copy(path: &Path, text: &str) -> Result<PathBuf, AdjfileError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".malformed");
    let copy = PathBuf::from(name);
    let is_kept = fs::symlink_metadata(&copy).is_ok_and(|found| found.is_file())
        && read(&copy).is_ok_and(|same| same.as_deref() == Some(text));
    if !is_kept {
        replace::put_beside(path, &copy, text.as_bytes()).map_err(failed("write", &copy))?;
    }
    Ok(copy)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

    use super::*;

    #[test]
    fn what_cannot_be_written_is_named_and_what_is_not_there_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("no/adjtime");
        let error = replace(&path, "text").unwrap_err().to_string();
        assert!(error.starts_with(&format!("cannot write {}: No such file", path.display())), "{error}");
        assert!(read(&path).unwrap().is_none());
        assert!(read(folder.path()).is_err());
        assert!(replace(folder.path(), "text").is_err());
    }

    #[test]
    fn what_is_no_small_regular_file_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let (pipe, large) = (folder.path().join("pipe"), folder.path().join("large"));
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        fs::File::create(&large).unwrap().set_len(MAX_SIZE + 1).unwrap();
        for path in [pipe.as_path(), &large, folder.path(), Path::new("/dev/zero")] {
            assert!(read(path).is_err(), "{}", path.display());
        }
        assert!(read(Path::new("/dev/null")).unwrap().is_none());
        assert!(replace(Path::new("/dev/null"), "text").is_ok());
        assert!(replace(&pipe, "text").is_err());
    }

    #[test]
    fn there_is_one_copy_with_mode_and_owner_of_the_original() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("adjtime");
        fs::write(&path, "one").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        // Only root can give a file away.
        let _ = std::os::unix::fs::chown(&path, Some(12), Some(34));
        let owner = |path: &Path| fs::metadata(path).map(|meta| (meta.uid(), meta.gid(), meta.mode())).unwrap();
        let copy = keep_copy(&path, "one").unwrap();
        assert_eq!((copy.clone(), owner(&copy)), (folder.path().join("adjtime.malformed"), owner(&path)));
        assert_eq!(keep_copy(&path, "two").unwrap(), copy);
        assert_eq!(fs::read_to_string(&copy).unwrap(), "two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
        // A link in its place is replaced and not followed.
        let other = folder.path().join("other");
        fs::write(&other, "other").unwrap();
        fs::remove_file(&copy).unwrap();
        std::os::unix::fs::symlink(&other, &copy).unwrap();
        keep_copy(&path, "other").unwrap();
        assert_eq!(fs::read_to_string(&other).unwrap(), "other");
        assert!(fs::symlink_metadata(&copy).unwrap().is_file());
    }
}

/// This machine's disk.
#[derive(Debug, Default)]
pub struct Disk {
    /// The run only looks.
    pub is_dry: bool,
}

impl AdjtimeStore for Disk {
    fn read(&self, path: &Path) -> Result<Option<String>, AdjfileError> {
        read_for(self.is_dry, path)
    }

    fn keep_copy(&self, path: &Path, text: &str) -> Result<PathBuf, AdjfileError> {
        keep_copy(path, text)
    }

    fn replace(&self, path: &Path, text: &str) -> Result<(), AdjfileError> {
        replace(path, text)
    }
}
