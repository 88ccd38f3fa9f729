//! A check in one line: `NTP LEVEL: text | performance data`, by the Monitoring Plugins Development Guidelines.

mod plugin;
mod troubles;

use crate::plural::verb;
use troubles::{agrees, is_trouble, lies, status_line, troubles};

use super::{Context, agreement, causes};
use crate::check::Level;
use crate::estimate::{Estimate, NoEstimate};
use crate::outcome::{Conclusion, Outcome};
use crate::plan::{CheckForm, CheckPlan};

/// So many servers that agree are named.
const NAMED: usize = 8;

/// What the check came to.
pub fn check_level(outcome: &Outcome, check: &CheckPlan) -> Level {
    match (&outcome.conclusion, check.form) {
        (Conclusion::NobodyToAsk, _) => Level::Unknown,
        (_, CheckForm::CheckNtpTime { quiet }) => plugin::level(outcome, check, quiet),
        (Conclusion::NoEstimate(_), CheckForm::Own) => Level::Critical,
        (Conclusion::Decided { estimate, .. }, CheckForm::Own) => {
            let of_servers = if outcome.servers.iter().any(lies) { Level::Warning } else { Level::Ok };
            of_servers
                .worse(check.offset.level(seconds(estimate)))
                .worse(check.stratum.level(stratum(estimate, outcome)))
        }
    }
}

/// Whether a name or a server has no part in the result: then there is a cause to be found.
pub fn check_has_trouble(outcome: &Outcome) -> bool {
    outcome.hosts.iter().any(|host| host.addresses.is_err()) || outcome.servers.iter().any(is_trouble)
}

/// The line. Only its end, the performance data, follows a bar.
pub fn check_line(outcome: &Outcome, context: &Context<'_>, check: &CheckPlan) -> String {
    match check.form {
        CheckForm::CheckNtpTime { quiet } => plugin::line(outcome, context, check, quiet),
        CheckForm::Own => {
            let level = check_level(outcome, check);
            let mut parts = vec![head(outcome, context, check)];
            parts.extend(troubles(outcome));
            let data = performance(outcome, context, check);
            format!("{}{data}", status_line(level, &parts.join("; ")))
        }
    }
}

/// The line of a check that failed itself.
pub fn check_failed(text: &str) -> String {
    status_line(Level::Unknown, text)
}

fn seconds(estimate: &Estimate) -> f64 {
    estimate.offset.as_secs_f64()
}

/// The stratum of the server that the offset is mostly from.
fn stratum(estimate: &Estimate, outcome: &Outcome) -> f64 {
    let peer = outcome.servers.get(estimate.system_peer).and_then(|server| server.peer.as_ref());
    // Sixteen says: not synchronised.
    f64::from(peer.map_or(16, |peer| peer.stratum))
}

/// What was found, or why there is nothing.
fn head(outcome: &Outcome, context: &Context<'_>, check: &CheckPlan) -> String {
    let estimate = match &outcome.conclusion {
        Conclusion::NobodyToAsk => return "no server can be asked".to_owned(),
        Conclusion::NoEstimate(NoEstimate::NoServer) => return "no server gives a time that can be used".to_owned(),
        Conclusion::NoEstimate(NoEstimate::NoMajority(split)) => return causes::disagreement(split, outcome, context),
        Conclusion::NoEstimate(NoEstimate::TooFew { agreeing, wanted }) => {
            return agreement::too_few(*agreeing, *wanted);
        }
        Conclusion::Decided { estimate, .. } => estimate,
    };
    let beyond = |thresholds: &crate::check::Thresholds, value: f64| {
        let range = match thresholds.level(value) {
            Level::Critical => thresholds.critical,
            Level::Warning => thresholds.warning,
            Level::Ok | Level::Unknown => None,
        };
        range.map_or(String::new(), |range| format!(" ({} {range})", range.side()))
    };
    let stratum = stratum(estimate, outcome);
    format!(
        "offset {} s{}, error bound {:.6} s, stratum {stratum}{}, {} of {} {}",
        context.offset(estimate.offset),
        beyond(&check.offset, seconds(estimate)),
        estimate.bound,
        beyond(&check.stratum, stratum),
        estimate.agreeing,
        agreement::voters(context.plan, estimate.voters),
        verb(estimate.agreeing, "agrees", "agree"),
    ) + &names(outcome)
}

fn names(outcome: &Outcome) -> String {
    let named: Vec<String> = outcome
        .servers
        .iter()
        .filter(|server| agrees(server))
        .take(NAMED)
        .map(|server| outcome.shown(server))
        .collect();
    match outcome.servers.iter().filter(|server| agrees(server)).count() - named.len() {
        0 => format!(": {}", named.join(", ")),
        more => format!(": {} and {more} more", named.join(", ")),
    }
}

fn performance(outcome: &Outcome, context: &Context<'_>, check: &CheckPlan) -> String {
    let Conclusion::Decided { estimate, .. } = &outcome.conclusion else { return String::new() };
    format!(
        " | offset={:.6}s;{} bound={:.6}s;;;0 stratum={};{};0;16 agreeing={};;{}:;0 voters={};;;0",
        estimate.offset,
        check.offset.in_performance_data(),
        estimate.bound,
        stratum(estimate, outcome),
        check.stratum.in_performance_data(),
        estimate.agreeing,
        context.plan.rules.min_agreeing,
        estimate.voters,
    )
}
