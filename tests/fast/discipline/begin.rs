//! How a clock comes to be kept: from nothing, and without being asked.

use rntpdate::internals::plan::Tuning;
use rntpdate::internals::report::{Context, render};

use super::program::Program;
use super::scenarios::{FAR, NEAR, QUARTER, S1, S2};
use super::world::{Delays, Nature, Shared, World};
use crate::support::random::Random;

/// A clock that is wrong by 50 ms and 50 ppm, of which nothing is known.
fn unknown(nature: Nature, seed: u64) -> Shared {
    let world = World::start(Nature { frequency: 50e-6, ..nature }, seed);
    world.0.borrow_mut().real_error = 0.05;
    world
}

fn pass(world: &Shared, seconds: f64) {
    let mut state = world.0.borrow_mut();
    let until = state.time + seconds;
    state.pass_until(until);
}

/// Root of the mean square of the clock's error in the time to come, in seconds.
fn watched(world: &Shared, seconds: f64) -> f64 {
    let mut squares = 0.0;
    for _ in 0..100 {
        pass(world, seconds / 100.0);
        squares += world.0.borrow().real_error.powi(2) / 100.0;
    }
    squares.sqrt()
}

#[test]
fn two_minutes_settle_a_clock_of_which_nothing_is_known() {
    for (nature, server, limit) in [(S1, NEAR, 60e-6), (S2, FAR, 2200e-6)] {
        let mut squares = 0.0;
        for seed in 1..=8 {
            let world = unknown(nature, seed);
            let mut program = Program::new(&[], server, true);
            program.run(&world);
            pass(&world, 120.0);
            let second = program.run(&world).taught.expect("a update");
            assert!(second.set.is_some(), "{:?}", second.update);
            // The 6 ms that 50 ppm have made of two minutes are slewed first.
            pass(&world, 20.0);
            let first = watched(&world, QUARTER);
            squares += first * first / 8.0;
            program.run(&world);
            assert!(watched(&world, QUARTER) < limit / 2.0);
        }
        println!("{server}: {:.1} us", squares.sqrt() * 1e6);
        assert!(squares.sqrt() <= limit, "{server}: {:e} s", squares.sqrt());
    }
}

/// What is said of it, after runs with such times between them, by a program of which nothing was asked.
fn unasked(waits: &[f64]) -> (Vec<Vec<String>>, Shared) {
    let world = World::start(S1, 3);
    let mut program = Program::new(&["-v"], NEAR, false);
    assert_eq!(program.plan.history.as_ref().map(|plan| plan.tuning), Some(Tuning::WhenRegular));
    program.history = Some(String::new());
    let said = |wait: &f64| {
        pass(&world, *wait);
        let outcome = program.run(&world);
        let lines = render(&outcome, &Context { plan: &program.plan, zone: &super::texts::utc });
        lines.into_iter().map(|line| line.text).filter(|text| text.starts_with("discipline: ")).collect()
    };
    (waits.iter().map(said).collect(), world.clone())
}

#[test]
fn runs_at_regular_times_tune_the_clock_unasked_and_say_so_once() {
    let (said, world) = unasked(&[QUARTER; 6]);
    assert_eq!(said[..3].concat(), [""; 0]);
    assert!(said[3][0].contains("from now on the clock's frequency is tuned as well: 4 runs"), "{said:?}");
    assert!(said[4..].concat().iter().all(|text| !text.contains("from now on")), "{said:?}");
    assert!((world.0.borrow().frequency + 20e-6).abs() < 0.2e-6);
}

#[test]
fn runs_that_come_as_they_like_change_no_frequency() {
    for waits in [&[5.0; 20][..], &[900.0], &[900.0, 60.0, 3000.0, 90.0, 7000.0, 200.0], &[100_000.0; 6]] {
        let (said, world) = unasked(waits);
        assert_eq!(said.concat(), [""; 0], "{waits:?}");
        assert_eq!(world.0.borrow().frequency, 0.0, "{waits:?}");
    }
}

#[test]
fn who_types_a_run_or_wants_it_left_alone_changes_no_frequency() {
    let plan = |options: &[&str]| Program::new(options, NEAR, false).plan.history;
    assert!(plan(&["--no-discipline"]).is_none() && plan(&["-q"]).is_none() && plan(&["-U", "ntp"]).is_none());
    assert!(plan(&["--no-discipline", "--discipline"]).is_some_and(|plan| plan.is_asked()));
    let world = World::start(S1, 3);
    let mut program = Program::new(&[], NEAR, false);
    program.history = Some(String::new());
    program.plan.history.as_mut().expect("a history").tuning = Tuning::Never;
    for _ in 0..8 {
        pass(&world, QUARTER);
        assert!(program.run(&world).taught.is_some_and(|taught| taught.set.is_none()));
    }
    assert_eq!(world.0.borrow().frequency, 0.0);
}

/// How far the frequency is from right, ppm, the worst of some: after so many runs, ten seconds apart, from 80 ppm.
fn left_after(runs: u32, delays: Delays) -> f64 {
    let left = |seed| {
        let world = World::start(Nature { frequency: 80e-6, wander: 0.0, delays, ..S1 }, seed);
        let mut program = Program::new(&["-p8"], NEAR, true);
        for _ in 0..runs {
            program.run(&world);
            pass(&world, 10.0);
        }
        let state = world.0.borrow();
        ((1.0 + state.oscillator()) * (1.0 + state.frequency) - 1.0).abs() * 1e6
    };
    (1..=10).map(left).fold(0.0, f64::max)
}

/// As between processes of one machine that has nothing else to do.
fn loopback(random: &mut Random, _: f64) -> (f64, f64) {
    (30e-6 + random.exponential(4e-6), 30e-6 + random.exponential(4e-6))
}

/// As into a guest on a machine that is busy with other things.
fn emulated(random: &mut Random, _: f64) -> (f64, f64) {
    (300e-6 + random.exponential(400e-6), 300e-6 + random.exponential(400e-6))
}

#[test]
fn runs_ten_seconds_apart_come_as_near_as_their_noise_lets_them() {
    let rows: [(&str, Delays, u32, f64); 4] = [
        ("loopback", loopback, 18, 0.02),
        ("LAN", S1.delays, 18, 0.1),
        ("emulated", emulated, 18, 0.5),
        ("emulated", emulated, 36, 0.1),
    ];
    for (name, delays, runs, limit) in rows {
        let left = left_after(runs, delays);
        println!("{name}, {runs} runs: {left:.3} ppm");
        assert!(left <= limit, "{name}, {runs} runs: {left} ppm");
    }
}
