//! What a run knows of earlier ones, and leaves for the next: the history file around the pipeline.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;

use crate::cli::rntpdate::RntpdateCli;
use crate::discipline::{self, BadHistory, History};
use crate::outcome::{ExitStatus, Outcome};
use crate::plan::{MemoryPlan, Plan};
use crate::printable::printable;
use crate::report::{self, Channel, Line, Priority};
use crate::system::history_file::{self, Found};
use crate::system::{complain, local_zone};

/// The history, between its file and the run.
#[derive(Debug)]
pub struct Memory<'a> {
    plan: Option<&'a MemoryPlan>,
    is_dry: bool,
    history: History,
    /// What is wrong.
    problems: Vec<String>,
    /// Whether the file can be written, as far as is known.
    is_usable: bool,
}

impl<'a> Memory<'a> {
    /// Reads it. A history that is of no use is set aside, and the run becomes the first; a file that is something else
    /// is left alone if somebody named it.
    pub fn recall(plan: &'a Plan) -> Memory<'a> {
        let is_dry = plan.is_dry();
        let mut memory = Memory {
            plan: plan.memory.as_ref(),
            is_dry,
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

    /// Has what the run has taught stored by `replace`; gives what is wrong with the file.
    pub fn keep(mut self, outcome: &Outcome, replace: impl FnOnce(&str) -> io::Result<()>) -> Vec<Line> {
        if let (Some(plan), Some(taught), false) = (self.plan, &outcome.taught, self.is_dry)
            && self.is_usable
            && let Err(error) = replace(&discipline::render(&taught.lesson.history))
        {
            self.problems.push(format!("cannot keep the history in {}: {error}", plan.history.display()));
        }
        let line = |text| Line { channel: Channel::Log(Priority::Warning), at: outcome.finished, text };
        self.problems.into_iter().map(line).collect()
    }

    fn read(&mut self, plan: &MemoryPlan) -> Option<History> {
        let path = &plan.history;
        let why = match history_file::read(path) {
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
        match history_file::set_aside(path) {
            Ok(aside) => format!("{what}; it is now {}, and a new one is begun", aside.display()),
            Err(error) => {
                self.is_usable = false;
                format!("{what}, nor be set aside: {error}; nothing is remembered")
            }
        }
    }

    fn start(&mut self, file: &Path) -> History {
        let read = history_file::read(file).map_err(|error| error.to_string()).and_then(|found| match found {
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

/// Prints the history (--history-show).
pub fn show(program: &str, cli: &RntpdateCli) -> ExitStatus {
    let Ok(Some(plan)) = MemoryPlan::new(cli) else { return ExitStatus::Usage };
    let path = plan.history.display();
    let history = match history_file::read(&plan.history) {
        Ok(Found::Text(text)) => discipline::parse(&text).map_err(|why| why.to_string()),
        Ok(Found::Garbage(head)) => Err(discipline::judge(&head).to_string()),
        Ok(Found::Nothing) => Err("there is no such file".to_owned()),
        Err(error) => Err(error.to_string()),
    };
    match history {
        Ok(history) => {
            let mut out = std::io::stdout().lock();
            let with_plot = out.is_terminal();
            for line in report::history_table(&history, with_plot, &local_zone) {
                // Who reads it may have seen enough.
                let _ = writeln!(out, "{}", printable(&line));
            }
            ExitStatus::Done
        }
        Err(why) => {
            complain(program, &format!("cannot show the history {path}: {why}"));
            ExitStatus::NotDone
        }
    }
}
