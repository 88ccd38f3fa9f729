//! Nothing comes back, for reasons that look alike at first.

use std::time::Duration;

use super::wire::{CLIENT, NOBODY, SERVER, SERVER6, Wire};
use crate::support::firewall::firewall;
use crate::support::ntpserver::{Behaviour, Builder, Server};
use crate::support::peers::Peer;
use crate::support::require;

/// The reply time-out, two seconds if not said, and half a second for the looks afterwards; the second request comes two
/// seconds after the first.
const LIMIT: Duration = Duration::from_millis(4500);

/// Three tries: the machine has other tests to run.
#[track_caller]
fn assert_in_time(wire: &Wire, arguments: &[&str]) -> Duration {
    let mut best = Duration::MAX;
    for _ in 0..3 {
        best = best.min(wire.ask(arguments).took);
        if best < LIMIT - Duration::from_millis(100) {
            break;
        }
    }
    println!("{arguments:?} took {best:?}");
    assert!(best < LIMIT, "{best:?}");
    best
}

fn good(address: &str) -> Builder {
    Server::builder().bind(address)
}

#[test]
fn nothing_listens_and_a_firewall_that_says_no() {
    if require::servers().is_none() {
        return;
    }
    let wire = Wire::new();
    let closed = wire.ask(&[SERVER]);
    assert_eq!(closed.code(0), "nothing-listens");
    assert!(closed.took < Duration::from_millis(800), "{:?}", closed.took);
    assert_eq!(wire.code(&[SERVER6]), "nothing-listens");
    // The same port, shut by a firewall that tells who it is: that is another cause, for IPv6 too.
    firewall(&wire.server, "input", "udp dport 123 reject with icmpx admin-prohibited");
    let prohibited = wire.ask(&[SERVER, SERVER6]);
    assert_eq!([prohibited.code(0), prohibited.code(1)], ["prohibited", "prohibited"], "{}", prohibited.report);
}

#[test]
fn chronyd_without_allow_does_not_listen_and_with_allow_for_others_ignores_us() {
    let Some(cache) = require::servers() else { return };
    let wire = Wire::new();
    let _without = Peer::chronyd(&cache, &wire.server, "local stratum 5");
    std::thread::sleep(Duration::from_millis(500));
    let answer = wire.ask(&[SERVER]);
    assert_eq!(answer.code(0), "nothing-listens");
    assert!(answer.text(0).contains("chronyd listens only with `allow`"), "{}", answer.text(0));
    let other = Wire::new();
    let chronyd = Peer::chronyd(&cache, &other.server, "local stratum 5\nallow 10.78.0.2\nallow 127.0.0.1");
    chronyd.wait_synchronised(&other.server, "127.0.0.1");
    let answer = other.ask(&[SERVER]);
    assert_eq!(answer.code(0), "filtered-or-ignored");
    assert!(answer.text(0).contains("the server ignores us"), "{}", answer.text(0));
}

#[test]
fn a_firewall_that_drops_all_udp_and_a_server_that_ignores_us() {
    let Some(cache) = require::servers() else { return };
    let dropping = Wire::new();
    let _ntp = dropping.server.enter(|| good("10.78.0.2:123").start());
    firewall(&dropping.server, "input", "meta l4proto udp drop");
    let ignoring = Wire::new();
    let ntpd = Peer::ntpd(&cache, &ignoring.server, "restrict default ignore\nrestrict 127.0.0.1");
    ntpd.wait_ready(&ignoring.server, "127.0.0.1");
    let (dropped, ignored) = (dropping.ask(&[SERVER]), ignoring.ask(&[SERVER]));
    assert_eq!([dropped.code(0), ignored.code(0)], ["filtered-or-ignored", "filtered-or-ignored"]);
    // Told apart by the other UDP port: the more probable cause comes first.
    assert!(dropped.text(0).contains("| a firewall drops UDP 123"), "{}", dropped.text(0));
    assert!(ignored.text(0).contains("| the server ignores us"), "{}", ignored.text(0));
    assert_in_time(&dropping, &[SERVER]);
    assert_in_time(&ignoring, &[SERVER]);
}

