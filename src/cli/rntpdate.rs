//! rntpdate's command line.

use std::path::PathBuf;

use clap::Parser;

const ACTION: &str = "What to do (without any of these: set the clock)";
const CLOCK: &str = "How to set the clock";
const RTC: &str = "Whether and how to set the hardware clock (RTC)";
const SERVERS: &str = "How to ask the servers";
const TRUST: &str = "Whom to trust";
const WHY: &str = "How to find out what is wrong (see also -d)";
const UNATTENDED: &str = "Unattended runs: cron, boot, timers";
const OUTPUT: &str = "What to print, and where";

/// Options of other time programs that people type here, and what they have to do with this one.
pub const HABITS: &[(&str, &str)] = &[
    ("-x", "-B slews, however large the offset"),
    ("-g", "leave it out: without --max-step a step may be of any size"),
    ("-S", "-b steps, however small the offset"),
    ("-M", "--step-threshold SECONDS says from where on it steps"),
    ("-n", "leave it out: the program never goes into the background"),
    ("-I", "--source-address ADDRESS sends from there"),
    ("-l", "-s logs to syslog, >FILE 2>&1 into a file"),
    ("-D", "-d explains what happens"),
    ("-r", "-q prints the offset and sets nothing"),
];

/// Ask NTP servers for the time once, and set this machine's clock by what most of them agree on.
#[derive(Clone, Debug, Default, Parser)]
#[command(
    version,
    args_override_self = true,
    after_help = "Exit status: 0 the clock is set (or, with -q and -d, could be); 1 it is not; 2 the command line is wrong;\n\
                  3 the clock is set (or could be), but with -w the RTC is not; 4 refused: another time daemon runs, or a limit forbids it.\n\
                  When it says \"no server suitable for synchronization found\", run it again with -d."
)]
pub struct RntpdateCli {
    /// Names or addresses, each with :PORT where that differs; every address of every name is asked. Without any: the
    /// servers that this machine's time services are configured with.
    #[arg(value_name = "SERVER")]
    pub servers: Vec<String>,

    /// Print what each server says, and set nothing.
    #[arg(short = 'q', long, help_heading = ACTION)]
    pub query: bool,

    /// Do all steps, print what happens in each and why servers are dropped, and set nothing.
    #[arg(short = 'd', long, help_heading = ACTION)]
    pub debug: bool,

    /// Try the whole path with -d against a built-in server on loopback; needs no network and sets nothing.
    #[arg(long, help_heading = ACTION, conflicts_with_all = ["servers", "user"])]
    pub self_test: bool,

    /// Print what --discipline has kept, as a table and, on a terminal, a plot.
    #[arg(long, help_heading = ACTION, conflicts_with = "servers")]
    pub history_show: bool,

    /// Always step: set the clock at once, however small the offset. The later of -b and -B counts.
    #[arg(short = 'b', long = "step", help_heading = CLOCK, overrides_with = "always_slew")]
    pub always_step: bool,

    /// Always slew: let the kernel speed the clock up or slow it down (500 us each second), however large the offset.
    #[arg(short = 'B', long = "slew", help_heading = CLOCK, overrides_with = "always_step")]
    pub always_slew: bool,

    /// Step offsets from this size on, slew smaller ones [default: 0.5]
    #[arg(long, value_name = "SECONDS", help_heading = CLOCK, allow_hyphen_values = true)]
    pub step_threshold: Option<String>,

    /// After the clock, set the RTC too, as `hwclock -w` does; after a slew, to the time the clock is slewed to.
    #[arg(short = 'w', long, help_heading = RTC)]
    pub systohc: bool,

    /// Device file of the RTC [default: the first of /dev/rtc, /dev/rtc0, /dev/misc/rtc]
    #[arg(long, value_name = "FILE", help_heading = RTC)]
    pub rtc: Option<PathBuf>,

    /// The RTC keeps UTC, whatever the adjtime file says.
    #[arg(long, help_heading = RTC)]
    pub utc: bool,

    /// The RTC keeps local time, whatever the adjtime file says.
    #[arg(long, help_heading = RTC, conflicts_with = "utc")]
    pub localtime: bool,

    /// Another file than /etc/adjtime.
    #[arg(long, value_name = "FILE", help_heading = RTC)]
    pub adjfile: Option<PathBuf>,

    /// Neither read nor write the adjtime file; needs --utc or --localtime.
    #[arg(long, help_heading = RTC, conflicts_with = "adjfile")]
    pub noadjfile: bool,

