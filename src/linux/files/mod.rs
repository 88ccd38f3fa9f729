//! Files: one bounded read, one replacement of the whole, and what is kept in which file.

pub mod adjtime;
pub mod config;
pub mod cookies;
pub mod history;
pub mod keys;
pub mod list;
pub mod lock;
pub mod look;
pub mod metrics;
pub mod public;
pub mod replace;
pub mod state;
pub mod text;
pub mod within;
