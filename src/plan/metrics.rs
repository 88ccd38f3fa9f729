//! What --metrics means.

use std::path::{Path, PathBuf};

use super::usage::UsageError;
use crate::cli::rntpdate::RntpdateCli;

/// Where a run's metrics go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MetricsPlan {
    /// To standard output; the lines of the run go to standard error.
    Stdout,
    /// Into this file, as a whole.
    File(PathBuf),
}

impl MetricsPlan {
    /// Nothing, unless --metrics asks for it.
    pub fn new(cli: &RntpdateCli) -> Result<Option<MetricsPlan>, UsageError> {
        match cli.metrics.as_deref() {
            None => Ok(None),
            Some(path) if path == Path::new("-") && cli.json => Err(UsageError::TwoForStdout),
            Some(path) if path == Path::new("-") => Ok(Some(MetricsPlan::Stdout)),
            // Without that ending node_exporter passes the file over; and whoever forgets FILE has typed a server here.
            Some(path) if path.extension() != Some("prom".as_ref()) => {
                let (value, range) =
                    (path.display().to_string(), "a file whose name ends with .prom, or - for standard output");
                Err(UsageError::Value { name: "--metrics", value, range })
            }
            Some(path) => Ok(Some(MetricsPlan::File(path.to_owned()))),
        }
    }

    /// The file, if it is one.
    pub fn file(&self) -> Option<&Path> {
        match self {
            MetricsPlan::Stdout => None,
            MetricsPlan::File(path) => Some(path),
        }
    }
}
