//! Where the machine refuses processes and threads, and where a helper hangs or dies. By users of no rights.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

use std::fs;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::support::ntpserver::{Behaviour, Server};
use crate::support::require::present;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// rntpdate by this user, of whom nobody else has processes: the limit counts them all. None where that cannot be done.
fn by(user: u32, processes: Option<u32>, arguments: &[&str]) -> Option<Command> {
    if !nix::unistd::geteuid().is_root() || !present("setpriv") || !present("prlimit") {
        return None;
    }
    let user = user.to_string();
    let mut command = Command::new("prlimit");
    command.args(processes.map(|most| format!("--nproc={most}")));
    command.args(["setpriv", "--reuid", &user, "--regid", &user, "--clear-groups"]);
    // A caller that does not care for its children.
    command.args(["env", "--ignore-signal=CHLD", env!("CARGO_BIN_EXE_rntpdate")]);
    command.args(arguments);
    Some(command)
}

fn both(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn a_run_goes_on_without_the_process_that_it_cannot_start() {
    let server = Server::builder().start();
    let address = server.addr().to_string();
    let run = |arguments: &[&str]| by(64_001, Some(1), arguments).map(|mut command| command.output().unwrap());
    let Some(plain) = run(&["-q", "-p1", &address]) else { return };
    assert!(plain.status.success() && plain.stderr.is_empty(), "{}", both(&plain));
    let explained = run(&["-d", "-p1", &address]).unwrap();
    let text = both(&explained);
    assert!(explained.status.success() && text.contains("addresses are shown without names: cannot start"), "{text}");
    // It sets nothing: this user may not.
    let kept = both(&run(&["--discipline", "--history", "/nowhere/history", "-p1", &address]).unwrap());
    assert!(
        kept.contains("cannot start the process that asks the servers: ") && kept.contains("cannot set the clock"),
        "{kept}"
    );
    assert!(kept.contains("not written: the history /nowhere/history, notes for the next run in "), "{kept}");
    for arguments in [&["-q", "localhost"][..], &["--discipline", "--after-step", "true", &address]] {
        let failed = run(arguments).unwrap();
        let text = both(&failed);
        assert!(failed.status.code() == Some(1) && text.lines().count() == 1, "{text}");
        assert!(text.contains("cannot start the process that") && text.contains("too few processes"), "{text}");
    }
}

#[test]
fn a_run_goes_on_without_the_threads_that_it_cannot_start() {
    let silent = Server::builder().behave(Behaviour::Silent).start();
    let address = silent.addr().to_string();
    let run = |arguments: &[&str]| by(64_002, Some(2), arguments).map(|mut command| command.output().unwrap());
    let Some(explained) = run(&["-d", "-p1", "-t", "0.3", &address]) else { return };
    let text = both(&explained);
    assert!(explained.status.code() == Some(1) && text.contains("Diagnosis:"), "{text}");
    let port = silent.port().to_string();
    let asked = run(&["--peers", "-t", "0.3", "--port", &port, "127.0.0.1", "127.0.0.1"]).unwrap();
    let text = both(&asked);
    assert!(asked.status.code() == Some(1) && text.contains("127.0.0.1: no answer to questions"), "{text}");
    let named = run(&["-q", "localhost"]).unwrap();
    let text = both(&named);
    assert!(named.status.code() == Some(1) && text.contains("no thread can be started"), "{text}");
}

/// The helper of this name.
fn helper(run: &Child, name: &str) -> Pid {
    let begun = Instant::now();
    loop {
        let children = fs::read_to_string(format!("/proc/{0}/task/{0}/children", run.id())).unwrap();
        let named = |pid: &&str| fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|comm| comm.trim() == name);
        if let Some(pid) = children.split_whitespace().find(named) {
            return Pid::from_raw(pid.parse().unwrap());
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "no {name}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_helper_that_hangs_keeps_no_run_from_ending() {
    let silent = Server::builder().behave(Behaviour::Silent).start();
    let folder = tempfile::tempdir().unwrap();
    let history = folder.path().join("history").to_string_lossy().into_owned();
    let arguments = ["--discipline", "--history", &history, "-p1", "-t", "1", &silent.addr().to_string()];
    let Some(mut command) = by(64_003, None, &arguments) else { return };
    let mut run = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let network = helper(&run, "rntpdate-net");
    kill(network, Signal::SIGSTOP).unwrap();
    let status = fs::read_to_string(format!("/proc/{}/status", run.id())).unwrap();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap().trim();
    let sigchld = 1 << (Signal::SIGCHLD as u32 - 1);
    assert_eq!(u64::from_str_radix(ignored, 16).unwrap() & sigchld, 0, "the end of a command is to be heard of");
    let begun = Instant::now();
    while run.try_wait().unwrap().is_none() && begun.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(20));
    }
    let took = begun.elapsed();
    let _ = kill(network, Signal::SIGKILL);
    let _ = run.kill();
    run.wait().unwrap();
    assert!(took < Duration::from_secs(8), "{took:?}");
}

#[test]
fn nobody_waits_for_names_when_nobody_looks_them_up() {
    let Some(mut command) = by(64_004, None, &["-q", "--wait", "30", "--deadline", "30", "no.such.name.invalid"])
    else {
        return;
    };
    let begun = Instant::now();
    let run = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    kill(helper(&run, "rntpdate-names"), Signal::SIGKILL).unwrap();
    let output = run.wait_with_output().unwrap();
    let text = both(&output);
    assert!(output.status.code() == Some(1) && begun.elapsed() < Duration::from_secs(15), "{text}");
    assert!(text.contains("Can't find host no.such.name.invalid: the process that looks up names has ended"), "{text}");
}
