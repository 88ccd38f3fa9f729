//! What is wrong with a code.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Why a packet's code proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error, Serialize, Deserialize)]
pub enum MacFault {
    /// No code.
    #[error("no MAC")]
    Missing,
    /// The server says that it could not verify our request (RFC 5905 §7.3: four bytes of zero).
    #[error("crypto-NAK")]
    CryptoNak,
    /// The code is made with another key; that key's number.
    #[error("key {0} instead of ours")]
    OtherKey(u32),
    /// The number of the key is right, and what follows is too short or too long for its digest; in bytes, without the number.
    #[error("MAC of {0} bytes, which the key's type does not make")]
    Length(usize),
    /// The number of the key is right, the digest is not: another secret, another algorithm, or a packet changed on its way.
    #[error("wrong digest")]
    Digest,
}
