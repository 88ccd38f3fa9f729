//! The servers of systemd-timesyncd: its own and those of networkd's links together, else the fallback (timesyncd.conf(5)).

use std::path::{Path, PathBuf};

use super::Found;
use super::reading::Reading;
use crate::config::{Form, TimesyncdServers, link_state, takes_servers_of_dhcp};

/// The directories of timesyncd's files, the one with the last word first.
const SYSTEMD: [&str; 4] = ["/etc/systemd", "/run/systemd", "/usr/local/lib/systemd", "/usr/lib/systemd"];
const LINKS: &str = "/run/systemd/netif/links";
const LEASES: &str = "/run/systemd/netif/leases";

pub(super) fn timesyncd(root: &Path) -> Option<Found> {
    let mut reading = Reading::new(root);
    let files = settings(&reading);
    let mut servers = TimesyncdServers::default();
    for (number, file) in files.iter().enumerate() {
        if let Some(text) = reading.text_if_there(file) {
            let faults = servers.read(number, &text);
            reading.add_faults(file, faults);
        }
    }
    let add =
        |reading: &mut Reading<'_>, (number, server): &(usize, _)| reading.add(Clone::clone(server), &files[*number]);
    servers.ntp.iter().for_each(|server| add(&mut reading, server));
    let of_links = links(&mut reading);
    if !reading.has_servers() {
        servers.fallback.iter().for_each(|server| add(&mut reading, server));
    }
    let main = reading.first_file().map(Path::to_owned).or_else(|| files.first().cloned()).or(of_links)?;
    Some(reading.found(&main, Form::Timesyncd))
}

/// The first main file there is, then all drop-ins by name.
fn settings(reading: &Reading<'_>) -> Vec<PathBuf> {
    let mains = SYSTEMD.iter().map(|directory| Path::new(directory).join("timesyncd.conf"));
    let mut files: Vec<PathBuf> = mains.filter(|file| reading.real(file).exists()).take(1).collect();
    files.extend(reading.in_directories(&SYSTEMD.map(|directory| format!("{directory}/timesyncd.conf.d")), ".conf"));
    files
}

/// Adds the servers of the links; gives the first file that was there.
fn links(reading: &mut Reading<'_>) -> Option<PathBuf> {
    let mut first = None;
    let mut without_dhcp = Vec::new();
    for file in reading.in_directories(&[LINKS.to_owned()], "") {
        let Some(text) = reading.text_if_there(&file) else { continue };
        let state = link_state(&text);
        let texts = state.network_files.iter().filter_map(|file| reading.text_if_there(Path::new(file)));
        if texts.filter_map(|text| takes_servers_of_dhcp(&text)).last() == Some(false) {
            without_dhcp.extend(file.file_name().map(ToOwned::to_owned));
        }
        reading.take_in(&file, Form::NetworkdLease, state.parsed);
        first.get_or_insert(file);
    }
    for file in reading.in_directories(&[LEASES.to_owned()], "") {
        if !file.file_name().is_some_and(|name| without_dhcp.iter().any(|link| link == name)) {
            reading.read(&file, Form::NetworkdLease);
            first.get_or_insert(file);
        }
    }
    first
}
