//! What earlier runs have to do with this one.

use crate::discipline::{History, learn, observe};
use crate::estimate::Estimate;
use crate::outcome::{Server, Taught};
use crate::policy::Decision;
use crate::system::Clock;

/// Learns from this run and the earlier ones, and puts the better offset into the estimate.
pub(super) fn teach(
    earlier: &History,
    servers: &[Server],
    estimate: &mut Estimate,
    clock: &dyn Clock,
) -> Option<Taught> {
    let run = observe(servers, estimate, clock.boot(), &clock.now());
    let lesson = learn(earlier, &run)?;
    estimate.move_to(lesson.offset_at(&clock.now()));
    Some(Taught { lesson, kernel: clock.frequency().ok(), set: None })
}

/// Gives the kernel the frequency, if the data support one.
pub(super) fn tune(clock: &mut dyn Clock, decision: Decision, taught: &mut Taught) -> Result<(), String> {
    let is_refused = matches!(decision, Decision::Refuse(_));
    if taught.lesson.is_known && !is_refused {
        let frequency = taught.lesson.frequency.value;
        clock.set_frequency(frequency).map_err(|error| error.to_string())?;
        taught.set = Some(frequency);
    }
    Ok(())
}
