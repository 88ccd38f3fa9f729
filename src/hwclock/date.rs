//! What users write after `--date`.
#![forbid(unsafe_code)]

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Weekday};
use thiserror::Error;

use super::date_relative;
use super::zone::{Moments, Zone};
use crate::time::Time;

/// Why a date is not taken. The text names it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DateError {
    /// Not in any form that is understood, or no date of the calendar.
    #[error("invalid date '{0}' (write 2026-11-23 10:00:00, with Z or +01:00 after it if not local; or @SECONDS)")]
    Invalid(String),
    /// Left out when the clocks were put forward.
    #[error("invalid date '{0}': local time leaves it out, the clocks were put forward over it (say Z or +01:00)")]
    Skipped(String),
}

/// The zone that a date was written with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Written {
    Local,
    /// Seconds east of Greenwich.
    Offset(i64),
}

/// Dates in front of a time, in the order they are tried.
const DATES: [&str; 6] = ["%Y-%m-%d", "%Y/%m/%d", "%m/%d/%Y", "%d %b %Y", "%b %d %Y", "%Y%m%d"];

/// Times after a date.
const TIMES: [&str; 3] = ["%H:%M:%S%.f", "%H:%M", "%I:%M:%S %p"];

/// Reads a date: local in `zone` unless written with its own, relative to `now`. A time that local time showed twice is
/// taken as standard time, the later one.
pub fn parse(text: &str, now: Time, zone: &dyn Zone) -> Result<Time, DateError> {
    let trimmed = text.trim();
    let invalid = || DateError::Invalid(text.to_owned());
    if let Some(seconds) = trimmed.strip_prefix('@') {
        return parse_seconds(seconds).ok_or_else(invalid);
    }
    let today = local_now(now, zone).ok_or_else(invalid)?;
    if let Some(span) = date_relative::span(trimmed) {
        let moved = today.checked_add_signed(span).ok_or_else(invalid)?;
        let fixed = Written::Offset(i64::from(zone.offset_at(now.to_unix().0)));
        return moment(moved, fixed, zone, text);
    }
    let (rest, weekday) = take_weekday(trimmed);
    let (local, written) = date_relative::word(rest, today)
        .map(|local| (local, Written::Local))
        .or_else(|| parse_absolute(rest, today.date()))
        .or_else(|| parse_date_output(trimmed))
        .ok_or_else(invalid)?;
    if weekday.is_some_and(|day| day != local.weekday()) {
        return Err(invalid());
    }
    moment(local, written, zone, text)
}

fn local_now(now: Time, zone: &dyn Zone) -> Option<NaiveDateTime> {
    let (seconds, nanos) = now.to_unix();
    let local = seconds.checked_add(i64::from(zone.offset_at(seconds)))?;
    DateTime::from_timestamp(local, nanos).map(|time| time.naive_utc())
}

fn moment(local: NaiveDateTime, written: Written, zone: &dyn Zone, text: &str) -> Result<Time, DateError> {
    let nanos = i64::from(local.and_utc().timestamp_subsec_nanos());
    let seconds = match written {
        Written::Offset(offset) => local.and_utc().timestamp() - offset,
        Written::Local => match zone.moments(local) {
            Moments::One(moment) | Moments::Two { later: moment, .. } => moment,
            Moments::Skipped(_) => return Err(DateError::Skipped(text.to_owned())),
        },
    };
    Ok(Time::from_unix(seconds, nanos))
}

/// `1795394920` or `1795394920.5`, with a sign perhaps.
fn parse_seconds(text: &str) -> Option<Time> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole.strip_prefix('-').unwrap_or(whole)) || !digits(fraction) {
        return None;
    }
    let seconds: i64 = whole.parse().ok().filter(|seconds: &i64| seconds.unsigned_abs() < 1 << 40)?;
    let nanos: i64 = format!("{fraction:0<9}").get(..9)?.parse().ok()?;
    Some(Time::from_unix(seconds, if whole.starts_with('-') { -nanos } else { nanos }))
}

/// A day of the week in front, as systemd and hwclock allow it.
fn take_weekday(text: &str) -> (&str, Option<Weekday>) {
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    match word.trim_end_matches(',').parse() {
        Ok(day) => (rest.trim_start(), Some(day)),
        Err(_) => (text, None),
    }
}

