//! rntpdate as a command: the plan, run on the real system, and its report.

use std::ffi::OsString;
use std::io::{IsTerminal as _, Write};

use anyhow::{Context as _, Result};

use crate::cli::{self, NotParsed, rntpdate::RntpdateCli};
use crate::doctor::{self, Style};
use crate::machine::Machine;
use crate::memory::{self, Memory};
use crate::net::Family;
use crate::outcome::ExitStatus;
use crate::plan::{Plan, RunMode};
use crate::report::{self, Channel, Context, Line, Priority};
use crate::selftest::{self, SelfTest};
use crate::system::privilege;
use crate::system::{
    Clock as _, Helpers, LineWriter, SystemClock, complain, examine, key_file, local_zone, look_up_user, pin_zone,
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
    let excuse = Excuse { program, syslog: cli.syslog, object: cli.json.then(|| RunMode::of(&cli)) };
    let found = match unattended::find_servers(&mut cli) {
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
        run(plan, found)
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

/// `lines` are to be printed first.
fn run(mut plan: Plan, mut lines: Vec<Line>) -> Result<ExitStatus> {
    let user = plan.user.as_deref().map(|name| look_up_user(name, plan.deadline)).transpose()?;
    let helpers = Helpers::start(&plan, user.as_ref())?;
    pin_zone(SystemClock.now().real);
    let warning = |text: &String| Line {
        channel: Channel::Log(Priority::Warning),
        at: SystemClock.now().real,
        text: text.clone(),
    };
    lines.extend(helpers.lacks().iter().map(warning));
    // After the helpers, which are not to have it, and while a file of root's can be read.
    let key = key_file::for_plan(&plan)?;
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
    let memory = Memory::recall(&plan);
    let machine = Machine::prepare(&plan, &helpers, key)?;
    lines.extend(machine.confine(&plan, false));
    let mut say = |line: Line| {
        if plan.output.verbose || plan.output.syslog {
            writer.write(&[line]);
        }
    };
    let attempt = |plan: &Plan| machine.run(plan, memory.earlier());
    let outcome = unattended::patiently(&plan, machine.changes(), &mut say, attempt)?;
    let mut problems = memory.keep(&outcome, |text| helpers.keeper().map_or(Ok(()), |keeper| keeper.history(text)));
    problems.extend(unattended::leave(&plan, &outcome, &mut pass, helpers.keeper()));
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

/// With all that a run does, its confinement too.
fn try_self(mut plan: Plan) -> Result<ExitStatus> {
    // What was said of other servers does not fit this one.
    (plan.family, plan.source_port) = (Family::Any, None);
    let helpers = Helpers::start(&plan, None)?;
    pin_zone(SystemClock.now().real);
    let mut writer = LineWriter::new(&plan.program, plan.output.syslog);
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
