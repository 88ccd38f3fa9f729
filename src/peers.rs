//! `--peers`: what the servers say of themselves, without a sync.

use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use anyhow::Result;

use crate::control::{NoView, ServerView};
use crate::machine::confine;
use crate::net::shown;
use crate::outcome::ExitStatus;
use crate::plan::Plan;
use crate::report::{Channel, Line, Priority, view_lines};
use crate::system::confine::Needs;
use crate::system::{Clock as _, MAX_ASKED};
use crate::system::{Helpers, LineWriter, SystemClock, ask_about_itself, look_up_user, pin_zone};

/// A server with twenty sources on another continent is through in this time.
const BUDGET: Duration = Duration::from_secs(10);

/// Asks each address of each name, all at once, and prints the answers in their order. Done if one has answered.
pub fn run(plan: &Plan) -> Result<ExitStatus> {
    let user = plan.user.as_deref().map(|name| look_up_user(name, plan.deadline)).transpose()?;
    let helpers = Helpers::for_names(plan, user.as_ref())?;
    pin_zone(SystemClock.now().real);
    let mut writer = LineWriter::new(&plan.program, plan.output.syslog);
    if let Some(user) = &user {
        user.assume_for_good(&[])?;
    }
    let needs = Needs { bind: true, threads: true, kill: helpers.mortal(), ..Needs::default() };
    writer.write(&confine(&[], &needs, plan));
    let at = SystemClock.now().real;
    let line = |channel, text| Line { channel, at, text };
    let found = helpers.resolver().resolve(&plan.servers, plan.family, plan.names);
    let mut addresses: Vec<SocketAddr> = Vec::new();
    let ports = plan.ports.iter().copied().chain(std::iter::repeat(None));
    for ((name, result), port) in plan.servers.iter().zip(&found).zip(ports) {
        let port = port.unwrap_or(plan.port);
        match result {
            Ok(found) => addresses.extend(found.iter().map(|address| with_port(*address, port))),
            Err(error) => {
                writer.write(&[line(Channel::Log(Priority::Error), format!("Can't find host {name}: {error}"))]);
            }
        }
    }
    let mut seen = std::collections::HashSet::new();
    addresses.retain(|address| seen.insert(*address));
    addresses.truncate(MAX_ASKED);
    let views = ask_all(&addresses, plan.pace.timeout);
    for (address, view) in addresses.iter().zip(&views) {
        let channel = if view.is_ok() { Channel::Stdout } else { Channel::Stderr };
        let lines: Vec<Line> =
            view_lines(&shown(*address, plan.port), view).into_iter().map(|text| line(channel, text)).collect();
        writer.write(&lines);
    }
    Ok(if views.iter().any(Result::is_ok) { ExitStatus::Done } else { ExitStatus::NotDone })
}

fn with_port(mut address: SocketAddr, port: u16) -> SocketAddr {
    address.set_port(port);
    address
}

fn ask_all(addresses: &[SocketAddr], patience: Duration) -> Vec<Result<ServerView, NoView>> {
    let ask = |address: &SocketAddr| ask_about_itself(*address, patience, BUDGET.max(patience));
    thread::scope(|scope| {
        let start = |address| (address, thread::Builder::new().spawn_scoped(scope, move || ask(address)));
        let asked: Vec<_> = addresses.iter().map(start).collect();
        let answers = asked.into_iter().map(|(address, thread)| match thread {
            Ok(thread) => thread.join().unwrap_or(Err(NoView::Silent)),
            // Where no thread can be had, one after the other.
            Err(_) => ask(address),
        });
        answers.collect()
    })
}
