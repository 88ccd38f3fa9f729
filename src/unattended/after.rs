//! What follows a run: notes for the next one, and the user's command.

use std::time::Instant;

use super::{Pass, log};
use crate::outcome::{Conclusion, Outcome};
use crate::plan::Plan;
use crate::policy::Decision;
use crate::report::{Line, Priority};
use crate::system::Keeper;
use crate::system::state::{Note, boot_id, since_boot};

/// Ends a run; gives what went wrong with that. Without a keeper there is nothing to be kept: the run could not set the clock.
pub fn leave(plan: &Plan, outcome: &Outcome, pass: &mut Pass, keeper: Option<&Keeper>) -> Vec<Line> {
    let Some(keeper) = keeper.filter(|_| !plan.is_dry()) else { return Vec::new() };
    let mut lines = notes(outcome, pass, keeper);
    let Conclusion::Decided { estimate, decision: Decision::Step, failure: None } = &outcome.conclusion else {
        return lines;
    };
    if let Some(text) = &plan.unattended.after_step {
        let server = outcome.address(estimate.system_peer).map(|server| server.ip());
        let left = (pass.began + plan.deadline).saturating_duration_since(Instant::now());
        let failed = keeper.command(estimate.offset, server, left).err();
        lines.extend(failed.map(|why| log(Priority::Error, format!("after the step: {text}: {why}"))));
    }
    lines
}

fn notes(outcome: &Outcome, pass: &mut Pass, keeper: &Keeper) -> Vec<Line> {
    let mut lines = Vec::new();
    if !pass.has_state {
        return lines;
    }
    let mut write = |note: Note, text: &str| {
        if let Err(error) = keeper.note(note, text) {
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
    if is_set && !pass.is_noted {
        write(Note::Set, &boot);
    }
    if pass.penalties.learn(outcome.servers.iter().map(|server| &server.contact), since_boot()) {
        write(Note::Rate, &pass.penalties.to_text(&boot));
    }
    lines
}
