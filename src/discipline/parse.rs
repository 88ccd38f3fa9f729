//! From text to a history, every value within its bounds.

use std::str::{FromStr, SplitAsciiWhitespace};

use thiserror::Error;

use super::history::{Boot, Break, Frequency, History, Point};
use super::text::{EARLIER_TITLE, STEP, TITLE, checksum};
use super::{MAX_FREQUENCY, MAX_POINTS, MAX_RUNS};
use crate::time::Interval;

/// No machine runs for longer: 100 years, seconds.
const MAX_RAW: i64 = 3_155_760_000;
/// No server's time lies further from the raw clock: the year 2106, seconds.
const MAX_OFFSET: i64 = 4_294_967_296;
/// No round trip that is used takes longer, seconds.
const MAX_DELAY: i64 = 16;

/// Why a text is no history. The number is the line's, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BadHistory {
    /// The file never was a history.
    #[error("it is no history of rntpdate")]
    Foreign,
    /// The history was written by another version of the program.
    #[error("it is of another version")]
    Version,
    /// The end is not there, or something changed since it was written.
    #[error("it is damaged: the checksum does not match")]
    Checksum,
    /// A line that is not understood.
    #[error("line {0} is not understood")]
    Line(usize),
    /// A value that cannot be.
    #[error("line {0} holds what cannot be")]
    Range(usize),
    /// More points than any history has.
    #[error("it has too many points")]
    TooLong,
}

/// Reads what [`render`](super::render) writes.
pub fn parse(text: &str) -> Result<History, BadHistory> {
    let title = text.lines().next().unwrap_or_default();
    if title != TITLE && title != EARLIER_TITLE {
        let is_kin = title.split(' ').next() == TITLE.split(' ').next();
        return Err(if is_kin { BadHistory::Version } else { BadHistory::Foreign });
    }
    let body = text.rfind("end ").ok_or(BadHistory::Checksum)?;
    let (body, end) = text.split_at(body);
    if end != format!("end {:016x}\n", checksum(body)) {
        return Err(BadHistory::Checksum);
    }
    let mut history = History::default();
    for (number, line) in body.lines().enumerate().skip(1).filter(|(_, line)| !line.starts_with('#')) {
        read_line(line, title == EARLIER_TITLE, &mut history).map_err(|fault| match fault {
            Fault::Form => BadHistory::Line(number + 1),
            Fault::Range => BadHistory::Range(number + 1),
        })?;
        if history.points.len() > MAX_POINTS {
            return Err(BadHistory::TooLong);
        }
    }
    history.steps = steps(body);
    Ok(history)
}

/// The steps among the comments; whatever else begins like one is a comment.
fn steps(body: &str) -> Vec<(u32, Interval)> {
    let step = |line: &str| {
        let mut words = line.strip_prefix(STEP)?.split_ascii_whitespace();
        let step = (word(&mut words).ok()?, interval(&mut words, -MAX_OFFSET, MAX_OFFSET).ok()?);
        words.next().is_none().then_some(step)
    };
    let mut steps: Vec<(u32, Interval)> = body.lines().filter_map(step).take(MAX_RUNS).collect();
    steps.dedup_by(|later, earlier| later.0 <= earlier.0);
    steps
}

/// Why a file that begins like this, and is too long or no text, is no history.
pub fn judge(head: &str) -> BadHistory {
    parse(head).err().unwrap_or(BadHistory::Checksum)
}

enum Fault {
    Form,
    Range,
}

fn read_line(line: &str, is_earlier: bool, history: &mut History) -> Result<(), Fault> {
    let mut words = line.split_ascii_whitespace();
    match words.next().ok_or(Fault::Form)? {
        "boot" => history.boot = boot(&mut words)?,
        "start" => history.start = Some(frequency(&mut words)?),
        "settling" => history.settling = true,
        "tuned" => history.tuned = true,
        "told" => history.told = Some(frequency(&mut words)?),
        "break" => history.breaks.push(break_line(&mut words, history.breaks.last())?),
        "point" => history.points.push(point(&mut words, is_earlier, history.points.last())?),
        _ => return Err(Fault::Form),
    }
    if words.next().is_some() { Err(Fault::Form) } else { Ok(()) }
}

