//! What earlier runs teach about this machine's oscillator: its frequency error, and a better offset. Pure.
//!
//! The raw monotonic clock is one that nothing steps, slews or tunes. "The servers' time minus the raw clock" therefore
//! stays comparable from run to run, whatever became of the system clock, and its slope is the frequency correction that
//! the kernel needs. Each run adds its samples to a history. For each run and server they come to one window in which the
//! server's time lies ([`window`]); all windows go through a bank of Kalman filters, each of which takes the oscillator to wander
//! in another way, and the data decide whom to believe ([`bank`]). A run that contradicts many is doubted ([`trust`]), and no
//! estimate leaves what the last measurements bound ([`bounds`]).
#![forbid(unsafe_code)]

mod bank;
mod bounds;
mod drift_file;
mod dropped;
mod history;
mod kalman;
mod parse;
mod replay;
mod review;
mod slope;
#[cfg(test)]
mod tests;
mod text;
mod trust;
mod update;
mod window;

pub use drift_file::{DriftFileError, parse_drift_file};
pub use dropped::Dropped;
pub use history::{Boot, Break, History, Point, Run};
pub use parse::{BadHistory, judge, parse};
pub use review::review;
pub use text::render;
pub use update::{Update, learn};

/// No frequency beyond this one is ever estimated or set: the kernel's own limit, 500 ppm.
pub const MAX_FREQUENCY: f64 = 500e-6;
/// The most points that a history holds; the oldest go first.
pub const MAX_POINTS: usize = 512;
/// The most runs that a history holds.
pub const MAX_RUNS: usize = 64;
/// The most points that one run adds.
pub const MAX_POINTS_OF_RUN: usize = 8;
