//! The functions of `rhwclock`, over the traits of [`crate::machine`].
#![forbid(unsafe_code)]

mod chip;
mod hctosys;
mod set;
mod show;

use std::io::{self, Write};
use std::path::Path;

use thiserror::Error;

use super::date::{self, DateError};
use super::record::Record;
use super::request::{Function, Request};
use super::text;
use crate::linux::files::adjtime::Disk;
use crate::linux::files::public::is_public;
use crate::linux::rtc::tick;
use crate::machine::AdjfileError;
use crate::machine::KernelZone;
use crate::machine::rtc::{Rtc, Tick, TickSource};
use crate::machine::rtc_error::RtcError;
use crate::machine::{Clock, ClockError};
use crate::printable::{printable, printable_lines};
use crate::rtc::adjtime::{Adjtime, Kept, Problem};
use crate::rtc::drift;
use crate::time::{Interval, Reading, Time};
use crate::zone::{Scale, Zone};

/// Why a function failed. Exit status 1 for all of them, as hwclock has it.
#[derive(Debug, Error)]
pub enum FunctionError {
    /// The chip.
    #[error(transparent)]
    Rtc(#[from] RtcError),
    /// The system clock.
    #[error(transparent)]
    Clock(#[from] ClockError),
    /// The kernel's timezone.
    #[error("cannot set the kernel's timezone: {error}{}", zone_hint(.error))]
    KernelZone {
        /// In the kernel's words.
        error: io::Error,
    },
    /// `--date`.
    #[error(transparent)]
    Date(#[from] DateError),
    /// The adjtime file, after the chip was set or before.
    #[error("{source}{}", if *.rtc_was_set { " (the RTC was set all the same)" } else { "" })]
    Adjfile {
        /// What is wrong with it.
        #[source]
        source: AdjfileError,
        /// So that nobody looks for the fault in the chip.
        rtc_was_set: bool,
    },
    /// Standard output.
    #[error("cannot write the output: {0}")]
    Output(io::Error),
}

fn zone_hint(error: &io::Error) -> &'static str {
    if error.kind() == io::ErrorKind::PermissionDenied {
        " (CAP_SYS_TIME is missing: run as root; in a container it must be granted from outside)"
    } else {
        ""
    }
}

/// Opens a chip by its path, or finds one.
pub type Open<'a> = dyn FnMut(Option<&Path>) -> Result<Box<dyn Rtc + 'a>, RtcError> + 'a;

/// What the functions work on.
pub struct Machine<'a> {
    /// The system clock.
    pub clock: &'a mut dyn Clock,
    /// Opens the chip: the file that was asked for, or the usual one.
    pub open: &'a mut Open<'a>,
    /// The kernel's timezone.
    pub kernel_zone: &'a mut dyn KernelZone,
    /// Local time.
    pub local: &'a dyn Zone,
    /// Where results and `--verbose` go.
    pub out: &'a mut dyn Write,
    /// Where warnings go.
    pub err: &'a mut dyn Write,
    /// The program's name, in front of warnings.
    pub name: &'a str,
}

/// Does what was asked for. A reader who leaves early (EPIPE) is no error.
pub fn run(request: &Request, machine: Machine<'_>) -> Result<(), FunctionError> {
    let start = machine.clock.now();
    let mut session = Session { request, machine, start, record: Record::default(), output: Ok(()) };
    if !matches!(request.function, Function::ParamGet(_) | Function::ParamSet(..)) {
        session.header();
    }
    session.dispatch()?;
    if request.test {
        session.print("Test mode: nothing was changed.");
    }
    let flushed = session.machine.out.flush();
    match session.output.and(flushed) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(FunctionError::Output(error)),
        _ => Ok(()),
    }
}

/// A run under way.
struct Session<'r, 'a> {
    request: &'r Request,
    machine: Machine<'a>,
    start: Reading,
    record: Record,
    /// The first error of standard output: what is under way goes on, since a chip set and an adjtime file not written is
    /// worse than a line less.
    output: io::Result<()>,
}

/// What the chip says at its tick.
struct ChipTime {
    /// The clocks at the tick.
    at: Reading,
    /// What it says.
    time: Time,
    /// What its drift adds to it.
    correction: Interval,
}

