//! The port that requests leave from.

use super::{CHRONYD, TOLERANCE, rntpdate};
use crate::support::netns::Netns;
use crate::support::ntpserver::Server;
use crate::support::peers::Peer;
use crate::support::require;

#[test]
fn source_port_is_the_one_asked_for_and_else_a_new_random_one() {
    if require::servers().is_none() {
        return;
    }
    let network = Netns::new();
    let servers = ["127.0.0.1:1123", "127.0.0.2:1123", "[::1]:1123"]
        .map(|address| network.enter(|| Server::builder().bind(address).start()));
    let addresses = ["127.0.0.1", "127.0.0.2", "::1"];
    for options in
        [["-q", "--port=1123", "--source-port=123"], ["-q", "--port=1123", "-u"], ["-q", "--port=1123", "-u"]]
    {
        let run = rntpdate(&network, &[&options[..], &addresses[..]].concat());
        assert!(run.offset().abs() < TOLERANCE, "{run:#?}");
    }
    for server in &servers {
        let ports: Vec<u16> = server.requests().iter().map(|request| request.from.port()).collect();
        println!("{}: from {ports:?}", server.addr());
        assert!(ports[0] == 123 && ports[1] > 1023 && ports[2] > 1023 && ports[1] != ports[2], "{ports:?}");
    }
}

#[test]
fn a_source_port_that_somebody_has_is_named() {
    if require::servers().is_none() {
        return;
    }
    let network = Netns::new();
    let _server = network.enter(|| Server::builder().bind("127.0.0.1:1123").start());
    let _holder = network.udp("0.0.0.0:123".parse().expect("an address"));
    let run = rntpdate(&network, &["-q", "--port=1123", "--source-port=123", "127.0.0.1"]);
    run.assert_dropped("127.0.0.1", "no data: the source port is in use");
    // Without the option it does not matter.
    assert!(rntpdate(&network, &["-q", "--port=1123", "127.0.0.1"]).offset().abs() < TOLERANCE);
}

#[test]
fn chronyd_shares_its_port() {
    let Some(cache) = require::servers() else { return };
    let network = Netns::new();
    let daemon = Peer::chronyd(&cache, &network, CHRONYD);
    daemon.wait_synchronised(&network, "127.0.0.1");
    let server = network.enter(|| Server::builder().bind("127.0.0.1:1123").start());
    for _ in 0..3 {
        let run = rntpdate(&network, &["-q", "--port=1123", "--source-port=123", "127.0.0.1"]);
        assert!(run.offset().abs() < TOLERANCE, "{run:#?}");
    }
    assert!(server.requests().iter().all(|request| request.from.port() == 123));
    // And the daemon goes on serving.
    assert!(rntpdate(&network, &["-q", "127.0.0.1"]).offset().abs() < TOLERANCE);
}
