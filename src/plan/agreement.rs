//! When servers are disbelieved, and how many have to agree.
#![forbid(unsafe_code)]

use super::defaults::{LIMITS, MAX_AGREEING};
use super::numbers::{number, seconds};
use super::usage::UsageError;
use crate::cli::rntpdate::RntpdateCli;
use crate::estimate::{Limits, Rules};

pub(super) fn rules(cli: &RntpdateCli, lone_name: bool) -> Result<Rules, UsageError> {
    let distance = seconds("--max-distance", cli.max_distance.as_deref(), LIMITS.root_distance.to_duration())?;
    let min_agreeing = match &cli.min_servers {
        None => 1,
        Some(text) => number(text, 1, MAX_AGREEING).ok_or_else(|| UsageError::Value {
            name: "--min-servers",
            value: text.clone(),
            range: "1 to 256",
        })?,
    };
    Ok(Rules {
        limits: Limits { root_distance: distance.into(), ..LIMITS },
        min_agreeing: min_agreeing.into(),
        lone_name,
    })
}
