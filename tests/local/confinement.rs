//! Confinement without a guest: queries, by whoever runs the tests and by an ordinary user.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::support::ntpserver::{Behaviour, Server};
use crate::support::nts::certificates::Authority;
use crate::support::require::present;

const PROGRAM: &str = env!("CARGO_BIN_EXE_rntpdate");
/// Nobody in particular.
const USER: [&str; 5] = ["--reuid", "65534", "--regid", "65534", "--clear-groups"];

/// A query, by an ordinary user where that can be.
fn query(arguments: &[&str]) -> Output {
    let mut command = if nix::unistd::geteuid().is_root() && present("setpriv") {
        let mut command = Command::new("setpriv");
        command.args(USER).arg(PROGRAM);
        command
    } else {
        Command::new(PROGRAM)
    };
    command.args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn an_ordinary_user_hears_nothing_of_it() {
    let server = Server::builder().start();
    let port = server.addr().port().to_string();
    for host in ["127.0.0.1", "localhost"] {
        let output = query(&["-4", "-q", "--port", &port, host]);
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success() && err.is_empty() && out.lines().count() == 2, "{out}{err}");
        let output = query(&["-4", "-v", "-q", "--port", &port, host]);
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success() && err.is_empty() && !out.contains("refused to this run"), "{out}{err}");
    }
    let output = query(&["-d", "-p1", "--port", &port, "127.0.0.1"]);
    let err = text(&output.stderr);
    assert!(output.status.success() && err.lines().all(|line| line.starts_with("host found")), "{err}");
}

#[test]
fn without_the_filter_every_run_says_so() {
    let server = Server::builder().start();
    let output = query(&["-q", "--no-sandbox", &server.addr().to_string()]);
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success() && out.lines().count() == 2, "{out}{err}");
    assert!(err.lines().count() == 1 && err.contains("--no-sandbox: no system call is refused to this run"), "{err}");
}

