//! A history, put through the bank of filters from its first run to its last.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use super::bank::{Bank, Mixture};
use super::bounds::MAX_CHANGE;
use super::history::{Break, Frequency, History, Point};
use super::slope::{BASELINE, rough_slope, span};
use super::window::{Usual, Usuals, Window, usuals, windows};
use crate::time::Interval;

/// An offset of which nothing is known, seconds.
const ANYWHERE: f64 = 1e5;
/// By how much a frequency may be another after the servers' time has jumped.
const JUMP: f64 = 0.1e-6;
/// Errors beyond so many standard deviations are contradictions.
const MAX_SIGMAS: f64 = 6.0;
/// The most runs over which a server's difference from the others is averaged.
const MEMORY: f64 = 32.0;

/// By how much a server's time is ahead of what all say together, seconds, and from how many runs that is known.
#[derive(Clone, Copy, Debug)]
struct Bias {
    value: f64,
    runs: f64,
}

/// A run as the filters see it.
#[derive(Clone, Debug)]
struct Measured {
    /// When its last point was taken, by the raw clock.
    raw: Duration,
    windows: Vec<Window>,
}

/// The filters after the last run, and what is needed to go on.
#[derive(Clone, Debug)]
pub(super) struct Replay {
    pub(super) bank: Bank,
    /// From which the filters' offsets count.
    origin: Interval,
    /// When the first and the last run were.
    first: Duration,
    last: Duration,
    biases: HashMap<IpAddr, Bias>,
    /// What was known of the frequency before the first point.
    start: Frequency,
    usuals: Usuals,
    slope: f64,
}

impl Replay {
    /// Nothing without points. The windows of `newer` points, which are a run's, count, too, for which are the least.
    pub(super) fn of(history: &History, newer: &[Point]) -> Option<Replay> {
        let origin = history.points.first()?.server_minus_raw;
        let start = history.start.unwrap_or(Frequency::UNKNOWN);
        let slope = rough_slope(&history.points, newer).unwrap_or(start.value);
        let measured = |run: &[Point]| {
            Some((run.first()?.run, Measured { raw: run.last()?.raw, windows: windows(run, origin, slope) }))
        };
        let runs: Vec<(u32, Measured)> = history.runs_of_points().filter_map(measured).collect();
        let new = measured(newer);
        let all = runs.iter().chain(&new).flat_map(|(_, run)| &run.windows);
        let usuals = usuals(all);
        let (_, first) = runs.first()?;
        let mut replay = Replay {
            bank: Bank::new(ANYWHERE * ANYWHERE, start),
            origin,
            first: history.points.first()?.raw,
            last: first.raw,
            biases: HashMap::new(),
            start,
            usuals,
            slope,
        };
        for (number, run) in &runs {
            replay.advance_to(run);
            replay.allow(history.break_at(*number));
            replay.take(run);
        }
        Some(replay)
    }

    /// A run that is not of the history.
    fn measured(&self, run: &[Point]) -> Option<Measured> {
        Some(Measured { raw: run.last()?.raw, windows: windows(run, self.origin, self.slope) })
    }

    /// Lets the time up to a run pass. Gives that time in seconds.
    fn advance_to(&mut self, run: &Measured) -> f64 {
        let (passed, so_far) = (span(self.last, run.raw), span(self.first, self.last));
        if so_far < BASELINE && passed >= so_far {
            // What a short burst says of the frequency is worth nothing over the longer time that follows.
            self.bank.restart_frequency(self.start);
        }
        self.bank.advance(passed);
        self.last = run.raw;
        passed
    }

    /// Lets the run that is taken in next be another than expected.
    fn allow(&mut self, kind: Option<Break>) {
        match kind {
            Some(Break::Phase) => self.bank.restart_offset(ANYWHERE, JUMP),
            Some(Break::Frequency(by)) => self.bank.widen_frequency(by),
            None => {}
        }
    }

    /// What all runs teach. From too short a time that is an offset, and the frequency is what it was before them.
    pub(super) fn mixture(&self) -> Mixture {
        let mixture = self.bank.mixture();
        if span(self.first, self.last) < BASELINE {
            Mixture { frequency: self.start, drift: 0.0, ..mixture }
        } else {
            mixture
        }
    }

    /// Takes a run's windows in, at the time that the filters have been brought to.
    fn take(&mut self, run: &Measured) {
        let known: Vec<(&Window, Bias)> =
            run.windows.iter().filter_map(|window| Some((window, *self.biases.get(&window.server)?))).collect();
        if known.is_empty() {
            self.take_strangers(run);
        }
        for (window, bias) in known {
            let doubt = if self.biases.len() > 1 { 1.0 + 1.0 / bias.runs } else { 1.0 };
            let measurements =
                self.measurements(window).map(|(value, variance)| (value - bias.value, variance * doubt));
            self.bank.update(measurements);
        }
        self.learn_biases(run);
    }

    /// Servers of which nothing is known: what they say together is one measurement.
    fn take_strangers(&mut self, run: &Measured) {
        if !self.biases.is_empty() {
            // Their offset from the former ones is less than half of a round trip to either.
            let widths = run.windows.iter().map(Window::bound);
            let former = self.usuals.values().map(Usual::half);
            self.bank.doubt_offset(widths.chain(former).fold(0.0, f64::max));
        }
        let measurements = [0, 1].map(|kind| {
            let (sum, mean) = self.weighted(&run.windows, |window| self.measurements(window)[kind].0);
            let variance = |window| self.weight(window).powi(2) * self.measurements(window)[kind].1;
            (mean, run.windows.iter().map(variance).sum::<f64>() / (sum * sum))
        });
        self.bank.update(measurements);
    }

