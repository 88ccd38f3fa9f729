//! Real boots: Debian with systemd as the first process; the package installed by apt, upgraded, at work, and purged.
//!
//! One guest installs the package on a disk of its own; the boots of that disk come after it, side by side.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

mod beside;
mod debs;
mod network;
mod package;
mod shown;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::support::guest::{Guest, GuestRun};
use crate::support::lab::{Lab, lines, say};
use crate::support::require::{self, Cache};
use debs::Debs;

/// Functions that all scripts have.
const TOOLS: &str = include_str!("tools.sh");

/// Long ago, as for a board without an RTC. systemd itself goes on to the day on which it was built.
const LONG_AGO: &str = "1970-01-01T00:00:00";

/// A disk with the package on it: installed in an older version, its units enabled, upgraded.
struct Installed {
    cache: Cache,
    folder: tempfile::TempDir,
    /// What happened meanwhile.
    run: GuestRun,
}

impl Installed {
    /// Made by whoever comes first. `None` means: return from the test, which counts as skipped.
    fn get() -> Option<&'static Self> {
        static INSTALLED: OnceLock<Option<Installed>> = OnceLock::new();
        INSTALLED.get_or_init(Self::make).as_ref()
    }

    fn make() -> Option<Self> {
        let (cache, base) = require::system()?;
        let (lab, debs) = (Lab::new()?, Debs::build()?);
        let folder = tempfile::tempdir().unwrap();
        let disk = folder.path().join("disk");
        debs::copy(&base, &disk);
        let guest = debs.put(Guest::system(&cache, &disk, true)).network(&lab.network);
        let run = run("install", guest, include_str!("install.sh"));
        Some(Self { cache, folder, run })
    }

    fn disk(&self) -> PathBuf {
        self.folder.path().join("disk")
    }

    /// A boot of it with the clock in 1970, of which nothing stays.
    fn boot(&self) -> Guest<'static> {
        Guest::system(&self.cache, &self.disk(), false).rtc(LONG_AGO)
    }

    /// A boot of a copy of it with the clock in 1970, which is changed by it.
    fn boot_of(&self, copy: &Path) -> Guest<'static> {
        Guest::system(&self.cache, copy, true).rtc(LONG_AGO)
    }
}

fn run(name: &str, guest: Guest<'_>, script: &str) -> GuestRun {
    let begun = Instant::now();
    let run = guest.timeout(Duration::from_secs(600)).script(&format!("{TOOLS}{script}")).run();
    say(&format!("boot {name}: {:.0} s\n", begun.elapsed().as_secs_f64()));
    run
}

/// Adds units that the boot wants, as files and a line. graphical.target comes last, so that nothing waits for them.
fn with_units<'a>(guest: Guest<'a>, units: &[(&str, &str)]) -> Guest<'a> {
    let names: Vec<&str> = units.iter().map(|(name, _)| *name).collect();
    let wants = format!("[Unit]\nWants={}\n", names.join(" "));
    let add = |guest: Guest<'a>, (name, text): &(&str, &str)| guest.text(&format!("/etc/systemd/system/{name}"), text);
    units.iter().fold(guest.text("/etc/systemd/system/graphical.target.d/test.conf", &wants), add)
}

/// What a service was found to be: its state and its result.
#[track_caller]
fn state<'a>(run: &'a GuestRun, unit: &str) -> &'a str {
    run.value(&format!("{unit}-state"))
}

/// When a unit became active, in seconds since the machine was switched on.
#[track_caller]
fn when(run: &GuestRun, unit: &str) -> f64 {
    run.number(&format!("{unit}-at"))
}

#[track_caller]
fn contains(run: &GuestRun, parts: &[&str]) {
    for part in parts {
        assert!(run.console.contains(part), "{part}:\n{}", run.console);
    }
}

#[track_caller]
fn none(run: &GuestRun, key: &str) {
    assert_eq!(lines(run, key), [""; 0], "{}", run.console);
}
