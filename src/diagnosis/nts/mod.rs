//! Network Time Security: why a key exchange came to nothing, and why replies proved nothing.

mod certificate;
mod failed;
mod key_exchange;
mod replies;
#[cfg(test)]
mod tests;
mod way;

pub(crate) use failed::Failed;
pub(crate) use key_exchange::key_exchange;
pub(super) use replies::{also_came, deaf, is_refused, proven, refused, unproven, wrong_dates};
