//! Crontabs, cron's directories, and the timers of systemd that are enabled.

use std::fs;
use std::path::{Path, PathBuf};

use crate::doctor::{Schedule, client_in};
use crate::linux::files::text;

/// What is read of one file: crontabs and scripts are shorter.
const MAX_SIZE: u64 = 256 * 1024;
const CRONTABS: [&str; 8] = [
    "/etc/cron.d",
    "/etc/cron.hourly",
    "/etc/cron.daily",
    "/etc/cron.weekly",
    "/etc/cron.monthly",
    "/var/spool/cron/crontabs",
    "/var/spool/cron",
    "/etc/periodic/daily",
];
const UNITS: [&str; 4] =
    ["/etc/systemd/system", "/run/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"];

pub(super) fn time_clients() -> Vec<Schedule> {
    let mut files = vec![PathBuf::from("/etc/crontab"), PathBuf::from("/etc/anacrontab")];
    files.extend(CRONTABS.iter().flat_map(|folder| entries(Path::new(folder))));
    let mut found: Vec<Schedule> = files.iter().filter_map(|file| entry(file, file)).collect();
    found.extend(enabled_timers().iter().filter_map(|timer| {
        let service = service_of(timer)?;
        entry(&service, timer)
    }));
    found.dedup();
    found
}

/// Files of a folder, in the order of their names.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let read = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = read.map(|entry| entry.path()).filter(|path| path.is_file()).collect();
    files.sort();
    files
}

/// The time client that a file starts, as an entry at `place`.
fn entry(file: &Path, place: &Path) -> Option<Schedule> {
    let text = read(file)?;
    let client = text.lines().find_map(client_in)?.to_owned();
    Some(Schedule { place: place.display().to_string(), client })
}

fn read(file: &Path) -> Option<String> {
    text::read(file, MAX_SIZE).ok()
}

/// Timers that a target wants.
fn enabled_timers() -> Vec<PathBuf> {
    let targets = UNITS.iter().flat_map(|folder| fs::read_dir(folder).into_iter().flatten().flatten());
    let wanting = targets.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|kind| kind == "wants"));
    let wanted = wanting.flat_map(|folder| entries(&folder));
    wanted.filter(|path| path.extension().is_some_and(|kind| kind == "timer")).collect()
}

/// The service that a timer starts: the one it names, else that of its own name.
fn service_of(timer: &Path) -> Option<PathBuf> {
    let text = read(timer).unwrap_or_default();
    let named = text.lines().find_map(|line| line.trim().strip_prefix("Unit=").map(str::to_owned));
    let own = timer.with_extension("service").file_name()?.to_string_lossy().into_owned();
    let name = named.unwrap_or(own);
    UNITS.iter().map(|folder| Path::new(folder).join(&name)).find(|path| path.is_file())
}
