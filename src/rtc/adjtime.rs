//! /etc/adjtime: three lines that hwclock, systemd and chrony share (adjtime_config(5)).
#![forbid(unsafe_code)]

use std::fmt;

use thiserror::Error;

/// Where the file is, unless `--adjfile` says otherwise.
pub const DEFAULT_PATH: &str = "/etc/adjtime";

/// What the third line says the chip keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kept {
    /// `UTC`.
    #[default]
    Utc,
    /// `LOCAL`.
    Local,
}

/// What the chip keeps, as far as the command line says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ScaleChoice {
    /// By the adjtime file; UTC where it says nothing.
    #[default]
    FromFile,
    /// `--utc` or `--localtime`.
    Fixed(Kept),
}

impl ScaleChoice {
    /// From the two options, of which clap lets through one at most.
    pub fn from_options(utc: bool, localtime: bool) -> ScaleChoice {
        match (utc, localtime) {
            (true, _) => ScaleChoice::Fixed(Kept::Utc),
            (_, true) => ScaleChoice::Fixed(Kept::Local),
            _ => ScaleChoice::FromFile,
        }
    }
}

/// The content of the file. The default is that of a missing file.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Adjtime {
    /// Seconds a day to add to the chip: a slow chip has a positive one.
    pub factor: f64,
    /// When the chip was last set or adjusted: seconds since 1970, 0 for never.
    pub last_adjust: i64,
    /// Seconds that the last adjustment left over.
    pub not_adjusted: f64,
    /// When the factor was last calibrated: seconds since 1970, 0 for never.
    pub last_calibration: i64,
    /// `None` where the file has no third line, or another word there.
    pub kept: Option<Kept>,
}

/// The most lines too many that are told one by one, and the most characters of a line.
const MAX_MORE: usize = 8;
const MAX_QUOTED: usize = 80;

/// Something in the file that is not understood, and would be lost when it is written anew.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Problem {
    /// The first line is not two numbers with a whole number between them.
    #[error("the first line is not `FACTOR SECONDS REST' but `{0}'")]
    First(String),
    /// The second line is no whole number.
    #[error("the second line is not a number of seconds but `{0}'")]
    Second(String),
    /// The third line is another word.
    #[error("the third line is neither UTC nor LOCAL but `{0}'")]
    Third(String),
    /// A fourth line, or a word too many.
    #[error("more than is expected: `{0}'")]
    More(String),
}

impl Adjtime {
    /// Reads the file's text; what is not understood counts as zero, or UTC, and is reported. Never fails.
    ///
    /// The last line may lack its newline, as systemd and chrony read it (hwclock does not know LOCAL then).
    pub fn parse(text: &str) -> (Adjtime, Vec<Problem>) {
        let mut problems = Vec::new();
        let mut adjtime = Adjtime::default();
        let mut lines = text.lines().map(str::trim);
        let mut next = || lines.next().unwrap_or_default();
        let (first, second, third) = (next(), next(), next());
        match parse_first(first) {
            Some((factor, last_adjust, not_adjusted, rest)) => {
                adjtime = Adjtime { factor, last_adjust, not_adjusted, ..adjtime };
                problems.extend(rest.map(Problem::More));
            }
            None if text.trim().is_empty() => {}
            None => problems.push(Problem::First(excerpt(first))),
        }
        match second.split_once(char::is_whitespace).map_or((second, ""), |(a, b)| (a, b.trim())) {
            ("", _) => {}
            (number, rest) => match number.parse() {
                Ok(seconds) => {
                    adjtime.last_calibration = seconds;
                    problems.extend((!rest.is_empty()).then(|| Problem::More(excerpt(rest))));
                }
                Err(_) => problems.push(Problem::Second(excerpt(second))),
            },
        }
        match third {
            "" => {}
            "UTC" => adjtime.kept = Some(Kept::Utc),
            "LOCAL" => adjtime.kept = Some(Kept::Local),
            other => problems.push(Problem::Third(excerpt(other))),
        }
        problems.extend(lines.filter(|line| !line.is_empty()).take(MAX_MORE).map(|line| Problem::More(excerpt(line))));
        (adjtime, problems)
    }
}

/// What a message can quote of a line: the file may be anything, and a terminal is not to obey it.
fn excerpt(line: &str) -> String {
    let shown = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    let quoted: String = line.chars().take(MAX_QUOTED).map(shown).collect();
    if line.chars().nth(MAX_QUOTED).is_some() { quoted + "..." } else { quoted }
}

