//! This machine as it is: daemons, its zone, a look at the whole of it, commands that it runs.

pub(crate) mod after_step;
pub mod daemons;
mod examine;
pub mod local_zone;

pub use examine::examine;
pub use local_zone::{LocalZone, local_zone};
