//! What people type who are used to other time programs.

/// What the options of other programs that are not known here have to do with this one.
pub type Habits = [(&'static str, &'static str)];

/// Options of other time programs, and what they have to do with rntpdate.
pub const RNTPDATE: &Habits = &[
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
pub const RHWCLOCK: &Habits = &[
    ("--getepoch", NO_EPOCH),
    ("--setepoch", NO_EPOCH),
    ("--epoch", NO_EPOCH),
    ("--compare", COMPARE),
    ("-c", COMPARE),
    ("-q", "it is rntpdate's; -r displays the RTC time"),
];
