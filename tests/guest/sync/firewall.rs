//! Packets that do not get through: the cause is named per server, and another server still sets the clock.

use super::{Lab, TOLERANCE, assert_set, guest, line, result};
use crate::support::guest::GuestRun;

/// `try NAME RULE…`: with this rule for IPv4, the clock 5 s ahead, and a server that IPv6 reaches.
const TRY: &str = "
    nft add table inet t
    for hook in input output; do nft add chain inet t $hook \"{ type filter hook $hook priority 0; }\"; done
    try() {
        name=$1
        shift
        nft add rule inet t \"$@\"
        probe step 5
        run $name rntpdate -t 0.3 --interval 0.3 $host host6
        residual $name fec0::2
        run $name-d rntpdate -d -t 0.3 --interval 0.3 $host host6
        run $name-alone rntpdate -t 0.3 --interval 0.3 $host
        nft flush table inet t
    }
    rntpdate -b $host >/dev/null
";

#[track_caller]
fn assert_cause(run: &GuestRun, name: &str, causes: &[&str]) {
    let named = |text: &str| causes.iter().any(|cause| text.ends_with(cause));
    let said = line(run, &format!("{name}-err"), "10.0.2.2: no data: ");
    println!("{name}: {said}");
    assert!(named(said), "{}", run.console);
    let (verb, offset) = result(run, name);
    assert!(verb == "step" && (offset + 5.0).abs() < TOLERANCE, "{}", run.console);
    line(run, &format!("{name}-out"), "step time server fec0::2 ");
    assert_set(run, name);

    line(run, &format!("{name}-d-out"), "10.0.2.2: Server dropped: no data");
    let block = line(run, &format!("{name}-d-out"), "no data: ");
    assert!(named(block), "{}", run.console);
    result(run, &format!("{name}-d"));

    assert_eq!(run.value(&format!("{name}-alone-status")), "1", "{}", run.console);
    line(run, &format!("{name}-alone-err"), "no server suitable for synchronization found");
}

#[test]
fn each_kind_of_firewall_is_told_apart() {
    let Some(lab) = Lab::new() else { return };
    let script = format!(
        "{TRY}
        try drop input meta nfproto ipv4 udp sport 123 drop
        try refuse output meta nfproto ipv4 udp dport 123 drop
        try reject output meta nfproto ipv4 udp dport 123 reject
        run closed rntpdate -t 1 127.0.0.1 ::1
        ip route del default; run unrouted rntpdate -t 1 192.0.2.1"
    );
    let run = guest(&lab, &script).run();
    let forbidden = "sending is not permitted: most likely a firewall on this machine forbids it";
    assert_cause(&run, "drop", &["no reply to 2 requests", "no reply to 2 requests (-d looks for the cause)"]);
    assert_cause(&run, "refuse", &[forbidden]);
    assert_cause(
        &run,
        "reject",
        &[forbidden, "connection refused: nothing listens on that port (reported by 10.0.2.15)"],
    );
    for (name, address, cause) in [
        ("closed", "127.0.0.1", "connection refused: nothing listens on that port (reported by 127.0.0.1)"),
        ("closed", "::1", "connection refused: nothing listens on that port (reported by ::1)"),
        ("unrouted", "192.0.2.1", "network is unreachable"),
    ] {
        let said = line(&run, &format!("{name}-err"), &format!("{address}: no data: "));
        println!("{name}: {said}");
        assert!(said.ends_with(cause), "{said}");
        assert_eq!(run.value(&format!("{name}-status")), "1");
    }
}

/// The kernel says no more than "not permitted" then (net/netfilter/nf_conntrack_core.c), so that a firewall is as likely.
#[test]
fn a_full_table_of_connections_is_named_as_a_likely_cause() {
    let Some(lab) = Lab::new() else { return };
    let script = "
        nft add table inet t; nft add chain inet t output '{ type filter hook output priority 0; }'
        nft add rule inet t output ct state invalid drop
        run before rntpdate -q -p1 $host
        echo 1 >/proc/sys/net/netfilter/nf_conntrack_max
        run full rntpdate -d -t 0.3 -p1 $host
    ";
    let run = guest(&lab, script).run();
    assert_eq!(run.value("before-status"), "0", "{}", run.console);
    let cause = line(&run, "full-out", "  cause (likely): ");
    assert!(cause.contains("its table of connections is full"), "{cause}");
    assert!(line(&run, "full-out", "  here: ").contains("nf_conntrack"), "{}", run.console);
    assert_eq!(run.value("full-status"), "1", "{}", run.console);
}
