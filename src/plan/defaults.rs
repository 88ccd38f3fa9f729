//! What holds where the command line says nothing, and the limits of what it may say.
#![forbid(unsafe_code)]

use std::time::Duration;

use crate::estimate::Limits;
use crate::time::Interval;

pub(super) const PORT: u16 = 123;
pub(super) const TIMEOUT: Duration = Duration::from_secs(2);
/// ntpd's `restrict … limited` drops what comes sooner.
pub(super) const POLITE: Duration = Duration::from_secs(2);
pub(super) const BURST: Duration = Duration::from_millis(50);
/// What the run may spend on names when --deadline does not say otherwise.
pub(super) const NAMES: Duration = Duration::from_secs(15);
/// Longer times than a day are slips of the pen.
pub(super) const MAX_SECONDS: f64 = 86_400.0;
/// What reading the clock costs, at the most.
pub(super) const CLOCK_PRECISION: Interval = Interval::from_micros(1);
pub(super) const STEP_THRESHOLD: Interval = Interval::from_micros(500_000);
pub(super) const LIMITS: Limits = Limits {
    delay: Interval::from_secs(8),
    root_distance: Interval::from_secs(3),
    reference_age: Interval::from_secs(86_400),
};
/// No run that sets a clock, or could, asks more servers than this.
pub const MAX_SERVERS: usize = 256;
pub(super) const MAX_AGREEING: u16 = MAX_SERVERS as u16;

/// ntpd's and ntpdate's.
pub(super) const KEY_FILE: &str = "/etc/ntp.keys";
