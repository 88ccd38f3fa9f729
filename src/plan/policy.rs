//! How the clock is set, and when it is not.
#![forbid(unsafe_code)]

use super::defaults::STEP_THRESHOLD;
use super::numbers::seconds;
use super::unattended::{floor, step_limit};
use super::usage::UsageError;
use crate::cli::rntpdate::RntpdateCli;
use crate::policy::{Manner, Policy};
use crate::time::Interval;

pub(super) fn policy(cli: &RntpdateCli) -> Result<Policy, UsageError> {
    let manner = match (cli.always_step, cli.always_slew) {
        (true, _) => Manner::AlwaysStep,
        (false, true) => Manner::AlwaysSlew,
        (false, false) => Manner::ByThreshold,
    };
    let threshold = match cli.step_threshold.as_deref() {
        Some(zero) if zero.parse() == Ok(0.0) => Interval::ZERO,
        text => seconds("--step-threshold", text, STEP_THRESHOLD.to_duration())?.into(),
    };
    Ok(Policy {
        manner,
        step_threshold: threshold,
        max_step: step_limit("--max-step", cli.max_step.as_deref())?.map(|limit| (limit, "--max-step")),
        forward_only: cli.forward_only,
        floor: (!cli.allow_past).then(floor),
        daemon: None,
    })
}