#[test]
fn a_firewall_on_this_machine_that_drops_replies_or_requests() {
    if require::servers().is_none() {
        return;
    }
    // Dropped on the way in, it is silence.
    let input = Wire::new();
    let _ntp = input.server.enter(|| good("10.78.0.2:123").start());
    firewall(&input.client, "input", "udp sport 123 drop");
    let silent = input.ask(&[SERVER]);
    assert_eq!(silent.code(0), "filtered-or-ignored");
    assert!(silent.text(0).contains("its replies back in"), "{}", silent.text(0));
    // Dropped or refused on the way out, the kernel says so.
    for verdict in ["drop", "reject", "reject with icmpx admin-prohibited", "reject with icmpx host-unreachable"] {
        let output = Wire::new();
        let _ntp = output.server.enter(|| good("10.78.0.2:123").start());
        firewall(&output.client, "output", &format!("udp dport 123 {verdict}"));
        assert_eq!(output.code(&[SERVER]), "own-firewall", "{verdict}");
    }
}

#[test]
fn noserve_is_told_by_the_answers_to_other_questions() {
    let Some(cache) = require::servers() else { return };
    let wire = Wire::new();
    let config = "restrict default noserve\nrestrict 127.0.0.1\nrestrict source noserve";
    let ntpd = Peer::ntpd(&cache, &wire.server, &format!("{config}\nrestrict {CLIENT} noserve"));
    ntpd.wait_ready(&wire.server, "127.0.0.1");
    let answer = wire.ask(&[SERVER]);
    assert_eq!(answer.code(0), "not-serving", "{}", answer.report);
}

#[test]
fn a_silent_host_three_of_them_and_one_on_this_network_that_is_not_there() {
    if require::servers().is_none() {
        return;
    }
    let wire = Wire::new();
    firewall(&wire.server, "input", "drop");
    for address in ["10.78.0.3/24", "10.78.0.4/24"] {
        wire.server.add_link_address(address);
    }
    let (one, three) = (wire.ask(&[SERVER]), wire.ask(&[SERVER, "10.78.0.3", "10.78.0.4"]));
    assert_eq!(one.code(0), "host-silent", "{}", one.report);
    assert_eq!([0, 1, 2].map(|place| three.code(place)), ["host-silent"; 3].map(str::to_owned));
    let (one, three) = (assert_in_time(&wire, &[SERVER]), assert_in_time(&wire, &[SERVER, "10.78.0.3", "10.78.0.4"]));
    assert!(three < one + Duration::from_millis(150), "{one:?} {three:?}");
    assert_eq!(wire.code(&[NOBODY]), "no-neighbour");
}

/// The kernel has asked who has the address, and nobody has answered: it tells so itself after three seconds, its table at once.
#[test]
fn nobody_on_the_link_has_the_address() {
    if require::servers().is_none() {
        return;
    }
    let wire = Wire::new();
    let nobody6 = SERVER6.replace("::2", "::99");
    for (address, options) in [(NOBODY, &["-t0.4"][..]), (&nobody6, &["-t0.4"]), (NOBODY, &["-t4"])] {
        let answer = wire.ask(&[options, &[address]].concat());
        let verdict = &answer.report["servers"][0]["verdict"];
        assert_eq!(
            (answer.code(0).as_str(), verdict["certainty"].as_str()),
            ("no-neighbour", Some("certain")),
            "{verdict}"
        );
        let cause = verdict["cause"].as_str().unwrap();
        assert!(cause.contains("nobody on link0 answers for this address"), "{cause}");
    }
    // A host that answers for its address, and to nothing else.
    firewall(&wire.server, "input", "drop");
    assert_eq!(wire.code(&["-t0.4", "--interval=0.3", SERVER]), "host-silent");
}

