//! One-shot time client and RTC tool for Linux.
#![deny(unsafe_code)]

pub mod cli;
pub mod estimate;
pub mod exchange;
pub mod hwclock;
pub mod net;
pub mod policy;
pub mod system;
pub mod time;
pub mod wire;
