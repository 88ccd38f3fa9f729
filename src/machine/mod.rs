//! What a run wants of a machine: the clock, the RTC, other clocks, the network, names, the adjtime file.
//!
//! Each effect is a trait. [`crate::linux`] has the real forms; a dry run is a form that records and sets nothing, tests bring
//! their own.
#![forbid(unsafe_code)]

mod adjtime;
mod clock;
mod cookies;
pub mod here;
mod kernel_zone;
mod key_exchanges;
mod names;
mod network;
pub mod phc;
mod progress;
pub mod rtc;
pub mod rtc_error;
mod servers;

pub use adjtime::{AdjfileError, AdjtimeStore};
pub use clock::{Clock, ClockError, DryClock};
pub use cookies::{CookieStore, NtsState};
pub use here::{Here, KeyWay};
pub use kernel_zone::{DryZone, KernelZone};
pub use key_exchanges::KeyExchanges;
pub use names::{Answer, Lookups, Resolver, known};
pub use network::Network;
pub use progress::{NoProgress, Progress};
pub use servers::{Dialogue, DialogueError, Progressed, Servers};
