//! From an estimate to what is done to the clock. Pure.
#![forbid(unsafe_code)]

use thiserror::Error;

use crate::time::{Interval, Time};

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

/// From this offset on a step is one, however vague: a slew of three seconds takes 100 minutes. Servers with larger bounds are
/// believed only by whoever says so (--max-distance).
const MOST_VAGUE: Interval = Interval::from_secs(3);

/// What the user allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Step, slew, or which of both.
    pub manner: Manner,
    /// The least size of an offset that is stepped.
    pub step_threshold: Interval,
    /// The largest step, and the option that says so.
    pub max_step: Option<(Interval, &'static str)>,
    /// No step back.
    pub forward_only: bool,
    /// No time before this one.
    pub floor: Option<Time>,
    /// A running time daemon, and its process, whose clock this is.
    pub daemon: Option<(&'static str, u32)>,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Set the clock at once.
    Step,
    /// Let the kernel speed the clock up or slow it down until the offset is gone.
    Slew,
    /// The clock is left alone.
    Refuse(Refusal),
}

/// Which limit forbids it. Each text names the limit and its option.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// Another program keeps the clock.
    #[error("{name} (pid {pid}) is running and sets it; stop it, or insist with --force")]
    Daemon {
        /// The program.
        name: &'static str,
        /// The daemon's process.
        pid: u32,
    },
    /// The step is too large.
    #[error("larger than {option} {limit:.3} allows")]
    StepTooLarge {
        /// The largest step.
        limit: Interval,
        /// What said so.
        option: &'static str,
    },
    /// The step goes back.
    #[error("--forward-only forbids a step back")]
    Backward,
    /// The time would be before the program's release: the time, and the offset that leads there.
    #[error("the time would be {}, before this program's release{}; --allow-past lets it", .0.utc(), rollover(*.1))]
    BeforeRelease(Time, Interval),
    /// One name alone vouches for the time, by a certificate that was not valid by this machine's clock.
    #[error(
        "this machine's clock is not to be trusted, and one NTS server alone gives the time at which its own certificate is valid; \
         name a second one, or let the first do with --nts-first"
    )]
    LoneCertificate,
}

fn rollover(offset: Interval) -> &'static str {
    if offset.is_gps_rollover() {
        " (1024 weeks back: a GPS receiver that has begun to count its weeks anew)"
    } else {
        ""
    }
}

impl Policy {
    /// Decides for an offset of a clock that says `now`.
    pub fn decide(&self, offset: Interval, now: Time) -> Decision {
        let decision = match self.manner {
            Manner::AlwaysStep => Decision::Step,
            Manner::AlwaysSlew => Decision::Slew,
            Manner::ByThreshold if offset.abs() >= self.step_threshold => Decision::Step,
            Manner::ByThreshold => Decision::Slew,
        };
        self.refusal(decision, offset, now + offset).map_or(decision, Decision::Refuse)
    }

    /// The same for an offset that is known to ± `bound`: one that is smaller than that may be none at all, and is no reason to turn
    /// the clock at once. It is slewed, unless a step was asked for (-b).
    pub fn decide_within(&self, offset: Interval, bound: Interval, now: Time) -> Decision {
        match self.decide(offset, now) {
            Decision::Step if self.is_vague(offset, bound) => Decision::Slew,
            decision => decision,
        }
    }

    /// Whether an offset would be stepped, were it known better.
    pub fn is_vague(&self, offset: Interval, bound: Interval) -> bool {
        self.manner == Manner::ByThreshold
            && offset.abs() >= self.step_threshold
            && offset.abs() < bound.min(MOST_VAGUE)
    }