#[test]
fn echo_alone_shows_that_a_host_is_up() {
    if require::servers().is_none() {
        return;
    }
    let wire = Wire::new();
    firewall(&wire.server, "input", "meta l4proto { udp, tcp } drop");
    let up = wire.ask(&[SERVER, SERVER6]);
    assert_eq!([up.code(0), up.code(1)], ["filtered-or-ignored"; 2].map(str::to_owned), "{}", up.report);
    // Without it nothing is left that would say so; IPv6 still finds its neighbours.
    firewall(&wire.server, "input", "icmp type echo-request drop");
    firewall(&wire.server, "input", "icmpv6 type echo-request drop");
    let silent = wire.ask(&[SERVER, SERVER6]);
    assert_eq!([silent.code(0), silent.code(1)], ["host-silent"; 2].map(str::to_owned), "{}", silent.report);
}

#[test]
fn no_route_here_and_no_route_further_on() {
    if require::servers().is_none() {
        return;
    }
    let wire = Wire::new();
    let here = wire.ask(&["192.0.2.1"]);
    assert_eq!(here.code(0), "no-route");
    assert!(
        here.text(0).contains("network is unreachable") && here.text(0).contains("this machine"),
        "{}",
        here.text(0)
    );
    wire.client.ip(&["route", "add", "default", "via", SERVER]);
    let write = "echo 1 > /proc/sys/net/ipv4/ip_forward";
    assert!(wire.server.command("sh").args(["-c", write]).status().expect("sh").success());
    let further = wire.ask(&["192.0.2.1"]);
    assert_eq!(further.code(0), "no-route");
    assert!(further.text(0).contains("10.78.0.2 knows no way"), "{}", further.text(0));
}

#[test]
fn a_filter_that_knows_only_port_123() {
    if require::servers().is_none() {
        return;
    }
    let wire = Wire::new();
    let _ntp = wire.server.enter(|| good("10.78.0.2:123").start());
    firewall(&wire.server, "input", "udp sport != 123 udp dport 123 drop");
    assert_eq!(wire.code(&[SERVER]), "source-port-filtered");
    // The remedy is one.
    assert_eq!(wire.code(&["--source-port", "123", SERVER]), "fit");
    // Without root nobody can know, nor use it.
    let by_user = |options: &[&str]| {
        let mut command = wire.client.command("setpriv");
        command.args(["--reuid", "65534", "--clear-groups", env!("CARGO_BIN_EXE_rntpdate"), "-d", SERVER]);
        command.args(options);
        super::run(command).1
    };
    let plain = by_user(&[]);
    assert!(plain.contains("as root, -d also tries source port 123"), "{plain}");
    let denied = by_user(&["--source-port", "123"]);
    assert!(denied.contains("no right to send from a port below 1024") && !denied.contains("firewall"), "{denied}");
}

#[test]
fn replies_from_another_address_or_port() {
    if require::servers().is_none() {
        return;
    }
    let wire = Wire::new();
    wire.server.add_link_address("10.78.0.3/24");
    let elsewhere = "10.78.0.3".parse().expect("an address");
    let _ntp = wire.server.enter(|| good("10.78.0.2:123").behave(Behaviour::FromAddress(elsewhere)).start());
    let address = wire.ask(&[SERVER]);
    assert_eq!(address.code(0), "other-address");
    assert!(address.text(0).contains("from 10.78.0.3:123 instead of 10.78.0.2:123"), "{}", address.text(0));
    let wire = Wire::new();
    let _ntp = wire.server.enter(|| good("10.78.0.2:123").behave(Behaviour::FromOtherPort).start());
    assert_eq!(wire.code(&[SERVER]), "other-address");
}

#[test]
fn a_long_time_out_is_waited_for_once() {
    if require::servers().is_none() {
        return;
    }
    let wire = Wire::new();
    firewall(&wire.server, "input", "drop");
    let took = wire.ask(&["-t3", SERVER]).took;
    assert!((Duration::from_secs(5)..Duration::from_millis(5500)).contains(&took), "{took:?}");
}
