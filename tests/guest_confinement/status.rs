//! From outside: /proc/PID/status and the open descriptors of a run that waits for a server.

use crate::support::guest::GuestRun;
use crate::{Lab, lines, run, say};

const SYS_TIME: u64 = 1 << 25;
const BIND: u64 = 1 << 10;
const RAW: u64 = 1 << 13;

fn set(run: &GuestRun, name: &str, set: &str) -> u64 {
    let value = run.value(&format!("{name}-{set}"));
    u64::from_str_radix(value, 16).unwrap_or_else(|_| panic!("{name} {set} is {value:?}"))
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

/// Whose files it could open, and that nobody else of that user can look into its memory: that belongs to root.
#[track_caller]
fn assert_user(run: &GuestRun, name: &str, user: &str) {
    for id in ["Uid", "Gid"] {
        let four: Vec<&str> = run.value(&format!("{name}-{id}")).split_whitespace().collect();
        assert_eq!(four, [user; 4], "{name} {id}\n{}", run.console);
    }
    assert_eq!(run.value(&format!("{name}-memory")), "0", "{name}\n{}", run.console);
}

#[test]
fn a_run_keeps_the_right_to_set_the_clock_alone() {
    let Some(lab) = Lab::new() else { return };
    let _names = crate::support::dns::NameServer::start(&lab.network, [10, 0, 2, 2].into());
    let run = run(
        &lab,
        "echo 'nameserver 10.0.2.2' >/etc/resolv.conf
        silent='-p 1 -t 2 --port 9'
        nft add table inet t; nft add chain inet t in '{ type filter hook input priority 0; }'
        nft add rule inet t in icmp type destination-unreachable drop
        look sync rntpdate $silent $host
        look name rntpdate $silent -w --after-step true ntp.test
        look low rntpdate $silent --source-port 123 $host
        look query rntpdate -q $silent $host
        look debug rntpdate -d $silent $host
        look user rntpdate -U ntp $silent ntp.test
        look nobody setpriv --reuid 65534 --regid 65534 --clear-groups rntpdate -q $silent ntp.test
        look open rntpdate --no-sandbox $silent ntp.test
        look wait rntpdate --wait 4 -p 1 -t 2 --port 9 ntp.test",
    );
    for (name, keeps) in [
        ("sync", SYS_TIME),
        ("name", SYS_TIME),
        ("low", SYS_TIME | BIND),
        ("query", 0),
        ("debug", BIND | RAW),
        ("user", SYS_TIME),
        ("wait", SYS_TIME),
    ] {
        // Who is not root any more cannot lower the bound, and does it before.
        assert_rights(&run, name, keeps, keeps);
        assert_confined(&run, name);
    }
    let all = set(&run, "nobody", "CapBnd");
    assert_rights(&run, "nobody", 0, all);
    assert_confined(&run, "nobody");
    for name in ["name", "debug", "user", "wait"] {
        let names = format!("{name}-names");
        assert_rights(&run, &names, 0, 0);
        assert_confined(&run, &names);
        // Nobody waits for its end.
        let others = lines(&run, &format!("{names}-fd")).into_iter().filter(|file| file.starts_with("/tmp")).count();
        assert_eq!(others, 0, "{}", run.console);
    }
    for name in
        ["sync", "name", "low", "query", "debug", "wait", "open", "nobody", "name-names", "debug-names", "wait-names"]
    {
        assert_user(&run, name, "65534");
        assert_eq!(run.value(&format!("{name}-Groups")).trim(), "", "{}", run.console);
    }
    for name in ["user", "user-names", "user-keeper"] {
        assert_user(&run, name, "101");
    }
    // The keeper has root's rights, and no line but the one to the run.
    for name in ["sync", "name", "low"] {
        let keeper = format!("{name}-keeper");
        assert_user(&run, &keeper, "0");
        assert_eq!(set(&run, &keeper, "CapEff"), all, "{}", run.console);
        let sockets =
            lines(&run, &format!("{keeper}-fd")).into_iter().filter(|file| file.starts_with("socket:")).count();
        assert_eq!(sockets, 1, "{}", run.console);
    }
    assert_rights(&run, "user-keeper", 0, all);
    assert!(run.value("user-keeper-Uid").starts_with("101 101 101"), "{}", run.console);
    assert!(lines(&run, "query-keeper-CapEff").is_empty(), "a query has nothing to keep");
    // What was open in time.
    assert!(lines(&run, "name-fd").contains(&"/dev/rtc0"), "{}", run.console);
    // Without the filter everything else is as with it.
    assert_rights(&run, "open", SYS_TIME, SYS_TIME);
    assert_eq!((run.value("open-Seccomp"), run.value("open-NoNewPrivs")), ("0", "1"), "{}", run.console);
    let warned =
        |name: &str| lines(&run, &format!("{name}-err")).iter().filter(|line| line.contains("--no-sandbox")).count();
    assert_eq!((warned("open"), warned("sync")), (1, 0), "{}", run.console);
    for name in ["sync", "name", "low", "query", "debug", "user", "nobody", "open", "wait"] {
        assert_eq!(run.value(&format!("{name}-left")), "0", "a process of {name} is left\n{}", run.console);
        assert_eq!(run.value(&format!("{name}-status")), "1", "{}", run.console);
    }
}
