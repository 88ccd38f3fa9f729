//! rntpdate as a command: the plan, run on the real system, and its report.

use std::ffi::OsString;
use std::io::{IsTerminal as _, Write};
use std::net::UdpSocket;
use std::time::Instant;

use anyhow::{Context as _, Result};

use crate::cli::rntpdate::{HABITS, RntpdateCli};
use crate::cli::{self, NotParsed};
use crate::doctor::{self, Style};
use crate::machine::Machine;
use crate::memory::{self, Memory};
use crate::net::Family;
use crate::outcome::ExitStatus;
use crate::plan::{Plan, RunMode};
use crate::printable::printable;
use crate::report::{self, Channel, Context, Line, Priority};
use crate::selftest::{self, SelfTest};
use crate::system::privilege;
use crate::system::{
    Clock as _, Helpers, LineWriter, LocalZone, SystemClock, complain, examine, key_file, local_zone, long_writes_fail,
    look_up_user,
};
use crate::unattended::{self, Entry};
use crate::wire::Key;

/// Runs rntpdate with these arguments, under the name that it was started by.
pub fn rntpdate(program: &str, arguments: impl IntoIterator<Item = OsString>) -> ExitStatus {
    let program = &printable(program);
    long_writes_fail();
    let mut cli: RntpdateCli = match cli::parse_with(program, arguments, HABITS) {
        Ok(cli) => cli,
        Err(NotParsed::Asked(text)) => {
            // What is asked for in one line is the version.
            let is_version = text.trim_end().lines().count() == 1;
            let text = if is_version { report::version(program) } else { text.trim_end().to_owned() };
            let _ = writeln!(std::io::stdout(), "{text}");
            return ExitStatus::Done;
        }
        Err(NotParsed::Wrong(text)) => return usage(program, &text),
    };
    let excuse = Excuse { program, syslog: cli.syslog, object: cli.json.then(|| RunMode::of(&cli)) };
    if let Err(error) = Plan::check(program, &cli) {
        return excuse.say(&error.to_string(), ExitStatus::Usage);
    }
    if cli.doctor {
        return look_over();
    }
    if cli.history_show {
        return memory::show(program, &cli);
    }
    let found = match unattended::find_servers(program, &mut cli) {
        Ok(found) => found,
        Err(error) => return excuse.say(&format!("{error:#}"), ExitStatus::NotDone),
    };
    let plan = match Plan::new(program, &cli) {
        Ok(plan) => plan,
        Err(error) => return excuse.say(&error.to_string(), ExitStatus::Usage),
    };
    privilege::close_inherited();
    let run = if cli.peers {
        crate::peers::run(&plan)
    } else if cli.self_test {
        try_self(plan)
    } else {
        run(plan, &found)
    };
    run.unwrap_or_else(|error| excuse.say(&format!("{error:#}"), ExitStatus::NotDone))
}

/// The ways for the reason why a run could not begin, or go on: those that its report would have had.
struct Excuse<'a> {
    program: &'a str,
    syslog: bool,
    /// Of this mode, where one is wanted.
    object: Option<RunMode>,
}

impl Excuse<'_> {
    /// Says it, and ends with that status.
    fn say(&self, text: &str, status: ExitStatus) -> ExitStatus {
        let at = SystemClock.now().real;
        let mut writer = LineWriter::new(self.program, self.syslog);
        if self.syslog {
            writer.write(&[Line { channel: Channel::Log(Priority::Error), at, text: text.to_owned() }]);
        }
        // Whoever typed it reads what is wrong with it where it was typed.
        if !self.syslog || status == ExitStatus::Usage {
            complain(self.program, text);
        }
        if let Some(mode) = self.object {
            writer.write_object(&report::render_json_kept_out(mode, at, Some(text.to_owned()), status));
        }
        status
    }
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

/// What is wrong with the local zone. Read here once and for all: a confined run could not.
pub(crate) fn zone_line() -> Vec<Line> {
    let line = |text: &str| Line {
        channel: Channel::Log(Priority::Warning),
        at: SystemClock.now().real,
        text: text.to_owned(),
    };
    LocalZone::get().warning().map(line).into_iter().collect()
}

