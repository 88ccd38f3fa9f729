#[cfg(feature = "nts")]
use proptest::prelude::*;
use zeroize::Zeroizing;

use super::record::{Record, RecordType};
use super::*;
#[cfg(feature = "nts")]
use crate::wire::HEADER_LEN;

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(16)).collect();
    digits.chunks(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect()
}

fn secret(bytes: Vec<u8>) -> Secret {
    Secret::new(Zeroizing::new(bytes)).unwrap()
}

fn record(is_critical: bool, kind: u16, body: &[u8]) -> Vec<u8> {
    let mut message = Vec::new();
    Record { is_critical, kind: RecordType::Unknown(kind), body }.write(&mut message);
    message
}

/// What a server sends as a rule, with what is added before the end.
fn response(added: &[Vec<u8>]) -> Vec<u8> {
    let mut message = [record(true, 1, &[0, 0]), record(true, 4, &[0, 15])].concat();
    message.extend(added.concat());
    message.extend(record(false, 5, &[7; 100]));
    message.extend(record(true, 0, &[]));
    message
}

fn read(message: &[u8]) -> Result<Response, ResponseFault> {
    let mut reader = Reader::new(&Aead::OFFERED);
    reader.push(message)?;
    reader.finish()
}

#[test]
fn the_request_is_the_one_of_the_protocol() {
    assert_eq!(request(&Aead::OFFERED), hex("80010002 0000 80040004 001e000f 04000000 80000000"));
    assert_eq!(request(&[Aead::SivCmac256]), hex("80010002 0000 80040002 000f 80000000"));
    assert_eq!(exporter_context(Aead::SivCmac256, Direction::ClientToServer), [0, 0, 0, 15, 0]);
    assert_eq!(exporter_context(Aead::Gcm128Siv, Direction::ServerToClient), [0, 0, 0, 30, 1]);
}

#[test]
fn a_response_is_read_whatever_its_pieces() {
    let added = [record(true, 7, &[0x2b, 0x73]), record(true, 6, b"ntp.example.net."), record(false, 77, b"?")];
    let message = response(&added);
    let whole = read(&message).unwrap();
    assert_eq!((whole.aead, whole.cookies.len(), whole.port), (Aead::SivCmac256, 1, Some(11123)));
    assert_eq!((whole.server.as_deref(), whole.is_compliant), (Some("ntp.example.net"), false));
    for size in [1, 3, 7] {
        let mut reader = Reader::new(&Aead::OFFERED);
        let ends: Vec<bool> = message.chunks(size).map(|piece| reader.push(piece).unwrap()).collect();
        assert!(ends.iter().rev().skip(1).all(|end| !end) && ends.last() == Some(&true));
        assert_eq!(reader.finish().unwrap(), whole);
    }
}

