//! Reports by ICMP and from the kernel, single and lasting, and who made them.

use super::wire::{SERVER, SERVER6, Wire};
use super::{rntpdate, run};
use crate::support::firewall::firewall;
use crate::support::netns::Netns;
use crate::support::ntpserver::Server;
use crate::support::require;

fn served() -> (Wire, Server) {
    let wire = Wire::new();
    let ntp = wire.server.enter(|| Server::builder().bind("10.78.0.2:123").start());
    (wire, ntp)
}

#[test]
fn one_report_among_good_replies_is_something_seen_besides() {
    if require::servers().is_none() {
        return;
    }
    let once = "udp dport 123 numgen inc mod 4 == 1";
    for verdict in ["reject", "reject with icmpx host-unreachable", "reject with icmpx admin-prohibited"] {
        let (wire, _ntp) = served();
        firewall(&wire.server, "input", &format!("{once} {verdict}"));
        let answer = wire.ask(&["--interval=0.1", SERVER]);
        assert_eq!(answer.code(0), "fit", "{verdict}: {}", answer.report);
        let text = answer.text(0);
        assert!(text.contains("3 of 4 requests answered") && text.contains("; seen besides: "), "{verdict}: {text}");
        assert_eq!(answer.report["servers"][0]["received"].as_i64(), Some(3), "{verdict}");
    }
    // Kept back by this machine: with others or as the first one.
    for number in [0, 1] {
        let (wire, _ntp) = served();
        firewall(&wire.client, "output", &format!("udp dport 123 numgen inc mod 4 == {number} drop"));
        let answer = wire.ask(&["--interval=0.1", SERVER]);
        assert_eq!(answer.code(0), "fit", "{number}: {}", answer.report);
        assert!(answer.text(0).contains("not permitted"), "{number}: {}", answer.text(0));
    }
}

/// Code, certainty and all words of the verdict on the only server asked.
fn verdict(wire: &Wire, arguments: &[&str]) -> (String, String, String) {
    let answer = wire.ask(arguments);
    let certainty = answer.report["servers"][0]["verdict"]["certainty"].as_str().unwrap_or_default().to_owned();
    (answer.code(0), certainty, answer.text(0))
}

#[track_caller]
fn assert_verdict(wire: &Wire, arguments: &[&str], code: &str, certainty: &str, words: &str) {
    let found = verdict(wire, arguments);
    assert!(
        (found.0.as_str(), found.1.as_str()) == (code, certainty) && found.2.contains(words),
        "{arguments:?}: {found:?}"
    );
}

