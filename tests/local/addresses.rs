//! Names as /etc/hosts of a mount namespace has them: how they lead to servers, in every kind of run.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Output};

use crate::support::ntpserver::Server;

/// Runs the program where /etc/hosts is this; nothing where no such place can be made.
fn rntpdate(hosts: &str, words: &[&str]) -> Option<Output> {
    assert!(words.iter().any(|word| ["-q", "-d", "--peers"].contains(word)), "the clock is never set");
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let file = folder.path().join("hosts");
    fs::write(&file, hosts).unwrap();
    let script = format!("mount --bind {} /etc/hosts && exec \"$0\" \"$@\"", file.display());
    let mut command = Command::new("unshare");
    command.args(["-m", "sh", "-c", &script]);
    if !command.arg("true").status().is_ok_and(|status| status.success()) {
        let _ = std::io::stderr().write_all(b"skipped: no file system can be mounted here\n");
        return None;
    }
    let mut command = Command::new("unshare");
    command.args(["-m", "sh", "-c", &script, env!("CARGO_BIN_EXE_rntpdate")]);
    Some(command.args(words).output().unwrap())
}

fn both(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn a_name_that_a_dns_blocker_answers_for_is_no_server() {
    let server = Server::builder().bind("0.0.0.0:0").start();
    let port = server.addr().port().to_string();
    for mode in ["-q", "-d", "--peers"] {
        let hosts = "0.0.0.0 blocked.example\n:: blocked.example\n";
        let Some(output) = rntpdate(hosts, &[mode, "-t0.2", "--port", &port, "blocked.example"]) else { return };
        let text = both(&output);
        assert_eq!(output.status.code(), Some(1), "{mode}: {text}");
        assert!(
            text.contains("Can't find host blocked.example: it leads to ") && text.contains("DNS blockers"),
            "{text}"
        );
        assert!(server.requests().is_empty(), "{mode}: this machine is not asked");
    }
    let hosts = "0.0.0.0 half.example\n127.0.0.1 half.example\n";
    let Some(output) = rntpdate(hosts, &["-q", "-4", "--port", &port, "half.example"]) else { return };
    assert!(output.status.success() && both(&output).contains("server 127.0.0.1, stratum"), "{}", both(&output));
}

#[test]
fn a_name_with_many_addresses_leaves_room_for_the_others_in_every_kind_of_run() {
    let server = Server::builder().start();
    let word = server.addr().to_string();
    let hosts: String = (1..=70).map(|last| format!("127.0.1.{last} many.example\n")).collect();
    // A port that is not the run's own is shown.
    for (mode, expected) in [("-q", format!("server {word}, stratum")), ("--peers", "127.0.0.1".to_owned())] {
        let Some(output) = rntpdate(&hosts, &[mode, "-t0.2", "many.example:9", &word]) else { return };
        let text = both(&output);
        assert!(text.lines().any(|line| line.contains(&expected)), "{mode}: {text}");
        assert!(text.contains("many.example has too many addresses: 16 are asked, 54 are not"), "{mode}: {text}");
        assert_eq!(text.lines().filter(|line| line.contains("127.0.1.")).count(), 16, "{mode}: {text}");
    }
}
