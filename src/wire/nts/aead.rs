//! The algorithms that seal NTP packets (RFC 5116, in the numbers of IANA's registry).

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::secret::Secret;

/// An algorithm for authenticated encryption.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Aead {
    /// AEAD_AES_SIV_CMAC_256 (RFC 5297), which every server has (RFC 8915 §5.1).
    SivCmac256,
    /// AEAD_AES_128_GCM_SIV (RFC 8452), whose keys and cookies are shorter: some networks drop long NTP packets.
    Gcm128Siv,
}

/// What was opened was not sealed with this key, or was changed on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the authenticator is wrong")]
pub struct NotAuthentic;

impl Aead {
    /// The algorithms that are offered to a server, the first preferred.
    pub const OFFERED: [Aead; 2] = [Aead::Gcm128Siv, Aead::SivCmac256];

    /// The number in IANA's registry of AEAD algorithms.
    pub const fn number(self) -> u16 {
        match self {
            Aead::SivCmac256 => 15,
            Aead::Gcm128Siv => 30,
        }
    }

    /// The algorithm with this number, if it is one of these.
    pub fn from_number(number: u16) -> Option<Aead> {
        Self::OFFERED.into_iter().find(|aead| aead.number() == number)
    }

    /// Bytes of a key.
    pub const fn key_len(self) -> usize {
        match self {
            Aead::SivCmac256 => 32,
            Aead::Gcm128Siv => 16,
        }
    }

    /// Bytes of the nonce that requests are sealed with: any number will do for SIV, and 16 need no padding (RFC 8915 §5.6).
    pub const fn nonce_len(self) -> usize {
        match self {
            Aead::SivCmac256 => 16,
            Aead::Gcm128Siv => 12,
        }
    }

    /// Bytes by which what is sealed is longer than what it holds.
    pub const fn tag_len(self) -> usize {
        16
    }

    /// The name as it is printed.
    pub const fn as_str(self) -> &'static str {
        match self {
            Aead::SivCmac256 => "AES-SIV-CMAC-256",
            Aead::Gcm128Siv => "AES-128-GCM-SIV",
        }
    }

    /// Seals `plain`, so that `associated` cannot be changed either. Nothing comes of a key or a nonce of another length than the
    /// algorithm's, and nothing in a program that was built without NTS.
    pub fn seal(self, key: &Secret, nonce: &[u8], associated: &[u8], plain: &[u8]) -> Option<Vec<u8>> {
        work::seal(self, key.bytes(), nonce, associated, plain)
    }

    /// Opens what was sealed with this key, nonce and associated data.
    pub fn open(self, key: &Secret, nonce: &[u8], associated: &[u8], sealed: &[u8]) -> Result<Vec<u8>, NotAuthentic> {
        work::open(self, key.bytes(), nonce, associated, sealed).ok_or(NotAuthentic)
    }
}

impl fmt::Display for Aead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(feature = "nts")]
mod work {
    use aes_gcm_siv::aead::{Aead as _, Payload};
    use aes_gcm_siv::{Aes128GcmSiv, KeyInit as _, Nonce};
    use aes_siv::siv::Aes128Siv;

    use super::Aead;

    pub(super) fn seal(aead: Aead, key: &[u8], nonce: &[u8], associated: &[u8], plain: &[u8]) -> Option<Vec<u8>> {
        match aead {
            Aead::SivCmac256 => Aes128Siv::new_from_slice(key).ok()?.encrypt([associated, nonce], plain).ok(),
            Aead::Gcm128Siv => {
                let payload = Payload { msg: plain, aad: associated };
                Aes128GcmSiv::new_from_slice(key).ok()?.encrypt(&Nonce::try_from(nonce).ok()?, payload).ok()
            }
        }
    }

    pub(super) fn open(aead: Aead, key: &[u8], nonce: &[u8], associated: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        match aead {
            Aead::SivCmac256 => Aes128Siv::new_from_slice(key).ok()?.decrypt([associated, nonce], sealed).ok(),
            Aead::Gcm128Siv => {
                let payload = Payload { msg: sealed, aad: associated };
                Aes128GcmSiv::new_from_slice(key).ok()?.decrypt(&Nonce::try_from(nonce).ok()?, payload).ok()
            }
        }
    }
}

#[cfg(not(feature = "nts"))]
mod work {
    use super::Aead;

    pub(super) fn seal(_: Aead, _: &[u8], _: &[u8], _: &[u8], _: &[u8]) -> Option<Vec<u8>> {
        None
    }

    pub(super) fn open(_: Aead, _: &[u8], _: &[u8], _: &[u8], _: &[u8]) -> Option<Vec<u8>> {
        None
    }
}
