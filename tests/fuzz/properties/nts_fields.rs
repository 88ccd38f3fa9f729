//! Extension fields: nothing passes that was not sealed, and what was sealed gives no more than can be used.

use rntpdate::internals::wire::HEADER_LEN;
use rntpdate::internals::wire::nts::{
    Aead, Cookie, Fresh, Keys, MOST_COOKIES, Opened, Secret, fields, open, sealed_request,
};
use zeroize::Zeroizing;

use super::bytes::Bytes;

const IDENTIFIER: [u8; 32] = [0x11; 32];

pub(crate) fn check(data: &[u8]) {
    let mut input = Bytes(data);
    let Some([kind, length, place]) = input.array() else { return };
    let aead = Aead::OFFERED[usize::from(kind % 2)];
    let key = |byte| Secret::new(Zeroizing::new(vec![byte; aead.key_len()])).unwrap();
    let keys = Keys { c2s: key(1), s2c: key(2) };
    let header = [0x24; HEADER_LEN];
    let rest = input.0;
    assert!(!matches!(open(rest, (aead, &keys), &IDENTIFIER), Ok(Opened::Authentic(_))));
    let behind = [&header[..], rest].concat();
    assert!(!matches!(open(&behind, (aead, &keys), &IDENTIFIER), Ok(Opened::Authentic(_))));
    let ends: Vec<usize> = fields(rest, 16).map_while(Result::ok).map(|field| field.end).collect();
    assert!(ends.is_sorted() && ends.last().is_none_or(|end| *end <= rest.len()));
    sealed(aead, &keys, &header, rest, usize::from(place));
    if let Ok(cookie) = Cookie::new(vec![7; usize::from(length) * 4]) {
        let fresh = Fresh { identifier: IDENTIFIER, nonce: [3; 16] };
        let request = sealed_request(&header, (aead, &keys), &cookie, usize::from(place), &fresh).unwrap();
        let whole = fields(&request[HEADER_LEN..], 16).collect::<Result<Vec<_>, _>>().unwrap();
        assert!(whole.len() <= 2 + MOST_COOKIES && whole.last().unwrap().end + HEADER_LEN == request.len());
    }
}

/// What a server sealed, whatever it is, passes, and not with any one bit changed.
fn sealed(aead: Aead, keys: &Keys, header: &[u8], plain: &[u8], place: usize) {
    let mut packet = [header, &[0x01, 0x04, 0, 36], &IDENTIFIER].concat();
    let nonce = &[9; 16][..aead.nonce_len()];
    let text = aead.seal(&keys.s2c, nonce, &packet, plain).unwrap();
    let padded = text.len().next_multiple_of(4);
    for number in [0x0404, 8 + nonce.len() + padded, nonce.len(), text.len()] {
        packet.extend(u16::try_from(number).unwrap().to_be_bytes());
    }
    packet.extend([nonce, &text, &vec![0; padded - text.len()]].concat());
    let opened = open(&packet, (aead, keys), &IDENTIFIER);
    let Ok(Opened::Authentic(cookies)) = opened else { panic!("{opened:?}") };
    assert!(cookies.len() <= MOST_COOKIES);
    let end = packet.len() - (padded - text.len());
    let at = place * 8 % (end * 8) + place % 8;
    packet[at / 8] ^= 1 << (at % 8);
    assert!(!matches!(open(&packet, (aead, keys), &IDENTIFIER), Ok(Opened::Authentic(_))), "bit {at} changed");
}
