//! `--fleet`: many clocks, asked at once by a process without any rights, and judged by limits.

mod course;
mod names;
mod report;

use std::io;
use std::time::Instant;

use anyhow::{Context as _, Result, anyhow};

use crate::check::Level;
use crate::cli::rntpdate::RntpdateCli;
use crate::fleet;
use crate::fleet::{Survey, Target, Trouble};
use crate::linux::files::list;
use crate::linux::net::SurveySockets;
use crate::linux::processes::{Helpers, Tasks, look_up_user};
use crate::linux::random;
use crate::linux::sandbox::confine::Needs;
use crate::linux::sandbox::rights::close_inherited;
use crate::linux::term::{Bar, LineWriter};
use crate::plan::{FleetPlan, Plan, Source};
use crate::report::fleet::failed_object;
use crate::run::early_end::many_unknown;
use crate::run::fleet::report::Report;
use crate::run::rights;
use crate::run::started::source_is_ours;
use crate::run::this_machine::confine;

/// Does what such a command line says; what keeps the run from its work is `Unknown`.
pub(crate) fn run(program: &str, cli: &RntpdateCli) -> Level {
    let done = Plan::new(program, cli).map_err(Into::into).and_then(|mut plan| {
        let fleet = plan.fleet.take().context("no list of clocks is given")?;
        close_inherited();
        survey(plan, &fleet)
    });
    done.unwrap_or_else(|error| many_unknown(program, cli.json.then_some(failed_object), &format!("{error:#}")))
}

fn survey(mut plan: Plan, fleet: &FleetPlan) -> Result<Level> {
    let targets = read(&fleet.list, fleet.port)?;
    source_is_ours(&plan)?;
    plan.servers = names::of(&targets, fleet.reference.as_deref());
    let user = plan.user.as_deref().map(|name| look_up_user(name, names::BUDGET)).transpose()?;
    let tasks = Tasks { metrics: None, ..rights::tasks(&plan) };
    let helpers = Helpers::start(&tasks, user.as_ref())?;
    random::prepare();
    // While there are rights: for a low port, and for room for replies.
    let sockets = SurveySockets::open(plan.source_address, plan.source_port);
    let sockets = sockets.map_err(|fault| anyhow!("cannot ask anybody: {}", fault.kind))?;
    if let Some(user) = &user {
        user.assume_for_good(&[])?;
    }
    let mut writer = LineWriter::new(&plan.program, false).stderr_only(plan.output.json);
    let needs = Needs { kill: helpers.mortals(), ..Needs::default() };
    writer.write(&confine(&[], &needs, &plan));
    let found = names::resolve(&plan, &targets, fleet, helpers.resolver())?;
    let mut survey = Survey::new(fleet.survey, &found.addresses(), found.reference);
    let mut report = Report::new(&plan, fleet, &targets, &found, &mut writer);
    let is_watched = !plan.output.json && !plan.output.quiet;
    let bar = is_watched.then(|| Bar::for_stderr(found.addresses().len())).flatten();
    let begun = Instant::now();
    report.unresolved();
    course::ask_all(&mut survey, &sockets, fleet.deadline, |survey, finished| {
        finished.iter().for_each(|place| report.finished(survey, *place));
        bar.iter().for_each(|bar| bar.set(survey.finished()));
    });
    drop(bar);
    if let Some(trouble) = survey.reference_failure() {
        let reference = fleet.reference.as_deref().unwrap_or_default();
        return Err(no_reference(reference, trouble));
    }
    let level = report.end(&survey, begun.elapsed());
    Ok(if writer.finish() { level } else { Level::Unknown })
}

fn no_reference(reference: &str, trouble: &Trouble) -> anyhow::Error {
    let why = fleet::trouble_text(trouble);
    anyhow!("the reference {reference} cannot be compared with: {why}; name another, or leave --reference out")
}

/// The targets of the list.
fn read(from: &Source, port: u16) -> Result<Vec<Target>> {
    let (name, text) = match from {
        Source::Stdin => ("standard input".to_owned(), list::from_stdin(fleet::MAX_BYTES)),
        Source::File(file) => (file.display().to_string(), list::from_file(file, fleet::MAX_BYTES)),
    };
    // Other programs take a block or a name in this place.
    let is_missing = |error: &io::Error| matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory);
    let hint = |error: &io::Error| match is_missing(error) && fleet::parse(&name, port).is_ok() {
        true => format!("; if it is whom to ask: echo {name} | rntpdate --fleet -"),
        false => String::new(),
    };
    let text = text.map_err(|error| anyhow!("cannot read the list of clocks {name}: {error}{}", hint(&error)))?;
    fleet::parse(&text, port).map_err(|error| anyhow!("the list of clocks {name} cannot be used: {error}"))
}
