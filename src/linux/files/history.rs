//! The history on disk: read within bounds, replaced whole, set aside when it is not one.

use std::fs::{self, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::replace;
use super::state::make_dir;

/// A limit on what is read: the longest history has a sixth of that.
const MAX_SIZE: u64 = 256 * 1024;

/// More bytes than a history's first line has.
const HEAD: usize = 64;

/// What is at a path.
#[derive(Debug, PartialEq, Eq)]
pub enum Found {
    /// No file.
    Nothing,
    /// A text.
    Text(String),
    /// A file that is too long, or no text; how it begins, with what is no text replaced.
    Garbage(String),
}

/// Reads a small file of text. A directory, a pipe or a device is an error.
pub fn read(path: &Path) -> io::Result<Found> {
    // Not blocking, for the case that it is a named pipe.
    let file = match OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
        opened => opened?,
    };
    if !file.metadata()?.is_file() {
        return Err(not_a_file());
    }
    let mut bytes = Vec::new();
    file.take(MAX_SIZE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_SIZE {
        return Ok(garbage(&bytes));
    }
    Ok(String::from_utf8(bytes).map_or_else(|error| garbage(error.as_bytes()), Found::Text))
}

fn garbage(bytes: &[u8]) -> Found {
    Found::Garbage(String::from_utf8_lossy(&bytes[..bytes.len().min(HEAD)]).into_owned())
}

/// Replaces the file, as every file of this program is replaced, and makes its folder if need be.
pub fn replace(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.exists()) {
        make_dir(folder)?;
    }
    replace::replace(path, text.as_bytes(), 0o644)
}

/// Renames the file to NAME.bad, in place of an earlier one, so that they do not pile up. Gives the new path.
pub fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let mut name = path.as_os_str().to_owned();
    name.push(".bad");
    let aside = PathBuf::from(name);
    fs::rename(path, &aside)?;
    Ok(aside)
}

fn not_a_file() -> io::Error {
    io::Error::other("it is not a regular file")
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn mode_and_link_of_the_old_file_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("kept"), "old").unwrap();
        fs::set_permissions(path("kept"), fs::Permissions::from_mode(0o600)).unwrap();
        symlink("kept", path("history")).unwrap();
        symlink("later", path("new")).unwrap();
        replace(&path("history"), "one").unwrap();
        replace(&path("new"), "two").unwrap();
        let found = fs::metadata(path("kept")).unwrap();
        assert_eq!(
            (found.permissions().mode() & 0o777, fs::read_to_string(path("kept")).unwrap().as_str()),
            (0o600, "one")
        );
        assert_eq!(fs::read_to_string(path("later")).unwrap(), "two");
        assert!(["history", "new"].iter().all(|name| fs::symlink_metadata(path(name)).unwrap().is_symlink()));
    }

    #[test]
    fn a_file_is_replaced_whole_and_its_folder_made() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rntpdate/history");
        assert_eq!(read(&path).unwrap(), Found::Nothing);
        replace(&path, "one").unwrap();
        replace(&path, "two").unwrap();
        assert_eq!(read(&path).unwrap(), Found::Text("two".to_owned()));
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o644);
    }

    #[test]
    fn what_is_no_small_text_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        assert!(read(folder.path()).is_err() && replace(folder.path(), "x").is_err());
        assert!(read(Path::new("/dev/zero")).is_err());
        let path = folder.path().join("history");
        fs::write(&path, [0xff, 0xfe]).unwrap();
        assert_eq!(read(&path).unwrap(), Found::Garbage("\u{fffd}\u{fffd}".to_owned()));
        // 100 MB that take no room on the disk.
        File::create(&path).and_then(|file| file.set_len(100 << 20)).unwrap();
        assert_eq!(read(&path).unwrap(), Found::Garbage("\0".repeat(HEAD)));
        let aside = set_aside(&path).unwrap();
        assert!(aside.ends_with("history.bad") && !path.exists());
    }
}
