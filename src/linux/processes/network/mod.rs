//! The way to the process that has the sockets.
//!
//! It is given sockets that are open and connected, so that it needs no right to open one and no call to reach anybody else. What
//! it says is believed as far as servers could have brought it about: see [`crate::exchange::Mirror`].

mod dialogue;
mod distant;
mod hearing;
mod process;
mod servers;
#[cfg(test)]
mod tests;

pub use process::{NetworkProcess, Source};
