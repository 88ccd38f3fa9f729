//! What is known goes to work, and what is not known yet holds up nobody.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{NAMED, Net, addresses};
use crate::support::require;

/// When the first request to a server left, in seconds after the start of the run.
fn asked_after(report: &Value, server: usize) -> f64 {
    let time = |value: &Value| value.as_f64().or_else(|| value.as_str()?.parse().ok()).expect("a time");
    time(&report["servers"][server]["samples"][0]["sent"]) - time(&report["started"])
}

#[test]
fn one_family_is_enough() {
    if require::servers().is_none() {
        return;
    }
    let net = Net::new();
    for mode in ["-q", "-d"] {
        let (report, took) = net.ask(&[mode, "noaaaa.test"]);
        assert_eq!(addresses(&report), [NAMED], "{report}");
        assert!(took < Duration::from_millis(1500), "{mode}: {took:?}");
    }
    // The other one alone is waited for.
    let (report, _) = net.ask(&["-q", "-6", "noaaaa.test", "--deadline", "2"]);
    assert_eq!((addresses(&report).len(), report["exit_status"].as_i64()), (0, Some(1)), "{report}");
}

#[test]
fn a_slow_name_joins_and_the_others_do_not_wait_for_it() {
    if require::servers().is_none() {
        return;
    }
    let net = Net::new();
    let (report, took) = net.ask(&["-q", "late.test", "127.0.0.2", "quick.test"]);
    // Both names lead to the same server: the quick one has long been there.
    assert_eq!(addresses(&report), [NAMED, "127.0.0.2"], "in the order of their names: {report}");
    assert!(asked_after(&report, 0) < 0.5 && asked_after(&report, 1) < 0.5, "{report}");
    assert!(took < Duration::from_millis(2500), "{took:?}");
    let (report, _) = net.ask(&["-q", "late.test", "127.0.0.2"]);
    assert_eq!(addresses(&report), [NAMED, "127.0.0.2"], "{report}");
    assert!(asked_after(&report, 1) < 0.5, "{report}");
    assert!((0.9..2.0).contains(&asked_after(&report, 0)), "{report}");
    assert_eq!(report["servers"][0]["standing"], "truechimer", "it has its vote: {report}");
}

#[test]
fn a_name_that_does_not_come_is_an_open_vote() {
    if require::servers().is_none() {
        return;
    }
    let net = Net::new();
    // Three agree whatever the fourth would say: the clock would be set, were that allowed here.
    let (report, took) = net.ask(&["127.0.0.2", "127.0.0.3", "127.0.0.4", "silent.test"]);
    assert_eq!(report["decision"], "slew", "{report}");
    assert!(took < Duration::from_secs(2), "{took:?}");
    let error = report["hosts"][3]["error"].as_str().unwrap_or_default();
    assert!(error.contains("not waited for"), "{report}");
    // One alone does not settle it, and is not held up for as long as names have either.
    let (report, took) = net.ask(&["-q", "127.0.0.2", "silent.test"]);
    assert!(asked_after(&report, 0) < 0.5 && took < Duration::from_secs(7), "{took:?} {report}");
    assert_eq!(report["exit_status"].as_i64(), Some(0), "{report}");
}

#[test]
fn a_line_about_a_name_carries_the_time_at_which_that_was_known() {
    if require::servers().is_none() {
        return;
    }
    let net = Net::new();
    let (_, errors, took) = net.run(&["-q", "silent.test", "--deadline", "5"]);
    let second = |line: &str| line.split([':', ' ']).nth(4).and_then(|text| text.parse::<u32>().ok());
    let lines: Vec<Option<u32>> = errors.lines().map(second).collect();
    // Half of the time is for names: then the name is given up, and the run ends at once.
    assert!(errors.contains("Can't find host silent.test") && lines.len() == 2, "{errors}");
    assert!(took > Duration::from_secs(2) && lines[0].is_some(), "{took:?}");
    let apart = (lines[1].unwrap_or(99) + 60 - lines[0].unwrap_or(0)) % 60;
    assert!(apart <= 1, "{errors}");
}

/// What costs servers nothing is tried each second, as the man page says, also where each try waits for its answer.
#[test]
fn a_silent_name_server_is_asked_each_second() {
    if require::servers().is_none() {
        return;
    }
    let net = Net::with_resolv_conf("nameserver 127.0.0.5\n");
    let socket = net.network.udp("127.0.0.5:53".parse().expect("an address"));
    socket.set_read_timeout(Some(Duration::from_secs(2))).expect("a time-out");
    let listener = thread::spawn(move || {
        let mut moments = Vec::new();
        while socket.recv(&mut [0; 512]).is_ok() {
            moments.push(Instant::now());
        }
        moments
    });
    let (output, errors, took) = net.run(&["--wait", "6", "--deadline", "6", "no.test"]);
    assert!((Duration::from_secs(6)..Duration::from_secs(7)).contains(&took), "{took:?}: {output}{errors}");
    let moments = listener.join().expect("the questions");
    let pauses: Vec<Duration> = moments.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(pauses.len() > 12 && pauses.iter().all(|pause| *pause < Duration::from_secs(1)), "{pauses:?}");
}
