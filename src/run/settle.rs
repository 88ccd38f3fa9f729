//! A second measurement for a clock of which nothing is known (--settle).

use anyhow::Result;

use super::lines::log;
use crate::discipline::History;
use crate::line::{Line, Priority};
use crate::linux::SystemClock;
use crate::machine::Clock as _;
use crate::outcome::{ExitStatus, Outcome};
use crate::plan::Plan;

/// Whether a run that ended so measures again: it has set the clock, and could not know the frequency yet.
pub(crate) fn is_due(plan: &Plan, first: &Outcome) -> bool {
    let is_set = matches!(first.exit_status(), ExitStatus::Done | ExitStatus::RtcNotSet);
    !plan.is_dry()
        && plan.may_measure_again()
        && is_set
        && first.taught.as_ref().is_some_and(|taught| !taught.update.is_known)
}

/// Measures again where the plan has it and the run, which set the clock, could not know the frequency yet. `say` is told before
/// the wait. Nothing where that is not needed, or in vain: the clock is set all the same.
pub(crate) fn again(
    plan: &Plan,
    first: &Outcome,
    say: &mut dyn FnMut(Line),
    attempt: impl FnOnce(&Plan, &History) -> Result<Outcome>,
) -> Option<Outcome> {
    let span = plan.history.as_ref()?.settle?;
    let update = &first.taught.as_ref()?.update;
    if !is_due(plan, first) {
        return None;
    }
    let text = "the clock is set, and nothing is known of its frequency yet";
    say(log(Priority::Info, format!("discipline: {text}: measuring again in {:.0} s (--settle)", span.as_secs_f64())));
    SystemClock.sleep(span);
    // What follows a set clock has been done.
    let plan = Plan { rtc: None, ..plan.clone() };
    let second = attempt(&plan, &update.history).ok()?;
    if second.taught.is_none() {
        say(log(
            Priority::Warning,
            "discipline: the second measurement failed; the next run makes up for it".to_owned(),
        ));
        return None;
    }
    Some(second)
}