    /// A machine without an RTC is no error.
    #[arg(long, help_heading = RTC)]
    pub rtc_optional: bool,

    /// Wait for the RTC's next tick and print how far it is from true time.
    #[arg(long, help_heading = RTC)]
    pub verify: bool,

    /// Learn from run to run how fast this machine's clock goes, and tune the kernel's frequency by that. For runs at regular
    /// times, and not beside a daemon.
    #[arg(long, help_heading = CLOCK)]
    pub discipline: bool,

    /// Where --discipline keeps what it learns [default: /var/lib/rntpdate/history]
    #[arg(long, value_name = "FILE", help_heading = CLOCK)]
    pub history: Option<PathBuf>,

    /// While there is no history, start from the frequency in this drift file of ntpd or chronyd.
    #[arg(long, value_name = "FILE", help_heading = CLOCK)]
    pub drift_file: Option<PathBuf>,

    /// IPv4 only.
    #[arg(short = '4', long, help_heading = SERVERS, overrides_with = "ipv6")]
    pub ipv4: bool,

    /// IPv6 only.
    #[arg(short = '6', long, help_heading = SERVERS, overrides_with = "ipv4")]
    pub ipv6: bool,

    /// Samples from each server, 1 to 8 [default: 4, with -q 1]
    #[arg(short = 'p', long, value_name = "N", help_heading = SERVERS, allow_hyphen_values = true)]
    pub samples: Option<String>,

    /// How long to wait for one reply; with --wait the first tries wait for less [default: 2]
    #[arg(short = 't', long, value_name = "SECONDS", help_heading = SERVERS, allow_hyphen_values = true)]
    pub timeout: Option<String>,

    /// How long names and servers may take, all in all; see UNATTENDED RUNS for what comes after that [default: what the other options need, 31 without any]
    #[arg(long, value_name = "SECONDS", help_heading = SERVERS, allow_hyphen_values = true)]
    pub deadline: Option<String>,

    /// Pause between packets to one server [default: 2; to a loopback, private or link-local address 0.05, until one is lost]
    #[arg(long, value_name = "SECONDS", help_heading = SERVERS, allow_hyphen_values = true)]
    pub interval: Option<String>,

    /// The servers' UDP port [default: 123]
    #[arg(long, value_name = "PORT", help_heading = SERVERS, allow_hyphen_values = true)]
    pub port: Option<String>,

    /// Send from this UDP port, for firewalls that let only port 123 through [default: a random one]
    #[arg(long, value_name = "PORT", help_heading = SERVERS, allow_hyphen_values = true)]
    pub source_port: Option<String>,

    /// Send from this address of the machine, where it has several; the looks for a cause of -d do not [default: by the routing
    /// table]
    #[arg(long, value_name = "ADDRESS", help_heading = SERVERS)]
    pub source_address: Option<String>,

    /// Send from a random port. That is the default; it undoes an earlier --source-port.
    #[arg(short = 'u', long, help_heading = SERVERS, overrides_with = "source_port")]
    pub unprivileged: bool,

    /// Version of the protocol in requests, 1 to 4 [default: 4]
    #[arg(short = 'o', long, value_name = "N", help_heading = SERVERS, allow_hyphen_values = true)]
    pub protocol_version: Option<String>,

