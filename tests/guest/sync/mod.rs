//! rntpdate sets the clock of a virtual machine by a real server outside of it.

mod backends;
mod company;
mod dry;
mod eras;
mod firewall;
mod log;
mod metrics;
mod network;
#[cfg(feature = "nts")]
mod nts;
mod readers;
mod rights;
mod slews;
mod steps;
mod stopped;

use std::time::Duration;

use crate::support::guest::{Guest, GuestRun};
use crate::support::lab::{Lab, TOOLS, lines};

/// How far from the server the clock may be after it was set, in seconds.
const TOLERANCE: f64 = 0.005;

/// A guest with the functions of `tools.sh`.
fn guest<'a>(lab: &'a Lab, script: &str) -> Guest<'a> {
    let tools = include_str!("tools.sh");
    lab.guest(&format!("{TOOLS}{tools}{script}")).timeout(Duration::from_secs(150))
}

/// The one of them that has `part` in it.
#[track_caller]
fn line<'a>(run: &'a GuestRun, key: &str, part: &str) -> &'a str {
    let found = lines(run, key).into_iter().find(|line| line.contains(part));
    found.unwrap_or_else(|| panic!("no line {key:?} with {part:?} in\n{}", run.console))
}

/// The offset in the last line of a run that succeeded, and what was done about it, `step` or `adjust`.
#[track_caller]
fn result(run: &GuestRun, name: &str) -> (&'static str, f64) {
    assert_eq!(run.value(&format!("{name}-status")), "0", "{}", run.console);
    let line = line(run, &format!("{name}-out"), " time server ");
    (if line.contains(": step ") { "step" } else { "adjust" }, offset_in(line))
}

/// Checks the clock against the server's, after `residual NAME`.
#[track_caller]
fn assert_set(run: &GuestRun, name: &str) {
    assert_within(run, name, TOLERANCE);
}

#[track_caller]
fn assert_within(run: &GuestRun, name: &str, tolerance: f64) {
    let [residual, delay] = ["residual", "delay"].map(|value| run.number(&format!("{name}-{value}")));
    println!("{name}: residual {:+.3} ms, measured with a delay of {:.3} ms", residual * 1e3, delay * 1e3);
    assert!(residual.abs() < tolerance, "{name}: {residual}\n{}", run.console);
}

/// The offset at the end of a line, in seconds.
#[track_caller]
fn offset_in(line: &str) -> f64 {
    let words = line.strip_suffix(" sec").and_then(|line| line.split(' ').next_back()?.parse().ok());
    words.unwrap_or_else(|| panic!("no offset in {line:?}"))
}

/// By how much the clock was moved between `clocks FROM` and `clocks TO`, in seconds.
fn moved(run: &GuestRun, from: &str, to: &str) -> f64 {
    let [from, to] = [from, to].map(|name| run.number(&format!("{name}-realtime_minus_raw")));
    (to - from) / 1e9
}
