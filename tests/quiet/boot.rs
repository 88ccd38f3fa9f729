//! As a boot goes.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

use crate::support::dns::NameServer;
use crate::support::guest::GuestRun;
use crate::support::hurry::right_of_way;
use crate::support::lab::{Lab, RUN, say, statuses};

/// The shell's part of the boot tests: `late SECONDS COMMAND` does something later and notes when, in seconds since boot.
const BOOT: &str = "
    now() { read -r uptime _ </proc/uptime; echo \"$uptime\"; }
    late() { (sleep $1; eval \"$2\"; echo \"late $(now)\") & }
    timed() { echo \"begun $(now)\"; rntpdate \"$@\"; echo \"status $?\"; echo \"ended $(now)\"; wait; }
    echo 'nameserver 10.0.2.2' >/etc/resolv.conf
";

fn boot(lab: &Lab, script: &str) -> GuestRun {
    let _names = NameServer::start(&lab.network, [10, 0, 2, 2].into());
    let _way = right_of_way();
    let run = lab.guest(&format!("{RUN}{BOOT}{script}")).rtc("1970-01-01T00:00:00").run();
    assert_eq!(run.status, 0, "{}", run.console);
    run
}

/// The clock is set within so many seconds of the moment when the last obstacle went.
#[track_caller]
fn assert_prompt(what: &str, within: f64, run: &GuestRun) {
    let after = run.number("ended") - run.number("late");
    say(&format!(
        "{what}: obstacle gone after {:.2} s, clock set {after:.2} s later\n",
        run.number("late") - run.number("begun")
    ));
    assert_eq!(statuses(run), ["0"], "{}", run.console);
    assert!((0.0..=within).contains(&after), "{after} s: {}", run.console);
    assert!(run.console.contains("step time server 10.0.2.2 offset +1795"), "{}", run.console);
    assert_eq!(run.console.matches("rntpdate[").count(), 1, "{}", run.console);
}

#[test]
fn at_boot_the_clock_is_set_as_soon_as_the_network_is_there() {
    let Some(lab) = Lab::new() else { return };
    let options = "--deadline 30 --wait 30 --accuracy 0.05";
    let run = boot(&lab, &format!("ip link set eth0 down; late 5 'ip link set eth0 up'; timed {options} ntp.test"));
    assert_prompt("link 5 s late", 1.0, &run);
    // No route is there, and it comes without any change of the link.
    let run = boot(
        &lab,
        &format!("ip addr flush dev eth0; late 5 'ip addr add 10.0.2.15/24 dev eth0'; timed {options} ntp.test"),
    );
    assert_prompt("address 5 s late", 1.0, &run);
    // The worst case for the C library: the name server is silent first. Nothing tells of its end: the next question does, up to
    // 0.65 s later.
    let silent = "nft add table inet t; nft add chain inet t in '{ type filter hook input priority 0; }'
        nft add rule inet t in udp sport 53 drop";
    let run = boot(&lab, &format!("{silent}; late 5 'nft delete table inet t'; timed {options} ntp.test"));
    assert_prompt("name server silent for 5 s", 1.5, &run);
}

#[test]
fn without_a_network_it_ends_in_time_with_one_line() {
    let Some(lab) = Lab::new() else { return };
    let run = boot(&lab, "ip link set eth0 down; timed --deadline 10 --wait 30 ntp.test 10.0.2.2");
    let took = run.number("ended") - run.number("begun");
    say(&format!("no network: ended after {took:.2} s of 10 s\n"));
    assert!((9.5..=10.5).contains(&took), "{took}: {}", run.console);
    assert_eq!(statuses(&run), ["1"], "{}", run.console);
    let lines: Vec<&str> = run.console.lines().filter(|line| line.contains("rntpdate[")).collect();
    assert_eq!(lines.len(), 1, "{}", run.console);
    assert!(lines[0].contains("no server suitable for synchronization found: ntp.test: "), "{}", lines[0]);
    assert!(lines[0].contains("10.0.2.2: no data: network is unreachable"), "{}", lines[0]);
}

#[test]
fn silence_is_waited_out_with_growing_pauses() {
    let Some(lab) = Lab::new() else { return };
    let script = "nft add table inet t; nft add chain inet t in '{ type filter hook input priority 0; }'
        nft add rule inet t in udp sport 123 drop
        nft add chain inet t out '{ type filter hook output priority 0; }'
        nft add rule inet t out udp dport 123 counter
        # Router advertisements would be news of the network, upon which it tries at once.
        echo 1 >/proc/sys/net/ipv6/conf/eth0/disable_ipv6; sleep 1
        late 12 'nft list table inet t | grep packets; nft delete table inet t'
        timed -v --wait 40 10.0.2.2";
    let run = boot(&lab, script);
    assert_eq!(statuses(&run), ["0"], "{}", run.console);
    assert_eq!(run.console.matches("waiting up to 40 s for an answer").count(), 1, "said once: {}", run.console);
    let packets = run.console.split("packets ").nth(1).unwrap().split(' ').next().unwrap();
    say(&format!("12 s of silence: {packets} requests, set {:.2} s later\n", run.number("ended") - run.number("late")));
    assert!(packets.parse::<u32>().unwrap() <= 6, "{}", run.console);
}
