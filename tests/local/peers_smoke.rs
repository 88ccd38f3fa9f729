//! Each real server answers, each real client asks, and the namespace keeps the clock from both.

use crate::support::netns::Netns;
use crate::support::peers::{self, Peer};
use crate::support::require;

#[test]
fn chronyd_is_synchronised_on_both_protocols_and_more_addresses() {
    let Some(cache) = require::servers() else { return };
    let network = Netns::new();
    network.add_address("192.0.2.1/32");
    network.add_address("2001:db8::1/128");
    let server = Peer::chronyd(&cache, &network, "local stratum 3\nallow all");
    for address in ["127.0.0.1", "::1", "192.0.2.1", "2001:db8::1"] {
        let reply = server.wait_synchronised(&network, address);
        assert_eq!((reply.leap, reply.version, reply.mode, reply.stratum), (0, 4, 4, 3), "{address}");
        assert!(reply.offset.abs() < 0.1 && reply.delay < 0.2, "{reply:?}");
    }
}

#[test]
fn chronyd_without_a_source_is_unsynchronised() {
    let Some(cache) = require::servers() else { return };
    let network = Netns::new();
    let server = Peer::chronyd(&cache, &network, "allow all");
    let reply = server.wait_ready(&network, "127.0.0.1");
    assert_eq!((reply.leap, reply.mode, reply.stratum), (3, 4, 0));
}

#[test]
fn ntpd_is_synchronised_by_its_local_clock() {
    let Some(cache) = require::servers() else { return };
    let network = Netns::new();
    let server = Peer::ntpd(&cache, &network, "refclock local unit 0 stratum 4 prefer");
    for address in ["127.0.0.1", "::1"] {
        let reply = server.wait_synchronised(&network, address);
        assert_eq!((reply.leap, reply.version, reply.mode, reply.stratum), (0, 4, 4, 5), "{address}");
        assert!(reply.offset.abs() < 0.1, "{reply:?}");
    }
}

#[test]
fn openntpd_answers_unsynchronised() {
    let Some(cache) = require::servers() else { return };
    let network = Netns::new();
    let server = Peer::openntpd(&cache, &network, "listen on 127.0.0.1\nlisten on ::1");
    for address in ["127.0.0.1", "::1"] {
        let reply = server.wait_ready(&network, address);
        assert_eq!((reply.leap, reply.version, reply.mode, reply.stratum), (3, 4, 4, 0), "{address}");
        assert!(reply.offset.abs() < 0.1, "{reply:?}");
    }
}

#[test]
fn servers_in_two_networks_do_not_meet() {
    let Some(cache) = require::servers() else { return };
    let networks = [Netns::new(), Netns::new()];
    let servers = ["local stratum 3\nallow all", "local stratum 9\nallow all"];
    let servers = [0, 1].map(|n| Peer::chronyd(&cache, &networks[n], servers[n]));
    let strata = [0, 1].map(|n| servers[n].wait_synchronised(&networks[n], "127.0.0.1").stratum);
    assert_eq!(strata, [3, 9]);
}

#[test]
fn clients_of_the_tree_can_ask() {
    let Some(cache) = require::servers() else { return };
    let network = Netns::new();
    let server = Peer::chronyd(&cache, &network, "local stratum 3\nallow all");
    server.wait_synchronised(&network, "127.0.0.1");
    for client in [&["ntpdig", "127.0.0.1"][..], &["chronyd", "-Q", "-u", "root", "-t", "5", "server 127.0.0.1 iburst"]]
    {
        let output = peers::client(&cache, &network, client).output().expect("cannot start a client");
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{text}");
        assert!(text.contains("127.0.0.1 s3") || text.contains("System clock wrong by"), "{text}");
    }
}

#[test]
fn commands_in_a_network_cannot_set_the_clock() {
    if require::servers().is_none() {
        return;
    }
    let output = Netns::new().command("cat").arg("/proc/self/status").output().expect("cannot start cat");
    let status = String::from_utf8_lossy(&output.stdout);
    for line in ["CapPrm", "CapEff", "CapBnd", "CapInh"] {
        let found = status.lines().find_map(|text| text.strip_prefix(line)).expect("a capability line");
        let set = u64::from_str_radix(found.trim_start_matches([':', '\t']), 16).expect("a capability set");
        assert_eq!(set >> 25 & 1, 0, "CAP_SYS_TIME is in {line}");
    }
}

#[test]
fn ended_server_is_a_failure_at_once() {
    let Some(cache) = require::servers() else { return };
    let network = Netns::new();
    let server = Peer::chronyd(&cache, &network, "no such directive");
    let waited = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| server.wait_ready(&network, "127.0.0.1")));
    assert!(waited.is_err() && server.log().contains("Invalid"), "{}", server.log());
}