#[test]
fn each_flaw_of_a_response_has_its_name() {
    use ResponseFault as F;
    let with = |added: Vec<u8>| read(&response(&[added])).unwrap_err();
    assert_eq!(with(record(true, 2, &[0, 1])), F::Error(1));
    assert_eq!(with(record(true, 2, &[1])), F::Malformed(2));
    assert_eq!(with(record(true, 3, &[0, 9])), F::Warning(9));
    assert_eq!(with(record(true, 99, &[])), F::UnknownCritical(99));
    assert_eq!(with(record(true, 1, &[0, 0])), F::Twice(1));
    assert_eq!(with(record(false, 4, &[0, 15])), F::Twice(4));
    assert_eq!(with(record(true, 4, &[0, 15, 0, 30])), F::Malformed(4));
    assert_eq!(with(record(true, 7, &[0, 0])), F::BadPort);
    assert_eq!(with(record(true, 7, &[123])), F::Malformed(7));
    assert_eq!(with([record(true, 6, b"a.example"), record(true, 6, b"b.example")].concat()), F::Twice(6));
    for name in
        [&b""[..], b"a b", b"..", b"a\n.example", b"-x.example", b"127.1", b"0x7f000001.1", &[b'a'; 254], &[0xff, 0xfe]]
    {
        assert_eq!(with(record(true, 6, name)), F::BadName, "{name:?}");
    }
    for name in ["192.0.2.1", "2001:db8::1", "NTP_1.example"] {
        assert_eq!(read(&response(&[record(true, 6, name.as_bytes())])).unwrap().server.as_deref(), Some(name));
    }
    let built = |records: &[Vec<u8>]| read(&records.concat()).unwrap_err();
    let (protocol, end, cookie) = (record(true, 1, &[0, 0]), record(true, 0, &[]), record(false, 5, &[1; 64]));
    let aead = |body: &[u8]| record(true, 4, body);
    assert_eq!(built(&[protocol.clone(), aead(&[0, 15]), end.clone()]), F::NoCookie);
    assert_eq!(built(&[protocol.clone(), aead(&[0, 15]), record(false, 5, &[1; 63]), end.clone()]), F::NoCookie);
    assert_eq!(built(&[protocol.clone(), aead(&[0, 15]), record(false, 5, &[1; 1024]), end.clone()]), F::NoCookie);
    assert_eq!(built(&[protocol.clone(), aead(&[]), cookie.clone(), end.clone()]), F::NoAead);
    assert_eq!(built(&[protocol.clone(), cookie.clone(), end.clone()]), F::NoAead);
    assert_eq!(built(&[protocol.clone(), aead(&[0, 17]), cookie.clone(), end.clone()]), F::NotOffered(17));
    assert_eq!(built(&[record(true, 1, &[]), aead(&[0, 15]), cookie.clone(), end.clone()]), F::NoProtocol);
    assert_eq!(built(&[record(true, 1, &[0x80, 1]), aead(&[0, 15]), cookie.clone(), end.clone()]), F::NoProtocol);
    assert_eq!(built(&[aead(&[0, 15]), cookie.clone(), end.clone()]), F::NoProtocol);
    assert_eq!(built(&[protocol.clone(), aead(&[0, 15]), cookie.clone()]), F::CutOff);
    assert_eq!(built(&[protocol, aead(&[0, 15]), cookie, end, vec![0]]), F::BehindEnd);
    assert_eq!(built(&[record(true, 0, &[0])]), F::Malformed(0));
}

#[test]
fn no_response_is_read_without_end() {
    let many = |count: usize, body: &[u8]| record(false, 5, body).repeat(count);
    let mut reader = Reader::new(&Aead::OFFERED);
    assert_eq!(reader.push(&many(1100, &[])), Err(ResponseFault::TooLong), "records");
    let mut reader = Reader::new(&Aead::OFFERED);
    assert_eq!(reader.push(&many(700, &[1; 100])), Err(ResponseFault::TooLong), "bytes");
    assert_eq!(read(&response(&[many(500, &[1; 100])])).unwrap().cookies.len(), MOST_COOKIES);
}

#[test]
fn what_was_not_offered_is_not_taken() {
    let message =
        [record(true, 1, &[0, 0]), record(true, 4, &[0, 30]), record(false, 5, &[7; 64]), record(true, 0, &[])];
    let mut reader = Reader::new(&[Aead::SivCmac256]);
    assert_eq!(reader.push(&message.concat()), Ok(true));
    assert_eq!(reader.finish(), Err(ResponseFault::NotOffered(30)));
    let contexts = |added: &[u8]| {
        let mut reader = Reader::new(&Aead::OFFERED);
        reader.push(&[&added.to_vec(), &message.concat()].map(Vec::as_slice).concat()).unwrap();
        reader.finish().unwrap().key_contexts()
    };
    assert_eq!(contexts(&record(false, 1024, &[])), (Aead::Gcm128Siv, None));
    assert_eq!(contexts(&[]), (Aead::SivCmac256, Some(Aead::Gcm128Siv)), "chrony 4.4 to 4.6");
}

