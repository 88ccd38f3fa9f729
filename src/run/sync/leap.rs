//! Leap seconds: what a majority of the votes announces is passed on to the kernel.

use std::time::Duration;

use crate::estimate::{Verdict, votes};
use crate::machine::{Clock, ClockError};
use crate::outcome::{Server, Taught};
use crate::plan::Plan;
use crate::policy::Decision;
use crate::time::{Interval, Time};
use crate::wire::Leap;

const DAY: Interval = Interval::from_secs(86_400);

/// Tells the kernel of a leap second at the end of this day, or that there is none after all, where the run keeps the clock for
/// longer than this moment (--mark-synced, a tuned frequency). Gives what there is to say of it; where nothing keeps the clock, from
/// the day before, so that a daily run says it in time. `names`: of each server the numbers of those that lead to it.
pub(super) fn pass_on(
    plan: &Plan,
    clock: &mut dyn Clock,
    (servers, names): (&[Server], &[&[usize]]),
    decision: Decision,
    taught: Option<&Taught>,
) -> Option<String> {
    if matches!(decision, Decision::Refuse(_)) {
        return None;
    }
    let keeps = plan.unattended.mark_synced || taught.is_some_and(|taught| taught.is_asked || taught.set.is_some());
    let now = true_time(servers, clock.now().raw)?;
    let since = now.since_leap_midnight();
    let leap = since.map_or(Leap::None, |since| announced((servers, names), since, if keeps { DAY } else { DAY * 2 }));
    let day = since.map_or(String::new(), |since| day_before(now - since));
    let what = match leap {
        Leap::Delete => format!("the last second of {day} (UTC) is left out"),
        _ => format!("{day} (UTC) is one second longer"),
    };
    if !keeps {
        let text = "the clock will be wrong by it until the next run; --mark-synced or --discipline tells the kernel";
        return (leap != Leap::None).then(|| format!("a leap second is announced: {what}: {text}"));
    }
    match told(clock, leap) {
        Ok(true) if leap != Leap::None => {
            Some(format!("a leap second is announced, and the kernel knows of it: {what}"))
        }
        Ok(_) => None,
        // Who cannot be asked has nothing to be cleared.
        Err(_) if leap == Leap::None => None,
        Err(error) => Some(format!("a leap second is announced, and the kernel cannot be told: {error}")),
    }
}

/// What time it is by a server that agrees, at this raw monotonic time: whether the clock shows that by now or not, as in a dry run.
fn true_time(servers: &[Server], now: Duration) -> Option<Time> {
    let server = servers.iter().find(|server| agrees(server))?;
    let peer = server.peer.as_ref()?;
    let taken = server.contact.candidate.samples.get(peer.best)?.taken;
    Some(taken.real + peer.offset + Interval::from(now.saturating_sub(taken.raw)))
}

fn agrees(server: &Server) -> bool {
    matches!(server.verdict, Verdict::Truechimer | Verdict::Outlier)
}

/// Whether the kernel had to be told.
fn told(clock: &mut dyn Clock, leap: Leap) -> Result<bool, ClockError> {
    let is_new = clock.leap()? != leap;
    if is_new {
        clock.set_leap(leap)?;
    }
    Ok(is_new)
}

/// The leap second that servers with more than half of the votes announce of those that agree, so long after the midnight that it comes
/// with; none where that is over, or is not due within `ahead`.
fn announced((servers, names): (&[Server], &[&[usize]]), since: Interval, ahead: Interval) -> Leap {
    let votes = votes(names, |server| servers.get(server).is_some_and(agrees));
    let leap = |server: &Server| server.contact.candidate.samples.last().map(|sample| sample.header.leap);
    let said: Vec<(Leap, u64)> =
        servers.iter().zip(votes).filter_map(|(server, votes)| Some((leap(server)?, votes))).collect();
    let all: u64 = said.iter().map(|(_, votes)| votes).sum();
    let is_majority = |leap: &Leap| {
        let for_it = said.iter().filter(|(said, _)| said == leap);
        for_it.map(|(_, votes)| votes).sum::<u64>() * 2 > all
    };
    let leap = [Leap::Insert, Leap::Delete].into_iter().find(is_majority);
    leap.filter(|_| is_due(since, ahead)).unwrap_or(Leap::None)
}