    /// The first limit that forbids it. A slew never turns the clock back and has no limit but the floor.
    fn refusal(&self, decision: Decision, offset: Interval, target: Time) -> Option<Refusal> {
        if let Some((name, pid)) = self.daemon {
            return Some(Refusal::Daemon { name, pid });
        }
        if let Some(floor) = self.floor
            && target < floor
        {
            return Some(Refusal::BeforeRelease(target, offset));
        }
        if decision != Decision::Step {
            return None;
        }
        match self.max_step {
            Some((limit, option)) if offset.abs() > limit => Some(Refusal::StepTooLarge { limit, option }),
            _ => (self.forward_only && offset.is_negative()).then_some(Refusal::Backward),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_unix(1_800_000_000, 0);

    fn policy(manner: Manner) -> Policy {
        let threshold = Interval::from_micros(500_000);
        Policy { manner, step_threshold: threshold, max_step: None, forward_only: false, floor: None, daemon: None }
    }

    #[test]
    fn steps_from_the_threshold_on_in_both_directions() {
        let threshold = Interval::from_micros(500_000);
        let below = threshold - Interval::from_units(1);
        assert_eq!(policy(Manner::ByThreshold).decide(threshold, NOW), Decision::Step);
        assert_eq!(policy(Manner::ByThreshold).decide(-threshold, NOW), Decision::Step);
        assert_eq!(policy(Manner::ByThreshold).decide(below, NOW), Decision::Slew);
        assert_eq!(policy(Manner::ByThreshold).decide(-below, NOW), Decision::Slew);
        assert_eq!(policy(Manner::AlwaysStep).decide(Interval::ZERO, NOW), Decision::Step);
        assert_eq!(policy(Manner::AlwaysSlew).decide(Interval::from_secs(1000), NOW), Decision::Slew);
    }

    #[test]
    fn an_offset_within_its_error_bound_is_no_reason_to_step() {
        let (offset, bound) = (Interval::from_micros(-600_000), Interval::from_micros(917_000));
        let decide = |manner, bound| policy(manner).decide_within(offset, bound, NOW);
        assert_eq!(decide(Manner::ByThreshold, bound), Decision::Slew);
        let (far, vague) = (Interval::from_secs(5), Interval::from_secs(11));
        assert_eq!(policy(Manner::ByThreshold).decide_within(far, vague, NOW), Decision::Step, "not for hours");
        assert_eq!(decide(Manner::ByThreshold, Interval::from_micros(600_000)), Decision::Step);
        assert_eq!(decide(Manner::AlwaysStep, bound), Decision::Step);
    }

    #[test]
    fn a_step_beyond_the_limit_is_refused_and_a_slew_is_not() {
        let limit = Interval::from_secs(10);
        let limited = Policy { max_step: Some((limit, "--max-step")), ..policy(Manner::ByThreshold) };
        let refused = Decision::Refuse(Refusal::StepTooLarge { limit, option: "--max-step" });
        assert_eq!(limited.decide(limit, NOW), Decision::Step);
        assert_eq!(limited.decide(-limit, NOW), Decision::Step);
        assert_eq!(limited.decide(limit + Interval::from_units(1), NOW), refused);
        assert_eq!(limited.decide(-limit - Interval::from_units(1), NOW), refused);
        let slewing = Policy { manner: Manner::AlwaysSlew, ..limited };
        assert_eq!(slewing.decide(limit * 2, NOW), Decision::Slew);
    }

    #[test]
    fn forward_only_forbids_steps_back_alone() {
        let forward = Policy { forward_only: true, ..policy(Manner::ByThreshold) };
        assert_eq!(forward.decide(Interval::from_secs(-1), NOW), Decision::Refuse(Refusal::Backward));
        assert_eq!(forward.decide(Interval::from_secs(1), NOW), Decision::Step);
        assert_eq!(forward.decide(Interval::from_micros(-400_000), NOW), Decision::Slew);
    }

    #[test]
    fn the_floor_holds_for_the_time_that_would_result() {
        let day = Interval::from_secs(86_400);
        let floored = Policy { floor: Some(NOW), ..policy(Manner::ByThreshold) };
        assert_eq!(floored.decide(day, NOW - day), Decision::Step, "from before the floor to it");
        assert_eq!(floored.decide(-day, NOW), Decision::Refuse(Refusal::BeforeRelease(NOW - day, -day)));
        assert_eq!(
            floored.decide(Interval::ZERO, NOW - day),
            Decision::Refuse(Refusal::BeforeRelease(NOW - day, Interval::ZERO))
        );
        assert_eq!(policy(Manner::ByThreshold).decide(-day, NOW), Decision::Step, "--allow-past");
    }

    #[test]
    fn a_daemon_keeps_its_clock_however_small_the_offset() {
        let kept = Policy { daemon: Some(("chronyd", 7)), ..policy(Manner::ByThreshold) };
        let refused = Decision::Refuse(Refusal::Daemon { name: "chronyd", pid: 7 });
        assert_eq!([0, 5, -5].map(|seconds| kept.decide(Interval::from_secs(seconds), NOW)), [refused; 3]);
    }

    #[test]
    fn refusals_name_the_limit_and_the_option() {
        let texts = [
            Refusal::StepTooLarge { limit: Interval::from_secs(10), option: "--max-step" },
            Refusal::Backward,
            Refusal::BeforeRelease(Time::from_unix(31, 0), Interval::from_secs(-99)),
            Refusal::BeforeRelease(NOW, Interval::from_secs(-1024 * 7 * 86_400 - 3)),
            Refusal::Daemon { name: "chronyd", pid: 7 },
        ]
        .map(|refusal| refusal.to_string());
        assert_eq!(
            texts,
            [
                "larger than --max-step 10.000 allows",
                "--forward-only forbids a step back",
                "the time would be 1970-01-01 00:00:31 UTC, before this program's release; --allow-past lets it",
                "the time would be 2027-01-15 08:00:00 UTC, before this program's release (1024 weeks back: a GPS receiver that \
                 has begun to count its weeks anew); --allow-past lets it",
                "chronyd (pid 7) is running and sets it; stop it, or insist with --force",
            ]
        );
    }
}
