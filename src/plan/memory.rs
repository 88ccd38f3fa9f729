//! What --discipline means.

use std::path::{Path, PathBuf};

use super::UsageError;
use crate::cli::rntpdate::RntpdateCli;

const HISTORY: &str = "/var/lib/rntpdate/history";

/// Where runs remember, and where the first begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryPlan {
    /// The history.
    pub history: PathBuf,
    /// A daemon's drift file, for as long as there is no history.
    pub drift_file: Option<PathBuf>,
    /// Somebody named the history (--history): what is there may be another's file.
    pub is_named: bool,
}

impl MemoryPlan {
    /// Nothing, unless --discipline or --history-show asks for it.
    pub fn new(cli: &RntpdateCli) -> Result<Option<MemoryPlan>, UsageError> {
        if cli.discipline || cli.history_show {
            let history = cli.history.clone().unwrap_or_else(|| HISTORY.into());
            let is_named = history.as_path() != Path::new(HISTORY);
            return Ok(Some(MemoryPlan { history, drift_file: cli.drift_file.clone(), is_named }));
        }
        let idle = [("--history", &cli.history), ("--drift-file", &cli.drift_file)];
        let idle = idle.into_iter().find(|(_, value)| value.is_some());
        idle.map_or(Ok(None), |(name, _)| Err(UsageError::WithoutDiscipline(name)))
    }
}
