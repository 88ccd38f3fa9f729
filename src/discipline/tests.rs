//! Histories made up point by point.

use std::time::Duration;

use proptest::prelude::*;

use super::bounds::MAX_MOVE;
use super::history::Frequency;
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
        root_distance: Interval::ZERO,
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
fn taught(frequency: f64, interval: f64, runs: usize) -> Update {
    let mut history = History::default();
    let mut update = None;
    for number in 0..runs {
        let raw = 100.0 + number as f64 * interval;
        let learned = learn(&history, &run(raw, frequency * raw)).unwrap();
        history = learned.history.clone();
        update = Some(learned);
    }
    update.unwrap()
}

fn assert_close(a: f64, b: f64, tolerance: f64) {
    assert!((a - b).abs() <= tolerance, "{a} is not {b} within {tolerance}");
}

#[test]
fn one_run_teaches_the_offset_and_no_frequency() {
    let update = taught(80e-6, 900.0, 1);
    assert!(!update.is_known && update.dropped.is_none() && update.expected_error.is_none());
    let now = Reading { real: Time::from_unix(1_800_000_000, 0), raw: Duration::from_secs(100) };
    // The clock should be at EPOCH + 100 s + 8 ms.
    assert_eq!(update.offset_at(&now), Interval::from_secs(100) + Interval::from_micros(8000));
}

