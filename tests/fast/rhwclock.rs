//! `rhwclock`'s functions on a board where time passes only when something is done, and its command line.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::support::fake_rtc::{Board, FakeRtc};
use clap::Parser as _;
use rntpdate::internals::cli::rhwclock::RhwclockCli;
use rntpdate::internals::machine::KernelZone;
use rntpdate::internals::machine::rtc::{DryRtc, Rtc};
use rntpdate::internals::machine::{Clock, DryClock};
use rntpdate::internals::rhwclock::functions;
use rntpdate::internals::rhwclock::functions::{FunctionError, Machine};
use rntpdate::internals::rhwclock::request::Request;
use rntpdate::internals::time::{Interval, Time};
use rntpdate::internals::zone::Zone;

const NOW: i64 = 1_795_428_000;

/// A board, an adjtime file, and the zone of the tests.
struct Desk {
    board: Board,
    folder: tempfile::TempDir,
    zone: Box<dyn Zone>,
}

struct Zones(Board);

impl KernelZone for Zones {
    fn set(&mut self, minutes_west: i32) -> io::Result<()> {
        self.0.0.borrow_mut().zones.push(minutes_west);
        Ok(())
    }
}

impl Desk {
    /// The chip is `behind` the system clock by so many seconds.
    fn new(adjtime: &str, behind: i64) -> Desk {
        let folder = tempfile::tempdir().expect("cannot make a folder");
        if !adjtime.is_empty() {
            fs::write(folder.path().join("adjtime"), adjtime).expect("cannot write the file");
        }
        let board = Board::new(Time::from_unix(NOW, 500_000_000), NOW - behind);
        Desk { board, folder, zone: Box::new(chrono::Utc) }
    }

    fn adjfile(&self) -> PathBuf {
        self.folder.path().join("adjtime")
    }

    fn adjtime(&self) -> String {
        fs::read_to_string(self.adjfile()).unwrap_or_default()
    }

    fn run_to(&mut self, arguments: &str, out: &mut dyn Write, err: &mut dyn Write) -> Result<(), FunctionError> {
        let adjfile = format!("--adjfile={}", self.adjfile().display());
        let words = ["rhwclock", adjfile.as_str()].into_iter().chain(arguments.split_whitespace());
        let request =
            Request::from_cli(&RhwclockCli::try_parse_from(words).expect("no command line")).expect("no request");
        let test = request.test;
        let board = self.board.clone();
        let mut clock: Box<dyn Clock> =
            if test { Box::new(DryClock::new(board.clone())) } else { Box::new(board.clone()) };
        let mut open = |_: Option<&Path>| -> Result<Box<dyn Rtc>, _> {
            let rtc = FakeRtc::new(&board);
            Ok(if test { Box::new(DryRtc::new(rtc)) } else { Box::new(rtc) })
        };
        let machine = Machine {
            clock: &mut *clock,
            open: &mut open,
            kernel_zone: &mut Zones(self.board.clone()),
            local: &*self.zone,
            out,
            err,
            name: "rhwclock",
        };
        functions::run(&request, machine)
    }

    /// Standard output, then standard error.
    fn run(&mut self, arguments: &str) -> (String, String) {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        self.run_to(arguments, &mut out, &mut err).expect("the function failed");
        (String::from_utf8(out).expect("no text"), String::from_utf8(err).expect("no text"))
    }

    fn writes(&self) -> usize {
        self.board.0.borrow().writes.len()
    }
}

fn micros(interval: Interval) -> i128 {
    interval.micros()
}

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
fn a_test_changes_nothing() {
    let adjtime = format!("2 {} 0\n{0}\nUTC\n", NOW - 86_400);
    for function in ["-w --update-drift", "--set --date=@1", "-a", "-s"] {
        let mut desk = Desk::new(&adjtime, 100);
        let before = desk.board.now();
        let (out, _) = desk.run(&format!("{function} --test"));
        assert!(out.ends_with("Test mode: nothing was changed.\n"), "{out}");
        assert_eq!((desk.writes(), desk.adjtime()), (0, adjtime.clone()));
        assert_eq!(desk.board.now().moved_since(&before), Interval::ZERO);
    }
}

#[test]
fn a_malformed_file_is_reported_and_kept() {
    let mut desk = Desk::new("my notes\n0\nLOCAL\n", 0);
    let (_, err) = desk.run("-w");
    assert!(err.contains("unrecognized line in adjtime file") && err.contains("`my notes'"), "{err}");
    assert!(desk.adjtime().ends_with("\nLOCAL\n"), "{}", desk.adjtime());
    let copy = fs::read_to_string(desk.folder.path().join("adjtime.malformed")).unwrap();
    assert_eq!(copy, "my notes\n0\nLOCAL\n");
}

