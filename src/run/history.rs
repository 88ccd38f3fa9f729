//! What a run knows of earlier ones, and leaves for the next: the history file around the pipeline.

use std::io::{self, IsTerminal as _};
use std::path::Path;

use crate::cli::rntpdate::RntpdateCli;
use crate::discipline;
use crate::discipline::{BadHistory, History};
use crate::line::{Channel, Line, Priority};
use crate::linux::files::history;
use crate::linux::files::history::Found;
use crate::linux::files::replace::replace;
use crate::linux::files::within::within;
use crate::linux::host::local_zone;
use crate::linux::sandbox::invoker::{for_invoker, refusal};
use crate::linux::term::{complain, print};
use crate::outcome::{ExitStatus, Outcome};
use crate::plan::{HistoryPlan, Plan};
use crate::printable::printable;
use crate::report;

/// The history, between its file and the run.
#[derive(Debug)]
pub struct RunHistory<'a> {
    plan: Option<&'a HistoryPlan>,
    is_dry: bool,
    /// Whether nobody wants to hear what is wrong.
    is_silent: bool,
    history: History,
    /// What is wrong.
    problems: Vec<String>,
    /// Whether the file can be written, as far as is known.
    is_usable: bool,
}

impl<'a> RunHistory<'a> {
    /// Reads it. A history that is of no use is set aside, and the run becomes the first; a file that is something else
    /// is left alone if somebody named it.
    pub fn recall(plan: &'a Plan) -> RunHistory<'a> {
        let is_dry = plan.is_dry();
        let mut memory = RunHistory {
            plan: plan.history.as_ref(),
            is_dry,
            is_silent: plan.history.as_ref().is_some_and(|history| !history.is_asked()) && !plan.output.verbose,
            history: History::default(),
            problems: Vec::new(),
            is_usable: true,
        };
        if let Some(plan) = memory.plan {
            let history = memory.read(plan);
            memory.history = history.or_else(|| Some(memory.start(plan.drift_file.as_deref()?))).unwrap_or_default();
        }
        memory
    }

    /// The earlier runs, if they are to count.
    pub fn earlier(&self) -> Option<&History> {
        self.plan.map(|_| &self.history)
    }

    /// Stores what the run has taught, unless it writes nothing; gives what is wrong with the file.
    pub fn keep(&mut self, outcome: &Outcome, writes: bool) -> Vec<Line> {
        if let (Some(plan), Some(taught), false) = (self.plan, &outcome.taught, self.is_dry || !writes)
            && self.is_usable
            && let Err(error) = store(plan, &taught.update.history)
        {
            self.problems.push(format!("cannot keep the history in {}: {error}", plan.history.display()));
        }
        let problems = std::mem::take(&mut self.problems);
        // A history that nobody asked for is kept where it can be.
        let problems = if self.is_silent { Vec::new() } else { problems };
        let line = |text| Line { channel: Channel::Log(Priority::Warning), at: outcome.finished, text };
        problems.into_iter().map(line).collect()
    }

    fn read(&mut self, plan: &HistoryPlan) -> Option<History> {
        let path = &plan.history;
        let why = match read_named(path, self.is_dry && plan.is_named) {
            Ok(Found::Nothing) => return None,
            // What somebody made ready for it.
            Ok(Found::Text(text)) if text.is_empty() => return None,
            Ok(Found::Text(text)) => match discipline::parse(&text) {
                Ok(history) => return Some(history),
                Err(why) => why,
            },
            Ok(Found::Garbage(head)) => discipline::judge(&head),
            Err(error) => {
                self.is_usable = false;
                self.problems.push(format!("cannot use the history {}: {error}", path.display()));
                return None;
            }
        };
        let problem = if plan.is_named && why == BadHistory::Foreign {
            // A mistyped name: whatever it is, somebody needs it.
            self.is_usable = false;
            format!("the file {} is left alone, and nothing is remembered: {why}", path.display())
        } else {
            self.set_aside(path, why)
        };
        self.problems.push(problem);
        None
    }

    fn set_aside(&mut self, path: &Path, why: BadHistory) -> String {
        let what = format!("the history {} cannot be used: {why}", path.display());
        if self.is_dry {
            return format!("{what}; it would be set aside");
        }
        match history::set_aside(path) {
            Ok(aside) => format!("{what}; it is now {}, and a new one is begun", aside.display()),
            Err(error) => {
                self.is_usable = false;
                format!("{what}, nor be set aside: {error}; nothing is remembered")
            }
        }
    }

    fn start(&mut self, file: &Path) -> History {
        let read = read_named(file, self.is_dry).map_err(|error| error.to_string()).and_then(|found| match found {
            Found::Nothing => Err("there is no such file".to_owned()),
            Found::Garbage(_) => Err(discipline::DriftFileError::Form.to_string()),
            Found::Text(text) => discipline::parse_drift_file(&text).map_err(|error| error.to_string()),
        });
        read.map(History::from_frequency).unwrap_or_else(|why| {
            self.problems.push(format!("cannot start from the drift file {}: {why}", file.display()));
            History::default()
        })
    }
}

/// A file that somebody named is read with the rights of whoever calls this dry run by sudo.
fn read_named(path: &Path, is_closed: bool) -> io::Result<Found> {
    for_invoker(is_closed, || history::read(path)).and_then(|read| read).map_err(|error| {
        match refusal(is_closed, path) {
            Some(text) => io::Error::other(format!("{error}{text}")),
            None => error,
        }
    })
}

/// Puts the history in the place of the old one.
fn store(plan: &HistoryPlan, history: &History) -> io::Result<()> {
    let (text, what) = (discipline::render(history), format!("the history in {}", plan.history.display()));
    // What the next run could not read would cost all that was learned.
    discipline::parse(&text).map_err(|why| io::Error::new(io::ErrorKind::InvalidData, why))?;
    within(&what, || history::replace(&plan.history, &text))
}

/// Prints the history (--history-show).
pub fn show(program: &str, cli: &RntpdateCli) -> ExitStatus {
    let Ok(Some(plan)) = HistoryPlan::new(cli) else { return ExitStatus::Usage };
    let path = plan.history.display();
    let history = match read_named(&plan.history, plan.is_named) {
        Ok(Found::Text(text)) => discipline::parse(&text).map_err(|why| why.to_string()),
        Ok(Found::Garbage(head)) => Err(discipline::judge(&head).to_string()),
        Ok(Found::Nothing) => Err("there is no such file".to_owned()),
        Err(error) => Err(error.to_string()),
    };
    match history {
        Ok(history) if cli.svg.is_some() => draw(program, &history, cli.svg.as_deref()),
        Ok(history) => {
            let table = report::history_table(&history, io::stdout().is_terminal(), &local_zone);
            let lines: Vec<String> = table.iter().map(|line| printable(line)).collect();
            if print(program, &lines.join("\n")) { ExitStatus::Done } else { ExitStatus::NotDone }
        }
        Err(why) => {
            complain(program, &format!("cannot show the history {path}: {why}"));
            ExitStatus::NotDone
        }
    }
}

/// Writes the picture of a history (--svg).
fn draw(program: &str, history: &History, file: Option<&Path>) -> ExitStatus {
    let Some(file) = file else { return ExitStatus::Usage };
    let Some(picture) = report::history_picture(history) else {
        complain(program, "cannot draw the history: no runs are stored");
        return ExitStatus::NotDone;
    };
    // With sudo it is written as whoever called that could.
    let written = for_invoker(true, || replace(file, picture.render().as_bytes(), 0o644)).and_then(|written| written);
    match written {
        Ok(()) => ExitStatus::Done,
        Err(error) => {
            complain(program, &format!("cannot write the picture {}: {error}", file.display()));
            ExitStatus::NotDone
        }
    }
}
