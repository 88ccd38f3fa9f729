//! One-shot time client and RTC tool for Linux.
#![deny(unsafe_code)]

pub mod estimate;
pub mod exchange;
pub mod net;
pub mod policy;
pub mod system;
pub mod time;
pub mod wire;
