//! Slews: their rate, their end, and what becomes of those begun before.

use super::{Lab, assert_set, guest, moved, result};
use crate::support::guest::GuestRun;

/// The movement of the clock since the first of `TIME raw REALTIME_MINUS_RAW` lines: seconds passed, seconds moved.
fn course(run: &GuestRun, name: &str) -> Vec<(f64, f64)> {
    let values = |key: &str| -> Vec<f64> {
        let lines = super::lines(run, &format!("{name}-{key}"));
        lines.iter().map(|value| value.parse::<f64>().expect("a number") / 1e9).collect()
    };
    let (raw, moved) = (values("raw"), values("realtime_minus_raw"));
    raw.iter().zip(&moved).map(|(at, by)| (at - raw[0], by - moved[0])).collect()
}

#[test]
fn slews_by_500_ppm_to_the_end_and_no_further() {
    let Some(lab) = Lab::new() else { return };
    let script = "
        rntpdate -b $host >/dev/null; residual start
        probe step 0.3; run large rntpdate $host; sleep 1.1
        for _ in 1 2 3 4 5 6 7; do clocks large; sleep 1; done; state large
        rntpdate -b $host >/dev/null
        probe step 0.01; run small rntpdate $host
        for _ in $(seq 48); do clocks small; sleep 0.5; done; state small; residual small";
    let run = guest(&lab, script).run();
    assert_set(&run, "start");

    // The kernel slews by the second: the first look comes when it has begun.
    let (verb, offset) = result(&run, "large");
    let course_of_large = course(&run, "large");
    let (seconds, by) = course_of_large[course_of_large.len() - 1];
    let ppm = by / seconds * 1e6;
    println!("offset {offset:+.6} s: {verb}, {ppm:.2} ppm over {seconds:.2} s");
    println!("left in the kernel: {} us", run.number("large-adjtime_us"));
    assert_eq!(verb, "adjust");
    assert!((offset + 0.3).abs() < 0.005, "{offset}");
    assert!((ppm + 500.0).abs() < 5.0, "{ppm} ppm");
    assert!((-300_000.0..=-290_000.0).contains(&run.number("large-adjtime_us")), "{}", run.console);

    let (verb, offset) = result(&run, "small");
    let course_of_small = course(&run, "small");
    let least = course_of_small.iter().fold(0.0_f64, |least, (_, by)| least.min(*by));
    let (seconds, end) = course_of_small[course_of_small.len() - 1];
    println!("offset {offset:+.6} s: {verb}, moved {end:+.6} s in {seconds:.1} s, at the most {least:+.6} s");
    assert_eq!(verb, "adjust");
    // A part of a second passes between the start of the slew and the first look.
    assert!(seconds > 22.0 && (end - offset).abs() < 0.001, "{course_of_small:?}");
    assert!(least > offset - 0.0005, "it overshoots: {course_of_small:?}");
    assert_eq!(run.number("small-adjtime_us"), 0.0);
    let residual = run.number("small-residual");
    println!("residual {:+.3} ms", residual * 1e3);
    assert!(residual.abs() < 0.002, "{}", run.console);
}

#[test]
fn what_is_left_of_earlier_slews_is_dropped() {
    let Some(lab) = Lab::new() else { return };
    let script = "
        rntpdate -b $host >/dev/null; residual start
        probe adjtime 5; state adjtime-before; probe step -0.01
        run adjtime rntpdate $host; state adjtime-after
        rntpdate -b $host >/dev/null
        probe step 0.05; probe phase 0.4; sleep 1.2; state phase-before
        run phase rntpdate $host; state phase-after
        sleep 1.1; clocks a; sleep 3; clocks b
        probe phase 0.4; probe adjtime -3; run step rntpdate -b $host; state step-after
        clocks c; sleep 3; clocks d; residual end";
    let run = guest(&lab, script).run();
    assert_set(&run, "start");
    println!("pending before: adjtime {} us", run.number("adjtime-before-adjtime_us"));
    assert!(run.number("adjtime-before-adjtime_us") > 4.9e6);
    let (verb, offset) = result(&run, "adjtime");
    let left = run.number("adjtime-after-adjtime_us");
    println!("{verb} {offset:+.6} s, pending after: {left} us");
    assert_eq!(verb, "adjust");
    assert!((left - offset * 1e6).abs() < 1000.0, "{}", run.console);

    println!("pending before: phase {} us", run.number("phase-before-offset_us"));
    assert!(run.number("phase-before-offset_us") > 300_000.0, "{}", run.console);
    let (_, offset) = result(&run, "phase");
    let left = run.number("phase-after-adjtime_us");
    assert!((left - offset * 1e6).abs() < 1000.0, "{}", run.console);
    println!(
        "offset {offset:+.6} s, pending after: phase {} us, adjtime {left} us",
        run.number("phase-after-offset_us")
    );
    assert_eq!(run.number("phase-after-offset_us"), 0.0, "{}", run.console);
    // The kernel shares the phase out by the second: what it has for the current one stays. In the next three it would
    // have moved the clock by four milliseconds and a half in addition, the other way.
    let seconds = (run.number("b-raw") - run.number("a-raw")) / 1e9;
    let (by, expected) = (moved(&run, "a", "b"), -500e-6 * seconds);
    println!("then moved {by:+.6} s in {seconds:.3} s, by its own slew alone it is {expected:+.6} s");
    assert!((by - expected).abs() < 0.0002, "{}", run.console);

    result(&run, "step");
    println!(
        "after a step: phase {} us, adjtime {} us",
        run.number("step-after-offset_us"),
        run.number("step-after-adjtime_us")
    );
    println!("then moved {:+.6} s", moved(&run, "c", "d"));
    assert_set(&run, "end");
    assert!(moved(&run, "c", "d").abs() < 0.0005, "{}", run.console);
}
