//! rntpdate as a command: the plan, run on the real system, and its report.

mod check;
mod clocks;
mod collect;
mod command_line;
mod early_end;
mod explain;
mod fleet;
mod gate;
pub mod history;
mod keys;
mod leave;
mod lines;
mod metrics;
mod nts;
mod peers;
mod rate_hold;
mod retry;
mod rights;
pub mod rtc;
mod self_test;
mod settle;
mod show;
mod splay;
mod started;
pub mod sync;
mod targets;
mod this_machine;
mod wait;

use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::time::Instant;

use anyhow::Result;

use crate::cli;
use crate::cli::NotParsed;
use crate::cli::check_ntp_time::CHECK_NTP_TIME;
use crate::cli::rntpdate::RntpdateCli;
use crate::line::Line;
use crate::linux::term::{LineWriter, long_writes_fail};
use crate::outcome::{ExitStatus, Outcome};
use crate::plan::{Plan, Tuning};
use crate::printable::printable;
use crate::report;
use crate::run::command_line::{is_of_many, sync_or_show};
use crate::run::early_end::many_unknown;
use crate::run::gate::Entry;
use crate::run::history::RunHistory;
use crate::run::leave::Leaving;
use crate::run::metrics::RunMetrics;
use crate::run::show::Show;
use crate::run::started::{Secrets, Started};
use crate::run::this_machine::Machine;

/// Runs rntpdate with these arguments, under the name that it was started by; gives the exit status.
pub fn rntpdate(program: &str, arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let program = &printable(program);
    let words: Vec<OsString> = arguments.into_iter().collect();
    long_writes_fail();
    let parsed = cli::parse_rntpdate(program, &words);
    match parsed {
        _ if program == CHECK_NTP_TIME => check::check_ntp_time(words).exit_status(),
        Ok(cli) if cli.check => check::check(program, cli).exit_status(),
        Ok(cli) if cli.fleet.is_some() => fleet::run(program, &cli).exit_status(),
        Ok(cli) if cli.collect => collect::run(program, &cli).exit_status(),
        Err(NotParsed::Wrong(text)) if words.iter().any(|word| word == "--check") => check::failed(&text).exit_status(),
        Err(NotParsed::Wrong(text)) if words.iter().any(is_of_many) => {
            let is_json = RntpdateCli::visible(&words).json;
            let is_collect = words.iter().any(|word| word == "--collect");
            let object = if is_collect { report::collect::failed_object } else { report::fleet::failed_object };
            many_unknown(program, is_json.then_some(object), &text).exit_status()
        }
        parsed => sync_or_show(program, &words, parsed, run) as u8,
    }
}

/// Does what a plan says; `found` is what there is to say of the files that name the servers, and is printed first.
fn run(plan: Plan, found: &[Line], metrics: &RunMetrics) -> Result<ExitStatus> {
    let (started, secrets) = Started::by(&plan)?;
    let is_dry = plan.is_dry();
    let mut writer =
        LineWriter::new(&plan.program, plan.output.syslog).stderr_only(plan.stdout_is_taken()).patient(is_dry);
    let ended = go(plan, found, (&started, secrets), &mut writer);
    let (status, outcome) = match &ended {
        Ok((status, outcome)) => (*status, outcome.as_ref()),
        Err(_) => (ExitStatus::NotDone, None),
    };
    let write = |path: &_, text: &_| started.helpers.write_metrics(path, text);
    let is_left = metrics.leave((status, outcome), &mut writer, write);
    let status = ended.map(|(status, _)| status)?;
    // A report that is missing is no success where reports are all there is.
    Ok(if writer.finish() && is_left || !is_dry { status } else { ExitStatus::NotDone })
}

/// Goes from the gate to the report; gives the outcome, if it came to one.
fn go(
    mut plan: Plan,
    found: &[Line],
    (started, secrets): (&Started, Secrets),
    writer: &mut LineWriter,
) -> Result<(ExitStatus, Option<Outcome>)> {
    let mut lines = started.lines(&plan, &secrets.keys);
    let mut admitted = match gate::enter(&mut plan, started.user.as_ref()) {
        Entry::Go(admitted) => admitted,
        Entry::Leave(lines, status) => {
            Show::new(&plan, writer).kept_out(lines, status);
            return Ok((status, None));
        }
    };
    lines.append(&mut admitted.lines);
    let keep = rights::needed(&plan);
    // The device files are root's as a rule.
    let clocks = clocks::open(&mut plan, &mut |plan, line| Show::new(plan, writer).waits(line));
    if let Some(user) = &started.user {
        nts::make_folder(&plan, user.uid());
        user.assume_for_good(&keep)?;
    }
    let begun = Instant::now();
    let machine = Machine::prepare(&plan, &started.helpers, secrets.keys, secrets.exchanges, clocks)?;
    plan.deadline = plan.deadline.saturating_sub(begun.elapsed());
    learn_only_for_a_person(&mut plan);
    let holds = admitted.rate_holds.clone();
    let mut leaving = Leaving { history: RunHistory::recall(&plan), admitted, helpers: &started.helpers };
    let confined = machine.confine(&plan, &keep, false)?;
    let mut show = Show::new(&plan, writer);
    let attempt = |plan: &Plan| machine.run(plan, leaving.history.earlier());
    let mut outcome = wait::until_set(&plan, machine.changes(), &mut |line| show.waits(line), attempt)?;
    let mut problems = leaving.leave(&plan, &outcome);
    problems.extend(machine.unwritten());
    lines.extend(gate::left_alone(&plan, &holds, &outcome));
    show.findings(found, lines, confined, &outcome);
    show.outcome(&outcome);
    let again = |plan: &Plan, earlier: &_| machine.run(plan, Some(earlier));
    if let Some(second) = settle::again(&plan, &outcome, &mut |line| show.between(line), again) {
        problems.extend(leaving.leave(&plan, &second).into_iter().chain(machine.unwritten()));
        show.outcome(&second);
        outcome.taught = second.taught;
    }
    show.end(&outcome, &problems);
    Ok((outcome.exit_status(), Some(outcome)))
}

/// Whoever types a command wants the clock set, and nothing else changed.
fn learn_only_for_a_person(plan: &mut Plan) {
    if let Some(history) = &mut plan.history
        && history.tuning == Tuning::WhenRegular
        && std::io::stdin().is_terminal()
    {
        history.tuning = Tuning::Never;
    }
}
