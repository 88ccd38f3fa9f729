//! Boots beside a time daemon: who sets the clock, and what the log says.

use super::{Installed, contains, debs, run, state, when};
use crate::support::guest::GuestRun;
use crate::support::lab::{Lab, lines};

#[test]
fn beside_each_daemon_one_sets_the_clock_and_the_log_says_who() {
    let Some(installed) = Installed::get() else { return };
    let Some(lab) = Lab::new() else { return };
    let folder = tempfile::tempdir().unwrap();
    let disk = folder.path().join("disk");
    debs::copy(&installed.disk(), &disk);
    let boot = |name: &str| {
        let guest = installed.boot_of(&disk).network(&lab.network).text("/test/name", &format!("{name}\n"));
        let run = run(name, guest, include_str!("beside.sh"));
        assert!(
            run.number("offset_s").abs() < 0.1 + run.number("delay_s"),
            "{name}: the clock is wrong: {}",
            run.console
        );
        run
    };
    alone(&boot("usual"), installed.run.number("learned"));
    timesyncd(&boot("timesyncd"));
    chrony(&boot("chrony"));
    ntpsec(&boot("ntpsec"));
}

/// Nobody else is there: the usual boot.
fn alone(run: &GuestRun, learned: f64) {
    contains(run, &["booted running\n", "step time server 10.0.2.2 offset +", "Reached target time-sync.target"]);
    // What earlier boots have learned is in force from the first run on.
    assert!(learned != 0.0 && (run.number("frequency") - learned).abs() < 0.001, "{learned}: {}", run.console);
    assert_eq!(run.value("run-status"), "0", "{}", run.console);
}

/// timesyncd starts before everything: the clock is its own, and the boot unit says so and fails.
fn timesyncd(run: &GuestRun) {
    assert_eq!(state(run, "systemd-timesyncd.service"), "active success", "{}", run.console);
    assert_eq!(state(run, "rntpdate-boot.service"), "failed exit-code", "{}", run.console);
    assert!(lines(run, "time-sync.target-state")[0].starts_with("inactive"), "{}", run.console);
    refused(run, "systemd-timesyncd");
}

/// The boot unit sets the clock before chronyd starts from it; the timer's runs are refused.
fn chrony(run: &GuestRun) {
    assert_eq!(state(run, "rntpdate-boot.service"), "active success", "{}", run.console);
    assert!(when(run, "rntpdate-boot.service") <= when(run, "chrony.service"), "{}", run.console);
    contains(run, &["step time server 10.0.2.2 offset +"]);
    assert!(!run.console.contains("System clock wrong by"), "nothing was left for chronyd to mend: {}", run.console);
    refused(run, "chronyd");
}

fn ntpsec(run: &GuestRun) {
    assert_eq!(state(run, "rntpdate-boot.service"), "active success", "{}", run.console);
    assert!(when(run, "rntpdate-boot.service") <= when(run, "ntpsec.service"), "{}", run.console);
    contains(run, &["step time server 10.0.2.2 offset +"]);
    refused(run, "ntpd");
}

#[track_caller]
fn refused(run: &GuestRun, daemon: &str) {
    assert_eq!(run.value("run-status"), "1", "systemctl start fails: {}", run.console);
    let said = lines(run, "run");
    let wanted = format!("clock not set: {daemon} (pid ");
    assert!(said.iter().any(|line| line.contains(&wanted)), "{wanted}: {}", run.console);
}
