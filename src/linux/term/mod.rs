//! Output: the two streams, syslog, and how far a run is on a terminal.

mod bounded;
mod output;
mod progress;

pub use bounded::Bounded;
pub use output::{LineWriter, complain, long_writes_fail, print};
pub use progress::{Bar, TerminalProgress};
