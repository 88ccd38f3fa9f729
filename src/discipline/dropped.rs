//! Why earlier points are of no use any more.

use std::time::Duration;

use thiserror::Error;

use crate::time::Interval;

/// What a run contradicts, or why earlier points are of no use any more. The frequency that they taught is kept.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
pub enum Dropped {
    /// The raw clock started anew.
    #[error("the machine was booted since")]
    Reboot,
    /// The raw clock stood still.
    #[error("the machine was suspended since, for {:.0} s", .0.as_secs_f64())]
    Suspension(Duration),
    /// The raw clock is not where it was: a virtual machine was put back, or the file is another machine's.
    #[error("the raw clock went back since")]
    RawClock,
    /// The servers' time is not where it has to be, by this much.
    #[error("the servers' time moved by {0:+.6} s against what was expected")]
    Jump(Interval),
    /// The same, against what many runs have shown.
    #[error("the servers' time moved by {0:+.6} s against what earlier runs have shown")]
    Doubted(Interval),
    /// Two runs in a row have jumped, as if the oscillator had changed.
    #[error("by two runs the frequency is another by {:+.3} ppm", .0 * 1e6)]
    Frequency(f64),
    /// The servers' time jumped back to where it was; so many runs since were wrong.
    #[error("the servers' time is back where it was, and what {} showed since is dropped", runs(*.0))]
    Back(usize),
}

fn runs(number: usize) -> String {
    if number == 1 { "one run".to_owned() } else { format!("{number} runs") }
}

impl Dropped {
    /// Whether the earlier points are of no use any more.
    pub fn is_total(&self) -> bool {
        !matches!(self, Dropped::Doubted(_) | Dropped::Frequency(_) | Dropped::Back(_))
    }
}
