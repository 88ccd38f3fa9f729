//! Slow lines, lines that are slow one way, and filters that look at the source port.

use std::time::Duration;

use super::wire::{SERVER, Wire};
use super::{rntpdate, run};
use crate::support::firewall::firewall;
use crate::support::ntpserver::Server;
use crate::support::require;

fn served(there: u64, back: u64) -> (Wire, Server) {
    let wire = Wire::new();
    let ms = Duration::from_millis;
    let ntp = wire.server.enter(|| Server::builder().bind("10.78.0.2:123").delays(ms(there), ms(back)).start());
    (wire, ntp)
}

#[test]
fn replies_after_the_time_out_are_late_and_not_lost() {
    if require::servers().is_none() {
        return;
    }
    let (wire, _ntp) = served(300, 300);
    let answer = wire.ask(&["-t0.4", "--interval=0.5", SERVER]);
    assert_eq!(answer.code(0), "late", "{}", answer.report);
    let text = answer.text(0);
    assert!(text.contains("after the time-out of -t") && text.contains("-t 2 waits long enough"), "{text}");
    assert_eq!(answer.report["exit_status"].as_i64(), Some(0));
}

/// Seconds of delay as of a satellite with a full queue: replies come while others are still waited for, or after all is over.
#[test]
fn a_lone_server_slower_than_the_time_out_has_it_named() {
    if require::servers().is_none() {
        return;
    }
    let (wire, _ntp) = served(1200, 1200);
    let answer = wire.ask(&["-t2", SERVER]);
    assert_eq!(answer.code(0), "late", "{}", answer.report);
    assert!(answer.text(0).contains("after the time-out of -t, the slowest after 2.4"), "{}", answer.text(0));
    assert!(answer.text(0).contains("-t 4 waits long enough"), "{}", answer.text(0));
    let (wire, _ntp) = served(2200, 2200);
    let answer = wire.ask(&["-t2", SERVER]);
    assert_eq!(answer.report["exit_status"].as_i64(), Some(1), "{}", answer.report);
    assert_eq!(answer.code(0), "filtered-or-ignored", "its host answers at once: {}", answer.report);
    assert!(answer.text(0).contains("if they are only late, -t 10 waits longer"), "{}", answer.text(0));
}

#[test]
fn an_offset_within_its_error_bound_is_not_stepped() {
    if require::servers().is_none() {
        return;
    }
    let (wire, _ntp) = served(300, 1500);
    for (options, decision) in [(&["-p1", "-t3"][..], "slew"), (&["-p1", "-t3", "-b"], "step")] {
        let answer = wire.ask(&[options, &[SERVER]].concat());
        assert_eq!(answer.report["decision"], decision, "{}", answer.report);
    }
    let (_, output, errors) = run(rntpdate(&wire.client, &["-q", "-t3", SERVER]));
    let lines: Vec<&str> = output.lines().collect();
    assert!(lines.iter().any(|line| line.contains("within its error bound of 0.9")), "{output}{errors}");
    assert!(lines.last().is_some_and(|line| line.contains("adjust time server 10.78.0.2 offset -0.6")), "{output}");
}

#[test]
fn a_filter_that_refuses_all_source_ports_but_one_and_one_that_blocks_that_one() {
    if require::servers().is_none() {
        return;
    }
    let (wire, _ntp) = served(0, 0);
    firewall(&wire.server, "input", "udp sport != 123 udp dport 123 reject with icmpx admin-prohibited");
    let answer = wire.ask(&[SERVER]);
    assert_eq!(answer.code(0), "source-port-filtered", "{}", answer.report);
    assert!(answer.text(0).contains("use --source-port 123"), "{}", answer.text(0));
    let (wire, _ntp) = served(0, 0);
    firewall(&wire.client, "input", "udp dport 123 drop");
    let answer = wire.ask(&["--source-port", "123", "-t0.5", "--interval=0.5", SERVER]);
    assert_eq!(answer.code(0), "source-port-filtered", "{}", answer.report);
    assert!(answer.text(0).contains("leave out --source-port"), "{}", answer.text(0));
}

#[test]
fn the_next_hop_is_named_where_it_does_not_answer() {
    if require::servers().is_none() {
        return;
    }
    let wire = Wire::new();
    wire.client.ip(&["route", "add", "default", "via", "10.78.0.50"]);
    let answer = wire.ask(&["-t4", "192.0.2.1"]);
    assert_eq!(answer.code(0), "no-gateway", "{}", answer.report);
    assert!(answer.text(0).contains("router 10.78.0.50 on link0"), "{}", answer.text(0));
    assert_eq!(answer.report["servers"][0]["verdict"]["certainty"], "certain", "{}", answer.report);
    let quick = wire.ask(&["-t0.3", "192.0.2.1"]);
    assert_eq!(quick.code(0), "no-gateway", "before the kernel gives up: {}", quick.report);
    // The other end of the cable is out.
    wire.server.ip(&["link", "set", "link0", "down"]);
    wire.client.wait_for_link(false);
    for address in [SERVER, "192.0.2.1"] {
        let answer = wire.ask(&["-t1.5", "--interval=0.5", address]);
        assert_eq!(answer.code(0), "no-carrier", "{}", answer.report);
        assert!(answer.text(0).contains("link0"), "{}", answer.text(0));
    }
}
