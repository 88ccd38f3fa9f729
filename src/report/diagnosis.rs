//! The verdicts of -d, after ntpdate's own lines: one paragraph. What holds for several servers is said once.

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
        lines.extend(diagnosis.iter().map(|diagnosis| seen(&host.name, diagnosis)));
        lines.extend(diagnosis.iter().flat_map(explanation));
    }
    if lines.len() == 1 && outcome.servers.is_empty() {
        return Vec::new();
    }
    for group in groups(outcome) {
        lines.extend(group.iter().map(|one| seen(&one.name, &one.diagnosis)));
        lines.extend(group.first().iter().flat_map(|one| explanation(&one.diagnosis)));
        lines.extend(views(&group));
    }
    lines.extend(agreement::text(outcome, context).map(|text| format!("agreement: {text}")));
    lines.push(String::new());
    lines
}

/// One server as it is told of.
struct Told {
    name: String,
    diagnosis: Diagnosis,
    /// What it says of itself, or why that is not known.
    view: Vec<String>,
    /// Whether it says something of itself, which belongs behind its own verdict.
    has_view: bool,
}

/// The servers, those together for which the same holds, whatever was seen of each.
fn groups(outcome: &Outcome) -> Vec<Vec<Told>> {
    let mut groups: Vec<Vec<Told>> = Vec::new();
    for server in &outcome.servers {
        let (name, diagnosis) = (outcome.shown(server), diagnose(server, outcome));
        let has_view = matches!(server.evidence.view, Some(Ok(_)));
        let told = Told { view: view(server, outcome), name, diagnosis, has_view };
        let is_of = |group: &&mut Vec<Told>| group.first().is_some_and(|first| is_same(first, &told));
        match groups.iter_mut().find(is_of) {
            Some(group) => group.push(told),
            None => groups.push(vec![told]),
        }
    }
    groups
}

fn is_same(one: &Told, other: &Told) -> bool {
    let (a, b) = (&one.diagnosis, &other.diagnosis);
    let is_alike =
        (a.code, a.certainty, &a.cause, &a.here, &a.there) == (b.code, b.certainty, &b.cause, &b.here, &b.there);
    is_alike && !one.has_view && !other.has_view
}

fn seen(name: &str, diagnosis: &Diagnosis) -> String {
    format!("{name}: {}", diagnosis.seen)
}

/// The cause, and what to do.
fn explanation(diagnosis: &Diagnosis) -> Vec<String> {
    let mut lines = Vec::new();
    if !diagnosis.cause.is_empty() {
        lines.push(format!("  cause ({}): {}", diagnosis.certainty.as_str(), diagnosis.cause));
    }
    lines.extend(diagnosis.here.iter().map(|text| format!("  here: {text}")));
    lines.extend(diagnosis.there.iter().map(|text| format!("  on the server: {text}")));
    lines
}

/// What the servers of a group say of themselves; servers that say the same, which is nothing, in one line.
fn views(group: &[Told]) -> Vec<String> {
    let mut reasons: Vec<(Vec<&str>, &str)> = Vec::new();
    for one in group.iter().filter(|one| !one.has_view) {
        let lines = one.view.iter().filter_map(|line| line.strip_prefix(&format!("{}: ", one.name)));
        for reason in lines {
            match reasons.iter_mut().find(|(_, known)| *known == reason) {
                Some((names, _)) => names.push(&one.name),
                None => reasons.push((vec![&one.name], reason)),
            }
        }
    }
    let told = group.iter().filter(|one| one.has_view).flat_map(|one| one.view.iter().cloned());
    told.chain(reasons.into_iter().map(|(names, reason)| format!("{}: {reason}", names.join(", ")))).collect()
}

/// What it says of itself. Where it did not even give the time, that it does not answer this either is no news.
fn view(server: &Server, outcome: &Outcome) -> Vec<String> {
    match &server.evidence.view {
        None => Vec::new(),
        Some(Err(NoView::Silent | NoView::Fault(_))) if server.contact.answered == 0 => Vec::new(),
        Some(view) => view_lines(&outcome.shown(server), view),
    }
}
