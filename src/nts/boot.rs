//! What a certificate is worth to a clock that may be wrong (RFC 8915 §8.5).
//!
//! A certificate is valid for a time, and the time is what the run is to find out. So the chain is looked at twice: before the first
//! packet at the clock, or, where the clock cannot be right, at an instant at which it is valid; and before anything is set at the time
//! that was obtained. Keys that an earlier run has saved are from a time when the clock was right, and need none of that.

use crate::time::{Interval, Time};

/// A clock that is behind the floor by no more drifts, or is on its way to the time that an earlier run has obtained.
const DRIFT: Interval = Interval::from_secs(86_400);

/// How a server came to prove itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// By keys of an earlier run.
    Saved,
    /// By a certificate that was valid at the clock's time.
    Certified,
    /// By a certificate that was not valid at the clock's time and is at another.
    Provisional,
}

/// The times at which a chain of certificates is looked at first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FirstLook {
    /// The time at which it should be valid.
    pub at: Time,
    /// Where it is not: the earliest other time that will do for now.
    pub floor: Option<Time>,
}

impl FirstLook {
    /// The look for a clock that says `now`; `is_kept`: the kernel says that something keeps it right; `floor`: a time that is over for
    /// certain; `is_strict`: the user wants no other time than the clock's.
    pub fn new(now: Time, floor: Time, is_kept: bool, is_strict: bool) -> FirstLook {
        let may_be_wrong = now < floor || !is_kept;
        let at = if is_strict || floor - now > DRIFT { now } else { now.max(floor) };
        FirstLook { at, floor: (may_be_wrong && !is_strict).then_some(floor) }
    }
}

/// A name that agrees with the majority, and how its servers proved themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreeing {
    /// The names whose votes it has, as numbers: other ports make no other name of one.
    pub names: Vec<usize>,
    /// How it proved itself.
    pub standing: Standing,
}

/// Whether those who agree may set the clock: one of them proved itself without any doubt, or two names did by certificates that are
/// valid at the time on which they agree. An old key of one server, together with a lie about the time, is then not enough.
/// `one_is_enough`: the user says so.
pub fn may_set(agreeing: &[Agreeing], one_is_enough: bool) -> bool {
    let is_certain = agreeing.iter().any(|voter| voter.standing != Standing::Provisional);
    let mut names: Vec<usize> = agreeing.iter().flat_map(|voter| voter.names.iter().copied()).collect();
    names.sort_unstable();
    names.dedup();
    is_certain || one_is_enough || names.len() >= 2 || agreeing.is_empty()
}

/// The floor after a run that obtained this time. What was obtained by certificates that only fit that time never lowers it; what is
/// certain mends a floor that was too late.
pub fn floor_after(floor: Option<Time>, obtained: Time, is_certain: bool) -> Time {
    if is_certain { obtained } else { floor.map_or(obtained, |floor| floor.max(obtained)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(seconds: i64) -> Time {
        Time::from_unix(seconds, 0)
    }

    #[test]
    fn another_time_than_the_clocks_is_taken_only_where_the_clock_may_be_wrong() {
        let floor = time(1_795_000_000);
        let look = |now, is_kept, is_strict| FirstLook::new(time(now), floor, is_kept, is_strict).floor;
        assert_eq!(look(0, false, false), Some(floor), "1970");
        assert_eq!(look(0, true, false), Some(floor), "whatever the kernel says");
        assert_eq!(look(1_800_000_000, true, false), None, "kept right");
        assert_eq!(look(4_102_444_800, false, false), Some(floor), "2100");
        assert_eq!([0, 4_102_444_800].map(|now| look(now, false, true)), [None; 2], "strict");
        // A clock that lags a little behind an earlier run's time is one that is right, as far as certificates go.
        let at = |now, is_strict| FirstLook::new(time(now), floor, false, is_strict).at;
        let early = 1_795_000_000 - 10;
        assert_eq!([at(early, false), at(early, true)], [floor, time(early)]);
        assert_eq!([at(0, false), at(1_800_000_000, false)], [time(0), time(1_800_000_000)]);
    }

    #[test]
    fn one_name_that_is_not_certain_sets_nothing() {
        let voter = |names: &[usize], standing| Agreeing { names: names.to_vec(), standing };
        let one = voter(&[0], Standing::Provisional);
        assert!(!may_set(std::slice::from_ref(&one), false) && may_set(std::slice::from_ref(&one), true));
        assert!(!may_set(&[one.clone(), voter(&[0], Standing::Provisional)], false), "two addresses of one name");
        assert!(!may_set(&[one.clone(), voter(&[], Standing::Provisional)], false), "without a vote");
        assert!(may_set(&[one.clone(), voter(&[1], Standing::Provisional)], false));
        for standing in [Standing::Saved, Standing::Certified] {
            assert!(may_set(&[one.clone(), voter(&[1], standing)], false) && may_set(&[voter(&[1], standing)], false));
        }
    }

    #[test]
    fn only_what_is_certain_lowers_the_floor() {
        let (early, late) = (time(1_000), time(2_000));
        assert_eq!(floor_after(Some(late), early, false), late);
        assert_eq!(floor_after(Some(late), early, true), early);
        assert_eq!(floor_after(Some(early), late, false), late);
        assert_eq!(floor_after(None, early, false), early);
    }
}
