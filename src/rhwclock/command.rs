//! rhwclock as a command: the request, run on the real clocks.
#![forbid(unsafe_code)]

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::path::Path;

use super::functions::{self, Machine};
use super::request::Request;
use super::text;
use crate::cli;
use crate::cli::NotParsed;
use crate::cli::habits::RHWCLOCK;
use crate::cli::rhwclock::RhwclockCli;
use crate::linux::SystemClock;
use crate::linux::host::LocalZone;
use crate::linux::kernel_zone::SystemZone;
use crate::linux::rtc::{HELD, RtcDevice};
use crate::linux::term::{Bounded, long_writes_fail, print};
use crate::machine::rtc::{DryRtc, Rtc};
use crate::machine::rtc_error::RtcError;
use crate::machine::{Clock, DryClock};
use crate::machine::{DryZone, KernelZone};
use crate::printable::printable;
use crate::rtc::write_effect::NOTES_DIR;

/// The only statuses that hwclock has.
const DONE: u8 = 0;
const FAILED: u8 = 1;

/// Runs rhwclock with these arguments, under the name that it was started by, and gives its exit status.
pub fn rhwclock(program: &str, arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let program = &printable(program);
    long_writes_fail();
    let cli: RhwclockCli = match cli::parse_with(program, arguments, RHWCLOCK) {
        Ok(cli) => cli,
        Err(NotParsed::Asked(text)) => {
            // What is asked for in one line is the version.
            let text = if text.trim_end().lines().count() == 1 { text::version(program) } else { text };
            return if print(program, text.trim_end()) { DONE } else { FAILED };
        }
        Err(NotParsed::Wrong(text)) => return fail(program, &text),
    };
    if cli.debug {
        let _ = writeln!(Bounded::Stderr, "{program}: use --verbose, --debug has been deprecated.");
    }
    if let Err(error) = SystemClock::check() {
        return fail(program, &error.to_string());
    }
    match Request::from_cli(&cli) {
        Ok(request) => on_this_machine(&request, program).map_or_else(|text| fail(program, &text), |()| DONE),
        Err(error) => fail(program, &error.to_string()),
    }
}

fn fail(program: &str, text: &str) -> u8 {
    let _ = writeln!(Bounded::Stderr, "{program}: {}", printable(text));
    FAILED
}

/// The functions over the real clocks, or with `--test` over ones that are only read.
fn on_this_machine(request: &Request, name: &str) -> Result<(), String> {
    let mut clock: Box<dyn Clock> =
        if request.test { Box::new(DryClock::new(SystemClock)) } else { Box::new(SystemClock) };
    let mut kernel_zone: Box<dyn KernelZone> =
        if request.test { Box::<DryZone>::default() } else { Box::new(SystemZone) };
    let mut open = |path: Option<&Path>| -> Result<Box<dyn Rtc>, RtcError> {
        let device = RtcDevice::open_for(request.changes_nothing(), path, HELD)?;
        if request.test {
            return Ok(Box::new(DryRtc::new(device)));
        }
        Ok(if request.changes_nothing() { Box::new(device) } else { Box::new(device.with_notes(Path::new(NOTES_DIR))) })
    };
    let zone = LocalZone::get();
    if let Some(warning) = zone.warning() {
        let _ = writeln!(Bounded::Stderr, "{name}: Warning: {warning}");
    }
    let machine = Machine {
        clock: &mut *clock,
        open: &mut open,
        kernel_zone: &mut *kernel_zone,
        local: zone,
        out: &mut io::LineWriter::new(Bounded::Stdout),
        err: &mut io::LineWriter::new(Bounded::Stderr),
        name,
    };
    functions::run(request, machine).map_err(|error| error.to_string())
}
