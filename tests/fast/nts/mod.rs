//! Network Time Security: key exchanges with servers of any kind, on loopback.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod certificates;
mod hostile;
mod many;
mod month;

use rntpdate::internals::nts::KeyOrder;

use crate::support::nts::certificates::{Authority, Issued, Validity};
use crate::support::nts::client::{Client, NAME, at};

/// A certificate for [`NAME`] from an authority, and the authority.
fn good() -> (Authority, Issued) {
    let authority = Authority::new("Test Root");
    let issued = authority.issue(&[NAME], Validity::good());
    (authority, issued)
}
