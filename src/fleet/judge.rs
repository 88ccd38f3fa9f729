//! What an answer is worth, by the limits that were given.

use super::measured::{Measured, Trouble};
use super::survey::Found;
use crate::check::{Level, Thresholds};
use crate::plural::counted;
use crate::time::Interval;

/// The limits of a survey.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// The thresholds for a clock's offset, in seconds.
    pub offset: Thresholds,
    /// The thresholds for a clock's stratum.
    pub stratum: Thresholds,
}

/// A clock's level, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// How bad it is.
    pub level: Level,
    /// The cause, where it is not well.
    pub cause: Option<String>,
    /// Nobody is there, at an address of a block where nobody has to be.
    pub is_absent: bool,
}

/// Judges what was found. A clock that cannot be measured cannot be said to be right, and is critical as one that is wrong; an
/// address of a block where nobody answers is no clock.
pub fn judge(found: &Found, is_of_block: bool, limits: &Limits) -> Judgement {
    match &found.result {
        Err(Trouble::Silent(_) | Trouble::Fault(_)) if is_of_block => {
            Judgement { level: Level::Ok, cause: None, is_absent: true }
        }
        Err(trouble) => Judgement {
            level: if is_ours(trouble) { Level::Unknown } else { Level::Critical },
            cause: Some(trouble_text(trouble)),
            is_absent: false,
        },
        Ok(measured) => {
            let (level, cause) = measured_level(measured, limits);
            Judgement { level, cause, is_absent: false }
        }
    }
}

/// Whether it says nothing about the clock.
fn is_ours(trouble: &Trouble) -> bool {
    matches!(trouble, Trouble::NotAsked | Trouble::ClockMoved(_))
}

fn measured_level(measured: &Measured, limits: &Limits) -> (Level, Option<String>) {
    let offset = limits.offset.level(measured.offset.as_secs_f64());
    let stratum = limits.stratum.level(f64::from(measured.stratum.effective()));
    let mut level = offset.worse(stratum);
    let mut causes = Vec::new();
    if measured.is_unsynchronised() {
        level = Level::Critical;
        causes.push(unsynchronised(measured));
    }
    if offset != Level::Ok {
        causes.push(format!("offset beyond its limit: {}", cause_of_offset(measured)));
    }
    if stratum != Level::Ok && !measured.is_unsynchronised() {
        causes.push(format!("stratum {} beyond its limit", measured.stratum.effective()));
    }
    (level, (!causes.is_empty()).then(|| causes.join("; ")))
}

fn unsynchronised(measured: &Measured) -> String {
    let (leap, refid) = (measured.leap.to_bits(), measured.refid.display(measured.stratum));
    format!("it is not synchronised itself (stratum {}, leap {leap}, refid {refid})", measured.stratum.effective())
}

const HOUR: Interval = Interval::from_secs(3600);
/// Time zones differ by multiples of a quarter of an hour, up to 14 hours (tz database).
const QUARTER: Interval = Interval::from_secs(900);
/// How far a clock that was set by somebody's watch, in the wrong zone, is from a whole quarter.
const NEAR: Interval = Interval::from_secs(2);

/// What most likely made a clock wrong by so much.
fn cause_of_offset(measured: &Measured) -> String {
    let (offset, way) = (measured.offset, if measured.offset.is_negative() { "behind" } else { "ahead" });
    let quarters = (offset.abs() + NEAR).units() / QUARTER.units();
    let from_quarter = (offset.abs().units() - quarters * QUARTER.units()).abs();
    if offset.is_gps_rollover() {
        return format!("{way} by whole eras of GPS: its receiver's firmware is too old");
    }
    if quarters > 0 && offset.abs() <= HOUR * 14 + NEAR && from_quarter <= NEAR.units() {
        return format!("{way} by {:.2} hours: it most likely keeps local time as UTC", quarters as f64 / 4.0);
    }
    if offset.abs() <= NEAR.max(Interval::from_secs(2)) && is_leap(offset) {
        return format!("{way} by one second: it, or what it follows, missed a leap second or is in the middle of one");
    }
    if measured.is_unsynchronised() {
        return format!("{way}, as nothing keeps it");
    }
    let claim = measured.root_distance;
    if offset.abs() <= measured.bound {
        return format!("or it is right: a round trip of {:.3} s tells no better (-p asks again)", measured.delay);
    }
    if offset.abs() > claim {
        let refid = measured.refid.display(measured.stratum);
        return format!(
            "{way}, and it claims to be right within {claim:.3} s (stratum {}, refid {refid}): \
             what it follows is wrong, or what it is compared with",
            measured.stratum.0
        );
    }
    format!("{way}, and it knows no better (it claims no more than {claim:.3} s)")
}

/// One second, but for a few milliseconds.
fn is_leap(offset: Interval) -> bool {
    (offset.abs() - Interval::from_secs(1)).abs() < Interval::from_micros(5000)
}

