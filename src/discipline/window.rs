//! What a run's samples of one server say together: a window in which the server's time lies.

use std::collections::HashMap;
use std::net::IpAddr;

use super::history::Point;
use super::slope::span;
use crate::time::Interval;

/// Error of the best measurement there is, seconds: time stamps, interrupts.
const FLOOR: f64 = 3e-6;
/// The share of a window's excess width that is its standard deviation: the truth lies anywhere in it, 1/√12.
const EVENLY: f64 = 0.289;
/// The share of the usual excess that is left in the best window of many.
const REST: f64 = 0.1;
/// From so many runs on the median of their windows says more than what the samples of each do.
const MANY: usize = 5;

/// The samples of one server in one run. As each packet took some time, the server's time lies between the latest time at which
/// a reply can have been sent and the earliest at which a request can have arrived. Offsets are the server's time minus the raw
/// clock when the run's last point was taken, in seconds from wherever the caller counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Window {
    pub(super) server: IpAddr,
    /// An offset.
    pub(super) middle: f64,
    /// Seconds; negative where samples contradict each other.
    pub(super) width: f64,
    /// The mean of the samples: an offset.
    mean: f64,
    /// The variance of the mean, from how the samples scatter, s²; nothing from one sample.
    scatter: Option<f64>,
    /// By how much the width is expected to be above the least possible, from the run's own samples; nothing from one sample.
    expected_excess: Option<f64>,
    /// The error bound of the server's own clock, seconds.
    root_distance: f64,
}

impl Window {
    /// Beyond this the server's time is not, seconds on both sides of the middle.
    pub(super) fn bound(&self) -> f64 {
        self.width.abs() / 2.0 + self.root_distance
    }
}

/// The windows of a run, in the order of their servers. `slope`: how fast the server's time minus the raw clock grows.
pub(super) fn windows(run: &[Point], origin: Interval, slope: f64) -> Vec<Window> {
    let Some(last) = run.last() else { return Vec::new() };
    let mut servers: Vec<IpAddr> = run.iter().map(|point| point.server).collect();
    servers.sort_unstable();
    servers.dedup();
    let sample = |point: &Point| {
        let offset = (point.server_minus_raw - origin).as_secs_f64() + slope * span(point.raw, last.raw);
        (offset, point.delay.as_secs_f64())
    };
    let of = |server: &IpAddr| {
        let points = || run.iter().filter(|point| point.server == *server);
        let root_distance = points().map(|point| point.root_distance.as_secs_f64()).fold(0.0, f64::max);
        window(*server, root_distance, &points().map(sample).collect::<Vec<_>>())
    };
    servers.iter().map(of).collect()
}

/// The window of samples that are offsets and delays; there is at least one.
fn window(server: IpAddr, root_distance: f64, samples: &[(f64, f64)]) -> Window {
    let high = samples.iter().map(|(offset, delay)| offset + delay / 2.0).fold(f64::INFINITY, f64::min);
    let low = samples.iter().map(|(offset, delay)| offset - delay / 2.0).fold(f64::NEG_INFINITY, f64::max);
    let number = samples.len() as f64;
    let (mean, delays) = samples
        .iter()
        .fold((0.0, 0.0), |(mean, delays), (offset, delay)| (mean + offset / number, delays + delay / number));
    let squares: f64 = samples.iter().map(|(offset, _)| (offset - mean).powi(2)).sum();
    let width = high - low;
    let others = (samples.len() > 1).then_some(number - 1.0);
    Window {
        server,
        middle: f64::midpoint(high, low),
        width,
        mean,
        scatter: others.map(|others| squares / (number * others)),
        // What is left of queues in the least of several samples, by how much less it is than their mean (the jackknife).
        expected_excess: others.map(|others| ((delays - width) / others).max(0.0)),
        root_distance,
    }
}

/// What windows of one server are usually like.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Usual {
    /// The least width there can be, seconds.
    least: f64,
    /// By how much windows are usually wider, seconds.
    excess: f64,
    /// The usual variance of the samples' mean, s².
    scatter: f64,
    /// From so many windows.
    runs: usize,
}

/// For each server.
pub(super) type Usuals = HashMap<IpAddr, Usual>;

/// What the windows of many runs have in common.
pub(super) fn usuals<'a>(windows: impl Iterator<Item = &'a Window>) -> Usuals {
    let mut by_server: HashMap<IpAddr, Vec<Window>> = HashMap::new();
    windows.for_each(|window| by_server.entry(window.server).or_default().push(*window));
    by_server.into_iter().map(|(server, windows)| (server, Usual::of(&windows))).collect()
}

/// The middle one of some numbers; 0 of none.
fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or_default()
}

impl Usual {
    fn of(windows: &[Window]) -> Usual {
        let mut widths: Vec<f64> = windows.iter().map(|window| window.width.max(0.0)).collect();
        widths.sort_by(f64::total_cmp);
        let middle = median(widths.clone());
        // A single sample that was stamped wrong is no way that ever was so short: by chance alone the next would be near.
        let is_lone = widths.len() >= MANY && widths[1] - widths[0] > middle - widths[1];
        let least = widths.get(usize::from(is_lone)).copied().unwrap_or_default();
        let expected: Vec<f64> = windows.iter().filter_map(|window| window.expected_excess).collect();
        let expected = expected.iter().sum::<f64>() / (expected.len() as f64).max(1.0);
        Usual {
            least,
            excess: if widths.len() >= MANY { middle - least } else { expected.max(middle - least) },
            scatter: median(windows.iter().filter_map(|window| window.scatter).collect()),
            runs: widths.len(),
        }
    }

    /// By how much a window is wider than it would be without queues, seconds.
    pub(super) fn excess(&self, window: &Window) -> f64 {
        (window.width - self.least).max(0.0)
    }

    /// Half of the least width, seconds.
    pub(super) fn half(&self) -> f64 {
        self.least / 2.0
    }

    /// One standard deviation of the middle of a window, seconds.
    pub(super) fn deviation(&self, window: &Window) -> f64 {
        let rest = REST.max(EVENLY / (self.runs.max(1) as f64).sqrt());
        let contradiction = (-window.width).max(0.0);
        libm::hypot(libm::hypot(EVENLY * self.excess(window), rest * self.excess), contradiction) + FLOOR
    }

    /// The two measurements that a window is, with their variances: its middle, which is the better one where packets now and
    /// then pass without a queue, and the samples' mean, which is it where none ever does. Seconds, s².
    pub(super) fn measurements(&self, window: &Window) -> [(f64, f64); 2] {
        let middle = self.deviation(window).powi(2);
        let scatter = window.scatter.map_or(middle, |own| f64::midpoint(own, self.scatter) + FLOOR * FLOOR);
        [(window.middle, middle), (window.mean, scatter)]
    }

    /// What a server is weighed by among others: half of the way there and back, and the error of its own clock. Seconds.
    pub(super) fn distance(&self, window: &Window) -> f64 {
        self.least / 2.0 + self.excess + window.root_distance + FLOOR
    }
}
