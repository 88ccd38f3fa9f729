//! Lines of the log that a run makes itself.

use crate::line::{Channel, Line, Priority};
use crate::linux::SystemClock;
use crate::linux::host::LocalZone;
use crate::machine::Clock as _;

/// A line of the log, with the time that it is now.
pub(super) fn log(priority: Priority, text: String) -> Line {
    Line { channel: Channel::Log(priority), at: SystemClock.now().real, text }
}

/// A line on what is wrong with the local zone, which is read here once and for all: a confined run could not.
pub(crate) fn zone_line() -> Vec<Line> {
    LocalZone::get().warning().map(|text| log(Priority::Warning, text.to_owned())).into_iter().collect()
}