/// RFC 8452 appendix C.1, and what OpenSSL makes of the same numbers with its own AES-SIV.
#[cfg(feature = "nts")]
#[test]
fn the_algorithms_are_those_of_their_documents() {
    let key = secret(hex("01000000000000000000000000000000"));
    let nonce = hex("030000000000000000000000");
    let seal = |aad: &[u8], plain: &str| Aead::Gcm128Siv.seal(&key, &nonce, aad, &hex(plain)).unwrap();
    assert_eq!(seal(&[], "0100000000000000"), hex("b5d839330ac7b786578782fff6013b815b287c22493a364c"));
    assert_eq!(seal(&[1], "0200000000000000"), hex("1e6daba35669f4273b0a1a2560969cdf790d99759abd1508"));
    let (key, nonce, aad): (_, Vec<u8>, Vec<u8>) = (secret((0..32).collect()), (0..16).collect(), (0..48).collect());
    let sealed = Aead::SivCmac256.seal(&key, &nonce, &aad, b"this is some plaintext").unwrap();
    assert_eq!(sealed, hex("ea4d93806bad9f9e41a440ce87dedcee2b5aa16115909f0f3ccf1c585a8db9f0ff02933e865a"));
    assert_eq!(Aead::SivCmac256.open(&key, &nonce, &aad, &sealed).unwrap(), b"this is some plaintext");
    assert_eq!(Aead::Gcm128Siv.seal(&key, &nonce, &aad, b"a key of another length"), None);
}

#[test]
fn nothing_printed_shows_a_secret() {
    let keys = Keys { c2s: secret(vec![0xab; 32]), s2c: secret(vec![0xcd; 32]) };
    let cookies = vec![Cookie::new(vec![0xef; 100]).unwrap()];
    let association =
        Association { aead: Aead::SivCmac256, keys: keys.clone(), other_keys: Some(keys), cookies, is_saved: false };
    let shown = format!("{association:?}");
    assert!(!["171", "205", "239", "ab", "cd", "ef"].iter().any(|secret| shown.contains(secret)), "{shown}");
    let text = serde_json::to_string(&association).unwrap();
    assert_eq!(serde_json::from_str::<Association>(&text).unwrap(), association);
    assert!(serde_json::from_str::<Secret>("[1,2,3]").is_err() && serde_json::from_str::<Cookie>("[1,2,3]").is_err());
}

#[cfg(feature = "nts")]
mod packets {
    use super::*;
    use crate::wire::nts::field::{AUTHENTICATOR, COOKIE, PLACEHOLDER, UNIQUE_IDENTIFIER, authenticator, write};

    const FRESH: Fresh = Fresh { identifier: [0x11; 32], nonce: [0x22; 16] };
    const HEADER: [u8; HEADER_LEN] = [0x23; HEADER_LEN];

    fn keys(aead: Aead) -> Keys {
        Keys { c2s: secret(vec![3; aead.key_len()]), s2c: secret(vec![5; aead.key_len()]) }
    }

    /// A server's reply, with these fields sealed.
    fn reply(aead: Aead, sealed: &[(u16, &[u8])], identifier: &[u8]) -> Vec<u8> {
        let mut packet = HEADER.to_vec();
        write(&mut packet, UNIQUE_IDENTIFIER, identifier);
        let mut plain = Vec::new();
        sealed.iter().for_each(|(kind, body)| write(&mut plain, *kind, body));
        let nonce = &[9; 16][..aead.nonce_len()];
        let text = aead.seal(&keys(aead).s2c, nonce, &packet, &plain).unwrap();
        write(&mut packet, AUTHENTICATOR, &authenticator(nonce, &text));
        packet
    }

    fn opened(aead: Aead, packet: &[u8]) -> Result<Opened, NtsFault> {
        open(packet, (aead, &keys(aead)), &FRESH.identifier)
    }

    #[test]
    fn requests_have_the_lengths_that_servers_were_seen_to_take() {
        for (aead, cookie, placeholders, length) in [
            (Aead::SivCmac256, 100, 0, 228),
            (Aead::SivCmac256, 104, 0, 232),
            (Aead::Gcm128Siv, 64, 0, 188),
            (Aead::SivCmac256, 100, 7, 956),
        ] {
            if cfg!(miri) && placeholders > 0 {
                continue; // It takes ten times as long as the others, by the same code.
            }
            let cookie = Cookie::new(vec![7; cookie]).unwrap();
            let keys = keys(aead);
            let packet = sealed_request(&HEADER, (aead, &keys), &cookie, placeholders, &FRESH).unwrap();
            assert_eq!(packet.len(), length);
            let kinds: Vec<u16> = fields(&packet[HEADER_LEN..], 16).map(|field| field.unwrap().kind).collect();
            let expected = [vec![UNIQUE_IDENTIFIER, COOKIE], vec![PLACEHOLDER; placeholders], vec![AUTHENTICATOR]];
            assert_eq!(kinds, expected.concat());
            let last = fields(&packet[HEADER_LEN..], 16).last().unwrap().unwrap();
            let (nonce, sealed) = crate::wire::nts::field::split_authenticator(last.body).unwrap();
            let associated = &packet[..HEADER_LEN + last.at];
            assert_eq!(aead.open(&keys.c2s, nonce, associated, sealed), Ok(Vec::new()), "the server's view");
        }
    }

