//! Levels and their exit statuses.

use std::fmt;

/// What a check came to; the number is the exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Level {
    /// All is within the thresholds.
    Ok = 0,
    /// A value is beyond its warning threshold, or something needs a look.
    Warning = 1,
    /// A value is beyond its critical threshold, or cannot be had.
    Critical = 2,
    /// The check itself failed: a wrong command line, or a fault of this machine.
    Unknown = 3,
}

impl Level {
    /// The status to exit with.
    pub fn exit_status(self) -> u8 {
        self as u8
    }

    /// The level that matters more: what is known to be bad before what is not known, and both before what is well.
    pub fn worse(self, other: Level) -> Level {
        if self.rank() >= other.rank() { self } else { other }
    }

    fn rank(self) -> u8 {
        match self {
            Level::Ok => 0,
            Level::Unknown => 1,
            Level::Warning => 2,
            Level::Critical => 3,
        }
    }
}

/// In capitals, as plugins print it.
impl fmt::Display for Level {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Level::Ok => "OK",
            Level::Warning => "WARNING",
            Level::Critical => "CRITICAL",
            Level::Unknown => "UNKNOWN",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_of_many_is_the_same_in_any_order() {
        let levels = [Level::Ok, Level::Unknown, Level::Warning, Level::Critical];
        for (place, level) in levels.iter().enumerate() {
            for other in &levels[..=place] {
                assert_eq!((level.worse(*other), other.worse(*level)), (*level, *level));
            }
        }
        assert_eq!(levels.map(Level::exit_status), [0, 3, 1, 2]);
    }
}
