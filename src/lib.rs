//! rntpdate, a one-shot NTP client, and rhwclock, a tool for the hardware clock: the library under both programs.
//!
//! ```text
//! arguments → Plan → addresses → requests/replies → samples → one candidate per server → verdicts + estimate
//!           → decision → clock → RTC → Outcome → report
//! ```
//!
//! [`sync`] reads like that line. Everything left of an arrow is a value. The pure modules ([`time`], [`net`], [`wire`], [`zone`],
//! [`exchange`], [`estimate`], [`discipline`], [`policy`], [`plan`], [`outcome`], [`report`], [`config`], [`diagnosis`], the most of
//! [`hwclock`]) are given the time, random numbers and zones; what touches the machine stands behind the traits of [`system`].
//! [`unattended`] is what stands around a run under cron and at boot: who may run, when, how often, and what follows.
#![deny(unsafe_code)]

pub mod cli;
pub mod command;
pub mod config;
pub mod control;
pub mod diagnosis;
pub mod discipline;
pub mod doctor;
pub mod estimate;
pub mod exchange;
pub mod explain;
pub mod hwclock;
pub mod machine;
pub mod memory;
pub mod net;
pub mod outcome;
pub mod peers;
pub mod plan;
pub mod policy;
pub mod printable;
pub mod report;
pub mod selftest;
pub mod sync;
pub mod system;
pub mod time;
pub mod unattended;
pub mod wire;
pub mod zone;
