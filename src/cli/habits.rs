//! What people type who are used to other time programs.

/// What the users of a program are used to.
#[derive(Clone, Copy, Debug)]
pub struct Habits {
    /// Options of other programs, and what they have to do with this one.
    pub foreign: &'static [(&'static str, &'static str)],
    /// Whether the later of two options counts that name something, as scripts for the program's model rely on.
    pub later_counts: bool,
}

/// A program that takes the place of another one, and is used as that.
pub const NONE: Habits = Habits { foreign: &[], later_counts: true };

/// What rntpdate's users are used to.
pub const RNTPDATE: Habits = Habits { foreign: OF_TIME_PROGRAMS, later_counts: false };

/// What rhwclock's users are used to: hwclock takes the later of two options.
pub const RHWCLOCK: Habits = Habits { foreign: OF_HWCLOCK, later_counts: true };

/// Options of other time programs, and what they have to do with rntpdate.
const OF_TIME_PROGRAMS: &[(&str, &str)] = &[
    ("-x", "-B slews, however large the offset"),
    ("-g", "leave it out: without --max-step a step may be of any size"),
    ("-S", "-b steps, however small the offset"),
    ("-M", "--step-threshold SECONDS says from where on it steps"),
    ("-n", "leave it out: the program never goes into the background"),
    ("-I", "--source-address ADDRESS sends from there"),
    ("-l", "-s logs to syslog, >FILE 2>&1 into a file"),
    ("-D", "-d explains what happens"),
    ("-r", "-q prints the offset and sets nothing"),
    ("-H", "the server stands alone; a link named check_ntp_time takes that plugin's options"),
    ("-c", "with --check it is --critical; a link named check_ntp_time takes that plugin's options"),
    ("-Q", "-q prints the offset and sets nothing"),
    ("-i", "--source-address ADDRESS sends from there"),
    ("-P", "--port PORT, or SERVER:PORT"),
    ("--iburst", "leave it out: each run asks several times (-p N)"),
    ("--dry-run", "-q prints the offset, -d does all steps; neither sets anything"),
    ("--noaction", "-q prints the offset, -d does all steps; neither sets anything"),
    ("--server", "write the server alone, without an option"),
    ("--servers", "write the servers alone, without an option"),
    ("--host", "write the server alone, without an option"),
    ("--hostname", "write the server alone, without an option"),
    ("--set", "leave it out: without -q the clock is set"),
    ("--date", "the time comes from servers; rhwclock --set --date TIME sets the RTC"),
    ("--tries", "-p N takes N samples from each server, --wait SECONDS retries"),
    ("--retries", "-p N takes N samples from each server, --wait SECONDS retries"),
    ("--delay", "--splay SECONDS starts later; rhwclock has --delay for the RTC"),
];

const NO_EPOCH: &str = "it is not supported, as only Alpha machines had such an RTC; leave it out";
const COMPARE: &str =
    "it is not supported; rhwclock -r -v tells the RTC's time, rntpdate -q SERVER how wrong the system clock is";

/// Options of hwclock that are not here, and of rntpdate.
const OF_HWCLOCK: &[(&str, &str)] = &[
    ("--getepoch", NO_EPOCH),
    ("--setepoch", NO_EPOCH),
    ("--epoch", NO_EPOCH),
    ("--compare", COMPARE),
    ("-c", COMPARE),
    ("-q", "it is rntpdate's; -r displays the RTC time"),
];
