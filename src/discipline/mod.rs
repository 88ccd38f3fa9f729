//! What earlier runs teach about this machine's oscillator: its frequency error, and a better offset. Pure.
//!
//! The raw monotonic clock is one that nothing steps, slews or tunes. "The servers' time minus the raw clock" therefore
//! stays comparable from run to run, whatever became of the system clock, and its slope is the frequency correction that
//! the kernel needs. Each run adds its samples to a history; all of it goes through a bank of Kalman filters, each of
//! which takes the oscillator to wander at another pace, and the data decide whom to believe.
#![forbid(unsafe_code)]

mod bank;
mod drift_file;
mod filter;
mod history;
mod lesson;
mod observe;
mod parse;
mod replay;
mod review;
#[cfg(test)]
mod tests;
mod text;

pub use drift_file::{DriftFileError, parse_drift_file};
pub use history::{Boot, Frequency, History, Point, Run};
pub use lesson::{Dropped, Lesson, learn};
pub use observe::observe;
pub use parse::{BadHistory, judge, parse};
pub use review::{Review, review};
pub use text::render;

/// No frequency beyond this one is ever estimated or set: the kernel's own limit, 500 ppm.
pub const MAX_FREQUENCY: f64 = 500e-6;
/// The most points that a history holds; the oldest go first.
pub const MAX_POINTS: usize = 256;
/// The most runs that a history holds.
pub const MAX_RUNS: usize = 64;
/// The most points that one run adds.
pub const MAX_POINTS_OF_RUN: usize = 8;
