//! A liar among real servers.

use super::{TOLERANCE, number, rntpdate};
use crate::support::netns::Netns;
use crate::support::ntpserver::{DAY, SECOND, Server, YEAR};
use crate::support::peers::Peer;
use crate::support::require;

#[test]
fn a_falseticker_among_three_real_servers_is_never_chosen() {
    let Some(cache) = require::servers() else { return };
    let network = Netns::new();
    let honest = ["10.0.0.1", "10.0.0.2", "fd00::3"];
    for address in honest.iter().chain(&["10.0.0.4"]) {
        network.add_address(address);
    }
    let servers = honest.map(|address| {
        // One address alone leaves the other family's port open: it gets one that no other server wants.
        let (v4, v6) = match address {
            "fd00::3" => ("127.0.0.3", address),
            "10.0.0.2" => (address, "::1"),
            _ => (address, "fd00::1"),
        };
        if v6 == "fd00::1" {
            network.add_address(v6);
        }
        let config = format!("local stratum 3\nallow all\nbindaddress {v4}\nbindaddress {v6}");
        Peer::chronyd(&cache, &network, &config)
    });
    for (server, address) in servers.iter().zip(honest) {
        server.wait_synchronised(&network, address);
    }
    let liar = network.enter(|| Server::builder().bind("10.0.0.4:123").stratum(1).root_dispersion(0.0).start());
    let mut worst = 0.0_f64;
    for (round, lie) in [10 * SECOND, -DAY, 50 * YEAR, -50 * YEAR].into_iter().cycle().take(100).enumerate() {
        liar.set_offset(lie);
        let mut arguments = vec!["-q", honest[0], honest[1], honest[2]];
        arguments.insert(1 + round % 4, "10.0.0.4");
        let run = rntpdate(&network, &arguments);
        worst = worst.max(run.offset().abs());
        assert!(run.offset().abs() < TOLERANCE, "round {round}: {run:#?}");
        assert!(run.stderr.contains("10.0.0.4: falseticker: offset "), "{run:#?}");
        assert!(!run.stdout.lines().last().is_some_and(|line| line.contains("10.0.0.4")), "{run:#?}");
    }
    assert_eq!(liar.requests().len(), 100);
    println!("100 runs, the worst offset {worst:.6} s");
}

#[test]
fn a_real_server_and_a_liar_are_refused_with_both_offsets() {
    let Some(cache) = require::servers() else { return };
    let network = Netns::new();
    network.add_address("10.0.0.4/32");
    let server = Peer::chronyd(&cache, &network, "local stratum 3\nallow all\nbindaddress 127.0.0.1\nbindaddress ::1");
    server.wait_synchronised(&network, "127.0.0.1");
    let _liar = network.enter(|| Server::builder().bind("10.0.0.4:123").offset(DAY).start());
    let run = rntpdate(&network, &["-q", "127.0.0.1", "10.0.0.4"]);
    assert_eq!(run.status, Some(1), "{run:#?}");
    let disagreement = run.stderr.lines().find(|line| line.contains("servers disagree")).unwrap_or_default();
    println!("{disagreement}");
    assert!(number(disagreement, "127.0.0.1 offset ").abs() < TOLERANCE, "{run:#?}");
    assert!((number(disagreement, "10.0.0.4 offset ") - 86_400.0).abs() < TOLERANCE, "{run:#?}");
    assert!((number(disagreement, "; ") - 86_400.0).abs() < TOLERANCE, "{run:#?}");
}
