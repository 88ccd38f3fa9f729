//! `--doctor` on machines with one thing wrong each. None has the right to set the clock.

use std::process::Command;

use crate::support::netns::{NO_CLOCK, Netns};
use crate::support::require;

const PROGRAM: &str = env!("CARGO_BIN_EXE_rntpdate");

#[test]
fn without_the_right_to_set_the_clock_it_is_bad_and_status_1() {
    let output = Command::new("setpriv").args(NO_CLOCK).args([PROGRAM, "--doctor"]).output().expect("setpriv");
    let text = String::from_utf8(output.stdout).expect("text");
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(
        text.starts_with("BAD     setting    this process may not set the clock: Operation not permitted"),
        "{text}"
    );
    assert!(text.lines().all(|line| line.starts_with("ok ") || line.contains(" -> ")), "{text}");
}

#[test]
fn without_a_network_it_says_so_and_does_not_wait() {
    if require::servers().is_none() {
        return;
    }
    let started = std::time::Instant::now();
    let output = Netns::new().command(PROGRAM).arg("--doctor").output().expect("a program");
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(text.contains("BAD     network    there is no way to other networks"), "{text}");
    assert!(text.contains("ok      timestamps the kernel tells when packets leave and arrive"), "{text}");
    assert!(started.elapsed() < std::time::Duration::from_secs(7));
}

#[test]
fn signs_and_colour_are_for_terminals_without_no_color() {
    if !require::present("script") {
        return;
    }
    let on_terminal = |environment: &str| {
        let command = format!("{environment} TERM=xterm setpriv {} {PROGRAM} --doctor", NO_CLOCK.join(" "));
        let output = Command::new("script").args(["-qec", &command, "/dev/null"]).output().expect("script");
        String::from_utf8(output.stdout).expect("text")
    };
    let colour = on_terminal("");
    assert!(colour.starts_with("\x1b[31m\u{2718}\x1b[0m setting"), "{colour:?}");
    let plain = on_terminal("NO_COLOR=1");
    assert!(plain.starts_with("BAD     setting") && !plain.contains('\x1b'), "{plain:?}");
}
