//! The packages that are installed: this build's, and an older one made of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::guest::Guest;
use crate::support::require;

/// Two versions of the package.
pub(super) struct Debs {
    folder: tempfile::TempDir,
}

impl Debs {
    /// Made of the programs that the tests use. `None` means: return from the test, which counts as skipped.
    pub(super) fn build() -> Option<Self> {
        let cargo_deb = require::cargo_tool("cargo-deb")?;
        if !require::present("dpkg-deb") {
            return None;
        }
        let debs = Self { folder: tempfile::tempdir().unwrap() };
        let target = Path::new(env!("CARGO_BIN_EXE_rntpdate")).ancestors().nth(2).unwrap();
        success(
            Command::new(cargo_deb)
                .args(["--no-build", "--fast", "--quiet", "--profile", "dev", "--output"])
                .arg(debs.path("new.deb"))
                .current_dir(env!("CARGO_MANIFEST_DIR"))
                .env("CARGO_TARGET_DIR", target),
        );
        debs.make_old();
        Some(debs)
    }

    /// The older version has a file more, and units with other words.
    fn make_old(&self) {
        let tree = self.path("old");
        success(Command::new("dpkg-deb").arg("-R").arg(self.path("new.deb")).arg(&tree));
        let change = |path: &str, from: &str, to: &str| {
            let path = tree.join(path);
            let text = fs::read_to_string(&path).unwrap();
            assert!(text.contains(from), "{from}");
            fs::write(path, text.replace(from, to)).unwrap();
        };
        change("DEBIAN/control", &format!("Version: {}", env!("CARGO_PKG_VERSION")), "Version: 0.0.9");
        for unit in ["rntpdate.timer", "rntpdate.service", "rntpdate-boot.service"] {
            change(&format!("lib/systemd/system/{unit}"), "Description=Set", "Description=Old: set");
        }
        fs::write(tree.join("usr/share/doc/rntpdate/OLD"), "what the next version does not have\n").unwrap();
        success(Command::new("dpkg-deb").args(["-b", "-Zgzip", "-z1"]).arg(&tree).arg(self.path("old.deb")));
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Hands both to a guest, in /test.
    pub(super) fn put<'a>(&self, guest: Guest<'a>) -> Guest<'a> {
        guest.file(self.path("old.deb"), "/test/old.deb", 0o644).file(self.path("new.deb"), "/test/new.deb", 0o644)
    }
}

/// Copies a disk, of which most is empty.
pub(super) fn copy(from: &Path, to: &Path) {
    success(Command::new("cp").args(["--sparse=always", "--reflink=auto"]).arg(from).arg(to));
}

#[track_caller]
fn success(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
