//! One server: the best of its samples, and whether it is fit to be believed at all.

use std::time::Duration;

use super::consistency::Consistency;
use super::distance::{TooDistant, root_distance, weighing_distance};
use super::drop_reason::{DropReason, WrongTime};
use super::sample::{Kiss, Sample};
use crate::time::Interval;

/// Where a server stops being fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest round trip.
    pub delay: Interval,
    /// The greatest root distance.
    pub root_distance: Interval,
    /// How long ago the server's own clock may last have been set.
    pub reference_age: Interval,
}

/// What is known of one server.
#[derive(Clone, Debug, Default)]
pub struct Candidate {
    /// At most eight, in the order of their requests.
    pub samples: Vec<Sample>,
    /// An order to leave it alone.
    pub kiss: Option<Kiss>,
    /// Replies came, and none proved what it had to.
    pub untrusted: bool,
    /// Samples were there, and this machine's clock was moved after all of them.
    pub is_overtaken: bool,
    /// So far apart are two answers to one request that cannot both be true: somebody else answers too.
    pub contested: Option<Interval>,
    /// The server's certificate is not valid at the time that was obtained.
    pub wrong_time: Option<WrongTime>,
}

/// A server as the selection sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Peer {
    /// Which of the candidate's samples was the best: of those that count the one with the least delay, for queues only ever add.
    pub best: usize,
    /// Whether the samples can all be true.
    pub consistency: Consistency,
    /// How many samples count.
    pub counted: usize,
    /// When the best sample was taken: a raw monotonic time.
    pub taken: Duration,
    /// The server's offset; positive: the local clock is behind.
    pub offset: Interval,
    /// The delay of that sample.
    pub delay: Interval,
    /// Error bound of the measurement without the delay.
    pub dispersion: Interval,
    /// How far the other samples' offsets lie from the best one's (root of the mean square).
    pub jitter: Interval,
    /// Error bound from here to the reference clock, half the round trips included (RFC 5905 §11.1): the truth lies within
    /// offset ± this, if the server is right.
    pub root_distance: Interval,
    /// How far off the offset is likely to be; what the server is weighed by among others.
    pub weighing_distance: Interval,
    /// The server's effective stratum.
    pub stratum: u8,
}

impl Candidate {
    /// The best sample and what the others say of it, at the time at which it was taken; nothing without samples.
    pub fn filter(&self, limits: &Limits) -> Option<Peer> {
        // A sample that is unfit by itself is passed over where there is a better one, so that one damaged reply does not
        // speak for the server.
        let mut usable = self.numbered(|sample| sample_fault(sample, limits).is_none());
        if usable.is_empty() {
            usable = self.numbered(|_| true);
        }
        let consistency = Consistency::of(&usable.iter().map(|(_, sample)| *sample).collect::<Vec<_>>());
        match consistency {
            Consistency::Changed { from, .. } => drop(usable.drain(..from)),
            Consistency::Stray { place, .. } => drop(usable.remove(place)),
            Consistency::Agree | Consistency::Contradict { .. } => {}
        }
        let (best, sample) = *usable.iter().min_by_key(|(_, sample)| sample.delay)?;
        let jitter = jitter(sample, usable.iter().filter(|(index, _)| *index != best).map(|(_, other)| *other));
        Some(Peer {
            best,
            consistency,
            counted: usable.len(),
            taken: sample.taken.raw,
            offset: sample.offset,
            delay: sample.delay,
            dispersion: sample.dispersion,
            jitter,
            root_distance: root_distance(sample) + jitter,
            weighing_distance: weighing_distance(sample) + jitter,
            stratum: sample.header.stratum.effective(),
        })
    }

    /// Whether the samples, whatever they are worth, cannot all be true: then more of them tell which to believe.
    pub fn contradicts_itself(&self) -> bool {
        Consistency::of(&self.samples.iter().collect::<Vec<_>>()) != Consistency::Agree
    }

    /// The samples that are wanted, each with its place.
    fn numbered(&self, wanted: impl Fn(&Sample) -> bool) -> Vec<(usize, &Sample)> {
        self.samples.iter().enumerate().filter(|(_, sample)| wanted(sample)).collect()
    }

    /// The first test that the server fails; `peer` is what [`filter`](Candidate::filter) gave.
    pub fn drop_reason(&self, peer: Option<&Peer>, limits: &Limits) -> Option<DropReason> {
        if let Some(wrong) = self.wrong_time {
            return Some(DropReason::Certificate(wrong));
        }
        // RATE after good samples is a reason to stop asking, not to disbelieve.
        match (self.kiss, peer) {
            (Some(kiss @ (Kiss::Deny | Kiss::Restrict)), _) | (Some(kiss), None) => {
                return Some(DropReason::Kiss(kiss));
            }
            _ => {}
        }
        let Some(peer) = peer else {
            return Some(if self.untrusted { DropReason::Untrusted } else { DropReason::NoData });
        };
        if let Some(apart) = self.contested {
            return Some(DropReason::Contested(apart));
        }
        let sample = &self.samples[peer.best];
        sample_fault(sample, limits).or(match peer.consistency {
            Consistency::Contradict { before, after } => Some(DropReason::Contradiction { before, after }),
            _ if peer.root_distance > limits.root_distance => {
                let too_distant = TooDistant::new(peer.root_distance, sample, peer.jitter, limits.root_distance);
                Some(DropReason::RootDistance(too_distant))
            }
            _ => None,
        })
    }
}

