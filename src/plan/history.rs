//! What --discipline means.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::mode::RunMode;
use super::numbers::seconds;
use super::usage::UsageError;
use crate::cli::rntpdate::RntpdateCli;

const HISTORY: &str = "/var/lib/rntpdate/history";

/// A second measurement sooner than this teaches nothing of the frequency.
const SETTLE: std::ops::RangeInclusive<Duration> = Duration::from_secs(64)..=Duration::from_secs(3600);

/// When the kernel's frequency is tuned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tuning {
    /// As soon as it is known (--discipline).
    Asked,
    /// Once runs have come at regular times; nobody asked for it.
    WhenRegular,
    /// The run tunes nothing: somebody has typed it.
    Never,
}

/// Where runs remember, and where the first begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryPlan {
    /// The history.
    pub history: PathBuf,
    /// A daemon's drift file, for as long as there is no history.
    pub drift_file: Option<PathBuf>,
    /// Somebody named the history (--history): what is there may be another's file.
    pub is_named: bool,
    /// When to tune.
    pub tuning: Tuning,
    /// After so long a run measures again while nothing is known (--settle).
    pub settle: Option<Duration>,
}

impl HistoryPlan {
    /// Nothing where the clock is not set, unless --discipline or --history-show asks for it; nothing for another user, who has
    /// no such file, and with --no-discipline.
    pub fn new(cli: &RntpdateCli) -> Result<Option<HistoryPlan>, UsageError> {
        let is_asked = cli.discipline || cli.history_show;
        let sets_clock = RunMode::of(cli) == RunMode::Sync && !cli.peers && !cli.doctor && cli.user.is_none();
        // Runs that set the clock learn unasked.
        let learns = is_asked || (sets_clock && !cli.no_discipline);
        if cli.history.is_some() && !learns {
            return Err(UsageError::NoHistory);
        }
        let idle = [("--drift-file", cli.drift_file.is_some()), ("--settle", cli.settle.is_some())];
        if let Some((name, _)) = idle.into_iter().find(|(_, is_given)| *is_given && !is_asked) {
            return Err(UsageError::WithoutDiscipline(name));
        }
        if !learns {
            return Ok(None);
        }
        let history = cli.history.clone().unwrap_or_else(|| HISTORY.into());
        Ok(Some(HistoryPlan {
            is_named: history.as_path() != Path::new(HISTORY),
            history,
            drift_file: cli.drift_file.clone(),
            tuning: if is_asked { Tuning::Asked } else { Tuning::WhenRegular },
            settle: settle(cli.settle.as_deref())?,
        }))
    }

    /// Whether somebody wants it, who is to hear what is wrong with it.
    pub fn is_asked(&self) -> bool {
        self.tuning == Tuning::Asked
    }
}

fn settle(text: Option<&str>) -> Result<Option<Duration>, UsageError> {
    let Some(text) = text else { return Ok(None) };
    let span = seconds("--settle", Some(text), Duration::ZERO).ok().filter(|span| SETTLE.contains(span));
    let value = || UsageError::Value { name: "--settle", value: text.to_owned(), range: "64 to 3600 seconds" };
    span.map(Some).ok_or_else(value)
}
