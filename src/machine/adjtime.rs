//! The adjtime file as a run uses it.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Where the adjtime file is read and written.
pub trait AdjtimeStore {
    /// The file's text; `None` where there is none.
    fn read(&self, path: &Path) -> Result<Option<String>, AdjfileError>;

    /// Keeps the file's text, which was not understood, beside it. Gives the copy's path.
    fn keep_copy(&self, path: &Path, text: &str) -> Result<PathBuf, AdjfileError>;

    /// Replaces the file.
    fn replace(&self, path: &Path, text: &str) -> Result<(), AdjfileError>;
}

/// The file could not be read or written.
#[derive(Debug, Error)]
#[error("cannot {action} {}: {source}", named(.path))]
pub struct AdjfileError {
    action: &'static str,
    path: PathBuf,
    source: io::Error,
}

impl AdjfileError {
    /// `action`, a verb, failed on this file.
    pub(crate) fn new(action: &'static str, path: &Path, source: io::Error) -> AdjfileError {
        AdjfileError { action, path: path.to_owned(), source }
    }

    /// Writing this file failed.
    pub(crate) fn writing(path: &Path, source: io::Error) -> AdjfileError {
        AdjfileError { action: "write", path: path.to_owned(), source }
    }

    /// The file is not to be written, for what is in it could not be read.
    pub(crate) fn unread(path: &Path) -> AdjfileError {
        AdjfileError::writing(path, io::Error::other("what is in it could not be read, and would be lost"))
    }
}

/// An empty name is hwclock's name for no file at all, which cannot be written.
fn named(path: &Path) -> String {
    if path.as_os_str().is_empty() { "''".to_owned() } else { path.display().to_string() }
}
