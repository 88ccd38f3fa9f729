//! Histories made up point by point.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::time::{Interval, Reading, Time};

const SERVER: &str = "192.0.2.1";
/// The servers' time when the raw clock says 0.
const EPOCH: f64 = 1_800_000_000.0;

fn boot() -> Boot {
    Boot { id: "b0075".to_owned(), suspended: Duration::ZERO }
}

fn point(raw: f64, error: f64, delay: f64) -> Point {
    Point {
        run: 0,
        raw: Duration::from_secs_f64(raw),
        server_minus_raw: Interval::from_secs_f64(EPOCH) + Interval::from_secs_f64(error),
        delay: Interval::from_secs_f64(delay),
        spread: Interval::ZERO,
        server: SERVER.parse().unwrap(),
    }
}

/// A run with one point, which says that the servers' time is `error` ahead of the epoch and the raw clock.
fn run(raw: f64, error: f64) -> Run {
    let point = point(raw, error, 0.001);
    Run {
        boot: boot(),
        points: vec![point],
        raw: point.raw,
        server_minus_raw: point.server_minus_raw,
        bound: Interval::from_secs(1),
    }
}

/// What is learned from a clock with this frequency, from runs so far apart, beginning at some raw time.
fn taught(frequency: f64, interval: f64, runs: usize) -> Lesson {
    let mut history = History::default();
    let mut lesson = None;
    for number in 0..runs {
        let raw = 100.0 + number as f64 * interval;
        let learned = learn(&history, &run(raw, frequency * raw)).unwrap();
        history = learned.history.clone();
        lesson = Some(learned);
    }
    lesson.unwrap()
}

fn assert_close(a: f64, b: f64, tolerance: f64) {
    assert!((a - b).abs() <= tolerance, "{a} is not {b} within {tolerance}");
}

#[test]
fn one_run_teaches_the_offset_and_no_frequency() {
    let lesson = taught(80e-6, 900.0, 1);
    assert!(!lesson.is_known && lesson.dropped.is_none() && lesson.expected_error.is_none());
    let now = Reading { real: Time::from_unix(1_800_000_000, 0), raw: Duration::from_secs(100) };
    // The clock should be at EPOCH + 100 s + 8 ms.
    assert_eq!(lesson.offset_at(&now), Interval::from_secs(100) + Interval::from_micros(8000));
}

#[test]
fn two_runs_teach_the_frequency_whatever_the_interval() {
    for interval in [60.0, 900.0, 3600.0, 86_400.0] {
        for frequency in [-400e-6, -1e-6, 80e-6] {
            let lesson = taught(frequency, interval, 2);
            assert!(lesson.is_known, "{interval} s");
            assert_close(lesson.frequency.value, frequency, 3.0 * lesson.frequency.uncertainty + 1e-9);
            assert_eq!(lesson.interval, Some(Duration::from_secs_f64(interval)));
        }
    }
}

#[test]
fn a_frequency_that_the_data_do_not_support_is_not_known() {
    // A quarter of a second apart: 3 us of error in each are 17 ppm.
    assert!(!taught(80e-6, 0.25, 2).is_known);
}

/// A run whose points come two seconds apart, with errors of half of `queue` in turn that their delays do not show.
fn burst(first: f64, frequency: f64, queue: f64) -> Run {
    let mut burst = run(first, frequency * first);
    let error = |number: u8| if number.is_multiple_of(2) { -queue / 2.0 } else { queue / 2.0 };
    let raw = |number: u8| first + f64::from(number) * 2.0;
    burst.points = (0..4).map(|number| point(raw(number), frequency * raw(number) + error(number), 0.001)).collect();
    burst.raw = Duration::from_secs_f64(raw(3));
    burst
}

#[test]
fn a_burst_moves_no_frequency_however_it_began() {
    for (value, uncertainty, is_known) in [(20e-6, 200e-6, false), (20e-6, 3e-6, true), (-5e-6, 9e-6, true)] {
        let start = Frequency { value, uncertainty };
        let lesson = learn(&History::from_frequency(start), &burst(100.0, 20e-6, 300e-6)).unwrap();
        assert_eq!((lesson.frequency, lesson.is_known), (start, is_known));
        let offset = lesson.server_minus_raw_at(Duration::from_secs(106)) - burst(106.0, 20e-6, 0.0).server_minus_raw;
        assert!(offset.abs() < Interval::from_micros(200), "{offset:?}");
    }
}

