//! The text of a small file of somebody else's.

use std::fs::OpenOptions;
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// The first `most` bytes of a file, as text. Only a regular file is read, and nothing is waited for: a named pipe or a device in its
/// place is an error (`InvalidInput`).
pub fn read(path: &Path, most: u64) -> io::Result<String> {
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    let mut text = Vec::new();
    file.take(most).read_to_end(&mut text)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_file_is_neither_waited_for_nor_read_without_end() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        for path in [&pipe, Path::new("/dev/zero"), folder.path()] {
            assert_eq!(read(path, 100).unwrap_err().kind(), io::ErrorKind::InvalidInput, "{path:?}");
        }
        let file = folder.path().join("file");
        std::fs::write(&file, "12345").unwrap();
        assert_eq!((read(&file, 100).unwrap().as_str(), read(&file, 3).unwrap().as_str()), ("12345", "123"));
    }
}
