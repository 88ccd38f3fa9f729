//! Machines and networks: what the clock is to be kept in spite of.

use super::world::Nature;
use crate::support::random::Random;

const DAY: f64 = 86_400.0;
const HOUR: f64 = 3600.0;
pub(crate) const QUARTER: f64 = 900.0;
/// Addresses of which one is asked in a burst and the other politely.
pub(crate) const NEAR: &str = "10.0.0.1";
pub(crate) const FAR: &str = "192.0.2.1";

fn lan(random: &mut Random, _: f64) -> (f64, f64) {
    (200e-6 + random.exponential(50e-6), 200e-6 + random.exponential(50e-6))
}

fn wan(random: &mut Random, _: f64) -> (f64, f64) {
    (15e-3 + random.exponential(2e-3), 15e-3 + random.exponential(2e-3))
}

/// One hour in four has queues on the way there.
fn congested(random: &mut Random, time: f64) -> (f64, f64) {
    let (there, back) = lan(random, time);
    let queue = if (time / HOUR).rem_euclid(4.0) < 1.0 { random.exponential(4e-3) } else { 0.0 };
    (there + queue, back)
}

/// Each way passes eight queues.
fn blunt(random: &mut Random, _: f64) -> (f64, f64) {
    let mut way = || 15e-3 + (0..8).map(|_| random.exponential(0.7e-3)).sum::<f64>();
    (way(), way())
}

/// As good as all of the noise is Gaussian.
fn gaussian(random: &mut Random, _: f64) -> (f64, f64) {
    let mut way = || 400e-6 + (60e-6 * random.normal()).max(-300e-6) + random.exponential(5e-6);
    (way(), way())
}

/// Half of the time the way there is a millisecond longer.
fn rerouted(random: &mut Random, time: f64) -> (f64, f64) {
    let (there, back) = lan(random, time);
    (there + if is_odd(time, 6.0 * HOUR) { 1e-3 } else { 0.0 }, back)
}

fn is_odd(time: f64, period: f64) -> bool {
    (time / period).rem_euclid(2.0) >= 1.0
}

fn nothing(_: f64) -> f64 {
    0.0
}

pub(crate) const S1: Nature = Nature {
    frequency: 20e-6,
    wander: 1e-9,
    daily: 0.0,
    extra: nothing,
    delays: lan,
    loss: 0.0,
    server_error: nothing,
};
pub(crate) const S2: Nature = Nature { delays: wan, ..S1 };
const S3B: Nature = Nature { frequency: 50e-6, daily: 1e-6, ..S1 };
const S3: Nature = Nature { wander: 1e-8, ..S3B };

/// What the figures of one row are measured in.
#[derive(Clone, Copy)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) nature: Nature,
    pub(crate) servers: &'static [&'static str],
    /// Seconds from run to run.
    pub(crate) interval: f64,
    /// So many days, of which the first quarter is not counted.
    pub(crate) days: f64,
    /// The largest error allowed in microseconds, and whether it is the maximum, else the root of the mean square.
    pub(crate) limit: f64,
    pub(crate) by_max: bool,
}

const fn scenario(name: &'static str, nature: Nature, server: &'static [&'static str], limit: f64) -> Scenario {
    Scenario { name, nature, servers: server, interval: QUARTER, days: 4.0, limit, by_max: false }
}

/// Four days with a run every 15 minutes.
pub(crate) fn scenarios() -> Vec<Scenario> {
    let toggling = |time: f64| if is_odd(time, 2.0 * HOUR) { 1e-6 } else { -1e-6 };
    let stepping = |time: f64| if is_odd(time, 12.0 * HOUR) { 0.050 } else { 0.0 };
    // Nearby, 4 ms away, 15 ms away, and one that is wrong by a second; then two of them with a way there that is longer.
    let four = &["10.0.0.1", "10.0.1.1", "10.0.2.1", "10.0.3.1"];
    let lopsided = &["10.0.0.1", "10.0.1.4", "10.0.2.21", "10.0.3.1"];
    vec![
        scenario("S1 LAN", S1, &[NEAR], 15.0),
        scenario("S2 WAN", S2, &[FAR], 110.0),
        scenario("S3 daily swing, fast wander", S3, &[NEAR], 118.0),
        scenario("S3b daily swing", S3B, &[NEAR], 17.5),
        scenario("R1 congestion one way", Nature { delays: congested, ..S1 }, &[NEAR], 90.0),
        scenario("R2 route 1 ms longer one way", Nature { delays: rerouted, ..S1 }, &[NEAR], 370.0),
        scenario("R3 frequency toggles by 2 ppm", Nature { extra: toggling, ..S1 }, &[NEAR], 390.0),
        Scenario {
            by_max: true,
            ..scenario("R4 server steps by 50 ms", Nature { server_error: stepping, ..S1 }, &[NEAR], 51_000.0)
        },
        scenario("R5 a quarter of packets lost", Nature { loss: 0.25, ..S1 }, &[NEAR], 20.0),
        scenario("R6 no sharp minimum of delay", Nature { delays: blunt, ..S1 }, &[FAR], 330.0),
        scenario("Gaussian noise", Nature { delays: gaussian, ..S1 }, &[NEAR], 30.0),
        scenario("four servers, one lies", S1, four, 16.0),
        scenario("the same, far ones lopsided", S1, lopsided, 16.0),
    ]
}

/// Rows whose runs are further apart.
pub(crate) fn rare() -> Vec<Scenario> {
    let rows = [
        ("hourly, S1's clock", S1, HOUR, 30.0, 110.0),
        ("hourly, S3b's clock", S3B, HOUR, 30.0, 190.0),
        ("daily, S1's clock", S1, DAY, 60.0, 16_000.0),
    ];
    let row =
        |(name, nature, interval, days, limit)| Scenario { interval, days, ..scenario(name, nature, &[NEAR], limit) };
    rows.map(row).to_vec()
}
