//! Four days with a run every 15 minutes, the first day not counted: how far the clock is off.

use std::fmt::Write as _;

use crate::program::Program;
use crate::random::Random;
use crate::world::{Nature, World};

const DAY: f64 = 86_400.0;
const HOUR: f64 = 3600.0;
const INTERVAL: f64 = 900.0;
const DAYS: f64 = 4.0;
/// Seconds between two looks at the clock.
const SAMPLING: f64 = 10.0;
const SEEDS: [u64; 3] = [1, 2, 3];
/// Addresses of which one is asked in a burst and the other politely.
pub(crate) const NEAR: &str = "10.0.0.1";
const FAR: &str = "192.0.2.1";

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
const S3B: Nature = Nature { frequency: 50e-6, daily: 1e-6, ..S1 };

#[derive(Clone, Copy)]
struct Scenario {
    name: &'static str,
    nature: Nature,
    server: &'static str,
    /// The largest error allowed in microseconds, and whether it is the maximum, else the root of the mean square.
    limit: f64,
    by_max: bool,
}

const fn scenario(name: &'static str, nature: Nature, server: &'static str, limit: f64) -> Scenario {
    Scenario { name, nature, server, limit, by_max: false }
}

fn scenarios() -> Vec<Scenario> {
    let toggling = |time: f64| if is_odd(time, 2.0 * HOUR) { 1e-6 } else { -1e-6 };
    let stepping = |time: f64| if is_odd(time, 12.0 * HOUR) { 0.050 } else { 0.0 };
    vec![
        scenario("S1 LAN", S1, NEAR, 30.0),
        scenario("S2 WAN", Nature { delays: wan, ..S1 }, FAR, 250.0),
        scenario("S3 daily swing, fast wander", Nature { wander: 1e-8, ..S3B }, NEAR, 150.0),
        scenario("S3b daily swing", S3B, NEAR, 40.0),
        scenario("congestion one way", Nature { delays: congested, ..S1 }, NEAR, 1.2 * 82.0),
        scenario("frequency toggles by 2 ppm", Nature { extra: toggling, ..S1 }, NEAR, 1.2 * 363.0),
        Scenario {
            by_max: true,
            ..scenario("server steps by 50 ms", Nature { server_error: stepping, ..S1 }, NEAR, 1.2 * 50_086.0)
        },
        scenario("no sharp minimum of delay", Nature { delays: blunt, ..S1 }, FAR, 1.2 * 556.0),
        scenario("a quarter of packets lost", Nature { loss: 0.25, ..S1 }, NEAR, 1.2 * 27.0),
        scenario("route 1 ms longer one way", Nature { delays: rerouted, ..S1 }, NEAR, 1.2 * 370.0),
    ]
}

/// Errors in microseconds.
#[derive(Clone, Debug, Default)]
struct Errors(Vec<f64>);

impl Errors {
    fn rms(&self) -> f64 {
        (self.0.iter().map(|error| error * error).sum::<f64>() / self.0.len() as f64).sqrt()
    }

    fn max(&self) -> f64 {
        self.0.iter().copied().fold(0.0, f64::max)
    }

    fn p99(&mut self) -> f64 {
        let place = self.0.len() * 99 / 100;
        *self.0.select_nth_unstable_by(place, f64::total_cmp).1
    }

    fn row(&mut self) -> String {
        format!("{:.0}/{:.0}/{:.0}", self.rms(), self.p99(), self.max())
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Rule {
    Disciplined,
    Plain,
    Ntpdate,
}

fn simulate(scenario: Scenario, rule: Rule) -> Errors {
    let mut errors = Errors::default();
    // What is only shown needs no certainty.
    let seeds = if rule == Rule::Disciplined { &SEEDS[..] } else { &SEEDS[..1] };
    for seed in seeds.iter().copied() {
        let world = World::start(scenario.nature, seed);
        world.0.borrow_mut().overshoot = if rule == Rule::Ntpdate { 1.5 } else { 1.0 };
        let mut program = Program::new(&[], scenario.server, rule == Rule::Disciplined);
        for number in 0..(DAYS * DAY / INTERVAL) as usize {
            program.run(&world);
            let next = (number + 1) as f64 * INTERVAL;
            let mut state = world.0.borrow_mut();
            while state.time < next {
                let later = (state.time + SAMPLING).min(next);
                state.pass_until(later);
                if state.time > DAY {
                    errors.0.push(state.real_error.abs() * 1e6);
                }
            }
        }
    }
    errors
}

/// Each on a thread of its own.
fn in_parallel<T: Send>(scenarios: Vec<Scenario>, run: impl Fn(Scenario) -> T + Sync) -> Vec<(Scenario, T)> {
    std::thread::scope(|scope| {
        let run = &run;
        let started: Vec<_> =
            scenarios.into_iter().map(|scenario| (scenario, scope.spawn(move || run(scenario)))).collect();
        started.into_iter().map(|(scenario, thread)| (scenario, thread.join().expect("a scenario that ends"))).collect()
    })
}

#[test]
fn the_clock_is_kept_between_runs() {
    let mut table = format!(
        "\n{:<28} {:>20} {:>20} {:>20}\n",
        "|offset| us, rms/p99/max", "--discipline", "plain", "ntpdate's rule"
    );
    let mut failures = Vec::new();
    let run = |scenario| [Rule::Disciplined, Rule::Plain, Rule::Ntpdate].map(|rule| simulate(scenario, rule));
    for (scenario, [mut disciplined, mut plain, mut ntpdate]) in in_parallel(scenarios(), run) {
        let rows = [&mut disciplined, &mut plain, &mut ntpdate].map(Errors::row);
        let _ = writeln!(table, "{:<28} {:>20} {:>20} {:>20}", scenario.name, rows[0], rows[1], rows[2]);
        let reached = if scenario.by_max { disciplined.max() } else { disciplined.rms() };
        if reached > scenario.limit {
            failures.push(format!("{}: {reached:.1} us instead of {:.1}", scenario.name, scenario.limit));
        }
    }
    println!("{table}");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