impl<'a> Session<'_, 'a> {
    fn dispatch(&mut self) -> Result<(), FunctionError> {
        match &self.request.function {
            Function::ParamGet(..) | Function::ParamSet(..) | Function::VlRead | Function::VlClear => self.chip(),
            Function::Systz => self.systz(),
            Function::Predict(date) => self.predict(date),
            Function::Show | Function::Get => self.show(),
            Function::Hctosys => self.hctosys(),
            Function::Systohc => self.systohc(),
            Function::Set(date) => self.set(date),
            Function::Adjust => self.adjust(),
        }
    }

    fn print(&mut self, line: &str) {
        if self.output.is_ok() {
            self.output = writeln!(self.machine.out, "{}", printable_lines(line));
        }
    }

    fn say(&mut self, line: &str) {
        if self.request.verbose {
            self.print(line);
        }
    }

    fn warn(&mut self, line: &str) {
        // Nothing is left to be done about an error here.
        let _ = writeln!(self.machine.err, "{}: {}", self.machine.name, printable(line));
    }

    /// The moment that `--date` means.
    fn date(&mut self, when: &str) -> Result<Time, FunctionError> {
        if date::has_span_read_as_offset(when) {
            self.warn(&format!(
                "Warning: the signed number behind the time in '{when}' is its offset from UTC (write the span first, or \
                 without its sign)"
            ));
        }
        Ok(date::parse(when, self.start.real, self.machine.local)?)
    }

    fn header(&mut self) {
        self.say(&text::version(self.machine.name));
        self.say(&format!("System Time: {:.6}", self.start.real - Time::UNIX_EPOCH));
    }

    fn open(&mut self) -> Result<Box<dyn Rtc + 'a>, FunctionError> {
        let rtc = (self.machine.open)(self.request.rtc.as_deref())?;
        if self.request.rtc.is_none() {
            self.say(&format!("Trying to open: {}", rtc.path().display()));
        }
        Ok(rtc)
    }

    /// Reads the adjtime file and says what the chip keeps.
    fn load_record(&mut self) {
        let disk = Disk { is_dry: self.request.changes_nothing() };
        self.record = Record::load_from(&disk, self.request.adjfile.clone());
        for line in record_warnings(&self.record) {
            self.warn(&line);
        }
        if self.record.exists() {
            let adjtime = self.record.adjtime;
            self.say(&format!("Last drift adjustment done at {} seconds after 1969", adjtime.last_adjust));
            self.say(&format!("Last calibration done at {} seconds after 1969", adjtime.last_calibration));
            self.say(&format!("Hardware clock is on {} time", text::kept_words(adjtime.kept)));
        }
        self.say_scale();
    }

    fn say_scale(&mut self) {
        let kept = if self.record.kept(self.request.scale) == Kept::Local { "local" } else { "UTC" };
        self.say(&format!("Assuming hardware clock is kept in {kept} time."));
    }

    fn scale(&self) -> Scale<'a> {
        self.record.scale(self.request.scale, self.machine.local)
    }

    /// Opens the chip, says so, and reads the adjtime file.
    fn begin(&mut self) -> Result<Box<dyn Rtc + 'a>, FunctionError> {
        let rtc = self.open()?;
        self.say("Using the rtc interface to the clock.");
        self.load_record();
        Ok(rtc)
    }

    /// Waits for the chip's tick and says what it means. `exact`: watch it all the time, because milliseconds count.
    fn read_chip(&mut self, rtc: &mut dyn Rtc, exact: bool) -> Result<ChipTime, FunctionError> {
        self.say("Waiting for clock tick...");
        let clock = &*self.machine.clock;
        let tick = if exact { tick::exact(rtc, clock)? } else { rtc.wait_tick(clock)? };
        let source = match tick.source {
            TickSource::Polling if exact => format!(" (within {:.6} seconds)", tick.bound),
            TickSource::Polling => " (by polling: there is no update interrupt)".to_owned(),
            TickSource::Interrupt => String::new(),
        };
        self.say(&format!("...got clock tick{source}"));
        self.say(&format!("Time read from Hardware Clock: {}", tick.time));
        let time = self.moment_of(&tick);
        self.say(&format!("Hw clock time : {} = {} seconds since 1969", tick.time, time.to_unix().0));
        let correction = self.say_drift(time);
        Ok(ChipTime { at: tick.at, time, correction })
    }

    fn moment_of(&self, tick: &Tick) -> Time {
        Time::from_unix(self.scale().moment_of(tick.time, tick.at.real.to_unix().0), 0)
    }

    /// The drift's correction at `time` of the chip, however absurd.
    fn say_drift(&mut self, time: Time) -> Interval {
        let since = time.to_unix().0.saturating_sub(self.record.adjtime.last_adjust);
        let correction = drift::correction(&self.record.adjtime, time);
        self.say(&format!("Time since last adjustment is {since} seconds"));
        self.say(&format!("Calculated Hardware Clock drift is {correction:.6} seconds"));
        correction
    }

    /// The correction to use: none where `--adjust` would refuse it.
    fn trusted(&mut self, correction: Interval) -> Interval {
        match drift::distrust(&self.record.adjtime) {
            Some(reason) => {
                self.warn(&format!("Warning: not correcting the drift: {reason}"));
                Interval::ZERO
            }
            None => correction,
        }
    }

    /// Writes the adjtime file, or with `--test` only says what would be in it.
    fn save(&mut self, adjtime: Adjtime, rtc_was_set: bool) -> Result<(), FunctionError> {
        let Some(path) = self.record.path() else { return Ok(()) };
        let line = format!("New {} data:\n{adjtime}", path.display());
        self.say(line.trim_end());
        if self.request.test {
            return Ok(());
        }
        match self.record.save(adjtime) {
            Ok(None) => Ok(()),
            Ok(Some(copy)) => {
                self.warn(&format!("Warning: what was not understood is kept in {}", copy.display()));
                Ok(())
            }
            Err(source) => Err(FunctionError::Adjfile { source, rtc_was_set }),
        }
    }
}

/// What there is to say about an adjtime file that is not as it should be.
pub(crate) fn record_warnings(record: &Record) -> Vec<String> {
    let unreadable =
        record.unreadable.iter().map(|error| format!("Warning: {error}; going on as if it were not there"));
    let name = record.path().map(|path| path.display().to_string()).unwrap_or_default();
    let is_public = record.path().is_some_and(|path| is_public(path));
    let problems = record.problems.iter().map(|problem| {
        let what = if is_public { problem.to_string() } else { place(problem).to_owned() };
        format!("Warning: unrecognized line in adjtime file: {name}: {what}")
    });
    unreadable.chain(problems).collect()
}

/// The same without the text, of a file that not everybody may read: who may run this program by sudo is not to read it by that.
fn place(problem: &Problem) -> &'static str {
    match problem {
        Problem::First(_) => "the first line is not `FACTOR SECONDS REST'",
        Problem::Second(_) => "the second line is not a number of seconds",
        Problem::Third(_) => "the third line is neither UTC nor LOCAL",
        Problem::More(_) => "more than is expected",
    }
}
