//! The rule for tests whose parts may be missing: skip and say so, or fail where everything is required.
//!
//! ```ignore
//! let Some(cache) = require::guest() else { return };
//! ```

use std::env;
use std::io::Write as _;
use std::path::PathBuf;

/// The folder that `tests/fetch` fills.
#[derive(Clone, Debug)]
pub(crate) struct Cache(PathBuf);

impl Cache {
    fn locate() -> Self {
        Self(
            env::var_os("RNTPDATE_TEST_CACHE").map_or_else(
                || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/target/test-cache")),
                PathBuf::from,
            ),
        )
    }

    /// A file in the cache.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The Debian tree with servers and peers.
    pub(crate) fn root(&self) -> PathBuf {
        self.path("root")
    }
}

/// What a virtual machine needs; `None` means: return from the test, which counts as skipped.
pub(crate) fn guest() -> Option<Cache> {
    let cache = fetched()?;
    present("qemu-system-x86_64").then_some(cache)
}

/// What a guest that boots from a disk needs, and that disk, which is not to be written to; `None` means: return from the test, which
/// counts as skipped.
pub(crate) fn system() -> Option<(Cache, PathBuf)> {
    let cache = guest()?;
    if !cache.path("boot/stamp").exists() {
        missing("the system that boots (run tests/fetch-boot)");
        return None;
    }
    let disk = cache.path("boot/disk");
    Some((cache, disk))
}

/// What network namespaces and real servers need; `None` means: return from the test, which counts as skipped.
pub(crate) fn servers() -> Option<Cache> {
    if !nix::unistd::geteuid().is_root() {
        missing("root (for network namespaces)");
        return None;
    }
    fetched()
}

fn fetched() -> Option<Cache> {
    let cache = Cache::locate();
    if cache.path("stamp").exists() {
        return Some(cache);
    }
    missing("the test cache (run tests/fetch)");
    None
}

/// Whether a program of this machine can be found in `PATH`; says so, or fails, when it cannot.
pub(crate) fn present(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path).any(|folder| folder.join(program).exists());
    if !found {
        missing(program);
    }
    found
}

/// Reports a missing part: a line on the real standard error, past the harness's capture, or a failure where
/// `RNTPDATE_TEST_REQUIRE=1` asks for it.
///
/// # Panics
/// When `RNTPDATE_TEST_REQUIRE` is 1.
pub(crate) fn missing(part: &str) {
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("a test");
    assert!(
        env::var_os("RNTPDATE_TEST_REQUIRE").is_none_or(|value| value != "1"),
        "{part} is missing, and RNTPDATE_TEST_REQUIRE=1 allows no skipping"
    );
    // The test goes on without its report when nobody listens.
    let _ = std::io::stderr().write_all(format!("skipped {test}: {part} is missing\n").as_bytes());
}

/// A subcommand of cargo that `tests/fetch` builds into the cache.
pub(crate) fn cargo_tool(name: &str) -> Option<PathBuf> {
    let tool = Cache::locate().path("cargo/bin").join(name);
    if tool.exists() {
        return Some(tool);
    }
    missing(&format!("{name} (run tests/fetch)"));
    None
}

/// The tree of a set of packages that `tests/fetch-more` unpacks, to run programs from; `None` means: return from the test, which
/// counts as skipped.
pub(crate) fn more(set: &str) -> Option<PathBuf> {
    let tree = Cache::locate().path("more").join(set);
    if tree.join("stamp").exists() {
        return Some(tree);
    }
    missing(&format!("the packages of {set} (run tests/fetch-more)"));
    None
}

/// A root directory with the configuration files of Debian's time services.
pub(crate) fn debian_files() -> Option<PathBuf> {
    let folder = fetched()?.path("conf");
    if !folder.exists() {
        missing("the configuration files (run tests/fetch)");
        return None;
    }
    Some(folder)
}
