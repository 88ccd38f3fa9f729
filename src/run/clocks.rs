//! Hardware clocks of this machine, which are opened before rights are given up.

use std::time::{Duration, Instant};

use super::lines::log;
use crate::line::{Line, Priority};
use crate::linux::phc;
use crate::machine::phc::Clocks;
use crate::plan::Plan;

/// Opens the clocks of a plan. Where nobody else can be asked, --wait waits for the first of them; the time that this takes is part of
/// the run's. `say` is told once what is waited for.
pub(super) fn open(plan: &mut Plan, say: &mut dyn FnMut(&Plan, Line)) -> Clocks {
    let began = Instant::now();
    let wait = plan.unattended.wait.filter(|_| plan.is_local()).map_or(Duration::ZERO, |wait| wait.min(plan.deadline));
    let text = format!("waiting up to {:.0} s for a clock", wait.as_secs_f64());
    let mut waits = || say(plan, log(Priority::Info, text.clone()));
    let opened = phc::open_one_within(&plan.clocks, plan.is_dry(), plan.policy.floor, wait, &mut waits);
    plan.take_off(began.elapsed());
    Clocks::new(opened)
}
