//! What sets clocks: each in a virtual machine of its own.

mod confinement;
mod discipline;
mod doctor;
mod inits;
mod json;
mod leap;
mod mistyped_key;
mod newcomer;
mod phc;
mod rhwclock;
mod rhwclock_files;
mod rtc_tick;
mod smoke;
#[path = "../support/mod.rs"]
mod support;
mod sync;
mod unattended;
mod unreadable_clock;
