//! The last lines of a run: what came of it, and what went wrong besides.

use super::context::Context;
use super::{agreement, causes};
use crate::estimate::NoEstimate;
use crate::line::{Channel, Line, Priority};
use crate::outcome::{Conclusion, Outcome};
use crate::policy::Decision;

pub(super) fn conclusion(outcome: &Outcome, context: &Context<'_>) -> Vec<Line> {
    let line = |priority, text: String| Line { channel: Channel::Log(priority), at: outcome.finished, text };
    match &outcome.conclusion {
        Conclusion::NobodyToAsk => vec![line(Priority::Error, "no servers can be used, exiting".to_owned())],
        Conclusion::NoEstimate(reason) => {
            let mut lines = Vec::new();
            match reason {
                NoEstimate::NoMajority(split) => {
                    lines.push(line(Priority::Error, causes::disagreement(split, outcome, context)));
                }
                NoEstimate::TooFew { agreeing, wanted } => {
                    lines.push(line(Priority::Error, agreement::too_few(*agreeing, *wanted)));
                }
                NoEstimate::NoServer => {}
            }
            lines.push(line(Priority::Error, "no server suitable for synchronization found".to_owned()));
            lines
        }
        Conclusion::Decided { failure: Some(failure), .. } => vec![line(Priority::Error, failure.clone())],
        Conclusion::Decided { estimate, decision, failure: None } => {
            let server = outcome.shown_at(estimate.system_peer).unwrap_or_default();
            let offset = context.offset(estimate.offset);
            let is_vague = context.plan.policy.is_vague(estimate.offset, estimate.bound);
            let vague = (*decision == Decision::Slew && is_vague).then(|| {
                let bound = estimate.bound;
                let text =
                    format!("the offset is within its error bound of {bound:.6} sec: no step (-b steps all the same)");
                line(Priority::Notice, text)
            });
            let last = match decision {
                Decision::Step => line(Priority::Notice, format!("step time server {server} offset {offset} sec")),
                Decision::Slew => line(Priority::Notice, format!("adjust time server {server} offset {offset} sec")),
                Decision::Refuse(refusal) => {
                    line(Priority::Error, format!("clock not set: server {server} offset {offset} sec: {refusal}"))
                }
            };
            vague.into_iter().chain([last]).collect()
        }
    }
}

pub(super) fn warnings(outcome: &Outcome) -> Vec<Line> {
    let line =
        |text: &String| Line { channel: Channel::Log(Priority::Warning), at: outcome.finished, text: text.clone() };
    outcome.warnings.iter().map(line).collect()
}
