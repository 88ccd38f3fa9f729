//! The command lines, as clap reads them.

pub mod rhwclock;
