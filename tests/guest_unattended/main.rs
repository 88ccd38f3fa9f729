//! Runs that nobody watches, on a machine whose clock may be set.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

mod boot;
mod notes;
#[path = "../support/ntpserver/mod.rs"]
mod ntpserver;
mod rules;
#[path = "../support/mod.rs"]
mod support;
mod words;

use support::guest::{Guest, GuestRun};
use support::lab::{Lab, say};

/// A guest with `run`, which prints the status of the program.
fn guest<'a>(lab: &'a Lab, script: &str) -> Guest<'a> {
    lab.guest(&format!("run() {{ rntpdate \"$@\"; echo \"status $?\"; }}\n{script}"))
}

fn run(lab: &Lab, script: &str) -> GuestRun {
    let run = guest(lab, script).run();
    assert_eq!(run.status, 0, "{}", run.console);
    run
}

/// The statuses that `run` printed, in order.
fn statuses(run: &GuestRun) -> Vec<&str> {
    run.console.lines().filter_map(|line| line.strip_prefix("status ")).collect()
}
