//! What the earlier runs have taught.

use super::{Channel, Context, Line, Priority};
use crate::discipline::Lesson;
use crate::outcome::{Outcome, Taught};

/// With -v, -q and -d all of it; else only that earlier runs were dropped.
pub(super) fn lines(outcome: &Outcome, context: &Context<'_>) -> Vec<Line> {
    let Some(taught) = &outcome.taught else { return Vec::new() };
    let line = |priority, text| Line { channel: Channel::Log(priority), at: outcome.finished, text };
    let lesson = &taught.lesson;
    let mut lines = Vec::new();
    if let Some(reason) = lesson.dropped {
        lines.push(line(Priority::Notice, format!("discipline: the runs before this one are forgotten: {reason}")));
    }
    if context.output().verbose || context.plan.is_dry() {
        let texts = [Some(frequency(taught, context.plan.is_dry())), Some(basis(lesson)), expectation(lesson)];
        lines.extend(texts.into_iter().flatten().map(|text| line(Priority::Info, text)));
    }
    lines
}

fn frequency(taught: &Taught, is_dry: bool) -> String {
    let kernel = taught
        .kernel
        .map_or("the kernel's is not known".to_owned(), |kernel| format!("the kernel had {:+.3} ppm", kernel * 1e6));
    if !taught.lesson.is_known {
        return format!("discipline: frequency not known yet, nothing set, {kernel}");
    }
    let verb = match taught.set {
        None => "not set",
        Some(_) if is_dry => "would be set",
        Some(_) => "set",
    };
    let learned = taught.lesson.frequency;
    let (value, uncertainty) = (learned.value * 1e6, learned.uncertainty * 1e6);
    format!("discipline: frequency {value:+.3} +/- {uncertainty:.3} ppm, {verb}, {kernel}")
}

fn basis(lesson: &Lesson) -> String {
    let Lesson { points, runs, offset_uncertainty, .. } = lesson;
    let (points, runs) = (counted(*points, "point"), counted(*runs, "run"));
    format!("discipline: offset +/- {offset_uncertainty:.6} sec, from {points} of {runs}")
}

fn expectation(lesson: &Lesson) -> Option<String> {
    let (interval, error) = (lesson.interval?.as_secs_f64(), lesson.expected_error?);
    lesson
        .is_known
        .then(|| format!("discipline: in {interval:.0} s, at the next run, expect an error of {error:.6} sec"))
}

fn counted(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
