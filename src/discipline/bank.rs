//! Filters that differ in how they take the oscillator to wander, mixed by how well each foretold the data.

use super::history::Frequency;
use super::kalman::{Filter, Wander};

/// Random walks of the frequency alone, per √s: from a temperature-controlled room to a laptop in the sun.
const STEADY: [f64; 7] = [1e-10, 3.16e-10, 1e-9, 3.16e-9, 1e-8, 3.16e-8, 1e-7];
/// The same where the frequency drifts besides, as with the time of day.
const DRIFTING: [f64; 5] = [1e-10, 3.16e-10, 1e-9, 3.16e-9, 1e-8];
/// Random walk of the drift, per s per √s.
const DRIFT_WANDER: f64 = 3e-13;
/// The ways to wander.
const KINDS: usize = STEADY.len() + DRIFTING.len();
/// The filters: each way to wander, for each of the two measurements.
const FILTERS: usize = 2 * KINDS;
/// By how much windows are better to begin with, as a logarithm: most networks let a packet pass without a queue now and then.
const WINDOWS_WORTH: f64 = 2.5;
/// What a filter's past foretelling counts for with each new measurement.
const FORGETTING: f64 = 0.97;
/// One bad measurement does not decide between filters: squared errors above this many variances count as this many.
const MAX_SURPRISE: f64 = 25.0;

/// What the filters together say, at the time of the last measurement.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mixture {
    /// From the bank's origin, seconds.
    pub(super) offset: f64,
    pub(super) offset_variance: f64,
    pub(super) frequency: Frequency,
    /// Per second.
    pub(super) drift: f64,
}

/// The filters, and the logarithm of what each is worth.
#[derive(Clone, Debug)]
pub(super) struct Bank {
    filters: [(Filter, f64); FILTERS],
}

impl Bank {
    /// At the first measurement, from which offsets count.
    pub(super) fn new(variance: f64, start: Frequency) -> Bank {
        let filter = |place: usize| {
            let worth = if place < KINDS { WINDOWS_WORTH } else { 0.0 };
            let place = place % KINDS;
            let wander = match STEADY.get(place) {
                Some(frequency) => Wander { frequency: *frequency, drift: 0.0 },
                None => Wander { frequency: DRIFTING[place - STEADY.len()], drift: DRIFT_WANDER },
            };
            (Filter::new(wander, variance, start.value, start.uncertainty.powi(2)), worth)
        };
        Bank { filters: std::array::from_fn(filter) }
    }

    /// Lets `span` seconds pass.
    pub(super) fn advance(&mut self, span: f64) {
        for (filter, _) in &mut self.filters {
            filter.advance(span);
        }
    }

    /// Forgets what the measurements said of the frequency, and keeps the offset.
    pub(super) fn restart_frequency(&mut self, start: Frequency) {
        for (filter, _) in &mut self.filters {
            filter.restart_frequency(start.value, start.uncertainty.powi(2));
        }
    }

    /// Forgets the offset, and keeps the frequency, a little less certain.
    pub(super) fn restart_offset(&mut self, by: f64, doubt: f64) {
        for (filter, _) in &mut self.filters {
            filter.restart_offset(by);
            filter.widen_frequency(doubt);
        }
    }

    /// From here on the frequency may differ by so much.
    pub(super) fn widen_frequency(&mut self, by: f64) {
        for (filter, _) in &mut self.filters {
            filter.widen_frequency(by);
        }
    }

    /// From here on the offset may differ by so much: seconds.
    pub(super) fn doubt_offset(&mut self, by: f64) {
        for (filter, _) in &mut self.filters {
            filter.widen_offset(by);
        }
    }

    /// Takes in the two measurements that a run's samples are, with their variances: s, s².
    pub(super) fn update(&mut self, measurements: [(f64, f64); 2]) {
        for (place, (filter, worth)) in self.filters.iter_mut().enumerate() {
            let (measured, variance) = measurements[place / KINDS];
            let innovation = filter.update(measured, variance);
            let surprise = (innovation.error.powi(2) / innovation.variance).min(MAX_SURPRISE);
            *worth = FORGETTING * *worth - (surprise + libm::log(innovation.variance)) / 2.0;
        }
    }

    /// The mean, each filter weighted by its likelihood.
    pub(super) fn mixture(&self) -> Mixture {
        let weights = self.weights();
        let mean = |value: &dyn Fn(&Filter) -> f64| -> f64 {
            self.filters.iter().zip(weights).map(|((filter, _), weight)| weight * value(filter)).sum()
        };
        let offset = mean(&|filter| filter.offset);
        let frequency = mean(&|filter| filter.frequency);
        let variance = mean(&|filter| filter.variances.frequency + (filter.frequency - frequency).powi(2));
        Mixture {
            offset,
            offset_variance: mean(&|filter| filter.variances.offset + (filter.offset - offset).powi(2)),
            frequency: Frequency { value: frequency, uncertainty: variance.sqrt() }.clamped(),
            drift: mean(&|filter| filter.drift),
        }
    }

    /// One standard deviation of the offset after `span` seconds more.
    pub(super) fn error_after(&self, span: f64) -> f64 {
        let mut later = self.clone();
        later.advance(span);
        later.mixture().offset_variance.max(self.mixture().offset_variance).sqrt()
    }

    /// The weights come to 1.
    fn weights(&self) -> [f64; FILTERS] {
        let best = self.filters.iter().map(|(_, worth)| *worth).fold(f64::NEG_INFINITY, f64::max);
        let weights = self.filters.map(|(_, worth)| libm::exp(worth - best));
        let sum: f64 = weights.iter().sum();
        weights.map(|weight| weight / sum)
    }
}