#[test]
fn a_file_that_cannot_be_written_is_an_error_after_the_write() {
    let mut desk = Desk::new("", 3600);
    fs::create_dir(desk.adjfile()).unwrap();
    let error = desk.run_to("-w", &mut io::sink(), &mut io::sink()).unwrap_err();
    assert!(error.to_string().ends_with("(the RTC was set all the same)"), "{error}");
    assert!(micros(desk.board.chip_error()).abs() < 100);
}

struct Closed;

impl Write for Closed {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_reader_who_has_left_stops_nothing() {
    let mut desk = Desk::new("", 3600);
    desk.run_to("-w -v", &mut Closed, &mut io::sink()).unwrap();
    assert!(micros(desk.board.chip_error()).abs() < 100);
    assert!(desk.adjtime().ends_with("UTC\n"));
}

/// Runs the program itself, whose zone is `tz`, without a chip. Gives standard output and error.
fn predict(tz: &str, arguments: &[&str]) -> (String, String) {
    let begun = std::time::Instant::now();
    let run = std::process::Command::new(env!("CARGO_BIN_EXE_rhwclock"))
        .args(["--predict", "--utc", "--noadjfile"])
        .args(arguments)
        .env("TZ", tz)
        .output()
        .expect("the program cannot be run");
    assert!(begun.elapsed() < std::time::Duration::from_secs(5), "{tz} took {:?}", begun.elapsed());
    let text = |bytes| String::from_utf8(bytes).expect("no text").trim_end().to_owned();
    (text(run.stdout), text(run.stderr))
}

#[test]
fn zones_are_read_as_the_c_library_does_and_others_are_named() {
    let noon = ["--date", "2026-07-01 12:00:00Z"];
    let silent = |shown: &str| (shown.to_owned(), String::new());
    assert_eq!(predict("CET-1CEST", &noon), silent("2026-07-01 14:00:00.000000+02:00"));
    assert_eq!(predict("EST5EDT,0/0,J365/25", &noon), silent("2026-07-01 08:00:00.000000-04:00"));
    assert_eq!(predict("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", &noon), silent("2026-07-01 11:00:00.000000-01:00"));
    assert_eq!(predict("CET-1CEST", &["--date", "2026-07-01 2:00 PM"]), silent("2026-07-01 14:00:00.000000+02:00"));
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
    for tz in [pipe.to_str().unwrap(), "/dev/zero", "Nowhere/City"] {
        let (shown, said) = predict(tz, &noon);
        assert_eq!(shown, "2026-07-01 12:00:00.000000+00:00");
        assert!(said.starts_with("rhwclock: Warning: ") && said.contains(tz) && said.lines().count() == 1, "{said}");
    }
}

#[test]
fn an_adjtime_file_that_cannot_be_read_is_left_alone() {
    let mut desk = Desk::new(&"x".repeat(70_000), 0);
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let error = desk.run_to("-w -u", &mut out, &mut err).unwrap_err().to_string();
    let text = "what is in it could not be read, and would be lost (the RTC was set all the same)";
    assert!(error.starts_with("cannot write ") && error.ends_with(text), "{error}");
    assert!(String::from_utf8(err).unwrap().contains("far too large"));
    assert_eq!((desk.writes(), desk.adjtime().len()), (1, 70_000));
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

#[test]
fn a_chip_in_local_time_follows_a_rule_without_its_dates() {
    let mut desk = Desk::new("", 0);
    desk.zone = Box::new(rntpdate::internals::linux::host::LocalZone::named(Some("XXX5YYY")));
    desk.run("-w -l");
    assert_eq!(desk.board.0.borrow().writes[0].0.to_string(), "2026/11/23 05:00:01");
    desk.run("--set -l --date=2026-07-01T12:00:00Z");
    assert_eq!(desk.board.0.borrow().writes[1].0.to_string(), "2026/07/01 08:00:00");
}

#[test]
fn rntpdate_prints_the_same_local_time_and_never_waits_for_a_zone() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let hour = |tz: &str| {
        let begun = std::time::Instant::now();
        let run = std::process::Command::new(env!("CARGO_BIN_EXE_rntpdate"))
            .args(["-q", "-t", "0.2", "-p", "1", "--deadline", "1", "127.0.0.1:9"])
            .env("TZ", tz)
            .output()
            .expect("the program cannot be run");
        assert!(begun.elapsed() < std::time::Duration::from_secs(5), "{tz} took {:?}", begun.elapsed());
        let said = String::from_utf8(run.stderr).expect("no text");
        let last = said.lines().last().expect("no line").to_owned();
        (last[7..9].parse::<u32>().expect("no hour"), said)
    };
    // Now and then an hour goes by between two runs.
    let is_ahead = |east: u32, utc: u32| [12, 13].contains(&((east + 24 - utc) % 24));
    let (utc, said) = hour(pipe.to_str().unwrap());
    assert!(said.contains("cannot be used: it is not a regular file; going on in UTC"), "{said}");
    let (east, said) = hour("ABC-12");
    assert!(!said.contains("zone") && is_ahead(east, utc), "{utc} and {east}: {said}");
}