    /// By how much each server of the run is ahead.
    fn learn_biases(&mut self, run: &Measured) {
        if let [only] = &run.windows[..]
            && self.biases.keys().all(|known| *known == only.server)
        {
            // There is nothing to be ahead of.
            self.biases.insert(only.server, Bias { value: 0.0, runs: 1.0 });
            return;
        }
        let offset = if self.biases.is_empty() {
            self.weighted(&run.windows, |window| window.middle).1
        } else {
            self.bank.mixture().offset
        };
        for window in &run.windows {
            let error = window.middle - offset;
            let bias = self.biases.entry(window.server).or_insert(Bias { value: error, runs: 0.0 });
            bias.runs = (bias.runs + 1.0).min(MEMORY);
            bias.value += (error - bias.value) / bias.runs;
        }
    }

    fn weight(&self, window: &Window) -> f64 {
        self.usuals.get(&window.server).map_or(1.0, |usual| usual.distance(window).powi(-2))
    }

    /// The sum of the windows' weights, and their weighted mean.
    fn weighted(&self, windows: &[Window], value: impl Fn(&Window) -> f64) -> (f64, f64) {
        let sum: f64 = windows.iter().map(|window| self.weight(window)).sum();
        (sum, windows.iter().map(|window| self.weight(window) * value(window)).sum::<f64>() / sum)
    }

    fn measurements(&self, window: &Window) -> [(f64, f64); 2] {
        let usual = self.usuals.get(&window.server).copied().unwrap_or_default();
        usual.measurements(window)
    }

    fn deviation(&self, window: &Window) -> f64 {
        self.usuals.get(&window.server).map_or(window.width, |usual| usual.deviation(window))
    }

    /// By how much the servers of a run are ahead of those that were asked from the beginning, seconds.
    fn lead(&self, run: &Measured) -> f64 {
        self.weighted(&run.windows, |window| self.biases.get(&window.server).map_or(0.0, |bias| bias.value)).1
    }

    /// For each window of a run, at the time that the filters have been brought to: how far it is from what they expect, one
    /// standard deviation of that, and how far queues can have moved it. Seconds.
    fn errors(&self, run: &Measured) -> Vec<(f64, f64, f64)> {
        let expected = self.bank.mixture();
        let strangers = run.windows.iter().all(|window| !self.biases.contains_key(&window.server));
        let error = |window: &Window| {
            let bias = self.biases.get(&window.server);
            let doubt = if strangers || bias.is_none() { window.bound() } else { 0.0 };
            let deviation = libm::hypot(libm::hypot(self.deviation(window), expected.offset_variance.sqrt()), doubt);
            let half_excess = self.usuals.get(&window.server).map_or(0.0, |usual| usual.excess(window) / 2.0);
            (window.middle - bias.map_or(0.0, |bias| bias.value) - expected.offset, deviation, half_excess)
        };
        run.windows.iter().map(error).collect()
    }

    /// The filters' offset as an interval between the servers' time and the raw clock.
    pub(super) fn server_minus_raw(&self, offset: f64) -> Interval {
        self.origin + Interval::from_secs_f64(offset)
    }

    /// A point's offset as the filters count it, seconds.
    pub(super) fn offset(&self, point: &Point) -> f64 {
        (point.server_minus_raw - self.origin).as_secs_f64()
    }
}

/// A history, brought to the time of a run that is not taken in yet.
#[derive(Clone, Debug)]
pub(super) struct Prospect {
    replay: Replay,
    run: Measured,
    /// Seconds since the last run.
    pub(super) interval: f64,
}

impl Prospect {
    /// Nothing without earlier points.
    pub(super) fn of(history: &History, points: &[Point]) -> Option<Prospect> {
        let mut replay = Replay::of(history, points)?;
        let run = replay.measured(points)?;
        let interval = replay.advance_to(&run);
        replay.allow(history.break_at(history.next_run()));
        Some(Prospect { replay, run, interval })
    }

    /// By how many seconds the run contradicts the history: the least of its servers; nothing if one of them fits.
    pub(super) fn contradiction(&self) -> Option<f64> {
        let beyond_limit = |(error, sigma, half_excess): (f64, f64, f64)| {
            let limit = (MAX_SIGMAS * sigma + half_excess).max(MAX_CHANGE * self.interval);
            (error.abs() > limit).then_some(error)
        };
        let errors: Option<Vec<f64>> = self.replay.errors(&self.run).into_iter().map(beyond_limit).collect();
        errors?.into_iter().min_by(|a, b| a.abs().total_cmp(&b.abs()))
    }

    /// What the history says of the frequency.
    pub(super) fn frequency(&self) -> Frequency {
        self.replay.mixture().frequency
    }

    /// With the run taken in; and by how much its servers are ahead of those that were asked from the beginning, seconds.
    pub(super) fn take(mut self) -> (Replay, f64) {
        self.replay.take(&self.run);
        let lead = self.replay.lead(&self.run);
        (self.replay, lead)
    }
}
