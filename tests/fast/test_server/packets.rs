//! What a reply says.

use super::*;

#[test]
fn timestamps_by_known_values() {
    assert_eq!(ntp_bytes(0), [0x83, 0xaa, 0x7e, 0x80, 0, 0, 0, 0]);
    assert_eq!(ntp_bytes(SECOND / 2)[4..], [0x80, 0, 0, 0]);
    assert_eq!(ntp_bytes(-1)[..4], [0x83, 0xaa, 0x7e, 0x7f]);
    // The era ends on 2036-02-07 06:28:16 UTC.
    assert_eq!(ntp_bytes(2_085_978_496 * SECOND), ZERO);
    assert_eq!(ntp_bytes(2_085_978_495 * SECOND)[..4], [0xff; 4]);
}

#[test]
fn a_good_server_answers_every_field() {
    let server = Server::builder()
        .stratum(3)
        .leap(1)
        .refid(*b"GPS\0")
        .precision(-20)
        .root_delay(1.5)
        .root_dispersion(0.25)
        .ref_age(100 * SECOND)
        .start();
    let mut client = Client::new(&server);
    let before = ntp_bytes(unix_now());
    let reply = client.ask();
    assert_eq!(reply.len(), 48);
    assert_eq!(reply[..4], [0b01_100_100, 3, 9, 0xec]);
    assert_eq!(reply[4..16], [0, 1, 0x80, 0, 0, 0, 0x40, 0, b'G', b'P', b'S', 0]);
    assert_eq!(reply[ORIGIN], Client::nonce(1));
    assert!((0..SECOND).contains(&between(&reply[RECEIVE], &before)));
    assert!((0..SECOND).contains(&between(&reply[TRANSMIT], &reply[RECEIVE])));
    let age = between(&reply[TRANSMIT], &reply[REFERENCE]);
    assert!((age - 100 * SECOND).abs() < MICROSECOND, "{age}");
}

#[test]
fn profile_of_a_worse_server() {
    let server = Server::builder().version(Version::Fixed(3)).mode(5).zero_reftime().root_delay(-0.5).start();
    let reply = ask(&server);
    assert_eq!(reply[0], 0b00_011_101);
    assert_eq!(reply[REFERENCE], ZERO);
    assert_eq!(reply[4..8], [0xff, 0xff, 0x80, 0]);
    let reply = ask(&Server::builder().future_reftime(5 * SECOND).root_dispersion(1e9).start());
    assert!(between(&reply[REFERENCE], &reply[TRANSMIT]) > 4 * SECOND);
    assert_eq!(reply[8..12], [0xff; 4]);
}

#[test]
fn version_is_echoed() {
    let server = Server::good(0);
    let client = Client::new(&server);
    for version in 1..=4 {
        let mut request = [0; 48];
        request[0] = version << 3 | 3;
        client.socket.send_to(&request, server.addr()).expect("send");
        assert_eq!(client.receive()[0], version << 3 | 4);
    }
}

#[test]
fn header_behaviours() {
    assert_eq!(with(Behaviour::Leap(3))[0], 0b11_100_100);
    assert_eq!(with(Behaviour::Version(1))[0], 0b00_001_100);
    assert_eq!(with(Behaviour::Mode(5))[0], 0b00_100_101);
    for stratum in [0, 16, 17] {
        assert_eq!(with(Behaviour::Stratum(stratum))[1], stratum);
    }
    assert_eq!(with(Behaviour::RefId(*b"INIT"))[12..16], *b"INIT");
    assert_eq!(with(Behaviour::RootDelay(0x8000_0001))[4..8], [0x80, 0, 0, 1]);
    assert_eq!(with(Behaviour::RootDispersion(0xffff_ffff))[8..12], [0xff; 4]);
    assert_eq!(with(Behaviour::ReferenceTime([7; 8]))[REFERENCE], [7; 8]);
}

#[test]
fn kisses_of_death() {
    for code in [b"DENY", b"RSTR", b"RATE", b"NTSN"] {
        let reply = with(Behaviour::Kiss(*code));
        assert_eq!((reply[0], reply[1], &reply[12..16]), (0b11_100_100, 0, &code[..]));
        assert_eq!(reply[ORIGIN], Client::nonce(1));
        assert!(between(&reply[TRANSMIT], &ntp_bytes(unix_now())).abs() < SECOND);
    }
    let reply = with(Behaviour::KissEcho(*b"RATE"));
    assert_eq!((reply[0], reply[1], &reply[12..16]), (0b11_100_100, 0, &b"RATE"[..]));
    for field in [ORIGIN, RECEIVE, TRANSMIT] {
        assert_eq!(reply[field], Client::nonce(1));
    }
}

#[test]
fn timestamp_behaviours() {
    let origin = fixed(&with(Behaviour::WrongOrigin)[ORIGIN]);
    assert_eq!(origin ^ fixed(&Client::nonce(1)), 1);
    assert_eq!(with(Behaviour::ZeroOrigin)[ORIGIN], ZERO);
    assert_eq!(with(Behaviour::ZeroReceive)[RECEIVE], ZERO);
    assert_eq!(with(Behaviour::ZeroTransmit)[TRANSMIT], ZERO);
    assert_eq!(with(Behaviour::Receive([3; 8]))[RECEIVE], [3; 8]);
    assert_eq!(with(Behaviour::Transmit([4; 8]))[TRANSMIT], [4; 8]);
    let reply = with(Behaviour::AbsurdTimestamps);
    assert_eq!((&reply[RECEIVE], fixed(&reply[TRANSMIT])), (&[0xff; 8][..], 1));
    let reply = with(Behaviour::TransmitBeforeReceive(40 * MILLISECOND));
    let early = between(&reply[RECEIVE], &reply[TRANSMIT]);
    assert!((early - 40 * MILLISECOND).abs() < MICROSECOND, "{early}");
}

#[test]
fn lengths() {
    for length in [0, 1, 47] {
        assert_eq!(with(Behaviour::Short(length)).len(), length);
    }
    let reply = with(Behaviour::Long(20));
    assert_eq!((reply.len(), &reply[ORIGIN], &reply[48..]), (68, &Client::nonce(1)[..], &[0xa5; 20][..]));
    assert_eq!(with(Behaviour::Trailing(vec![1, 2, 3]))[48..], [1, 2, 3]);
    let garbage = with(Behaviour::Garbage(300));
    assert_eq!(garbage.len(), 300);
    assert_ne!(garbage[ORIGIN], Client::nonce(1));
    let server = Server::builder().edit(|request, reply| {
        reply.splice(..4, request.bytes[40..44].to_vec()).for_each(drop);
    });
    assert_eq!(ask(&server.start())[..4], Client::nonce(1)[..4]);
}
