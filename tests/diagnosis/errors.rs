//! Reports by ICMP and from the kernel, single and lasting, and who made them.

use crate::ntpserver::Server;
use crate::support::require;
use crate::wire::{SERVER, Wire, firewall};

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
