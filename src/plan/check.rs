//! What --check means, and the command line of check_ntp_time.

use std::time::Duration;

use super::usage::UsageError;
use crate::check::{FORMS, Range, Thresholds};
use crate::cli::rntpdate::RntpdateCli;
use crate::time::Interval;

/// Plugins have to end by themselves before the monitoring gives them up; in 10 s by their guidelines.
const MOST: Duration = Duration::from_secs(10);

/// What is kept back of the time for finding the cause of trouble.
const FOR_CAUSES: Duration = Duration::from_secs(2);

/// Below Kerberos's and etcd's limits, and at the one at which CockroachDB ends a node.
pub(super) const OFFSET: (f64, f64) = (0.1, 0.5);

/// check_ntp_time's.
const PLUGINS_OFFSET: (f64, f64) = (60.0, 120.0);

/// The program whose lines are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckForm {
    /// The lines of --check.
    Own,
    /// The lines of check_ntp_time of the Monitoring Plugins.
    CheckNtpTime {
        /// `Unknown` instead of `Critical` where a server answers without a time that can be used (-q).
        quiet: bool,
    },
}

/// When a check is to raise an alarm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckPlan {
    /// The program whose lines are printed.
    pub form: CheckForm,
    /// For the offset, seconds.
    pub offset: Thresholds,
    /// For the stratum of the server that the offset is mostly from.
    pub stratum: Thresholds,
    /// What is added to the offset (check_ntp_time -o).
    pub expected: Interval,
    /// How long the check may take, all in all.
    pub limit: Duration,
}

impl CheckPlan {
    /// Nothing, unless --check asks for it.
    pub fn new(cli: &RntpdateCli) -> Result<Option<CheckPlan>, UsageError> {
        if cli.fleet.is_some() || cli.collect {
            return Ok(None);
        }
        if !cli.check {
            let (offsets, strata) = ("--check, --fleet and --collect", "--check and --fleet");
            let idle = [
                ("--warning", &cli.warning, offsets),
                ("--critical", &cli.critical, offsets),
                ("--warning-stratum", &cli.warning_stratum, strata),
                ("--critical-stratum", &cli.critical_stratum, strata),
            ];
            let idle = idle.into_iter().find(|(_, value, _)| value.is_some());
            return idle.map_or(Ok(None), |(name, _, with)| Err(UsageError::WithoutCheck(name, with)));
        }
        let form = cli.plugin.as_ref().map_or(CheckForm::Own, |words| CheckForm::CheckNtpTime { quiet: words.quiet });
        let default = if form == CheckForm::Own { OFFSET } else { PLUGINS_OFFSET };
        Ok(Some(CheckPlan {
            form,
            offset: offset_thresholds(cli, default)?,
            stratum: stratum_thresholds(cli)?,
            expected: expected(cli)?,
            limit: limit(cli)?,
        }))
    }
}

/// Gives the thresholds for an offset, whatever is checked by them.
pub(super) fn offset_thresholds(cli: &RntpdateCli, (warning, critical): (f64, f64)) -> Result<Thresholds, UsageError> {
    let thresholds = Thresholds {
        warning: Some(range("offset for a warning", &cli.warning)?.unwrap_or(Range::of_size(warning))),
        critical: Some(range("offset that is critical", &cli.critical)?.unwrap_or(Range::of_size(critical))),
    };
    in_order(cli, thresholds, "", &cli.warning, &cli.critical)
}

/// Gives the thresholds for a stratum.
pub(super) fn stratum_thresholds(cli: &RntpdateCli) -> Result<Thresholds, UsageError> {
    let thresholds = Thresholds {
        warning: range("stratum for a warning", &cli.warning_stratum)?,
        critical: range("stratum that is critical", &cli.critical_stratum)?,
    };
    in_order(cli, thresholds, "-stratum", &cli.warning_stratum, &cli.critical_stratum)
}

/// Fails where a typed warning can never come, as the critical range is narrower. Whoever types the critical one alone has the
/// alarm that is wanted; check_ntp_time takes any order.
fn in_order(
    cli: &RntpdateCli,
    thresholds: Thresholds,
    suffix: &'static str,
    warning: &Option<String>,
    critical: &Option<String>,
) -> Result<Thresholds, UsageError> {
    let (Some(typed), None) = (warning, &cli.plugin) else { return Ok(thresholds) };
    match (thresholds.warning, thresholds.critical) {
        (Some(wide), Some(narrow)) if narrow.is_narrower_than(&wide) => Err(UsageError::Wider {
            suffix,
            warning: typed.clone(),
            critical: critical.clone().unwrap_or_else(|| narrow.high().to_string()),
            advice: if critical.is_some() { "exchange them" } else { "give both" },
        }),
        _ => Ok(thresholds),
    }
}

fn range(name: &'static str, text: &Option<String>) -> Result<Option<Range>, UsageError> {
    let Some(text) = text else { return Ok(None) };
    let range = text.parse().map_err(|_| UsageError::Value { name, value: text.clone(), range: FORMS })?;
    Ok(Some(range))
}

/// No more than that plugin can mean: a 32-bit number of seconds.
fn expected(cli: &RntpdateCli) -> Result<Interval, UsageError> {
    let text = cli.plugin.as_ref().and_then(|words| words.time_offset.as_ref());
    let Some(text) = text else { return Ok(Interval::ZERO) };
    let seconds = text.parse().ok().filter(|seconds: &f64| seconds.abs() <= f64::from(i32::MAX));
    let range = "-2147483647 to 2147483647 seconds";
    let wrong = || UsageError::Value { name: "time offset", value: text.clone(), range };
    seconds.map(Interval::from_secs_f64).ok_or_else(wrong)
}

/// How long a check may take, all in all.
pub(super) fn limit(cli: &RntpdateCli) -> Result<Duration, UsageError> {
    let Some(text) = &cli.timeout else { return Ok(MOST) };
    let seconds = text.parse::<f64>().ok().filter(|seconds| *seconds >= 0.0 && seconds.is_finite());
    let longest = MOST.as_secs_f64();
    match seconds {
        // That plugin takes 0 for no limit, and waits for longer where it is told to.
        Some(seconds) if cli.plugin.is_some() && (seconds == 0.0 || seconds > longest) => Ok(MOST),
        Some(seconds) if (0.001..=longest).contains(&seconds) => Ok(Duration::from_secs_f64(seconds)),
        _ => Err(UsageError::Value { name: "time for a check", value: text.clone(), range: "0.001 to 10 seconds" }),
    }
}

/// The part of that time in which names and servers may answer; the rest is for finding the cause of trouble.
pub(super) fn for_servers(limit: Duration) -> Duration {
    if limit >= 2 * FOR_CAUSES { limit - FOR_CAUSES } else { limit / 2 }
}
