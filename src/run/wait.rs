//! Trying until it works or the time is up.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::lines::log;
use super::retry::{Obstacle, timeout_of_try};
use crate::line::{Line, Priority};
use crate::linux::net::changes::NetworkChanges;
use crate::outcome::Outcome;
use crate::plan::Plan;

/// How long one try waits for names. A late answer is taken in by the next.
const NAMES: Duration = Duration::from_millis(700);

/// Makes the tries that the plan allows: one, or with --wait as many as it takes. The outcome is that of the last; `say` is
/// told once what is waited for. `changes` are listened to from before the first try, so that none is missed.
pub(crate) fn until_set(
    plan: &Plan,
    changes: &NetworkChanges,
    say: &mut dyn FnMut(Line),
    mut attempt: impl FnMut(&Plan) -> Result<Outcome>,
) -> Result<Outcome> {
    let Some(wait) = plan.unattended.wait else { return attempt(plan) };
    let (began, end) = (Instant::now(), wait.min(plan.deadline));
    let (mut tries, mut said) = (0, false);
    loop {
        let try_began = Instant::now();
        let outcome = attempt(&one_try(plan, tries, began.elapsed()))?;
        let left = end.saturating_sub(began.elapsed());
        let obstacle = match Obstacle::in_outcome(&outcome) {
            Some(obstacle) if !left.is_zero() => obstacle,
            _ => return Ok(outcome),
        };
        if !said {
            said = true;
            say(log(Priority::Info, format!("waiting up to {:.0} s for {}", wait.as_secs_f64(), obstacle.awaited())));
        }
        let changed = changes.wait(obstacle.pause(tries, try_began.elapsed()).min(left));
        if began.elapsed() >= end {
            return Ok(outcome);
        }
        tries = obstacle.tries(tries, changed);
    }
}

/// A try ends soon where nothing answers: the next one may be luckier.
fn one_try(plan: &Plan, tries: u32, elapsed: Duration) -> Plan {
    let mut plan = plan.clone();
    plan.deadline = plan.deadline.saturating_sub(elapsed);
    plan.names = plan.names.min(NAMES).min(plan.deadline);
    plan.pace.timeout = plan.pace.timeout.min(timeout_of_try(tries));
    plan.pace.most_lost = 1;
    plan
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::rntpdate::RntpdateCli;

    #[test]
    fn no_part_of_a_try_lasts_longer_than_the_run() {
        let cli = RntpdateCli::try_parse_from(["rntpdate", "--wait", "30", "--deadline", "10", "server"]).unwrap();
        let plan = Plan::new("rntpdate", &cli).unwrap();
        let names = |elapsed| one_try(&plan, 0, Duration::from_millis(elapsed)).names.as_millis();
        assert_eq!([0, 9000, 9900, 11_000].map(names), [700, 700, 100, 0]);
    }
}
