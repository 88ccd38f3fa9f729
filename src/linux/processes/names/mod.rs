//! The helper that looks up names, and the way to it.

mod asked;
mod helper;
mod literals;
mod messages;
mod process;
mod resolver;
#[cfg(test)]
mod tests;

pub(super) use helper::serve;
pub(super) use literals::{Literals, has_name};
pub(super) use process::Names;
