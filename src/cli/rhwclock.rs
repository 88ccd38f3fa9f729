//! `rhwclock`'s command line.

use std::path::PathBuf;

use clap::builder::{OsStringValueParser, TypedValueParser as _};
use clap::{ArgAction, ArgGroup, Parser};

/// Read and set the hardware clock (RTC), as hwclock does, but more exactly.
#[derive(Clone, Debug, Default, Parser)]
#[command(
    name = "rhwclock",
    version,
    infer_long_args = true,
    args_override_self = true,
    disable_help_flag = true,
    disable_version_flag = true,
    group = ArgGroup::new("function").multiple(false)
)]
pub struct RhwclockCli {
    /// Display the RTC time; the default
    #[arg(short = 'r', long, group = "function", help_heading = "Functions")]
    pub show: bool,

    /// Display the RTC time with its drift corrected
    #[arg(long, group = "function", help_heading = "Functions")]
    pub get: bool,

    /// Set the RTC to the time given with --date
    #[arg(long, group = "function", help_heading = "Functions")]
    pub set: bool,

    /// Set the system clock from the RTC, and the kernel's timezone
    #[arg(short = 's', long, group = "function", help_heading = "Functions")]
    pub hctosys: bool,

    /// Set the RTC from the system clock
    #[arg(short = 'w', long, group = "function", help_heading = "Functions")]
    pub systohc: bool,

    /// Set the kernel's timezone only; an RTC in local time warps the clock
    #[arg(long, group = "function", help_heading = "Functions")]
    pub systz: bool,

    /// Correct the RTC by its systematic drift
    #[arg(short = 'a', long, group = "function", help_heading = "Functions")]
    pub adjust: bool,

    /// Display the RTC parameter: a number, or features, correction, bsm
    #[arg(long, value_name = "PARAM", group = "function", help_heading = "Functions")]
    pub param_get: Option<String>,

    /// Set the RTC parameter
    #[arg(long, value_name = "PARAM=VALUE", group = "function", help_heading = "Functions")]
    pub param_set: Option<String>,

    /// Display what the RTC says of its supply voltage
    #[arg(long, group = "function", help_heading = "Functions")]
    pub vl_read: bool,

    /// Clear what the RTC says of its supply voltage
    #[arg(long, group = "function", help_heading = "Functions")]
    pub vl_clear: bool,

    /// Display what the RTC will read at the time given with --date
    #[arg(long, group = "function", help_heading = "Functions")]
    pub predict: bool,

    /// The RTC keeps UTC
    #[arg(short = 'u', long)]
    pub utc: bool,

    /// The RTC keeps local time
    #[arg(short = 'l', long, conflicts_with = "utc")]
    pub localtime: bool,

    /// Device file of the RTC [default: the first of /dev/rtc, /dev/rtc0, /dev/misc/rtc]
    #[arg(short = 'f', long, value_name = "FILE")]
    pub rtc: Option<PathBuf>,

    /// Index for --param-get and --param-set, for a parameter with several values
    #[arg(long, value_name = "NUMBER")]
    pub param_index: Option<u32>,

    /// Refused: access to the chip past the kernel's driver
    #[arg(long)]
    pub directisa: bool,

    /// Time for --set and --predict; local unless written with a zone
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub date: Option<String>,

    /// Write the RTC so long after the whole second [default: 0.5 for rtc_cmos, 0 for other drivers]
    #[arg(long, value_name = "SECONDS", allow_hyphen_values = true)]
    pub delay: Option<String>,

    /// Calibrate the drift factor too
    #[arg(long)]
    pub update_drift: bool,

    /// Work without the adjtime file; needs --utc or --localtime
    #[arg(long, conflicts_with_all = ["adjfile", "update_drift"])]
    pub noadjfile: bool,

    /// Another file than /etc/adjtime
    #[arg(long, value_name = "FILE", value_parser = OsStringValueParser::new().map(PathBuf::from))]
    pub adjfile: Option<PathBuf>,

    /// After writing the RTC, wait for its next tick and compare
    #[arg(long)]
    pub verify: bool,

    /// Change nothing, say what would be done; implies --verbose
    #[arg(long)]
    pub test: bool,

    /// Say what is done
    #[arg(short = 'v', long)]
    pub verbose: bool,

    /// Deprecated: use --verbose
    #[arg(short = 'D', long, hide = true)]
    pub debug: bool,

    /// Display this help
    #[arg(short = 'h', long, action = ArgAction::Help)]
    pub help: Option<bool>,

    /// Display the version
    #[arg(short = 'V', long, action = ArgAction::Version)]
    pub version: Option<bool>,
}
