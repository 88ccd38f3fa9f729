use proptest::prelude::*;

use super::*;
use crate::wire::{Header, NtpTimestamp};

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn key(id: u32, algorithm: Algorithm, secret: &[u8]) -> Key {
    Key::new(KeyId::new(id).unwrap(), algorithm, Zeroizing::new(secret.to_vec())).unwrap()
}

/// A key of this type with a secret of a fitting length.
fn some_key(algorithm: Algorithm) -> Key {
    let secret: Vec<u8> = (1..=algorithm.secret_len().unwrap_or(13) as u8).collect();
    key(7, algorithm, &secret)
}

fn request(version: u8) -> Vec<u8> {
    Header::request(version, NtpTimestamp::from_bits(0x1122_3344_5566_7788)).to_bytes().to_vec()
}

fn computed(algorithm: Algorithm, secret: &[u8], packet: &[u8]) -> Vec<u8> {
    digest::compute(algorithm, secret, packet).unwrap()[..algorithm.digest_len()].to_vec()
}

/// RFC 4493 §4, the four examples.
#[test]
fn aes_cmac_is_that_of_its_rfc() {
    let secret = bytes("2b7e1516 28aed2a6 abf71588 09cf4f3c");
    let message = bytes(
        "6bc1bee2 2e409f96 e93d7e11 7393172a ae2d8a57 1e03ac9c 9eb76fac 45af8e51
         30c81c46 a35ce411 e5fbc119 1a0a52ef f69f2445 df4f9b17 ad2b417b e66c3710",
    );
    for (length, mac) in [
        (0, "bb1d6929 e9593728 7fa37d12 9b756746"),
        (16, "070a16b4 6b4d4144 f79bdd9d d04a287c"),
        (40, "dfa66747 de9ae630 30ca3261 1497c827"),
        (64, "51f0bebf 7e3b9d92 fc497417 79363cfe"),
    ] {
        assert_eq!(computed(Algorithm::Aes128Cmac, &secret, &message[..length]), bytes(mac), "{length} bytes");
    }
}

/// NIST SP 800-38B, examples with AES-256.
#[test]
fn aes_256_cmac_is_that_of_its_standard() {
    let secret = bytes("603deb10 15ca71be 2b73aef0 857d7781 1f352c07 3b6108d7 2d9810a3 0914dff4");
    let message = bytes("6bc1bee2 2e409f96 e93d7e11 7393172a");
    assert_eq!(computed(Algorithm::Aes256Cmac, &secret, &[]), bytes("028962f6 1b7bf89e fc6b551f 4667d983"));
    assert_eq!(computed(Algorithm::Aes256Cmac, &secret, &message), bytes("28a7023f 452e8f82 bd4bf28d 8c37c35c"));
}

/// The digests of "abc" in RFC 1321 §A.5 and FIPS 180-4, whether the letters are the secret's or the packet's.
#[test]
fn digests_are_those_of_their_standards_over_secret_and_packet() {
    for (algorithm, digest) in [
        (Algorithm::Md5, "900150983cd24fb0d6963f7d28e17f72"),
        (Algorithm::Sha1, "a9993e364706816aba3e25717850c26c9cd0d89d"),
        (Algorithm::Sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            Algorithm::Sha384,
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
        ),
        (
            Algorithm::Sha512,
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd\
             454d4423643ce80e2a9ac94fa54ca49f",
        ),
    ] {
        for split in 0..=3 {
            assert_eq!(computed(algorithm, &b"abc"[..split], &b"abc"[split..]), bytes(digest), "{algorithm}");
        }
    }
}

#[test]
fn the_code_is_the_number_and_the_digest_cut_to_20_bytes() {
    for (version, algorithm, length) in [
        (4, Algorithm::Md5, 16),
        (4, Algorithm::Sha1, 20),
        (4, Algorithm::Sha256, 20),
        (4, Algorithm::Sha512, 20),
        (4, Algorithm::Aes128Cmac, 16),
        (4, Algorithm::Aes256Cmac, 16),
        (3, Algorithm::Sha1, 20),
        (3, Algorithm::Sha384, 48),
    ] {
        let mut packet = request(version);
        some_key(algorithm).sign(&mut packet);
        assert_eq!(packet.len(), HEADER_LEN + 4 + length, "{algorithm} in version {version}");
        assert_eq!(packet[..HEADER_LEN], request(version));
        assert_eq!(packet[HEADER_LEN..HEADER_LEN + 4], [0, 0, 0, 7]);
        let digest = computed(algorithm, &some_key(algorithm).secret, &packet[..HEADER_LEN]);
        assert_eq!(packet[HEADER_LEN + 4..], digest[..length]);
    }
}

#[test]
fn what_fails_is_named() {
    let key = key(7, Algorithm::Sha256, b"secret");
    let fault = |trailer: &[u8]| key.verify(&[&request(4), trailer].concat()).unwrap_err();
    assert_eq!(fault(&[]), MacFault::Missing);
    assert_eq!(fault(&[0; 4]), MacFault::CryptoNak);
    assert_eq!(fault(&[0, 0, 0, 7]), MacFault::Length(0));
    assert_eq!(fault(&[&[0, 0, 0, 7], &[1; 16][..]].concat()), MacFault::Length(16));
    assert_eq!(fault(&[&[0, 0, 0, 7], &[1; 20][..]].concat()), MacFault::Digest);
    assert_eq!(fault(&[&[0, 0, 1, 7], &[1; 20][..]].concat()), MacFault::OtherKey(263));
    assert_eq!(fault(&[0; 20]), MacFault::OtherKey(0));
    // An extension field of 28 bytes alone, and with a crypto-NAK behind it.
    let field = [&[1, 4, 0, 28][..], &[9; 24]].concat();
    assert_eq!(fault(&field), MacFault::Missing);
    assert_eq!(fault(&[&field[..], &[0; 4]].concat()), MacFault::CryptoNak);
    assert_eq!(key.verify(&[]), Err(MacFault::Missing));
    assert_eq!(key.verify(&[0; 3]), Err(MacFault::Missing));
}

