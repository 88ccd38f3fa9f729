//! Where time services keep their configuration, in the order in which it is asked.

use std::path::{Path, PathBuf};

use super::Found;
use super::reading::Reading;
use crate::config::{Form, NtpdateDefaults, TimesyncdServers, ntpdate_defaults};

/// ntp.org's and NTPsec's, as Debian, Red Hat and SUSE place them, then OpenNTPD's.
const NTP_CONF: [&str; 4] = ["/etc/ntpsec/ntp.conf", "/etc/ntp.conf", "/etc/openntpd/ntpd.conf", "/etc/ntpd.conf"];
const CHRONY_CONF: [&str; 2] = ["/etc/chrony/chrony.conf", "/etc/chrony.conf"];
const STEP_TICKERS: &str = "/etc/ntp/step-tickers";
/// Each with what the DHCP client's hook of that package writes.
const NTPDATE_DEFAULTS: [(&str, &str); 2] = [
    ("/etc/default/ntpdate", "/var/lib/ntpdate/default.dhcp"),
    ("/etc/default/ntpsec-ntpdate", "/run/ntpsec/ntpdate.dhcp"),
];
/// The directories of timesyncd's files, the one with the last word first.
const SYSTEMD: [&str; 4] = ["/etc/systemd", "/run/systemd", "/usr/local/lib/systemd", "/usr/lib/systemd"];
/// ntp.conf as the hooks of dhclient and NetworkManager rewrite it.
const NTP_CONF_OF_DHCP: [&str; 3] = ["/run/ntpsec/ntp.conf.dhcp", "/run/ntp.conf.dhcp", "/var/lib/ntp/ntp.conf.dhcp"];
/// Directory, ending and form of what else DHCP leaves.
const LEASES: [(&str, &str, Form); 6] = [
    ("/run/chrony-dhcp", ".sources", Form::Chrony),
    ("/run/systemd/netif/leases", "", Form::NetworkdLease),
    ("/var/lib/NetworkManager", ".lease", Form::NetworkdLease),
    ("/var/lib/dhcp", ".leases", Form::DhclientLeases),
    ("/var/lib/dhclient", ".leases", Form::DhclientLeases),
    ("/var/lib/dhclient", ".lease", Form::DhclientLeases),
];

pub(super) fn all(root: &Path) -> Vec<Found> {
    let mut found = Vec::new();
    found.extend(NTPDATE_DEFAULTS.iter().filter_map(|(file, dhcp)| ntpdate(root, Path::new(file), Path::new(dhcp))));
    found.extend(one(root, STEP_TICKERS, Form::StepTickers));
    found.extend(NTP_CONF.iter().filter_map(|file| one(root, file, Form::Ntp)));
    found.extend(CHRONY_CONF.iter().filter_map(|file| one(root, file, Form::Chrony)));
    found.extend(timesyncd(root));
    found.extend(NTP_CONF_OF_DHCP.iter().filter_map(|file| one(root, file, Form::Ntp)));
    for (directory, ending, form) in LEASES {
        let files = Reading::new(root).in_directories(&[directory.to_owned()], ending);
        for file in files.iter().map(|file| file.to_string_lossy()) {
            // NetworkManager may have dhclient do it.
            let form = if file.contains("/dhclient-") { Form::DhclientLeases } else { form };
            found.extend(one(root, &file, form));
        }
    }
    found
}

fn one(root: &Path, file: &str, form: Form) -> Option<Found> {
    let mut reading = Reading::new(root);
    let there = reading.read(Path::new(file), form);
    (there || reading.has_anything()).then(|| reading.found(Path::new(file), form))
}

/// As ntpdate-debian does it: the variables, in their place ntp.conf if that is asked for, and what DHCP says over both.
fn ntpdate(root: &Path, file: &Path, dhcp: &Path) -> Option<Found> {
    let mut reading = Reading::new(root);
    let Some(text) = reading.text_if_there(file) else {
        return reading.has_anything().then(|| reading.found(file, Form::NtpdateDefaults));
    };
    let NtpdateDefaults { use_ntp_conf, ignore_dhcp, mut servers, options, faults } = ntpdate_defaults(&text);
    reading.add_faults(file, faults);
    let mut main = file.to_owned();
    if !ignore_dhcp && let Some(text) = reading.text_if_there(dhcp) {
        let given = ntpdate_defaults(&text);
        reading.add_faults(dhcp, given.faults);
        if !given.servers.is_empty() {
            (servers, main) = (given.servers, dhcp.to_owned());
        }
    }
    let from_ntp_conf = use_ntp_conf
        && main == file
        && NTP_CONF.iter().any(|ntp_conf| reading.read(Path::new(ntp_conf), Form::Ntp) && reading.has_servers());
    if !from_ntp_conf {
        servers.into_iter().for_each(|server| reading.add(server));
    }
    let mut found = reading.found(&main, Form::NtpdateDefaults);
    if !options.is_empty() {
        found.notes.push(format!("NTPOPTIONS in {} is not applied: {options}", file.display()));
    }
    Some(found)
}

/// The first main file there is, then all drop-ins by name.
fn timesyncd(root: &Path) -> Option<Found> {
    let mut reading = Reading::new(root);
    let mains = SYSTEMD.iter().map(|directory| Path::new(directory).join("timesyncd.conf"));
    let mut files: Vec<PathBuf> = mains.filter(|file| reading.real(file).exists()).take(1).collect();
    files.extend(reading.in_directories(&SYSTEMD.map(|directory| format!("{directory}/timesyncd.conf.d")), ".conf"));
    let mut servers = TimesyncdServers::default();
    for file in &files {
        if let Some(text) = reading.text_if_there(file) {
            let faults = servers.read(&text);
            reading.add_faults(file, faults);
        }
    }
    servers.chosen().iter().for_each(|server| reading.add(server.clone()));
    let main = files.first()?;
    Some(reading.found(main, Form::Timesyncd))
}
