//! What Linux gives to a run: the clock, the RTC, sockets, files, processes without rights, the terminal.

mod clock;
#[allow(unsafe_code, reason = "the one place for system calls that no crate wraps")]
mod ffi;
pub mod files;
pub mod host;
pub mod kernel_zone;
pub mod net;
pub mod phc;
pub mod processes;
pub mod random;
pub mod rtc;
pub mod sandbox;
pub mod term;
mod timex;

pub use clock::SystemClock;
