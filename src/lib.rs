//! One-shot time client and RTC tool for Linux.
#![deny(unsafe_code)]

pub mod system;
pub mod time;
