//! From an estimate to what is done to the clock. Pure.
#![forbid(unsafe_code)]

use crate::time::Interval;

/// How an offset is put right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// From the threshold on by a step, else by a slew.
    ByThreshold,
    /// By a step, however small (-b).
    AlwaysStep,
    /// By a slew, however large (-B).
    AlwaysSlew,
}

/// What the user allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Step, slew, or which of both.
    pub manner: Manner,
    /// The least offset that is stepped, in either direction.
    pub step_threshold: Interval,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Set the clock at once.
    Step,
    /// Let the kernel speed the clock up or slow it down until the offset is gone.
    Slew,
}

impl Policy {
    /// Decides for an offset.
    pub fn decide(&self, offset: Interval) -> Decision {
        match self.manner {
            Manner::AlwaysStep => Decision::Step,
            Manner::AlwaysSlew => Decision::Slew,
            Manner::ByThreshold if offset.abs() >= self.step_threshold => Decision::Step,
            Manner::ByThreshold => Decision::Slew,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_from_the_threshold_on_in_both_directions() {
        let threshold = Interval::from_micros(500_000);
        let policy = |manner| Policy { manner, step_threshold: threshold };
        let below = threshold - Interval::from_units(1);
        assert_eq!(policy(Manner::ByThreshold).decide(threshold), Decision::Step);
        assert_eq!(policy(Manner::ByThreshold).decide(-threshold), Decision::Step);
        assert_eq!(policy(Manner::ByThreshold).decide(below), Decision::Slew);
        assert_eq!(policy(Manner::ByThreshold).decide(-below), Decision::Slew);
        assert_eq!(policy(Manner::AlwaysStep).decide(Interval::ZERO), Decision::Step);
        assert_eq!(policy(Manner::AlwaysSlew).decide(Interval::from_secs(1000)), Decision::Slew);
    }
}
