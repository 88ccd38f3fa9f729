//! `--peers`: what the servers say of themselves, without a sync.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::control::{NoView, ServerView};
use crate::line::{Channel, Line};
use crate::linux::SystemClock;
use crate::linux::net::MAX_ASKED;
use crate::linux::net::ask_about_itself;
use crate::linux::processes::{Helpers, Tasks, look_up_user};
use crate::linux::sandbox::confine::Needs;
use crate::linux::term::LineWriter;
use crate::machine::Clock as _;
use crate::net::shown;
use crate::outcome::ExitStatus;
use crate::plan::Plan;
use crate::report::{host_lines, view_lines};
use crate::run::lines::zone_line;
use crate::run::sync::expand;
use crate::run::this_machine::confine;

/// A server with twenty sources on another continent is through in this time.
const BUDGET: Duration = Duration::from_secs(10);

/// Asks each address of each name, all at once, and prints the answers in their order. Done if one has answered.
pub(crate) fn run(plan: &Plan) -> Result<ExitStatus> {
    let end = Instant::now() + plan.deadline;
    let user = plan.user.as_deref().map(|name| look_up_user(name, plan.deadline)).transpose()?;
    let tasks = Tasks { metrics: None, after_step: None, ..super::rights::tasks(plan) };
    let helpers = Helpers::start(&tasks, user.as_ref())?;
    let mut writer = LineWriter::new(&plan.program, plan.output.syslog).patient(true);
    writer.write(&zone_line());
    if let Some(user) = &user {
        user.assume_for_good(&[])?;
    }
    let needs = Needs { bind: true, threads: true, kill: helpers.mortals(), ..Needs::default() };
    writer.write(&confine(&[], &needs, plan));
    let at = SystemClock.now().real;
    let line = |channel, text| Line { channel, at, text };
    let (hosts, addresses) = expand(plan, helpers.resolver(), &SystemClock);
    writer.write(&host_lines(&hosts));
    // A thread each.
    let views: Vec<_> = addresses.chunks(MAX_ASKED).flat_map(|addresses| ask_all(addresses, plan, end)).collect();
    for (address, view) in addresses.iter().zip(&views) {
        let channel = if view.is_ok() { Channel::Stdout } else { Channel::Stderr };
        let lines: Vec<Line> =
            view_lines(&shown(*address, plan.port), view).into_iter().map(|text| line(channel, text)).collect();
        writer.write(&lines);
    }
    let is_read = writer.finish();
    Ok(if is_read && views.iter().any(Result::is_ok) { ExitStatus::Done } else { ExitStatus::NotDone })
}

/// Nobody is waited for beyond `end`.
fn ask_all(addresses: &[SocketAddr], plan: &Plan, end: Instant) -> Vec<Result<ServerView, NoView>> {
    let ask = |address: &SocketAddr| {
        let left = end.saturating_duration_since(Instant::now());
        let timeout = plan.pace.timeout.min(left);
        ask_about_itself(*address, plan.source_address, timeout, BUDGET.max(timeout).min(left))
    };
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