    /// Believe only servers that prove by the key with this number that they know its secret.
    #[arg(short = 'a', long, value_name = "KEY", help_heading = TRUST, allow_hyphen_values = true,
          conflicts_with_all = ["self_test", "peers", "doctor", "history_show"])]
    pub auth_key: Option<String>,

    /// The file of keys for -a, in ntpd's or chronyd's form; without -a it is not read [default: /etc/ntp.keys]
    #[arg(short = 'k', long, value_name = "FILE", help_heading = TRUST)]
    pub key_file: Option<PathBuf>,

    /// What ntpdate took for the time to compute a digest, below 1. Checked and not used: the kernel's timestamps leave it out.
    #[arg(short = 'e', long, value_name = "SECONDS", help_heading = TRUST, allow_hyphen_values = true)]
    pub auth_delay: Option<String>,

    /// Become this user before the first packet (root becomes nobody anyway), keeping nothing but the right to set the clock.
    #[arg(short = 'U', long, value_name = "USER", help_heading = TRUST)]
    pub user: Option<String>,

    /// Let the run make system calls that it does not need. For kernels and C libraries that the filter does not fit; it is
    /// logged.
    #[arg(long, help_heading = TRUST)]
    pub no_sandbox: bool,

    /// Log to syslog instead of stdout and stderr.
    #[arg(short = 's', long, help_heading = OUTPUT)]
    pub syslog: bool,

    /// Say more: the version, and what each server's part was.
    #[arg(short = 'v', long, help_heading = OUTPUT)]
    pub verbose: bool,

    /// Print positive offsets without the plus sign, as ntpdate did before 4.2.8p11.
    #[arg(long, help_heading = OUTPUT)]
    pub no_plus: bool,

    /// Print one JSON object instead of lines; with -q, -d, or when the clock is set.
    #[arg(long, help_heading = OUTPUT, conflicts_with = "self_test")]
    pub json: bool,

    /// Look over this machine: may the clock be set, who else sets it, RTC, network, names. Exit status 1 if anything is bad.
    #[arg(long, help_heading = WHY, conflicts_with_all = ["servers", "query", "debug", "self_test", "json", "peers"])]
    pub doctor: bool,

    /// Print what the servers say of themselves and of their own sources, as ntpq -p does, and set nothing.
    #[arg(long, help_heading = WHY, conflicts_with_all = ["query", "debug", "self_test", "json"])]
    pub peers: bool,

    /// Print nothing unless the clock was stepped, or something was refused or failed.
    #[arg(long, help_heading = OUTPUT, conflicts_with_all = ["query", "debug", "verbose", "self_test"])]
    pub quiet: bool,

    /// Take the servers from this file: ntp.conf, chrony.conf, timesyncd.conf, ntp.toml and others, a list, or a DHCP lease.
    #[arg(long, value_name = "FILE", help_heading = SERVERS, conflicts_with_all = ["servers", "self_test"])]
    pub from: Option<PathBuf>,

    /// Stop sampling as soon as the error bound is at most this.
    #[arg(long, value_name = "SECONDS", help_heading = SERVERS, allow_hyphen_values = true)]
    pub accuracy: Option<String>,

    /// So many of the named servers have to agree, or nothing is set [default: 1, or what the configuration file demands]
    #[arg(long, value_name = "N", help_heading = SERVERS, allow_hyphen_values = true)]
    pub min_servers: Option<String>,

    /// Believe no server whose error bound (root distance) is larger than this [default: 3]
    #[arg(long, value_name = "SECONDS", help_heading = SERVERS, allow_hyphen_values = true)]
    pub max_distance: Option<String>,

    /// Refuse a larger step.
    #[arg(long, value_name = "SECONDS", help_heading = CLOCK, allow_hyphen_values = true)]
    pub max_step: Option<String>,

    /// What --max-step is until the clock has been set once since boot: for machines without an RTC [default: as --max-step]
    #[arg(long, value_name = "SECONDS", help_heading = CLOCK, allow_hyphen_values = true)]
    pub max_first_step: Option<String>,

    /// Refuse to step the clock back.
    #[arg(long, help_heading = CLOCK)]
    pub forward_only: bool,

    /// Let the clock be set to a time before this program was built or released.
    #[arg(long, help_heading = CLOCK)]
    pub allow_past: bool,

    /// Tell the kernel that the clock is synchronised, and how well. The kernel then writes the RTC every 11 minutes.
    #[arg(long, help_heading = CLOCK)]
    pub mark_synced: bool,

    /// Retry for so long while names do not resolve, no route is there or the servers are silent.
    #[arg(long, value_name = "SECONDS", help_heading = UNATTENDED, allow_hyphen_values = true)]
    pub wait: Option<String>,

    /// Start after a delay of up to so long, which differs between machines and is always the same on one.
    #[arg(long, value_name = "SECONDS", help_heading = UNATTENDED, allow_hyphen_values = true)]
    pub splay: Option<String>,

    /// Run this shell command after a step, with the step's size in RNTPDATE_OFFSET.
    #[arg(long, value_name = "COMMAND", help_heading = UNATTENDED)]
    pub after_step: Option<String>,

    /// Set the clock although another time daemon runs, and ask servers that want to be left alone for a while.
    #[arg(long, help_heading = UNATTENDED)]
    pub force: bool,

    /// Where the lock and the notes of earlier runs are [default: /run/rntpdate]
    #[arg(long, value_name = "DIRECTORY", help_heading = UNATTENDED)]
    pub state_dir: Option<PathBuf>,
}
