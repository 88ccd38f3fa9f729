//! Sockets, names, and what the kernel tells of the network.

pub mod changes;
mod control;
mod flood;
pub(crate) mod lookup;
pub(crate) mod lookups;
pub(crate) mod name_servers;
mod neighbours;
#[cfg(feature = "nts")]
pub mod nts;
mod probe;
mod refusals;
pub(crate) mod resolver;
mod survey;
pub(crate) mod tcp;
mod udp;
mod ways;

pub use control::{MAX_ASKED, ask_about_itself};
pub use probe::{Requests, answer_plainly, gather_evidence, own_addresses};
pub use resolver::SystemResolver;
pub use survey::{Arrived, SurveySockets};
pub use udp::UdpNetwork;
pub(crate) use udp::connected;
pub use ways::Ways;