/// What /proc tells of a process, once its run is confined.
fn status(pid: u32) -> String {
    let begun = Instant::now();
    loop {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        if status.contains("Seccomp:\t2") || begun.elapsed() > Duration::from_secs(5) {
            return status;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// What stands behind a key in it.
fn value<'a>(status: &'a str, key: &str) -> &'a str {
    status.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default().trim()
}

/// The built-in server's thread is as confined as the rest, although each thread has its own rights.
#[test]
fn the_self_test_has_no_rights_in_any_thread() {
    let mut run = Command::new(PROGRAM)
        .args(["--self-test", "-p", "8"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let threads = || -> Vec<String> {
        let tasks = fs::read_dir(format!("/proc/{}/task", run.id())).unwrap().flatten();
        tasks.filter_map(|task| fs::read_to_string(task.path().join("status")).ok()).collect()
    };
    let begun = Instant::now();
    let mut seen = threads();
    while seen.len() < 2 && begun.elapsed() < Duration::from_secs(5) {
        std::thread::sleep(Duration::from_millis(2));
        seen = threads();
    }
    assert_eq!(run.wait().unwrap().code(), Some(0));
    assert_eq!(seen.len(), 2, "{seen:?}");
    for status in seen {
        let value = |key: &str| value(&status, key);
        // As with -d.
        for set in ["CapPrm:", "CapEff:"] {
            assert_eq!(u64::from_str_radix(value(set), 16).unwrap() & !(1 << 10 | 1 << 13), 0, "{status}");
        }
        assert_eq!(value("Seccomp:"), "2", "{status}");
        assert!(!value("Uid:").starts_with('0'), "{status}");
    }
}

/// The helper of this run that looks up names, once it has come so far as it comes without any; whatever it is after a while.
fn idle_names(run: u32) -> String {
    let begun = Instant::now();
    loop {
        let children = fs::read_to_string(format!("/proc/{run}/task/{run}/children")).unwrap();
        let pid = children.split_whitespace().next().unwrap_or("self");
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let is_there = value(&status, "Name:") == "rntpdate-names" && value(&status, "CapPrm:") == "0000000000000000";
        if is_there || begun.elapsed() > Duration::from_secs(5) {
            return status;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Whether a key exchange names servers is not known before it: the helper for that has no right while it has nothing to do.
#[test]
fn who_waits_for_names_has_no_rights() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let authority = folder.path().join("ca.pem");
    fs::write(&authority, Authority::new("Example").pem()).unwrap();
    let mut run = Command::new(PROGRAM)
        .args(["-q", "--nts", "-t", "9", "--nts-ca", authority.to_str().unwrap()])
        .arg(silent.local_addr().unwrap().to_string())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let status = idle_names(run.id());
    let _ = run.kill();
    run.wait().unwrap();
    assert_eq!(value(&status, "Name:"), "rntpdate-names", "{status}");
    for set in ["CapInh:", "CapPrm:", "CapEff:", "CapAmb:"] {
        assert_eq!(value(&status, set), "0000000000000000", "{status}");
    }
    assert_eq!(value(&status, "NoNewPrivs:"), "1", "{status}");
    assert!(!value(&status, "Uid:").starts_with("0\t") && value(&status, "Groups:").is_empty(), "{status}");
}

#[test]
fn what_the_caller_has_left_open_is_closed() {
    let server = Server::builder().behave(Behaviour::Silent).start();
    let script = r#"exec 9</etc/passwd 250</dev/null; exec "$0" -q -t 3 "$1""#;
    let mut run = Command::new("bash")
        .args(["-c", script, PROGRAM, &server.addr().to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let status = status(run.id());
    let open: Vec<_> = fs::read_dir(format!("/proc/{}/fd", run.id())).unwrap().flatten().collect();
    let is_open = |name: &str| open.iter().any(|entry| entry.file_name() == name);
    let inherited = [is_open("0"), is_open("250"), open.iter().any(|entry| leads_to(entry, "/etc/passwd"))];
    let _ = run.kill();
    run.wait().unwrap();
    assert_eq!(inherited, [true, false, false], "{open:?} {status}");
}

fn leads_to(entry: &fs::DirEntry, file: &str) -> bool {
    fs::read_link(entry.path()).is_ok_and(|target| target == Path::new(file))
}

/// With -U as without.
#[test]
fn peers_are_asked_by_an_ordinary_user() {
    if !nix::unistd::geteuid().is_root() {
        return crate::support::require::missing("root");
    }
    let server = Server::builder().behave(Behaviour::Silent).start();
    for options in [&["--peers"][..], &["--peers", "-U", "nobody"]] {
        let mut run = Command::new(PROGRAM);
        run.args(options).args(["-t", "3", &server.addr().to_string()]).stdout(Stdio::null()).stderr(Stdio::null());
        let mut run = run.spawn().unwrap();
        let status = status(run.id());
        let _ = run.kill();
        run.wait().unwrap();
        let value = |key: &str| value(&status, key);
        assert!(value("Uid:").starts_with("65534\t65534\t65534"), "{options:?} {status}");
        assert_eq!(value("CapPrm:"), "0000000000000000", "{options:?} {status}");
    }
}

#[test]
fn a_query_has_no_rights_and_a_filter() {
    let server = Server::builder().behave(Behaviour::Silent).start();
    for mode in ["-q", "-d"] {
        let mut run = Command::new(PROGRAM)
            .args([mode, "-p1", "-t", "3", &server.addr().to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let status = status(run.id());
        let _ = run.kill();
        run.wait().unwrap();
        let value = |key: &str| value(&status, key);
        assert_eq!((value("Seccomp:"), value("NoNewPrivs:")), ("2", "1"), "{status}");
        // With -d root may send from port 123 and by ICMP.
        let most = if mode == "-d" { 1 << 10 | 1 << 13 } else { 0 };
        for set in ["CapInh:", "CapPrm:", "CapEff:", "CapAmb:"] {
            let rights = u64::from_str_radix(value(set), 16).unwrap();
            assert_eq!(rights & !most, 0, "{mode} {set} {status}");
        }
    }
}