/// Factor, seconds and rest, with what follows them.
fn parse_first(line: &str) -> Option<(f64, i64, f64, Option<String>)> {
    let finite = |text: &str| text.parse().ok().filter(|number: &f64| number.is_finite());
    let mut words = line.split_whitespace();
    let factor = finite(words.next()?)?;
    let seconds = words.next()?.parse().ok()?;
    let rest = finite(words.next()?)?;
    let more: Vec<&str> = words.collect();
    Some((factor, seconds, rest, (!more.is_empty()).then(|| excerpt(&more.join(" ")))))
}

/// The file's text, byte for byte as hwclock writes it.
impl fmt::Display for Adjtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:.6} {} {:.6}", self.factor, self.last_adjust, self.not_adjusted)?;
        writeln!(f, "{}", self.last_calibration)?;
        writeln!(f, "{}", if self.kept == Some(Kept::Local) { "LOCAL" } else { "UTC" })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn good(text: &str) -> Adjtime {
        let (adjtime, problems) = Adjtime::parse(text);
        assert_eq!(problems, []);
        adjtime
    }

    #[test]
    fn reads_what_hwclock_writes() {
        let text = "-0.619899 1795428008 0.000000\n1795428009\nLOCAL\n";
        let adjtime = good(text);
        assert_eq!((adjtime.factor, adjtime.last_adjust), (-0.619_899, 1_795_428_008));
        assert_eq!((adjtime.not_adjusted, adjtime.last_calibration), (0.0, 1_795_428_009));
        assert_eq!(adjtime.kept, Some(Kept::Local));
        assert_eq!(adjtime.to_string(), text);
    }

    #[test]
    fn a_last_line_without_newline_counts_as_systemd_reads_it() {
        assert_eq!(good("0.0 0 0.0\n0\nLOCAL").kept, Some(Kept::Local));
        assert_eq!(good("0.0 0 0.0\n0\n").kept, None);
        assert_eq!(good("0.0 0 0\n0\nLOCAL\r\n").kept, Some(Kept::Local));
    }

    #[test]
    fn of_a_file_that_is_something_else_little_is_quoted_and_no_control_character() {
        let (_, problems) = Adjtime::parse(&"\u{1b}[2J\0".repeat(100_000));
        assert_eq!(problems, [Problem::First("\\u{1b}[2J\\u{0}".repeat(16) + "...")]);
        assert_eq!(Adjtime::parse(&"x\n".repeat(100_000)).1.len(), 3 + MAX_MORE);
    }

    #[test]
    fn nothing_at_all_is_a_missing_file() {
        assert_eq!(good(""), Adjtime::default());
        assert_eq!(good("\n"), Adjtime::default());
        assert_eq!(Adjtime::default().to_string(), "0.000000 0 0.000000\n0\nUTC\n");
    }

    #[test]
    fn each_thing_not_understood_is_named_and_the_rest_kept() {
        let (adjtime, problems) = Adjtime::parse("garbage\n1795428009\nZULU\nmore\n");
        assert_eq!((adjtime.factor, adjtime.last_adjust, adjtime.last_calibration), (0.0, 0, 1_795_428_009));
        let expected = [Problem::First("garbage".into()), Problem::Third("ZULU".into()), Problem::More("more".into())];
        assert_eq!(problems, expected);
        for first in ["1.5", "0 0", "nan 0 0", "inf 0 0", "1 1.5 0", "1 99999999999999999999 0"] {
            let (adjtime, problems) = Adjtime::parse(&format!("{first}\n0\nLOCAL\n"));
            assert_eq!((problems, adjtime.kept), (vec![Problem::First(first.into())], Some(Kept::Local)));
        }
        let (_, problems) = Adjtime::parse("0 0 0 9\n0 3\nLOCAL\n");
        assert_eq!(problems, [Problem::More("9".into()), Problem::More("3".into())]);
    }

    proptest! {
        #[test]
        fn printing_and_reading_undo_each_other(
            factor in -2145.0..2145.0_f64, rest in -1.0..1.0_f64,
            last_adjust in any::<i64>(), last_calibration in any::<i64>(), local in any::<bool>(),
        ) {
            let kept = Some(if local { Kept::Local } else { Kept::Utc });
            let adjtime = Adjtime { factor, last_adjust, not_adjusted: rest, last_calibration, kept };
            let text = adjtime.to_string();
            let (read, problems) = Adjtime::parse(&text);
            prop_assert_eq!(problems, []);
            prop_assert!((read.factor - factor).abs() <= 5.1e-7 && (read.not_adjusted - rest).abs() <= 5.1e-7);
            let exact = (read.last_adjust, read.last_calibration, read.kept);
            prop_assert_eq!(exact, (last_adjust, last_calibration, kept));
            prop_assert_eq!(read.to_string(), text);
        }

        #[test]
        fn no_text_panics(text in any::<String>()) {
            let _ = Adjtime::parse(&text);
        }
    }
}
