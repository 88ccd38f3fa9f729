//! rntpdate as a command: the plan, run on the real system, and its report.

use std::ffi::OsString;
use std::io::{IsTerminal as _, Write};
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::cli::{self, NotParsed, rntpdate::RntpdateCli};
use crate::discipline::History;
use crate::doctor::{self, Style};
use crate::explain::explain;
use crate::memory::{self, Memory};
use crate::net::Family;
use crate::outcome::ExitStatus;
use crate::plan::{Plan, RunMode};
use crate::report::{self, Channel, Context, Line, Priority};
use crate::selftest::{self, SelfTest};
use crate::sync::{self, System};
use crate::system::key_file;
use crate::system::rtc::{DryRtc, Rtc};
use crate::system::rtc_device::RtcDevice;
use crate::system::rtc_error::RtcError;
use crate::system::{
    Clock, DryClock, LineWriter, NoProgress, Progress, Resolver, SystemClock, SystemResolver, TerminalProgress,
    UdpNetwork, become_user, complain, examine, local_zone,
};
use crate::unattended::{self, Entry};
use crate::wire::Key;

/// Runs rntpdate with these arguments, under the name that it was started by.
pub fn rntpdate(program: &str, arguments: impl IntoIterator<Item = OsString>) -> ExitStatus {
    let mut cli: RntpdateCli = match cli::parse(program, arguments) {
        Ok(cli) => cli,
        Err(NotParsed::Asked(text)) => {
            let _ = write!(std::io::stdout(), "{text}");
            return ExitStatus::Done;
        }
        Err(NotParsed::Wrong(text)) => return usage(program, &text),
    };
    if cli.doctor {
        return look_over();
    }
    if cli.history_show {
        return memory::show(program, &cli);
    }
    let mut found = match unattended::find_servers(&mut cli) {
        Ok(found) => found,
        Err(error) => {
            complain(program, &format!("{error:#}"));
            return ExitStatus::NotDone;
        }
    };
    let plan = match Plan::new(program, &cli) {
        Ok(plan) => plan,
        Err(error) => return usage(program, &error.to_string()),
    };
    if cli.peers {
        return crate::peers::run(&plan);
    }
    let key = match key_file::for_plan(&plan) {
        Ok(key) => key,
        Err(error) => {
            complain(program, &error.to_string());
            return ExitStatus::NotDone;
        }
    };
    found.extend(key_line(&plan, key.as_ref()));
    let run = if cli.self_test { try_self(plan) } else { run(plan, found, key.as_ref()) };
    run.unwrap_or_else(|error| {
        complain(program, &format!("{error:#}"));
        ExitStatus::NotDone
    })
}

/// `--doctor`: colour and signs for a person at a terminal who does not object (no-color.org).
fn look_over() -> ExitStatus {
    let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let is_dumb = std::env::var_os("TERM").is_none_or(|terminal| terminal == "dumb");
    let colour = std::io::stdout().is_terminal() && !no_colour && !is_dumb;
    let checks = doctor::judge(&examine());
    for line in doctor::render(&checks, if colour { Style::Colour } else { Style::Plain }) {
        let _ = writeln!(std::io::stdout(), "{line}");
    }
    if doctor::is_bad(&checks) { ExitStatus::NotDone } else { ExitStatus::Done }
}

/// Which key is used, never what it is.
fn key_line(plan: &Plan, key: Option<&Key>) -> Option<Line> {
    let (key, from) = (key?, plan.key.as_ref()?);
    let text = format!("authentication with key {} ({}) of {}", key.id(), key.algorithm(), from.file.display());
    let is_wanted = plan.output.verbose || plan.mode == RunMode::Debug;
    is_wanted.then(|| Line { channel: Channel::Log(Priority::Info), at: SystemClock.now().real, text })
}

fn usage(program: &str, text: &str) -> ExitStatus {
    complain(program, text);
    ExitStatus::Usage
}

