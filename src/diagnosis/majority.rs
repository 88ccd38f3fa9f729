//! A server beside the others: outvoted, without a majority, or without a part in the offset.

use super::code::Code;
use super::dates::ROLLOVER;
use super::found::{Certainty, Diagnosis};
use super::smear;
use crate::estimate::Verdict;
use crate::outcome::{Conclusion, Outcome, Server};
use crate::time::Interval;

/// Why a server that agrees has no part in the offset.
pub(crate) fn outlier(server: &Server, outcome: &Outcome) -> String {
    let (Some(peer), Conclusion::Decided { estimate, .. }) = (&server.peer, &outcome.conclusion) else {
        return "it agrees, without a part in the offset".to_owned();
    };
    let offset = format!("its offset {:+.6} sec, good to {:.6},", peer.offset, peer.root_distance);
    let (low, high) = (estimate.span.low, estimate.span.high);
    if estimate.span.holds(peer.offset) {
        format!("{offset} does not fit to the point that the others agree on best; nobody can tell which is right")
    } else {
        format!(
            "{offset} is too vague to count: it lies outside of {low:+.6} to {high:+.6}, which a majority has in common"
        )
    }
}

/// So many other servers are named one by one, and no more.
const NAMED: usize = 4;

/// The servers of this standing, by their addresses, the first of them where they are many.
fn with_verdict(outcome: &Outcome, wanted: impl Fn(Verdict) -> bool) -> String {
    let chosen = outcome.servers.iter().filter(|server| wanted(server.verdict));
    let mut names: Vec<String> = chosen.map(|server| outcome.shown(server)).collect();
    let more = names.len().saturating_sub(NAMED);
    if more > 1 {
        names.truncate(NAMED);
        names.push(format!("{more} more"));
    }
    names.join(", ")
}

pub(super) fn falseticker(server: &Server, outcome: &Outcome) -> Diagnosis {
    let (Some(peer), Conclusion::Decided { estimate, .. }) = (&server.peer, &outcome.conclusion) else {
        return no_majority(server, outcome);
    };
    let apart = peer.offset - estimate.offset;
    let side = if apart.is_negative() { "behind" } else { "ahead of" };
    let majority = with_verdict(outcome, |verdict| matches!(verdict, Verdict::Truechimer | Verdict::Outlier));
    let words =
        if apart.abs() < Interval::from_secs(86_400) { String::new() } else { format!(" ({})", apart.in_words()) };
    let by = format!("{:.6} s{words} {side}", apart.abs());
    let seen = format!("it is outvoted: its clock is {by} the majority ({majority})");
    if let Some(smear) = smear::find(server, outcome) {
        return smear.explain(seen);
    }
    let cause = if apart.is_gps_rollover() { ROLLOVER } else { "its clock is wrong; it has no part in the result" };
    Diagnosis::new(Code::Falseticker, Certainty::Likely, seen, cause)
        .there("see what it is synchronised to (ntpq -pn, chronyc sources)")
}

pub(super) fn no_majority(server: &Server, outcome: &Outcome) -> Diagnosis {
    let seen = format!("the servers disagree and no side has the majority: it stands {}", stand(server, outcome));
    if let Some(smear) = smear::find(server, outcome) {
        return smear.explain(seen);
    }
    Diagnosis::new(Code::NoMajority, Certainty::Certain, seen, "one of them is wrong, and nothing here tells which")
        .here("ask more servers, four at least; or only the one that you trust")
        .there("see what it is synchronised to (ntpq -pn, chronyc sources)")
}

/// Where a server stands among those that disagree: beside each other one, or where these are many, among them.
fn stand(server: &Server, outcome: &Outcome) -> String {
    let Some(own) = &server.peer else { return String::new() };
    let is_other =
        |other: &&Server| other.verdict == Verdict::Undecided && other.contact.address != server.contact.address;
    let (mut with, mut apart) = (Vec::new(), Vec::new());
    let mut stands: Vec<String> = Vec::new();
    for other in outcome.servers.iter().filter(is_other) {
        let (Some(peer), address) = (&other.peer, outcome.shown(other)) else { continue };
        let distance = (peer.offset - own.offset).abs();
        if distance <= own.root_distance + peer.root_distance {
            stands.push(format!("with {address}"));
            with.push(address);
        } else {
            stands.push(format!("{distance:.6} s from {address}"));
            apart.push((distance, address));
        }
    }
    if stands.len() <= NAMED {
        return stands.join(", ");
    }
    let nearest = apart.iter().min().map(|(distance, address)| match apart.len() {
        1 => format!("{distance:.6} s from {address}"),
        many => format!("apart from {many} others, the nearest {distance:.6} s away ({address})"),
    });
    let with = (!with.is_empty()).then(|| format!("with {} of the {} others", with.len(), stands.len()));
    with.into_iter().chain(nearest).collect::<Vec<_>>().join(", ")
}
