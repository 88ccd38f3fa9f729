//! rhwclock: reads and sets the hardware clock, as hwclock does.
#![forbid(unsafe_code)]

use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _};
use rntpdate::cli::rhwclock::Cli;
use rntpdate::hwclock::functions::{self, Machine};
use rntpdate::hwclock::request::Request;
use rntpdate::system::kernel_zone::{DryZone, KernelZone, SystemZone};
use rntpdate::system::rtc::{DryRtc, Rtc};
use rntpdate::system::rtc_device::RtcDevice;
use rntpdate::system::rtc_error::RtcError;
use rntpdate::system::{Clock, DryClock, SystemClock};

fn main() -> ExitCode {
    let name = program_name();
    let result = parse(&name).and_then(|cli| {
        if cli.debug {
            let _ = writeln!(io::stderr(), "{name}: use --verbose, --debug has been deprecated.");
        }
        let request = Request::from_cli(&cli).map_err(|error| failure(&name, &error))?;
        run(&request, &name)
    });
    result.err().unwrap_or(ExitCode::SUCCESS)
}

/// The name that the program was called by: through a link it may be hwclock.
fn program_name() -> String {
    let first = std::env::args_os().next().unwrap_or_default();
    let name = Path::new(&first).file_name().and_then(|name| name.to_str());
    name.filter(|name| !name.is_empty()).unwrap_or("rhwclock").to_owned()
}

/// Help and version end with 0, a wrong command line with 1: hwclock knows no other status.
fn parse(name: &str) -> Result<Cli, ExitCode> {
    let usage = format!("{name} [function] [option...]");
    let command = Cli::command().name(&*name.to_owned().leak()).bin_name(name).override_usage(usage);
    let matches = command.try_get_matches().and_then(|matches| Cli::from_arg_matches(&matches));
    matches.map_err(|error| {
        let _ = error.print();
        if error.use_stderr() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
    })
}

fn run(request: &Request, name: &str) -> Result<(), ExitCode> {
    let mut clock: Box<dyn Clock> =
        if request.test { Box::new(DryClock::new(SystemClock)) } else { Box::new(SystemClock) };
    let mut kernel_zone: Box<dyn KernelZone> =
        if request.test { Box::<DryZone>::default() } else { Box::new(SystemZone) };
    let mut open = |path: Option<&Path>| -> Result<Box<dyn Rtc>, RtcError> {
        let device = RtcDevice::open(path)?;
        Ok(if request.test { Box::new(DryRtc::new(device)) } else { Box::new(device) })
    };
    let machine = Machine {
        clock: &mut *clock,
        open: &mut open,
        kernel_zone: &mut *kernel_zone,
        local: &chrono::Local,
        out: &mut io::stdout().lock(),
        err: &mut io::stderr(),
        name,
    };
    functions::run(request, machine).map_err(|error| failure(name, &error))
}

fn failure(name: &str, error: &dyn std::error::Error) -> ExitCode {
    let _ = writeln!(io::stderr(), "{name}: {error}");
    ExitCode::FAILURE
}
