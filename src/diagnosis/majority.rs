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

/// The servers of this standing, by their addresses.
fn with_verdict(outcome: &Outcome, wanted: impl Fn(Verdict) -> bool) -> Vec<String> {
    let chosen = outcome.servers.iter().filter(|server| wanted(server.verdict));
    chosen.map(|server| outcome.shown(server)).collect()
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
    let seen = format!("it is outvoted: its clock is {by} the majority ({})", majority.join(", "));
    if let Some(smear) = smear::find(server, outcome) {
        return smear.explain(seen);
    }
    let cause = if apart.is_gps_rollover() { ROLLOVER } else { "its clock is wrong; it has no part in the result" };
    Diagnosis::new(Code::Falseticker, Certainty::Likely, seen, cause)
        .there("see what it is synchronised to (ntpq -pn, chronyc sources)")
}

pub(super) fn no_majority(server: &Server, outcome: &Outcome) -> Diagnosis {
    let own = server.peer.as_ref();
    let others = outcome.servers.iter().filter(|other| other.verdict == Verdict::Undecided);
    let others = others.filter(|other| other.contact.address != server.contact.address);
    let mut stands: Vec<String> = Vec::new();
    for other in others {
        let (Some(own), Some(peer)) = (own, &other.peer) else { continue };
        let apart = peer.offset - own.offset;
        let together = apart.abs() <= own.root_distance + peer.root_distance;
        let address = outcome.shown(other);
        stands.push(if together { format!("with {address}") } else { format!("{:.6} s from {address}", apart.abs()) });
    }
    let seen = format!("the servers disagree and no side has the majority: it stands {}", stands.join(", "));
    if let Some(smear) = smear::find(server, outcome) {
        return smear.explain(seen);
    }
    Diagnosis::new(Code::NoMajority, Certainty::Certain, seen, "one of them is wrong, and nothing here tells which")
        .here("ask more servers, four at least; or only the one that you trust")
        .there("see what it is synchronised to (ntpq -pn, chronyc sources)")
}
