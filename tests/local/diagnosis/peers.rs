//! A real ntpd's peers, as ntpq prints them and as we do.

use std::time::{Duration, Instant};

use super::{rntpdate, run};
use crate::support::netns::Netns;
use crate::support::ntpserver::{Behaviour, SECOND, Server};
use crate::support::peers::{self, Peer};
use crate::support::require::{self, Cache};

/// ntpd answers these questions only where it is told to.
const OPEN: &str = "restrict default limited\nrestrict 127.0.0.1\nrestrict ::1\n";

fn ntpq(cache: &Cache, network: &Netns) -> Vec<String> {
    let (_, table, errors) = run(peers::client(cache, network, &["ntpq", "-pn"]));
    assert!(!table.is_empty(), "ntpq prints nothing: {errors}");
    table.lines().map(str::to_owned).collect()
}

/// Without the line on the server itself.
fn ours(network: &Netns) -> Vec<String> {
    let (status, table, errors) = run(rntpdate(network, &["--peers", "127.0.0.1"]));
    assert_eq!(status, Some(0), "{errors}");
    table.lines().skip(1).map(str::to_owned).collect()
}

/// A second may pass between the two programs, and a packet may arrive: then they are asked again.
fn same_table(cache: &Cache, network: &Netns) -> Vec<String> {
    let mut last = (Vec::new(), Vec::new());
    for _ in 0..20 {
        let before = ntpq(cache, network);
        let ours = ours(network);
        if before == ours || ours == ntpq(cache, network) {
            return ours;
        }
        last = (before, ours);
    }
    panic!("ntpq:\n{}\nours:\n{}", last.0.join("\n"), last.1.join("\n"));
}

#[test]
fn the_table_is_ntpqs_to_the_character() {
    let Some(cache) = require::servers() else { return };
    let (network, upstream) = (Netns::new(), Netns::new());
    network.link(&upstream, &["10.77.0.1/24", "fd00:77::1/64"], &["10.77.0.2/24", "10.77.0.3/24", "fd00:77::2/64"]);
    for address in ["10.77.0.4/24", "10.77.0.5/24"] {
        upstream.add_link_address(address);
    }
    let _servers = [
        Peer::chronyd(&cache, &upstream, "local stratum 3\nallow all\nbindaddress 10.77.0.2\nbindaddress fd00:77::2"),
        Peer::chronyd(&cache, &upstream, "local stratum 2\nallow all\nbindaddress 10.77.0.3"),
    ];
    let start = |builder: crate::support::ntpserver::Builder| upstream.enter(|| builder.start());
    let _liar = start(Server::builder().bind("10.77.0.4:123").offset(2000 * SECOND).stratum(1).refid(*b"GPS\0"));
    let _lossy = start(Server::builder().bind("10.77.0.5:123").behave(Behaviour::LossPattern(".x.xx")));
    let sources = ["10.77.0.2", "10.77.0.3", "10.77.0.4", "10.77.0.5", "fd00:77::2"];
    let servers: String =
        sources.iter().map(|address| format!("server {address} iburst minpoll 3 maxpoll 3\n")).collect();
    let config = format!(
        "{OPEN}{servers}server 10.77.0.9 iburst\nrefclock local unit 0 stratum 14\npool nowhere.invalid\n\
         tos minsane 1 minclock 1\n"
    );
    let ntpd = Peer::ntpd(&cache, &network, &config);
    ntpd.wait_ready(&network, "127.0.0.1");
    let started = Instant::now();
    let mut seen = String::new();
    // From the start until it follows one of them.
    while started.elapsed() < Duration::from_secs(60) {
        let table = same_table(&cache, &network);
        seen = table.join("\n");
        let follows = table.iter().any(|line| line.starts_with('*') && !line.contains("LOCAL"));
        let is_reached = seen.contains("   17   ") || seen.contains("   37   ");
        if follows && is_reached {
            break;
        }
        std::thread::sleep(Duration::from_secs(2));
    }
    assert_eq!(seen.lines().count(), 10, "{seen}");
    let tallies: String = seen.lines().skip(2).filter_map(|line| line.chars().next()).collect();
    assert!(tallies.contains('*') && tallies.contains('x') && tallies.contains(' '), "{seen}");
    assert!(started.elapsed() < Duration::from_secs(60), "{seen}");
    let mut command = rntpdate(&network, &["--peers", "127.0.0.1"]);
    command.stdout(std::fs::File::options().write(true).open("/dev/full").expect("a full disk"));
    let (status, _, errors) = run(command);
    assert!(status == Some(1) && errors.contains("cannot write the results: No space left"), "{errors}");
}

#[test]
fn a_server_that_refuses_costs_one_wait_and_one_line() {
    let Some(cache) = require::servers() else { return };
    let network = Netns::new();
    network.add_address("127.0.0.2/8");
    let chronyd = Peer::chronyd(&cache, &network, "local stratum 3\nallow all");
    chronyd.wait_synchronised(&network, "127.0.0.1");
    let started = Instant::now();
    let (status, output, errors) = run(rntpdate(&network, &["--peers", "-t0.4", "127.0.0.1"]));
    let took = started.elapsed();
    assert_eq!((status, output.as_str()), (Some(1), ""));
    assert_eq!(errors.lines().count(), 1, "{errors}");
    assert!(errors.starts_with("127.0.0.1: no answer to questions about itself (noquery"), "{errors}");
    assert!(took < Duration::from_millis(800), "{took:?}");
}

#[test]
fn ntpd_with_noquery_is_silent_and_ntpd_without_is_not() {
    let Some(cache) = require::servers() else { return };
    // Whoever answers does so soon, also where the machine has much to do; silence costs the whole time-out.
    for (restriction, answers, timeout) in [("restrict default noquery", false, "-t1"), (OPEN, true, "-t10")] {
        let network = Netns::new();
        let config = format!("{restriction}\nrefclock local unit 0 stratum 4 prefer");
        let ntpd = Peer::ntpd(&cache, &network, &config);
        ntpd.wait_ready(&network, "127.0.0.1");
        let (status, output, errors) = run(rntpdate(&network, &["--peers", timeout, "127.0.0.1"]));
        assert_eq!(status == Some(0), answers, "{restriction}: {output}{errors}");
        assert_eq!(output.contains("LOCAL(0)"), answers, "{restriction}: {output}{errors}");
    }
}

#[test]
fn the_deadline_bounds_it() {
    let network = Netns::new();
    network.enter(|| {
        let _silent = Server::builder().bind("127.0.0.1:123").behave(Behaviour::Silent).start();
        let begun = Instant::now();
        let (status, _, errors) = run(rntpdate(&network, &["--peers", "--deadline", "0.4", "127.0.0.1"]));
        let took = begun.elapsed();
        assert!(status == Some(1) && took < Duration::from_millis(900), "{took:?}: {errors}");
    });
}
