//! rntpdate's command line.

use std::path::PathBuf;

use clap::Parser;

const ACTION: &str = "What to do (without any of these: set the clock)";
const CLOCK: &str = "How to set the clock";
const RTC: &str = "Whether and how to set the hardware clock (RTC)";
const SERVERS: &str = "How to ask the servers";
const TRUST: &str = "Whom to trust";
const WHY: &str = "How to find out what is wrong";
const UNATTENDED: &str = "Unattended runs: cron, boot, timers";
const FLEET: &str = "Many clocks";
const MONITORING: &str = "For monitoring";
const OUTPUT: &str = "What to print, and where";

/// Ask NTP servers for the time once, and set this machine's clock by what most of them agree on.
#[derive(Clone, Debug, Default, PartialEq, Parser)]
#[command(
    version,
    args_override_self = true,
    after_help = "Exit status: 0 the clock is set (or, with -q and -d, could be); 1 it is not; 2 the command line is wrong;\n\
                  3 the clock is set (or could be), but with -w the RTC is not; 4 refused: another time daemon runs, or a limit forbids it.\n\
                  When it says \"no server suitable for synchronization found\", run it again with -d."
)]
pub struct RntpdateCli {
    /// Names or addresses, each with :PORT where that differs, or with nts: in front (see --nts); every address of every name is asked. Without any: the
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

    /// Learn from run to run how fast this machine's clock goes, and tune the kernel's frequency by that, from the second run on.
    /// Without this option root's runs do so once they have come at regular times; never beside a daemon.
    #[arg(long, help_heading = CLOCK, overrides_with = "no_discipline")]
    pub discipline: bool,

    /// With --history-show: draw the offsets and the frequency into this file, as SVG.
    #[arg(long, value_name = "FILE", help_heading = ACTION, requires = "history_show")]
    pub svg: Option<PathBuf>,

    /// Neither learn from run to run nor tune the kernel's frequency.
    #[arg(long, help_heading = CLOCK, overrides_with = "discipline")]
    pub no_discipline: bool,

    /// With --discipline, while nothing is known of this machine's clock: measure again after so long, at least 64, so that the
    /// clock is kept from the first run on. 120 are a good choice; later runs are as short as ever.
    #[arg(long, value_name = "SECONDS", help_heading = CLOCK, allow_hyphen_values = true)]
    pub settle: Option<String>,

    /// Where runs keep what they learn of the clock [default: /var/lib/rntpdate/history]
    #[arg(long, value_name = "FILE", help_heading = CLOCK)]
    pub history: Option<PathBuf>,

    /// While there is no history, start from the frequency in this drift file of ntpd or chronyd.
    #[arg(long, value_name = "FILE", help_heading = CLOCK)]
    pub drift_file: Option<PathBuf>,

    /// IPv4 only. The later of -4 and -6 counts.
    #[arg(short = '4', long, help_heading = SERVERS, overrides_with = "ipv6")]
    pub ipv4: bool,

    /// IPv6 only.
    #[arg(short = '6', long, help_heading = SERVERS, overrides_with = "ipv4")]
    pub ipv6: bool,

    /// Samples from each server, 1 to 8 [default: 4, with -q and --fleet 1, with --check 2, with --discipline 8]
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