#[test]
fn first_runs_a_few_seconds_apart_teach_no_frequency_until_a_minute_is_over() {
    for queue in [10e-6, 300e-6] {
        let mut history = History::default();
        let mut known = 0;
        for number in 0..16 {
            let lesson = learn(&history, &burst(100.0 + f64::from(number) * 12.0, 20e-6, queue)).unwrap();
            let points = &lesson.history.points;
            let spanned = (points[points.len() - 1].raw - points[0].raw).as_secs_f64();
            assert!(!lesson.is_known || spanned >= 60.0, "{spanned} s");
            if lesson.is_known {
                known += 1;
                assert_close(lesson.frequency.value, 20e-6, queue / 30.0);
            }
            history = lesson.history;
        }
        // Queues that nothing shows may look like jumps, after which all begins anew.
        assert!(known == 11 || queue > 100e-6, "{known}");
    }
}

#[test]
fn a_burst_before_a_reboot_or_a_jump_does_not_move_the_frequency_either() {
    let start = Frequency { value: 15e-6, uncertainty: 3e-6 };
    let before = learn(&History::from_frequency(start), &burst(100.0, 20e-6, 300e-6)).unwrap();
    let mut rebooted = burst(30.0, 20e-6, 300e-6);
    rebooted.boot.id = "other".to_owned();
    let lesson = learn(&before.history, &rebooted).unwrap();
    assert_eq!((lesson.dropped, lesson.frequency.value), (Some(Dropped::Reboot), start.value));
    let mut later = burst(1000.0, 20e-6, 300e-6);
    later.points.iter_mut().for_each(|point| point.server_minus_raw += Interval::from_secs(3));
    let jump = learn(&before.history, &later).unwrap();
    assert!(matches!(jump.dropped, Some(Dropped::Jump(_))), "{:?}", jump.dropped);
    assert_eq!((jump.frequency.value, jump.is_known), (start.value, false));
}

#[test]
fn a_burst_is_no_reason_to_see_a_jump_in_the_next_run() {
    for wait in [20.0, 50.0, 900.0] {
        let first = learn(&History::default(), &burst(100.0, 20e-6, 300e-6)).unwrap();
        let second = learn(&first.history, &burst(106.0 + wait, 20e-6, 300e-6)).unwrap();
        assert_eq!((second.dropped, second.is_known), (None, wait + 12.0 >= 60.0), "{wait} s");
    }
}

#[test]
fn the_expected_error_grows_with_the_interval() {
    let errors = [60.0, 900.0, 86_400.0].map(|interval| taught(20e-6, interval, 20).expected_error.unwrap());
    assert!(errors[0] < errors[1] && errors[1] < errors[2], "{errors:?}");
    assert!(errors[0] > Interval::ZERO && errors[1] < Interval::from_micros(100), "{errors:?}");
}

#[test]
fn no_history_grows_without_end() {
    let history = taught(20e-6, 900.0, 100).history;
    assert_eq!((history.points.len(), history.runs()), (MAX_RUNS, MAX_RUNS));
    let mut crowded = run(1e6, 20.0);
    crowded.points = vec![crowded.points[0]; MAX_POINTS_OF_RUN];
    let mut history = History::default();
    for _ in 0..100 {
        history = learn(&history, &crowded).unwrap().history;
        crowded.points.iter_mut().for_each(|point| point.raw += Duration::from_secs(60));
    }
    assert_eq!(history.points.len(), MAX_POINTS);
}

