//! What a test adds to the guest's base file system.

use std::collections::{BTreeMap, HashSet};
use std::env;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::cpio::Archive;
use super::require::Cache;

/// Files by their path in the guest (no leading slash, /usr merged).
#[derive(Debug)]
pub(crate) struct Overlay {
    files: BTreeMap<String, (u32, Vec<u8>)>,
    base: HashSet<String>,
    /// Where the first process finds them to copy them to a disk; empty where the archive is the file system.
    folder: &'static str,
}

impl Overlay {
    /// The first process of a guest whose file system is the archive.
    pub(crate) const INIT: &str = include_str!("guest-init.sh");

    /// With the guest's first process, the probe and `await`, which every guest has.
    pub(crate) fn new(cache: &Cache) -> Self {
        Self::with_tools(&cache.path("base.list"), "", Self::INIT)
    }

    /// With the first process alone.
    pub(crate) fn with_init(cache: &Cache) -> Self {
        Self::of(&cache.path("base.list"), "", Self::INIT)
    }

    /// The same for a guest that boots from a disk.
    pub(crate) fn on_disk(cache: &Cache) -> Self {
        Self::with_tools(&cache.path("boot/disk.list"), "overlay", include_str!("boot-init.sh"))
    }

    fn of(list: &Path, folder: &'static str, init: &str) -> Self {
        let base = fs::read_to_string(list).expect("cannot read the test cache");
        let mut overlay = Self { files: BTreeMap::new(), base: base.lines().map(str::to_owned).collect(), folder };
        overlay.content("/init", 0o755, init.into());
        overlay
    }

    fn with_tools(list: &Path, folder: &'static str, init: &str) -> Self {
        let mut overlay = Self::of(list, folder, init);
        let probe = program_and_libraries(probe());
        overlay.content("/usr/bin/probe", 0o755, probe.0);
        overlay.content("/usr/bin/await", 0o755, include_bytes!("guest-await.sh").to_vec());
        overlay.libraries(&probe.1);
        overlay
    }

    /// Whether the first process is the one that guests have as a rule.
    pub(crate) fn has_usual_init(&self) -> bool {
        self.files.get("init").is_some_and(|(_, content)| content == Self::INIT.as_bytes())
    }

    /// Leaves out the first process, where that runs already.
    pub(crate) fn leave_out_init(&mut self) {
        self.files.remove("init");
    }

    pub(crate) fn content(&mut self, target: &str, mode: u32, content: Vec<u8>) {
        self.files.insert(merged(target), (mode, content));
    }

    pub(crate) fn file(&mut self, source: &Path, target: &str, mode: u32) {
        self.content(target, mode, read(source));
    }

    pub(crate) fn program(&mut self, path: &Path) {
        let name = path.file_name().and_then(|name| name.to_str()).expect("a program's path");
        let (content, libraries) = program_and_libraries(path);
        self.content(&format!("/usr/bin/{name}"), 0o755, content);
        self.libraries(&libraries);
    }

    /// Adds a program or library of a tree that `tests/fetch-more` has unpacked, at its own path, with the libraries that it needs.
    pub(crate) fn part(&mut self, tree: &Path, path: &str, mode: u32) {
        self.file(&tree.join(path), path, mode);
        let folders = ["lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu"].map(|folder| tree.join(folder));
        for library in libraries(
            Command::new("ldd")
                .env("LD_LIBRARY_PATH", env::join_paths(folders).expect("two paths"))
                .arg(tree.join(path)),
        ) {
            let target = library.strip_prefix(tree).unwrap_or(&library).to_str().expect("a library's path").to_owned();
            if !self.base.contains(&merged(&target)) {
                self.file(&library, &target, 0o755);
            }
        }
    }

    /// Adds libraries that the base lacks. Those it has come from the same release, and all from one moment.
    fn libraries(&mut self, paths: &[PathBuf]) {
        for path in paths {
            let target = path.to_str().expect("a library's path");
            if !self.base.contains(&merged(target)) {
                self.file(path, target, 0o755);
            }
        }
    }

    /// Appends everything, with the folders it needs, to an archive in a file.
    pub(crate) fn append_to(&self, path: &Path, mut archive: Archive) -> io::Result<()> {
        let mut folders = HashSet::new();
        for (target, (mode, content)) in &self.files {
            let is_init = self.folder.is_empty() || target == "init";
            let target = if is_init { target.clone() } else { format!("{}/{target}", self.folder) };
            for (slash, _) in target.match_indices('/') {
                let folder = &target[..slash];
                if (!self.folder.is_empty() || !self.base.contains(folder)) && folders.insert(folder.to_owned()) {
                    archive.folder(folder);
                }
            }
            archive.file(&target, *mode, content);
        }
        OpenOptions::new().append(true).open(path)?.write_all(&archive.finish())
    }
}

/// A path as the guest's merged /usr has it. An archive entry for the link's own name would replace the link.
fn merged(path: &str) -> String {
    let path = path.trim_start_matches('/');
    let first = path.split('/').next().unwrap_or_default();
    let prefix = if ["bin", "sbin", "lib", "lib64"].contains(&first) { "usr/" } else { "" };
    format!("{prefix}{path}")
}

fn read(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()))
}

/// What ldd prints of paths.
fn libraries(ldd: &mut Command) -> Vec<PathBuf> {
    let listing = ldd.output().expect("cannot run ldd");
    let text = String::from_utf8_lossy(&listing.stdout);
    text.split_whitespace().filter(|word| word.starts_with('/')).map(PathBuf::from).collect()
}

/// A program without the debug information, which would be most of it, and the shared libraries it loads.
fn program_and_libraries(path: &Path) -> (Vec<u8>, Vec<PathBuf>) {
    let libraries = libraries(Command::new("ldd").arg(path));
    let stripped = tempfile::NamedTempFile::new().expect("cannot make a temporary file");
    let done = Command::new("strip").arg("-o").arg(stripped.path()).arg(path).output();
    let smaller = done.is_ok_and(|output| output.status.success());
    (read(if smaller { stripped.path() } else { path }), libraries)
}

/// The probe, built on first use: `cargo test --test NAME` builds the test and the programs, but no example.
fn probe() -> &'static Path {
    static PROBE: OnceLock<PathBuf> = OnceLock::new();
    PROBE.get_or_init(|| {
        let folder = Path::new(env!("CARGO_BIN_EXE_rntpdate")).parent().expect("a build folder");
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--example", "guest-probe", "--target-dir"]);
        cargo.arg(folder.parent().expect("a target folder")).current_dir(env!("CARGO_MANIFEST_DIR"));
        // What cargo tells of a test's package has ring, and all that uses it, built once more, and again by the next cargo.
        for (name, _) in env::vars_os() {
            if ["CARGO_PKG_", "CARGO_MANIFEST_"]
                .iter()
                .any(|start| name.as_encoded_bytes().starts_with(start.as_bytes()))
            {
                cargo.env_remove(name);
            }
        }
        if folder.ends_with("release") {
            cargo.arg("--release");
        }
        assert!(cargo.status().is_ok_and(|status| status.success()), "cannot build the guest's probe");
        folder.join("examples/guest-probe")
    })
}
