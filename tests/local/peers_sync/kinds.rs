//! Each kind of server there is, synchronised and not, over both protocols.

use super::{CHRONYD, NTPD, TOLERANCE, number, rntpdate};
use crate::support::netns::Netns;
use crate::support::peers::Peer;
use crate::support::require::{self, Cache};

const LOOPBACKS: [&str; 2] = ["127.0.0.1", "::1"];

/// Offsets of one sample, of four, and of both addresses together.
fn assert_near_zero(kind: &str, network: &Netns, stratum: u8) {
    let both = rntpdate(network, &["-q", LOOPBACKS[0], LOOPBACKS[1]]);
    for address in LOOPBACKS {
        let line = both.server(address);
        println!("{kind}, one sample: {line}");
        assert!(line.contains(&format!("stratum {stratum},")), "{line}");
        assert!(number(line, "offset ").abs() < TOLERANCE, "{line}");
        let delay = number(line, "delay ");
        assert!((0.0..TOLERANCE).contains(&delay), "{line}");
        let four = rntpdate(network, &["-d", address]);
        println!("{kind}, four samples, {address}: {:+.6} s in {:?}", four.offset(), four.took);
        assert!(four.offset().abs() < TOLERANCE, "{four:#?}");
        assert_eq!(four.stdout.matches(&format!("receive({address})")).count(), 4, "{four:#?}");
        // Pauses of 2 s would make it six.
        assert!(four.took.as_secs_f64() < 3.0, "four samples from near took {:?}", four.took);
    }
    assert!(both.offset().abs() < TOLERANCE && both.stderr.is_empty(), "{both:#?}");
}

/// What both protocols say of a server without sync.
fn assert_unsynchronised(network: &Netns, cause: &str) {
    for address in LOOPBACKS {
        let run = rntpdate(network, &["-q", address]);
        run.assert_dropped(address, cause);
        println!("{}", run.stderr.trim_end());
        let debug = rntpdate(network, &["-d", address]);
        assert!(debug.stdout.contains(&format!("{address}: Server dropped: strata too high\n")), "{debug:#?}");
        assert!(debug.stdout.contains("\nstratum 16, precision "), "{debug:#?}");
    }
}

fn with(start: impl Fn(&Cache, &Netns) -> Peer, check: impl Fn(&Netns, &Peer)) {
    let Some(cache) = require::servers() else { return };
    let network = Netns::new();
    let server = start(&cache, &network);
    check(&network, &server);
}

#[test]
fn chronyd() {
    with(
        |cache, network| Peer::chronyd(cache, network, CHRONYD),
        |network, server| {
            server.wait_synchronised(network, "127.0.0.1");
            assert_near_zero("chronyd", network, 3);
        },
    );
}

#[test]
fn ntpd() {
    with(
        |cache, network| Peer::ntpd(cache, network, NTPD),
        |network, server| {
            server.wait_synchronised(network, "127.0.0.1");
            // Its root dispersion starts near 8 s and halves with each second: until then it is rightly not believed.
            let early = rntpdate(network, &["-q", "127.0.0.1"]);
            println!("ntpd at its start: {}{}", early.stdout, early.stderr);
            std::thread::sleep(std::time::Duration::from_secs(6));
            assert_near_zero("ntpd", network, 5);
        },
    );
}

#[test]
fn ntpd_whose_dispersion_is_still_large_is_too_far() {
    with(
        |cache, network| Peer::ntpd(cache, network, "refclock local unit 0 stratum 4 prefer"),
        |network, server| {
            server.wait_synchronised(network, "127.0.0.1");
            let run = rntpdate(network, &["-q", "127.0.0.1"]);
            run.assert_dropped("127.0.0.1", "Server dropped: root distance 7.9");
        },
    );
}

#[test]
fn openntpd_never_has_sync_here() {
    with(
        |cache, network| Peer::openntpd(cache, network, "listen on 127.0.0.1\nlisten on ::1"),
        |network, server| {
            server.wait_ready(network, "::1");
            assert_unsynchronised(network, "Server dropped: strata too high (stratum 16, leap 11: the server is");
        },
    );
}

#[test]
fn chronyd_without_a_source() {
    with(
        |cache, network| Peer::chronyd(cache, network, "allow all"),
        |network, server| {
            server.wait_ready(network, "127.0.0.1");
            assert_unsynchronised(network, "Server dropped: strata too high (stratum 16, leap 11: the server is");
        },
    );
}

#[test]
fn ntpd_without_a_source() {
    with(
        |cache, network| Peer::ntpd(cache, network, ""),
        |network, server| {
            server.wait_ready(network, "127.0.0.1");
            assert_unsynchronised(network, "Server dropped: strata too high (stratum 16, leap 11, refid INIT");
        },
    );
}
