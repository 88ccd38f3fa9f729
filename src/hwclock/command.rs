//! rhwclock as a command: the request, run on the real clocks.
#![forbid(unsafe_code)]

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::path::Path;

use super::functions::{self, Machine};
use super::request::Request;
use super::text;
use crate::cli::{self, NotParsed, rhwclock::RhwclockCli};
use crate::printable::printable;
use crate::system::kernel_zone::{DryZone, KernelZone, SystemZone};
use crate::system::rtc::{DryRtc, Rtc};
use crate::system::rtc_device::{HELD, RtcDevice};
use crate::system::rtc_error::RtcError;
use crate::system::{Clock, DryClock, LocalZone, SystemClock, long_writes_fail};

/// The only statuses that hwclock has.
const DONE: u8 = 0;
const FAILED: u8 = 1;

/// Runs rhwclock with these arguments, under the name that it was started by, and gives its exit status.
pub fn rhwclock(program: &str, arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let program = &printable(program);
    long_writes_fail();
    let cli: RhwclockCli = match cli::parse(program, arguments) {
        Ok(cli) => cli,
        Err(NotParsed::Asked(text)) => {
            // What is asked for in one line is the version.
            let text = if text.trim_end().lines().count() == 1 { text::version(program) } else { text };
            let _ = writeln!(io::stdout(), "{}", text.trim_end());
            return DONE;
        }
        Err(NotParsed::Wrong(text)) => return fail(program, &text),
    };
    if cli.debug {
        let _ = writeln!(io::stderr(), "{program}: use --verbose, --debug has been deprecated.");
    }
    match Request::from_cli(&cli) {
        Ok(request) => on_this_machine(&request, program).map_or_else(|text| fail(program, &text), |()| DONE),
        Err(error) => fail(program, &error.to_string()),
    }
}

fn fail(program: &str, text: &str) -> u8 {
    let _ = writeln!(io::stderr(), "{program}: {}", printable(text));
    FAILED
}

/// The functions over the real clocks, or with `--test` over ones that are only read.
fn on_this_machine(request: &Request, name: &str) -> Result<(), String> {
    let mut clock: Box<dyn Clock> =
        if request.test { Box::new(DryClock::new(SystemClock)) } else { Box::new(SystemClock) };
    let mut kernel_zone: Box<dyn KernelZone> =
        if request.test { Box::<DryZone>::default() } else { Box::new(SystemZone) };
    let mut open = |path: Option<&Path>| -> Result<Box<dyn Rtc>, RtcError> {
        let device = RtcDevice::open_within(path, HELD)?;
        Ok(if request.test { Box::new(DryRtc::new(device)) } else { Box::new(device) })
    };
    let zone = LocalZone::get();
    if let Some(warning) = zone.warning() {
        let _ = writeln!(io::stderr(), "{name}: Warning: {warning}");
    }
    let machine = Machine {
        clock: &mut *clock,
        open: &mut open,
        kernel_zone: &mut *kernel_zone,
        local: zone,
        out: &mut io::stdout().lock(),
        err: &mut io::stderr(),
        name,
    };
    functions::run(request, machine).map_err(|error| error.to_string())
}
