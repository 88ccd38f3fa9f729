//! What holds for every history that there can be.

use proptest::prelude::*;

use super::*;

fn any_point() -> impl Strategy<Value = Point> {
    let times = (0.0..3e9_f64, -2.0..2.0_f64, 0.0..16.0_f64, 0.0..16.0_f64);
    (times, 0..4_u8).prop_map(|((raw, error, delay, root_distance), server)| Point {
        server: [192, 0, 2, server].into(),
        root_distance: Interval::from_secs_f64(root_distance),
        ..point(raw, error * raw.min(1e4), delay)
    })
}

fn any_run() -> impl Strategy<Value = Run> {
    (prop::collection::vec(any_point(), 1..=MAX_POINTS_OF_RUN), 0.0..10.0_f64).prop_map(|(points, bound)| Run {
        raw: points[0].raw,
        server_minus_raw: points[0].server_minus_raw,
        boot: boot(),
        bound: Interval::from_secs_f64(bound),
        points,
    })
}

/// By how much a server is ahead, how long the packets take, in which boot, and which server it is.
fn any_lie() -> impl Strategy<Value = (f64, f64, &'static str, u8)> {
    let ahead = prop_oneof![Just(0.0), -1e-3..1e-3_f64, -1.0..1.0_f64, -1e5..1e5_f64];
    let delay = prop_oneof![Just(0.001), 0.0..16.0_f64];
    (ahead, delay, prop_oneof![9 => Just("b0075"), 1 => Just("another")], prop_oneof![4 => Just(1_u8), 1 => Just(2)])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_comes_estimates_stay_within_their_limits(mut runs in prop::collection::vec(any_run(), 1..12), sorted in any::<bool>()) {
        if sorted {
            runs.sort_by_key(|run| run.raw);
            for run in &mut runs {
                run.points.retain(|point| point.raw == run.raw);
            }
        }
        let mut history = History::default();
        for run in &runs {
            let update = learn(&history, run).unwrap();
            prop_assert!(update.frequency.value.abs() <= MAX_FREQUENCY);
            prop_assert!(update.frequency.uncertainty > 0.0 && update.frequency.uncertainty.is_finite());
            prop_assert!(update.offset_uncertainty > Interval::ZERO);
            prop_assert!(update.expected_error.is_none_or(|error| error > Interval::ZERO));
            prop_assert!(update.points <= MAX_POINTS && update.runs <= MAX_RUNS);
            history = update.history;
            let written = render(&history);
            let again = parse(&written).unwrap();
            prop_assert_eq!(render(&again), written, "not the same bytes when written anew");
            prop_assert_eq!(again.points.len(), history.points.len());
        }
    }

    #[test]
    fn no_run_moves_a_known_frequency_far_or_beyond_what_was_measured(
        good in 0..70_usize,
        wait in 1.0..90_000.0_f64,
        lies in prop::collection::vec((any_lie(), 1.0..4000.0_f64), 1..8),
        told in prop::option::of((-500e-6..500e-6_f64, 1e-9..500e-6_f64)),
        start in prop::option::of((-500e-6..500e-6_f64, 1e-9..500e-6_f64)),
    ) {
        let frequency = |(value, uncertainty)| Frequency { value, uncertainty };
        let mut history = if good == 0 { History::default() } else { taught(20e-6, 300.0, good).history };
        (history.told, history.start) = (told.map(frequency).or(history.told), start.map(frequency).or(history.start));
        let mut raw = 100.0 + good as f64 * 300.0 + wait;
        for ((ahead, delay, boot, server), interval) in lies {
            raw += interval;
            let mut run = run(raw, 20e-6 * raw + ahead);
            (run.points[0].delay, run.boot.id) = (Interval::from_secs_f64(delay), boot.to_owned());
            run.points[0].server = [192, 0, 2, server].into();
            let update = learn(&history, &run).unwrap();
            let value = update.frequency.value;
            prop_assert!(value.abs() <= MAX_FREQUENCY);
            let known = history.told.filter(|told| told.uncertainty <= 10e-6);
            if let Some(told) = known {
                prop_assert!((value - told.value).abs() <= MAX_MOVE + 1e-12, "from {told:?} to {value:e}");
            }
            if let Some((low, high)) = bounds::measured(&update.history) {
                let from = known.map_or(low, |told| told.value.min(low)) - 3e-6 - 1e-12;
                let to = known.map_or(high, |told| told.value.max(high)) + 3e-6 + 1e-12;
                prop_assert!((from.max(-MAX_FREQUENCY)..=to.min(MAX_FREQUENCY)).contains(&value) || from > 500e-6 || to < -500e-6, "{from:e} {value:e} {to:e}");
            }
            // What is kept is what the next run reads.
            history = parse(&render(&update.history)).unwrap();
        }
    }

    #[test]
    fn the_order_of_points_does_not_matter(run in any_run(), shift in 0..8_usize) {
        let mut turned = run.clone();
        let places = turned.points.len();
        turned.points.rotate_left(shift % places);
        let history = History::default();
        prop_assert_eq!(learn(&history, &run), learn(&history, &turned));
    }

    #[test]
    fn no_text_is_too_strange(text in "\\PC{0,200}", lines in prop::collection::vec("[a-z]{4,8}( [-+.0-9a-f]{1,9}){0,7}", 0..5)) {
        let _ = parse(&text);
        let body = format!("{}\n{}\n", text::TITLE, lines.join("\n"));
        let _ = parse(&format!("{body}end {:016x}\n", text::checksum(&body)));
        let _ = parse_drift_file(&text);
    }
}
