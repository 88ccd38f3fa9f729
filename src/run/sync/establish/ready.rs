//! Servers that can be asked.

use std::net::SocketAddr;

/// A server that is to be asked from now on, or once more.
#[derive(Debug)]
pub(in crate::run::sync) struct Ready {
    /// The place of the name that leads to it.
    pub place: usize,
    /// Where it listens.
    pub address: SocketAddr,
    /// Whether the server is asked already, and goes on by new keys.
    pub is_renewal: bool,
    /// Whether the key exchange was made with this address, be it that of an earlier run.
    pub is_own: bool,
}
