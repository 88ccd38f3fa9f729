//! What is looked at.

use std::net::IpAddr;

use crate::time::Interval;

/// All findings of one look at the machine.
#[derive(Clone, Debug, PartialEq)]
pub struct Findings {
    /// Whether the kernel lets this process set the clock, or its words why not.
    pub may_set: Result<(), String>,
    /// Whether system calls can be refused to a process, or why not.
    pub filter: Result<(), String>,
    /// The kernel's clock; its words where it cannot be read.
    pub kernel: Result<KernelClock, String>,
    /// Time daemons that run.
    pub daemons: Vec<Daemon>,
    /// The clock chip.
    pub rtc: RtcFinding,
    /// /etc/adjtime.
    pub adjfile: Adjfile,
    /// The kernel's timestamps of packets.
    pub stamps: Stamps,
    /// The ways out.
    pub routes: Routes,
    /// The lookup of a name.
    pub name: Name,
    /// Files that name time servers.
    pub configured: Vec<ConfigFile>,
    /// Entries that start a time client.
    pub schedules: Vec<Schedule>,
}

/// adjtimex(2)'s view of the clock.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KernelClock {
    /// Whether a program keeps the clock right, and says so.
    pub synchronised: bool,
    /// The greatest error.
    pub max_error: Interval,
    /// The frequency correction in parts per million; the kernel's limit is 500.
    pub frequency_ppm: f64,
    /// What a slew still has to add to the clock.
    pub pending_slew: Interval,
    /// A leap second at the end of this day: +1 or −1.
    pub leap: i8,
}

/// A time daemon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Daemon {
    /// The daemon's name.
    pub name: String,
    /// The daemon's process.
    pub pid: u32,
    /// Whether it may and does set the clock.
    pub sets_clock: bool,
}

/// The clock chip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RtcFinding {
    /// No chip; the words of the attempt.
    None(String),
    /// A chip that could not be opened: in use, or not permitted.
    Closed(String),
    /// The chip could not be read, or holds no time.
    Broken(String),
    /// The chip was read.
    Read(RtcReading),
}

/// What the chip says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RtcReading {
    /// The device file.
    pub device: String,
    /// The chip less the system clock, taken as UTC; the chip counts whole seconds.
    pub as_utc: Interval,
    /// The same, taken as local time.
    pub as_local: Interval,
}

/// The file that tells how the chip is kept.
#[derive(Clone, Debug, PartialEq)]
pub enum Adjfile {
    /// No file, which means UTC and no drift.
    Missing,
    /// The file cannot be read.
    Unreadable(String),
    /// What is in it.
    Read {
        /// The chip keeps local time.
        local: bool,
        /// Seconds a day that the chip is corrected by.
        factor: f64,
        /// Lines that are not understood.
        problems: Vec<String>,
    },
}

/// The kernel's timestamps of packets, as seen on one that was sent over loopback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamps {
    /// When it was sent.
    pub sent: bool,
    /// When it was received.
    pub received: bool,
}

/// The address from which packets to the world would leave, for each protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Routes {
    /// IPv4.
    pub v4: Option<IpAddr>,
    /// IPv6.
    pub v6: Option<IpAddr>,
}

/// A name that was looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The name.
    pub name: String,
    /// Whether it is that of a server that is configured here.
    pub configured: bool,
    /// How many IPv4 and IPv6 addresses it has.
    pub found: Result<(usize, usize), NameError>,
}

/// Why a name has no address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameError {
    /// The name server says so.
    NoSuchName(String),
    /// No name server can be used.
    NoNameServer(String),
}

/// A file that configures a time service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigFile {
    /// The file.
    pub file: String,
    /// How many servers it names.
    pub servers: usize,
    /// What in it is not understood.
    pub faults: Vec<String>,
    /// What in it does not count, and why.
    pub passed_over: Vec<String>,
}

/// An entry that starts a time client from time to time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// The crontab or timer.
    pub place: String,
    /// The client's program.
    pub client: String,
}