/// `found` is what there is to say of the files that name the servers, and is printed first.
fn run(mut plan: Plan, found: &[Line]) -> Result<ExitStatus> {
    let mut lines = Vec::new();
    source_is_ours(&plan)?;
    let user = plan.user.as_deref().map(|name| look_up_user(name, plan.deadline)).transpose()?;
    let helpers = Helpers::start(&plan, user.as_ref())?;
    lines.extend(zone_line());
    let warning = |text: &String| Line {
        channel: Channel::Log(Priority::Warning),
        at: SystemClock.now().real,
        text: text.clone(),
    };
    let failure = |text: &String| Line { channel: Channel::Log(Priority::Error), ..warning(text) };
    lines.extend(helpers.lacks().iter().map(failure));
    // After the helpers, which are not to have it, and while a file of root's can be read.
    let (key, doubt) = key_file::for_plan(&plan)?;
    lines.extend(doubt.iter().map(warning));
    lines.extend(key_line(&plan, key.as_ref()));
    let mut writer = LineWriter::new(&plan.program, plan.output.syslog).stderr_only(plan.output.json);
    let mut pass = match unattended::enter(&mut plan, user.as_ref()) {
        Entry::Go(pass) => pass,
        Entry::Leave(lines, status) => {
            writer.write(&lines);
            if plan.output.json {
                let error = lines.into_iter().next().filter(|_| status != ExitStatus::Done).map(|line| line.text);
                writer.write_object(&report::render_json_kept_out(plan.mode, SystemClock.now().real, error, status));
            }
            return Ok(status);
        }
    };
    if let Some(user) = &user {
        user.assume_for_good(&privilege::needed(&plan))?;
    }
    lines.append(&mut pass.lines);
    let begun = Instant::now();
    let machine = Machine::prepare(&plan, &helpers, key)?;
    plan.deadline = plan.deadline.saturating_sub(begun.elapsed());
    let memory = Memory::recall(&plan);
    let confined = machine.confine(&plan, false);
    let mut say = |line: Line| {
        if plan.output.verbose || plan.output.syslog {
            writer.write(&[line]);
        }
    };
    let attempt = |plan: &Plan| machine.run(plan, memory.earlier());
    let outcome = unattended::patiently(&plan, machine.changes(), &mut say, attempt)?;
    let mut problems = memory.keep(&outcome, |text| helpers.keeper().map_or(Ok(()), |keeper| keeper.history(text)));
    problems.extend(unattended::leave(&plan, &outcome, &mut pass, helpers.keeper()));
    // A warning that did no harm would come with each run that nobody watches.
    let is_done = outcome.exit_status() == ExitStatus::Done;
    let is_trouble = |line: &Line| match line.channel {
        Channel::Log(Priority::Error) => true,
        Channel::Log(Priority::Warning) => !is_done,
        _ => false,
    };
    lines.retain(|line| !plan.output.quiet || is_trouble(line));
    // That somebody has switched the filter off is for whoever answers for the machine.
    lines.extend(confined);
    // A word that is wrong in a file has harmed nobody where the run works in spite of it.
    if !plan.output.quiet || outcome.exit_status() != ExitStatus::Done {
        writer.write(found);
    }
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

/// Fails where the address to send from is not this machine's; with --wait it may come yet.
fn source_is_ours(plan: &Plan) -> Result<()> {
    let Some(address) = plan.source_address.filter(|_| plan.unattended.wait.is_none()) else { return Ok(()) };
    let no =
        || format!("--source-address {address} cannot be used (\"ip address\" shows the addresses of this machine)");
    UdpSocket::bind((address, 0)).map(drop).with_context(no)
}

/// With all that a run does, its confinement too.
fn try_self(mut plan: Plan) -> Result<ExitStatus> {
    // What was said of other servers does not fit this one.
    (plan.family, plan.source_port, plan.source_address) = (Family::Any, None, None);
    let helpers = Helpers::start(&plan, None)?;
    let mut writer = LineWriter::new(&plan.program, plan.output.syslog);
    writer.write(&zone_line());
    let machine = Machine::prepare(&plan, &helpers, None)?;
    let cannot = "cannot start the built-in server on loopback";
    let socket = selftest::listen().context(cannot)?;
    let address = socket.local_addr().context(cannot)?;
    (plan.servers, plan.port) = (vec![address.ip().to_string()], address.port());
    writer.write(&machine.confine(&plan, true));
    // Not before: rights are given up by each thread for itself.
    let _server = SelfTest::start(socket).context(cannot)?;
    let outcome = machine.run(&plan, None)?;
    writer.write(&report::render(&outcome, &Context { plan: &plan, zone: &local_zone }));
    let (status, verdict) = selftest::verdict(&outcome);
    let _ = writeln!(std::io::stdout(), "{}", printable(&verdict));
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
