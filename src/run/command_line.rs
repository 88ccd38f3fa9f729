//! What a command line asks for, and what is wrong with it.

use std::ffi::OsString;
use std::io::IsTerminal as _;

use anyhow::Result;

use crate::cli::NotParsed;
use crate::cli::rntpdate::RntpdateCli;
use crate::doctor;
use crate::doctor::Style;
use crate::line::Line;
use crate::linux::SystemClock;
use crate::linux::host::examine;
use crate::linux::sandbox::rights::close_inherited;
use crate::linux::term::print;
use crate::outcome::ExitStatus;
use crate::plan::{MetricsPlan, Plan, RunMode};
use crate::report;
use crate::run::early_end::EarlyEnd;
use crate::run::metrics::RunMetrics;
use crate::run::{history, peers, self_test, targets};

/// Whether a word of a command line asks for a look at many clocks, whose exit statuses are those of a check.
pub(super) fn is_of_many(word: &OsString) -> bool {
    let word = word.to_string_lossy();
    word.starts_with("--fleet") || word == "--collect"
}

/// Does what a plan says, and reports it; the lines are those on the files that name the servers.
type Run = fn(Plan, &[Line], &RunMetrics) -> Result<ExitStatus>;

/// Does what a command line says that is neither a check nor a look at many clocks.
pub(super) fn sync_or_show(
    program: &str,
    words: &[OsString],
    parsed: Result<RntpdateCli, NotParsed>,
    run: Run,
) -> ExitStatus {
    let mut cli = match parsed {
        Ok(cli) => cli,
        Err(NotParsed::Asked(text)) => return show_text(program, &text),
        Err(NotParsed::Wrong(text)) => return refuse(program, words, &text),
    };
    let metrics = MetricsPlan::new(&cli).unwrap_or_default();
    let metrics = RunMetrics::begin(metrics, RunMode::of(&cli));
    let early_end = EarlyEnd::of(program, &cli, &metrics);
    if let Err(error) = Plan::check(program, &cli) {
        return early_end.say(&error.to_string(), ExitStatus::Usage);
    }
    if let Err(error) = SystemClock::check() {
        return early_end.say(&error.to_string(), ExitStatus::NotDone);
    }
    if cli.doctor {
        return look_over(program);
    }
    if cli.history_show {
        return history::show(program, &cli);
    }
    let found = match targets::find_servers(program, &mut cli) {
        Ok(found) => found,
        Err(error) => return early_end.say(&format!("{error:#}"), ExitStatus::NotDone),
    };
    let plan = match Plan::new(program, &cli) {
        Ok(plan) => plan.proving(found.proofs),
        Err(error) => return early_end.say(&error.to_string(), ExitStatus::Usage),
    };
    close_inherited();
    let ended = if cli.peers {
        peers::run(&plan)
    } else if cli.self_test {
        self_test::run(plan)
    } else {
        run(plan, &found.lines, &metrics)
    };
    ended.unwrap_or_else(|error| early_end.say(&format!("{error:#}"), ExitStatus::NotDone))
}

/// `--help` and `--version`: what is asked for in one line is the version.
fn show_text(program: &str, text: &str) -> ExitStatus {
    let is_version = text.trim_end().lines().count() == 1;
    let text = if is_version { report::version(program) } else { text.trim_end().to_owned() };
    if print(program, &text) { ExitStatus::Done } else { ExitStatus::NotDone }
}

/// Says what is wrong with a command line, as whoever typed it wants to be told.
fn refuse(program: &str, words: &[OsString], text: &str) -> ExitStatus {
    let cli = RntpdateCli::visible(words);
    let metrics = RunMetrics::begin(MetricsPlan::new(&cli).unwrap_or_default(), RunMode::of(&cli));
    EarlyEnd::of(program, &cli, &metrics).say(text, ExitStatus::Usage)
}

/// `--doctor`: colour and signs for a person at a terminal who does not object (no-color.org).
fn look_over(program: &str) -> ExitStatus {
    let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let is_dumb = std::env::var_os("TERM").is_none_or(|terminal| terminal == "dumb");
    let colour = std::io::stdout().is_terminal() && !no_colour && !is_dumb;
    let checks = doctor::judge(&examine());
    let lines = doctor::render(&checks, if colour { Style::Colour } else { Style::Plain });
    let is_read = print(program, &lines.join("\n"));
    if is_read && !doctor::is_bad(&checks) { ExitStatus::Done } else { ExitStatus::NotDone }
}
