//! Lines from checks.

use super::{Check, Mark};
use crate::printable::printable;

/// How to print.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Words, for pipes, for terminals without colour, and where NO_COLOR is set.
    Plain,
    /// Signs in colour.
    Colour,
}

/// One line for each check.
pub fn render(checks: &[Check], style: Style) -> Vec<String> {
    checks.iter().map(|check| line(check, style)).collect()
}

fn line(check: &Check, style: Style) -> String {
    let mark = match (style, check.mark) {
        (Style::Plain, Mark::Good) => "ok     ",
        (Style::Plain, Mark::Warning) => "warning",
        (Style::Plain, Mark::Bad) => "BAD    ",
        (Style::Colour, Mark::Good) => "\x1b[32m\u{2714}\x1b[0m",
        (Style::Colour, Mark::Warning) => "\x1b[33m!\x1b[0m",
        (Style::Colour, Mark::Bad) => "\x1b[31m\u{2718}\x1b[0m",
    };
    let advice = check.advice.as_ref().map_or(String::new(), |advice| format!(" -> {advice}"));
    // Not the marks, which are to be obeyed.
    format!("{mark} {:<10} {}", check.topic, printable(&format!("{}{advice}", check.text)))
}
