//! What a person at a terminal sees while the program waits, and that nobody else sees it.

use std::fs::File;
use std::io::Read;
use std::process::{Command, Stdio};

use crate::support::ntpserver::{Behaviour, Server};
use nix::pty::openpty;

/// A run that waits for more than two seconds, against a server that says nothing.
fn waiting_run(server: &Server) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rntpdate"));
    let port = server.addr().port().to_string();
    command.args(["-q", "-p2", "-t0.3", "--port", &port, "127.0.0.1"]).stdin(Stdio::null());
    command
}

/// All that a program writes to a terminal.
fn on_a_terminal(mut command: Command) -> String {
    let terminal = openpty(None, None).expect("a terminal");
    let mut child = command.stdout(Stdio::null()).stderr(terminal.slave).spawn().expect("the program");
    // The command holds the terminal's other end open, and so its output would never end.
    drop(command);
    let mut seen = Vec::new();
    // Linux reports the end of a terminal as EIO.
    let _ = File::from(terminal.master).read_to_end(&mut seen);
    child.wait().expect("an end");
    String::from_utf8_lossy(&seen).into_owned()
}

/// The screen's last state: each line rewritten by what came after a carriage return and an erase.
fn left_behind(output: &str) -> String {
    let mut lines = vec![String::new()];
    let mut rest = output;
    while let Some(sign) = rest.chars().next() {
        let line = lines.len() - 1;
        if let Some(after) = rest.strip_prefix("\x1b[2K") {
            lines[line].clear();
            rest = after;
            continue;
        }
        match sign {
            '\r' => {}
            '\n' => lines.push(String::new()),
            _ => lines[line].push(sign),
        }
        rest = &rest[sign.len_utf8()..];
    }
    lines.join("\n")
}

#[test]
fn a_long_run_shows_how_far_it_is_and_leaves_nothing_behind() {
    let server = Server::builder().behave(Behaviour::Silent).start();
    let seen = on_a_terminal(waiting_run(&server));
    assert!(seen.contains("waiting for servers: 0 of 2 replies"), "{seen:?}");
    let left = left_behind(&seen);
    assert!(!left.contains("waiting"), "{left:?} of {seen:?}");
    assert!(left.contains("no server suitable"), "{left:?}");
}

#[test]
fn a_short_run_shows_nothing() {
    let server = Server::builder().start();
    assert_eq!(on_a_terminal(waiting_run(&server)), "");
}

#[test]
fn nobody_is_shown_progress_in_a_pipe() {
    let server = Server::builder().behave(Behaviour::Silent).start();
    let output = waiting_run(&server).output().expect("the program");
    let errors = String::from_utf8(output.stderr).expect("text");
    assert!(errors.lines().all(|line| line.contains("rntpdate[")) && !errors.contains('\r'), "{errors:?}");
}

#[test]
fn nobody_is_shown_progress_whose_output_goes_elsewhere() {
    for option in ["-s", "--json"] {
        let server = Server::builder().behave(Behaviour::Silent).start();
        let mut command = waiting_run(&server);
        command.arg(option);
        let seen = on_a_terminal(command);
        assert!(!seen.contains("waiting for") && !seen.contains("looking up"), "{option}: {seen:?}");
    }
    // The clock cannot be set: the run has no right to.
    let server = Server::builder().behave(Behaviour::Silent).start();
    let mut command = Command::new("setpriv");
    command.args(["--bounding-set", "-sys_time", "--inh-caps", "-sys_time", env!("CARGO_BIN_EXE_rntpdate")]);
    let port = server.addr().port().to_string();
    command.args(["--quiet", "-p2", "-t0.3", "--port", &port, "127.0.0.1"]).stdin(Stdio::null());
    let seen = on_a_terminal(command);
    let lines: Vec<&str> = seen.lines().collect();
    assert!(lines.len() == 1 && lines[0].contains("no server suitable") && !seen.contains("waiting for"), "{seen:?}");
}
