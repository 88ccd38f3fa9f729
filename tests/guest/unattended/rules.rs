//! Who may run, and what is refused.

use super::{Lab, run, statuses};
use crate::support::guest::Guest;
use crate::support::{require, schema};

#[test]
fn of_two_runs_at_once_the_second_waits_for_its_turn() {
    let Some(lab) = Lab::new() else { return };
    let run = run(
        &lab,
        "(run --splay 0.001 -p4 --interval 1 10.0.2.2 | sed 's/^/first: /') &
        until [ -s /run/rntpdate/lock ]; do sleep 0.1; done
        run -q 10.0.2.2 | sed 's/^/query: /'; run -b -v 10.0.2.2 2>&1 | sed 's/^/second: /'; wait",
    );
    let all = |words: &[&str]| words.iter().all(|word| run.console.contains(word));
    assert!(all(&["first: status 0", "second: status 0", "query: status 0"]), "{}", run.console);
    assert!(all(&["query: server 10.0.2.2"]), "queries are free: {}", run.console);
    assert_eq!(run.console.matches("step time server").count(), 3, "each run's and the query's: {}", run.console);
    let waited = run.console.split("waited ").nth(1).and_then(|text| text.split(' ').next()?.parse::<f64>().ok());
    assert!(waited.is_some_and(|seconds| (0.2..4.0).contains(&seconds)), "{}", run.console);
    let at = |text| run.console.find(text).unwrap_or_else(|| panic!("{text}: {}", run.console));
    assert!(at("first: status 0") < at("second: status 0"), "{}", run.console);
}

#[test]
fn a_run_that_hangs_is_named_by_the_one_that_waits_for_it() {
    let Some(lab) = Lab::new() else { return };
    let run = run(
        &lab,
        "rntpdate -p4 --interval 1 --deadline 4 10.0.2.2 & first=$!; echo \"pid $first\"
        until grep -q \"^$first \" /run/rntpdate/lock 2>/dev/null; do sleep 0.1; done; kill -STOP $first
        run --quiet --deadline 0.5 10.0.2.2; sleep 18; run -w --deadline 0.5 10.0.2.2; kill -CONT $first; wait",
    );
    assert_eq!(statuses(&run), ["1", "1"], "{}", run.console);
    let pid = run.value("pid");
    let lines: Vec<&str> = run.console.lines().filter(|line| line.contains("clock not set: another run")).collect();
    assert_eq!(lines.len(), 2, "one line each, with --quiet too: {}", run.console);
    assert!(lines[0].contains(&format!("(pid {pid}) is still under way after ")), "{}", lines[0]);
    assert!(lines[1].contains(&format!("(pid {pid}) has held the lock for ")), "{}", lines[1]);
    assert!(lines[1].contains("though its deadline was 4 s: it hangs"), "{}", lines[1]);
}

#[test]
fn a_dry_run_has_the_limit_of_the_run_that_it_stands_for() {
    let Some(lab) = Lab::new() else { return };
    let limits = "--max-step 10 --max-first-step 1e9";
    let run = run(
        &lab,
        &format!(
            "run -q {limits} 10.0.2.2; run -d {limits} 10.0.2.2 | grep status; run {limits} 10.0.2.2; probe step -20
        run -q {limits} 10.0.2.2; run -d {limits} 10.0.2.2 2>&1 | grep status; run {limits} 10.0.2.2",
        ),
    );
    assert_eq!(statuses(&run), ["0", "0", "0", "4", "4", "4"], "{}", run.console);
}

#[test]
fn a_running_chronyd_keeps_its_clock() {
    let Some(lab) = Lab::new() else { return };
    let run = run(
        &lab,
        "echo 'local stratum 8' >/etc/chrony.conf; mkdir -p /run/chrony
        chronyd -f /etc/chrony.conf -u root -n & pid=$!; await name $pid chronyd; echo \"pid $pid\"
        run 10.0.2.2; run --json 10.0.2.2 2>/dev/null | sed 's/^{/json {/'; run -q 10.0.2.2; run -q --force 10.0.2.2
        date +'before %Y'; run --force 10.0.2.2; date +'after %Y'
        kill $pid; wait $pid; run 10.0.2.2",
    );
    assert_eq!(statuses(&run), ["4", "4", "4", "0", "0", "0"], "{}", run.console);
    let object: serde_json::Value = serde_json::from_str(run.value("json")).expect("an object");
    schema::check(&object);
    assert_eq!((&object["exit_status"], &object["done"]), (&4.into(), &"nothing".into()));
    assert!(object["error"].as_str().is_some_and(|why| why.starts_with("clock not set: chronyd (pid ")), "{object}");
    let expected = format!("clock not set: chronyd (pid {}) is running and sets it", run.value("pid"));
    assert!(run.console.contains(&expected), "{}", run.console);
    // The query asks and prints, and says what becomes of a run that is more than that.
    assert!(run.console.contains("server 10.0.2.2, stratum"), "{}", run.console);
    let refused = format!(" sec: chronyd (pid {}) is running and sets it", run.value("pid"));
    assert!(run.console.contains(&refused), "{}", run.console);
    assert_eq!(run.value("before"), "2019");
    assert_ne!(run.value("after"), "2019");
}

