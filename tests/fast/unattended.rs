//! The options of unattended runs that need no clock to set.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

use std::fs;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use crate::support::ntpserver::{Behaviour, SECOND, Server};

fn rntpdate(arguments: &[&str]) -> Output {
    assert!(arguments.iter().any(|word| ["-q", "-d"].contains(word)), "the clock is never set");
    Command::new(env!("CARGO_BIN_EXE_rntpdate")).args(arguments).output().unwrap()
}

fn both(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A server's address as an argument.
fn word(server: &Server) -> String {
    server.addr().to_string()
}

#[test]
fn accuracy_ends_sampling_early() {
    let server = Server::builder().start();
    rntpdate(&["-q", "-p4", "--accuracy", "0.1", &word(&server)]);
    assert_eq!(server.requests().len(), 1);
    rntpdate(&["-q", "-p4", "--accuracy", "0.001", &word(&server)]);
    assert_eq!(server.requests().len(), 1 + 4, "5 ms are assumed at least for any way");
}

#[test]
fn accuracy_waits_for_a_majority() {
    let liar = Server::builder().offset(100 * SECOND).start();
    let honest = || Server::builder().delay(Duration::from_millis(60)).start();
    let (one, other) = (honest(), honest());
    let output = rntpdate(&["-d", "-p2", "--accuracy", "0.2", &word(&liar), &word(&one), &word(&other)]);
    let text = both(&output);
    assert!(text.contains("falseticker: offset +") && text.contains("adjust time server"), "{text}");
    // A dead server has no vote once it is given up, and does not hold up the others for long.
    let dead = Server::builder().behave(Behaviour::Silent).start();
    let begun = Instant::now();
    let output = rntpdate(&["-q", "-p4", "-t", "0.5", "--accuracy", "0.2", &word(&one), &word(&dead)]);
    assert!(output.status.success() && begun.elapsed() < Duration::from_secs(3), "{}", both(&output));
}

#[test]
fn a_file_names_servers_with_ports() {
    let server = Server::builder().start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("chrony.conf");
    let port = server.addr().port();
    fs::write(&file, format!("server 127.0.0.1 port {port} iburst\nserver 127.0.0.1 port x\n")).unwrap();
    let output = rntpdate(&["-q", "-v", "--from", file.to_str().unwrap()]);
    let text = both(&output);
    assert!(output.status.success() && text.contains(&format!("server 127.0.0.1:{port}, stratum")), "{text}");
    assert!(text.contains(&format!("servers from {}: 127.0.0.1:{port}", file.display())), "{text}");
    assert!(text.contains(&format!("{}:2: \"x\" is no port: it is 1 to 65535", file.display())), "{text}");
    // A name from here, and a file that it includes from there.
    fs::write(folder.path().join("ntp.conf"), "includefile more\n").unwrap();
    fs::write(folder.path().join("more"), format!("server 127.0.0.1:{port}\n")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_rntpdate"));
    let output = command.args(["-q", "--from", "ntp.conf"]).current_dir(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", both(&output));
    fs::write(&file, "server 127.0.0.1 port x\n").unwrap();
    let output = rntpdate(&["-q", "--from", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(both(&output).contains("names no server; "), "{}", both(&output));
}

/// The kernel is asked for the same pause each time, whatever else the machine has to do.
#[test]
fn splay_is_the_same_each_time() {
    if !crate::support::require::present("strace") {
        return;
    }
    let server = Server::builder().start();
    let pauses: Vec<String> = (0..2)
        .map(|_| {
            let mut command = Command::new("strace");
            command.args(["-e", "trace=clock_nanosleep", env!("CARGO_BIN_EXE_rntpdate"), "-q", "--splay", "1"]);
            let trace = both(&command.arg(word(&server)).output().unwrap());
            let pause = trace
                .lines()
                .find_map(|line| Some(line.strip_prefix("clock_nanosleep(")?.split_once('}')?.0.to_owned()));
            pause.unwrap_or_else(|| panic!("no pause in {trace}"))
        })
        .collect();
    assert!(pauses[0] == pauses[1] && pauses[0].contains("tv_sec=0, tv_nsec="), "{pauses:?}");
}

#[test]
fn wait_gives_up_at_a_refusal_and_at_its_end() {
    let begun = Instant::now();
    let refusing = Server::builder().behave(Behaviour::Kiss(*b"DENY")).start();
    let output = rntpdate(&["-q", "--wait", "20", &word(&refusing)]);
    assert_eq!(output.status.code(), Some(1));
    assert!(begun.elapsed() < Duration::from_secs(5), "a server that refuses is not asked again");
    assert_eq!(refusing.requests().len(), 1);
    let begun = Instant::now();
    let silent = Server::builder().behave(Behaviour::Silent).start();
    let output = rntpdate(&["-q", "--wait", "3", "--deadline", "3", &word(&silent)]);
    let took = begun.elapsed().as_secs_f64();
    assert_eq!(output.status.code(), Some(1));
    assert!((2.9..3.5).contains(&took), "{took}");
    assert!((2..=4).contains(&silent.requests().len()), "{}", silent.requests().len());
}

#[test]
fn what_keeps_a_run_from_beginning_is_in_the_json_object() {
    for (options, status, words) in [
        (&["-q", "-a1", "-k", "/nonexistent", "127.0.0.1"][..], 1, "key file /nonexistent: "),
        (&["-q", "-U", "no-such-user", "127.0.0.1"], 1, "there is no user no-such-user"),
        (&["-q", "--from", "/nonexistent"], 1, "/nonexistent: "),
        (&["-d", "-p9", "127.0.0.1"], 2, "samples (9)"),
    ] {
        let output = rntpdate(&[&["--json"], options].concat());
        let object: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let error = object["error"].as_str().unwrap();
        assert!(error.contains(words) && both(&output).contains(error), "{output:?}");
        assert_eq!((output.status.code(), object["exit_status"].as_i64()), (Some(status), Some(status.into())));
        assert_eq!(object["mode"], if options[0] == "-d" { "debug" } else { "query" });
    }
}

#[test]
fn limits_are_told_in_a_dry_run_too() {
    let server = Server::builder().offset(20 * SECOND).start();
    let output = rntpdate(&["-q", "--max-step", "10", &word(&server)]);
    assert_eq!(output.status.code(), Some(4));
    assert!(both(&output).contains("larger than --max-step 10.000 allows"), "{}", both(&output));
    let output = rntpdate(&["-q", "--max-step", "30", &word(&server)]);
    assert_eq!(output.status.code(), Some(0), "{}", both(&output));
}
