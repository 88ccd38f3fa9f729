//! The write of the clock chip, on a board where time passes only when something is done.

use std::time::Duration;

use crate::support::fake_rtc::{Board, Chip, EINVAL, EIO, FakeRtc};
use proptest::prelude::*;
use rntpdate::internals::machine::Clock as _;
use rntpdate::internals::machine::rtc::{DryRtc, Rtc as _, RtcChange};
use rntpdate::internals::machine::rtc_error::RtcError;
use rntpdate::internals::rhwclock::systohc::{Options, Written, set_rtc};
use rntpdate::internals::rtc::write_effect::WriteEffect;
use rntpdate::internals::time::{Interval, Time};
use rntpdate::internals::zone::Scale;

const NOW: i64 = 1_795_428_000;

fn board(micros: i64) -> Board {
    Board::new(Time::from_unix(NOW, micros * 1000), NOW - 86_400)
}

fn write(board: &Board, options: Options) -> Result<Written, RtcError> {
    set_rtc(board, &mut FakeRtc::new(board), Interval::ZERO, Scale::Utc, options)
}

const VERIFY: Options = Options { delay: None, verify: true };

proptest! {
    #[test]
    fn a_pcs_chip_is_right_at_its_next_tick(start in 0_i64..1_000_000, phase in 0_i64..1_000_000, late in 0_u64..900) {
        let board = board(start).with(|state| {
            state.edge = state.edge - Interval::from_micros(phase);
            state.oversleep = Duration::from_micros(late);
        });
        let written = write(&board, VERIFY).unwrap();
        prop_assert!(board.chip_error().abs() < Interval::from_micros(100), "{}", board.chip_error());
        prop_assert!(written.residual.abs() < Interval::from_micros(100), "{}", written.residual);
        let seen = written.verified.unwrap();
        prop_assert!((seen.error - board.chip_error()).abs() <= seen.bound, "{seen:?} {}", board.chip_error());
    }

    /// Whatever its driver is, at the first write and when its habit is known.
    #[test]
    fn a_chip_that_keeps_its_tick_is_within_half_a_second(
        start in 0_i64..1_000_000, phase in 0_i64..1_000_000, is_pc: bool, verify: bool
    ) {
        let board = board(start).with(|state| {
            state.edge = state.edge - Interval::from_micros(phase);
            state.chip = Chip::KeepsPhase;
            state.driver = Some(if is_pc { "rtc_cmos" } else { "rtc-pl031" });
        });
        let first = write(&board, Options { delay: None, verify }).unwrap();
        prop_assert!(board.chip_error().abs() < Interval::from_micros(501_000), "{}", board.chip_error());
        let seen = first.verified.unwrap();
        prop_assert!((seen.error - board.chip_error()).abs() <= seen.bound, "{seen:?} {}", board.chip_error());
        if !is_pc {
            prop_assert_eq!(board.0.borrow().effect, Some(WriteEffect::Keeps));
        }
        let known = board.0.borrow().effect;
        let writes = board.0.borrow().writes.len();
        write(&board, Options { delay: None, verify: false }).unwrap();
        prop_assert!(board.chip_error().abs() < Interval::from_micros(501_000), "{}", board.chip_error());
        prop_assert!(known.is_none() || board.0.borrow().writes.len() == writes + 1);
    }

    /// Whatever the driver: the right moment is found by looking.
    #[test]
    fn a_chip_that_ticks_at_any_time_after_a_write_is_exact(start in 0_i64..1_000_000, span in 1_i64..=1000) {
        let board = board(start).with(|state| {
            state.chip = Chip::TicksAfter(Duration::from_millis(span as u64));
            state.driver = Some("rtc-ds1307");
        });
        write(&board, Options::default()).unwrap();
        prop_assert!(board.chip_error().abs() < Interval::from_micros(20_000), "{}", board.chip_error());
        prop_assert!(matches!(board.0.borrow().effect, Some(WriteEffect::Restarts(_))));
        let reads = board.0.borrow().reads_made;
        let again = write(&board, Options::default()).unwrap();
        prop_assert!(board.chip_error().abs() < Interval::from_micros(20_000), "{}", board.chip_error());
        prop_assert!(again.verified.is_none() && board.0.borrow().reads_made <= reads + 2, "looked again");
    }

    /// A note that is wrong: another chip is at that place by now, or somebody wrote it. A look finds out.
    #[test]
    fn what_is_remembered_wrongly_is_found_out_and_mended(start in 0_i64..1_000_000, phase in 0_i64..1_000_000, wrong in 0_i64..1_000_000) {
        for (chip, is_right) in [(Chip::KeepsPhase, 501_000), (Chip::TicksAfter(Duration::from_secs(1)), 23_000)] {
            let board = board(start).with(|state| {
                state.edge = state.edge - Interval::from_micros(phase);
                state.chip = chip;
                state.driver = Some("rtc-ds1307");
                state.effect = Some(WriteEffect::Restarts(Interval::from_micros(wrong)));
            });
            let written = write(&board, VERIFY).unwrap();
            prop_assert!(board.chip_error().abs() <= Interval::from_micros(is_right), "{chip:?}: {}", board.chip_error());
            let seen = written.verified.unwrap();
            prop_assert!((seen.error - board.chip_error()).abs() <= seen.bound, "{seen:?} {}", board.chip_error());
        }
    }

    #[test]
    fn a_slew_under_way_is_seen_through(start in 0_i64..1_000_000, offset in -499_000_i64..499_000) {
        let correction = Interval::from_micros(offset);
        let board = board(start).with(|state| state.slew = correction);
        set_rtc(&board, &mut FakeRtc::new(&board), correction, Scale::Utc, Options::default()).unwrap();
        prop_assert!(board.chip_error().abs() < Interval::from_micros(100), "{}", board.chip_error());
    }
}

