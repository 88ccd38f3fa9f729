//! A key exchange that came to nothing, and what is known besides.

use crate::nts::KeyFailure;
use crate::time::Time;

/// A key exchange that came to nothing.
pub(crate) struct Failed<'a> {
    /// The server's name.
    pub(crate) name: &'a str,
    /// The TCP port of its key exchange.
    pub(crate) port: u16,
    /// Why.
    pub(crate) failure: &'a KeyFailure,
    /// What this machine's clock says.
    pub(crate) now: Time,
    /// Whether its port for plain NTP answers, where that was tried.
    pub(crate) answers_plainly: Option<bool>,
}
