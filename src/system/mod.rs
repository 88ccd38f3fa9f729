//! What the program does to, and learns from, the machine: the clock, the RTC, the network, names.
//!
//! Each effect is a trait with a real form; a dry run is a form that records and sets nothing, tests bring their own.

pub mod adjfile;
pub mod changes;
mod clock;
pub mod config_files;
mod control;
pub mod daemons;
mod examine;
#[allow(unsafe_code, reason = "the one place for system calls that no crate wraps")]
mod ffi;
mod flood;
pub mod history_file;
pub mod kernel_zone;
mod network;
mod output;
mod patient_resolver;
mod privilege;
mod probe;
mod progress;
mod resolver;
pub mod rtc;
pub mod rtc_device;
pub mod rtc_error;
pub mod rtc_tick;
pub mod state;

pub use clock::{Clock, ClockChange, ClockError, DryClock, SystemClock};
pub use control::{MAX_ASKED, ask_about_itself};
pub use examine::examine;
pub use network::{Network, UdpNetwork};
pub use output::{LineWriter, complain, local_zone};
pub use patient_resolver::PatientResolver;
pub use privilege::become_user;
pub use probe::gather_evidence;
pub use progress::{NoProgress, Progress, TerminalProgress};
pub use resolver::{Resolver, SystemResolver};
