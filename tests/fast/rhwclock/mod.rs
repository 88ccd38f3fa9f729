//! `rhwclock`'s functions on a board where time passes only when something is done, and its command line.

mod each_function;
mod files;
mod zones;

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
