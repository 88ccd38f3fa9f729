//! What a run does that nobody watches.
#![forbid(unsafe_code)]

use std::path::PathBuf;
use std::time::Duration;

use super::numbers::seconds;
use super::usage::UsageError;
use crate::cli::rntpdate::RntpdateCli;
use crate::rtc::write_effect::NOTES_DIR;
use crate::time::{Interval, Time};

/// The release of this version: no clock is right that says an earlier time.
const RELEASE: i64 = 1_793_491_200; // 2026-11-01 00:00:00 UTC

/// Runs under cron, at boot and from timers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unattended {
    /// Retry for so long from the start.
    pub wait: Option<Duration>,
    /// End sampling at this error bound.
    pub accuracy: Option<Interval>,
    /// The longest delay before the start.
    pub splay: Option<Duration>,
    /// The machine's place among so many that run at the same time.
    pub slot: Option<(u32, u32)>,
    /// The largest step until the clock has been set since boot.
    pub max_first_step: Option<Interval>,
    /// Tell the kernel of the synchronisation.
    pub mark_synced: bool,
    /// To be run after a step.
    pub after_step: Option<String>,
    /// Whatever other daemons and servers want.
    pub force: bool,
    /// For the lock and for notes.
    pub state_dir: PathBuf,
}

impl Unattended {
    pub(super) fn new(cli: &RntpdateCli) -> Result<Unattended, UsageError> {
        let optional = |name, text: &Option<String>| match text {
            None => Ok(None),
            Some(text) => seconds(name, Some(text), Duration::ZERO).map(Some),
        };
        Ok(Unattended {
            wait: optional("--wait", &cli.wait)?,
            accuracy: optional("--accuracy", &cli.accuracy)?.map(Interval::from),
            splay: optional("--splay", &cli.splay)?,
            slot: slot(cli)?,
            max_first_step: step_limit("--max-first-step", cli.max_first_step.as_deref())?,
            mark_synced: cli.mark_synced,
            after_step: cli.after_step.clone(),
            force: cli.force,
            state_dir: cli.state_dir.clone().unwrap_or_else(|| PathBuf::from(NOTES_DIR)),
        })
    }
}

/// `N/M`, where N is 0 to M: who counts from one is as welcome as who counts from zero.
fn slot(cli: &RntpdateCli) -> Result<Option<(u32, u32)>, UsageError> {
    let Some(text) = &cli.slot else { return Ok(None) };
    if cli.splay.is_none() {
        return Err(UsageError::WithoutSplay("--slot"));
    }
    let digits =
        |part: &str| part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse::<u32>().ok()).flatten();
    let parts = text.split_once('/').and_then(|(place, of)| Some((digits(place)?, digits(of)?)));
    let range = "N/M, this machine's number and how many there are, such as 17/1000";
    let wrong = || UsageError::Value { name: "--slot", value: text.clone(), range };
    parts.filter(|(place, of)| *of > 0 && place <= of).map(Some).ok_or_else(wrong)
}

/// A clock may be wrong by many years.
pub(super) fn step_limit(name: &'static str, text: Option<&str>) -> Result<Option<Interval>, UsageError> {
    let Some(text) = text else { return Ok(None) };
    match text.parse::<f64>() {
        Ok(seconds) if (0.0..=1e10).contains(&seconds) => Ok(Some(Interval::from_secs_f64(seconds))),
        _ => Err(UsageError::Value { name, value: text.to_owned(), range: "0 to 10000000000 seconds" }),
    }
}

/// The time before which no clock is right: that of the build where the packager gave one, else that of the release.
pub(super) fn floor() -> Time {
    // The packager's time is known when this is compiled (https://reproducible-builds.org/specs/source-date-epoch/).
    let built = option_env!("SOURCE_DATE_EPOCH").and_then(|seconds| seconds.parse().ok());
    Time::from_unix(built.unwrap_or(RELEASE).max(0), 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The manual page is dated anew with each release, which has to move the floor along.
    #[test]
    fn the_floor_is_not_far_before_the_manual_page() {
        let page = include_str!("../../man/rntpdate.8");
        let title = page.lines().find(|line| line.starts_with(".TH")).unwrap();
        let mut dates =
            title.split_whitespace().filter_map(|word| word.trim_matches('"').parse::<chrono::NaiveDate>().ok());
        let dated = dates.next().unwrap().and_hms_opt(0, 0, 0).unwrap().and_utc().timestamp();
        assert!((0..60 * 86_400).contains(&(dated - RELEASE)), "RELEASE is {RELEASE}, the manual page of {dated}");
    }

    #[test]
    fn a_slot_is_a_place_among_so_many() {
        let of = |text: &str, splay: Option<&str>| {
            let cli =
                RntpdateCli { slot: Some(text.to_owned()), splay: splay.map(str::to_owned), ..RntpdateCli::default() };
            slot(&cli)
        };
        for (text, place) in [("0/1", (0, 1)), ("17/1000", (17, 1000)), ("1000/1000", (1000, 1000))] {
            assert_eq!(of(text, Some("120")), Ok(Some(place)));
        }
        for text in ["", "/", "1", "1/0", "2/1", "-1/5", "+1/5", "1/5/6", "a/b", "1/99999999999"] {
            assert!(matches!(of(text, Some("120")), Err(UsageError::Value { .. })), "{text}");
        }
        assert_eq!(of("1/2", None), Err(UsageError::WithoutSplay("--slot")));
    }

    #[test]
    fn a_packager_may_say_when_it_was_built() {
        let expected = option_env!("SOURCE_DATE_EPOCH").map_or(RELEASE, |seconds| seconds.parse().unwrap());
        assert_eq!(floor(), Time::from_unix(expected, 0));
    }
}
