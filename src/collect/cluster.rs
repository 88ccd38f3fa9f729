//! The clocks of many machines against each other.

use std::collections::HashMap;
use std::net::SocketAddr;

use super::reader::Delivered;
use super::run::{Done, Measured, Run};
use crate::check::Level;
use crate::fleet::{Limits, Spread};
use crate::time::{Interval, Time};

/// The kernel's slew (adjtime(3)).
const SLEW_PPM: i128 = 500;
/// How fast a clock may go astray after it was measured (RFC 5905 §7.1, PHI).
const PHI_PPM: i128 = 15;
/// Measurements further apart compare yesterday's clocks with today's.
const LONG_AGO: Interval = Interval::from_secs(3600);

/// What is known of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The node's clock was measured, and left as it was or slewed to the end.
    Measured,
    /// The node's clock was set at once.
    Stepped,
    /// The node's clock is being slewed, for so long yet.
    Slewing(Interval),
    /// The node has an error in the place of an offset.
    Failed,
    /// The node has to be there and is not.
    Missing,
}

/// One machine, compared with the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// As the tool calls it.
    pub name: String,
    /// What is known of it.
    pub state: State,
    /// How bad it is.
    pub level: Level,
    /// Why.
    pub cause: Option<String>,
    /// What had to be added to its clock when it was measured.
    pub before: Option<Interval>,
    /// The node's clock minus the reference now, as far as its run has told.
    pub offset: Option<Interval>,
    /// How far that may be wrong.
    pub bound: Option<Interval>,
}

/// Two clocks, and how far they may be apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The greatest difference that cannot be excluded.
    pub difference: Interval,
    /// The one that may be ahead.
    pub ahead: String,
    /// The one that may be behind.
    pub behind: String,
}

/// All machines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// The machines, the worst first.
    pub nodes: Vec<Node>,
    /// The server that all of them asked and trust; nothing: they are compared by true time, as each of them claims it.
    pub reference: Option<SocketAddr>,
    /// The two clocks that are furthest apart, of two at least.
    pub widest: Option<Pair>,
    /// How the clocks are spread, of one at least.
    pub spread: Option<Spread>,
    /// What the clock with the largest offset is called.
    pub worst: String,
    /// What is wrong with the whole.
    pub warnings: Vec<String>,
    /// The worst level.
    pub level: Level,
}

impl Cluster {
    /// No machine at all.
    pub const EMPTY: Cluster = Cluster {
        nodes: Vec::new(),
        reference: None,
        widest: None,
        spread: None,
        worst: String::new(),
        warnings: Vec::new(),
        level: Level::Unknown,
    };
}

/// Compares the clocks. `missing`: machines that had to be there; `now`: this machine's time, by which slews that were begun have
/// gone on.
pub fn compare(delivered: &[Delivered], missing: Vec<String>, limits: &Limits, now: Time) -> Cluster {
    let runs: Vec<&Run> = delivered.iter().filter_map(|one| one.result.as_ref().ok()).collect();
    let measured: Vec<&Run> = runs.iter().filter(|run| run.estimate.is_some()).copied().collect();
    let reference = common(&measured);
    let newest = measured.iter().filter_map(|run| measured_at(run)).max().unwrap_or_default();
    let mut nodes: Vec<Node> =
        delivered.iter().map(|one| node(one, reference, newest, now - Time::UNIX_EPOCH, limits)).collect();
    let oldest = measured.iter().filter_map(|run| measured_at(run)).min().unwrap_or_default();
    let widest = widest(&nodes);
    let clocks: Vec<(&Node, Interval, Interval)> =
        nodes.iter().filter_map(|node| Some((node, node.offset?, node.bound?))).collect();
    let spread = Spread::of(&clocks.iter().map(|(_, offset, bound)| (*offset, *bound)).collect::<Vec<_>>());
    let worst = spread.as_ref().and_then(|spread| clocks.get(spread.worst)).map(|(node, ..)| node.name.clone());
    let mut warnings = Vec::new();
    if newest - oldest > LONG_AGO {
        let apart = (newest - oldest).in_words();
        warnings.push(format!("the measurements are {apart} apart: run rntpdate on all machines at the same time"));
    }
    nodes.extend(missing.into_iter().map(absent));
    let apart = widest.as_ref().map_or(Level::Ok, |pair| limits.offset.level(pair.difference.as_secs_f64()));
    let worst_level = nodes.iter().map(|node| node.level).fold(apart, Level::worse);
    let level = if nodes.is_empty() { Level::Unknown } else { worst_level };
    nodes.sort_by_key(|node| (std::cmp::Reverse(rank(node.level)), std::cmp::Reverse(node.offset.map(Interval::abs))));
    Cluster { nodes, reference, widest, spread, worst: worst.unwrap_or_default(), warnings, level }
}

fn rank(level: Level) -> u8 {
    match level {
        Level::Ok => 0,
        Level::Unknown => 1,
        Level::Warning => 2,
        Level::Critical => 3,
    }
}

