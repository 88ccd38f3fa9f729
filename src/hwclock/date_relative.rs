//! Dates that count from now: words and spans.
#![forbid(unsafe_code)]

use chrono::{NaiveDateTime, TimeDelta};

use super::date::midnight;

/// `now`, and the midnight of a day near it.
pub(super) fn word(text: &str, now: NaiveDateTime) -> Option<NaiveDateTime> {
    match text {
        "now" => Some(now),
        "today" => midnight(now, 0),
        "yesterday" => midnight(now, -1),
        "tomorrow" => midnight(now, 1),
        _ => None,
    }
}

/// `+5 minutes`, `-1 day`, `5 minutes ago`.
pub(super) fn span(text: &str) -> Option<TimeDelta> {
    let (sign, rest) = match (text.strip_prefix('+'), text.strip_prefix('-'), text.strip_suffix(" ago")) {
        (Some(rest), None, None) => (1, rest),
        (None, Some(rest), None) | (None, None, Some(rest)) => (-1, rest),
        _ => return None,
    };
    let rest = rest.trim();
    let unit_at = rest.find(|c: char| !c.is_ascii_digit())?;
    let number: i64 = rest[..unit_at].parse().ok()?;
    let seconds = number.checked_mul(unit(rest[unit_at..].trim_start())?)?;
    TimeDelta::try_seconds(sign * seconds)
}

/// Seconds in a unit.
fn unit(name: &str) -> Option<i64> {
    match name {
        "s" | "sec" | "secs" | "second" | "seconds" => Some(1),
        "m" | "min" | "mins" | "minute" | "minutes" => Some(60),
        "h" | "hr" | "hour" | "hours" => Some(3600),
        "d" | "day" | "days" => Some(86_400),
        "w" | "week" | "weeks" => Some(604_800),
        _ => None,
    }
}