fn word<T: FromStr>(words: &mut SplitAsciiWhitespace<'_>) -> Result<T, Fault> {
    words.next().and_then(|word| word.parse().ok()).ok_or(Fault::Form)
}

fn boot(words: &mut SplitAsciiWhitespace<'_>) -> Result<Boot, Fault> {
    let id: String = word(words)?;
    let is_id = id.len() <= 64 && id.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-');
    if !is_id || word::<String>(words)? != "suspended" {
        return Err(Fault::Form);
    }
    let suspended = interval(words, 0, MAX_RAW)?.to_duration();
    Ok(Boot { id: if id == "-" { String::new() } else { id }, suspended })
}

fn frequency(words: &mut SplitAsciiWhitespace<'_>) -> Result<Frequency, Fault> {
    let (value, uncertainty) = (word::<f64>(words)? / 1e6, word::<f64>(words)? / 1e6);
    if word::<String>(words)? != "ppm" {
        return Err(Fault::Form);
    }
    // A comparison with what is not a number is false.
    let is_possible = value.abs() <= MAX_FREQUENCY && uncertainty > 0.0 && uncertainty <= MAX_FREQUENCY;
    if is_possible { Ok(Frequency { value, uncertainty }) } else { Err(Fault::Range) }
}

fn break_line(words: &mut SplitAsciiWhitespace<'_>, last: Option<&(u32, Break)>) -> Result<(u32, Break), Fault> {
    let run = word(words)?;
    let kind = match words.next() {
        Some("phase") => Break::Phase,
        Some("frequency") => {
            let by = word::<f64>(words)? / 1e6;
            let is_possible = by > 0.0 && by <= MAX_FREQUENCY;
            if word::<String>(words)? != "ppm" {
                return Err(Fault::Form);
            }
            is_possible.then_some(Break::Frequency(by)).ok_or(Fault::Range)?
        }
        _ => return Err(Fault::Form),
    };
    let follows = last.is_none_or(|(last, _)| *last < run);
    if follows { Ok((run, kind)) } else { Err(Fault::Range) }
}

/// Before there were breaks a point had the disagreement of its run's servers in place of the root distance, which is not used
/// any more.
fn point(words: &mut SplitAsciiWhitespace<'_>, is_earlier: bool, last: Option<&Point>) -> Result<Point, Fault> {
    let mut point = Point {
        run: word(words)?,
        raw: interval(words, 0, MAX_RAW)?.to_duration(),
        server_minus_raw: interval(words, -MAX_RAW, MAX_OFFSET)?,
        delay: interval(words, 0, MAX_DELAY)?,
        root_distance: interval(words, 0, MAX_DELAY)?,
        server: word(words)?,
    };
    if is_earlier {
        point.root_distance = Interval::ZERO;
    }
    let follows = last.is_none_or(|last| last.raw <= point.raw && last.run <= point.run);
    if follows { Ok(point) } else { Err(Fault::Range) }
}

/// Seconds with at most nine decimals, from `least` to `most`.
fn interval(words: &mut SplitAsciiWhitespace<'_>, least: i64, most: i64) -> Result<Interval, Fault> {
    let nanos = words.next().and_then(nanos).ok_or(Fault::Form)?;
    let interval = Interval::from_nanos(nanos);
    let is_possible = interval >= Interval::from_secs(least) && interval <= Interval::from_secs(most);
    if is_possible { Ok(interval) } else { Err(Fault::Range) }
}

/// A decimal number with nine decimals, without the point.
fn nanos(word: &str) -> Option<i128> {
    let (whole, fraction) = word.split_once('.')?;
    let digits = |text: &str| !text.is_empty() && text.len() < 20 && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole.strip_prefix('-').unwrap_or(whole)) || !digits(fraction) || fraction.len() != 9 {
        return None;
    }
    format!("{whole}{fraction}").parse().ok()
}
