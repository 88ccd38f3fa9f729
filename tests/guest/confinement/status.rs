//! From outside: /proc/PID/status and the open descriptors of a run that waits for a server.

use super::{Lab, lines, run, say};
use crate::support::guest::GuestRun;

const SYS_TIME: u64 = 1 << 25;
const BIND: u64 = 1 << 10;
const RAW: u64 = 1 << 13;
/// CAP_KILL and CAP_SYS_TIME.
const BARE: u64 = 1 << 5 | SYS_TIME;
/// CAP_CHOWN, CAP_DAC_OVERRIDE and CAP_FOWNER as well, where files are written.
const SETTING: u64 = 1 | 1 << 1 | 1 << 3 | BARE;
/// Runs that set something.
const SPLIT: &[&str] =
    &["sync", "name", "step", "bare", "after", "train", "low", "user", "usercommand", "open", "wait"];

fn set(run: &GuestRun, name: &str, set: &str) -> u64 {
    let value = run.value(&format!("{name}-{set}"));
    u64::from_str_radix(value, 16).unwrap_or_else(|_| panic!("{name} {set} is {value:?}"))
}

/// The kinds of files that a process has open, in order.
fn open<'a>(run: &'a GuestRun, name: &str) -> Vec<&'a str> {
    let kind = |file: &'a str| {
        let kinds = ["socket:", "eventpoll"];
        kinds.into_iter().find(|kind| file.contains(kind)).unwrap_or(file)
    };
    let mut kinds: Vec<&str> = lines(run, &format!("{name}-fd")).into_iter().map(kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

/// Checks the rights of one process.
#[track_caller]
fn assert_rights(run: &GuestRun, name: &str, keeps: u64, bounding: u64) {
    let sets = ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"].map(|name_of| set(run, name, name_of));
    say(&format!("{name}: CapInh, Prm, Eff, Bnd, Amb {sets:x?}\n"));
    assert_eq!(sets, [0, keeps, keeps, bounding, 0], "{name}\n{}", run.console);
}

#[track_caller]
fn assert_confined(run: &GuestRun, name: &str) {
    assert_eq!(run.value(&format!("{name}-NoNewPrivs")), "1", "{}", run.console);
    assert_eq!(run.value(&format!("{name}-Seccomp")), "2", "{}", run.console);
    assert_eq!(run.value(&format!("{name}-Seccomp_filters")), "1", "{}", run.console);
}

/// Checks whose files the process could open, and that nobody else of that user can look into its history: that belongs to root.
#[track_caller]
fn assert_user(run: &GuestRun, name: &str, user: &str) {
    for id in ["Uid", "Gid"] {
        let four: Vec<&str> = run.value(&format!("{name}-{id}")).split_whitespace().collect();
        assert_eq!(four, [user; 4], "{name} {id}\n{}", run.console);
    }
    assert_eq!(run.value(&format!("{name}-memory")), "0", "{name}\n{}", run.console);
}

#[test]
fn whoever_speaks_with_servers_has_no_right_at_all() {
    let Some(lab) = Lab::new() else { return };
    let _names = crate::support::dns::NameServer::start(&lab.network, [10, 0, 2, 2].into());
    let run = run(
        &lab,
        "echo 'nameserver 10.0.2.2' >/etc/resolv.conf
        silent='-p 1 -t 5 --port 9'
        nft add table inet t; nft add chain inet t in '{ type filter hook input priority 0; }'
        nft add rule inet t in icmp type destination-unreachable drop
        look sync rntpdate $silent $host
        look name rntpdate $silent -w ntp.test
        look step rntpdate $silent -b -s $host
        look bare rntpdate $silent --no-discipline $host
        look after rntpdate $silent -w --after-step true ntp.test
        look train rntpdate $silent --discipline --mark-synced ntp.test
        sign=socket: look peers rntpdate --peers $silent $host
        look low rntpdate $silent --source-port 123 $host
        look query rntpdate -q $silent $host
        look debug rntpdate -d $silent $host
        look user rntpdate -U ntp $silent ntp.test
        look nobody setpriv --reuid 65534 --regid 65534 --clear-groups rntpdate -q $silent ntp.test
        look usercommand rntpdate -U ntp $silent --after-step true $host
        look open rntpdate --no-sandbox $silent ntp.test
        look wait rntpdate --wait 9 -p 1 -t 5 --port 9 ntp.test",
    );
    // Who sets the clock is root, and keeps what this plan takes. Who is not root any more cannot lower the bound, and does it before.
    for (name, keeps) in [
        ("sync", SETTING),
        ("name", SETTING),
        ("step", SETTING),
        ("bare", BARE),
        ("after", SETTING),
        ("train", SETTING),
        ("low", SETTING | BIND),
        ("wait", SETTING),
        ("user", SYS_TIME),
        ("usercommand", SYS_TIME),
        ("query", 0),
        ("debug", BIND | RAW),
        ("peers", 0),
    ] {
        assert_rights(&run, name, keeps, keeps);
        assert_confined(&run, name);
    }
    let all = set(&run, "nobody", "CapBnd");
    assert_rights(&run, "nobody", 0, all);
    assert_confined(&run, "nobody");
    // A command after a step may need any right: who starts it keeps them, and speaks with the run alone.
    assert_rights(&run, "after-step", all, all);
    assert_rights(&run, "usercommand-step", 0, all);
    for name in ["after-step", "usercommand-step"] {
        assert_eq!((run.value(&format!("{name}-Seccomp")), run.value(&format!("{name}-NoNewPrivs"))), ("0", "0"));
        let sockets = lines(&run, &format!("{name}-fd")).into_iter().filter(|file| file.starts_with("socket:")).count();
        assert_eq!((sockets, run.value(&format!("{name}-udp"))), (1, "0"), "{}", run.console);
    }
    // Whoever has sockets to servers has nothing else, and whoever has something else has no such sockets.
    for name in SPLIT {
        let network = format!("{name}-net");
        assert_rights(&run, &network, 0, 0);
        if *name != "open" {
            assert_confined(&run, &network);
        }
        assert_eq!(open(&run, &network), ["/dev/null", "eventpoll", "socket:"], "{}", run.console);
        assert!(!open(&run, name).contains(&"eventpoll"), "{}", run.console);
        assert_eq!(run.value(&format!("{network}-udp")), "1", "{}", run.console);
        // One to the run, and one to the server: none to whoever runs commands.
        let sockets =
            lines(&run, &format!("{network}-fd")).into_iter().filter(|file| file.starts_with("socket:")).count();
        assert_eq!(sockets, 2, "{network}\n{}", run.console);
        let mut limits = lines(&run, &format!("{network}-limit"));
        limits.sort_unstable();
        assert_eq!(
            limits,
            ["address space 536870912", "core file size 0", "file size 0", "processes 0"],
            "{}",
            run.console
        );
        assert_eq!(run.value(&format!("{name}-udp")), "0", "{}", run.console);
    }
    for name in ["query", "debug", "peers", "nobody"] {
        assert!(lines(&run, &format!("{name}-net-CapEff")).is_empty(), "{name} sets nothing, and is one process");
    }
    for name in ["name", "debug", "user", "wait", "after", "train"] {
        let names = format!("{name}-names");
        assert_rights(&run, &names, 0, 0);
        assert_confined(&run, &names);
        // Nobody waits for its end.
        let limits = lines(&run, &format!("{names}-limit"));
        assert!(limits.contains(&"core file size 0") && limits.contains(&"file size 0"), "{}", run.console);
        let others = lines(&run, &format!("{names}-fd")).into_iter().filter(|file| file.starts_with("/tmp")).count();
        assert_eq!(others, 0, "{}", run.console);
    }
    for name in ["sync", "name", "step", "bare", "low", "wait", "open", "after", "train"] {
        assert_user(&run, name, "0");
        assert_user(&run, &format!("{name}-net"), "65534");
        assert_eq!(run.value(&format!("{name}-net-Groups")).trim(), "", "{}", run.console);
    }
    for name in ["query", "debug", "peers", "nobody", "name-names", "debug-names", "wait-names", "train-names"] {
        assert_user(&run, name, "65534");
        assert_eq!(run.value(&format!("{name}-Groups")).trim(), "", "{}", run.console);
    }
    for name in ["user", "user-names", "user-net", "usercommand", "usercommand-net", "usercommand-step"] {
        assert_user(&run, name, "101");
    }
    // What was open in time.
    assert!(lines(&run, "name-fd").contains(&"/dev/rtc0"), "{}", run.console);
    // Without the filter everything else is as with it.
    assert_rights(&run, "open", SETTING, SETTING);
    assert_eq!((run.value("open-Seccomp"), run.value("open-NoNewPrivs")), ("0", "1"), "{}", run.console);
    let warned =
        |name: &str| lines(&run, &format!("{name}-err")).iter().filter(|line| line.contains("--no-sandbox")).count();
    assert_eq!((warned("open"), warned("sync")), (1, 0), "{}", run.console);
    for name in SPLIT.iter().chain(&["query", "debug", "peers", "nobody"]) {
        assert_eq!(run.value(&format!("{name}-left")), "0", "a process of {name} is left\n{}", run.console);
        assert_eq!(run.value(&format!("{name}-status")), "1", "{}", run.console);
    }
}
