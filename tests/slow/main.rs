//! What takes minutes: most of it waits, or builds.

mod between;
mod boot;
mod cron;
mod package;
#[path = "../support/mod.rs"]
mod support;
