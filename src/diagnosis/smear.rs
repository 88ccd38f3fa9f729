//! Leap smears: servers that spread a leap second over hours contradict those that make it at once.

use std::f64::consts::PI;

use super::code::Code;
use super::found::{Certainty, Diagnosis};
use crate::estimate::{Peer, Verdict};
use crate::outcome::{Outcome, Server};
use crate::time::{Interval, Time};
use crate::wire::Leap;

/// A way to spread a leap second that is in use.
struct Schedule {
    name: &'static str,
    /// From when to when, hours after the leap second.
    hours: (f64, f64),
    /// The smear begins and ends gently; else it is a straight line.
    is_cosine: bool,
}

/// The first is what Google and Amazon document; the others are what large sites used before.
const SCHEDULES: [Schedule; 5] = [
    Schedule { name: "evenly from noon to noon (Google, AWS)", hours: (-12.0, 12.0), is_cosine: false },
    Schedule { name: "evenly over 20 hours around it", hours: (-10.0, 10.0), is_cosine: false },
    Schedule { name: "by a cosine over 20 hours around it", hours: (-10.0, 10.0), is_cosine: true },
    Schedule { name: "by a cosine over 20 hours before it", hours: (-20.0, 0.0), is_cosine: true },
    Schedule { name: "by a cosine over 10 hours before it", hours: (-10.0, 0.0), is_cosine: true },
];
/// Beyond this no smear that is known goes, hours before and after.
const FARTHEST: f64 = 24.0;
/// How far a smear is from its schedule at most, besides what the measurements leave open, seconds.
const NEAR: f64 = 0.005;

impl Schedule {
    /// How much of the leap second is done by then, 0 to 1.
    fn done(&self, hours: f64) -> f64 {
        let part = ((hours - self.hours.0) / (self.hours.1 - self.hours.0)).clamp(0.0, 1.0);
        if self.is_cosine { (1.0 - libm::cos(PI * part)) / 2.0 } else { part }
    }
}

/// How a difference looks like a smear's.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Likeness {
    schedule: Option<&'static str>,
    certainty: Certainty,
}

/// Whether a clock that announces nothing may be smearing: it is `apart` seconds ahead of one that announces `leap`, give or take
/// `error`, so many hours after the leap second. Afterwards, when nobody need announce it any more, only a known schedule counts,
/// and it was an inserted one, as all have been.
fn likeness(hours: f64, leap: Leap, apart: f64, error: f64) -> Option<Likeness> {
    if hours.abs() > FARTHEST || apart.abs() <= error {
        return None;
    }
    let behind = if leap == Leap::Delete { apart } else { -apart };
    let (is_over, is_announced) = (hours >= 0.0, matches!(leap, Leap::Insert | Leap::Delete));
    // Who does not smear has done all of it by now, or nothing yet.
    let done = if is_over { 1.0 + behind } else { behind };
    if !(-error..=1.0 + error).contains(&done) {
        return None;
    }
    let fits = |schedule: &&Schedule| {
        (schedule.hours.0..=schedule.hours.1).contains(&hours) && (schedule.done(hours) - done).abs() <= error + NEAR
    };
    let schedule = SCHEDULES.iter().find(fits).map(|schedule| schedule.name);
    let certainty = if schedule.is_some() && is_announced { Certainty::Likely } else { Certainty::Possible };
    let is_one = if is_over { schedule.is_some() } else { is_announced };
    is_one.then_some(Likeness { schedule, certainty })
}

/// A contradiction that a smear explains.
pub(crate) struct Smear {
    /// Whether this server smears; else those do that it contradicts.
    pub(crate) is_smearing: bool,
    /// The day at whose end the leap second is: `2027-06-30`.
    pub(crate) day: String,
    likeness: Likeness,
    /// The servers that it contradicts by that.
    others: Vec<String>,
}

/// The smear that explains why this server contradicts those that it is judged by; nothing where none does.
pub(crate) fn find(server: &Server, outcome: &Outcome) -> Option<Smear> {
    let opposes = |other: Verdict| match server.verdict {
        Verdict::Falseticker => matches!(other, Verdict::Truechimer | Verdict::Outlier),
        Verdict::Undecided => other == Verdict::Undecided,
        _ => false,
    };
    let mut smear: Option<Smear> = None;
    for other in outcome.servers.iter().filter(|other| opposes(other.verdict)) {
        let ways = [(server, other, true), (other, server, false)];
        let found = ways.into_iter().find_map(|(smearing, plain, own)| Some((compare(smearing, plain)?, own)));
        let Some(((likeness, day), is_smearing)) = found else { continue };
        let new = || Smear { is_smearing, day, likeness, others: Vec::new() };
        let known = smear.get_or_insert_with(new);
        if known.is_smearing == is_smearing {
            known.others.push(outcome.shown(other));
        }
    }
    smear
}

