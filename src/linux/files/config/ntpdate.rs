//! The files that ntpdate was started with: variables of the shell.

use std::path::Path;

use super::Found;
use super::places::NTP_CONF;
use super::reading::Reading;
use crate::config;
use crate::config::{Form, NtpdateDefaults, ntpdate_defaults};

/// /etc/default/ntpdate below a root, with what the DHCP client's hook of that package writes.
pub(super) fn with_dhcp(root: &Path, file: &Path, dhcp: &Path) -> Option<Found> {
    let mut reading = Reading::new(root);
    match reading.text_if_there(file) {
        Some(text) => Some(defaults(reading, file, &text, Some(dhcp))),
        None => reading.has_anything().then(|| reading.found(file, Form::NtpdateDefaults)),
    }
}

/// The servers as ntpdate-debian takes them: the variables, in their place ntp.conf if that is asked for, and what DHCP says over both.
pub(super) fn defaults(mut reading: Reading<'_>, file: &Path, text: &str, dhcp: Option<&Path>) -> Found {
    let NtpdateDefaults { use_ntp_conf, ignore_dhcp, mut servers, options, faults } = ntpdate_defaults(text);
    reading.add_faults(file, faults);
    let mut main = file;
    if !ignore_dhcp
        && let Some(dhcp) = dhcp
        && let Some(text) = reading.text_if_there(dhcp)
    {
        let given = ntpdate_defaults(&text);
        reading.add_faults(dhcp, given.faults);
        if !given.servers.is_empty() {
            (servers, main) = (given.servers, dhcp);
        }
    }
    if use_ntp_conf && main == file {
        let is_used =
            |ntp_conf: &&(&str, Form)| reading.read(Path::new(ntp_conf.0), ntp_conf.1) && reading.has_servers();
        if let Some((ntp_conf, _)) = NTP_CONF.iter().find(is_used) {
            main = Path::new(ntp_conf);
        }
    }
    if !reading.has_servers() {
        servers.into_iter().for_each(|server| reading.add(server, main));
    }
    if !options.is_empty() {
        reading.note_options(file, "NTPOPTIONS", &options);
    }
    reading.found(main, Form::NtpdateDefaults)
}

/// Variables of a file below /etc/sysconfig or /etc/conf.d.
pub(super) fn sysconfig(reading: &mut Reading<'_>, file: &Path, text: &str) {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let config::Sysconfig { parsed, options } = config::sysconfig(&name, text);
    reading.take_in(file, Form::Sysconfig, parsed);
    for (name, value) in options {
        reading.note_options(file, &name, &value);
    }
}