/// `lines` are to be printed first.
fn run(mut plan: Plan, mut lines: Vec<Line>, key: Option<&Key>) -> Result<ExitStatus> {
    let mut writer = LineWriter::new(&plan.program, plan.output.syslog).stderr_only(plan.output.json);
    let mut pass = match unattended::enter(&mut plan) {
        Entry::Go(pass) => pass,
        Entry::Leave(lines, status) => {
            writer.write(&lines);
            return Ok(status);
        }
    };
    if let Some(user) = &plan.user {
        become_user(user, !plan.is_dry(), plan.source_port)?;
    }
    lines.append(&mut pass.lines);
    let mut say = |line: Line| {
        if plan.output.verbose || plan.output.syslog {
            writer.write(&[line]);
        }
    };
    let memory = Memory::recall(&plan);
    let attempt = |plan: &Plan, resolver: &dyn Resolver| on_this_machine(plan, resolver, memory.earlier(), key);
    let outcome = unattended::patiently(&plan, &mut say, attempt)?;
    let mut problems = memory.keep(&outcome);
    problems.extend(unattended::leave(&plan, &outcome, &mut pass));
    let is_trouble = |line: &Line| matches!(line.channel, Channel::Log(Priority::Error | Priority::Warning));
    lines.retain(|line| !plan.output.quiet || is_trouble(line));
    writer.write(&lines);
    let context = Context { plan: &plan, zone: &local_zone };
    if plan.output.json {
        writer.write_object(&report::render_json(&outcome, &context));
    } else {
        writer.write(&report::render(&outcome, &context));
    }
    writer.write(&problems);
    Ok(unless_lost(writer, &plan, outcome.exit_status()))
}

fn try_self(mut plan: Plan) -> Result<ExitStatus> {
    let server = SelfTest::start().context("cannot start the built-in server on loopback")?;
    plan.servers = vec![server.address().ip().to_string()];
    plan.port = server.address().port();
    // What was said of other servers does not fit this one.
    (plan.family, plan.source_port) = (Family::Any, None);
    let outcome = on_this_machine(&plan, &SystemResolver, None, None)?;
    let mut writer = LineWriter::new(&plan.program, plan.output.syslog);
    writer.write(&report::render(&outcome, &Context { plan: &plan, zone: &local_zone }));
    let (status, verdict) = selftest::verdict(&outcome);
    let _ = writeln!(std::io::stdout(), "{verdict}");
    Ok(status)
}

/// A report that could not be written is no success where the report is all there is.
fn unless_lost(writer: LineWriter, plan: &Plan, status: ExitStatus) -> ExitStatus {
    match writer.finish() {
        Err(error) => {
            complain(&plan.program, &format!("cannot write the results: {error}"));
            if plan.is_dry() { ExitStatus::NotDone } else { status }
        }
        Ok(()) => status,
    }
}

/// The pipeline over the real clock (or, in a dry run, one that is only read), sockets and names.
fn on_this_machine(
    plan: &Plan,
    resolver: &dyn Resolver,
    earlier: Option<&History>,
    key: Option<&Key>,
) -> Result<crate::outcome::Outcome> {
    let mut clock: Box<dyn Clock> =
        if plan.is_dry() { Box::new(DryClock::new(SystemClock)) } else { Box::new(SystemClock) };
    let mut open_rtc = |path: Option<&Path>| -> Result<Box<dyn Rtc>, RtcError> {
        let device = RtcDevice::open(path)?;
        Ok(if plan.is_dry() { Box::new(DryRtc::new(device)) } else { Box::new(device) })
    };
    let mut network = UdpNetwork::new().context("cannot wait for packets")?;
    let mut nonce = || getrandom::u64().ok();
    let mut progress: Box<dyn Progress> = match TerminalProgress::for_stderr() {
        Some(progress) => Box::new(progress),
        None => Box::new(NoProgress),
    };
    let mut system = System {
        clock: &mut *clock,
        network: &mut network,
        resolver,
        nonce: &mut nonce,
        key,
        open_rtc: &mut open_rtc,
        local: &chrono::Local,
        progress: &mut *progress,
    };
    let mut outcome = sync::run_after(plan, &mut system, earlier);
    if plan.mode == RunMode::Debug {
        explain(&mut outcome, plan, key);
    }
    Ok(outcome)
}
