//! Rights given up, and system calls refused.

pub mod confine;
pub mod invoker;
pub mod limits;
pub mod rights;

pub use rights::may_set_clock;
