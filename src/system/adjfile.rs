//! The file /etc/adjtime on disk: read it, replace it whole, keep what is not understood.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::fs::{OpenOptionsExt as _, fchown};
use std::path::{Path, PathBuf};

use thiserror::Error;

/// A limit on what is read: the real file has under 100 bytes.
const MAX_SIZE: u64 = 64 * 1024;

/// The file could not be read or written.
#[derive(Debug, Error)]
#[error("cannot {action} {}: {source}", .path.display())]
pub struct AdjfileError {
    action: &'static str,
    path: PathBuf,
    source: io::Error,
}

impl AdjfileError {
    /// Writing this file failed.
    pub(crate) fn writing(path: &Path, source: io::Error) -> AdjfileError {
        AdjfileError { action: "write", path: path.to_owned(), source }
    }

    /// The file, and what is wrong with it.
    pub(super) fn into_parts(self) -> (PathBuf, io::Error) {
        (self.path, self.source)
    }
}

/// For `map_err`: what was done to which file.
fn failed(action: &'static str, path: &Path) -> impl Fn(io::Error) -> AdjfileError {
    let path = path.to_owned();
    move |source| AdjfileError { action, path: path.clone(), source }
}

/// The file's text; `None` where there is none. What is not UTF-8 becomes replacement characters, and so malformed.
pub fn read(path: &Path) -> Result<Option<String>, AdjfileError> {
    use std::io::Read as _;
    // Not blocking, for the case that it is a named pipe.
    let file = match OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(failed("read", path))?,
    };
    let mut bytes = Vec::new();
    file.take(MAX_SIZE).read_to_end(&mut bytes).map_err(failed("read", path))?;
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

/// Replaces the file: a reader sees the old or the new text, whatever happens. Mode and owner stay; a link is followed.
pub fn replace(path: &Path, text: &str) -> Result<(), AdjfileError> {
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let result = replace_by_rename(&target, text);
    match result {
        // A file that is mounted by itself, as in a container, cannot be renamed over.
        Err(error) if error.raw_os_error() == Some(libc::EBUSY) => fs::write(&target, text),
        other => other,
    }
    .map_err(failed("write", path))
}

fn replace_by_rename(target: &Path, text: &str) -> io::Result<()> {
    let folder = target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let old = fs::metadata(target).ok();
    if old.as_ref().is_some_and(|meta| !meta.is_file()) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    let mut new = tempfile::Builder::new().prefix(".adjtime-").tempfile_in(folder)?;
    new.write_all(text.as_bytes())?;
    let mode = old.as_ref().map_or(0o644, |meta| meta.mode() & 0o7777);
    if let Some(old) = &old {
        fchown(new.as_file(), Some(old.uid()), Some(old.gid()))?;
    }
    new.as_file().set_permissions(fs::Permissions::from_mode(mode))?;
    new.as_file().sync_all()?;
    new.persist(target).map_err(|error| error.error)?;
    // The new name is durable only with the folder; some file systems cannot sync one, and nothing is lost but that.
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
    Ok(())
}

/// Keeps `text`, which was not understood, beside the file: `NAME.malformed`, or with a number. Gives the copy's path.
pub fn keep_copy(path: &Path, text: &str) -> Result<PathBuf, AdjfileError> {
    let name = |number: u32| {
        let mut name = path.as_os_str().to_owned();
        name.push(".malformed");
        if number > 0 {
            name.push(format!(".{number}"));
        }
        PathBuf::from(name)
    };
    for copy in (0..100).map(name) {
        match OpenOptions::new().write(true).create_new(true).mode(0o644).open(&copy) {
            Ok(mut file) => {
                file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed("write", &copy))?;
                return Ok(copy);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                if read(&copy).is_ok_and(|same| same.as_deref() == Some(text)) {
                    return Ok(copy);
                }
            }
            Err(error) => return Err(failed("write", &copy)(error)),
        }
    }
    Err(failed("write", &name(0))(io::ErrorKind::AlreadyExists.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mode_and_owner_stay_and_nothing_is_left_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("adjtime");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let owner = |path: &Path| fs::metadata(path).map(|meta| (meta.uid(), meta.gid(), meta.mode())).unwrap();
        // Only root can give a file away.
        let _ = std::os::unix::fs::chown(&path, Some(12), Some(34));
        let before = owner(&path);
        let inode = fs::metadata(&path).unwrap().ino();
        replace(&path, "new").unwrap();
        assert_eq!((fs::read_to_string(&path).unwrap().as_str(), owner(&path)), ("new", before));
        assert_ne!(fs::metadata(&path).unwrap().ino(), inode, "written in place");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_new_file_can_be_read_by_all_and_a_link_stays_one() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real"), folder.path().join("link"));
        replace(&real, "text").unwrap();
        assert_eq!(fs::metadata(&real).unwrap().mode() & 0o7777, 0o644);
        std::os::unix::fs::symlink(&real, &link).unwrap();
        replace(&link, "other").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(read(&real).unwrap().as_deref(), Some("other"));
    }

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
    fn copies_never_overwrite_one_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("adjtime");
        let first = keep_copy(&path, "one").unwrap();
        assert_eq!(first, folder.path().join("adjtime.malformed"));
        assert_eq!(keep_copy(&path, "one").unwrap(), first);
        let second = keep_copy(&path, "two").unwrap();
        assert_eq!(second, folder.path().join("adjtime.malformed.1"));
        assert_eq!((read(&first).unwrap().unwrap(), read(&second).unwrap().unwrap()), ("one".into(), "two".into()));
    }
}
