//! Where the code is in what follows a header.

use super::algorithm::MAX_DIGEST;
use super::mac_fault::MacFault;

/// Bytes of a key's number.
const ID: usize = 4;
/// The shortest extension field (RFC 7822 §3).
const MIN_FIELD: usize = 16;

/// The code, key number included: all of the trailer before version 4, else what the extension fields leave (RFC 7822 §3).
/// At most so much is left that no extension field can be meant.
pub(super) fn find_mac(version: u8, trailer: &[u8]) -> Result<&[u8], MacFault> {
    let mut rest = trailer;
    while version >= 4 && rest.len() > ID + MAX_DIGEST {
        // A field's type, its length in all, and what it says.
        let length = usize::from(u16::from_be_bytes([rest[2], rest[3]]));
        if length < MIN_FIELD || length % 4 != 0 || length > rest.len() {
            break;
        }
        rest = &rest[length..];
    }
    match rest {
        [] => Err(MacFault::Missing),
        [0, 0, 0, 0] => Err(MacFault::CryptoNak),
        mac => Ok(mac),
    }
}
