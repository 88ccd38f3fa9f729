//! Why a process goes without a filter of its system calls.

use thiserror::Error;

/// Why there is no filter.
#[derive(Debug, Error)]
pub enum NoFilter {
    /// `--no-sandbox`.
    #[error("--no-sandbox")]
    Unwanted,
    /// The library knows no such filter.
    #[error("there is none for this kind of processor")]
    Processor,
    /// The kernel, or a sandbox around this process.
    #[error("{0}")]
    Refused(String),
}

impl NoFilter {
    /// What a user is told of it, in one line.
    pub fn told(&self) -> String {
        match self {
            NoFilter::Unwanted => "--no-sandbox: no system call is refused to this run".to_owned(),
            NoFilter::Processor | NoFilter::Refused(_) => format!("no system call is refused to this run: {self}"),
        }
    }
}
