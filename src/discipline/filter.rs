//! A Kalman filter over offset and frequency.

/// The oscillator's state as one filter sees it. Offsets in seconds relative to whatever the caller measures from,
/// frequencies in seconds per second.
#[derive(Clone, Copy, Debug)]
pub(super) struct Filter {
    /// The frequency's random walk, per √s.
    wander: f64,
    pub(super) offset: f64,
    pub(super) frequency: f64,
    /// Variances and covariance.
    pub(super) offset_variance: f64,
    pub(super) covariance: f64,
    pub(super) frequency_variance: f64,
}

/// What a measurement was to a filter.
#[derive(Clone, Copy, Debug)]
pub(super) struct Innovation {
    /// Measured minus expected.
    pub(super) error: f64,
    /// The variance of that.
    pub(super) variance: f64,
}

impl Filter {
    pub(super) fn new(wander: f64, offset_variance: f64, frequency: f64, frequency_variance: f64) -> Filter {
        Filter { wander, offset: 0.0, frequency, offset_variance, covariance: 0.0, frequency_variance }
    }

    /// Lets `span` seconds pass.
    pub(super) fn advance(&mut self, span: f64) {
        let noise = self.wander * self.wander * span;
        self.offset += self.frequency * span;
        self.offset_variance +=
            span * (2.0 * self.covariance + span * self.frequency_variance) + noise * span * span / 3.0;
        self.covariance += span * self.frequency_variance + noise * span / 2.0;
        self.frequency_variance += noise;
    }

    /// What a measurement with this variance would be.
    pub(super) fn expect(&self, measured: f64, variance: f64) -> Innovation {
        Innovation { error: measured - self.offset, variance: self.offset_variance + variance }
    }

    /// Takes a measurement in.
    pub(super) fn update(&mut self, measured: f64, variance: f64) -> Innovation {
        let innovation = self.expect(measured, variance);
        let offset_gain = self.offset_variance / innovation.variance;
        let frequency_gain = self.covariance / innovation.variance;
        self.offset += offset_gain * innovation.error;
        self.frequency += frequency_gain * innovation.error;
        // Each in the form that cannot become negative by rounding.
        self.frequency_variance = (self.frequency_variance - frequency_gain * self.covariance).max(f64::MIN_POSITIVE);
        self.covariance *= variance / innovation.variance;
        self.offset_variance *= variance / innovation.variance;
        innovation
    }
}
