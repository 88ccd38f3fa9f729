//! Who may read a file, for what is printed of it: whoever may run this program by sudo is not to read other files by that.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// Read by others, of a file's mode; and for a directory, passed through by others.
const READ: u32 = 0o004;
const SEARCH: u32 = 0o001;

/// Whether everybody may read a file and pass through each directory above it. What cannot be found out is a no.
pub fn is_public(path: &Path) -> bool {
    let has = |path: &Path, bit: u32| fs::metadata(path).is_ok_and(|found| found.mode() & bit != 0);
    let Ok(real) = fs::canonicalize(path) else { return false };
    has(&real, READ) && real.ancestors().skip(1).all(|folder| has(folder, SEARCH))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn each_directory_and_a_links_target_count() {
        let folder = tempfile::tempdir().unwrap();
        let (inner, file, link) =
            (folder.path().join("inner"), folder.path().join("inner/file"), folder.path().join("link"));
        let chmod = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        fs::create_dir(&inner).unwrap();
        fs::write(&file, "x").unwrap();
        symlink(&file, &link).unwrap();
        for (outer, within, mode, expected) in [
            (0o755, 0o755, 0o644, true),
            (0o711, 0o711, 0o604, true),
            (0o755, 0o755, 0o640, false),
            (0o755, 0o750, 0o644, false),
            (0o700, 0o755, 0o644, false),
        ] {
            chmod(&file, mode);
            chmod(&inner, within);
            chmod(folder.path(), outer);
            assert_eq!([is_public(&file), is_public(&link)], [expected; 2], "{outer:o} {within:o} {mode:o}");
        }
        assert!(!is_public(Path::new("/nonexistent")));
    }
}
