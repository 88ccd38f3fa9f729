//! Symmetric key authentication: the code that follows a packet and proves that its sender knows a secret.
//!
//! It is a key number and a digest of secret and packet (RFC 5905 §7.3 and A.5.2: a plain digest, not HMAC), or a key number
//! and the AES-CMAC of the packet (RFC 8573). Everything before the key number is covered: header and extension fields.

mod digest;
#[cfg(test)]
mod tests;
mod trailer;

use std::fmt;
use std::num::NonZeroU32;

use subtle::ConstantTimeEq as _;
use thiserror::Error;
use zeroize::Zeroizing;

use super::packet::HEADER_LEN;

/// The number of a key, the same on both sides; 0 stands for no key (RFC 5905 §7.3).
pub type KeyId = NonZeroU32;

/// The longest digest that version 4 has room for: what is longer could be taken for an extension field (RFC 7822 §3), and
/// ntpd and chronyd cut it off there.
const MAX_DIGEST: usize = 20;

/// How a key makes a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// Digest of secret and packet with MD5, RFC 5905's own.
    Md5,
    /// Digest with SHA-1.
    Sha1,
    /// Digest with SHA-256.
    Sha256,
    /// Digest with SHA-384.
    Sha384,
    /// Digest with SHA-512.
    Sha512,
    /// AES-CMAC with a key of 16 bytes (RFC 8573).
    Aes128Cmac,
    /// AES-CMAC with a key of 32 bytes, which chronyd and NTPsec's ntpd have too.
    Aes256Cmac,
}

impl Algorithm {
    /// All that there are.
    pub const ALL: [Algorithm; 7] = [
        Algorithm::Md5,
        Algorithm::Sha1,
        Algorithm::Sha256,
        Algorithm::Sha384,
        Algorithm::Sha512,
        Algorithm::Aes128Cmac,
        Algorithm::Aes256Cmac,
    ];

    /// The name as it is printed.
    pub const fn as_str(self) -> &'static str {
        match self {
            Algorithm::Md5 => "MD5",
            Algorithm::Sha1 => "SHA1",
            Algorithm::Sha256 => "SHA256",
            Algorithm::Sha384 => "SHA384",
            Algorithm::Sha512 => "SHA512",
            Algorithm::Aes128Cmac => "AES128",
            Algorithm::Aes256Cmac => "AES256",
        }
    }

    /// Bytes that a secret has to have, where that is fixed.
    pub const fn secret_len(self) -> Option<usize> {
        match self {
            Algorithm::Aes128Cmac => Some(16),
            Algorithm::Aes256Cmac => Some(32),
            _ => None,
        }
    }

    /// Bytes of the whole digest.
    pub const fn digest_len(self) -> usize {
        match self {
            Algorithm::Md5 | Algorithm::Aes128Cmac | Algorithm::Aes256Cmac => 16,
            Algorithm::Sha1 => 20,
            Algorithm::Sha256 => 32,
            Algorithm::Sha384 => 48,
            Algorithm::Sha512 => 64,
        }
    }

    /// Bytes of the digest in a packet of this version of the protocol: before version 4 nothing else can follow the header,
    /// and chronyd sends it whole.
    const fn sent_len(self, version: u8) -> usize {
        let whole = self.digest_len();
        if version >= 4 && whole > MAX_DIGEST { MAX_DIGEST } else { whole }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A secret that cannot be a key of its algorithm: its length and the length that it has to have, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SecretLength {
    /// There is none.
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

/// Why a packet's code proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum MacFault {
    /// There is none.
    #[error("no MAC")]
    Missing,
    /// The server says that it could not verify our request (RFC 5905 §7.3: four bytes of zero).
    #[error("crypto-NAK")]
    CryptoNak,
    /// It is made with another key; its number.
    #[error("key {0} instead of ours")]
    OtherKey(u32),
    /// The number of the key is right, and what follows is too short or too long for its digest; in bytes, without the number.
    #[error("MAC of {0} bytes, which the key's type does not make")]
    Length(usize),
    /// The number of the key is right, the digest is not: another secret, another algorithm, or a packet changed on its way.
    #[error("wrong digest")]
    Digest,
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

    /// Its number.
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
