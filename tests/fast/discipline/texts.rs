//! What is printed of it.

use chrono::{DateTime, FixedOffset};
use rntpdate::internals::outcome::Outcome;
use rntpdate::internals::report::{Context, history_table, render};
use rntpdate::internals::time::Time;

use super::program::Program;
use super::scenarios::{NEAR, S1};
use super::world::{Shared, World};

pub(super) fn utc(at: Time) -> DateTime<FixedOffset> {
    DateTime::from_timestamp(at.to_unix().0, 0).expect("a date").fixed_offset()
}

fn texts(program: &Program, outcome: &Outcome) -> Vec<String> {
    let lines = render(outcome, &Context { plan: &program.plan, zone: &utc });
    lines.into_iter().map(|line| line.text).filter(|text| text.starts_with("discipline: ")).collect()
}

/// A program with these options after some runs a quarter of an hour apart, and its last outcome.
fn after(runs: u32, options: &[&str]) -> (Shared, Program, Outcome) {
    let world = World::start(S1, 4);
    let mut program = Program::new(options, NEAR, true);
    let mut last = None;
    for run in 1..=runs {
        world.0.borrow_mut().pass_until(f64::from(run) * 900.0);
        last = Some(program.run(&world));
    }
    (world, program, last.expect("a run"))
}

#[test]
fn verbose_says_what_was_learned() {
    let (_, program, outcome) = after(1, &["-v"]);
    let texts_of_first = texts(&program, &outcome);
    assert_eq!(texts_of_first[0], "discipline: frequency not known yet, nothing set, the kernel had +0.000 ppm");
    assert!(texts_of_first[1].starts_with("discipline: offset +/- 0.0000"), "{texts_of_first:?}");
    assert!(texts_of_first[1].ends_with(" sec, from 8 points of 1 run"), "{texts_of_first:?}");
    let (_, program, outcome) = after(30, &["-v"]);
    let texts = texts(&program, &outcome);
    assert_eq!(texts.len(), 3, "{texts:?}");
    let frequency = texts[0].strip_prefix("discipline: frequency -").expect("a negative one");
    let (value, rest) = frequency.split_once(" +/- ").expect("an uncertainty");
    assert!((value.parse::<f64>().expect("a number") - 20.0).abs() < 0.5, "{texts:?}");
    assert!(rest.contains(" ppm, set, the kernel had -") && rest.ends_with(" ppm"), "{texts:?}");
    assert!(texts[1].ends_with(" sec, from 240 points of 30 runs"), "{texts:?}");
    assert!(texts[2].starts_with("discipline: in 900 s, at the next run, expect an error of 0.0000"), "{texts:?}");
}

#[test]
fn a_quiet_run_says_only_that_it_forgot() {
    let (world, mut program, outcome) = after(5, &[]);
    assert_eq!(texts(&program, &outcome), [""; 0]);
    world.0.borrow_mut().reboot();
    let outcome = program.run(&world);
    assert_eq!(
        texts(&program, &outcome),
        ["discipline: the runs before this one are forgotten: the machine was booted since"]
    );
}

#[test]
fn the_history_is_a_table_and_a_plot() {
    let (_, program, outcome) = after(3, &[]);
    let history = outcome.taught.expect("a update").update.history;
    let table = history_table(&history, false, &utc);
    println!("{}", table.join("\n"));
    assert_eq!(table.len(), 5);
    assert_eq!(table[0], "time             samples       delay     deviation  server");
    assert!(table[1].starts_with(" 1 Jan 00:15:00        8    0.0004"), "{table:?}");
    assert!(table[1].ends_with("  10.0.0.1"), "{table:?}");
    assert!(table[4].starts_with("frequency -") && table[4].ends_with(" ppm, from 24 points"), "{table:?}");
    let plotted = history_table(&history, true, &utc);
    assert!(plotted[1..4].iter().all(|line| line.contains('*')), "{plotted:?}");
    assert_eq!(history_table(&rntpdate::internals::discipline::History::default(), true, &utc), ["no runs are stored"]);
    drop(program);
}
