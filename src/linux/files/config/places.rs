//! Where the configuration files of other programs are, in the order in which they are tried.

use crate::config::Form;

/// The files of ntpdate's packages, each with what the DHCP client's hook of that package writes.
pub(super) const NTPDATE_DEFAULTS: [(&str, &str); 2] = [
    ("/etc/default/ntpdate", "/var/lib/ntpdate/default.dhcp"),
    ("/etc/default/ntpsec-ntpdate", "/run/ntpsec/ntpdate.dhcp"),
];

/// What Red Hat, Gentoo and Arch start a client with that sets the clock once.
pub(super) const CLIENTS: [&str; 4] =
    ["/etc/sysconfig/ntpdate", "/etc/conf.d/ntp-client", "/etc/conf.d/ntpdate", "/etc/conf.d/ntp-client.conf"];

pub(super) const STEP_TICKERS: &str = "/etc/ntp/step-tickers";

/// ntp.org's and NTPsec's, as Debian, Red Hat and SUSE place them, then OpenNTPD's.
pub(super) const NTP_CONF: [(&str, Form); 4] = [
    ("/etc/ntpsec/ntp.conf", Form::Ntp),
    ("/etc/ntp.conf", Form::Ntp),
    ("/etc/openntpd/ntpd.conf", Form::OpenNtpd),
    ("/etc/ntpd.conf", Form::OpenNtpd),
];

/// The other daemons, then OpenWrt.
pub(super) const DAEMONS: [(&str, Form); 8] = [
    ("/etc/chrony/chrony.conf", Form::Chrony),
    ("/etc/chrony.conf", Form::Chrony),
    ("/etc/linuxptp/timemaster.conf", Form::Timemaster),
    ("/etc/timemaster.conf", Form::Timemaster),
    ("/etc/ntpd-rs/ntp.toml", Form::NtpdRs),
    ("/etc/config/system", Form::Uci),
    ("/etc/config/ntpclient", Form::Uci),
    ("/etc/config/chrony", Form::Uci),
];

/// What daemons are started with: busybox's ntpd has its servers there.
pub(super) const STARTS: [&str; 4] =
    ["/etc/conf.d/ntpd", "/etc/conf.d/sntp", "/etc/sysconfig/ntpd", "/etc/sysconfig/ntp"];

/// ntp.conf as the hooks of dhclient and NetworkManager rewrite it.
pub(super) const NTP_CONF_OF_DHCP: [&str; 3] =
    ["/run/ntpsec/ntp.conf.dhcp", "/run/ntp.conf.dhcp", "/var/lib/ntp/ntp.conf.dhcp"];

pub(super) const CHRONY_DHCP: &str = "/run/chrony-dhcp";
