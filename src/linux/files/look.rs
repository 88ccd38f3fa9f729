//! What is at a path, without opening it.

use std::fs::File;
use std::io;
use std::path::Path;

use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;

/// A descriptor of what is at `path` that can be looked at, and neither read nor written (O_PATH, open(2)): to open a device may have
/// an effect. Not by the language's own options, which for musl take O_PATH for a part of the access mode and drop it.
pub fn look_at(path: &Path) -> io::Result<File> {
    Ok(File::from(open(path, OFlag::O_PATH | OFlag::O_CLOEXEC, Mode::empty())?))
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn what_is_looked_at_is_not_open() {
        let mut file = look_at(Path::new("/dev/null")).unwrap();
        assert!(file.metadata().is_ok());
        assert_eq!(file.read(&mut [0; 1]).unwrap_err().raw_os_error(), Some(libc::EBADF));
        assert!(look_at(Path::new("/nonexistent")).is_err());
    }
}
