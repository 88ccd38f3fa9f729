//! What people type by mistake, and whether the message says what to type instead.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

#[path = "support/ntpserver/mod.rs"]
mod ntpserver;

use std::process::{Command, Output};

use ntpserver::Server;

/// Never without an option that keeps the clock as it is, should the mistake be taken for something else.
fn rntpdate(words: &[&str]) -> Output {
    assert!(words.iter().any(|word| ["-q", "--doctor", "--peers", "--self-test", "-qt"].contains(word)), "{words:?}");
    Command::new(env!("CARGO_BIN_EXE_rntpdate")).args(words).output().unwrap()
}

/// The command line, and what the one line that comes of it says.
const MISTAKES: &[(&[&str], &str)] = &[
    (&["-q", "ntp://pool.ntp.org"], "write pool.ntp.org"),
    (&["-q", "a.example,b.example"], "write a.example b.example"),
    (&["-q", " pool.ntp.org"], "write pool.ntp.org"),
    (&["-q", ""], "write a name or an address"),
    (&["-q", "pool.ntp.org:99999"], "write pool.ntp.org:123, or pool.ntp.org alone"),
    (&["-q", "z\u{fc}rich.example"], "\"idn2 z\u{fc}rich.example\" prints"),
    (&["-q", "\u{2013}b", "pool.ntp.org"], "write -b"),
    (&["-q", "-b=1", "pool.ntp.org"], "write -b"),
    (&["-q", "--json=yes", "pool.ntp.org"], "write --json"),
    (&["-q", "-x", "pool.ntp.org"], "unknown option -x: -B slews"),
    (&["-q", "-gx", "pool.ntp.org"], "unknown option -g: leave it out"),
    (&["-q", "--qeury", "pool.ntp.org"], "unknown option --qeury: write --query?"),
    (&["-q", "-Z", "pool.ntp.org"], "unknown option -Z (all options: --help)"),
    (
        &["--quiet", "-v", "-q", "pool.ntp.org"],
        "--quiet does not go with --verbose or --query: leave out --quiet, or --verbose and --query",
    ),
    (
        &["-q", "--from", "/etc/ntp.conf", "pool.ntp.org"],
        "--from does not go with servers: leave out --from, or servers",
    ),
    (&["--doctor", "-t", "nonsense"], "time to wait (nonsense) is invalid: it is 0.001 to 86400 seconds"),
    (&["-qt"], "a value is required for '--timeout <SECONDS>'"),
    (&["-q", "-6", "--source-address", "192.0.2.1", "pool.ntp.org"], "leave -6 out"),
    (&["-q", "--source-address", "eth0", "pool.ntp.org"], "an address of this machine, which \"ip address\" shows"),
];

#[test]
fn each_mistake_is_answered_by_what_to_type() {
    for (words, answer) in MISTAKES {
        let output = rntpdate(words);
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(text.contains(answer) && text.lines().count() == 1, "{words:?}: {text}");
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{words:?}: {text}");
    }
}

#[test]
fn packets_leave_from_the_address_that_is_asked_for() {
    let server = Server::builder().start();
    let word = server.addr().to_string();
    for (mode, status) in [("-q", Some(0)), ("--peers", Some(1))] {
        let output = rntpdate(&[mode, "-t", "0.2", "--source-address", "127.0.0.77", &word]);
        assert_eq!(output.status.code(), status, "{output:?}");
    }
    let from: Vec<String> = server.requests().iter().map(|request| request.from.ip().to_string()).collect();
    assert!(!from.is_empty() && from.iter().all(|address| address == "127.0.0.77"), "{from:?}");
    let output = rntpdate(&["-q", "--source-address", "192.0.2.1", &word]);
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("--source-address 192.0.2.1 cannot be used"), "{text}");
}

#[test]
fn a_user_is_a_number_too() {
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    let server = Server::builder().start();
    let output = rntpdate(&["-q", "-U", "65534", &server.addr().to_string()]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}
