//! A run that nobody watches: what matters, in one line.

use super::conclusion::{conclusion, warnings};
use super::{Context, agreement, causes, rtc};
use crate::estimate::NoEstimate;
use crate::line::{Channel, Line, Priority};
use crate::outcome::{Conclusion, Outcome};
use crate::plan::RunMode;
use crate::policy::Decision;

/// The lines of a run with --quiet, and of one that failed in spite of --wait; nothing for all other runs.
pub(super) fn lines(outcome: &Outcome, context: &Context<'_>) -> Option<Vec<Line>> {
    let (plan, output) = (context.plan, context.output());
    if plan.mode != RunMode::Sync || output.verbose || !(output.quiet || plan.unattended.wait.is_some()) {
        return None;
    }
    match &outcome.conclusion {
        Conclusion::NobodyToAsk | Conclusion::NoEstimate(_) => Some(vec![Line {
            channel: Channel::Log(Priority::Error),
            at: outcome.finished,
            text: failure(outcome, context),
        }]),
        Conclusion::Decided { decision: Decision::Slew, failure: None, .. } if output.quiet => Some(Vec::new()),
        Conclusion::Decided { .. } if output.quiet => Some(conclusion(outcome, context)),
        Conclusion::Decided { .. } => None,
    }
    .map(|mut lines| {
        if matches!(outcome.conclusion, Conclusion::Decided { .. }) {
            lines.extend(causes::contradictions(outcome));
        }
        let is_trouble = |line: &Line| matches!(line.channel, Channel::Log(Priority::Error | Priority::Warning));
        lines.extend(rtc::lines(outcome, context).into_iter().filter(is_trouble));
        lines.extend(rtc::failure(outcome));
        lines.extend(warnings(outcome));
        lines
    })
}

/// What failed, and each cause behind it.
fn failure(outcome: &Outcome, context: &Context<'_>) -> String {
    let (head, mut reasons) = match &outcome.conclusion {
        Conclusion::NobodyToAsk => ("no servers can be used", Vec::new()),
        Conclusion::NoEstimate(NoEstimate::NoMajority(split)) => {
            ("no server suitable for synchronization found", vec![causes::disagreement(split, outcome, context)])
        }
        Conclusion::NoEstimate(NoEstimate::TooFew { agreeing, wanted }) => {
            ("no server suitable for synchronization found", vec![agreement::too_few(*agreeing, *wanted)])
        }
        _ => ("no server suitable for synchronization found", Vec::new()),
    };
    let names =
        outcome.hosts.iter().filter_map(|host| Some(format!("{}: {}", host.name, host.addresses.as_ref().err()?)));
    reasons.extend(names);
    reasons.extend(causes::servers(outcome, context).into_iter().map(|line| line.text));
    if reasons.is_empty() { head.to_owned() } else { format!("{head}: {}", reasons.join("; ")) }
}
