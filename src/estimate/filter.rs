//! One server: the best of its samples, and whether it is fit to be believed at all.

use thiserror::Error;

use super::sample::{Kiss, Sample};
use crate::time::Interval;

/// What round trips to a reference clock count for at least.
const MIN_ROUND_TRIPS: Interval = Interval::from_micros(10_000);

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

/// Why a server is not fit, in the order of the tests: the first that applies counts. The texts up to
/// [`Untrusted`](DropReason::Untrusted) are ntpdate's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DropReason {
    /// The server told us to go away.
    #[error(transparent)]
    Kiss(Kiss),
    /// No usable reply.
    #[error("no data")]
    NoData,
    /// Stratum above 15 or unspecified: the server is not synchronised.
    #[error("strata too high")]
    StrataTooHigh,
    /// The round trip is too long to measure by.
    #[error("server too far away")]
    TooFarAway,
    /// The server says by its leap indicator that it is not synchronised.
    #[error("leap not in sync")]
    LeapNotInSync,
    /// The server's clock was set in its own future.
    #[error("server is very broken")]
    VeryBroken,
    /// The server's clock has not been set for a day or more.
    #[error("server has gone too long without sync")]
    TooLongWithoutSync,
    /// Replies came, and none proved that the server knows our key.
    #[error("Server is untrusted")]
    Untrusted,
    /// The error bound from here to the reference clock is too large.
    #[error("root distance {0:.3} s is too large")]
    RootDistance(Interval),
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
}

/// A server as the selection sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Peer {
    /// Which of the candidate's samples was the best: the one with the least delay, for queues only ever add.
    pub best: usize,
    /// Its offset; positive: the local clock is behind.
    pub offset: Interval,
    /// Its delay.
    pub delay: Interval,
    /// Error bound of the measurement without the delay.
    pub dispersion: Interval,
    /// How far the other samples' offsets lie from the best one's (root of the mean square).
    pub jitter: Interval,
    /// Error bound from here to the reference clock, half the round trips included (RFC 5905 §11.1).
    pub root_distance: Interval,
    /// The server's effective stratum.
    pub stratum: u8,
}

impl Candidate {
    /// The best sample and what the others say of it; nothing without samples.
    pub fn filter(&self, limits: &Limits) -> Option<Peer> {
        // A sample that is unfit by itself is passed over where there is a better one, so that one damaged reply does not
        // speak for the server.
        let fit = |sample: &Sample| sample_fault(sample, limits).is_none();
        let fits: Vec<&Sample> = self.samples.iter().filter(|sample| fit(sample)).collect();
        let is_odd = |sample: &Sample| is_outvoted(sample, &fits);
        let badness = |sample: &Sample| (!fit(sample), is_odd(sample), sample.delay);
        let (best, sample) = self.samples.iter().enumerate().min_by_key(|(_, sample)| badness(sample))?;
        // Whoever slips in one false reply is not to spoil the others.
        let may_speak = |other: &Sample| fit(other) && (is_odd(sample) || !is_odd(other));
        let others: Vec<f64> = self
            .samples
            .iter()
            .enumerate()
            .filter(|(index, other)| *index != best && may_speak(other))
            .map(|(_, other)| (other.offset - sample.offset).as_secs_f64().powi(2))
            .collect();
        let jitter = (others.iter().sum::<f64>() / others.len().max(1) as f64).sqrt();
        let jitter = Interval::from_secs_f64(jitter).max(sample.dispersion);
        let header = &sample.header;
        Some(Peer {
            best,
            offset: sample.offset,
            delay: sample.delay,
            dispersion: sample.dispersion,
            jitter,
            root_distance: root_distance(sample) + jitter,
            stratum: header.stratum.effective(),
        })
    }

    /// The first test that the server fails; `peer` is what [`filter`](Candidate::filter) gave.
    pub fn drop_reason(&self, peer: Option<&Peer>, limits: &Limits) -> Option<DropReason> {
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
        sample_fault(&self.samples[peer.best], limits).or_else(|| {
            (peer.root_distance > limits.root_distance).then_some(DropReason::RootDistance(peer.root_distance))
        })
    }
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
    } else if reference_age.is_negative() {
        Some(DropReason::VeryBroken)
    } else if reference_age >= limits.reference_age {
        Some(DropReason::TooLongWithoutSync)
    } else {
        None
    }
}

/// Whether most of a server's own samples contradict this one: the intervals in which the truth lies, as far as the way to the
/// server goes, have nothing in common. A server that jumps is believed no more for answering quickly afterwards.
fn is_outvoted(sample: &Sample, fit: &[&Sample]) -> bool {
    let reach = |sample: &Sample| sample.delay.max(MIN_ROUND_TRIPS) / 2 + sample.dispersion;
    let agrees = |other: &&&Sample| (other.offset - sample.offset).abs() <= reach(other) + reach(sample);
    fit.iter().filter(agrees).count() * 2 < fit.len()
}

/// Half of all round trips to the reference clock and all dispersions on the way (RFC 5905 A.5.5.2). As there, round trips
/// have a least value: two honest servers differ by more than a LAN's delays say.
fn root_distance(sample: &Sample) -> Interval {
    let round_trips = sample.header.root_delay.to_interval() + sample.delay;
    round_trips.max(MIN_ROUND_TRIPS) / 2 + sample.header.root_dispersion.to_interval() + sample.dispersion
}
