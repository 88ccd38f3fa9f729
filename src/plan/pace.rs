//! How servers are asked: how often, how fast, and how long each one is waited for.
#![forbid(unsafe_code)]

use super::check;
use super::defaults::{BURST, CLOCK_PRECISION, POLITE, TIMEOUT};
use super::mode::RunMode;
use super::numbers::{number, seconds};
use super::usage::UsageError;
use crate::cli::rntpdate::RntpdateCli;
use crate::exchange::Pace;
use crate::time::Time;

pub(super) fn pace(cli: &RntpdateCli, mode: RunMode) -> Result<Pace, UsageError> {
    let samples = match &cli.samples {
        None if mode == RunMode::Query => 1,
        // A packet that gets lost is no alarm.
        None if mode == RunMode::Check => 2,
        None if cli.discipline => 8,
        None => 4,
        Some(text) => number(text, 1, 8).ok_or_else(|| UsageError::Samples(text.clone()))?,
    };
    Ok(Pace {
        samples: samples as usize,
        timeout: match mode {
            // Time for two requests.
            RunMode::Check => TIMEOUT.min(check::for_servers(check::limit(cli)?) / 2),
            _ => seconds("time to wait", cli.timeout.as_deref(), TIMEOUT)?,
        },
        burst: seconds("--interval", cli.interval.as_deref(), BURST)?,
        polite: match (mode, &cli.interval) {
            (RunMode::Check, None) => POLITE.min(check::for_servers(check::limit(cli)?) / 2),
            (_, interval) => seconds("--interval", interval.as_deref(), POLITE)?,
        },
        // With --discipline a run that finds nothing leaves a gap in what is learned.
        most_lost: if cli.discipline { samples as usize } else { 2 },
        version: version(cli.protocol_version.as_deref())?,
        precision: CLOCK_PRECISION,
        era: Time::UNIX_EPOCH,
    })
}

/// The protocol's.
pub(super) fn version(text: Option<&str>) -> Result<u8, UsageError> {
    let Some(text) = text else { return Ok(4) };
    let range = "1 to 4";
    let wrong = || UsageError::Value { name: "protocol version", value: text.to_owned(), range };
    number(text, 1, 4).map(|number| number as u8).ok_or_else(wrong)
}