/// Whether one smears what the other does not, and the day at whose end that is.
fn compare(smearing: &Server, plain: &Server) -> Option<(Likeness, String)> {
    let ((own, _, leap), (peer, now, announced)) = (measured(smearing)?, measured(plain)?);
    let since = now.since_leap_midnight()?;
    let apart = (own.offset - peer.offset).as_secs_f64();
    let error = (own.root_distance + peer.root_distance).as_secs_f64();
    let likeness = likeness(since.as_secs_f64() / 3600.0, announced, apart, error).filter(|_| leap == Leap::None)?;
    // A second before the midnight is on the day that ends with it.
    let day = (now - since - Interval::from_secs(1)).utc();
    Some((likeness, day.split(' ').next().unwrap_or_default().to_owned()))
}

/// What a server says: the offset, the time by its clock, and the leap second.
fn measured(server: &Server) -> Option<(&Peer, Time, Leap)> {
    let (peer, sample) = (server.peer.as_ref()?, server.contact.candidate.samples.last()?);
    Some((peer, sample.taken.real + peer.offset, sample.header.leap))
}

impl Smear {
    /// The verdict, with what was seen as it was seen.
    pub(super) fn explain(&self, seen: String) -> Diagnosis {
        let (day, others) = (&self.day, self.others.join(", "));
        let how = self.likeness.schedule.map_or(String::new(), |name| format!(", {name}"));
        let leap = format!("the leap second at the end of {day} (UTC)");
        let cause = if self.is_smearing {
            format!("it smears {leap}{how}; {others} and UTC make it at once")
        } else {
            format!("{leap} is smeared by {others}{how}; this server and UTC make it at once")
        };
        Diagnosis::new(Code::LeapSmear, self.likeness.certainty, seen, cause)
            .here("ask servers of one kind only, that all smear alike or do not; until it is over they are up to 1 s apart")
            .there("have all servers smear alike, or none (ntpd: leapsmearinterval, chronyd: smoothtime)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hours: f64, leap: Leap, apart: f64) -> Option<(Option<&'static str>, Certainty)> {
        likeness(hours, leap, apart, 0.01).map(|found| (found.schedule, found.certainty))
    }

    #[test]
    fn the_smear_from_noon_to_noon_is_known_all_the_way() {
        let noon = Some(SCHEDULES[0].name);
        for (hours, done) in [(-11.0, 1.0 / 24.0), (-6.0, 0.25), (-0.1, 11.9 / 24.0)] {
            assert_eq!(at(hours, Leap::Insert, -done), Some((noon, Certainty::Likely)), "{hours}");
            assert_eq!(at(hours, Leap::Delete, done), Some((noon, Certainty::Likely)), "{hours}");
            assert_eq!(at(hours, Leap::Insert, done), None, "the wrong way at {hours}");
            assert_eq!(at(hours, Leap::None, -done), None, "nobody announces anything at {hours}");
        }
        for (hours, left) in [(0.1, 11.9 / 24.0), (6.0, 0.25), (11.0, 1.0 / 24.0)] {
            assert_eq!(at(hours, Leap::None, left), Some((noon, Certainty::Possible)), "{hours}");
            assert_eq!(at(hours, Leap::None, -left), None, "who is behind does not smear at {hours}");
        }
    }

    #[test]
    fn a_smear_of_another_kind_is_one_while_somebody_announces_the_leap_second() {
        assert_eq!(at(-5.0, Leap::Insert, -0.5), Some((Some(SCHEDULES[4].name), Certainty::Likely)));
        assert_eq!(at(-20.0, Leap::Insert, -0.7), Some((None, Certainty::Possible)));
        assert_eq!(at(6.0, Leap::Insert, 0.7), None, "no schedule explains it");
        assert_eq!(at(6.0, Leap::None, 1.0), None, "that one missed it");
    }

    #[test]
    fn what_a_smear_cannot_do_is_none() {
        assert_eq!(at(-5.0, Leap::Insert, -0.01), None, "within the error");
        assert_eq!(at(-5.0, Leap::Insert, -1.02), None, "more than a second");
        assert_eq!(at(-25.0, Leap::Insert, -0.5), None, "too early");
        assert_eq!(at(-5.0, Leap::Unsynchronised, -0.5), None);
        assert_eq!(at(f64::NAN, Leap::Insert, f64::NAN), None);
    }
}
