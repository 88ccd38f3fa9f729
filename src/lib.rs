//! One-shot time client and RTC tool for Linux.
#![deny(unsafe_code)]

pub mod cli;
pub mod command;
pub mod control;
pub mod diagnosis;
pub mod estimate;
pub mod exchange;
pub mod explain;
pub mod net;
pub mod outcome;
pub mod peers;
pub mod plan;
pub mod policy;
pub mod report;
pub mod selftest;
pub mod sync;
pub mod system;
pub mod time;
pub mod wire;
