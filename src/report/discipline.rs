//! What the earlier runs have taught.

use super::Context;
use crate::discipline::Update;
use crate::line::{Channel, Line, Priority};
use crate::outcome::{Outcome, Taught};
use crate::plural::counted;

/// With -v, -q and -d all of it; else only that earlier runs were dropped.
pub(super) fn lines(outcome: &Outcome, context: &Context<'_>) -> Vec<Line> {
    let Some(taught) = &outcome.taught else { return Vec::new() };
    let line = |priority, text| Line { channel: Channel::Log(priority), at: outcome.finished, text };
    let update = &taught.update;
    let mut lines = Vec::new();
    if taught.is_first {
        let (runs, wrong) = (update.runs, update.frequency.value * 1e6);
        let text = format!(
            "discipline: from now on the clock's frequency is tuned as well: {runs} runs have shown that it is wrong by {wrong:+.3} \
             ppm; --no-discipline leaves it alone"
        );
        lines.push(line(Priority::Notice, text));
    }
    // Who did not ask for it is spared the rest until it makes a difference.
    if !taught.is_asked && taught.set.is_none() {
        return lines;
    }
    if let Some(reason) = update.dropped {
        let text = if reason.is_total() {
            format!("discipline: the runs before this one are forgotten: {reason}")
        } else {
            format!("discipline: {reason}")
        };
        lines.push(line(Priority::Notice, text));
    }
    if context.output().verbose || context.plan.is_dry() {
        let texts = [Some(frequency(taught, context.plan.is_dry())), Some(basis(update)), expectation(update)];
        lines.extend(texts.into_iter().flatten().map(|text| line(Priority::Info, text)));
    }
    lines
}

fn frequency(taught: &Taught, is_dry: bool) -> String {
    let kernel = taught
        .kernel
        .map_or("the kernel's is not known".to_owned(), |kernel| format!("the kernel had {:+.3} ppm", kernel * 1e6));
    if !taught.update.is_known {
        return format!("discipline: frequency not known yet, nothing set, {kernel}");
    }
    let verb = match taught.set {
        None => "not set",
        Some(_) if is_dry => "would be set",
        Some(_) => "set",
    };
    let learned = taught.update.frequency;
    let (value, uncertainty) = (learned.value * 1e6, learned.uncertainty * 1e6);
    format!("discipline: frequency {value:+.3} +/- {uncertainty:.3} ppm, {verb}, {kernel}")
}

fn basis(update: &Update) -> String {
    let Update { points, runs, offset_uncertainty, .. } = update;
    let (points, runs) = (counted(*points, "point"), counted(*runs, "run"));
    format!("discipline: offset +/- {offset_uncertainty:.6} sec, from {points} of {runs}")
}

fn expectation(update: &Update) -> Option<String> {
    let (interval, error) = (update.interval?.as_secs_f64(), update.expected_error?);
    update
        .is_known
        .then(|| format!("discipline: in {interval:.0} s, at the next run, expect an error of {error:.6} sec"))
}
