//! What the program does to, and learns from, the machine: the clock, the RTC, the network, names.
//!
//! Each effect is a trait with a real form; a dry run is a form that records and sets nothing, tests bring their own.

pub mod adjfile;
mod after_step;
pub mod changes;
mod clock;
pub mod config_files;
pub mod confine;
mod control;
pub mod daemons;
mod examine;
#[allow(unsafe_code, reason = "the one place for system calls that no crate wraps")]
mod ffi;
mod flood;
mod helper;
pub mod history_file;
pub mod kernel_zone;
pub mod key_file;
pub mod local_zone;
pub mod lock;
mod lookups;
mod name_servers;
mod network;
mod output;
pub mod privilege;
mod probe;
mod progress;
pub mod public_file;
pub mod random;
mod refusals;
pub mod replace;
mod resolver;
pub mod rtc;
pub mod rtc_device;
pub mod rtc_error;
pub mod rtc_tick;
pub mod state;
mod ways;

pub use clock::{Clock, ClockChange, ClockError, DryClock, SystemClock};
pub use control::{MAX_ASKED, ask_about_itself};
pub use examine::examine;
pub use helper::{Helpers, Keeper, look_up_user};
pub use local_zone::{LocalZone, local_zone};
pub use lookups::Answer;
pub use network::{Network, UdpNetwork};
pub use output::{LineWriter, complain, long_writes_fail};
pub use privilege::may_set_clock;
pub use probe::{gather_evidence, own_addresses};
pub use progress::{NoProgress, Progress, TerminalProgress};
pub use resolver::{Lookups, Resolver, SystemResolver, known};
pub use ways::Ways;
