//! Servers that do not serve us, or not so fast.

use std::time::Duration;

use super::{NTPD, TOLERANCE, number, rntpdate};
use crate::support::netns::Netns;
use crate::support::peers::Peer;
use crate::support::require;

/// Two requests in vain are enough.
fn assert_silent(network: &Netns) {
    for address in ["127.0.0.1", "::1"] {
        let run = rntpdate(network, &["-q", "-t0.3", "-p4", "--interval=0.3", address]);
        run.assert_dropped(address, "no data: no reply to 2 requests");
    }
}

#[test]
fn chronyd_that_serves_nobody_has_no_open_port() {
    let Some(cache) = require::servers() else { return };
    let network = Netns::new();
    let server = Peer::chronyd(&cache, &network, "local stratum 3");
    while !server.log().contains("Running") {
        assert!(!server.log().contains("ended with"), "{}", server.log());
        std::thread::sleep(Duration::from_millis(20));
    }
    for address in ["127.0.0.1", "::1"] {
        let run = rntpdate(&network, &["-q", address]);
        let cause = format!("no data: connection refused: nothing listens on that port (reported by {address})");
        run.assert_dropped(address, &cause);
        println!("{}{:?}", run.stderr, run.took);
        assert!(run.took < Duration::from_secs(1), "a refusal is known at once: {:?}", run.took);
    }
}

#[test]
fn chronyd_that_denies_us_is_silent() {
    let Some(cache) = require::servers() else { return };
    let network = Netns::new();
    network.add_address("192.0.2.1/32");
    let server = Peer::chronyd(&cache, &network, "local stratum 3\nallow all\ndeny 127.0.0.0/8\ndeny ::1");
    server.wait_synchronised(&network, "192.0.2.1");
    assert_silent(&network);
}

#[test]
fn ntpd_that_ignores_us_or_does_not_serve_is_silent() {
    let Some(cache) = require::servers() else { return };
    std::thread::scope(|scope| {
        for restriction in ["ignore", "noserve"] {
            let cache = &cache;
            scope.spawn(move || {
                let network = Netns::new();
                network.add_address("192.0.2.1/32");
                let config = format!("{NTPD}\nrestrict default {restriction}\nrestrict 192.0.2.1");
                let server = Peer::ntpd(cache, &network, &config);
                server.wait_ready(&network, "192.0.2.1");
                assert_silent(&network);
            });
        }
    });
}

#[test]
fn ntpd_that_limits_us_says_rate_and_the_burst_gives_way() {
    let Some(cache) = require::servers() else { return };
    let network = Netns::new();
    network.add_address("192.0.2.1/32");
    let limits = "restrict default limited kod\nrestrict 192.0.2.1\nlimit average 1 burst 2 kod 0.1";
    let server = Peer::ntpd(&cache, &network, &format!("{NTPD}\n{limits}"));
    // Asked from the address that is exempt, so that the limit is still unused for the run.
    server.wait_synchronised(&network, "192.0.2.1");
    std::thread::sleep(Duration::from_secs(6));
    let run = rntpdate(&network, &["-d", "-p8", "127.0.0.1"]);
    let replies = run.stdout.matches("receive(127.0.0.1)").count();
    let rates = run.stderr.matches("127.0.0.1 rate limit response from server.").count();
    println!("replies {replies}, of these {rates} say RATE, in {:?}, offset {:+.6} s", run.took, run.offset());
    assert!((1..=2).contains(&rates) && replies > 2, "{run:#?}");
    assert!(run.offset().abs() < TOLERANCE, "{run:#?}");
    assert!(run.took >= Duration::from_secs(2), "after RATE it waits 2 s: {run:#?}");
    let delay = run.stdout.lines().find(|line| line.starts_with("delay ")).expect("a line of delays");
    assert!(number(delay, "delay ") < TOLERANCE, "{delay}");
}
