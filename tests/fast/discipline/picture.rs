//! The picture of a day: a cron job that only sets the clock, and one that learns.

use std::path::Path;

use rntpdate::internals::discipline::History;
use rntpdate::internals::report::{Curve, Panel, Picture};

use super::program::Program;
use super::scenarios::{NEAR, QUARTER, S1};
use super::world::World;

const DAY: f64 = 86_400.0;
/// Seconds between two points of a curve.
const STEP: f64 = 150.0;

/// The clock's error in milliseconds over the hours of the first day, and the program's history.
fn day(is_disciplined: bool) -> (Vec<(f64, f64)>, History) {
    let world = World::start(S1, 1);
    let mut program = Program::new(&[], NEAR, is_disciplined);
    let (mut history, mut points) = (History::default(), Vec::new());
    for run in 1..=(DAY / QUARTER) as u32 {
        let outcome = program.run_after(&world, is_disciplined.then_some(&history));
        history = outcome.taught.map(|taught| taught.update.history).unwrap_or(history);
        let next = f64::from(run) * QUARTER;
        let mut state = world.0.borrow_mut();
        while state.time < next {
            let later = (state.time + STEP).min(next);
            state.pass_until(later);
            points.push((state.time / 3600.0, state.real_error * 1e3));
        }
    }
    (points, history)
}

#[test]
fn the_picture_beside_the_table_is_up_to_date() {
    let curve = |name: &str, points| Curve { name: name.to_owned(), points, bounds: Vec::new() };
    let ((plain, _), (ours, _)) = (day(false), day(true));
    let worst = ours.iter().filter(|(hour, _)| *hour > 1.0).map(|(_, error)| error.abs()).fold(0.0, f64::max);
    assert!(worst < 0.2, "{worst} ms after the first hour");
    let curves = vec![curve("each run sets the clock", plain), curve("rntpdate --discipline", ours)];
    let panel = Panel { title: "error of the clock, ms".to_owned(), curves };
    let picture = Picture { panels: vec![panel], events: Vec::new(), time: "hours".to_owned() }.render();
    assert!(picture.len() < 50_000);
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fast/discipline/between-runs.svg");
    if std::env::var_os("RNTPDATE_BLESS").is_some() {
        std::fs::write(&file, &picture).expect("the picture is written");
    }
    // Another C library may round the last digit of a logarithm in another way.
    let kept = std::fs::read_to_string(&file).expect("a picture").len();
    assert!(kept.abs_diff(picture.len()) < picture.len() / 20, "RNTPDATE_BLESS=1 makes it anew");
}

#[test]
fn a_history_is_drawn_with_its_bounds_and_what_happened() {
    let (_, mut history) = day(true);
    history.breaks.push((40, rntpdate::internals::discipline::Break::Phase));
    history.note_step(rntpdate::internals::time::Interval::from_secs(2));
    let svg = rntpdate::internals::report::history_picture(&history).expect("a picture").render();
    assert!(svg.contains("frequency, ppm") && svg.contains("the servers' time jumped"), "{svg}");
    assert!(svg.contains("the clock was stepped by +2.000 s") && svg.contains("hours after the boot"), "{svg}");
    // A bound for each run, beside grid and curves.
    assert!(svg.matches("opacity=\"0.4\"").count() == history.runs(), "{}", svg.matches("opacity").count());
    assert_eq!(rntpdate::internals::report::history_picture(&History::default()), None);
}
