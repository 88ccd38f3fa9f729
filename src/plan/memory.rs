//! What --discipline means.

use std::path::PathBuf;

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
    pub fn new(cli: &RntpdateCli) -> Option<MemoryPlan> {
        let history = || cli.history.clone().unwrap_or_else(|| HISTORY.into());
        let is_wanted = cli.discipline || cli.history_show;
        is_wanted.then(|| MemoryPlan { history: history(), drift_file: cli.drift_file.clone() })
    }
}
