//! Runs that do not fit the others: reboots, jumps, lies, other servers, long pauses.

use super::*;

#[test]
fn a_burst_is_no_reason_to_see_a_jump_in_the_next_run() {
    for wait in [20.0, 50.0, 900.0] {
        let first = learn(&History::default(), &burst(100.0, 20e-6, 300e-6)).unwrap();
        let second = learn(&first.history, &burst(106.0 + wait, 20e-6, 300e-6)).unwrap();
        assert_eq!((second.dropped, second.is_known), (None, wait + 12.0 >= 60.0), "{wait} s");
    }
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