fn is_due(since: Interval, ahead: Interval) -> bool {
    since.is_negative() && since.abs() <= ahead
}

/// The date of the day that ends with this midnight: `2027-06-30`.
fn day_before(midnight: Time) -> String {
    let text = (midnight - Interval::from_secs(1)).utc();
    text.split(' ').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::{Candidate, Sample};
    use crate::evidence::Evidence;
    use crate::exchange::Contact;
    use crate::time::Reading;
    use crate::wire::{Header, NtpTimestamp};

    fn server(leap: Leap, verdict: Verdict) -> Server {
        let now = Time::from_unix(1_800_000_000, 0);
        let sample = Sample {
            offset: Interval::ZERO,
            delay: Interval::ZERO,
            dispersion: Interval::ZERO,
            sent: now,
            taken: Reading { real: now, raw: Duration::ZERO },
            header: Header { leap, ..Header::request(4, NtpTimestamp::ZERO) },
        };
        let contact = Contact {
            sent: 1,
            answered: 1,
            reach: 1,
            candidate: Candidate { samples: vec![sample], ..Candidate::default() },
            ..Contact::none("192.0.2.1:123".parse().unwrap())
        };
        Server { contact, peer: None, verdict, evidence: Evidence::default() }
    }

    #[test]
    fn names_announce_a_leap_second_and_not_servers() {
        let soon = -Interval::from_secs(3600);
        let said = |servers: &[(Leap, Verdict, &[usize])]| {
            let names: Vec<&[usize]> = servers.iter().map(|(.., names)| *names).collect();
            let servers: Vec<Server> = servers.iter().map(|(leap, verdict, _)| server(*leap, *verdict)).collect();
            announced((&servers, &names), soon, DAY)
        };
        let agreeing = |leap, names| (leap, Verdict::Outlier, names);
        let pool = [agreeing(Leap::Insert, &[0][..]); 16];
        assert_eq!(said(&pool), Leap::Insert);
        let others = [agreeing(Leap::None, &[1]), agreeing(Leap::None, &[2])];
        assert_eq!(said(&[&pool[..], &others].concat()), Leap::None, "one name of three");
        assert_eq!(said(&[&pool[..], &others[..1]].concat()), Leap::None, "half is no majority");
        let liar = (Leap::Insert, Verdict::Falseticker, &[1][..]);
        let voteless = (Leap::Insert, Verdict::Outlier, &[][..]);
        assert_eq!(said(&[agreeing(Leap::Delete, &[0]), liar, voteless, voteless]), Leap::Delete);
        assert_eq!(said(&[voteless]), Leap::None);
    }

    #[test]
    fn the_kernel_is_told_on_two_days_of_the_year_and_people_a_day_before() {
        let at = |text: &str| {
            let seconds = text.parse::<chrono::DateTime<chrono::Utc>>().unwrap().timestamp();
            let since = Time::from_unix(seconds, 999_999_999).since_leap_midnight();
            [DAY, DAY * 2].map(|ahead| since.is_some_and(|since| is_due(since, ahead)))
        };
        for day in ["2027-06-30T00:00:00Z", "2027-06-30T23:59:59Z", "2028-12-31T12:00:00Z"] {
            assert_eq!(at(day), [true, true], "{day}");
        }
        for day in ["2027-06-29T00:00:00Z", "2027-06-29T23:59:58Z", "2028-12-30T12:00:00Z"] {
            assert_eq!(at(day), [false, true], "{day}");
        }
        for day in ["2027-06-28T23:59:58Z", "2027-07-01T00:00:00Z", "2028-01-01T00:00:00Z", "2027-03-31T12:00:00Z"] {
            assert_eq!(at(day), [false, false], "{day}");
        }
        assert_eq!(day_before(Time::from_unix(1_814_400_000, 0)), "2027-06-30");
    }
}
