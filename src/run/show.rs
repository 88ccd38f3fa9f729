//! What a run shows of itself, and where.

use crate::line::{Channel, Line, Priority};
use crate::linux::SystemClock;
use crate::linux::host::local_zone;
use crate::linux::term::LineWriter;
use crate::machine::Clock as _;
use crate::outcome::{ExitStatus, Outcome};
use crate::plan::Plan;
use crate::report;
use crate::report::Context;

/// The reports of one run.
pub(super) struct Show<'a> {
    plan: &'a Plan,
    writer: &'a mut LineWriter,
}

impl<'a> Show<'a> {
    pub(super) fn new(plan: &'a Plan, writer: &'a mut LineWriter) -> Show<'a> {
        Show { plan, writer }
    }

    fn context(&self) -> Context<'a> {
        Context { plan: self.plan, zone: &local_zone }
    }

    /// Why the gate did not let the run in.
    pub(super) fn kept_out(&mut self, lines: Vec<Line>, status: ExitStatus) {
        self.writer.write(&lines);
        if self.plan.output.json {
            let error = lines.into_iter().next().filter(|_| status != ExitStatus::Done).map(|line| line.text);
            let now = SystemClock.now().real;
            self.writer.write_object(&report::render_json_kept_out(self.plan.mode, now, error, status));
        }
    }

    /// What a run waits for, for whoever watches.
    pub(super) fn waits(&mut self, line: Line) {
        if self.plan.output.verbose || self.plan.output.syslog {
            self.writer.write(&[line]);
        }
    }

    /// What was found before the first packet: in the files that name servers, by the run, and by its confinement.
    pub(super) fn findings(&mut self, found: &[Line], mut lines: Vec<Line>, confined: Vec<Line>, outcome: &Outcome) {
        let is_done = outcome.exit_status() == ExitStatus::Done;
        // A warning that did no harm would come with each run that nobody watches.
        let is_trouble = |line: &Line| match line.channel {
            Channel::Log(Priority::Error) => true,
            Channel::Log(Priority::Warning) => !is_done,
            _ => false,
        };
        lines.retain(|line| !self.plan.output.quiet || is_trouble(line));
        // That somebody has switched the filter off is for whoever answers for the machine.
        lines.extend(confined);
        // A word that is wrong in a file has harmed nobody where the run works in spite of it.
        if !self.plan.output.quiet || !is_done {
            self.writer.write(found);
        }
        self.writer.write(&lines);
    }

    /// What came of the run, or of its second measurement, in lines.
    pub(super) fn outcome(&mut self, outcome: &Outcome) {
        if !self.plan.output.json {
            self.writer.write(&report::render(outcome, &self.context()));
        }
    }

    /// What is said between two measurements.
    pub(super) fn between(&mut self, line: Line) {
        if !self.plan.output.quiet && !self.plan.output.json {
            self.writer.write(&[line]);
        }
    }

    /// The object, where one is wanted, and what went wrong with what was left.
    pub(super) fn end(&mut self, outcome: &Outcome, problems: &[Line]) {
        if self.plan.output.json {
            self.writer.write_object(&report::render_json(outcome, &self.context()));
        }
        self.writer.write(problems);
    }
}
