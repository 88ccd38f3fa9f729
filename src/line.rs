//! A line of output, and where it goes. Pure.
#![forbid(unsafe_code)]

use chrono::{DateTime, FixedOffset};

use crate::time::Time;

/// What a time is called where the user lives.
pub type Zone<'a> = &'a dyn Fn(Time) -> DateTime<FixedOffset>;

/// How much a line matters, in syslog's terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Priority {
    /// Something failed.
    Error,
    /// Something is not as it should be, and the run went on.
    Warning,
    /// What was done.
    Notice,
    /// Said because it was asked for.
    Info,
}

/// Where a line goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// Standard output, always.
    Stdout,
    /// Standard error, always.
    Stderr,
    /// The log: with -s syslog, else stderr for errors and warnings, and stdout for the rest.
    Log(Priority),
}

/// One line of output without its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Where it goes.
    pub channel: Channel,
    /// When it was said; what the log is stamped with.
    pub at: Time,
    /// What it says.
    pub text: String,
}

/// The start of a line of the log on a terminal: `23 Nov 01:06:17 ntpdate[3757]: `.
pub fn log_prefix(at: Time, program: &str, pid: u32, zone: Zone<'_>) -> String {
    format!("{} {program}[{pid}]: ", log_time(at, zone))
}

/// The start of a message to the syslog daemon, as syslog(3) writes it: `<29>Nov 23 01:06:17 ntpdate[3757]: `.
pub fn syslog_prefix(at: Time, priority: Priority, program: &str, pid: u32, zone: Zone<'_>) -> String {
    const DAEMON: u8 = 3 << 3;
    let severity = match priority {
        Priority::Error => 3,
        Priority::Warning => 4,
        Priority::Notice => 5,
        Priority::Info => 6,
    };
    format!("<{}>{} {program}[{pid}]: ", DAEMON | severity, syslog_time(at, zone))
}

/// `23 Nov 01:06:17`, the day padded with a space.
pub(crate) fn log_time(at: Time, zone: Zone<'_>) -> String {
    zone(at).format("%e %b %H:%M:%S").to_string()
}

/// `Nov 23 01:06:17`, the day padded with a space.
fn syslog_time(at: Time, zone: Zone<'_>) -> String {
    zone(at).format("%b %e %H:%M:%S").to_string()
}
