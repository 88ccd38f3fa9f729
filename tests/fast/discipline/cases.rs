//! What happens to a machine between two runs, each through the whole pipeline.

use std::time::{Duration, Instant};

use rntpdate::internals::discipline::Dropped;
use rntpdate::internals::outcome::Outcome;

use super::program::Program;
use super::scenarios::{NEAR, S1};
use super::world::{Nature, Shared, World};

const QUARTER: f64 = 900.0;

/// A machine that was looked after for five hours.
struct Machine {
    world: Shared,
    program: Program,
}

impl Machine {
    fn new(nature: Nature) -> Machine {
        let mut machine = Machine { world: World::start(nature, 7), program: Program::new(&[], NEAR, true) };
        for _ in 0..20 {
            machine.run_after(QUARTER);
        }
        machine
    }

    /// Lets time pass, then runs the program.
    fn run_after(&mut self, seconds: f64) -> Outcome {
        self.pass(seconds);
        self.program.run(&self.world)
    }

    fn pass(&self, seconds: f64) {
        let mut world = self.world.0.borrow_mut();
        let until = world.time + seconds;
        world.pass_until(until);
    }

    /// By how much the kernel's frequency is wrong.
    fn frequency_error(&self) -> f64 {
        let world = self.world.0.borrow();
        world.frequency + world.oscillator() / (1.0 + world.oscillator())
    }

    fn offset(&self) -> f64 {
        self.world.0.borrow().real_error
    }
}

fn dropped(outcome: &Outcome) -> Option<Dropped> {
    outcome.taught.as_ref().expect("a update").update.dropped
}

#[track_caller]
fn assert_small(value: f64, limit: f64) {
    assert!(value.abs() <= limit, "{value:e} is above {limit:e}");
}

#[test]
fn it_starts_with_the_frequency_untouched_and_sets_it_from_the_second_run_on() {
    let mut machine = Machine { world: World::start(S1, 7), program: Program::new(&[], NEAR, true) };
    let first = machine.run_after(1.0);
    assert_eq!((first.taught.expect("a update").set, machine.world.0.borrow().frequency), (None, 0.0));
    let second = machine.run_after(QUARTER);
    assert!(second.taught.expect("a update").set.is_some());
    assert_small(machine.frequency_error(), 2e-7);
}

#[test]
fn a_reboot_keeps_the_frequency() {
    let mut machine = Machine::new(S1);
    machine.world.0.borrow_mut().reboot();
    let outcome = machine.run_after(30.0);
    assert_eq!(dropped(&outcome), Some(Dropped::Reboot));
    assert_small(machine.frequency_error(), 1e-7);
    machine.run_after(QUARTER);
    assert_small(machine.offset(), 100e-6);
}

#[test]
fn a_suspension_keeps_the_frequency_and_not_the_points() {
    let mut machine = Machine::new(S1);
    machine.world.0.borrow_mut().suspend(7200.0);
    let outcome = machine.run_after(30.0);
    assert_eq!(dropped(&outcome), Some(Dropped::Suspension(Duration::from_secs(7200))));
    machine.run_after(QUARTER);
    assert_small(machine.frequency_error(), 1e-7);
    assert_small(machine.offset(), 200e-6);
}

#[test]
fn a_step_by_somebody_else_is_put_right_and_teaches_nothing() {
    let mut machine = Machine::new(S1);
    for step in [0.2, -3.0] {
        machine.world.0.borrow_mut().real_error += step;
        let outcome = machine.run_after(QUARTER);
        assert_eq!(dropped(&outcome), None);
        assert_small(machine.frequency_error(), 1e-7);
        machine.run_after(QUARTER);
        assert_small(machine.offset(), 100e-6);
    }
}

#[test]
fn a_frequency_that_somebody_else_set_is_put_right_and_teaches_nothing() {
    let mut machine = Machine::new(S1);
    machine.world.0.borrow_mut().frequency += 100e-6;
    let outcome = machine.run_after(QUARTER);
    assert_eq!(dropped(&outcome), None);
    assert_small(machine.frequency_error(), 1e-7);
    // 90 ms take the kernel three minutes.
    machine.run_after(QUARTER);
    assert_small(machine.offset(), 100e-6);
}

#[test]
fn another_server_is_followed_without_harm_to_the_frequency() {
    let mut machine = Machine::new(S1);
    // The way to this one is 2 ms longer than the way back.
    machine.program.ask(&["10.0.0.21"]);
    let outcome = machine.run_after(QUARTER);
    assert_eq!(dropped(&outcome), None);
    assert_small(machine.frequency_error(), 1e-7);
    machine.run_after(QUARTER);
    assert_small(machine.offset() - 1e-3, 100e-6);
}

