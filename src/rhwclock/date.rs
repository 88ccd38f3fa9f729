//! What users write after `--date`: all that GNU date(1) takes, and a little more.
//!
//! The parser is the project's own. parse_datetime, the crate for it, gave another moment than date(1) of coreutils 9.1, or
//! none, in 6 of 100 cases: an hour left out is shifted in silence, `-1 month` is an hour off across a change of the clocks,
//! `TZ="…"` goes without rules. That cannot be mended from outside, and it would make the program half as large again.
#![forbid(unsafe_code)]

mod grammar;
mod items;
mod lexer;
mod moment;
mod resolve;
mod short;
mod words;

use thiserror::Error;

use crate::time::Time;
use crate::zone::Zone;
use items::{Items, TimeOfDay};
use lexer::{Number, Token};
use moment::{MAX_SECONDS, NoMoment};
use words::{Abbreviation, Word};

/// Why a date is not taken. The text names it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DateError {
    /// A text in no form that is understood, or no date of the calendar.
    #[error("invalid date '{0}' (write 2026-11-23 10:00:00, with Z or +01:00 after it if not local; or @SECONDS)")]
    Invalid(String),
    /// A form that is understood, and a day or time that does not exist; which, in words.
    #[error("invalid date '{0}': {1}")]
    NotInCalendar(String, String),
    /// Left out when the clocks were put forward.
    #[error("invalid date '{0}': local time leaves it out, the clocks were put forward over it (say Z or +01:00)")]
    Skipped(String),
    /// A day of the week that the date does not have.
    #[error("invalid date '{0}': that day is a {1}")]
    OtherWeekday(String, &'static str),
}

/// Reads a date: local in `zone` unless written with its own, relative to `now`. A time that local time showed twice is
/// taken as standard time, the later one.
pub fn parse(text: &str, now: Time, zone: &dyn Zone) -> Result<Time, DateError> {
    moment(text.trim(), now, zone).map_err(|error| match error {
        NoMoment::Invalid => DateError::Invalid(text.to_owned()),
        NoMoment::NotInCalendar(why) => DateError::NotInCalendar(text.to_owned(), why),
        NoMoment::Skipped => DateError::Skipped(text.to_owned()),
        NoMoment::OtherWeekday(day) => DateError::OtherWeekday(text.to_owned(), day),
    })
}

/// Does a span stand where a sign makes an offset from UTC of its number, as in `10:00 +1 day`? Few mean that.
pub fn has_span_read_as_offset(text: &str) -> bool {
    let is_number = |token: &Token| matches!(token, Token::Plain(_) | Token::Decimal { signed: false, .. });
    let tokens = lexer::tokens(text, &[]).unwrap_or_default();
    tokens.windows(4).any(|tokens| match tokens {
        [Token::Sign(':'), number, Token::Signed(_), Token::Word(Word::Unit(..))] => is_number(number),
        _ => false,
    })
}

fn moment(text: &str, now: Time, zone: &dyn Zone) -> Result<Time, NoMoment> {
    if let Some((rule, rest)) = take_rule(text) {
        let other = zone.other(&rule).ok_or(NoMoment::Invalid)?;
        return moment(rest, now, &*other);
    }
    let tokens = lexer::tokens(text, &abbreviations(zone, now));
    if let Some([Token::Sign('@'), seconds]) = tokens.as_deref() {
        return epoch(*seconds).ok_or(NoMoment::Invalid);
    }
    // Nothing at all is midnight for date(1); here it is a variable of a script that is not set.
    match more(text).or_else(|| tokens.filter(|tokens| !tokens.is_empty()).as_deref().and_then(grammar::items)) {
        Some(items) => resolve::resolve(&items, now, zone),
        None => Err(NoMoment::Invalid),
    }
}

/// `TZ="RULE"` in front, with quotes and backslashes in the rule behind a backslash.
fn take_rule(text: &str) -> Option<(String, &str)> {
    let quoted = text.strip_prefix("TZ=\"")?;
    let mut rule = String::new();
    let mut characters = quoted.char_indices();
    loop {
        match characters.next()? {
            (at, '"') => return Some((rule, quoted[at + 1..].trim_start())),
            (_, '\\') => rule.push(characters.next().map(|(_, c)| c).filter(|c| matches!(c, '\\' | '"'))?),
            (_, c) => rule.push(c),
        }
    }
}

/// The zone's abbreviations in the two years around `now`.
fn abbreviations(zone: &dyn Zone, now: Time) -> Vec<Abbreviation> {
    let quarter = 90 * 86_400;
    let mut found: Vec<Abbreviation> = Vec::new();
    for step in [0, 1, -1, 2, -2, 3, -3, 4, -4] {
        let season = zone.season_at(now.to_unix().0.saturating_add(step * quarter));
        if !season.name.is_empty() && found.iter().all(|(name, _)| *name != season.name) {
            found.push((season.name, season.offset));
        }
    }
    found
}

/// Seconds since 1970 behind an `@`.
fn epoch(token: Token) -> Option<Time> {
    let (seconds, nanos) = match token {
        Token::Plain(number) | Token::Signed(number) => (number.value, 0),
        Token::Decimal { seconds, nanos, .. } => (seconds, nanos),
        _ => return None,
    };
    (-MAX_SECONDS..MAX_SECONDS).contains(&seconds).then(|| Time::from_unix(seconds, nanos))
}

/// What GNU date(1) does not take, `20261123100000` and short units such as `+5 h`, and what hwclock takes for another moment:
/// `today`, `yesterday` and `tomorrow` by themselves are midnight.
fn more(text: &str) -> Option<Items> {
    let days = [("today", 0), ("yesterday", -1), ("tomorrow", 1)];
    if let Some((_, days)) = days.into_iter().find(|(word, _)| text.eq_ignore_ascii_case(word)) {
        return Some(Items::of_midnight(days));
    }
    if let Some(seconds) = short::span(text) {
        return Some(Items::of_seconds(seconds));
    }
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<u32>().ok().map(i64::from);
    if text.len() != 14 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let year = Number { value: number(0, 4)?, digits: 4, negative: false };
    let time = TimeOfDay { hour: number(8, 10)?, minute: number(10, 12)?, second: number(12, 14)?, nanos: 0 };
    Some(Items::of_local((Some(year), number(4, 6)?, number(6, 8)?), time))
}

#[cfg(test)]
mod tests;
