//! Filters that differ in how fast they take the oscillator to wander, mixed by how well each foretold the data.

use std::collections::HashMap;
use std::net::IpAddr;

use super::filter::Filter;
use super::history::{Frequency, Point};
use crate::time::Interval;

/// Random walk of the frequency, per √s: from a temperature-controlled room to a laptop in the sun.
const WANDERS: [f64; 7] = [1e-10, 3.16e-10, 1e-9, 3.16e-9, 1e-8, 3.16e-8, 1e-7];
/// What a filter's past foretelling counts for with each new point.
const FORGETTING: f64 = 0.97;
/// One bad point does not decide between filters: squared errors above this many variances count as this many.
const MAX_SURPRISE: f64 = 25.0;
/// Error of the best measurement there is, seconds: time stamps, interrupts.
const FLOOR: f64 = 3e-6;

/// The least round trip to each server: what is above it was spent in queues.
pub(super) type LeastDelays = HashMap<IpAddr, Interval>;

/// The least delay of each server in some points.
pub(super) fn least_delays<'a>(points: impl Iterator<Item = &'a Point>) -> LeastDelays {
    let mut least = LeastDelays::new();
    for point in points {
        least.entry(point.server).and_modify(|delay| *delay = point.delay.min(*delay)).or_insert(point.delay);
    }
    least
}

/// Half of what a round trip took beyond the least: how far queues can have moved the offset. Seconds.
pub(super) fn half_excess(point: &Point, least: &LeastDelays) -> f64 {
    least.get(&point.server).map_or(0.0, |least| (point.delay - *least).as_secs_f64() / 2.0)
}

/// The variance of a point's offset, s².
pub(super) fn variance(point: &Point, least: &LeastDelays) -> f64 {
    (half_excess(point, least) + FLOOR).powi(2) + point.spread.as_secs_f64().powi(2)
}

/// What the filters together say, at the time of the last point.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mixture {
    /// From the bank's first point, seconds.
    pub(super) offset: f64,
    pub(super) offset_variance: f64,
    pub(super) covariance: f64,
    pub(super) frequency: Frequency,
    /// The mean square of the filters' wanders, 1/s.
    wander_squared: f64,
}

impl Mixture {
    /// The same offset, with a frequency that does not come from these points.
    pub(super) fn with_frequency(self, frequency: Frequency) -> Mixture {
        Mixture { frequency, covariance: 0.0, ..self }
    }

    /// One standard deviation of the offset after `span` seconds more.
    pub(super) fn error_after(&self, span: f64) -> f64 {
        let variance = self.offset_variance
            + span * (2.0 * self.covariance + span * self.frequency.uncertainty.powi(2))
            + self.wander_squared * span.powi(3) / 3.0;
        variance.max(self.offset_variance).sqrt()
    }
}

/// The filters, and the logarithm of what each is worth.
#[derive(Clone, Debug)]
pub(super) struct Bank {
    filters: [(Filter, f64); WANDERS.len()],
}

impl Bank {
    /// At the first point, from which offsets count.
    pub(super) fn new(variance: f64, start: Frequency) -> Bank {
        let filter = |wander| Filter::new(wander, variance, start.value, start.uncertainty.powi(2));
        Bank { filters: WANDERS.map(|wander| (filter(wander), 0.0)) }
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
            filter.frequency = start.value;
            filter.frequency_variance = start.uncertainty.powi(2);
            filter.covariance = 0.0;
        }
    }

    /// From here on the offsets are measured by others, who may differ by so much: seconds.
    pub(super) fn doubt_offset(&mut self, by: f64) {
        for (filter, _) in &mut self.filters {
            filter.offset_variance += by * by;
        }
    }

    /// Takes a measurement in.
    pub(super) fn update(&mut self, measured: f64, variance: f64) {
        for (filter, worth) in &mut self.filters {
            let innovation = filter.update(measured, variance);
            let surprise = (innovation.error.powi(2) / innovation.variance).min(MAX_SURPRISE);
            *worth = FORGETTING * *worth - (surprise + innovation.variance.ln()) / 2.0;
        }
    }

    /// The mean, each filter weighted by its likelihood.
    pub(super) fn mixture(&self) -> Mixture {
        let best = self.filters.iter().map(|(_, worth)| *worth).fold(f64::NEG_INFINITY, f64::max);
        let weights = self.filters.map(|(_, worth)| (worth - best).exp());
        let sum: f64 = weights.iter().sum();
        let mean = |value: &dyn Fn(&Filter) -> f64| -> f64 {
            self.filters.iter().zip(weights).map(|((filter, _), weight)| weight * value(filter)).sum::<f64>() / sum
        };
        let offset = mean(&|filter| filter.offset);
        let frequency = mean(&|filter| filter.frequency);
        let frequency_variance = mean(&|filter| filter.frequency_variance + (filter.frequency - frequency).powi(2));
        Mixture {
            offset,
            offset_variance: mean(&|filter| filter.offset_variance + (filter.offset - offset).powi(2)),
            covariance: mean(&|filter| filter.covariance + (filter.offset - offset) * (filter.frequency - frequency)),
            frequency: Frequency { value: frequency, uncertainty: frequency_variance.sqrt() }.clamped(),
            wander_squared: WANDERS.iter().zip(weights).map(|(wander, weight)| weight * wander * wander).sum::<f64>()
                / sum,
        }
    }
}