#[test]
fn two_runs_teach_the_frequency_whatever_the_interval() {
    for interval in [60.0, 900.0, 3600.0, 86_400.0] {
        for frequency in [-400e-6, -1e-6, 80e-6] {
            let update = taught(frequency, interval, 2);
            assert!(update.is_known, "{interval} s");
            assert_close(update.frequency.value, frequency, 3.0 * update.frequency.uncertainty + 1e-9);
            assert_eq!(update.interval, Some(Duration::from_secs_f64(interval)));
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
        let update = learn(&History::from_frequency(start), &burst(100.0, 20e-6, 300e-6)).unwrap();
        assert_eq!((update.frequency, update.is_known), (start, is_known));
        let offset = update.server_minus_raw_at(Duration::from_secs(106)) - burst(106.0, 20e-6, 0.0).server_minus_raw;
        assert!(offset.abs() < Interval::from_micros(200), "{offset:?}");
    }
}

#[test]
fn first_runs_a_few_seconds_apart_teach_no_frequency_until_a_minute_is_over() {
    for queue in [10e-6, 300e-6] {
        let mut history = History::default();
        let mut known = 0;
        for number in 0..16 {
            let update = learn(&history, &burst(100.0 + f64::from(number) * 12.0, 20e-6, queue)).unwrap();
            let points = &update.history.points;
            let spanned = (points[points.len() - 1].raw - points[0].raw).as_secs_f64();
            assert!(!update.is_known || spanned >= 60.0, "{spanned} s");
            if update.is_known {
                known += 1;
                assert_close(update.frequency.value, 20e-6, queue / 30.0);
            }
            history = update.history;
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
    let update = learn(&before.history, &rebooted).unwrap();
    assert_eq!((update.dropped, update.frequency.value), (Some(Dropped::Reboot), start.value));
    let mut later = burst(1000.0, 20e-6, 300e-6);
    later.points.iter_mut().for_each(|point| point.server_minus_raw += Interval::from_secs(3));
    let jump = learn(&before.history, &later).unwrap();
    assert!(matches!(jump.dropped, Some(Dropped::Jump(_))), "{:?}", jump.dropped);
    assert_close(jump.frequency.value, start.value, 1e-12);
    assert!(!jump.is_known);
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
        let update = learn(&before.history, &run).unwrap();
        assert_eq!((update.dropped, update.points, update.is_known), (Some(reason), 1, true));
        assert_close(update.frequency.value, 80e-6, 1e-8);
        assert!(update.frequency.uncertainty > before.frequency.uncertainty);
        let offset = update.server_minus_raw_at(run.raw) - run.server_minus_raw;
        assert!(offset.abs() < Interval::from_nanos(2000), "{offset:?}");
    }
}

#[test]
fn a_jump_against_few_runs_drops_them_and_the_next_run_is_believed() {
    let before = taught(20e-6, 900.0, 3);
    let raw = 100.0 + 2700.0;
    let jump = learn(&before.history, &run(raw, 20e-6 * raw + 0.05)).unwrap();
    let by = |by: Interval| (by.micros() - 50_000).abs() < 100;
    assert!(matches!(jump.dropped, Some(Dropped::Jump(error)) if by(error)), "{:?}", jump.dropped);
    assert!(jump.history.settling && jump.points == 1);
    assert_close(jump.frequency.value, 20e-6, 1e-8);
    assert_close(jump.frequency.uncertainty, 0.05 / 900.0, 1e-6);
    let next = learn(&jump.history, &run(raw + 900.0, 20e-6 * (raw + 900.0) + 0.05)).unwrap();
    assert!(next.dropped.is_none() && !next.history.settling);
    assert_close(next.frequency.value, 20e-6, 1e-7);
}

/// After 64 runs a quarter of an hour apart, runs in which the server is ahead by so much: what each teaches. The clock follows
/// the server within the tolerance.
fn after_many(ahead: &[f64], tolerance: f64) -> Vec<Update> {
    let mut history = taught(20e-6, 900.0, 64).history;
    let mut updates = Vec::new();
    for (number, ahead) in (64..).zip(ahead) {
        let raw = 100.0 + f64::from(number) * 900.0;
        let update = learn(&history, &run(raw, 20e-6 * raw + ahead)).unwrap();
        let offset = (update.server_minus_raw_at(Duration::from_secs_f64(raw))
            - run(raw, 20e-6 * raw).server_minus_raw)
            .as_secs_f64();
        assert_close(offset, *ahead, tolerance);
        history = update.history.clone();
        updates.push(update);
    }
    updates
}

#[test]
fn many_runs_are_not_thrown_away_for_one_or_two_that_lie() {
    for lies in [&[0.3][..], &[0.3, 0.3], &[0.3, 0.6], &[-2.0, 2.0], &[0.004, 0.0041]] {
        let updates = after_many(&[lies, &[0.0, 0.0]].concat(), 20e-6);
        assert!(matches!(updates[0].dropped, Some(Dropped::Doubted(_))), "{:?}", updates[0].dropped);
        for update in &updates {
            assert_close(update.frequency.value, 20e-6, MAX_MOVE + 1e-12);
            assert!(update.is_known, "{update:?}");
        }
        let [.., back, last] = &updates[..] else { panic!("at least three") };
        assert_eq!(back.dropped, Some(Dropped::Back(lies.len())));
        assert!(last.dropped.is_none() && last.runs >= 62, "{last:?}");
        assert_close(last.frequency.value, 20e-6, 1e-8);
    }
}

#[test]
fn a_jump_that_stays_costs_no_frequency() {
    let updates = after_many(&[0.3; 12], 20e-6);
    for update in &updates {
        assert_close(update.frequency.value, 20e-6, 0.1e-6);
    }
    assert!(updates[1..].iter().all(|update| update.dropped.is_none() && update.runs == 64));
}

#[test]
fn a_frequency_that_has_changed_is_followed_step_by_step() {
    // By 50 ppm, as when the kernel has another clock source.
    let ahead: Vec<f64> = (1..=8).map(|run| f64::from(run) * 50e-6 * 900.0).collect();
    let updates = after_many(&ahead, 1e-3);
    assert!(matches!(updates[0].dropped, Some(Dropped::Doubted(_))));
    assert!(matches!(updates[1].dropped, Some(Dropped::Frequency(by)) if (by - 50e-6).abs() < 1e-6));
    let mut last = 20e-6;
    for update in &updates {
        assert_close(update.frequency.value, last, MAX_MOVE + 1e-12);
        last = update.frequency.value;
    }
    assert_close(last, 70e-6, 0.2e-6);
}

#[test]
fn one_sample_with_a_wrong_stamp_does_not_spoil_the_windows_of_all_others() {
    let crowd = |number: u32, stamp: f64| {
        let raw = 100.0 + f64::from(number) * 900.0;
        let mut crowd = run(raw, 20e-6 * raw);
        // Ways of 0.2 ms and up to 0.07 ms of queues, other ones each time.
        let queue = |way: u32| f64::from((number * 37 + way * 101) % 71) * 1e-6;
        crowd.points = (0..8)
            .map(|sample| {
                let (there, back) = (200e-6 + queue(sample), 200e-6 + queue(sample + 11));
                let back = if sample == 0 { back - stamp } else { back };
                point(raw, 20e-6 * raw + (there - back) / 2.0, there + back)
            })
            .collect();
        crowd
    };
    let uncertainty = |stamp: f64| {
        let mut history = History::default();
        let mut last = None;
        for number in 0..60 {
            let update = learn(&history, &crowd(number, if number == 20 { stamp } else { 0.0 })).unwrap();
            assert_eq!(update.dropped, None);
            history = update.history.clone();
            last = Some(update);
        }
        last.unwrap().offset_uncertainty.as_secs_f64()
    };
    let (good, spoilt) = (uncertainty(0.0), uncertainty(150e-6));
    assert!(spoilt < 1.5 * good, "{spoilt:e} instead of {good:e}");
}

#[test]
fn a_history_of_the_version_before_is_read_on() {
    let history = taught(20e-6, 900.0, 5).history;
    let text = render(&History { told: None, ..history.clone() });
    let body = text.split_once("end ").unwrap().0;
    let body = body.replace("rntpdate-history 2", "rntpdate-history 1").replace(" 0.000000000 192", " 0.001234000 192");
    let read = parse(&format!("{body}end {:016x}\n", text::checksum(&body))).unwrap();
    assert_eq!(read.points, parse(&text).unwrap().points);
    let raw = 100.0 + 5.0 * 900.0;
    let update = learn(&read, &run(raw, 20e-6 * raw)).unwrap();
    assert_eq!((update.runs, update.dropped), (6, None));
    assert!(render(&update.history).starts_with("rntpdate-history 2\n"));
}

#[test]
fn steps_are_kept_as_comments_and_teach_nothing() {
    let mut history = taught(20e-6, 900.0, 5).history;
    let plain = render(&history);
    history.note_step(Interval::from_secs(-2));
    history.note_step(Interval::from_micros(700_000));
    let text = render(&history);
    let step = format!("# step {} 0.700000000\n", history.points.last().unwrap().run);
    assert_eq!(text.matches("# step").count(), 1, "one run steps once: {text}");
    assert!(text.contains(&step), "{text}");
    let read = parse(&text).unwrap();
    assert_eq!((&read.steps, &read.points), (&history.steps, &parse(&plain).unwrap().points));
    let raw = 100.0 + 5.0 * 900.0;
    let [with, without] = [&text, &plain].map(|text| learn(&parse(text).unwrap(), &run(raw, 20e-6 * raw)).unwrap());
    assert_eq!((with.frequency, with.history.steps.len()), (without.frequency, 1));
    for bad in [
        "# step",
        "# step 1",
        "# step x 0.700000000",
        "# step 1 1e9",
        "# step 1 9999999999.000000000",
        "# step 1 0.700000000 x",
    ] {
        let body = text.replace(&step, &format!("{bad}\n"));
        let body = body.rsplit_once("end ").unwrap().0;
        let read = parse(&format!("{body}end {:016x}\n", text::checksum(body))).unwrap();
        assert_eq!(read.steps, [], "{bad} is a comment");
    }
    let mut grown = history.clone();
    for number in 0..100 {
        let raw = 100.0 + f64::from(number + 5) * 900.0;
        grown = learn(&grown, &run(raw, 20e-6 * raw)).unwrap().history;
        grown.note_step(Interval::from_secs(1));
    }
    assert!(grown.steps.len() <= MAX_RUNS && grown.steps.len() == grown.runs(), "{}", grown.steps.len());
    assert_eq!(parse(&render(&grown)).unwrap().steps, grown.steps);
}

#[test]
fn what_the_servers_error_bound_excludes_is_not_believed() {
    let before = taught(20e-6, 86_400.0, 10);
    let raw = 100.0 + 864_000.0;
    // 200 ms are no jump after a day, but more than this run can be wrong by.
    let mut run = run(raw, 20e-6 * raw + 0.2);
    run.points[0].delay = Interval::from_secs_f64(1.0);
    run.bound = Interval::from_secs_f64(0.1);
    let update = learn(&before.history, &run).unwrap();
    assert!(matches!(update.dropped, Some(Dropped::Doubted(_))), "{:?}", update.dropped);
    assert!((update.server_minus_raw_at(run.raw) - run.server_minus_raw).abs() < run.bound);
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
        let update = learn(&history, &other).unwrap();
        assert!(update.dropped.is_none(), "{:?}", update.dropped);
        let offset = update.server_minus_raw_at(other.raw) - other.server_minus_raw;
        assert!(offset.abs() < Interval::from_micros(100), "follows the new server: {offset:?}");
        frequency = update.frequency.value;
        history = update.history;
    }
    assert_close(frequency, 20e-6, 1e-8);
}

#[test]
fn days_without_a_run_widen_the_error_and_nothing_more() {
    let before = taught(20e-6, 900.0, 20);
    let raw = 100.0 + 19.0 * 900.0 + 5.0 * 86_400.0;
    // The oscillator went 0.1 ppm faster meanwhile.
    let update = learn(&before.history, &run(raw, 20e-6 * raw + 0.1e-6 * 5.0 * 86_400.0)).unwrap();
    assert_eq!((update.dropped, update.points), (None, 21));
    let offset =
        update.server_minus_raw_at(Duration::from_secs_f64(raw)) - run(raw, 20e-6 * raw + 0.0432).server_minus_raw;
    assert!(offset.abs() < Interval::from_micros(10), "{offset:?}");
    assert!((19.9e-6..20.4e-6).contains(&update.frequency.value), "{:?}", update.frequency);
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
        both.points.iter_mut().for_each(|point| point.root_distance = Interval::from_micros(1500));
        let update = learn(&history, &both).unwrap();
        assert!(update.dropped.is_none(), "run {number}: {:?}", update.dropped);
        let middle = (update.server_minus_raw_at(both.raw) - both.server_minus_raw).micros();
        assert!((0..3000).contains(&middle), "{middle}");
        history = update.history;
    }
}