#[test]
fn a_reboot_and_a_suspension_keep_the_frequency_and_drop_the_points() {
    let before = taught(80e-6, 900.0, 10);
    let mut rebooted = run(30.0, -5.0);
    rebooted.boot.id = "other".to_owned();
    let mut suspended = run(10_000.0, 3600.0);
    suspended.boot.suspended = Duration::from_secs(3600);
    let back = run(50.0, -5.0);
    for (run, reason) in [
        (rebooted, Dropped::Reboot),
        (suspended, Dropped::Suspension(Duration::from_secs(3600))),
        (back, Dropped::RawClock),
    ] {
        let lesson = learn(&before.history, &run).unwrap();
        assert_eq!((lesson.dropped, lesson.points, lesson.is_known), (Some(reason), 1, true));
        assert_close(lesson.frequency.value, 80e-6, 1e-8);
        assert!(lesson.frequency.uncertainty > before.frequency.uncertainty);
        let offset = lesson.server_minus_raw_at(run.raw) - run.server_minus_raw;
        assert!(offset.abs() < Interval::from_nanos(2000), "{offset:?}");
    }
}

#[test]
fn a_jump_of_the_servers_drops_the_points_and_the_next_run_is_believed() {
    let before = taught(20e-6, 900.0, 10);
    let raw = 100.0 + 9000.0;
    let jump = learn(&before.history, &run(raw, 20e-6 * raw + 0.05)).unwrap();
    assert!(
        matches!(jump.dropped, Some(Dropped::Jump(by)) if (by.micros() - 50_000).abs() < 100),
        "{:?}",
        jump.dropped
    );
    assert!(jump.history.settling && jump.points == 1);
    assert_close(jump.frequency.value, 20e-6, 1e-8);
    assert_close(jump.frequency.uncertainty, 0.05 / 900.0, 1e-6);
    let next = learn(&jump.history, &run(raw + 900.0, 20e-6 * (raw + 900.0) + 0.05)).unwrap();
    assert!(next.dropped.is_none() && !next.history.settling);
    assert_close(next.frequency.value, 20e-6, 1e-7);
}

#[test]
fn what_the_servers_error_bound_excludes_is_not_believed() {
    let before = taught(20e-6, 86_400.0, 10);
    let raw = 100.0 + 864_000.0;
    // 200 ms are no jump after a day, but more than this run can be wrong by.
    let mut run = run(raw, 20e-6 * raw + 0.2);
    run.points[0].delay = Interval::from_secs_f64(1.0);
    run.bound = Interval::from_secs_f64(0.1);
    let lesson = learn(&before.history, &run).unwrap();
    assert!(matches!(lesson.dropped, Some(Dropped::Jump(_))), "{:?}", lesson.dropped);
    assert!((lesson.server_minus_raw_at(run.raw) - run.server_minus_raw).abs() < run.bound);
}

#[test]
fn another_server_moves_the_offset_and_not_the_frequency() {
    let before = taught(20e-6, 900.0, 20);
    let mut history = before.history;
    let mut frequency = 0.0;
    for number in 20..24 {
        let raw = 100.0 + f64::from(number) * 900.0;
        let mut other = run(raw, 20e-6 * raw + 0.004);
        other.points[0].server = "192.0.2.99".parse().unwrap();
        other.points[0].delay = Interval::from_secs_f64(0.03);
        let lesson = learn(&history, &other).unwrap();
        assert!(lesson.dropped.is_none(), "{:?}", lesson.dropped);
        let offset = lesson.server_minus_raw_at(other.raw) - other.server_minus_raw;
        assert!(offset.abs() < Interval::from_micros(100), "follows the new server: {offset:?}");
        frequency = lesson.frequency.value;
        history = lesson.history;
    }
    assert_close(frequency, 20e-6, 1e-8);
}

#[test]
fn days_without_a_run_widen_the_error_and_nothing_more() {
    let before = taught(20e-6, 900.0, 20);
    let raw = 100.0 + 19.0 * 900.0 + 5.0 * 86_400.0;
    // The oscillator went 0.1 ppm faster meanwhile.
    let lesson = learn(&before.history, &run(raw, 20e-6 * raw + 0.1e-6 * 5.0 * 86_400.0)).unwrap();
    assert_eq!((lesson.dropped, lesson.points), (None, 21));
    let offset =
        lesson.server_minus_raw_at(Duration::from_secs_f64(raw)) - run(raw, 20e-6 * raw + 0.0432).server_minus_raw;
    assert!(offset.abs() < Interval::from_micros(10), "{offset:?}");
    assert!((19.9e-6..20.4e-6).contains(&lesson.frequency.value), "{:?}", lesson.frequency);
}