#[test]
fn a_chip_that_is_not_the_same_each_time_is_looked_at_each_time_and_told_as_it_is() {
    let board = board(0).with(|state| {
        state.driver = Some("rtc-pl031");
        state.chip = Chip::Fickle;
        state.edge = state.edge - Interval::from_micros(200_000);
    });
    for _ in 0..4 {
        let Ok(written) = write(&board, Options::default()) else { continue };
        let seen = written.verified.unwrap();
        assert_eq!((written.effect, board.0.borrow().effect), (None, None));
        assert!((seen.error - board.chip_error()).abs() <= seen.bound, "{seen:?} {}", board.chip_error());
    }
}

#[test]
fn a_chip_that_takes_no_notice_is_found_out_at_its_first_write() {
    for driver in ["rtc_cmos", "rtc-pl031"] {
        let board = board(0).with(|state| (state.chip, state.driver) = (Chip::Ignores, Some(driver)));
        let error = write(&board, Options::default()).unwrap_err();
        assert!(matches!(error, RtcError::NotKept { .. }), "{error}");
        assert_eq!(board.0.borrow().effect, None);
    }
}

#[test]
fn a_chip_that_cannot_be_read_is_written_all_the_same_unless_a_look_was_asked_for() {
    let board = board(0).with(|state| state.fails = |_| Some(EIO));
    assert!(write(&board, Options::default()).is_ok_and(|written| written.verified.is_none()));
    assert!(write(&board, VERIFY).is_err());
}

#[test]
fn other_drivers_are_written_at_the_whole_second() {
    let board = board(123_456).with(|state| {
        state.driver = Some("rtc-ds1307");
        state.chip = Chip::TicksAfter(Duration::from_secs(1));
    });
    let written = write(&board, VERIFY).unwrap();
    assert_eq!(written.delay, Interval::ZERO);
    assert!(board.chip_error().abs() < Interval::from_micros(100), "{}", board.chip_error());
}

#[test]
fn a_delay_of_the_users_own_wins() {
    let board = board(0).with(|state| state.chip = Chip::TicksAfter(Duration::from_millis(700)));
    write(&board, Options { delay: Some(Interval::from_micros(300_000)), verify: false }).unwrap();
    assert!(board.chip_error().abs() < Interval::from_micros(100), "{}", board.chip_error());
}

#[test]
fn a_busy_machine_gets_another_try_and_then_the_nearest_second() {
    let slow = |millis| board(0).with(|state| state.oversleep = Duration::from_millis(millis));
    let board = slow(15);
    assert_eq!(write(&board, Options::default()).unwrap().attempts, 2);
    assert!(board.chip_error().abs() < Interval::from_micros(100), "{}", board.chip_error());

    let board = slow(420);
    let written = write(&board, Options::default()).unwrap();
    assert_eq!(written.attempts, 4);
    assert!(written.residual > Interval::from_micros(90_000) && written.residual < Interval::from_micros(110_000));
    assert!((board.chip_error() + written.residual).abs() < Interval::from_micros(100));
    assert_eq!(board.0.borrow().writes.len(), 1, "written before it had to be");
}

#[test]
fn a_chip_on_a_slow_bus_is_written_in_time() {
    let board = board(0).with(|state| state.cost = Duration::from_millis(12));
    let written = write(&board, Options::default()).unwrap();
    assert_eq!(written.attempts, 1);
    assert!(board.chip_error().abs() < Interval::from_micros(100), "{}", board.chip_error());
}

#[test]
fn a_clock_stepped_meanwhile_is_followed() {
    for step in [3600, -3600, 0] {
        let board = board(600_000).with(|state| {
            state.step_in_sleep = Interval::from_secs(step) + Interval::from_micros(230_000);
        });
        let begun = board.now().raw;
        write(&board, Options::default()).unwrap();
        assert!(board.chip_error().abs() < Interval::from_micros(100), "{step}: {}", board.chip_error());
        assert!(board.now().raw - begun < Duration::from_millis(3500));
    }
}

