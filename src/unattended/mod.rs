//! What stands around the pipeline in a run that nobody watches: who may run, when, how often, and what follows.

mod after;
mod entry;
mod patience;
mod penalties;
mod retry;
mod servers;
mod splay;

pub use after::leave;
pub use entry::{Entry, Pass, enter};
pub use patience::patiently;
pub use servers::find_servers;

use crate::report::{Channel, Line, Priority};
use crate::system::{Clock, SystemClock};

/// A line of the log, said now.
fn log(priority: Priority, text: String) -> Line {
    Line { channel: Channel::Log(priority), at: SystemClock.now().real, text }
}