#[test]
fn servers_that_differ_do_not_drive_each_other_out() {
    let mut history = History::default();
    for number in 0..20 {
        let raw = 100.0 + f64::from(number) * 900.0;
        let mut both = run(raw, 20e-6 * raw);
        let mut other = point(raw + 0.05, 20e-6 * raw + 0.003, 0.001);
        other.server = "192.0.2.2".parse().unwrap();
        both.points.push(other);
        both.points.iter_mut().for_each(|point| point.spread = Interval::from_micros(1500));
        let lesson = learn(&history, &both).unwrap();
        assert!(lesson.dropped.is_none(), "run {number}: {:?}", lesson.dropped);
        let middle = (lesson.server_minus_raw_at(both.raw) - both.server_minus_raw).micros();
        assert!((0..3000).contains(&middle), "{middle}");
        history = lesson.history;
    }
}

#[test]
fn a_text_that_was_changed_is_not_read() {
    let text = render(&taught(20e-6, 900.0, 3).history);
    assert_eq!(parse(&text.replace("point 2", "point 3")), Err(BadHistory::Checksum));
    assert_eq!(parse(text.trim_end()), Err(BadHistory::Checksum));
    assert_eq!(parse(&text.replace("rntpdate-history 1", "rntpdate-history 2")), Err(BadHistory::Version));
    assert_eq!(parse("0.0 0 0.0\n"), Err(BadHistory::Foreign));
    assert_eq!(parse(""), Err(BadHistory::Foreign));
}

#[test]
fn a_text_with_a_good_checksum_and_impossible_values_is_not_read() {
    let sealed = |lines: &str| {
        let body = format!("{}\n{lines}", text::TITLE);
        parse(&format!("{body}end {:016x}\n", text::checksum(&body)))
    };
    assert!(sealed("boot - suspended 0.000000000\n").is_ok());
    let good = "point 1 5.000000000 7.000000000 0.000000000 0.000000000 ::1\n";
    assert!(sealed(good).is_ok());
    assert_eq!(sealed("start 500.1 1 ppm\n"), Err(BadHistory::Range(2)));
    assert_eq!(sealed("start 5 0 ppm\n"), Err(BadHistory::Range(2)));
    assert_eq!(sealed("start nan 1 ppm\n"), Err(BadHistory::Range(2)));
    assert_eq!(sealed("start 5 1\n"), Err(BadHistory::Line(2)));
    assert_eq!(sealed("sing a song\n"), Err(BadHistory::Line(2)));
    assert_eq!(sealed("settling now\n"), Err(BadHistory::Line(2)));
    assert_eq!(sealed(&format!("{good}{}", good.replace("5.0", "4.0"))), Err(BadHistory::Range(3)), "goes back");
    assert_eq!(sealed(&good.replace(" 7.0", " 99999999999.0")), Err(BadHistory::Range(2)));
    assert_eq!(sealed(&good.replace(" 7.0", " -7e9")), Err(BadHistory::Line(2)));
    assert_eq!(sealed(&good.repeat(MAX_POINTS + 1)), Err(BadHistory::TooLong));
}

fn any_point() -> impl Strategy<Value = Point> {
    let times = (0.0..3e9_f64, -2.0..2.0_f64, 0.0..16.0_f64, 0.0..16.0_f64);
    (times, 0..4_u8).prop_map(|((raw, error, delay, spread), server)| Point {
        server: [192, 0, 2, server].into(),
        spread: Interval::from_secs_f64(spread),
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
            let lesson = learn(&history, run).unwrap();
            prop_assert!(lesson.frequency.value.abs() <= MAX_FREQUENCY);
            prop_assert!(lesson.frequency.uncertainty > 0.0 && lesson.frequency.uncertainty.is_finite());
            prop_assert!(lesson.offset_uncertainty > Interval::ZERO);
            prop_assert!(lesson.expected_error.is_none_or(|error| error > Interval::ZERO));
            prop_assert!(lesson.points <= MAX_POINTS && lesson.runs <= MAX_RUNS);
            history = lesson.history;
            let written = render(&history);
            let again = parse(&written).unwrap();
            prop_assert_eq!(render(&again), written, "not the same bytes when written anew");
            prop_assert_eq!(again.points.len(), history.points.len());
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