#[test]
fn each_limit_lets_through_and_refuses() {
    let Some(lab) = Lab::new() else { return };
    let run = run(
        &lab,
        "run -b 10.0.2.2
        probe step -20; run --max-step 10 10.0.2.2; run --max-step 30 10.0.2.2
        probe step 20; run --forward-only 10.0.2.2; run 10.0.2.2
        probe step -20; run --forward-only 10.0.2.2
        probe step 0.1; run --forward-only --max-step 0.01 10.0.2.2",
    );
    assert_eq!(statuses(&run), ["0", "4", "0", "4", "0", "0", "0"], "{}", run.console);
    let refusals: Vec<&str> = run.console.lines().filter(|line| line.contains("clock not set")).collect();
    let expected =
        [(20.0, " sec: larger than --max-step 10.000 allows"), (-20.0, " sec: --forward-only forbids a step back")];
    assert_eq!(refusals.len(), expected.len(), "{}", run.console);
    for (line, (offset, reason)) in refusals.iter().zip(expected) {
        let shown: f64 = line.split("offset ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
        assert!((shown - offset).abs() < 0.2 && line.ends_with(reason), "{line}");
    }
    // The last is slewed back, which no limit forbids.
    assert!(run.console.contains("adjust time server 10.0.2.2 offset -0."), "{}", run.console);
}

#[test]
fn the_first_run_after_boot_may_step_further() {
    let Some(lab) = Lab::new() else { return };
    let limits = "--max-step 10 --max-first-step 1e9";
    let run = run(&lab, &format!(
        "run {limits} 10.0.2.2; probe step -20; run {limits} 10.0.2.2; cat /run/rntpdate/set /proc/sys/kernel/random/boot_id
        echo other >/run/rntpdate/set; run {limits} 10.0.2.2; probe step -20; run --max-first-step 10 10.0.2.2
        rm /run/rntpdate/set; run --max-first-step 10 10.0.2.2",
    ));
    assert_eq!(statuses(&run), ["0", "4", "0", "0", "0"], "{}", run.console);
}

#[test]
fn a_time_before_the_release_is_refused() {
    let Some(cache) = require::guest() else { return };
    // The server is the guest's own and believes in 2019, as does the guest.
    let run = Guest::new(&cache)
        .program(env!("CARGO_BIN_EXE_rntpdate"))
        .script(
            "printf 'local stratum 8\\nallow all\\ncmdport 0\\npidfile /run/c.pid\\n' >/etc/chrony.conf
            chronyd -x -f /etc/chrony.conf -u root -n & await port 123
            rntpdate 127.0.0.1; echo \"status $?\"; rntpdate --allow-past 127.0.0.1; echo \"status $?\"",
        )
        .run();
    assert_eq!(statuses(&run), ["4", "0"], "{}", run.console);
    assert!(run.console.contains("before this program's release; --allow-past lets it"), "{}", run.console);
}

#[test]
fn every_daemon_is_called_by_its_name() {
    let Some(cache) = require::guest() else { return };
    let run = Guest::new(&cache)
        .program(env!("CARGO_BIN_EXE_rntpdate"))
        .script(
            "echo 'refclock local unit 0 stratum 4 prefer' >/etc/ntp.conf
            printf 'listen on 127.0.0.1\\nserver 127.0.0.9\\n' >/etc/openntpd.conf
            mkdir -p /tmp/bin /run/openntpd /var/lib/openntpd/db /var/lib/openntpd/run /usr/lib/sys
            # OpenNTPD has the name of the other one where Debian installs it.
            cp /usr/sbin/openntpd /tmp/bin/ntpd; cp /usr/bin/dash /tmp/bin/systemd-timesyncd
            try() { \"$@\" >/dev/null 2>&1 & pid=$!; sleep 2; echo \"expect ($1) pid $pid\"; rntpdate -t 0.2 127.0.0.1
                echo \"status $?\"; kill $pid; sleep 1; kill -9 $pid 2>/dev/null; wait $pid 2>/dev/null; }
            try ntpd -n -N -c /etc/ntp.conf; try /tmp/bin/ntpd -d -f /etc/openntpd.conf
            # A process with the name, and one each that may not set this clock.
            try /tmp/bin/systemd-timesyncd -c 'sleep 100; :'
            try unshare -U --map-root-user /tmp/bin/systemd-timesyncd -c 'sleep 100; :'
            try setpriv --bounding-set -sys_time --inh-caps -sys_time /tmp/bin/systemd-timesyncd -c 'sleep 100; :'",
        )
        .run();
    let named: Vec<&str> =
        run.console.lines().filter_map(|line| line.split("clock not set: ").nth(1)?.split(' ').next()).collect();
    assert_eq!(named, ["ntpd", "openntpd", "systemd-timesyncd"], "{}", run.console);
    assert_eq!(statuses(&run), ["4", "4", "4", "1", "1"], "{}", run.console);
    assert!(!run.console.contains("No such process"), "each was running: {}", run.console);
}

#[test]
fn a_far_server_that_is_good_enough_at_once_is_asked_no_more() {
    let Some(cache) = require::guest() else { return };
    // To a server that is not near, requests are two seconds apart: four of them take six.
    let run = Guest::new(&cache)
        .rtc("2026-11-27T18:00:00")
        .program(env!("CARGO_BIN_EXE_rntpdate"))
        .script(
            "ip addr add 192.0.2.1/32 dev lo; probe serve 123 & await port 123; probe step -60
            begun=$(cut -d' ' -f1 /proc/uptime); rntpdate -b --json --accuracy 0.1 192.0.2.1; echo \"status $?\"
            awk -v a=$begun '{ print \"seconds\", $1 - a }' /proc/uptime; kill %1",
        )
        .run();
    assert_eq!(statuses(&run), ["0"], "{}", run.console);
    assert!(run.console.contains("\"sent\":1,"), "{}", run.console);
    assert!(run.number("seconds") < 4.0, "{}", run.console);
}
