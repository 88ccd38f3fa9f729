//! What follows a run: notes for the next one, and the user's command.

use super::lines::log;
use super::{rights, settle};
use crate::line::{Line, Priority};
use crate::linux::files::state::{Note, StateDir, boot_id, since_boot};
use crate::linux::files::within::within;
use crate::linux::processes::Helpers;
use crate::outcome::{Conclusion, Outcome};
use crate::plan::Plan;
use crate::policy::Decision;
use crate::run::gate::Admitted;
use crate::run::history::RunHistory;

/// What is left for the next run, and who does it.
pub(crate) struct Leaving<'a> {
    /// What earlier runs have left.
    pub(crate) history: RunHistory<'a>,
    pub(super) admitted: Admitted,
    pub(super) helpers: &'a Helpers,
}

impl Leaving<'_> {
    /// Leaves what a run's outcome has for the next one, and has the user's command run after a step; gives what went wrong with that.
    /// A run that reads packets itself leaves nothing.
    pub(crate) fn leave(&mut self, plan: &Plan, outcome: &Outcome) -> Vec<Line> {
        let writes = rights::keeps_rights(plan, self.helpers);
        let mut problems = self.history.keep(outcome, writes);
        if writes {
            problems.extend(leave(plan, outcome, &mut self.admitted, self.helpers));
        }
        problems
    }
}

/// Ends a run that sets the clock; gives what went wrong with that. Whoever reads packets is gone before the command after a step
/// begins.
fn leave(plan: &Plan, outcome: &Outcome, admitted: &mut Admitted, helpers: &Helpers) -> Vec<Line> {
    let mut lines = notes(plan, outcome, admitted);
    let Conclusion::Decided { estimate, decision: Decision::Step, failure: None } = &outcome.conclusion else {
        return lines;
    };
    if let (Some(text), Some(command)) = (&plan.unattended.after_step, helpers.command()) {
        if let Some(network) = helpers.network().filter(|_| !settle::is_due(plan, outcome)) {
            network.dismiss();
        }
        let server = outcome.address(estimate.system_peer).map(|server| server.ip());
        let end = admitted.began + plan.deadline;
        let failed = command.run(estimate.offset, server, end).err();
        lines.extend(failed.map(|why| log(Priority::Error, format!("after the step: {text}: {why}"))));
    }
    lines
}

fn notes(plan: &Plan, outcome: &Outcome, admitted: &mut Admitted) -> Vec<Line> {
    let mut lines = Vec::new();
    if !admitted.has_state {
        return lines;
    }
    let state = StateDir::at(&plan.unattended.state_dir);
    let mut write = |note: Note, text: &str| {
        let place = plan.unattended.state_dir.display();
        let what = format!("the notes for the next run in {place}");
        if let Err(error) = within(&what, || state.write(note.name(), text)) {
            let text = format!("cannot note for the next run: {}: {error}", note.name());
            lines.push(log(Priority::Warning, text));
        }
    };
    let boot = boot_id();
    let is_set = matches!(
        &outcome.conclusion,
        Conclusion::Decided { decision: Decision::Step | Decision::Slew, failure: None, .. }
    );
    // Not again: the folder may be another user's.
    if is_set && !admitted.is_noted {
        write(Note::Set, &boot);
    }
    if admitted.rate_holds.learn(outcome.servers.iter().map(|server| &server.contact), since_boot()) {
        write(Note::Rate, &admitted.rate_holds.to_text(&boot));
    }
    lines
}