#[test]
fn a_long_digest_in_version_3_may_be_whole_or_cut_off() {
    for algorithm in [Algorithm::Sha256, Algorithm::Sha384, Algorithm::Sha512] {
        let key = some_key(algorithm);
        let mut packet = request(3);
        key.sign(&mut packet);
        assert_eq!(key.verify(&packet), Ok(()));
        assert_eq!(key.verify(&packet[..HEADER_LEN + 24]), Ok(()), "as ntpd sends it");
        assert_eq!(key.verify(&packet[..HEADER_LEN + 28]), Err(MacFault::Length(24)));
    }
}

#[test]
fn an_empty_secret_and_an_aes_key_of_a_wrong_length_are_refused() {
    let new = |algorithm, length| Key::new(KeyId::MIN, algorithm, Zeroizing::new(vec![1; length])).err();
    for algorithm in Algorithm::ALL {
        assert_eq!(new(algorithm, 0), Some(SecretLength::Empty));
        assert!(new(algorithm, algorithm.secret_len().unwrap_or(1)).is_none());
    }
    let wanted = SecretLength::Fixed { algorithm: Algorithm::Aes128Cmac, wanted: 16, found: 20 };
    assert_eq!(new(Algorithm::Aes128Cmac, 20), Some(wanted));
    assert_eq!(wanted.to_string(), "a secret for AES128 has 16 bytes, and this one has 20");
}

#[test]
fn the_secret_is_never_printed() {
    let text = format!("{:?}", key(9, Algorithm::Md5, b"sesame"));
    assert_eq!(text, "Key { id: 9, algorithm: Md5, .. }");
}

fn any_algorithm() -> impl Strategy<Value = Algorithm> {
    prop::sample::select(Algorithm::ALL.to_vec())
}

proptest! {
    #[test]
    fn what_was_signed_verifies_and_every_changed_bit_is_refused(
        algorithm in any_algorithm(),
        version in 1_u8..=4,
        nonce in any::<u64>(),
        fields in 0_usize..3,
        flip in any::<prop::sample::Index>(),
    ) {
        let mut packet = Header::request(version, NtpTimestamp::from_bits(nonce)).to_bytes().to_vec();
        // Before version 4 there are no extension fields.
        for _ in 0..if version == 4 { fields } else { 0 } {
            packet.extend([&[0x12, 0x34, 0, 28][..], &[5; 24]].concat());
        }
        let key = some_key(algorithm);
        let plain = packet.clone();
        key.sign(&mut packet);
        prop_assert_eq!(key.verify(&packet), Ok(()));
        // The header is read the same, and the same code made again.
        let (header, trailer) = Header::parse(&packet).unwrap();
        prop_assert_eq!([&header.to_bytes()[..], trailer].concat(), packet.clone());
        let mut again = plain;
        key.sign(&mut again);
        prop_assert_eq!(&again, &packet);
        let bit = flip.index(packet.len() * 8);
        packet[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(key.verify(&packet).is_err(), "bit {} of {:?}", bit, algorithm);
    }

    #[test]
    fn another_secret_or_number_is_refused(algorithm in any_algorithm(), id in 1_u32.., flip in any::<prop::sample::Index>()) {
        let key = some_key(algorithm);
        let mut packet = request(4);
        key.sign(&mut packet);
        let mut secret = key.secret.to_vec();
        let bit = flip.index(secret.len() * 8);
        secret[bit / 8] ^= 1 << (bit % 8);
        prop_assert_eq!(self::key(7, algorithm, &secret).verify(&packet), Err(MacFault::Digest));
        let other = self::key(id, algorithm, &key.secret);
        let expected = if id == 7 { Ok(()) } else { Err(MacFault::OtherKey(7)) };
        prop_assert_eq!(other.verify(&packet), expected);
    }

    #[test]
    fn no_trailer_is_too_strange(version in 0_u8..8, trailer in prop::collection::vec(any::<u8>(), 0..200)) {
        let datagram = [&[version << 3; HEADER_LEN][..], &trailer].concat();
        for algorithm in Algorithm::ALL {
            prop_assert!(some_key(algorithm).verify(&datagram).is_err());
        }
    }
}

/// All bits of one packet of each kind.
#[test]
#[cfg_attr(miri, ignore = "takes too long")]
fn every_single_bit_counts() {
    for algorithm in Algorithm::ALL {
        for version in [3, 4] {
            let key = some_key(algorithm);
            let mut packet = request(version);
            key.sign(&mut packet);
            for bit in 0..packet.len() * 8 {
                let mut changed = packet.clone();
                changed[bit / 8] ^= 1 << (bit % 8);
                assert!(key.verify(&changed).is_err(), "bit {bit}, {algorithm}, version {version}");
            }
            for length in 0..packet.len() {
                assert!(key.verify(&packet[..length]).is_err() || length == HEADER_LEN + 24, "{length} bytes");
            }
        }
    }
}
