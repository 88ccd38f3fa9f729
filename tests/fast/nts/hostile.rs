//! Servers that say what they must not say, or nothing: each has its failure, and none takes longer than it may.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use rntpdate::internals::net::FaultKind;
use rntpdate::internals::nts::{KeyFailure, Stage};
use rntpdate::internals::wire::nts::{ALPN, Aead, ResponseFault};

use super::{Client, good};
use crate::support::nts::key_server::{Answer, Door, KeyServer, good as good_answer, record};

/// A failure of a kind.
type Reason = fn(&KeyFailure) -> bool;

/// What a client that waits for half a second makes of a server.
fn failure(door: Door, answer: Answer) -> KeyFailure {
    let (authority, certificate) = good();
    let server = KeyServer::on_loopback(&certificate, door, answer);
    let mut client = Client::of(&authority);
    let mut order = client.order(0, server.address);
    order.deadline -= Duration::from_millis(9500);
    let begun = Instant::now();
    let failure = client.exchange(order).expect_err("no server to take keys from");
    assert!(begun.elapsed() < Duration::from_secs(3), "{failure:?} took {:?}", begun.elapsed());
    failure
}

fn tls() -> Door {
    Door::Tls(vec![ALPN])
}

/// Protocol 0 and AES-SIV-CMAC-256.
fn start() -> Vec<u8> {
    [record(0x8001, &[0, 0]), record(0x8004, &[0, 15])].concat()
}

fn whole(records: &[Vec<u8>]) -> Answer {
    Answer::Bytes([start(), records.concat(), record(0x8000, &[])].concat())
}

#[test]
fn what_is_no_tls_server_for_nts() {
    // A server of old that cannot go above TLS 1.2: its ServerHello, with AES-128-GCM.
    let hello = [&[2, 0, 0, 38, 3, 3][..], &[7; 32], &[0, 0xc0, 0x2b, 0]].concat();
    let old = [&[22, 3, 3, 0, hello.len() as u8][..], &hello].concat();
    let cases: [(Door, Reason); 8] = [
        (Door::Bytes(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()), |f| *f == KeyFailure::NotTls),
        (Door::Bytes(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec()), |f| *f == KeyFailure::NotTls),
        (Door::Bytes(vec![21, 3, 3, 0, 2, 2, 70]), |f| *f == KeyFailure::TooOld),
        (Door::Bytes(old), |f| *f == KeyFailure::TooOld),
        (Door::Bytes(vec![21, 3, 3, 0, 2, 2, 40]), |f| *f == KeyFailure::Alert("HandshakeFailure".to_owned())),
        (Door::Slammed, |f| *f == KeyFailure::Closed(Stage::Handshake)),
        (Door::Mute, |f| *f == KeyFailure::Silent(Stage::Handshake)),
        (Door::Tls(Vec::new()), |f| *f == KeyFailure::NoAlpn),
    ];
    for (door, is_reason) in cases {
        let shown = format!("{door:?}");
        let failure = failure(door, good_answer(8));
        assert!(is_reason(&failure), "{shown}: {failure:?}");
    }
}

/// A web server chooses the protocol that it knows, or breaks off.
#[test]
fn a_web_server_is_no_nts_server() {
    for protocols in [vec![&b"h2"[..]], vec![b"h2", b"http/1.1"]] {
        assert_eq!(failure(Door::Tls(protocols), good_answer(8)), KeyFailure::NoAlpn);
    }
}