/// How far other samples lie from the best one, root of the mean square; never less than the error of reading both clocks.
fn jitter<'a>(best: &Sample, others: impl Iterator<Item = &'a Sample>) -> Interval {
    let squares: Vec<f64> = others.map(|other| (other.offset - best.offset).as_secs_f64().powi(2)).collect();
    let jitter = (squares.iter().sum::<f64>() / squares.len().max(1) as f64).sqrt();
    Interval::from_secs_f64(jitter).max(best.dispersion)
}

/// ntpdate's tests, in its order.
fn sample_fault(sample: &Sample, limits: &Limits) -> Option<DropReason> {
    let header = &sample.header;
    let reference_age = header.transmit.since(header.reference);
    if header.stratum.effective() > 15 {
        Some(DropReason::StrataTooHigh)
    } else if sample.delay > limits.delay {
        Some(DropReason::TooFarAway)
    } else if sample.is_unsynchronised() {
        Some(DropReason::LeapNotInSync)
    } else if header.reference.is_zero() {
        // "Never set" is the longest time without.
        Some(DropReason::TooLongWithoutSync)
    } else if reference_age < -sample.precision() {
        Some(DropReason::VeryBroken)
    } else if reference_age >= limits.reference_age {
        Some(DropReason::TooLongWithoutSync)
    } else {
        None
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::time::{Reading, Time};
    use crate::wire::{Header, Mode, NtpShort, NtpTimestamp, Stratum};

    const LIMITS: Limits = Limits {
        delay: Interval::from_secs(8),
        root_distance: Interval::from_secs(3),
        reference_age: Interval::from_secs(86_400),
    };

    /// A sound sample with this offset and delay in milliseconds.
    pub(in crate::estimate) fn sample(offset_ms: i64, delay_ms: i64) -> Sample {
        let now = Time::from_unix(1_800_000_000, 0);
        let stamp = NtpTimestamp::from_time(now);
        Sample {
            offset: Interval::from_micros(offset_ms * 1000),
            delay: Interval::from_micros(delay_ms * 1000),
            dispersion: Interval::from_micros(2),
            sent: now,
            taken: Reading { real: now, raw: Duration::from_secs(100) },
            header: Header {
                mode: Mode::SERVER,
                stratum: Stratum(2),
                precision: -20,
                reference: stamp,
                receive: stamp,
                transmit: stamp,
                ..Header::request(4, NtpTimestamp::ZERO)
            },
        }
    }

    fn reason(candidate: &Candidate) -> Option<DropReason> {
        let peer = candidate.filter(&LIMITS);
        candidate.drop_reason(peer.as_ref(), &LIMITS)
    }

    /// Why a server with such samples is refused, as it is printed.
    fn refusal(samples: Vec<Sample>) -> String {
        reason(&Candidate { samples, ..Candidate::default() }).expect("it is refused").to_string()
    }

    #[test]
    fn the_shortest_way_speaks_for_the_server() {
        let samples = vec![sample(3, 9), sample(1, 4), sample(2, 6)];
        let candidate = Candidate { samples, ..Candidate::default() };
        let peer = candidate.filter(&LIMITS).unwrap();
        assert_eq!((peer.best, peer.counted, peer.offset.micros()), (1, 3, 1000));
        assert_eq!(reason(&candidate), None);
    }

    #[test]
    fn after_a_change_the_newest_alone_count() {
        let samples = vec![sample(0, 1), sample(2000, 9), sample(2001, 7), sample(2002, 8)];
        let candidate = Candidate { samples, ..Candidate::default() };
        let peer = candidate.filter(&LIMITS).unwrap();
        assert_eq!((peer.best, peer.counted, peer.offset.micros()), (2, 3, 2_001_000));
        assert!(peer.root_distance < Interval::from_micros(10_000), "{:?}", peer.root_distance);
        assert_eq!(reason(&candidate), None);
    }

    #[test]
    fn two_clocks_behind_one_address_are_no_server() {
        let samples = vec![sample(0, 1), sample(3000, 1), sample(0, 1), sample(3000, 1)];
        assert_eq!(refusal(samples), "its samples contradict each other: offsets +0.000000 and +3.000000 sec");
    }

    #[test]
    fn the_number_that_is_too_large_is_named() {
        let with = |change: &dyn Fn(&mut Sample)| {
            let mut sample = sample(0, 1);
            change(&mut sample);
            refusal(vec![sample])
        };
        let short = |seconds: f64| NtpShort::from_bits((seconds * 65_536.0) as u32);
        assert_eq!(
            with(&|sample| sample.header.root_dispersion = short(10.7)),
            "root distance 10.705 s is too large: root dispersion 10.700 s (--max-distance is 3.000)"
        );
        assert!(with(&|sample| sample.header.root_delay = short(8.0)).contains("root delay 8.000 s"));
        assert!(with(&|sample| sample.delay = Interval::from_secs(7)).contains("delay 7.000 s"));
        let coarse = with(&|sample| {
            sample.header.precision = 2;
            sample.dispersion = Interval::from_secs(4);
        });
        assert!(coarse.contains("precision 4.000 s"), "{coarse}");
        let scattered = refusal(vec![sample(0, 4000), sample(3900, 4000), sample(3900, 4000)]);
        assert!(scattered.contains("jitter 3.900 s"), "{scattered}");
    }
}
