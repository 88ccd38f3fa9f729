//! The files in contrib/: units that systemd accepts and finds well protected, scripts without faults.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::ntpserver::Server;
use crate::support::require::present;

const SERVICES: [&str; 2] = ["rntpdate.service", "rntpdate-boot.service"];
/// systemd's own judgement, from 0 to 10: up to about 5 it says "OK". Half of ours is the network and the clock; of a unit of the
/// boot, without the usual dependencies, it does not count all of the protection.
const MOST_EXPOSED: [f64; 2] = [2.6, 2.7];

fn contrib() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("contrib")
}

fn output(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A root directory with the units, the program, and the targets that the units name.
fn installed() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    let units = root.path().join("usr/lib/systemd/system");
    fs::create_dir_all(&units).unwrap();
    fs::create_dir_all(root.path().join("usr/sbin")).unwrap();
    fs::copy(env!("CARGO_BIN_EXE_rntpdate"), root.path().join("usr/sbin/rntpdate")).unwrap();
    for name in SERVICES.iter().chain(&["rntpdate.timer"]) {
        fs::copy(contrib().join(name), units.join(name)).unwrap();
    }
    for target in ["network", "nss-lookup", "time-sync", "sysinit", "basic", "shutdown", "timers", "multi-user"] {
        let unit = format!("[Unit]\nDescription={target}\nDefaultDependencies=no\n");
        fs::write(units.join(format!("{target}.target")), unit).unwrap();
    }
    root
}

#[test]
fn systemd_accepts_the_units() {
    if !present("systemd-analyze") {
        return;
    }
    let root = installed();
    let verify = |units: &[&str]| {
        output(
            Command::new("systemd-analyze")
                .arg("verify")
                .arg("--man=no")
                .arg(format!("--root={}", root.path().display()))
                .args(units),
        )
    };
    let units = [SERVICES.as_slice(), &["rntpdate.timer"]].concat();
    let accepted = verify(&units);
    assert!(accepted.status.success() && text(&accepted).is_empty(), "{}", text(&accepted));
    // The same command finds a fault where there is one.
    let broken = root.path().join("usr/lib/systemd/system/rntpdate.service");
    let unit = fs::read_to_string(&broken)
        .unwrap()
        .replace("ProtectHome=yes", "ProtectHom=yes")
        .replace("/usr/sbin/", "/usr/no/");
    fs::write(&broken, unit).unwrap();
    let refused = verify(&["rntpdate.service"]);
    assert!(!refused.status.success() && text(&refused).contains("ProtectHom"), "{}", text(&refused));
}

#[test]
fn systemd_finds_the_services_well_protected() {
    if !present("systemd-analyze") {
        return;
    }
    let root = installed();
    for (service, most) in SERVICES.into_iter().zip(MOST_EXPOSED) {
        let report = text(&output(
            Command::new("systemd-analyze")
                .args(["security", "--offline=true", "--no-pager"])
                .arg(format!("--root={}", root.path().display()))
                .arg(service),
        ));
        let line =
            report.lines().find(|line| line.contains("Overall exposure level")).unwrap_or_else(|| panic!("{report}"));
        let level: f64 = line.split_whitespace().find_map(|word| word.parse().ok()).unwrap();
        use std::io::Write as _;
        let _ = std::io::stderr().write_all(format!("{service}: exposure {level} of 10\n").as_bytes());
        assert!(level <= most, "{report}");
    }
}

/// The system calls of a set, as systemd knows them.
fn call_set(name: &str) -> BTreeSet<String> {
    let listing = text(&output(Command::new("systemd-analyze").args(["syscall-filter", "--no-pager", name])));
    let mut calls = BTreeSet::new();
    for word in listing.lines().skip(1).map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if word.starts_with('@') {
            calls.extend(call_set(word));
        } else {
            calls.insert(word.to_owned());
        }
    }
    calls
}

