//! Options that would change nothing in what the command line asks for: whoever typed one expects that it does.
#![forbid(unsafe_code)]

use super::usage::UsageError;
use crate::cli::rntpdate::RntpdateCli;

/// Fails at the first option that is idle.
pub(super) fn check(cli: &RntpdateCli) -> Result<(), UsageError> {
    if cli.svg.is_some() && !cli.history_show {
        return Err(UsageError::WithoutHistoryShow("--svg"));
    }
    if cli.self_test && cli.systohc {
        return Err(UsageError::Idle("-w", "--self-test"));
    }
    let Some(mode) = mode(cli) else { return Ok(()) };
    let mut idle = vec![("--after-step", cli.after_step.is_some())];
    if cli.fleet.is_some() || cli.collect {
        idle.extend(of_the_clock(cli));
    }
    if cli.collect {
        idle.push(("--warning-stratum", cli.warning_stratum.is_some()));
        idle.push(("--critical-stratum", cli.critical_stratum.is_some()));
    }
    let first = idle.into_iter().find(|(_, is_given)| *is_given);
    first.map_or(Ok(()), |(option, _)| Err(UsageError::Idle(option, mode)))
}

/// The option that keeps the run from setting the clock. A dry run (-d) decides as one that sets it, and has all its options.
fn mode(cli: &RntpdateCli) -> Option<&'static str> {
    let modes = [
        ("--fleet", cli.fleet.is_some()),
        ("--collect", cli.collect),
        ("--check", cli.check),
        ("--doctor", cli.doctor),
        ("--peers", cli.peers),
        ("--self-test", cli.self_test),
        ("--history-show", cli.history_show),
        ("-q", cli.query && !cli.debug),
    ];
    modes.into_iter().find(|(_, is_given)| *is_given).map(|(mode, _)| mode)
}

/// What says how this machine's clock is set, or whom to trust with it.
fn of_the_clock(cli: &RntpdateCli) -> [(&'static str, bool); 8] {
    [
        ("--max-step", cli.max_step.is_some()),
        ("--max-first-step", cli.max_first_step.is_some()),
        ("--step-threshold", cli.step_threshold.is_some()),
        ("--forward-only", cli.forward_only),
        ("--mark-synced", cli.mark_synced),
        ("--force", cli.force),
        ("--accuracy", cli.accuracy.is_some()),
        ("--min-servers", cli.min_servers.is_some()),
    ]
}