/// When a run ended, by true time as it found it. Runs of another century have no common moment with anybody.
fn measured_at(run: &Run) -> Option<Interval> {
    let estimate = run.estimate?;
    // What was stepped is in the clock that the end was read from.
    Some(if run.done == Done::Step { run.finished } else { run.finished + estimate.offset })
}

/// The server that all runs trust and that is the best ruler: its widest bound is the narrowest.
fn common(runs: &[&Run]) -> Option<SocketAddr> {
    let mut widest: HashMap<SocketAddr, (usize, Interval)> = HashMap::new();
    for run in runs {
        let mut counted = Vec::new();
        for (server, measured) in &run.servers {
            if !counted.contains(server) {
                counted.push(*server);
                let entry = widest.entry(*server).or_default();
                *entry = (entry.0 + 1, entry.1.max(measured.bound));
            }
        }
    }
    let of_all = widest.into_iter().filter(|(_, (count, _))| *count == runs.len());
    // By the address where two are as good, so that the answer is the same each time.
    of_all.min_by_key(|(server, (_, bound))| (*bound, *server)).map(|(server, _)| server)
}

/// `newest`: when the last machine was measured; `now`: since 1970.
fn node(one: &Delivered, reference: Option<SocketAddr>, newest: Interval, now: Interval, limits: &Limits) -> Node {
    let failed = |cause: String| Node { cause: Some(cause), state: State::Failed, ..absent(one.node.clone()) };
    let run = match &one.result {
        Err(text) => return failed(format!("no result: {text}")),
        Ok(run) => run,
    };
    let Some(estimate) = run.estimate else {
        let cause = run.error.clone().unwrap_or_else(|| format!("no offset, and exit status {}", run.exit_status));
        return failed(cause);
    };
    let against = reference.and_then(|server| run.servers.iter().find(|(known, _)| *known == server));
    let Measured { offset, bound } = against.map_or(estimate, |(_, measured)| *measured);
    let (applied, state) = applied(run, estimate.offset, now);
    let age = measured_at(run).map_or(Interval::ZERO, |at| newest - at);
    let drift = Interval::from_units(age.units().clamp(0, i128::from(i64::MAX)) * PHI_PPM / 1_000_000);
    let left = applied - offset;
    let level = limits.offset.level(left.as_secs_f64());
    let mut causes: Vec<String> = run.error.iter().cloned().collect();
    if level != Level::Ok {
        causes.push("offset beyond its limit".to_owned());
    }
    let is_trouble = run.error.is_some() || run.exit_status != 0;
    Node {
        name: one.node.clone(),
        state,
        level: if is_trouble { level.worse(Level::Warning) } else { level },
        cause: (!causes.is_empty()).then(|| causes.join("; ")),
        before: Some(offset),
        offset: Some(left),
        bound: Some(bound + drift),
    }
}

/// How much of the offset has been corrected by now, and what that makes of the clock.
fn applied(run: &Run, offset: Interval, now: Interval) -> (Interval, State) {
    match run.done {
        Done::Nothing => (Interval::ZERO, State::Measured),
        Done::Step => (offset, State::Stepped),
        Done::Slew => {
            let since = (now - run.finished).max(Interval::ZERO);
            let done = Interval::from_units(since.units() * SLEW_PPM / 1_000_000).min(offset.abs());
            let left = offset.abs() - done;
            if left <= Interval::from_micros(1) {
                return (offset, State::Measured);
            }
            let corrected = if offset.is_negative() { -done } else { done };
            (corrected, State::Slewing(Interval::from_units(left.units() * 1_000_000 / SLEW_PPM)))
        }
    }
}

fn absent(name: String) -> Node {
    Node {
        name,
        state: State::Missing,
        level: Level::Critical,
        cause: Some("it is expected, and nothing came from it".to_owned()),
        before: None,
        offset: None,
        bound: None,
    }
}

/// The pair whose clocks may be the furthest apart: the highest upper end, and the lowest lower end of another clock.
fn widest(nodes: &[Node]) -> Option<Pair> {
    let ends: Vec<(&Node, Interval, Interval)> =
        nodes.iter().filter_map(|node| Some((node, node.offset? - node.bound?, node.offset? + node.bound?))).collect();
    // One clock may have both extreme ends; then the second best of either side is its partner.
    let mut by_high: Vec<usize> = (0..ends.len()).collect();
    by_high.sort_by_key(|place| std::cmp::Reverse(ends[*place].2));
    let mut by_low: Vec<usize> = (0..ends.len()).collect();
    by_low.sort_by_key(|place| ends[*place].1);
    let pairs = by_high.iter().take(2).flat_map(|high| by_low.iter().take(2).map(move |low| (*high, *low)));
    let (high, low) = pairs.filter(|(high, low)| high != low).max_by_key(|(high, low)| ends[*high].2 - ends[*low].1)?;
    Some(Pair {
        difference: ends[high].2 - ends[low].1,
        ahead: ends[high].0.name.clone(),
        behind: ends[low].0.name.clone(),
    })
}

#[cfg(test)]
mod tests;
