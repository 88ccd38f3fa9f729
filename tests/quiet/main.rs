//! What measures times so finely, or floods so hard, that the machine has to be quiet otherwise: `tests/run` has it run alone.

#[path = "../attacks/mod.rs"]
mod attacks;
mod boot;
mod rhwclock_accuracy;
mod rhwclock_differential;
mod rtc;
#[path = "../support/mod.rs"]
mod support;
