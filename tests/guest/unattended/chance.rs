//! A board that boots without anything to draw random numbers from, and with name services that hang: by the program as it is
//! usually built, and by one without shared libraries.

use std::time::Duration;

use super::{Lab, say};
use crate::support::dns::NameServer;
use crate::support::guest::GuestRun;
use crate::support::lab::lines;
use crate::support::static_build;

/// `t NAME COMMAND…` prints a command's lines, its status, how long it took, and whether the kernel still had no random numbers
/// at its end.
const PRELUDE: &str = r#"
t() {
    local name=$1 begun; shift
    begun=$(cut -d' ' -f1 /proc/uptime)
    timeout 60 "$@" >/tmp/out 2>&1
    echo "$name-status $?"
    echo "$name-seconds $(awk -v a="$begun" '{ printf "%.2f", $1 - a }' /proc/uptime)"
    echo "$name-$(probe random)"
    sed "s/^/$name-text /" /tmp/out
}
echo 'nameserver 10.0.2.2' >/etc/resolv.conf
"#;

fn boot(lab: &Lab, script: &str) -> GuestRun {
    let program = tempfile::tempdir().unwrap();
    let copy = program.path().join("static-rntpdate");
    std::fs::copy(static_build::rntpdate(), &copy).unwrap();
    let script = format!("{PRELUDE}{script}");
    let run = lab.guest(&script).program(&copy).without_chance().timeout(Duration::from_secs(200)).run();
    say(&run.console);
    assert_eq!(run.status, 0, "{}", run.console);
    run
}

#[track_caller]
fn ended(run: &GuestRun, name: &str, status: &str, within: f64) {
    assert_eq!(run.value(&format!("{name}-status")), status, "{name}: {}", run.console);
    let seconds = run.number(&format!("{name}-seconds"));
    assert!(seconds < within, "{name} took {seconds} s: {}", run.console);
}

fn says(run: &GuestRun, name: &str, part: &str) -> bool {
    lines(run, &format!("{name}-text")).iter().any(|line| line.contains(part))
}

#[test]
fn without_random_numbers_the_clock_is_set_in_time() {
    let Some(lab) = Lab::new() else { return };
    let _names = NameServer::start(&lab.network, [10, 0, 2, 2].into());
    let script = "
        probe random
        for program in rntpdate static-rntpdate; do
            probe step 9; t $program-address $program -v -b --deadline 10 10.0.2.2
            probe step 9; t $program-name $program -b --deadline 10 ntp.test
            probe step 9; t $program-file $program -b --deadline 10 host
            t $program-self $program --self-test
            t $program-debug $program -d -p 1 10.0.2.2
            t $program-nobody $program -v -b --deadline 3 -t 1 127.0.0.77
        done";
    let run = boot(&lab, script);
    assert_eq!(run.value("random"), "waits", "the guest has random numbers from somewhere: {}", run.console);
    for program in ["rntpdate", "static-rntpdate"] {
        for what in ["address", "name", "file", "self", "debug"] {
            ended(&run, &format!("{program}-{what}"), "0", 12.0);
        }
        ended(&run, &format!("{program}-nobody"), "1", 6.0);
        assert!(says(&run, &format!("{program}-address"), "too little chance"), "{}", run.console);
        assert!(!says(&run, &format!("{program}-name"), "too little chance"), "only -v says it: {}", run.console);
    }
    assert_eq!(run.value("static-rntpdate-nobody-random"), "waits", "not all of it was shown: {}", run.console);
}

#[test]
fn name_services_that_hang_hold_up_no_address_and_no_run_beyond_its_deadline() {
    let Some(lab) = Lab::new() else { return };
    let script = r#"
        hang() {
            for program in rntpdate static-rntpdate; do
                t $program-$1-name $program -b --deadline 4 ntp.test
                probe step 9; t $program-$1-address $program -b --deadline 4 10.0.2.2
                probe step 9; t $program-$1-both $program -b --deadline 6 ntp.test 10.0.2.2
                t $program-$1-user $program -b -U ntp --deadline 4 10.0.2.2
            done
        }
        # Nobody answers there.
        echo 'nameserver 10.0.2.77' >/etc/resolv.conf; hang resolver
        mkdir -p /var/run/nscd; probe deaf accepted /var/run/nscd/socket & deaf=$!
        until [ -e /var/run/nscd/socket ]; do sleep 0.05; done
        chmod 777 /var/run/nscd/socket; hang nscd; kill $deaf; wait $deaf; rm /var/run/nscd/socket
        mv /etc/hosts /tmp/hosts; mkfifo -m 644 /etc/hosts; hang fifo; rm /etc/hosts; mv /tmp/hosts /etc/hosts
        mv /etc/nsswitch.conf /tmp/nss; mkfifo -m 644 /etc/nsswitch.conf; hang switch; rm /etc/nsswitch.conf; mv /tmp/nss /etc/nsswitch.conf
        mv /etc/passwd /tmp/passwd; mkfifo -m 644 /etc/passwd; hang passwd"#;
    let run = boot(&lab, script);
    for program in ["rntpdate", "static-rntpdate"] {
        for what in ["resolver", "nscd", "fifo", "switch", "passwd"] {
            let name = |kind: &str| format!("{program}-{what}-{kind}");
            ended(&run, &name("name"), "1", 6.0);
            assert!(says(&run, &name("name"), "ntp.test"), "it says why: {}", run.console);
            ended(&run, &name("address"), "0", 4.0);
            ended(&run, &name("both"), "0", 8.0);
            let user = run.number(&format!("{}-seconds", name("user")));
            assert!(user < 6.0, "{user}: {}", run.console);
        }
    }
}
