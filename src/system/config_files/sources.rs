//! Where time services keep their configuration, in the order in which it is asked.

use std::path::Path;

use super::reading::Reading;
use super::{Found, dhcp, ntpdate, systemd};
use crate::config::Form;

/// Each with what the DHCP client's hook of that package writes.
const NTPDATE_DEFAULTS: [(&str, &str); 2] = [
    ("/etc/default/ntpdate", "/var/lib/ntpdate/default.dhcp"),
    ("/etc/default/ntpsec-ntpdate", "/run/ntpsec/ntpdate.dhcp"),
];
/// What Red Hat, Gentoo and Arch start a client with that sets the clock once.
const CLIENTS: [&str; 4] =
    ["/etc/sysconfig/ntpdate", "/etc/conf.d/ntp-client", "/etc/conf.d/ntpdate", "/etc/conf.d/ntp-client.conf"];
const STEP_TICKERS: &str = "/etc/ntp/step-tickers";
/// ntp.org's and NTPsec's, as Debian, Red Hat and SUSE place them, then OpenNTPD's.
pub(super) const NTP_CONF: [(&str, Form); 4] = [
    ("/etc/ntpsec/ntp.conf", Form::Ntp),
    ("/etc/ntp.conf", Form::Ntp),
    ("/etc/openntpd/ntpd.conf", Form::OpenNtpd),
    ("/etc/ntpd.conf", Form::OpenNtpd),
];
/// The other daemons, then OpenWrt.
const DAEMONS: [(&str, Form); 8] = [
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
const STARTS: [&str; 4] = ["/etc/conf.d/ntpd", "/etc/conf.d/sntp", "/etc/sysconfig/ntpd", "/etc/sysconfig/ntp"];
/// ntp.conf as the hooks of dhclient and NetworkManager rewrite it.
const NTP_CONF_OF_DHCP: [&str; 3] = ["/run/ntpsec/ntp.conf.dhcp", "/run/ntp.conf.dhcp", "/var/lib/ntp/ntp.conf.dhcp"];
const CHRONY_DHCP: &str = "/run/chrony-dhcp";

pub(super) fn all(root: &Path, now: i64) -> Vec<Found> {
    let mut found = Vec::new();
    let defaults = NTPDATE_DEFAULTS.iter();
    found.extend(defaults.filter_map(|(file, dhcp)| ntpdate::with_dhcp(root, Path::new(file), Path::new(dhcp))));
    found.extend(CLIENTS.iter().filter_map(|file| variables(root, Path::new(file))));
    found.extend(one(root, STEP_TICKERS, Form::StepTickers));
    found.extend(NTP_CONF.iter().chain(&DAEMONS).filter_map(|(file, form)| one(root, file, *form)));
    found.extend(STARTS.iter().filter_map(|file| variables(root, Path::new(file))));
    found.extend(systemd::timesyncd(root));
    found.extend(NTP_CONF_OF_DHCP.iter().filter_map(|file| one(root, file, Form::Ntp)));
    found.extend(chrony_dhcp(root));
    found.extend(dhcp::network_manager(root, now));
    found.extend(dhcp::dhclient(root, now));
    found
}

fn one(root: &Path, file: &str, form: Form) -> Option<Found> {
    let mut reading = Reading::new(root);
    let there = reading.read(Path::new(file), form);
    (there || reading.has_anything()).then(|| reading.found(Path::new(file), form))
}

fn variables(root: &Path, file: &Path) -> Option<Found> {
    let mut reading = Reading::new(root);
    if let Some(text) = reading.text_if_there(file) {
        ntpdate::sysconfig(&mut reading, file, &text);
        return Some(reading.found(file, Form::Sysconfig));
    }
    reading.has_anything().then(|| reading.found(file, Form::Sysconfig))
}

/// What NetworkManager's and dhclient's hooks give chronyd, of all interfaces.
fn chrony_dhcp(root: &Path) -> Option<Found> {
    let mut reading = Reading::new(root);
    let files = reading.in_directories(&[CHRONY_DHCP.to_owned()], ".sources");
    for file in &files {
        reading.read(file, Form::Chrony);
    }
    let main = reading.first_file().map(Path::to_owned).or_else(|| files.first().cloned())?;
    Some(reading.found(&main, Form::Chrony))
}
