//! The code behind a packet: what is signed passes, and nothing else does.

use rntpdate::internals::wire::{Algorithm, HEADER_LEN, Key, KeyId};
use zeroize::Zeroizing;

use super::bytes::Bytes;

/// Lengths of a code, with the key's number.
const LENGTHS: [usize; 5] = [4 + 16, 4 + 20, 4 + 32, 4 + 48, 4 + 64];

pub(crate) fn check(data: &[u8]) {
    let mut input = Bytes(data);
    let Some([number, kind, length, place]) = input.array() else { return };
    let algorithm = Algorithm::ALL[usize::from(kind % 7)];
    let secret = input.slice(algorithm.secret_len().unwrap_or(usize::from(length)));
    let Some(id) = KeyId::new(u32::from(number)) else { return };
    let Ok(key) = Key::new(id, algorithm, Zeroizing::new(secret.to_vec())) else { return };
    let datagram = input.0;
    foreign(&key, datagram);
    if let Some((header, rest)) = datagram.split_first_chunk::<HEADER_LEN>() {
        own(&key, header, rest, usize::from(place));
    }
}

/// A datagram of the input's passes only if it is what the key makes of its beginning.
fn foreign(key: &Key, datagram: &[u8]) {
    if key.verify(datagram).is_ok() {
        let made = LENGTHS.iter().filter_map(|length| datagram.len().checked_sub(*length)).any(|end| {
            let mut packet = datagram[..end].to_vec();
            key.sign(&mut packet);
            packet.starts_with(datagram)
        });
        assert!(made, "{datagram:?} passed");
    }
}

/// A header, and one with an extension field, pass when they are signed, and not with any one bit changed or a word missing.
fn own(key: &Key, header: &[u8; HEADER_LEN], rest: &[u8], place: usize) {
    let version = header[0] >> 3 & 7;
    let mut packets = vec![header.to_vec()];
    if version >= 4 {
        let body = &rest[..rest.len().min(200) & !3];
        let length = u16::try_from(16 + body.len()).unwrap();
        packets.push([&header[..], &[0x20, 0x05], &length.to_be_bytes(), &[0; 12], body].concat());
    }
    for mut packet in packets {
        let covered = packet.clone();
        key.sign(&mut packet);
        assert!(packet.starts_with(&covered) && LENGTHS.contains(&(packet.len() - covered.len())));
        assert_eq!(key.verify(&packet), Ok(()));
        let mut changed = packet.clone();
        let at = place * 8 % (packet.len() * 8) + place % 8;
        changed[at / 8] ^= 1 << (at % 8);
        assert!(key.verify(&changed).is_err(), "bit {at} changed");
        assert!(key.verify(&packet[..packet.len() - 4]).is_err(), "cut");
        assert!(key.verify(&covered).is_err(), "without a code");
        let crypto_nak = [&covered[..], &[0; 4]].concat();
        assert!(key.verify(&crypto_nak).is_err());
        let other =
            Key::new(key.id(), Algorithm::Md5, Zeroizing::new(b"not the secret that was given".to_vec())).unwrap();
        assert!(other.verify(&packet).is_err(), "another secret");
    }
}
