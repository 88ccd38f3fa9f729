//! Least privilege, seen from outside, and what still works with it, in a virtual machine with real servers outside of it.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

mod calls;
mod names;
mod status;
mod sudo;
mod works;

use std::time::Duration;

use crate::support::guest::GuestRun;
use crate::support::lab::{Lab, TOOLS, lines, say};

#[track_caller]
fn run(lab: &Lab, script: &str) -> GuestRun {
    let tools = include_str!("tools.sh");
    let run = lab.guest(&format!("{TOOLS}{tools}{script}")).timeout(Duration::from_secs(200)).run();
    assert_eq!(run.status, 0, "{}", run.console);
    run
}