#[test]
fn a_chip_that_takes_no_notice_is_found_out() {
    let board = board(0).with(|state| state.chip = Chip::Ignores);
    let error = write(&board, VERIFY).unwrap_err();
    assert!(matches!(error, RtcError::NotKept { .. }), "{error}");
    assert!(error.to_string().contains("but reads 2026/11/22"), "{error}");
}

#[test]
fn waiting_for_a_stopped_chip_ends() {
    let board = board(0).with(|state| state.chip = Chip::Stopped);
    let begun = board.now().raw;
    let error = FakeRtc::new(&board).wait_tick(&board).unwrap_err();
    assert!(matches!(error, RtcError::NoTick { .. }), "{error}");
    assert!(board.now().raw - begun < Duration::from_secs(5));
}

#[test]
fn a_read_that_fails_among_many_is_tried_again() {
    let rules: [fn(u64) -> Option<i32>; 5] = [
        |count| (count == 1).then_some(EIO),
        |count| (count <= 3).then_some(EINVAL),
        |count| (count % 3 == 2).then_some(EINVAL),
        |count| (200..220).contains(&count).then_some(EIO),
        |count| (count % 2 == 0).then_some(EIO),
    ];
    for (number, fails) in rules.into_iter().enumerate() {
        for interrupt in [true, false] {
            let board = board(0).with(|state| (state.fails, state.interrupt) = (fails, interrupt));
            let written = write(&board, VERIFY).unwrap_or_else(|error| panic!("{number}: {error}"));
            let seen = written.verified.unwrap();
            assert!((seen.error - board.chip_error()).abs() <= seen.bound, "{number}: {seen:?}");
            assert!(seen.bound < Interval::from_micros(8000), "{number}: {seen:?}");
        }
    }
}

#[test]
fn a_write_that_fails_once_is_tried_again_and_one_that_is_refused_is_not() {
    let try_one = |write_fails: fn(u64) -> Option<i32>| {
        let board = board(0).with(|state| state.write_fails = write_fails);
        (write(&board, VERIFY), board)
    };
    let (written, mended) = try_one(|count| (count == 1).then_some(EIO));
    assert_eq!(written.unwrap().attempts, 2);
    assert!(mended.chip_error().abs() < Interval::from_micros(100), "{}", mended.chip_error());

    // A machine so busy that only the last attempt writes.
    let busy = board(0).with(|state| {
        state.oversleep = Duration::from_millis(420);
        state.write_fails = |count| (count == 1).then_some(EIO);
    });
    assert!(write(&busy, Options::default()).is_ok() && busy.0.borrow().writes_made == 2);

    let begun = Duration::from_secs(100);
    for (number, made) in [(EIO, 2), (EINVAL, 1)] {
        let (written, board) = if number == EIO { try_one(|_| Some(EIO)) } else { try_one(|_| Some(EINVAL)) };
        assert!(
            written.is_err() && board.0.borrow().writes_made == made,
            "{number}: {:?}",
            board.0.borrow().writes_made
        );
        assert!(board.now().raw - begun < Duration::from_secs(3), "{number}");
    }
}

#[test]
fn the_battery_is_named_when_the_first_reads_all_say_so() {
    let wait = |fails: fn(u64) -> Option<i32>| {
        let board = board(0).with(|state| (state.fails, state.interrupt) = (fails, false));
        FakeRtc::new(&board).wait_tick(&board).unwrap_err().to_string()
    };
    assert!(wait(|_| Some(EINVAL)).contains("its battery is empty"));
    let broken = "cannot read the RTC /dev/fake: Input/output error (os error 5)";
    assert_eq!(wait(|_| Some(EIO)), broken);
    assert_eq!(wait(|count| Some(if count == 2 { EIO } else { EINVAL })), broken);
    let later = wait(|count| (count > 5).then_some(EINVAL));
    assert_eq!(later, "cannot read the RTC /dev/fake: Invalid argument (os error 22)");
}

#[test]
fn a_chip_on_a_bus_is_read_each_two_milliseconds_and_a_pcs_more_often() {
    for (driver, most, bound) in [("rtc-ds1307", 520, 1100), ("rtc_cmos", 2000, 350)] {
        let board = board(0).with(|state| state.driver = Some(driver));
        let tick = rntpdate::internals::linux::rtc::tick::exact(&mut FakeRtc::new(&board), &board).unwrap();
        let made = board.0.borrow().reads_made;
        assert!(made <= most, "{driver}: {made} reads");
        assert!(tick.bound <= Interval::from_micros(bound), "{driver}: {}", tick.bound);
    }
}

#[test]
fn a_dry_run_says_what_would_be_written() {
    let board = board(200_000);
    let mut rtc = DryRtc::new(FakeRtc::new(&board));
    let correction = Interval::from_secs(60);
    let written = set_rtc(&board, &mut rtc, correction, Scale::Utc, VERIFY).unwrap();
    assert_eq!(written.unix, NOW + 60);
    assert_eq!(rtc.changes, [RtcChange::Time(written.time)]);
    assert_eq!(board.0.borrow().writes, []);
}