fn shell(network: &Netns, script: &str) -> String {
    let output = network.command("sh").args(["-ec", script]).output().expect("sh");
    assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[test]
fn routes_and_links_of_this_machine() {
    if require::servers().is_none() {
        return;
    }
    let wire = Wire::new();
    for kind in ["prohibit", "blackhole", "unreachable"] {
        wire.client.ip(&["route", "add", kind, "192.0.2.0/24"]);
        wire.client.ip(&["-6", "route", "add", kind, "2001:db8::/64"]);
        let word = if kind == "blackhole" { "swallows" } else { kind };
        assert_verdict(&wire, &["192.0.2.1"], "no-route", "likely", word);
        assert_verdict(&wire, &["2001:db8::1"], "no-route", "likely", word);
        wire.client.ip(&["route", "del", kind, "192.0.2.0/24"]);
        wire.client.ip(&["-6", "route", "del", kind, "2001:db8::/64"]);
    }
    // What to type is said.
    assert_verdict(&wire, &["fe80::1"], "send-failed", "certain", "fe80::1%eth0");
    let (_, lines, errors) = run(rntpdate(&wire.client, &["-q", "fe80::1"]));
    assert!(errors.contains("lacks the interface") && !errors.contains("os error"), "{lines}{errors}");
    shell(&wire.client, "echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6");
    assert_verdict(&wire, &["::1"], "no-route", "likely", "use -4");
}

/// The first server has the only port that there is.
#[test]
fn no_port_is_left_to_send_from() {
    if require::servers().is_none() {
        return;
    }
    let (wire, _ntp) = served();
    shell(&wire.client, "echo 40000 40000 > /proc/sys/net/ipv4/ip_local_port_range");
    wire.server.add_link_address("10.78.0.3/24");
    let answer = wire.ask(&["-t1", SERVER, "10.78.0.3"]);
    assert_eq!([answer.code(0), answer.code(1)], ["fit", "send-failed"], "{}", answer.report);
    assert!(answer.text(1).contains("all ports to send from are taken"), "{}", answer.text(1));
    assert!(answer.text(1).contains("ip_local_port_range"), "{}", answer.text(1));
}

#[test]
fn a_firewall_here_is_likely_where_the_kernel_says_no_more_than_no() {
    if require::servers().is_none() {
        return;
    }
    let (wire, _ntp) = served();
    firewall(&wire.client, "output", "udp dport 1123 drop");
    assert_verdict(&wire, &["--port", "1123", SERVER], "own-firewall", "likely", "UDP to port 1123 out");
    let (wire, _ntp) = served();
    firewall(&wire.client, "output", "udp dport 1123 reject");
    assert_verdict(&wire, &["--port", "1123", SERVER], "own-firewall", "likely", "UDP to port 1123 out");
    let (wire, _ntp) = served();
    firewall(&wire.server, "input", "udp dport 1123 reject with icmpx admin-prohibited");
    assert_verdict(&wire, &["--port", "1123", SERVER], "prohibited", "certain", "let UDP 1123 in");
    // No host says of itself that nobody knows the way to it.
    let (wire, _ntp) = served();
    firewall(&wire.server, "input", "udp dport 1123 reject with icmpx no-route");
    assert_verdict(&wire, &["--port", "1123", SERVER], "prohibited", "likely", "a firewall on the server");
}

/// The classic pair of rules, which lets out only what comes from NTP's own port.
#[test]
fn a_firewall_here_that_knows_only_port_123() {
    if require::servers().is_none() {
        return;
    }
    for verdict in ["drop", "reject"] {
        let (wire, _ntp) = served();
        firewall(&wire.client, "output", &format!("udp dport 123 udp sport != 123 {verdict}"));
        assert_verdict(&wire, &[SERVER], "source-port-filtered", "certain", "--source-port 123");
    }
}

/// A rule for a user sees whose socket it is, as the man page says.
#[test]
fn packets_are_nobodys_where_nothing_is_set_and_else_roots() {
    if require::servers().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let metrics = folder.path().join("rntpdate.prom");
    // Whoever may not set the clock has the processes of one who may where there is something to write.
    let sync = ["-p1", "--metrics", metrics.to_str().unwrap(), SERVER];
    for (user, query_is_kept_back) in [(65534, true), (0, false)] {
        let (wire, _ntp) = served();
        firewall(&wire.client, "output", &format!("udp dport 123 meta skuid {user} drop"));
        for (words, is_kept_back) in [(&["-q", SERVER][..], query_is_kept_back), (&sync, !query_is_kept_back)] {
            let (_, lines, errors) = run(rntpdate(&wire.client, words));
            let text = lines + &errors;
            assert_eq!(text.contains("sending is not permitted"), is_kept_back, "{user} {words:?}: {text}");
        }
    }
}

#[test]
fn addresses_that_are_no_servers_and_those_of_this_machine() {
    if require::servers().is_none() {
        return;
    }
    let wire = Wire::new();
    for address in ["10.78.0.255", "127.255.255.255"] {
        assert_verdict(&wire, &[address], "send-failed", "certain", "a broadcast address");
    }
    for own in ["127.0.0.5", "10.78.0.1"] {
        assert_verdict(&wire, &[own], "nothing-listens", "likely", &format!("{own} is this machine itself"));
    }
    let answer = wire.ask(&[SERVER]);
    assert!(!answer.text(0).contains("this machine itself"), "{}", answer.text(0));
}

/// The server's network is a router's now.
fn routed() -> Wire {
    let wire = Wire::new();
    shell(&wire.server, "echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding");
    wire.client.ip(&["route", "add", "default", "via", SERVER]);
    wire.client.ip(&["-6", "route", "add", "default", "via", SERVER6]);
    wire
}

#[test]
fn what_a_router_says_is_told_by_type_and_code() {
    if require::servers().is_none() {
        return;
    }
    let wire = routed();
    assert_verdict(&wire, &["192.0.2.1"], "no-route", "likely", "10.78.0.2 knows no way");
    assert_verdict(&wire, &["2001:db8::1"], "no-route", "likely", "fd00:78::2 knows no way");
    // The last router asks for the host in vain.
    shell(
        &wire.server,
        "ip link add v0 type veth peer name v1; ip link set v0 up; ip link set v1 up
        ip addr add 10.99.0.1/24 dev v0",
    );
    assert_verdict(&wire, &["-t4", "10.99.0.7"], "host-unreachable", "likely", "10.78.0.2 is the last router");
    for (family, network, address, code) in [
        ("-4", "198.51.100.0/24", "198.51.100.1", "prohibited"),
        ("-6", "2001:db8:1::/64", "2001:db8:1::1", "prohibited"),
    ] {
        wire.server.ip(&[family, "route", "add", "prohibit", network]);
        assert_verdict(&wire, &[address], code, "certain", "on the way, refuses");
    }
    // Whatever passes is at its last hop, as in a loop.
    let rule =
        "add table ip m; add chain ip m c { type filter hook prerouting priority -200; }; add rule ip m c ip ttl set 1";
    wire.server.command("nft").arg(rule).status().expect("nft");
    assert_verdict(&wire, &["10.99.0.7"], "no-route", "likely", "in circles");
}

#[test]
fn only_a_link_local_address_here() {
    if require::servers().is_none() {
        return;
    }
    let wire = routed();
    wire.client.ip(&["-6", "addr", "del", "fd00:78::1/64", "dev", "link0"]);
    let router = shell(&wire.server, "ip -6 -o addr show dev link0 scope link | sed 's/.*inet6 \\([^/]*\\).*/\\1/'");
    shell(&wire.client, "ip -6 route flush default || true");
    wire.client.ip(&["-6", "route", "add", "default", "via", &router, "dev", "link0"]);
    shell(
        &wire.server,
        "ip link add v0 type veth peer name v1; ip link set v0 up; ip link set v1 up
        ip -6 addr add 2001:db8::9/64 dev v0 nodad",
    );
    // Nobody answers for an address that may still be another's (RFC 4862 §5.4), and the router's is such at first.
    for network in [&wire.server, &wire.client] {
        shell(network, "for _ in $(seq 200); do [ -n \"$(ip -6 addr show tentative)\" ] || exit 0; sleep 0.05; done");
    }
    assert_verdict(&wire, &["2001:db8::1"], "no-route", "certain", "its own link only");
}
