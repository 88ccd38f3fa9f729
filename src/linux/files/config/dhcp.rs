//! What DHCP clients leave: the newest lease of each interface counts, unless it is over.

use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use chrono::DateTime;

use super::Found;
use super::reading::Reading;
use crate::config::{Form, Item, Lease, Leases, leases, link_state};

/// Directories and endings of dhclient's leases, where NetworkManager has it do the work too.
const DHCLIENT: [(&str, &str, &str); 5] = [
    ("/var/lib/dhcp", "", ".leases"),
    ("/var/lib/dhcp", "", ".lease"),
    ("/var/lib/dhclient", "", ".leases"),
    ("/var/lib/dhclient", "", ".lease"),
    ("/var/lib/NetworkManager", "dhclient", ".lease"),
];
const NETWORK_MANAGER: &str = "/var/lib/NetworkManager";

/// The leases of dhclient, of all its files.
pub(super) fn dhclient(root: &Path, now: i64) -> Option<Found> {
    let mut reading = Reading::new(root);
    let mut files = Vec::new();
    for (directory, start, ending) in DHCLIENT {
        for file in reading.in_directories(&[directory.to_owned()], ending) {
            if file.file_name().is_some_and(|name| name.to_string_lossy().starts_with(start))
                && let Some(text) = reading.text_if_there(&file)
            {
                files.push((file, text));
            }
        }
    }
    take_in(&mut reading, &files, now);
    let file = reading.first_file().map(Path::to_owned).or_else(|| files.first().map(|(file, _)| file.clone()))?;
    Some(reading.found(&file, Form::DhclientLeases))
}

/// Takes in the leases of these files that hold at `now`, in seconds since 1970.
pub(super) fn take_in(reading: &mut Reading<'_>, files: &[(PathBuf, String)], now: i64) {
    let mut newest: Vec<(&Path, Lease)> = Vec::new();
    for (file, text) in files {
        let Leases { newest: found, faults } = leases(text);
        reading.add_faults(file, faults);
        for lease in found {
            // Without an interface's name each file stands for itself.
            let is_same = |old: &(&Path, Lease)| {
                (&old.1.interface, old.1.is_v6) == (&lease.interface, lease.is_v6)
                    && (lease.interface.is_some() || old.0 == file)
            };
            match newest.iter_mut().find(|old| is_same(old)) {
                Some(old) if ends(&old.1) > ends(&lease) => {}
                Some(old) => *old = (file, lease),
                None => newest.push((file, lease)),
            }
        }
    }
    for (file, lease) in newest {
        if !lease.is_over(now) {
            lease.servers.into_iter().for_each(|server| reading.add(server, file));
        } else if !lease.servers.is_empty() {
            reading.pass_over(passed_over(file, Some(lease.line), lease.expires.unwrap_or_default()));
        }
    }
}

/// What never ends is newer than what does.
fn ends(lease: &Lease) -> i64 {
    lease.expires.unwrap_or(i64::MAX)
}

fn passed_over(file: &Path, line: Option<usize>, expired: i64) -> String {
    let line = line.map(|line| format!(":{line}")).unwrap_or_default();
    let at = DateTime::from_timestamp(expired, 0).unwrap_or_default().format("%Y-%m-%d %H:%M:%S UTC");
    format!("{}{line}: this lease is over since {at}: its servers are passed over", file.display())
}

/// The leases of NetworkManager's own client, which hold from when they are written.
pub(super) fn network_manager(root: &Path, now: i64) -> Option<Found> {
    let mut reading = Reading::new(root);
    let files = reading.in_directories(&[NETWORK_MANAGER.to_owned()], ".lease");
    let is_own = |file: &&PathBuf| !file.file_name().is_some_and(|name| name.to_string_lossy().starts_with("dhclient"));
    for file in files.iter().filter(is_own) {
        let Some(text) = reading.text_if_there(file) else { continue };
        let state = link_state(&text);
        let written = reading.real(file).metadata().and_then(|metadata| metadata.modified()).ok();
        let written = written.and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        let expires = written.zip(state.lifetime).map(|(at, lifetime)| at.as_secs() + u64::from(lifetime));
        match expires.and_then(|expires| i64::try_from(expires).ok()).filter(|expires| *expires <= now) {
            Some(expired) if state.parsed.items.iter().any(|item| matches!(item, Item::Server(_))) => {
                reading.pass_over(passed_over(file, None, expired));
            }
            Some(_) => {}
            None => reading.take_in(file, Form::NetworkdLease, state.parsed),
        }
    }
    let file = reading.first_file().map(Path::to_owned).or_else(|| files.iter().find(is_own).cloned())?;
    Some(reading.found(&file, Form::NetworkdLease))
}
