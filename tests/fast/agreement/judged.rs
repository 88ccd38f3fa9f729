//! What the program makes of a case: the candidates that such servers would be, through its own judgement.

use std::time::Duration;

use rntpdate::internals::estimate::{Assessment, Candidate, Contender, Limits, Rules, Sample, assess};
use rntpdate::internals::time::{Interval, Reading, Time};
use rntpdate::internals::wire::{Header, Mode, NtpShort, NtpTimestamp, Stratum};

use super::cases::{Case, Claim};

/// An offset and the bound that is claimed for it, in milliseconds; nothing where the run is refused.
pub(crate) type Found = Option<(f64, f64)>;

/// Cases are played a thousand times as large as they are, a millisecond as a second, so that the program's least bound of 5 ms
/// is none.
const SCALE: f64 = 1000.0;
/// What the program adds to a bound in the header: its least half round trip, and the error of reading clocks.
const LEAST_BOUND: f64 = 5.1;

pub(crate) const RULES: Rules = Rules {
    limits: Limits {
        delay: Interval::from_secs(8),
        root_distance: Interval::from_secs(60_000),
        reference_age: Interval::from_secs(86_400),
    },
    min_agreeing: 1,
    lone_name: false,
};

/// The bound that the program reckons with, in milliseconds of the case: a little more than was claimed.
pub(crate) fn widened(bound: f64) -> f64 {
    (root_dispersion(bound).to_interval().as_secs_f64() * 1000.0 + LEAST_BOUND) / SCALE
}

fn root_dispersion(bound: f64) -> NtpShort {
    NtpShort::from_bits((bound * SCALE / 1000.0 * 65_536.0).ceil() as u32)
}

fn candidate(claim: &Claim) -> Candidate {
    let now = Time::from_unix(1_800_000_000, 0);
    let stamp = NtpTimestamp::from_time(now);
    let sample = Sample {
        offset: Interval::from_secs_f64(claim.offset * SCALE / 1000.0),
        delay: Interval::ZERO,
        dispersion: Interval::from_micros(2),
        sent: now,
        taken: Reading { real: now, raw: Duration::from_secs(100) },
        header: Header {
            mode: Mode::SERVER,
            stratum: Stratum(2),
            precision: -20,
            root_dispersion: root_dispersion(claim.bound),
            reference: stamp,
            receive: stamp,
            transmit: stamp,
            ..Header::request(4, NtpTimestamp::ZERO)
        },
    };
    Candidate { samples: vec![sample], ..Candidate::default() }
}

/// Asks the program. Each server has a name of its own; of those that `open` names nothing is known.
pub(crate) fn assessed(case: &Case, open: &[usize]) -> Assessment {
    let candidates: Vec<Candidate> = case.claims.iter().map(candidate).collect();
    let names: Vec<[usize; 1]> = (0..candidates.len()).map(|name| [name]).collect();
    let contenders: Vec<Contender<'_>> = candidates
        .iter()
        .zip(&names)
        .enumerate()
        .map(|(place, (candidate, names))| Contender { candidate, names, is_open: open.contains(&place) })
        .collect();
    assess(&contenders, &RULES, Duration::from_secs(100))
}

/// What the assessment found, in milliseconds of the case.
pub(crate) fn found(assessment: &Assessment) -> Found {
    let estimate = assessment.estimate.as_ref().ok()?;
    let unscaled = |interval: Interval| interval.as_secs_f64() * 1000.0 / SCALE;
    Some((unscaled(estimate.offset), unscaled(estimate.bound)))
}
