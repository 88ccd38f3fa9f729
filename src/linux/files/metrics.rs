//! The file of --metrics: read within bounds, replaced as a whole, and left alone when it is something else.

use std::io;
use std::path::Path;

use super::history::{self, Found};
use super::replace::replace_whole;

/// Reads what an earlier run left; nothing where there is no file, or an empty one. A file that is something else is an error.
pub fn read(path: &Path) -> io::Result<Option<String>> {
    match history::read(path)? {
        Found::Nothing => Ok(None),
        Found::Text(text) if text.trim().is_empty() => Ok(None),
        Found::Text(text) if is_ours(&text) => Ok(Some(text)),
        Found::Text(_) | Found::Garbage(_) => Err(io::Error::other("it has other contents than metrics of rntpdate")),
    }
}

/// Replaces the file: whoever reads it sees the old text or the new one, never a part.
pub fn replace(path: &Path, text: &str) -> io::Result<()> {
    if !is_ours(text) {
        return Err(io::Error::other("these are no metrics"));
    }
    // Somebody may have put another file there since it was read.
    read(path)?;
    replace_whole(path, text.as_bytes(), 0o644)
}

/// Whether a text has nothing but metrics of rntpdate.
fn is_ours(text: &str) -> bool {
    const BEGINNINGS: [&str; 3] = ["# HELP rntpdate_", "# TYPE rntpdate_", "rntpdate_"];
    let is_ours = |line: &str| BEGINNINGS.iter().any(|beginning| line.starts_with(beginning));
    text.ends_with('\n') && text.lines().all(is_ours)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    const METRICS: &str = "# HELP rntpdate_a A.\n# TYPE rntpdate_a gauge\nrntpdate_a 1\n";

    #[test]
    fn a_file_is_replaced_whole_and_can_be_read_by_everybody() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.prom");
        assert_eq!(read(&path).unwrap(), None);
        for text in [METRICS, "rntpdate_b 2\n"] {
            replace(&path, text).unwrap();
            assert_eq!(read(&path).unwrap().as_deref(), Some(text));
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o644);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        // Made ready by somebody.
        fs::write(&path, "").unwrap();
        assert_eq!(read(&path).unwrap(), None);
    }

    #[test]
    fn what_is_something_else_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.prom");
        for text in ["root:x:0:0::/:/bin/sh\n", "node_a 1\n", "rntpdate_a 1\nnode_a 1\n", "rntpdate_a 1", "\0"] {
            fs::write(&path, text).unwrap();
            assert!(read(&path).is_err() && replace(&path, METRICS).is_err(), "{text:?}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        fs::remove_file(&path).unwrap();
        assert!(replace(&path, "root::0:0::/:/bin/sh\n").is_err() && !path.exists());
        fs::create_dir(&path).unwrap();
        assert!(replace(&path, METRICS).is_err());
        assert!(replace(&folder.path().join("nowhere/a.prom"), METRICS).is_err(), "a mistyped folder is made");
    }

    /// Written in place it would be seen half.
    #[test]
    fn nothing_is_written_in_place() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("a.prom"), folder.path().join("b.prom"));
        fs::write(&path, METRICS).unwrap();
        fs::hard_link(&path, &other).unwrap();
        replace(&path, "rntpdate_b 2\n").unwrap();
        assert_eq!(fs::read_to_string(&other).unwrap(), METRICS);
        // A link leads to the file.
        let link = folder.path().join("c.prom");
        symlink(&path, &link).unwrap();
        replace(&link, METRICS).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), METRICS);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    }
}