#[test]
fn responses_that_are_none() {
    let cookie = record(5, &[9; 96]);
    let cases: [(Answer, Reason); 13] = [
        (whole(&[]), |f| *f == ResponseFault::NoCookie.into()),
        (Answer::Bytes([start(), cookie.clone()].concat()), |f| *f == ResponseFault::CutOff.into()),
        (Answer::Bytes([start(), cookie[..50].to_vec()].concat()), |f| *f == ResponseFault::CutOff.into()),
        (Answer::Bytes(Vec::new()), |f| *f == KeyFailure::Closed(Stage::Response)),
        (Answer::Nothing, |f| *f == KeyFailure::Silent(Stage::Response)),
        (Answer::Bytes([record(0x8002, &[0, 1]), record(0x8000, &[])].concat()), |f| {
            *f == ResponseFault::Error(1).into()
        }),
        (Answer::Bytes([record(0x8003, &[0, 9]), record(0x8000, &[])].concat()), |f| {
            *f == ResponseFault::Warning(9).into()
        }),
        (whole(&[record(0x8777, &[1]), cookie.clone()]), |f| *f == ResponseFault::UnknownCritical(0x777).into()),
        (whole(&[record(4, &[0, 15]), cookie.clone()]), |f| *f == ResponseFault::Twice(4).into()),
        (whole(&[record(6, b"a b"), cookie.clone()]), |f| *f == ResponseFault::BadName.into()),
        (whole(&[record(7, &[0, 0]), cookie.clone()]), |f| *f == ResponseFault::BadPort.into()),
        (Answer::Flood(cookie.clone()), |f| *f == ResponseFault::TooLong.into()),
        (Answer::Drip([start(), cookie].concat(), Duration::from_millis(40)), |f| {
            *f == KeyFailure::Silent(Stage::Response)
        }),
    ];
    for (answer, is_reason) in cases {
        let shown = format!("{answer:?}");
        let failure = failure(tls(), answer);
        assert!(is_reason(&failure), "{shown}: {failure:?}");
    }
}

#[test]
fn an_algorithm_that_was_not_offered_or_none() {
    let answer = |aead: &[u8]| {
        let records = [record(0x8001, &[0, 0]), record(4, aead), record(5, &[9; 96]), record(0x8000, &[])];
        failure(tls(), Answer::Bytes(records.concat()))
    };
    assert_eq!(answer(&[0, 17]), ResponseFault::NotOffered(17).into());
    assert_eq!(answer(&[]), ResponseFault::NoAead.into());
    let none = Answer::Bytes([record(0x8001, &[]), record(0x8000, &[])].concat());
    assert_eq!(failure(tls(), none), ResponseFault::NoProtocol.into());
}

#[test]
fn sixty_four_kib_of_cookies_leave_eight() {
    let (authority, certificate) = good();
    let answer = Answer::Good { aead: Aead::SivCmac256, cookies: 600, extra: Vec::new() };
    let server = KeyServer::on_loopback(&certificate, tls(), answer);
    let mut client = Client::of(&authority);
    let order = client.order(0, server.address);
    assert_eq!(client.exchange(order).unwrap().association.cookies.len(), 8);
}

#[test]
fn one_cookie_is_enough_and_another_server_is_named() {
    let (authority, certificate) = good();
    let extra = [record(6, b"ntp.example.net."), record(0x8007, &[0x2b, 0x67])].concat();
    let server = KeyServer::on_loopback(&certificate, tls(), Answer::Good { aead: Aead::Gcm128Siv, cookies: 1, extra });
    let mut client = Client::of(&authority);
    let order = client.order(0, server.address);
    let new = client.exchange(order).unwrap();
    assert_eq!((new.server.as_deref(), new.port), (Some("ntp.example.net"), Some(11111)));
    assert_eq!(new.association.cookies.len(), 1);
    // Without chrony's record the old context comes first, and the right one is kept for a refusal.
    let guest = server.vault.open(new.association.cookies[0].bytes()).unwrap();
    assert_eq!(new.association.other_keys, Some(guest.keys));
}

#[test]
fn chronys_record_makes_the_right_keys_the_only_ones() {
    let (authority, certificate) = good();
    let answer = Answer::Good { aead: Aead::Gcm128Siv, cookies: 8, extra: record(1024, &[]) };
    let server = KeyServer::on_loopback(&certificate, tls(), answer);
    let mut client = Client::of(&authority);
    let order = client.order(0, server.address);
    let association = client.exchange(order).unwrap().association;
    let guest = server.vault.open(association.cookies[0].bytes()).unwrap();
    assert_eq!((&association.keys, &association.other_keys), (&guest.keys, &None));
}

#[test]
fn where_nothing_listens_that_is_said() {
    let (authority, _) = good();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let mut client = Client::of(&authority);
    let order = client.order(0, address);
    let failure = client.exchange(order).unwrap_err();
    assert!(matches!(failure, KeyFailure::Tcp(fault) if fault.kind == FaultKind::Refused), "{failure:?}");
}
