//! Symmetric key authentication: the code that follows a packet and proves that its sender knows a secret.
//!
//! A message authentication code is a key number and a digest of secret and packet (RFC 5905 §7.3 and A.5.2: a plain digest,
//! not HMAC), or a key number and the AES-CMAC of the packet (RFC 8573). Everything before the key number is covered: header and extension fields.

mod algorithm;
mod digest;
mod mac_fault;
#[cfg(test)]
mod tests;
mod trailer;

use std::fmt;
use std::num::NonZeroU32;

use subtle::ConstantTimeEq as _;
use thiserror::Error;
use zeroize::Zeroizing;

use super::packet::HEADER_LEN;

pub use algorithm::Algorithm;
pub use mac_fault::MacFault;

/// The number of a key, the same on both sides; 0 stands for no key (RFC 5905 §7.3).
pub type KeyId = NonZeroU32;

/// A secret that cannot be a key of its algorithm: its length and the length that it has to have, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SecretLength {
    /// No secret.
    #[error("the secret is empty")]
    Empty,
    /// AES takes keys of one length only.
    #[error("a secret for {algorithm} has {wanted} bytes, and this one has {found}")]
    Fixed {
        /// Which algorithm.
        algorithm: Algorithm,
        /// Bytes that it takes.
        wanted: usize,
        /// Bytes that there are.
        found: usize,
    },
}

/// A key. What is printed of it never shows the secret, which is wiped when the key goes.
#[derive(Clone)]
pub struct Key {
    id: KeyId,
    algorithm: Algorithm,
    secret: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("id", &self.id).field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

impl Key {
    /// A key with this number; fails where the secret's length does not fit the algorithm.
    pub fn new(id: KeyId, algorithm: Algorithm, secret: Zeroizing<Vec<u8>>) -> Result<Key, SecretLength> {
        let found = secret.len();
        match algorithm.secret_len() {
            _ if found == 0 => Err(SecretLength::Empty),
            Some(wanted) if wanted != found => Err(SecretLength::Fixed { algorithm, wanted, found }),
            _ => Ok(Key { id, algorithm, secret }),
        }
    }

    /// The key's number.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// How it makes codes.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Appends the code to a packet, in the form of the packet's own version.
    pub fn sign(&self, packet: &mut Vec<u8>) {
        let Some(digest) = digest::compute(self.algorithm, &self.secret, packet) else { return };
        let length = self.algorithm.sent_len(version(packet));
        packet.extend_from_slice(&self.id.get().to_be_bytes());
        packet.extend_from_slice(&digest[..length]);
    }

    /// Whether the code at the end of a datagram is this key's, for what stands before it.
    pub fn verify(&self, datagram: &[u8]) -> Result<(), MacFault> {
        let trailer = datagram.get(HEADER_LEN..).unwrap_or_default();
        let mac = trailer::find_mac(version(datagram), trailer)?;
        let (id, found) = mac.split_first_chunk().ok_or(MacFault::Missing)?;
        let id = u32::from_be_bytes(*id);
        if id != self.id.get() {
            return Err(MacFault::OtherKey(id));
        }
        // In older versions ntpd cuts a long digest off as in version 4, and chronyd does not.
        let lengths = [self.algorithm.sent_len(4), self.algorithm.sent_len(version(datagram))];
        if !lengths.contains(&found.len()) {
            return Err(MacFault::Length(found.len()));
        }
        let covered = &datagram[..datagram.len() - mac.len()];
        let digest = digest::compute(self.algorithm, &self.secret, covered).ok_or(MacFault::Digest)?;
        let is_same = digest[..found.len()].ct_eq(found);
        if is_same.into() { Ok(()) } else { Err(MacFault::Digest) }
    }
}

fn version(packet: &[u8]) -> u8 {
    packet.first().map_or(0, |first| first >> 3 & 7)
}
