//! The verdicts of -d, after ntpdate's own lines: one paragraph.

use super::view::view_lines;
use super::{Context, agreement};
use crate::control::NoView;
use crate::diagnosis::{Diagnosis, diagnose, diagnose_name};
use crate::outcome::{Outcome, Server};

/// The paragraph, with an empty line after it.
pub(super) fn paragraph(outcome: &Outcome, context: &Context<'_>) -> Vec<String> {
    let mut lines = vec!["Diagnosis:".to_owned()];
    for host in &outcome.hosts {
        let diagnosis = diagnose_name(host, outcome.started);
        lines.extend(diagnosis.iter().flat_map(|diagnosis| verdict(&host.name, diagnosis)));
    }
    if lines.len() == 1 && outcome.servers.is_empty() {
        return Vec::new();
    }
    for server in &outcome.servers {
        lines.extend(verdict(&outcome.shown(server), &diagnose(server, outcome)));
        lines.extend(view(server, outcome));
    }
    lines.extend(agreement::text(outcome, context).map(|text| format!("agreement: {text}")));
    lines.push(String::new());
    lines
}

fn verdict(name: &str, diagnosis: &Diagnosis) -> Vec<String> {
    let mut lines = vec![format!("{name}: {}", diagnosis.seen)];
    if !diagnosis.cause.is_empty() {
        lines.push(format!("  cause ({}): {}", diagnosis.certainty.as_str(), diagnosis.cause));
    }
    lines.extend(diagnosis.here.iter().map(|text| format!("  here: {text}")));
    lines.extend(diagnosis.there.iter().map(|text| format!("  on the server: {text}")));
    lines
}

/// What it says of itself. Where it did not even give the time, that it does not answer this either is no news.
fn view(server: &Server, outcome: &Outcome) -> Vec<String> {
    match &server.evidence.view {
        None => Vec::new(),
        Some(Err(NoView::Silent | NoView::Fault(_))) if server.contact.answered == 0 => Vec::new(),
        Some(view) => view_lines(&outcome.shown(server), view),
    }
}