#[test]
fn a_text_that_was_changed_is_not_read() {
    let text = render(&taught(20e-6, 900.0, 3).history);
    assert_eq!(parse(&text.replace("point 2", "point 3")), Err(BadHistory::Checksum));
    assert_eq!(parse(text.trim_end()), Err(BadHistory::Checksum));
    assert_eq!(parse(&text.replace("rntpdate-history 2", "rntpdate-history 3")), Err(BadHistory::Version));
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
    assert!(sealed("break 3 phase\nbreak 5 frequency 33.5 ppm\n").is_ok());
    assert_eq!(sealed("break 3 phase\nbreak 3 phase\n"), Err(BadHistory::Range(3)));
    assert_eq!(sealed("break 3 frequency 501 ppm\n"), Err(BadHistory::Range(2)));
    assert_eq!(sealed("break 3 frequency nan ppm\n"), Err(BadHistory::Range(2)));
    assert_eq!(sealed("break 3 colour\n"), Err(BadHistory::Line(2)));
    assert_eq!(sealed("told 5 0 ppm\n"), Err(BadHistory::Range(2)));
    assert_eq!(sealed(&format!("{good}{}", good.replace("5.0", "4.0"))), Err(BadHistory::Range(3)), "goes back");
    assert_eq!(sealed(&good.replace(" 7.0", " 99999999999.0")), Err(BadHistory::Range(2)));
    assert_eq!(sealed(&good.replace(" 7.0", " -7e9")), Err(BadHistory::Line(2)));
    assert_eq!(sealed(&good.repeat(MAX_POINTS + 1)), Err(BadHistory::TooLong));
}

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
