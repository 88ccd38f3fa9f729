//! What the servers agree on, and how many of them.

use super::Context;
use crate::line::{Channel, Line, Priority};
use crate::outcome::{Conclusion, Outcome};
use crate::plan::Plan;
use crate::plural;
use crate::plural::verb;

/// The line of -v on a majority; nothing where there is none.
pub(super) fn lines(outcome: &Outcome, context: &Context<'_>) -> Vec<Line> {
    let line = |text| Line { channel: Channel::Log(Priority::Info), at: outcome.finished, text };
    text(outcome, context).map(line).into_iter().collect()
}

/// How many agree, on what, and how exactly that is known.
pub(super) fn text(outcome: &Outcome, context: &Context<'_>) -> Option<String> {
    let Conclusion::Decided { estimate, .. } = &outcome.conclusion else { return None };
    let (low, high) = (context.offset(estimate.span.low), context.offset(estimate.span.high));
    let agreeing = estimate.agreeing;
    Some(format!(
        "{agreeing} of {} {}, common interval {low} to {high} sec, error bound {:.6}",
        voters(context.plan, estimate.voters),
        verb(agreeing, "agrees", "agree"),
        estimate.bound
    ))
}

/// A name alone has no others to agree with: its servers are counted.
pub(super) fn voters(plan: &Plan, count: usize) -> String {
    plural::counted(count, if plan.rules.lone_name { "server" } else { "name" })
}

/// Why a majority of so few is not enough.
pub(super) fn too_few(agreeing: usize, wanted: usize) -> String {
    format!("too few servers agree: {agreeing} {}, and --min-servers wants {wanted}", verb(agreeing, "agrees", "agree"))
}
