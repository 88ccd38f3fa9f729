//! Boards without systemd, with the program that has musl and no shared libraries: busybox init as Buildroot has it, and OpenRC
//! under busybox init as Alpine has it. The clock is in 1970 and the network comes after the script has begun, or never.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::support::guest::{Guest, GuestRun};
use crate::support::lab::{Lab, lines, say};
use crate::support::{require, static_build};

/// Starts as the real one does; the network of a board that waits for its cable.
const NETWORK: &str = "#!/bin/sh
ip link set lo up
(sleep 6; ip link set eth0 up; ip addr add 10.0.2.15/24 dev eth0; ip route add default via 10.0.2.2) >/dev/null 2>&1 &
";
const NO_NETWORK: &str = "#!/bin/sh\nip link set lo up\n";

/// What comes after the script sees the time as it is then.
const NEEDS: &str = "#!/bin/sh\necho \"needs-epoch $(date +%s)\" >/run/needs\n";

/// Ends the guest as the usual one does.
const FINISH: &str = "#!/bin/sh\nexport PATH=/usr/sbin:/usr/bin:/usr/lib/busybox\necho '>>> test'\nsh /test/script\nstatus=$?\necho '<<< test'\n\
                      echo \"exit status $status\" >/dev/ttyS1\npoweroff -f\n";

/// A guest whose first process is busybox's init, with scripts in /etc/init.d.
fn board<'a>(guest: Guest<'a>, folder: &Path, inittab: &str, scripts: &[(&str, &str)]) -> Option<Guest<'a>> {
    let program = static_build::with_musl()?;
    let mut guest = guest
        .rtc("1970-01-01T00:00:00")
        .text("/etc/inittab", inittab)
        .text("/etc/default/ntpdate", "NTPSERVERS=10.0.2.2\n");
    let put = |guest: Guest<'a>, target: &str, text: &str| {
        let file = folder.join(target.replace('/', "-"));
        fs::write(&file, text).unwrap();
        guest.file(&file, target, 0o755)
    };
    guest = put(guest, "/init", include_str!("../support/board-init.sh"));
    guest = put(guest, "/test/finish", FINISH);
    for (name, text) in scripts {
        guest = put(guest, &format!("/etc/init.d/{name}"), text);
    }
    Some(guest.file(program, "/usr/sbin/rntpdate", 0o755).timeout(Duration::from_secs(150)))
}

const RCS: &str = "#!/bin/sh\nexport PATH=/usr/sbin:/usr/bin:/usr/lib/busybox\nsyslogd -O /run/messages\n\
                   for script in /etc/init.d/S*; do $script start; done >/run/console 2>&1\n";

fn busybox(lab: &Lab, network: &str) -> Option<GuestRun> {
    let folder = tempfile::tempdir().unwrap();
    let scripts = [
        ("rcS", RCS),
        ("S40network", network),
        ("S41rntpdate", include_str!("../../contrib/rntpdate.init")),
        ("S50needs", NEEDS),
    ];
    let inittab = "::sysinit:/etc/init.d/rcS\n::once:/test/finish\n";
    let script =
        "cat /run/console /run/needs; sed 's/^/messages /' /run/messages; cut -d' ' -f1 /proc/uptime | sed 's/^/up /'
        echo \"first $(cat /proc/1/comm)\"
        probe query 10.0.2.2; probe adjtimex | grep unsync; true";
    let guest = board(Guest::new(lab.cache()), folder.path(), inittab, &scripts)?;
    let run = guest.network(&lab.network).script(script).run();
    say(&run.console);
    Some(run)
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64()
}

#[track_caller]
fn is_right(run: &GuestRun, begun: f64) {
    let at = run.number("needs-epoch");
    assert!(at >= begun.floor() && at <= now(), "what came after had the wrong time: {}", run.console);
    assert!(run.number("offset_s").abs() < 0.05 + run.number("delay_s") / 2.0, "{}", run.console);
}

#[test]
fn busybox_init_sets_the_clock_before_what_comes_next() {
    let Some(lab) = Lab::new() else { return };
    let begun = now();
    let Some(run) = busybox(&lab, NETWORK) else { return };
    assert_eq!(run.value("first"), "init", "{}", run.console);
    is_right(&run, begun);
    assert!(run.console.contains("Setting the clock: OK\n"), "{}", run.console);
    assert_eq!(run.number("unsynchronised"), 0.0, "{}", run.console);
    let logged = lines(&run, "messages");
    assert!(logged.iter().any(|line| line.contains("step time server 10.0.2.2 offset +")), "{}", run.console);
}

#[test]
fn busybox_init_goes_on_without_a_network() {
    let Some(lab) = Lab::new() else { return };
    let Some(run) = busybox(&lab, NO_NETWORK) else { return };
    assert!(run.console.contains("Setting the clock: FAIL\n"), "{}", run.console);
    assert!(run.console.contains("network is unreachable"), "{}", run.console);
    assert!(run.number("needs-epoch") < 1000.0 && run.number("up") < 60.0, "{}", run.console);
}

#[test]
fn openrc_sets_the_clock_before_what_needs_it() {
    let Some(lab) = Lab::new() else { return };
    let Some(tree) = require::more("openrc") else { return };
    let folder = tempfile::tempdir().unwrap();
    let service =
        |words: &str, body: &str| format!("#!/sbin/openrc-run\ndepend() {{\n{words}\n}}\nstart() {{\n{body}\n}}\n");
    let network = service("provide net", NETWORK.split_once('\n').unwrap().1);
    let needs = service("need rntpdate", NEEDS.split_once('\n').unwrap().1);
    let scripts = [
        ("network", network.as_str()),
        ("rntpdate", include_str!("../../contrib/rntpdate.openrc")),
        ("needs", needs.as_str()),
    ];
    let rc = "export PATH=/usr/sbin:/usr/bin:/usr/lib/busybox; syslogd -O /run/messages; mkdir -p /run/openrc \
              /etc/runlevels/sysinit /etc/runlevels/default; openrc sysinit; for each in needs rntpdate network; do \
              rc-update add $each default; done; openrc default";
    let inittab = "::sysinit:/test/rc >/run/console 2>&1\n::once:/test/finish\n";
    let script = "cat /run/console /run/needs; sed 's/^/messages /' /run/messages
        rc-service rntpdate status; echo \"rc-status $?\"; rc-service needs status
        probe query 10.0.2.2; probe adjtimex | grep unsync; true";
    let begun = now();
    let Some(mut guest) = board(Guest::new(lab.cache()), folder.path(), inittab, &scripts) else { return };
    for entry in files(&tree.join("lib/rc")).iter().chain(&files(&tree.join("sbin"))) {
        let target = entry.strip_prefix(&tree).unwrap().to_str().unwrap();
        guest = guest.part(&tree, target, 0o755);
    }
    let file = folder.path().join("rc");
    fs::write(&file, format!("#!/bin/sh\n{rc}\n")).unwrap();
    let run = guest.file(&file, "/test/rc", 0o755).file(tree.join("etc/rc.conf"), "/etc/rc.conf", 0o644);
    let run = run.network(&lab.network).script(script).run();
    say(&run.console);
    is_right(&run, begun);
    assert!(run.console.contains("status: started"), "{}", run.console);
    assert_eq!(run.value("rc-status"), "0", "{}", run.console);
    let logged = lines(&run, "messages");
    assert!(logged.iter().any(|line| line.contains("step time server 10.0.2.2 offset +")), "{}", run.console);
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}