    /// Ask all servers by Network Time Security (NTS, RFC 8915), and believe none without. Port numbers behind the servers are then
    /// those of their key exchanges. nts:SERVER asks for it for one server. Of --nts and --no-nts the later counts.
    #[arg(long, help_heading = TRUST, overrides_with = "no_nts",
          conflicts_with_all = ["auth_key", "self_test", "peers", "doctor", "history_show", "fleet", "collect"])]
    pub nts: bool,

    /// Ask without NTS the servers for which configuration files want it. Anybody on the way can then answer for them.
    #[arg(long, help_heading = TRUST, overrides_with = "nts")]
    pub no_nts: bool,

    /// Certificates of NTS servers have to come from an authority in this file, or folder of files, and not from the system's
    /// [default: /etc/ssl/certs/ca-certificates.crt, or where the system has its authorities]
    #[arg(long, value_name = "FILE", help_heading = TRUST)]
    pub nts_ca: Option<PathBuf>,

    /// Certificates of NTS servers have to be valid at this machine's time, even where the clock cannot be right.
    #[arg(long, help_heading = TRUST)]
    pub nts_strict: bool,

    /// With a clock that cannot be right, believe a single NTS server whose certificate is valid at the time that it gives; without
    /// this option there have to be two.
    #[arg(long, help_heading = TRUST, conflicts_with = "nts_strict")]
    pub nts_first: bool,

    /// Where keys and cookies of NTS servers are kept for the next run that sets the clock [default: /var/lib/rntpdate/nts]
    #[arg(long, value_name = "DIRECTORY", help_heading = TRUST)]
    pub nts_dir: Option<PathBuf>,

    /// Throw away the keys and cookies of NTS servers that were kept, and exchange new ones.
    #[arg(long, help_heading = TRUST)]
    pub nts_forget: bool,

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

    /// Print one JSON object instead of lines; with -q, -d, or when the clock is set. With --fleet and --collect one for each clock, and one at the end.
    #[arg(long, help_heading = OUTPUT, conflicts_with = "self_test")]
    pub json: bool,

    /// Look over this machine: may the clock be set, who else sets it, RTC, network, names. Exit status 1 if anything is bad.
    #[arg(long, help_heading = WHY, conflicts_with_all = ["servers", "query", "debug", "self_test", "json", "peers", "systohc"])]
    pub doctor: bool,

    /// Print what the servers say of themselves and of their own sources, as ntpq -p does, and set nothing.
    #[arg(long, help_heading = WHY, conflicts_with_all = ["query", "debug", "self_test", "json", "systohc"])]
    pub peers: bool,

    /// Print nothing unless the clock was stepped, or the run was refused or failed. A server that is wrong or silent is no failure
    /// where the others are enough: --check and --metrics show it.
    #[arg(long, help_heading = OUTPUT, conflicts_with_all = ["query", "debug", "verbose", "self_test"])]
    pub quiet: bool,

    /// Take the servers from this file: ntp.conf, chrony.conf, timesyncd.conf, ntp.toml and others, a list, or a DHCP lease.
    #[arg(long, value_name = "FILE", help_heading = SERVERS, conflicts_with_all = ["servers", "self_test"])]
    pub from: Option<PathBuf>,

    /// Stop sampling as soon as the error bound is at most this; -d samples on.
    #[arg(long, value_name = "SECONDS", help_heading = SERVERS, allow_hyphen_values = true)]
    pub accuracy: Option<String>,

    /// Hardware clocks of this machine (phc:/dev/ptp0) are so far ahead of UTC: 0 where they keep UTC, 37 where TAI
    #[arg(long, value_name = "SECONDS", help_heading = SERVERS, allow_hyphen_values = true)]
    pub phc_offset: Option<String>,

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

    /// With --splay: this machine is number N of M, and they start evenly spread, 1/M of the time apart.
    #[arg(long, value_name = "N/M", help_heading = UNATTENDED)]
    pub slot: Option<String>,

    /// Run this shell command after a step, with the step's size in RNTPDATE_OFFSET.
    #[arg(long, value_name = "COMMAND", help_heading = UNATTENDED)]
    pub after_step: Option<String>,

    /// Set the clock although another time daemon runs, and ask servers that want to be left alone for a while.
    #[arg(long, help_heading = UNATTENDED)]
    pub force: bool,

    /// Compare this machine's clock with the servers as a monitoring plugin: one line, exit status 0 OK, 1 WARNING, 2 CRITICAL,
    /// 3 UNKNOWN. Ends within -t, 10 s at the most, and sets nothing.
    #[arg(long, help_heading = MONITORING, conflicts_with_all = ["query", "debug", "self_test", "peers", "doctor", "history_show",
          "json", "quiet", "syslog", "systohc", "discipline", "wait", "splay", "deadline", "metrics", "fleet", "collect"])]
    pub check: bool,

    /// With --check, --fleet and --collect: the range of offsets beyond which it is a WARNING; a bare number means their size [default: 0.1]
    #[arg(long, value_name = "RANGE", help_heading = MONITORING, allow_hyphen_values = true)]
    pub warning: Option<String>,

    /// With --check, --fleet and --collect: the range of offsets beyond which it is CRITICAL [default: 0.5]
    #[arg(long, value_name = "RANGE", help_heading = MONITORING, allow_hyphen_values = true)]
    pub critical: Option<String>,

    /// With --check and --fleet: the range of strata beyond which it is a WARNING.
    #[arg(long, value_name = "RANGE", help_heading = MONITORING, allow_hyphen_values = true)]
    pub warning_stratum: Option<String>,

    /// With --check and --fleet: the range of strata beyond which it is CRITICAL.
    #[arg(long, value_name = "RANGE", help_heading = MONITORING, allow_hyphen_values = true)]
    pub critical_stratum: Option<String>,

    /// Replace this file by what the run found and did, as Prometheus's text for node_exporter (*.prom); - is standard output.
    #[arg(long, value_name = "FILE", help_heading = MONITORING,
          conflicts_with_all = ["self_test", "peers", "doctor", "history_show"])]
    pub metrics: Option<PathBuf>,

    /// Ask every clock that this list (- is standard input) names, and print those beyond the limits: one name, address or block
    /// such as 192.0.2.0/24 on each line, each with :PORT where that differs. Sets nothing; exit status as with --check.
    #[arg(long, value_name = "FILE", help_heading = FLEET,
          conflicts_with_all = ["servers", "query", "debug", "self_test", "history_show", "doctor", "peers", "systohc", "discipline",
          "from", "auth_key", "wait", "splay", "syslog", "metrics", "collect"])]
    pub fleet: Option<PathBuf>,

    /// With --fleet: requests a second to one network (an IPv4 /24, an IPv6 /64) [default: 100]
    #[arg(long, value_name = "N", help_heading = FLEET, allow_hyphen_values = true)]
    pub rate: Option<String>,

    /// With --fleet: compare the clocks with this server's instead of this machine's.
    #[arg(long, value_name = "SERVER", help_heading = FLEET)]
    pub reference: Option<String>,

    /// Put together what `rntpdate --json` printed on many machines, read from standard input as pdsh, clush, Ansible, srun and
    /// kubectl deliver it. Exit status as with --check.
    #[arg(long, help_heading = FLEET,
          conflicts_with_all = ["servers", "query", "debug", "self_test", "history_show", "doctor", "peers", "systohc", "discipline",
          "from", "auth_key", "wait", "splay", "syslog", "metrics"])]
    pub collect: bool,

    /// With --collect: the machines that this file lists, one on each line, have to be there.
    #[arg(long, value_name = "FILE", help_heading = FLEET)]
    pub expect: Option<PathBuf>,

    /// Where the lock and the notes of earlier runs are [default: /run/rntpdate]
    #[arg(long, value_name = "DIRECTORY", help_heading = UNATTENDED)]
    pub state_dir: Option<PathBuf>,

    /// What only check_ntp_time has words for, where rntpdate was started by that name.
    #[arg(skip)]
    pub plugin: Option<PluginWords>,
}

/// Options of check_ntp_time that rntpdate has none for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PluginWords {
    /// -q
    pub quiet: bool,
    /// -o
    pub time_offset: Option<String>,
}
