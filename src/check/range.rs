//! The plugins' range syntax.
//!
//! | text | alert for |
//! |---|---|
//! | `10` | what is larger than 10 in size, whatever its sign |
//! | `10:` | less than 10 |
//! | `~:10` | more than 10 |
//! | `10:20` | less than 10, and more than 20 |
//! | `@10:20` | 10 to 20, both included |
//!
//! The guidelines let `10` stand for 0 to 10. Who writes it for an offset means its size, and values that have no sign, such as a
//! stratum, are the same either way.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// Values that are no cause for an alert.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    /// The least value within, minus infinity where there is none.
    low: f64,
    /// The largest value within, infinity where there is none.
    high: f64,
    /// Alert for what is within, not outside (`@`).
    is_inverted: bool,
}

/// What a range looks like, for the text of an error.
pub const FORMS: &str =
    "a range: 10 (alert beyond 10 in size), 10: (below 10), ~:10 (above 10), 10:20 (outside) or @10:20 (inside)";

/// The ends of the range are numbers.
impl Eq for Range {}

/// A text that is no range.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("it is {FORMS}")]
pub struct BadRange;

impl Range {
    /// The range of the values that are at most `size` in size.
    pub const fn of_size(size: f64) -> Range {
        Range { low: 0.0 - size, high: size, is_inverted: false }
    }

    /// Whether a value is a cause for an alert. What is not a number always is one.
    pub fn alerts(&self, value: f64) -> bool {
        let is_within = self.low <= value && value <= self.high;
        value.is_nan() || is_within == self.is_inverted
    }

    /// Whether each value that is a cause for an alert by `wide` is one by this range too, and more are. Ranges of what is not
    /// wanted (`@`) are compared with nothing.
    pub fn is_narrower_than(&self, wide: &Range) -> bool {
        let is_within = self.low >= wide.low && self.high <= wide.high;
        is_within && self != wide && !self.is_inverted && !wide.is_inverted
    }

    /// How a value is to it that is a cause for an alert: `beyond` the range, or `within` it.
    pub fn side(&self) -> &'static str {
        if self.is_inverted { "within" } else { "beyond" }
    }

    /// The largest value within, infinity where there is none.
    pub fn high(&self) -> f64 {
        self.high
    }
}

impl FromStr for Range {
    type Err = BadRange;

    fn from_str(text: &str) -> Result<Range, BadRange> {
        let (bare, is_inverted) = text.strip_prefix('@').map_or((text, false), |rest| (rest, true));
        let (low, high) = match bare.split_once(':') {
            None => number(bare).map(|size| (0.0 - size, size))?,
            Some((low, high)) => {
                let low = match low {
                    "~" => f64::NEG_INFINITY,
                    "" => 0.0,
                    text => number(text)?,
                };
                (low, if high.is_empty() { f64::INFINITY } else { number(high)? })
            }
        };
        // A lone colon says nothing.
        if low > high || bare == ":" { Err(BadRange) } else { Ok(Range { low, high, is_inverted }) }
    }
}

/// No clock and no count goes beyond this, and more digits than 15 are not kept.
const MAX: f64 = 1e15;

/// A number in decimal digits: neither "inf" nor "nan", which a plain parse takes.
fn number(text: &str) -> Result<f64, BadRange> {
    let is_plain = text.chars().all(|c| c.is_ascii_digit() || "+-.eE".contains(c));
    text.parse().ok().filter(|number: &f64| is_plain && number.abs() <= MAX).ok_or(BadRange)
}

/// In the guidelines' syntax, which every reader of performance data knows: a size has both its ends.
impl fmt::Display for Range {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_inverted {
            formatter.write_str("@")?;
        }
        match self.low {
            f64::NEG_INFINITY => formatter.write_str("~:")?,
            low => write!(formatter, "{low}:")?,
        }
        if self.high == f64::INFINITY { Ok(()) } else { write!(formatter, "{}", self.high) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values at, within and beyond the ends, and which of them alert.
    #[test]
    fn each_form_alerts_as_the_guidelines_say() {
        const VALUES: [f64; 9] = [-21.0, -10.0, -5.0, 0.0, 5.0, 10.0, 15.0, 20.0, 21.0];
        for (text, alerts) in [
            ("10", "!.....!!!"),
            ("0", "!!!.!!!!!"),
            ("10:", "!!!!!...."),
            ("~:10", "......!!!"),
            ("10:20", "!!!!!...!"),
            ("@10:20", ".....!!!."),
            ("@10", ".!!!!!..."),
            (":10", "!!!...!!!"),
            ("0:10", "!!!...!!!"),
            ("-10:5", "!....!!!!"),
            ("-10:-5", "!..!!!!!!"),
            ("~:", "........."),
            ("@~:", "!!!!!!!!!"),
            ("@~:0", "!!!!....."),
            ("1e1:2E+1", "!!!!!...!"),
        ] {
            let range: Range = text.parse().unwrap_or_else(|_| panic!("{text} is refused"));
            let found: String = VALUES.iter().map(|value| if range.alerts(*value) { '!' } else { '.' }).collect();
            assert_eq!(found, alerts, "{text}");
            assert!(range.alerts(f64::NAN), "{text}");
            // What is printed means the same.
            let again: Range = range.to_string().parse().unwrap();
            assert_eq!(again, range, "{text} is printed as {range}");
        }
    }

    #[test]
    fn a_range_is_narrower_than_one_that_holds_all_of_it() {
        for (narrow, wide, is_narrower) in [
            ("0.5", "1", true),
            ("1", "0.5", false),
            ("1", "1", false),
            ("0:1", "1", true),
            ("0.5:", "~:0.1", false),
            ("@1", "2", false),
            ("1", "@2", false),
        ] {
            let (narrow, wide): (Range, Range) = (narrow.parse().unwrap(), wide.parse().unwrap());
            assert_eq!(narrow.is_narrower_than(&wide), is_narrower, "{narrow} {wide}");
        }
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for text in [
            "", "@", ":", "@:", "abc", "10:abc", "abc:10", "1:2:3", "20:10", "-5", "@-5", "~", "~10", "10:~", "inf",
            "nan:", "1:inf", "1e16", "-inf:1", " 1", "1 ", "1s", "0x10", "1,5", "1e999", "@@1", "--1", "\u{661}",
        ] {
            assert_eq!(text.parse::<Range>(), Err(BadRange), "{text:?}");
        }
    }
}
