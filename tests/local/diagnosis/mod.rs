//! `-d`, `--peers` and `--json` against real servers, firewalls and routes, each in networks of their own.

mod dates;
mod errors;
mod json;
mod peers;
mod replies;
mod sending;
mod silence;
mod ways;
mod wire;

use std::process::{Command, Output};

/// rntpdate, to be run in this network; it cannot set the clock there.
fn rntpdate(network: &crate::support::netns::Netns, arguments: &[&str]) -> Command {
    let mut command = network.command(env!("CARGO_BIN_EXE_rntpdate"));
    command.args(arguments);
    command
}

fn run(mut command: Command) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = command.output().expect("cannot start a program");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    (status.code(), text(stdout), text(stderr))
}
