//! Algorithms of keys, and how long what they need and make is.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The longest digest that version 4 has room for: what is longer could be taken for an extension field (RFC 7822 §3), and
/// ntpd and chronyd cut it off there.
pub(super) const MAX_DIGEST: usize = 20;

/// How a key makes a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
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
    /// All algorithms.
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
    pub(super) const fn sent_len(self, version: u8) -> usize {
        let whole = self.digest_len();
        if version >= 4 && whole > MAX_DIGEST { MAX_DIGEST } else { whole }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
