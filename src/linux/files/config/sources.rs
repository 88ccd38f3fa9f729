//! Where time services keep their configuration, in the order in which it is asked.

use std::path::Path;

use super::places::{
    CHRONY_DHCP, CLIENTS, DAEMONS, NTP_CONF, NTP_CONF_OF_DHCP, NTPDATE_DEFAULTS, STARTS, STEP_TICKERS,
};
use super::reading::Reading;
use super::{Found, dhcp, ntpdate, systemd};
use crate::config::Form;

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