#[test]
fn the_services_allow_the_system_calls_that_a_run_makes() {
    if !present("systemd-analyze") || !present("strace") {
        return;
    }
    let unit = fs::read_to_string(contrib().join("rntpdate.service")).unwrap();
    let mut allowed = BTreeSet::new();
    for words in unit.lines().filter_map(|line| line.strip_prefix("SystemCallFilter=")) {
        let (words, add) = words.strip_prefix('~').map_or((words, true), |words| (words, false));
        for word in words.split(' ') {
            let calls = if word.starts_with('@') { call_set(word) } else { BTreeSet::from([word.to_owned()]) };
            if add { allowed.extend(calls) } else { allowed.retain(|call| !calls.contains(call)) }
        }
    }
    assert!(allowed.len() > 200 && !allowed.contains("setresuid"), "{allowed:?}");
    let server = Server::builder().start();
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    // Without the right to set the clock, so that it is tried in vain.
    let run = output(
        Command::new("setpriv")
            .args(["--bounding-set", "-sys_time", "--inh-caps", "-sys_time", "strace", "-f", "-o"])
            .arg(&log)
            .args([env!("CARGO_BIN_EXE_rntpdate"), "-s", "-b", "--wait", "1", "--accuracy", "0.05", "--port"])
            .arg(server.addr().port().to_string())
            .args(["--discipline".as_ref(), "--history".as_ref(), folder.path().join("history").as_os_str()])
            .args(["--state-dir".as_ref(), folder.path().as_os_str(), "localhost".as_ref()]),
    );
    assert_eq!(run.status.code(), Some(1), "{}", text(&run));
    let log = fs::read_to_string(log).unwrap();
    let called: BTreeSet<&str> = log
        .lines()
        .filter_map(|line| line.split_once(' ')?.1.trim_start().split_once('('))
        .map(|(name, _)| name)
        .filter(|name| name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'))
        .collect();
    assert!(called.contains("clock_adjtime") && called.len() > 20, "{called:?}");
    assert!(folder.path().join("history").exists(), "{}", text(&run));
    let forbidden: Vec<&&str> = called.iter().filter(|call| !allowed.contains(**call)).collect();
    assert!(forbidden.is_empty(), "{forbidden:?}");
}

/// Conditions with a bar are alternatives (systemd.unit(5)).
#[test]
fn units_run_in_no_container_but_wsl() {
    for name in SERVICES.iter().chain(&["rntpdate.timer"]) {
        let unit = fs::read_to_string(contrib().join(name)).unwrap();
        let conditions: Vec<&str> =
            unit.lines().filter_map(|line| line.strip_prefix("ConditionVirtualization=")).collect();
        assert_eq!(conditions, ["|!container", "|wsl"], "{name}");
    }
}

#[test]
fn the_timer_elapses_every_quarter_of_an_hour_at_a_machines_own_moment() {
    let unit = fs::read_to_string(contrib().join("rntpdate.timer")).unwrap();
    let settings: Vec<&str> = unit
        .lines()
        .skip_while(|line| *line != "[Timer]")
        .take_while(|line| *line != "[Install]")
        .filter(|line| line.contains('='))
        .collect();
    // A delay that is not the same each time, or an interval from the last run's end, would move the runs apart. The run after boot
    // is one more.
    let wanted =
        ["OnCalendar=*:0/15", "OnBootSec=2min", "RandomizedDelaySec=5min", "FixedRandomDelay=yes", "AccuracySec=1s"];
    assert_eq!(settings, wanted);
    if !present("systemd-analyze") {
        return;
    }
    let words = ["calendar", "--iterations=9", "--base-time=2026-11-27 00:00:01 UTC", "*:0/15"];
    let listing = text(&output(Command::new("systemd-analyze").args(words).env("TZ", "UTC")));
    let times: Vec<&str> =
        listing.lines().filter(|line| line.contains("UTC")).filter_map(|line| line.split(' ').rev().nth(1)).collect();
    let minutes = ["00:15:00", "00:30:00", "00:45:00", "01:00:00", "01:15:00"];
    assert_eq!(times.get(..5), Some(&minutes[..]), "{listing}");
}

/// NetworkManager's own dispatcher calls what is in dispatcher.d itself, and waits for none that is a link into no-wait.d
/// (NetworkManager-dispatcher(8)).
#[test]
fn the_words_on_networkmanager_lead_to_a_script_that_is_called() {
    let etc = tempfile::tempdir().unwrap();
    let folder = etc.path().join("NetworkManager/dispatcher.d");
    fs::create_dir_all(folder.join("no-wait.d")).unwrap();
    let readme = fs::read_to_string(contrib().join("debian/README.Debian")).unwrap();
    let commands: String = readme
        .lines()
        .skip_while(|line| !line.contains("install -D"))
        .take_while(|line| line.starts_with("    "))
        .map(|line| format!("{line}\n"))
        .collect();
    let script = fs::read_to_string(contrib().join("rntpdate.networkmanager")).unwrap();
    let link = commands.lines().last().unwrap().trim();
    assert!(script.contains(&format!("#   {link}\n")), "the script and the page say the same: {link}");
    let here = commands
        .replace("/usr/share/doc/rntpdate/examples", contrib().to_str().unwrap())
        .replace("/etc", etc.path().to_str().unwrap());
    let run = output(Command::new("sh").args(["-euc", &here]));
    assert!(run.status.success(), "{}", text(&run));
    let called = folder.join("rntpdate");
    assert!(fs::symlink_metadata(&called).unwrap().is_symlink());
    assert_eq!(fs::canonicalize(&called).unwrap(), fs::canonicalize(folder.join("no-wait.d/rntpdate")).unwrap());
    assert_eq!(fs::read_to_string(called).unwrap(), script);
}

#[test]
fn scripts_pass_shellcheck() {
    if !present("shellcheck") {
        return;
    }
    for name in ["rntpdate.networkmanager", "rntpdate.ifupdown"] {
        let checked = output(Command::new("shellcheck").arg(contrib().join(name)));
        assert!(checked.status.success(), "{}", text(&checked));
    }
}

/// Runs a hook with commands in front that only say what they were called with.
fn hook(name: &str, arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let said = folder.path().join("said");
    for command in ["rntpdate", "systemctl"] {
        let path = folder.path().join(command);
        fs::write(&path, format!("#!/bin/sh\necho {command} \"$@\" >>{}\n", said.display())).unwrap();
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    }
    let script = fs::read_to_string(contrib().join(name)).unwrap().replace("/usr/sbin/rntpdate", "/bin/sh");
    let script = script.replace("/run/systemd/system", "/nonexistent");
    let path = format!("{}:/usr/bin:/bin", folder.path().display());
    let run = output(
        Command::new("sh")
            .arg("-c")
            .arg(format!("{script}\nwait"))
            .arg("hook")
            .args(arguments)
            .env_clear()
            .env("PATH", path)
            .envs(environment.iter().copied()),
    );
    assert!(run.status.success(), "{}", text(&run));
    fs::read_to_string(said).unwrap_or_default()
}

#[test]
fn hooks_start_a_run_when_the_network_comes_up_and_only_then() {
    let run = "rntpdate -s --quiet --wait 20 --deadline 60\n";
    assert_eq!(hook("rntpdate.networkmanager", &["eth0", "up"], &[]), run);
    assert_eq!(hook("rntpdate.networkmanager", &["eth0", "down"], &[]), "");
    assert_eq!(hook("rntpdate.ifupdown", &[], &[("IFACE", "eth0"), ("METHOD", "dhcp"), ("MODE", "start")]), run);
    let family =
        |family| hook("rntpdate.ifupdown", &[], &[("METHOD", "static"), ("ADDRFAM", family), ("MODE", "start")]);
    assert_eq!(["inet", "inet6", "can"].map(family), [run, run, ""]);
    assert_eq!(hook("rntpdate.ifupdown", &[], &[("IFACE", "lo"), ("METHOD", "loopback"), ("MODE", "start")]), "");
    assert_eq!(hook("rntpdate.ifupdown", &[], &[("IFACE", "eth0"), ("METHOD", "dhcp"), ("MODE", "stop")]), "");
}
