//! The command line of check_ntp_time of the Monitoring Plugins, which a link of that name makes of rntpdate.

use clap::{ArgAction, Parser};

use super::rntpdate::{PluginWords, RntpdateCli};

/// The name of the link.
pub const CHECK_NTP_TIME: &str = "check_ntp_time";

/// Check this machine's clock against an NTP server, with the options and lines of the Monitoring Plugins' check_ntp_time.
#[derive(Clone, Debug, Default, Parser)]
#[command(
    name = CHECK_NTP_TIME,
    version,
    args_override_self = true,
    after_help = "A THRESHOLD is a range: 0.5 (beyond 0.5 in size), 0.1: (below), ~:0.1 (above), 0.1:0.2 (outside), @0.1:0.2 (inside).\n\
                  Exit status: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN. See MONITORING in man rntpdate."
)]
pub struct CheckNtpTimeCli {
    /// Name or address of the server.
    #[arg(short = 'H', long = "hostname", value_name = "ADDRESS")]
    host: Option<String>,

    /// UDP port of the server [default: 123]
    #[arg(short = 'p', long, value_name = "INTEGER", allow_hyphen_values = true)]
    port: Option<String>,

    /// IPv4 only.
    #[arg(short = '4', long = "use-ipv4", overrides_with = "ipv6")]
    ipv4: bool,

    /// IPv6 only.
    #[arg(short = '6', long = "use-ipv6", overrides_with = "ipv4")]
    ipv6: bool,

    /// Offset to result in status WARNING, seconds [default: 60]
    #[arg(short = 'w', long, value_name = "THRESHOLD", allow_hyphen_values = true)]
    warning: Option<String>,

    /// Offset to result in status CRITICAL, seconds [default: 120]
    #[arg(short = 'c', long, value_name = "THRESHOLD", allow_hyphen_values = true)]
    critical: Option<String>,

    /// Seconds that are added to the offset, for a server that is known to be wrong by so much.
    #[arg(
        short = 'o',
        long = "time-offset",
        alias = "time_offset",
        value_name = "SECONDS",
        allow_hyphen_values = true
    )]
    time_offset: Option<String>,

    /// End within this time; no run takes more than 10 s [default: 10]
    #[arg(short = 't', long, value_name = "SECONDS", allow_hyphen_values = true)]
    timeout: Option<String>,

    /// UNKNOWN instead of CRITICAL where the server answers without a time that can be used.
    #[arg(short = 'q', long)]
    quiet: bool,

    /// Taken for the plugin's sake: what goes wrong is in the line.
    #[arg(short = 'v', long, action = ArgAction::Count)]
    verbose: u8,

    /// What stands alone, and the plugin passes over.
    #[arg(hide = true)]
    alone: Vec<String>,
}

/// Fails with what is wrong with the command line.
impl TryFrom<CheckNtpTimeCli> for RntpdateCli {
    type Error = String;

    fn try_from(words: CheckNtpTimeCli) -> Result<RntpdateCli, String> {
        if let Some(word) = words.alone.first() {
            return Err(format!("\"{word}\" stands alone: a server follows -H"));
        }
        let host = words.host.ok_or("no server given: write -H HOST")?;
        Ok(RntpdateCli {
            servers: vec![host],
            check: true,
            port: words.port,
            ipv4: words.ipv4,
            ipv6: words.ipv6,
            warning: words.warning,
            critical: words.critical,
            timeout: words.timeout,
            plugin: Some(PluginWords { quiet: words.quiet, time_offset: words.time_offset }),
            ..RntpdateCli::default()
        })
    }
}
