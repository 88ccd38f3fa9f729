//! Runs that nobody watches, on a machine whose clock may be set.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

mod chance;
mod notes;
mod rules;
mod words;

use crate::support::guest::{Guest, GuestRun};
use crate::support::lab::{Lab, RUN, say, statuses};

/// A guest with `run`, which prints the status of the program.
fn guest<'a>(lab: &'a Lab, script: &str) -> Guest<'a> {
    lab.guest(&format!("{RUN}{script}"))
}

fn run(lab: &Lab, script: &str) -> GuestRun {
    let run = guest(lab, script).run();
    assert_eq!(run.status, 0, "{}", run.console);
    run
}
