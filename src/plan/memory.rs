//! What --discipline means.

use std::path::PathBuf;

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
}

impl MemoryPlan {
    /// Nothing, unless --discipline or --history-show asks for it.
    pub fn new(cli: &RntpdateCli) -> Result<Option<MemoryPlan>, UsageError> {
        if cli.discipline || cli.history_show {
            let history = cli.history.clone().unwrap_or_else(|| HISTORY.into());
            return Ok(Some(MemoryPlan { history, drift_file: cli.drift_file.clone() }));
        }
        let idle = [("--history", &cli.history), ("--drift-file", &cli.drift_file)];
        let idle = idle.into_iter().find(|(_, value)| value.is_some());
        idle.map_or(Ok(None), |(name, _)| Err(UsageError::WithoutDiscipline(name)))
    }
}
