//! What is printed of the clocks of many machines.

use crate::plural::counted;
use serde::Serialize;

use super::seconds::Seconds;
use super::spread::spread_line;
use crate::collect::{Cluster, Node, State};
use crate::net::shown;
use crate::time::Interval;

/// NTP's, which is not shown.
const PORT: u16 = 123;

/// One machine: its level, name, offset and what is wrong or goes on.
pub fn node_line(node: &Node) -> String {
    let level = format!("{:<8}", node.level.to_string());
    let mut text = format!("{level} {}", node.name);
    if let (Some(offset), Some(bound)) = (node.offset, node.bound) {
        let way = if offset.is_negative() { "behind" } else { "ahead" };
        text.push_str(&format!(": {:.6} sec {way} +/- {bound:.6}", offset.abs()));
    }
    let before = node.before.unwrap_or_default();
    match node.state {
        State::Stepped => text.push_str(&format!(", stepped by {before:+.6}")),
        State::Slewing(left) => text.push_str(&format!(", slewing by {before:+.6}, {left:.0} s to go")),
        State::Measured | State::Failed | State::Missing => {}
    }
    match &node.cause {
        Some(cause) => format!("{text}: {cause}"),
        None => text,
    }
}

/// How many machines are in a state.
fn count(cluster: &Cluster, is: impl Fn(&State) -> bool) -> usize {
    cluster.nodes.iter().filter(|node| is(&node.state)).count()
}

struct Counts {
    measured: usize,
    failed: usize,
    missing: usize,
    stepped: usize,
    slewing: usize,
}

impl Counts {
    fn of(cluster: &Cluster) -> Counts {
        Counts {
            measured: cluster.nodes.iter().filter(|node| node.offset.is_some()).count(),
            failed: count(cluster, |state| *state == State::Failed),
            missing: count(cluster, |state| *state == State::Missing),
            stepped: count(cluster, |state| *state == State::Stepped),
            slewing: count(cluster, |state| matches!(state, State::Slewing(_))),
        }
    }
}

/// The last lines: how many, how far from the reference and from each other.
pub fn cluster_lines(cluster: &Cluster) -> Vec<String> {
    let counts = Counts::of(cluster);
    let against = match cluster.reference {
        Some(server) => format!("against {}", shown(server, PORT)),
        None => "against true time, as no server was asked and trusted by all of them".to_owned(),
    };
    let more = [
        (counts.failed, "failed"),
        (counts.missing, "missing"),
        (counts.stepped, "stepped"),
        (counts.slewing, "slewing"),
    ];
    let more = more.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!(", {count} {what}"));
    let (measured, all) = (counts.measured, cluster.nodes.len());
    let mut lines = vec![format!(
        "{}: {measured} of {} measured {against}{}",
        cluster.level,
        counted(all, "machine"),
        more.collect::<String>()
    )];
    if let Some(pair) = &cluster.widest {
        lines.push(format!(
            "any two clocks differ by at most {:.6} sec ({} ahead, {} behind)",
            pair.difference, pair.ahead, pair.behind
        ));
    }
    lines.extend(cluster.spread.as_ref().map(|spread| spread_line(spread, &cluster.worst)));
    lines.extend(cluster.warnings.iter().map(|warning| format!("note: {warning}")));
    lines
}

/// Counts changes that break readers.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct NodeObject<'a> {
    version: u32,
    kind: &'static str,
    node: &'a str,
    level: String,
    cause: Option<&'a str>,
    state: &'static str,
    before: Option<Seconds>,
    offset: Option<Seconds>,
    bound: Option<Seconds>,
    remaining: Option<Seconds>,
}

/// One machine, for programs. Its form is in contrib/rntpdate-fleet.schema.json.
pub fn node_object(node: &Node) -> String {
    let (state, remaining) = match node.state {
        State::Measured => ("measured", None),
        State::Stepped => ("stepped", None),
        State::Slewing(left) => ("slewing", Some(left)),
        State::Failed => ("failed", None),
        State::Missing => ("missing", None),
    };
    let object = NodeObject {
        version: VERSION,
        kind: "collect-node",
        node: &node.name,
        level: node.level.to_string().to_lowercase(),
        cause: node.cause.as_deref(),
        state,
        before: node.before.map(Into::into),
        offset: node.offset.map(Into::into),
        bound: node.bound.map(Into::into),
        remaining: remaining.map(Into::into),
    };
    serde_json::to_string(&object).unwrap_or_default()
}

#[derive(Serialize)]
struct ClusterObject<'a> {
    version: u32,
    kind: &'static str,
    level: String,
    nodes: usize,
    measured: usize,
    failed: usize,
    missing: usize,
    stepped: usize,
    slewing: usize,
    reference: Option<String>,
    spread: Option<Seconds>,
    ahead: Option<&'a str>,
    behind: Option<&'a str>,
    offset_median: Option<Seconds>,
    offset_p90: Option<Seconds>,
    offset_p99: Option<Seconds>,
    offset_worst: Option<Seconds>,
    worst: Option<&'a str>,
    warnings: &'a [String],
    error: Option<&'a str>,
}

/// All machines, for programs.
pub fn cluster_object(cluster: &Cluster) -> String {
    object_of(cluster, None)
}

/// The object of a comparison that came to nothing.
pub fn failed_object(error: &str) -> String {
    object_of(&Cluster::EMPTY, Some(error))
}

fn object_of(cluster: &Cluster, error: Option<&str>) -> String {
    let (counts, pair) = (Counts::of(cluster), cluster.widest.as_ref());
    let size = |of: fn(&crate::fleet::Spread) -> Interval| cluster.spread.as_ref().map(|spread| of(spread).into());
    let object = ClusterObject {
        version: VERSION,
        kind: "collect-summary",
        level: cluster.level.to_string().to_lowercase(),
        nodes: cluster.nodes.len(),
        measured: counts.measured,
        failed: counts.failed,
        missing: counts.missing,
        stepped: counts.stepped,
        slewing: counts.slewing,
        reference: cluster.reference.map(|server| shown(server, PORT)),
        spread: pair.map(|pair| pair.difference.into()),
        ahead: pair.map(|pair| pair.ahead.as_str()),
        behind: pair.map(|pair| pair.behind.as_str()),
        offset_median: size(|spread| spread.median),
        offset_p90: size(|spread| spread.p90),
        offset_p99: size(|spread| spread.p99),
        offset_worst: size(|spread| spread.worst_offset),
        worst: cluster.spread.as_ref().map(|_| cluster.worst.as_str()),
        warnings: &cluster.warnings,
        error,
    };
    serde_json::to_string(&object).unwrap_or_default()
}
