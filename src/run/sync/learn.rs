//! What earlier runs have to do with this one.

use super::observe::observe;
use crate::discipline::{History, learn};
use crate::estimate::Estimate;
use crate::machine::Clock;
use crate::outcome::{Server, Taught};
use crate::plan::{Plan, Tuning};
use crate::policy::Decision;

/// Learns from this run and the earlier ones, and puts the better offset into the estimate.
pub(super) fn teach(
    earlier: &History,
    servers: &[Server],
    estimate: &mut Estimate,
    clock: &dyn Clock,
) -> Option<Taught> {
    let run = observe(servers, estimate, clock.boot(), &clock.now());
    let update = learn(earlier, &run)?;
    estimate.move_to(update.offset_at(&clock.now()));
    Some(Taught { update, kernel: clock.frequency().ok(), is_first: false, is_asked: true, set: None })
}

/// Gives the kernel the frequency, if the data support one, and the plan lets it.
pub(super) fn tune(plan: &Plan, clock: &mut dyn Clock, decision: Decision, taught: &mut Taught) -> Result<(), String> {
    let tuning = plan.history.as_ref().map_or(Tuning::Asked, |history| history.tuning);
    let update = &mut taught.update;
    let is_let = match tuning {
        Tuning::Asked => true,
        Tuning::WhenRegular => update.history.tuned || update.is_regular,
        Tuning::Never => false,
    };
    taught.is_asked = tuning == Tuning::Asked;
    if update.is_known && is_let && !matches!(decision, Decision::Refuse(_)) {
        let frequency = update.frequency.value;
        clock.set_frequency(frequency).map_err(|error| error.to_string())?;
        taught.is_first = tuning == Tuning::WhenRegular && !update.history.tuned;
        update.history.tuned |= tuning == Tuning::WhenRegular;
        taught.set = Some(frequency);
    }
    Ok(())
}
