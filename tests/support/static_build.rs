//! rntpdate without shared libraries, as boards and rescue systems have it, built on first use.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::require;

/// What cargo calls this machine.
const TARGET: &str = "x86_64-unknown-linux-gnu";
/// The same with the C library that boards have.
const MUSL: &str = "x86_64-unknown-linux-musl";

/// The program, with glibc.
pub(crate) fn rntpdate() -> PathBuf {
    built(TARGET, &[])
}

/// The program with musl, and without NTS, whose parts in C would take a compiler of musl's; `None` means: return from the test,
/// which counts as skipped. RNTPDATE_TEST_MUSL names one that is built already, such as contrib/build-small's.
pub(crate) fn with_musl() -> Option<PathBuf> {
    if let Some(program) = std::env::var_os("RNTPDATE_TEST_MUSL") {
        return Some(program.into());
    }
    let found = Command::new("rustc").args(["--print", "target-libdir", "--target", MUSL]).output().ok();
    let folder = found.and_then(|output| String::from_utf8(output.stdout).ok());
    if !folder.is_some_and(|folder| Path::new(folder.trim()).exists()) {
        require::missing(&format!("the standard library for {MUSL} (run tests/fetch)"));
        return None;
    }
    Some(built(MUSL, &["--no-default-features"]))
}

/// The program for a target. Its build is apart from the others, for it has other flags.
fn built(target: &str, more: &[&str]) -> PathBuf {
    let folder = Path::new(env!("CARGO_BIN_EXE_rntpdate")).ancestors().nth(2).expect("a target folder").join("static");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--bin", "rntpdate", "--target", target, "--target-dir"]).arg(&folder).args(more);
    cargo.env("RUSTFLAGS", "-C target-feature=+crt-static").env_remove("CARGO_ENCODED_RUSTFLAGS");
    cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
    assert!(cargo.status().is_ok_and(|status| status.success()), "cannot build rntpdate without shared libraries");
    folder.join(target).join("debug/rntpdate")
}
