//! What each function does to the chip, the clock and the kernel's timezone.

use super::*;

#[test]
fn show_carries_the_chip_back_to_the_start_and_get_corrects_it() {
    let mut desk = Desk::new(&format!("1.5 {} 0.7\n0\nUTC\n", NOW - 86_400), 10);
    let (out, err) = desk.run("");
    assert_eq!((&out[..23], err.as_str()), ("2026-11-23 09:59:50.499", ""), "{out}");
    let mut desk = Desk::new(&format!("1.5 {} 0.7\n0\nUTC\n", NOW - 86_400), 10);
    // 9:59:50.5 and 2.2 s of drift.
    assert_eq!(&desk.run("--get").0[..22], "2026-11-23 09:59:52.69");
}

#[test]
fn systohc_is_silent_exact_and_keeps_the_factor() {
    let mut desk = Desk::new("1.5 7 0.3\n8\nUTC\n", 3600);
    assert_eq!(desk.run("-w"), (String::new(), String::new()));
    assert!(micros(desk.board.chip_error()).abs() < 100);
    assert_eq!(desk.adjtime(), format!("1.500000 {0} 0.000000\n{0}\nUTC\n", NOW + 1));
}

#[test]
fn systohc_in_local_time_says_so_in_the_file() {
    let mut desk = Desk::new("", 0);
    desk.zone = Box::new(chrono::FixedOffset::east_opt(7200).unwrap());
    desk.run("-w --localtime");
    let (time, _) = desk.board.0.borrow().writes[0];
    assert_eq!(time.to_string(), "2026/11/23 12:00:01");
    assert!(desk.adjtime().ends_with("\nLOCAL\n"));
    // The first write looks at the tick that follows it.
    assert_eq!(&desk.run("--show").0[..19], "2026-11-23 12:00:02");
}

#[test]
fn drift_is_calibrated_when_asked() {
    let two_days_ago = NOW - 172_800;
    let mut desk = Desk::new(&format!("0 {two_days_ago} 0\n{two_days_ago}\nUTC\n"), 4);
    let (out, _) = desk.run("-w -v --update-drift");
    assert!(out.contains("Clock drifted 3.9999"), "{out}");
    let factor: f64 = desk.adjtime().split_whitespace().next().unwrap().parse().unwrap();
    assert!((factor - 2.0).abs() < 0.001, "{factor}");
}

#[test]
fn set_means_the_moment_of_the_start() {
    let mut desk = Desk::new("", 0);
    desk.run("--set --date=@1000000000.25");
    let passed = desk.board.now().real - Time::from_unix(NOW, 500_000_000);
    let truth = Time::from_unix(1_000_000_000, 250_000_000) + passed;
    let error = desk.board.0.borrow().chip_error(truth);
    assert!(micros(error).abs() < 100, "{error}");
}

#[test]
fn adjust_acts_from_one_second_on() {
    let day_ago = NOW - 86_400;
    let mut desk = Desk::new(&format!("0.9 {day_ago} 0\n5\nUTC\n"), 0);
    let said = desk.run("-a").0;
    assert_eq!(said, "Needed adjustment is less than one second, so not setting clock.\n");
    assert_eq!(desk.writes(), 0);

    let mut desk = Desk::new(&format!("-3 {day_ago} 0\n5\nUTC\n"), 0);
    assert_eq!(desk.run("-a").0, "");
    assert!((desk.board.chip_error() + Interval::from_secs(3)).abs() < Interval::from_micros(1000));
    let words: Vec<String> = desk.adjtime().split_whitespace().map(str::to_owned).collect();
    assert_eq!((words[0].as_str(), words[2].as_str(), words[3].as_str()), ("-3.000000", "0.000000", "5"));
    assert!((words[1].parse::<i64>().unwrap() - (NOW - 2)).abs() <= 1, "{words:?}");
}

#[test]
fn adjust_refuses_what_cannot_be_true() {
    let refused = |adjtime: &str, reason: &str| {
        let mut desk = Desk::new(adjtime, 0);
        assert!(desk.run("-a").0.contains(reason), "{adjtime}");
        assert_eq!((desk.writes(), desk.adjtime().as_str()), (0, adjtime));
        // Nor is it believed elsewhere.
        let (out, err) = desk.run("--get");
        assert!(out.starts_with("2026-11-23 10:00:0"), "{out}");
        assert!(err.starts_with("rhwclock: Warning: not correcting the drift: "), "{err}");
    };
    refused("9999 1795341600 0\n0\nUTC\n", "drift factor 9999.000000 is far too high");
    refused("1.5 0 0\n0\nUTC\n", "last adjustment time is zero");
}

#[test]
fn hctosys_sets_clock_and_kernel_timezone() {
    let mut desk = Desk::new(&format!("1 {} 0\n0\nUTC\n", NOW - 86_400), 1000);
    desk.zone = Box::new(chrono::FixedOffset::east_opt(3600).unwrap());
    let before = desk.board.now();
    assert_eq!(desk.run("-s"), (String::new(), String::new()));
    let after = desk.board.now();
    let moved = after.moved_since(&before);
    // Chip 1000 s behind, drift 1 s a day for a day less 1000 s.
    let expected = Interval::from_micros(-1_000_000_000 + 988_426);
    assert!((moved - expected).abs() < Interval::from_micros(200), "{moved}");
    assert_eq!(desk.board.0.borrow().zones, [0, -60]);
}

#[test]
fn systz_touches_nothing_but_the_timezone() {
    let mut desk = Desk::new("0 0 0\n0\nLOCAL\n", 1000);
    desk.zone = Box::new(chrono::FixedOffset::west_opt(5 * 3600).unwrap());
    let before = desk.board.now();
    desk.run("--systz");
    assert_eq!(desk.board.0.borrow().zones, [300]);
    desk.run("--systz -u");
    assert_eq!(desk.board.0.borrow().zones, [300, 0, 300]);
    assert_eq!(desk.board.now().moved_since(&before), Interval::ZERO);
}

#[test]
fn only_the_functions_that_say_so_set_the_timezone() {
    let mut desk = Desk::new("", 0);
    desk.zone = Box::new(chrono::FixedOffset::east_opt(3600).unwrap());
    for function in ["-r", "--get", "-w", "-w -l", "--set --date=now", "-a", "--predict --date=now", "--vl-read"] {
        desk.run(function);
        assert_eq!(desk.board.0.borrow().zones, [0_i32; 0], "{function}");
    }
}

#[test]
fn predict_says_what_the_chip_will_read() {
    let mut desk = Desk::new("1.5 1795341600 0.7\n1795341600\nUTC\n", 0);
    assert_eq!(desk.run("--predict --date=2026-12-25").0, "2026-12-24 23:59:10.425000+00:00\n");
}

#[test]
fn chip_functions_print_what_hwclock_prints() {
    let mut desk = Desk::new("", 0);
    assert_eq!(desk.run("--param-get bsm --param-index 1").0, "The RTC parameter 0x2 is set to 0x21.\n");
    assert_eq!(desk.run("--vl-read").0, "0x02 - backup voltage is low\n");
    assert_eq!(desk.run("--vl-clear").0, "");
}

#[test]
fn a_delay_of_a_minute_and_more_waits_for_no_minute() {
    let mut desk = Desk::new("", 0);
    let begun = desk.board.now().raw;
    desk.run("-w -u --delay=99");
    assert!(desk.board.now().raw - begun < std::time::Duration::from_secs(3));
    let (time, _) = desk.board.0.borrow().writes[0];
    assert_eq!(time.as_unix(), NOW + 1 - 99);
}
