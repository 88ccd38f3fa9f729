//! Inside the sandbox: each call that a run does not need is refused.

use std::collections::BTreeMap;

use super::{Lab, lines, run, say};
use crate::support::guest::GuestRun;

/// What is refused to everybody.
const NEVER: &[&str] = &[
    "open-write",
    "create",
    "openat2",
    "execve",
    "execveat",
    "fork",
    "unlink",
    "rename",
    "link",
    "mkdir",
    "chmod",
    "chown",
    "chroot",
    "mount",
    "unshare",
    "setuid",
    "capset",
    "prctl",
    "ptrace",
    "process-read",
    "kill",
    "tkill",
    "tgkill",
    "bpf",
    "module",
    "keyctl",
    "io-uring",
    "memfd",
    "reboot",
    "seccomp",
    "terminal-input",
    "owner-signal",
    "netlink-audit",
    "packet",
    "settime",
    "settimeofday",
];
/// What takes writing a file as a whole.
const WRITING: &[&str] = &["open-write", "create", "unlink", "rename", "mkdir", "chmod", "chown"];
/// What depends on who it is; and what everybody may.
const SOMETIMES: &[&str] =
    &["open", "map-code", "netlink-route", "unix", "tcp", "icmp", "raw", "udp-lite", "bind", "adjust", "thread"];
const ALWAYS: &[&str] = &["map-data", "udp", "udp6", "stat", "tkill-self"];

/// What became of each call.
fn results<'a>(run: &'a GuestRun, kind: &str) -> BTreeMap<&'a str, &'a str> {
    lines(run, kind).into_iter().filter_map(|line| line.split_once(' ')).collect()
}

#[test]
fn what_a_run_does_not_need_is_refused() {
    let Some(lab) = Lab::new() else { return };
    let script =
        "for kind in free setter network dry explain names; do probe confined $kind | sed \"s/^/$kind /\"; done";
    let run = run(&lab, script);
    let allowed = |kind: &str| -> Vec<&str> {
        let found = results(&run, kind);
        SOMETIMES.iter().copied().filter(|name| !matches!(found[name], "EPERM" | "refused")).collect()
    };
    // The counterproof: nothing but the filter stands in the way.
    let free = results(&run, "free");
    for name in NEVER.iter().chain(SOMETIMES).chain(ALWAYS) {
        assert!(free.contains_key(name) && free[name] != "EPERM" && free[name] != "refused", "{name}: {free:?}");
    }
    for kind in ["setter", "network", "dry", "explain", "names"] {
        let found = results(&run, kind);
        // Who sets the clock writes files, and does so by these calls.
        let writes: &[&str] = if kind == "setter" { WRITING } else { &[] };
        for name in NEVER.iter().filter(|name| !writes.contains(name)) {
            assert_eq!(found[name], "EPERM", "{kind} {name}\n{}", run.console);
        }
        for name in ALWAYS {
            // Who speaks with servers has the sockets that it is given, and looks at no file.
            let expected =
                if kind == "network" && *name != "map-data" && *name != "tkill-self" { "EPERM" } else { "ok" };
            assert_eq!(found[name], expected, "{kind} {name}\n{}", run.console);
        }
        say(&format!("{kind}: {} calls refused; besides allowed: {:?}\n", NEVER.len() - writes.len(), allowed(kind)));
    }
    assert_eq!(allowed("setter"), ["open", "bind", "adjust"], "{}", run.console);
    assert_eq!(allowed("network"), [""; 0], "{}", run.console);
    assert_eq!(allowed("dry"), [""; 0], "{}", run.console);
    assert_eq!(allowed("explain"), ["tcp", "icmp", "bind", "thread"], "{}", run.console);
    let names: Vec<&str> = SOMETIMES.iter().copied().filter(|name| *name != "adjust").collect();
    assert_eq!(allowed("names"), names, "{}", run.console);
}