/// A date, a time, or both, and perhaps a zone.
fn parse_absolute(text: &str, today: NaiveDate) -> Option<(NaiveDateTime, Written)> {
    let (body, written) = take_zone(text);
    if let Some(time) = parse_time(body) {
        return Some((today.and_time(time), written));
    }
    if let Ok(time) = NaiveDateTime::parse_from_str(body, "%Y%m%d%H%M%S") {
        return Some((time, written));
    }
    if let Some(date) = parse_date(body) {
        return Some((date.and_time(NaiveTime::MIN), written));
    }
    let splits = body.match_indices([' ', 'T', 't']).map(|(at, _)| (&body[..at], body[at + 1..].trim_start()));
    splits
        .filter_map(|(date, time)| Some(parse_date(date)?.and_time(parse_time(time)?)))
        .map(|local| (local, written))
        .next()
}

fn parse_date(text: &str) -> Option<NaiveDate> {
    // Two digits of a year mean the one in 1969 … 2068 (strptime(3)).
    let short = text.find('-') == Some(2);
    if short {
        return NaiveDate::parse_from_str(text, "%y-%m-%d").ok();
    }
    let full_year = |date: &NaiveDate| (1000..=9999).contains(&date.year());
    DATES.iter().find_map(|form| NaiveDate::parse_from_str(text, form).ok().filter(full_year))
}

fn parse_time(text: &str) -> Option<NaiveTime> {
    let time = TIMES.iter().find_map(|form| NaiveTime::parse_from_str(text, form).ok())?;
    // chrono takes a 60th second for a leap second, which no clock chip shows.
    (chrono::Timelike::nanosecond(&time) < 1_000_000_000).then_some(time)
}

/// Splits off `Z`, `UTC`, `GMT`, `+01:00`, `+0100` or `+01`; a sign counts only behind a time.
fn take_zone(text: &str) -> (&str, Written) {
    for name in ["UTC", "GMT", "Z", "z"] {
        if let Some(body) = text.strip_suffix(name) {
            return (body.trim_end(), Written::Offset(0));
        }
    }
    let sign = text.rfind(['+', '-']).filter(|&at| text[..at].contains(':'));
    match sign.and_then(|at| Some((text[..at].trim_end(), Written::Offset(parse_offset(&text[at..])?)))) {
        Some(found) => found,
        None => (text, Written::Local),
    }
}

fn parse_offset(text: &str) -> Option<i64> {
    let digits = text[1..].replacen(':', "", 1);
    if !matches!(digits.len(), 2 | 4) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: i64 = format!("{digits:0<4}").parse().ok()?;
    let (hours, minutes) = (number / 100, number % 100);
    let seconds = (hours < 24 && minutes < 60).then_some(hours * 3600 + minutes * 60)?;
    Some(if text.starts_with('-') { -seconds } else { seconds })
}

/// `Mon Nov 23 10:00:00 UTC 2026`, as date(1) prints it, and `Mon, 23 Nov 2026 10:00:00 +0000`, as mail has it.
fn parse_date_output(text: &str) -> Option<(NaiveDateTime, Written)> {
    if let Ok(time) = DateTime::parse_from_rfc2822(text) {
        return Some((time.naive_local(), Written::Offset(i64::from(time.offset().local_minus_utc()))));
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    let (stamp, written) = match words[..] {
        [_, month, day, time, year] => (format!("{month} {day} {year} {time}"), Written::Local),
        [_, month, day, time, "UTC" | "GMT", year] => (format!("{month} {day} {year} {time}"), Written::Offset(0)),
        _ => return None,
    };
    Some((NaiveDateTime::parse_from_str(&stamp, "%b %d %Y %H:%M:%S").ok()?, written))
}

/// For the relative forms.
pub(super) fn midnight(day: NaiveDateTime, days: i64) -> Option<NaiveDateTime> {
    day.date().and_time(NaiveTime::MIN).checked_add_signed(TimeDelta::days(days))
}

#[cfg(test)]
#[path = "date_tests.rs"]
mod tests;
