//! The clock chip's arithmetic: its date and time, its drift, its tick, the adjtime file's form. Pure.
#![forbid(unsafe_code)]

pub mod adjtime;
pub mod drift;
pub mod rtc_time;
pub mod timeline;
pub mod write_effect;