#[test]
fn servers_that_differ_by_a_millisecond_are_all_heard() {
    let mut machine = Machine::new(S1);
    machine.program.ask(&["10.0.0.1", "10.0.0.8", "10.0.0.15", "10.0.0.22"]);
    for _ in 0..30 {
        let outcome = machine.run_after(QUARTER);
        assert_eq!(dropped(&outcome), None);
    }
    assert_small(machine.frequency_error(), 2e-7);
    machine.pass(QUARTER);
    // Near the first, which is right and the nearest; the last is wrong by 1.05 ms.
    assert!((-0.0002..0.0005).contains(&machine.offset()), "{}", machine.offset());
    // One of them does not answer any more.
    machine.program.ask(&["10.0.0.8", "10.0.0.15", "10.0.0.22"]);
    for _ in 0..3 {
        let outcome = machine.run_after(QUARTER);
        assert_eq!(dropped(&outcome), None);
        assert_small(machine.frequency_error(), 3e-7);
    }
}

#[test]
fn days_without_a_run_cost_nothing_but_those_days() {
    let mut machine = Machine::new(S1);
    let outcome = machine.run_after(5.0 * 86_400.0);
    assert!(outcome.taught.is_some());
    machine.run_after(QUARTER);
    machine.run_after(QUARTER);
    assert_small(machine.frequency_error(), 3e-7);
    assert_small(machine.offset(), 200e-6);
}

#[test]
fn a_run_each_minute_and_a_run_each_day_are_both_learned_from() {
    for (interval, runs, limit) in [(60.0, 120, 30e-6), (86_400.0, 8, 0.05)] {
        let mut machine = Machine { world: World::start(S1, 3), program: Program::new(&[], NEAR, true) };
        for _ in 0..runs {
            machine.run_after(interval);
        }
        machine.pass(interval);
        assert_small(machine.offset(), limit);
    }
}

#[test]
fn a_server_that_lies_for_one_run_does_not_spoil_the_frequency_for_good() {
    fn liar(time: f64) -> f64 {
        if (18_000.0..18_500.0).contains(&time) { 0.3 } else { 0.0 }
    }
    let mut machine = Machine::new(Nature { server_error: liar, ..S1 });
    let mut after = Vec::new();
    for _ in 0..6 {
        machine.run_after(QUARTER);
        after.push(machine.frequency_error());
        assert_small(machine.world.0.borrow().frequency, 500e-6);
    }
    assert_small(*after.last().expect("six runs"), 1e-6);
    assert_small(machine.offset(), 1e-3);
}

#[test]
fn without_the_option_nothing_is_learned_or_tuned() {
    let mut machine = Machine { world: World::start(S1, 7), program: Program::new(&[], NEAR, false) };
    for _ in 0..3 {
        assert!(machine.run_after(QUARTER).taught.is_none());
    }
    assert_eq!(machine.world.0.borrow().frequency, 0.0);
}

#[test]
fn a_full_history_costs_no_more_with_each_run() {
    let mut machine = Machine { world: World::start(S1, 7), program: Program::new(&["-p", "8"], NEAR, true) };
    let mut slowest = Duration::ZERO;
    for number in 0..200 {
        machine.pass(60.0);
        let before = Instant::now();
        machine.program.run(&machine.world);
        // The first hundred fill it.
        slowest = if number < 100 { Duration::ZERO } else { slowest.max(before.elapsed()) };
    }
    assert!(machine.program.history.as_ref().is_some_and(|text| text.lines().count() < 530 && text.len() < 60_000));
    assert!(slowest < Duration::from_secs(1), "{slowest:?}, even on a busy machine");
}

#[test]
fn a_run_that_ends_between_two_calls_leaves_a_clock_at_the_right_rate() {
    // After the frequency, or after the slew: either way the run is not remembered.
    for (before_slew, disturbance) in [(true, 100e-6), (true, 0.0), (false, 100e-6)] {
        let mut machine = Machine::new(S1);
        machine.world.0.borrow_mut().frequency += disturbance;
        machine.pass(QUARTER);
        let offset = machine.offset();
        let history = machine.program.history.clone();
        machine.world.0.borrow_mut().killed_before_slew = before_slew;
        machine.program.run(&machine.world);
        machine.program.history = history;
        assert_small(machine.frequency_error(), 1e-7);
        // The run itself takes a fifth of a second.
        assert!(machine.offset().abs() <= offset.abs() + 100e-6);
        machine.world.0.borrow_mut().killed_before_slew = false;
        machine.run_after(QUARTER);
        machine.pass(QUARTER);
        assert_small(machine.offset(), 100e-6);
        assert_small(machine.frequency_error(), 1e-7);
    }
}
