//! From what passed between us and a server, and what was found out besides, to what is wrong and what to do. Pure.
//!
//! A cause is named where the evidence tells it from the others; where it does not, all that fit are named.
#![forbid(unsafe_code)]

mod authentication;
mod brackets;
mod clock;
mod code;
mod dates;
mod distance;
mod fault;
mod fit;
mod found;
mod majority;
mod names;
pub(crate) mod nts;
mod reply;
mod silence;
pub(crate) mod smear;
pub(crate) mod sync_state;
mod verdict;

pub(crate) use brackets::with_port;
pub(crate) use distance::usual_cause;
pub use found::Diagnosis;
pub(crate) use majority::outlier;
pub use names::diagnose_name;
pub use verdict::diagnose;
