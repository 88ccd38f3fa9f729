//! --check: levels, causes, and an end in time.

use std::time::Duration;

use super::{Ran, Servers};
use crate::support::require;

fn servers() -> Option<Servers> {
    require::servers().map(|_| Servers::start())
}

#[track_caller]
fn assert_line(ran: &Ran, status: i32, parts: &[&str]) {
    let level = ["OK", "WARNING", "CRITICAL", "UNKNOWN"][usize::try_from(status).unwrap()];
    let is_line = ran.stdout.starts_with(&format!("NTP {level}: ")) && ran.stdout.matches('\n').count() == 1;
    assert!(ran.status == status && is_line && ran.stderr.is_empty(), "{ran:?}");
    for part in parts {
        assert!(ran.stdout.contains(part), "no {part:?} in {ran:?}");
    }
    // One bar, and only where there is something to measure.
    assert_eq!(ran.stdout.matches('|').count(), usize::from(ran.stdout.contains("offset=")), "{ran:?}");
}

#[test]
fn the_level_is_that_of_offset_stratum_and_agreement() {
    let Some(servers) = servers() else { return };
    let check = |words: &str| servers.rntpdate(&words.split_whitespace().collect::<Vec<_>>());
    for (words, status, parts) in [
        ("--check 127.0.0.1", 0, &["1 of 1 server agrees: 127.0.0.1 | offset=0.0", "s;-0.1:0.1;-0.5:0.5 bound=0."][..]),
        ("--check 127.0.0.4", 1, &["offset -0.", "s (beyond -0.1:0.1), error bound 0."]),
        ("--check 127.0.0.2", 2, &["offset +", "s (beyond -0.5:0.5)"]),
        ("--check 127.0.0.2 --warning 6 --critical 7", 0, &["s;-6:6;-7:7 "]),
        ("--check 127.0.0.4 --warning ~:0.1 --critical 0.5:", 2, &["(beyond 0.5:)"]),
        ("--check 127.0.0.4 --warning ~:0.1 --critical 1", 0, &[";~:0.1;-1:1 "]),
        ("--check 127.0.0.1 --warning-stratum 1", 1, &["stratum 2 (beyond -1:1)", "stratum=2;-1:1;;0;16"]),
        ("--check 127.0.0.1 --critical-stratum @2:3", 2, &["stratum 2 (within @2:3)"]),
        // Whoever is outvoted is named; whoever is silent, too, and that is no alarm.
        (
            "--check 127.0.0.1 127.0.0.10 127.0.0.2",
            1,
            &["2 of 3 names agree", "; 127.0.0.2: it is outvoted: its clock is "],
        ),
        (
            "--check 127.0.0.1 127.0.0.10 127.0.0.9",
            0,
            &["; 127.0.0.9: connection refused", "agreeing=2;;1:;0 voters=2;;;0"],
        ),
        ("--check 127.0.0.1 127.0.0.10 127.0.0.3", 0, &["; 127.0.0.3: it answers, and is not synchronised itself"]),
        ("--check 127.0.0.1 --min-servers 2", 2, &["too few servers agree: 1 agrees, and --min-servers wants 2"]),
        ("--check 127.0.0.1 127.0.0.2", 2, &["servers disagree and none has a majority: 127.0.0.1 offset +0.0"]),
        ("--check 127.0.0.3", 2, &["no server gives a time that can be used; 127.0.0.3: it answers, and is not"]),
        ("--check nobody.invalid", 3, &["no server can be asked; nobody.invalid: ", "cause ("]),
        ("--check 127.0.0.1 --warning abc", 3, &["offset for a warning (abc) is invalid: it is a range: 10 ("]),
        ("--check 127.0.0.1 -t 11", 3, &["time for a check (11) is invalid: it is 0.001 to 10 seconds"]),
        ("--check 127.0.0.1 --json", 3, &["--check does not go with --json"]),
        ("--check a|b", 3, &["server can be asked; a/b: "]),
        ("--check a,b", 3, &["servers are separated by blanks: write a b"]),
        ("--check --nonsense", 3, &["unknown option --nonsense"]),
    ] {
        let ran = check(words);
        println!("{words}\n  {}", ran.stdout.trim_end());
        assert_line(&ran, status, parts);
    }
    // A threshold without a check would be none.
    let idle = check("-q 127.0.0.1 --warning 0.1");
    assert_eq!(
        (idle.status, idle.stderr.as_str()),
        (2, "rntpdate: --warning is of use with --check, --fleet and --collect only\n")
    );
}

/// Monitoring cuts long lines off, and the performance data would go first. Whoever lies is named before all others.
#[test]
fn many_servers_without_a_part_make_no_long_line() {
    let Some(servers) = servers() else { return };
    let closed: Vec<String> = (1..=100).map(|number| format!("127.0.1.{number}")).collect();
    let mut words = vec!["--check", "127.0.0.1", "127.0.0.10"];
    words.extend(closed.iter().map(String::as_str));
    words.push("127.0.0.2");
    let ran = servers.rntpdate(&words);
    let parts = [
        "2 of 3 names agree: 127.0.0.1, 127.0.0.10; 127.0.0.2: it is outvoted",
        "; 97 more have no part in the result",
    ];
    assert_line(&ran, 1, &parts);
    assert!(ran.stdout.len() < 2000, "{ran:?}");
}

/// A packet that gets lost is no alarm.
#[test]
fn one_lost_packet_is_no_alarm() {
    use crate::support::ntpserver::{Behaviour, Server};
    let Some(servers) = servers() else { return };
    let lossy = || Server::builder().bind("127.0.0.20:123").nth(1, Behaviour::Silent).start();
    let _lossy = servers.network.enter(lossy);
    assert_line(&servers.rntpdate(&["--check", "127.0.0.20"]), 0, &["1 of 1 server agrees"]);
}

/// However many are silent, in whatever time; one second is for a busy machine.
#[test]
fn a_check_ends_in_time_and_has_the_cause() {
    let Some(servers) = servers() else { return };
    for (limit, has_cause) in [("0.1", false), ("1.5", true), ("3", true), ("10", true)] {
        let ran = servers.rntpdate(&["--check", "-t", limit, "127.0.0.5", "127.0.0.9", "nobody.invalid"]);
        println!("-t {limit}: {:?}", ran.took);
        assert!(ran.took < Duration::from_secs_f64(limit.parse::<f64>().unwrap() + 1.0), "{limit}: {ran:?}");
        assert_line(&ran, 2, &["127.0.0.5: no reply to "]);
        assert!(!has_cause || ran.stdout.contains("cause (likely): the server ignores us"), "{limit}: {ran:?}");
    }
}

#[test]
fn a_line_that_cannot_be_written_is_unknown() {
    let Some(servers) = servers() else { return };
    // Where nobody reads: a pipe that is open at both ends, and full.
    let pipe = "d=$(mktemp -d); mkfifo $d/p; exec 7<>$d/p; rm -r $d; head -c 65536 /dev/zero >&7; exec timeout 30 \"$0\" --check 127.0.0.1 >&7";
    for (shell, why) in
        [("exec \"$0\" --check 127.0.0.1 >/dev/full", "No space left on device"), (pipe, "nobody reads them")]
    {
        let ran = servers.run("sh", &["-c", shell, env!("CARGO_BIN_EXE_rntpdate")]);
        assert_eq!(ran.status, 3, "{ran:?}");
        assert!(ran.stderr.contains(&format!("cannot write the result: {why}")), "{ran:?}");
    }
}