    #[test]
    fn a_reply_brings_cookies_only_from_what_is_sealed() {
        for aead in Aead::OFFERED {
            let packet =
                reply(aead, &[(COOKIE, &[1; 100]), (0x7777, &[0; 20]), (COOKIE, &[2; 100])], &FRESH.identifier);
            let Ok(Opened::Authentic(cookies)) = opened(aead, &packet) else { panic!("{aead}") };
            assert_eq!(cookies.iter().map(|cookie| cookie.bytes()[0]).collect::<Vec<_>>(), [1, 2]);
            // One outside of what is sealed, and behind it.
            let mut packet = reply(aead, &[], &FRESH.identifier);
            write(&mut packet, COOKIE, &[3; 100]);
            assert_eq!(opened(aead, &packet), Ok(Opened::Authentic(Vec::new())));
        }
    }

    #[test]
    fn what_proves_nothing_is_told_apart() {
        let aead = Aead::SivCmac256;
        assert_eq!(opened(aead, &HEADER), Err(NtsFault::Plain));
        assert_eq!(opened(aead, &[&HEADER[..], &[0; 20]].concat()), Err(NtsFault::Plain), "a MAC");
        assert_eq!(opened(aead, &reply(aead, &[], &[0x12; 32])), Err(NtsFault::Identifier));
        assert_eq!(opened(aead, &reply(aead, &[], &[0x11; 31])), Err(NtsFault::Identifier), "shorter");
        let mut naked = HEADER.to_vec();
        write(&mut naked, UNIQUE_IDENTIFIER, &FRESH.identifier);
        assert_eq!(opened(aead, &naked), Ok(Opened::Unsealed));
        write(&mut naked, UNIQUE_IDENTIFIER, &FRESH.identifier);
        assert_eq!(opened(aead, &naked), Err(NtsFault::Malformed), "twice");
        // The identifier behind the authenticator is not what was sealed.
        let mut behind = HEADER.to_vec();
        let text = aead.seal(&keys(aead).s2c, &[9; 16], &behind, &[]).unwrap();
        write(&mut behind, AUTHENTICATOR, &authenticator(&[9; 16], &text));
        write(&mut behind, UNIQUE_IDENTIFIER, &FRESH.identifier);
        assert_eq!(opened(aead, &behind), Err(NtsFault::Identifier));
        let mut lying = HEADER.to_vec();
        write(&mut lying, UNIQUE_IDENTIFIER, &FRESH.identifier);
        write(&mut lying, AUTHENTICATOR, &[0xff; 40]);
        assert_eq!(opened(aead, &lying), Err(NtsFault::Malformed), "lengths beyond the field");
    }

    proptest! {
        #[test]
        fn no_bit_of_a_reply_can_be_changed(place in 0_usize..1000, bit in 0_u8..8, gcm: bool) {
            let aead = Aead::OFFERED[usize::from(gcm)];
            let mut packet = reply(aead, &[(COOKIE, &[1; 100])], &FRESH.identifier);
            let at = place % packet.len();
            packet[at] ^= 1 << bit;
            prop_assert!(!matches!(opened(aead, &packet), Ok(Opened::Authentic(_))), "byte {at}");
        }

        #[test]
        fn no_input_is_a_surprise(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            let _ = opened(Aead::SivCmac256, &bytes);
            let _ = read(&bytes);
            let behind = [&HEADER[..], &bytes].concat();
            prop_assert!(!matches!(opened(Aead::Gcm128Siv, &behind), Ok(Opened::Authentic(_))));
        }
    }
}
