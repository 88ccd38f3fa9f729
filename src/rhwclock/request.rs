//! What was asked for, after the rules for options that exclude or need one another.
#![forbid(unsafe_code)]

use std::path::PathBuf;

use thiserror::Error;

use super::systohc::Options;
use crate::cli::rhwclock::RhwclockCli;
use crate::machine::rtc::Param;
use crate::rtc::adjtime;
use crate::rtc::adjtime::ScaleChoice;
use crate::time::Interval;

/// What the program is to do: one thing a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Function {
    /// Print the chip's time.
    Show,
    /// The same with the drift corrected.
    Get,
    /// System clock from the chip, and the kernel's timezone.
    Hctosys,
    /// Chip from the system clock.
    Systohc,
    /// Chip from a date, as it was written.
    Set(String),
    /// Correct the chip's drift.
    Adjust,
    /// What the chip will read at a date, as it was written.
    Predict(String),
    /// The kernel's timezone only.
    Systz,
    /// A parameter of the chip.
    ParamGet(Param),
    /// Another value for a parameter of the chip.
    ParamSet(Param, u64),
    /// The chip's supply voltage.
    VlRead,
    /// Forget its findings.
    VlClear,
}

/// A run.
#[derive(Clone, Debug)]
pub struct Request {
    /// What to do.
    pub function: Function,
    /// `--utc`, `--localtime`, or the file.
    pub scale: ScaleChoice,
    /// The device asked for.
    pub rtc: Option<PathBuf>,
    /// `None` for `--noadjfile`.
    pub adjfile: Option<PathBuf>,
    /// How the chip is written.
    pub write: Options,
    /// Calibrate the drift factor.
    pub update_drift: bool,
    /// Change nothing.
    pub test: bool,
    /// Say what is done.
    pub verbose: bool,
}

impl Request {
    /// Whether the run only looks.
    pub fn changes_nothing(&self) -> bool {
        use Function::{Get, ParamGet, Predict, Show, VlRead};
        self.test || matches!(self.function, Show | Get | Predict(_) | ParamGet(_) | VlRead)
    }
}

/// Options that do not go together, or a value that is none.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum UsageError {
    /// `--set` or `--predict` alone.
    #[error("--date is required for --set or --predict")]
    NoDate,
    /// A time that nobody asked to be set or predicted.
    #[error("--date requires --set or --predict")]
    DateAlone,
    /// Without the file nobody knows what the chip keeps.
    #[error("with --noadjfile, you must specify either --utc or --localtime")]
    NoScale,
    /// The drift is found by a comparison before the chip is set.
    #[error("--update-drift requires --set or --systohc")]
    UpdateDriftAlone,
    /// A look at the next tick reads back what was written.
    #[error("--verify requires --set, --systohc or --adjust")]
    VerifyAlone,
    /// The option belongs to those two.
    #[error("--param-index requires --param-get or --param-set")]
    ParamIndexAlone,
    /// Direct access.
    #[error(
        "--directisa is not supported: reading and writing the I/O ports 0x70 and 0x71 races with the kernel's own driver \
         and can corrupt the clock; use the driver's device file (--rtc, modprobe rtc_cmos)"
    )]
    DirectIsa,
    /// A word that is no number, and no name of one.
    #[error("invalid RTC parameter '{0}' (a number, 0x for hexadecimal, or one of features, correction, bsm)")]
    Param(String),
    /// No `=`, or no number after it.
    #[error("invalid RTC parameter setting '{0}' (write PARAMETER=VALUE, with numbers in decimal or 0x…)")]
    ParamSetting(String),
    /// Neither finite nor sensible.
    #[error("invalid delay '{0}' (seconds, a day at most)")]
    Delay(String),
}

impl Request {
    /// Checks and sorts the command line.
    pub fn from_cli(cli: &RhwclockCli) -> Result<Request, UsageError> {
        if cli.directisa {
            return Err(UsageError::DirectIsa);
        }
        let function = function(cli)?;
        let sets = matches!(function, Function::Systohc | Function::Set(_));
        if cli.date.is_some() && !matches!(function, Function::Set(_) | Function::Predict(_)) {
            return Err(UsageError::DateAlone);
        }
        if cli.noadjfile && !cli.utc && !cli.localtime {
            return Err(UsageError::NoScale);
        }
        if cli.update_drift && !sets {
            return Err(UsageError::UpdateDriftAlone);
        }
        if cli.verify && !sets && function != Function::Adjust {
            return Err(UsageError::VerifyAlone);
        }
        let delay = cli.delay.as_deref().map(parse_delay).transpose()?;
        let file = cli.adjfile.clone().unwrap_or_else(|| PathBuf::from(adjtime::DEFAULT_PATH));
        Ok(Request {
            function,
            scale: ScaleChoice::from_options(cli.utc, cli.localtime),
            rtc: cli.rtc.clone(),
            adjfile: (!cli.noadjfile).then_some(file),
            write: Options { delay, verify: cli.verify },
            update_drift: cli.update_drift,
            test: cli.test,
            verbose: cli.verbose || cli.test,
        })
    }
}

