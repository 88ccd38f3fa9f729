//! Each error that sending can end with: made by routes, firewalls, queues and settings where a network of its own can make it,
//! put in by strace where that takes a driver, a security module or the whole machine's settings.

use super::wire::{Answer, SERVER, Wire};
use crate::support::firewall::firewall;
use crate::support::netns::Netns;
use crate::support::ntpserver::Server;
use crate::support::require;

/// What a network or a system call does; who is asked; code, certainty and some words of the verdict.
type Row<'a> = (&'a str, &'a str, &'a str, &'a str, &'a str);

fn shell(network: &Netns, script: &str) {
    let status = network.command("sh").args(["-ec", script]).status().expect("sh");
    assert!(status.success(), "{script}");
}

#[track_caller]
fn assert_row(answer: &Answer, (what, asked, code, certainty, words): Row<'_>) {
    let verdict = &answer.report["servers"][0]["verdict"];
    assert_eq!((answer.code(0).as_str(), verdict["certainty"].as_str()), (code, Some(certainty)), "{what}: {verdict}");
    assert!(answer.text(0).contains(words), "{what}: {}", answer.text(0));
    assert!(!answer.text(0).contains("os error"), "{what}: {}", answer.text(0));
    assert_eq!(answer.report["exit_status"].as_i64(), Some(1), "{what}, {asked}");
}

#[test]
fn what_a_network_can_do_to_a_request_is_named() {
    if require::servers().is_none() {
        return;
    }
    let off = "echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6";
    let table: [Row<'_>; 14] = [
        ("ip route add prohibit 192.0.2.0/24", "192.0.2.1", "no-route", "likely", "(kind prohibit)"),
        ("ip route add blackhole 192.0.2.0/24", "192.0.2.1", "no-route", "likely", "(kind blackhole)"),
        ("ip route add unreachable 192.0.2.0/24", "192.0.2.1", "no-route", "likely", "(kind unreachable)"),
        ("ip -6 route add prohibit 2001:db8::/64", "2001:db8::1", "no-route", "likely", "(kind prohibit)"),
        ("ip -6 route add blackhole 2001:db8::/64", "2001:db8::1", "no-route", "likely", "(kind blackhole)"),
        ("ip -6 route add unreachable 2001:db8::/64", "2001:db8::1", "no-route", "likely", "(kind unreachable)"),
        ("ip rule add to 192.0.2.0/24 prohibit", "192.0.2.1", "no-route", "likely", "\"ip rule\""),
        ("true", "192.0.2.1", "no-route", "certain", "knows no way to 192.0.2.1"),
        (
            "true",
            "::1:123",
            "no-route",
            "likely",
            "or [::1]:123 was meant: without brackets this is read as the IPv6 address",
        ),
        (off, "2001:db8::1", "no-route", "likely", "this family is switched off"),
        (off, "::1", "no-route", "likely", "use -4"),
        ("true", "fe80::1", "send-failed", "certain", "fe80::1%eth0"),
        (
            "tc qdisc replace dev link0 root bfifo limit 1",
            SERVER,
            "send-failed",
            "likely",
            "queue of the interface is full",
        ),
        ("ip link set link0 down", "fe80::1%link0", "no-route", "certain", "no way"),
    ];
    for row in table {
        let wire = Wire::new();
        // A neighbour that is not known yet takes packets, and loses them by itself.
        wire.ask(&["-t0.3", "-p1", SERVER]);
        shell(&wire.client, row.0);
        assert_row(&wire.ask(&["-t0.3", "-p1", row.1]), row);
    }
    for rule in ["drop", "reject"] {
        let wire = Wire::new();
        firewall(&wire.client, "output", &format!("udp dport 123 {rule}"));
        let row = (rule, SERVER, "own-firewall", "likely", "table of connections is full");
        assert_row(&wire.ask(&["-t0.3", "-p1", SERVER]), row);
    }
}

/// The first packet is too big for the router's next line; then the kernel knows, and sends in pieces (RFC 1191 §6.3).
#[test]
fn a_line_for_tiny_packets_costs_one_request() {
    if require::servers().is_none() {
        return;
    }
    let (wire, far) = (Wire::new(), Netns::new());
    let _ntp = far.enter(|| Server::builder().bind("0.0.0.0:123").start());
    let holder = far.path();
    let holder = holder.trim_start_matches("/proc/").trim_end_matches("/ns/net");
    shell(
        &wire.server,
        &format!(
            "echo 1 > /proc/sys/net/ipv4/ip_forward; ip link add v0 mtu 68 type veth peer name v1 mtu 68 netns {holder}
            ip addr add 10.99.0.1/24 dev v0; ip link set v0 up"
        ),
    );
    shell(&far, "ip addr add 10.99.0.7/24 dev v1; ip link set v1 up; ip route add default via 10.99.0.1");
    wire.client.ip(&["route", "add", "default", "via", SERVER]);
    let answer = wire.ask(&["-t1", "--interval=0.2", "10.99.0.7"]);
    assert_eq!(answer.code(0), "fit", "{}", answer.report);
    assert!(
        answer.text(0).contains("seen besides: the packets are too big for the way (reported by 10.78.0.2)"),
        "{}",
        answer.text(0)
    );
}

/// WireGuard's errors, a driver's, and those of security modules at any step.
#[test]
fn what_a_system_call_can_say_is_named() {
    if require::servers().is_none() {
        return;
    }
    let network = Netns::new();
    let table: [Row<'_>; 12] = [
        ("sendto:error=ENOKEY", "127.0.0.1", "no-route", "certain", "WireGuard, where no peer has this address"),
        ("sendto:error=EDESTADDRREQ", "127.0.0.1", "no-route", "certain", "it has no endpoint yet"),
        ("sendto:error=EMSGSIZE", "127.0.0.1", "send-failed", "likely", "its MTU is set too small"),
        ("sendto:error=ENETDOWN", "127.0.0.1", "no-route", "certain", "the interface on the way is down"),
        ("sendto:error=ENOMEM", "127.0.0.1", "send-failed", "likely", "memory is short"),
        ("sendto:error=EPERM", "127.0.0.1", "own-firewall", "likely", "(nf_conntrack)"),
        ("socket:error=EAFNOSUPPORT", "::1", "no-route", "certain", "IPv6 is switched off"),
        ("socket:error=EACCES", "127.0.0.1", "send-failed", "likely", "forbids socket()"),
        ("connect:error=EADDRNOTAVAIL", "127.0.0.1", "no-route", "likely", "no interface has an address"),
        ("connect:error=EAGAIN", "127.0.0.1", "send-failed", "likely", "all ports to send from are taken"),
        ("epoll_ctl:error=EPERM", "127.0.0.1", "send-failed", "likely", "forbids epoll_ctl()"),
        ("recvmsg:error=EPERM", "127.0.0.1", "send-failed", "likely", "forbids recvmsg()"),
    ];
    for row in table {
        let mut command = network.command("strace");
        command.args(["-f", "-o", "/dev/null", "-e", &format!("inject={}", row.0)]);
        command.args([env!("CARGO_BIN_EXE_rntpdate"), "-d", "--json", "-t0.3", "-p1", row.1]);
        assert_row(&Answer::of(command), row);
    }
}
