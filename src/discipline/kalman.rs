//! A Kalman filter over offset, frequency and the frequency's drift.

/// How a filter takes the oscillator to go astray.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Wander {
    /// The frequency's random walk, per √s.
    pub(super) frequency: f64,
    /// The random walk of the frequency's drift, per s per √s; 0 where there is no drift.
    pub(super) drift: f64,
}

/// A frequency's drift before anything is known of it: 0.1 ppm in a quarter of an hour, per s.
const DRIFT: f64 = 1e-10;

/// The oscillator's state as one filter sees it: the offset in seconds from wherever the caller measures, the frequency in
/// seconds per second, its drift in seconds per second².
#[derive(Clone, Copy, Debug)]
pub(super) struct Filter {
    wander: Wander,
    pub(super) offset: f64,
    pub(super) frequency: f64,
    pub(super) drift: f64,
    pub(super) variances: Variances,
}

/// The variances of offset, frequency and drift, and their covariances.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Variances {
    pub(super) offset: f64,
    pub(super) frequency: f64,
    drift: f64,
    offset_frequency: f64,
    offset_drift: f64,
    frequency_drift: f64,
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
    /// A filter that takes the offset to be 0 and knows a frequency.
    pub(super) fn new(wander: Wander, offset: f64, frequency: f64, frequency_variance: f64) -> Filter {
        let drift = if wander.drift > 0.0 { DRIFT * DRIFT } else { 0.0 };
        let variances = Variances { offset, frequency: frequency_variance, drift, ..Variances::default() };
        Filter { wander, offset: 0.0, frequency, drift: 0.0, variances }
    }

    /// Lets `span` seconds pass.
    pub(super) fn advance(&mut self, span: f64) {
        let (square, cube) = (span * span, span * span * span);
        self.offset += span * self.frequency + square / 2.0 * self.drift;
        self.frequency += span * self.drift;
        let v = self.variances;
        // F P Fᵀ with F = [1 t t²/2; 0 1 t; 0 0 1], and what two random walks add.
        let (walk, drift) = (self.wander.frequency * self.wander.frequency, self.wander.drift * self.wander.drift);
        self.variances = Variances {
            offset: v.offset
                + span * (2.0 * v.offset_frequency + span * v.frequency)
                + square * (v.offset_drift + span * v.frequency_drift + square / 4.0 * v.drift)
                + walk * cube / 3.0
                + drift * cube * square / 20.0,
            frequency: v.frequency
                + span * (2.0 * v.frequency_drift + span * v.drift)
                + walk * span
                + drift * cube / 3.0,
            drift: v.drift + drift * span,
            offset_frequency: v.offset_frequency
                + span * (v.frequency + v.offset_drift)
                + square * (1.5 * v.frequency_drift + span / 2.0 * v.drift)
                + walk * square / 2.0
                + drift * square * square / 8.0,
            offset_drift: v.offset_drift + span * v.frequency_drift + square / 2.0 * v.drift + drift * cube / 6.0,
            frequency_drift: v.frequency_drift + span * v.drift + drift * square / 2.0,
        };
    }

    /// Takes a measurement in.
    pub(super) fn update(&mut self, measured: f64, variance: f64) -> Innovation {
        let v = self.variances;
        let innovation = Innovation { error: measured - self.offset, variance: v.offset + variance };
        let (frequency_gain, drift_gain) =
            (v.offset_frequency / innovation.variance, v.offset_drift / innovation.variance);
        self.offset += v.offset / innovation.variance * innovation.error;
        self.frequency += frequency_gain * innovation.error;
        self.drift += drift_gain * innovation.error;
        // Each in the form that cannot become negative by rounding.
        let left = variance / innovation.variance;
        self.variances = Variances {
            offset: v.offset * left,
            frequency: (v.frequency - frequency_gain * v.offset_frequency).max(f64::MIN_POSITIVE),
            drift: (v.drift - drift_gain * v.offset_drift).max(0.0),
            offset_frequency: v.offset_frequency * left,
            offset_drift: v.offset_drift * left,
            frequency_drift: v.frequency_drift - frequency_gain * v.offset_drift,
        };
        innovation
    }

    /// Forgets what is known of the frequency and its drift, and keeps the offset.
    pub(super) fn restart_frequency(&mut self, frequency: f64, variance: f64) {
        let fresh = Filter::new(self.wander, self.variances.offset, frequency, variance);
        *self = Filter { offset: self.offset, ..fresh };
    }

    /// Forgets the offset but that it is not further away than about `by`, and keeps frequency and drift.
    pub(super) fn restart_offset(&mut self, by: f64) {
        self.variances = Variances { offset: by * by, offset_frequency: 0.0, offset_drift: 0.0, ..self.variances };
    }

    /// Adds an error to the frequency.
    pub(super) fn widen_frequency(&mut self, by: f64) {
        self.variances.frequency += by * by;
    }

    /// Adds an error to the offset.
    pub(super) fn widen_offset(&mut self, by: f64) {
        self.variances.offset += by * by;
    }
}