fn function(cli: &RhwclockCli) -> Result<Function, UsageError> {
    let date = || cli.date.clone().ok_or(UsageError::NoDate);
    let index = cli.param_index.unwrap_or(0);
    if let Some(name) = &cli.param_get {
        return Ok(Function::ParamGet(Param { number: param(name)?, index }));
    }
    if let Some(setting) = &cli.param_set {
        let invalid = || UsageError::ParamSetting(setting.clone());
        let (name, value) = setting.split_once('=').ok_or_else(invalid)?;
        let param = Param { number: param(name)?, index };
        return Ok(Function::ParamSet(param, number(value).ok_or_else(invalid)?));
    }
    if cli.param_index.is_some() {
        return Err(UsageError::ParamIndexAlone);
    }
    Ok(match () {
        () if cli.get => Function::Get,
        () if cli.hctosys => Function::Hctosys,
        () if cli.systohc => Function::Systohc,
        () if cli.set => Function::Set(date()?),
        () if cli.adjust => Function::Adjust,
        () if cli.predict => Function::Predict(date()?),
        () if cli.systz => Function::Systz,
        () if cli.vl_read => Function::VlRead,
        () if cli.vl_clear => Function::VlClear,
        () => Function::Show,
    })
}

fn param(name: &str) -> Result<u64, UsageError> {
    match name {
        "features" => Ok(0),
        "correction" => Ok(1),
        "bsm" => Ok(2),
        _ => number(name).ok_or_else(|| UsageError::Param(name.to_owned())),
    }
}

fn number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

fn parse_delay(text: &str) -> Result<Interval, UsageError> {
    let seconds = text.parse().ok().filter(|seconds: &f64| seconds.abs() <= 86_400.0);
    seconds.map(Interval::from_secs_f64).ok_or_else(|| UsageError::Delay(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::rtc::adjtime::Kept;

    fn request(arguments: &str) -> Result<Request, String> {
        let words = std::iter::once("rhwclock").chain(arguments.split_whitespace());
        let cli = RhwclockCli::try_parse_from(words).map_err(|error| error.to_string())?;
        Request::from_cli(&cli).map_err(|error| error.to_string())
    }

    fn asked(arguments: &str) -> Function {
        request(arguments).unwrap().function
    }

    #[test]
    fn each_function_has_its_options() {
        assert_eq!(asked(""), Function::Show);
        assert_eq!(asked("-r"), Function::Show);
        assert_eq!(asked("-w -w --utc -u"), Function::Systohc);
        assert_eq!(asked("--get"), Function::Get);
        assert_eq!(asked("-su"), Function::Hctosys);
        assert_eq!(asked("--systohc --local"), Function::Systohc);
        assert_eq!(asked("-a"), Function::Adjust);
        assert_eq!(asked("--systz"), Function::Systz);
        assert_eq!(asked("--set --date 10:00"), Function::Set("10:00".into()));
        assert_eq!(asked("--predict --date=now"), Function::Predict("now".into()));
        assert_eq!(asked("--vl-read"), Function::VlRead);
        assert_eq!(asked("--vl-clear"), Function::VlClear);
    }

    #[test]
    fn parameters_have_names_and_numbers() {
        let param = |number, index| Param { number, index };
        assert_eq!(asked("--param-get bsm"), Function::ParamGet(param(2, 0)));
        assert_eq!(asked("--param-get 0x10 --param-index 3"), Function::ParamGet(param(16, 3)));
        assert_eq!(asked("--param-set correction=0xff"), Function::ParamSet(param(1, 0), 255));
        for bad in ["--param-get x", "--param-set bsm", "--param-set bsm=", "--param-set bsm=x", "--param-get -1"] {
            assert!(request(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_excludes_or_needs_one_another_is_refused() {
        for bad in [
            "-r -w",
            "--get --show",
            "--systz -s",
            "--param-get 0 -w",
            "--vl-read --vl-clear",
            "-u -l",
            "--noadjfile -r",
            "--noadjfile -u --update-drift -w",
            "--noadjfile -u --adjfile /tmp/x",
            "--update-drift -r",
            "--update-drift",
            "--verify -s",
            "--set",
            "--predict",
            "--show --date now",
            "-w --date now",
            "--directisa",
            "--delay x -w",
            "--delay inf -w",
            "--param-index 1",
            "--bogus",
            "word",
        ] {
            assert!(request(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_test_is_verbose_and_the_scale_comes_from_the_file_unless_said() {
        let plain = request("-w").unwrap();
        assert_eq!((plain.verbose, plain.test, plain.scale), (false, false, ScaleChoice::FromFile));
        assert_eq!(plain.adjfile.as_deref(), Some(std::path::Path::new("/etc/adjtime")));
        let test = request("-w --test -l --noadjfile").unwrap();
        assert_eq!((test.verbose, test.test, test.scale), (true, true, ScaleChoice::Fixed(Kept::Local)));
        assert_eq!(test.adjfile, None);
    }

    #[test]
    fn negative_delays_are_values() {
        let request = request("-w --delay -0.25").unwrap();
        assert_eq!(request.write.delay, Some(Interval::from_micros(-250_000)));
    }

    #[test]
    fn a_long_delay_and_an_empty_name_are_as_for_hwclock() {
        assert_eq!(request("-w --delay=99").unwrap().write.delay, Some(Interval::from_secs(99)));
        assert_eq!(request("--adjfile=").unwrap().adjfile.as_deref(), Some(std::path::Path::new("")));
    }
}
