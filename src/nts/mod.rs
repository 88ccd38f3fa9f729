//! Network Time Security as a run sees it (RFC 8915): what is asked of a key exchange and what comes of it, what is kept between
//! runs, and what a certificate is worth to a clock that may be wrong. Pure.
#![forbid(unsafe_code)]

pub mod boot;
mod failure;
pub mod jar;
mod key_exchange;

pub use failure::{KeyFailure, Stage};
pub use key_exchange::{Established, KeyOrder, NewAssociation};