/// Why there is no measurement.
pub fn trouble_text(trouble: &Trouble) -> String {
    match trouble {
        Trouble::NotAsked => "not asked: the run's time was up".to_owned(),
        Trouble::Silent(1) => "no reply to a request".to_owned(),
        Trouble::Silent(requests) => format!("no reply to {}", counted(*requests, "request")),
        Trouble::Fault(fault) => match fault.reporter {
            Some(reporter) => format!("no reply: {} (reported by {reporter})", fault.kind),
            None => format!("no reply: {}", fault.kind),
        },
        Trouble::Kiss(kiss) => format!("no time: {kiss}"),
        Trouble::Rejected(why) => format!("its reply counts for nothing: {why}"),
        Trouble::Elsewhere(from) => {
            format!("its reply came from {from}: give that address, or have it answer from where it is asked")
        }
        Trouble::Unsynchronised => "it is not synchronised itself".to_owned(),
        Trouble::ClockMoved(by) => format!("not comparable: this machine's clock was moved by {by:+.6} s meanwhile"),
        Trouble::NoAddress(why) => format!("no address: {why}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::{Fault, FaultKind};
    use crate::wire::{Leap, RefId, Stratum};

    fn measured(offset: f64) -> Measured {
        Measured {
            offset: Interval::from_secs_f64(offset),
            bound: Interval::from_micros(100),
            delay: Interval::from_micros(150),
            root_distance: Interval::from_micros(20_000),
            stratum: Stratum(2),
            leap: Leap::None,
            refid: RefId([192, 0, 2, 1]),
        }
    }

    fn limits() -> Limits {
        let of = |warning: &str, critical: &str| Thresholds {
            warning: warning.parse().ok(),
            critical: critical.parse().ok(),
        };
        Limits { offset: of("0.5", "1.5"), stratum: of("4", "8") }
    }

    fn judged(result: Result<Measured, Trouble>, is_of_block: bool) -> Judgement {
        judge(&Found { address: "192.0.2.9:123".parse().unwrap(), result }, is_of_block, &limits())
    }

    #[test]
    fn a_wrong_clock_is_told_with_what_made_it_wrong() {
        for (offset, level, cause) in [
            (0.5, Level::Ok, ""),
            (-0.6, Level::Warning, "behind, and it claims to be right within 0.020 s (stratum 2, refid 192.0.2.1)"),
            (1.0, Level::Warning, "ahead by one second"),
            (5.0, Level::Critical, "ahead, and it claims"),
            (3600.5, Level::Critical, "ahead by 1.00 hours: it most likely keeps local time"),
            (-20_700.0, Level::Critical, "behind by 5.75 hours"),
            (60.0 * 3600.0, Level::Critical, "ahead, and it claims"),
            (-619_315_200.0, Level::Critical, "GPS"),
        ] {
            let found = judged(Ok(measured(offset)), true);
            assert_eq!(found.level, level, "{offset}");
            assert!(found.cause.unwrap_or_default().contains(cause), "{offset}");
        }
    }

    #[test]
    fn a_long_round_trip_leaves_it_open() {
        let (bound, delay) = (Interval::from_micros(700_000), Interval::from_micros(1_400_000));
        let vague = judged(Ok(Measured { bound, delay, ..measured(0.65) }), false);
        assert_eq!(vague.level, Level::Warning);
        assert!(vague.cause.unwrap().contains("a round trip of 1.400 s tells no better"));
    }

    #[test]
    fn whoever_follows_nothing_is_critical_however_right() {
        for (stratum, leap) in [(0, Leap::None), (16, Leap::None), (3, Leap::Unsynchronised)] {
            let found = judged(Ok(Measured { stratum: Stratum(stratum), leap, ..measured(0.0) }), false);
            assert_eq!(found.level, Level::Critical);
            assert!(found.cause.unwrap().starts_with("it is not synchronised itself"));
        }
        let far = judged(Ok(Measured { stratum: Stratum(5), ..measured(0.0) }), false);
        assert_eq!((far.level, far.cause.as_deref()), (Level::Warning, Some("stratum 5 beyond its limit")));
    }

    #[test]
    fn silence_is_a_finding_where_a_clock_was_named_and_none_in_a_block() {
        let refused = Trouble::Fault(Fault { kind: FaultKind::Refused, reporter: None });
        for trouble in [Trouble::Silent(1), refused] {
            assert_eq!(judged(Err(trouble.clone()), false).level, Level::Critical);
            let absent = judged(Err(trouble), true);
            assert!(absent.is_absent && absent.level == Level::Ok && absent.cause.is_none());
        }
        let kiss = judged(Err(Trouble::Kiss(crate::estimate::Kiss::Deny)), true);
        assert_eq!(kiss.level, Level::Critical, "somebody is there");
        assert_eq!(judged(Err(Trouble::NotAsked), false).level, Level::Unknown);
    }
}
