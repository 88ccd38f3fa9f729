//! How fast the packets come, as the server sees it.

use std::time::Duration;

use super::rntpdate;
use crate::support::netns::Netns;
use crate::support::ntpserver::{Behaviour, Server};
use crate::support::require;

/// The times between the requests for the time that reach a server, by the kernel's timestamps. They may be longer than
/// planned on a busy machine, never shorter. (-d may have other questions in the end, in mode 6.)
fn gaps(server: &Server) -> Vec<f64> {
    let requests: Vec<_> = server.requests().into_iter().filter(|request| request.bytes[0] & 7 == 3).collect();
    requests.windows(2).map(|pair| (pair[1].received - pair[0].received) as f64 / 1e9).collect()
}

/// Seconds of a polite pause, and of one within a burst.
const POLITE: std::ops::Range<f64> = 1.999..3.5;
const BURST: std::ops::Range<f64> = 0.049..1.5;

/// A server at this address, port 123; a behaviour applies to its second request.
fn start(network: &Netns, address: &str, second: Option<Behaviour>) -> Server {
    network.add_address(&address.replace(['[', ']'], ""));
    let builder = Server::builder().bind(&format!("{address}:123"));
    let builder = second.into_iter().fold(builder, |builder, behaviour| builder.nth(2, behaviour));
    network.enter(move || builder.start())
}

#[test]
fn public_addresses_are_asked_each_2_s_and_near_ones_in_a_burst() {
    if require::servers().is_none() {
        return;
    }
    let network = Netns::new();
    let public = ["192.0.2.1", "[2001:db8::1]"].map(|address| start(&network, address, None));
    let near = ["10.9.9.9", "192.168.1.1", "172.16.0.1", "169.254.3.3", "[fd12::1]"]
        .map(|address| start(&network, address, None));
    let arguments =
        ["-d", "-p3", "192.0.2.1", "2001:db8::1", "10.9.9.9", "192.168.1.1", "172.16.0.1", "169.254.3.3", "fd12::1"];
    let run = rntpdate(&network, &arguments);
    assert_eq!(run.status, Some(0), "{run:#?}");
    for server in &public {
        println!("{}: {:.3?}", server.addr(), gaps(server));
        assert_eq!(gaps(server).len(), 2);
        assert!(gaps(server).iter().all(|gap| POLITE.contains(gap)), "{}: {:?}", server.addr(), gaps(server));
    }
    for server in &near {
        println!("{}: {:.3?}", server.addr(), gaps(server));
        assert_eq!(gaps(server).len(), 2);
        assert!(gaps(server).iter().all(|gap| BURST.contains(gap)), "{}: {:?}", server.addr(), gaps(server));
    }
    assert!(run.took < Duration::from_secs(8), "all at once: {:?}", run.took);
}

#[test]
fn a_lost_reply_ends_the_burst() {
    if require::servers().is_none() {
        return;
    }
    let network = Netns::new();
    let server = start(&network, "10.9.9.9", Some(Behaviour::Silent));
    let run = rntpdate(&network, &["-d", "-p4", "-t0.5", "10.9.9.9"]);
    let gaps = gaps(&server);
    println!("the second reply lost: {gaps:.3?}");
    assert_eq!((run.status, gaps.len()), (Some(0), 3), "{run:#?}");
    assert!(BURST.contains(&gaps[0]) && POLITE.contains(&gaps[1]) && POLITE.contains(&gaps[2]), "{gaps:?}");
}
