//! What runs teach of the frequency, and when it is known.

use super::*;

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
fn the_expected_error_grows_with_the_interval() {
    let errors = [60.0, 900.0, 86_400.0].map(|interval| taught(20e-6, interval, 20).expected_error.unwrap());
    assert!(errors[0] < errors[1] && errors[1] < errors[2], "{errors:?}");
    assert!(errors[0] > Interval::ZERO && errors[1] < Interval::from_micros(100), "{errors:?}");
}
