//! The digests themselves.

use aes::{Aes128, Aes256};
use cmac::{Cmac, KeyInit, Mac};
use md5::Md5;
use sha1::Sha1;
use sha2::digest::Digest;
use sha2::{Sha256, Sha384, Sha512};

use super::algorithm::Algorithm;

/// Room for the longest digest.
const LONGEST: usize = 64;

/// The digest of secret and packet, or the packet's AES-CMAC with the secret as the key: as many bytes as the algorithm's
/// digest has, then zeros. Nothing with a secret of a wrong length, which no key has.
pub(super) fn compute(algorithm: Algorithm, secret: &[u8], packet: &[u8]) -> Option<[u8; LONGEST]> {
    let digest = match algorithm {
        Algorithm::Md5 => hash::<Md5>(secret, packet),
        Algorithm::Sha1 => hash::<Sha1>(secret, packet),
        Algorithm::Sha256 => hash::<Sha256>(secret, packet),
        Algorithm::Sha384 => hash::<Sha384>(secret, packet),
        Algorithm::Sha512 => hash::<Sha512>(secret, packet),
        Algorithm::Aes128Cmac => cipher(Cmac::<Aes128>::new_from_slice(secret).ok()?, packet),
        Algorithm::Aes256Cmac => cipher(Cmac::<Aes256>::new_from_slice(secret).ok()?, packet),
    };
    Some(digest)
}

fn hash<D: Digest>(secret: &[u8], packet: &[u8]) -> [u8; LONGEST] {
    widen(&D::new().chain_update(secret).chain_update(packet).finalize())
}

fn cipher(mac: impl Mac, packet: &[u8]) -> [u8; LONGEST] {
    widen(&mac.chain_update(packet).finalize().into_bytes())
}

fn widen(digest: &[u8]) -> [u8; LONGEST] {
    std::array::from_fn(|i| digest.get(i).copied().unwrap_or_default())
}
