//! Boots with a clock in 1970: the network comes late, or never.

use std::time::{SystemTime, UNIX_EPOCH};

use super::{Installed, contains, none, run, shown, state, when, with_units};
use crate::support::hurry::right_of_way;
use crate::support::lab::{Lab, lines};

const NEEDS: (&str, &str) = (
    "needs-the-time.service",
    "[Unit]\nDescription=A service that needs the time\nRequires=time-sync.target\nAfter=time-sync.target\n\
     [Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=sh -c 'date +%%s >/run/needs; date \"+it is %%F %%T\"'\n",
);
const FOLLOWS: (&str, &str) = (
    "follows-the-time.service",
    "[Unit]\nDescription=A service that wants the time\nAfter=time-sync.target\n\
     [Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=sh -c 'date +%%s >/run/follows'\n",
);
const PLUG: (&str, &str) = (
    "plug.service",
    "[Unit]\nDescription=The network, ten seconds late\nAfter=network.target\n[Service]\nType=oneshot\nRemainAfterExit=yes\n\
     ExecStart=sh -c 'sleep 10; mkdir -p /run/systemd/network; cp /test/late.network /run/systemd/network/; \
     networkctl reload; echo the network is there'\n",
);

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64()
}

#[test]
fn a_late_network_and_dead_names_hold_up_the_clock_and_what_needs_it_and_no_longer() {
    let Some(installed) = Installed::get() else { return };
    let Some(lab) = Lab::new() else { return };
    // A busy machine spoils what a run learns within two minutes.
    let _way = right_of_way();
    let guest = with_units(installed.boot().network(&lab.network), &[NEEDS, FOLLOWS, PLUG])
        .text("/test/late.network", "[Match]\nName=eth0\n[Network]\nDHCP=ipv4\n")
        .text("/etc/systemd/network/eth0.network", "[Match]\nName=none\n")
        .text(
            "/etc/systemd/system/rntpdate.timer.d/test.conf",
            "[Timer]\nOnBootSec=\nOnBootSec=45s\nRandomizedDelaySec=0\n",
        )
        // Nothing is known of this clock.
        .text("/var/lib/rntpdate/history", "")
        .text("/etc/default/ntpdate", "NTPSERVERS=\"time.example 10.0.2.2\"\n")
        .text("/etc/resolv.conf", "nameserver 10.0.2.77\n");
    let begun = now();
    let run = run("with a late network", guest, include_str!("late.sh"));
    let ended = now();
    shown::check("A boot with a late network", &run, "late");
    for unit in ["rntpdate-boot.service", "time-sync.target", "needs-the-time.service", "follows-the-time.service"] {
        assert!(state(&run, unit).starts_with("active"), "{unit}: {}", run.console);
    }
    let (plugged, set, target) =
        (when(&run, "plug.service"), when(&run, "rntpdate-boot.service"), when(&run, "time-sync.target"));
    assert!(plugged <= set + 1.0 && set <= target && target <= when(&run, "needs-the-time.service"), "{}", run.console);
    // The name costs what a name may, and the address does not wait for it.
    assert!(set - plugged < 8.0, "{plugged} {set}: {}", run.console);
    for unit in ["needs", "follows"] {
        let at = run.number(&format!("{unit}-epoch"));
        assert!(at >= begun.floor() && at <= ended, "{unit} had the wrong time: {}", run.console);
    }
    assert!(run.number("offset_s").abs() < 0.05 + run.number("delay_s") / 2.0, "{}", run.console);
    assert_eq!(run.number("unsynchronised"), 0.0, "{}", run.console);
    // The timer's first run, in the journal; it stays until it knows how fast the clock goes.
    contains(&run, &["Started rntpdate.timer", "Starting rntpdate.service", "Finished rntpdate.service"]);
    assert_eq!(state(&run, "rntpdate.service"), "inactive success", "{}", run.console);
    assert!(run.number("frequency").abs() < 20.0, "60 ppm were wrong: {}", run.console);
    assert!(lines(&run, "history").iter().any(|line| line.starts_with("frequency")), "{}", run.console);
}

#[test]
fn a_boot_without_a_network_ends_and_a_purge_leaves_nothing() {
    let Some(installed) = Installed::get() else { return };
    let run = run("without a network", with_units(installed.boot(), &[NEEDS, FOLLOWS]), include_str!("none.sh"));
    shown::check("A boot without a network", &run, "none");
    shown::check("A purge", &run, "purge");
    assert_eq!(state(&run, "rntpdate-boot.service"), "failed exit-code", "{}", run.console);
    assert_eq!(state(&run, "needs-the-time.service"), "inactive success", "it must not start: {}", run.console);
    assert_eq!(state(&run, "follows-the-time.service"), "active success", "{}", run.console);
    // The rest of the boot did not wait for it.
    assert!(when(&run, "multi-user.target") < when(&run, "follows-the-time.service") - 30.0, "{}", run.console);
    contains(&run, &["no server suitable for synchronization found: 10.0.2.2: no data: network is unreachable"]);
    assert_eq!(run.value("run-status"), "1", "{}", run.console);
    // Removed: what is kept is what was learned; time-sync.target is somebody else's again.
    contains(&run, &["removed deinstall ok config-files\n"]);
    assert_eq!(lines(&run, "kept"), ["/var/lib/rntpdate", "/var/lib/rntpdate/history"], "{}", run.console);
    assert_eq!(run.value("after-status"), "0", "{}", run.console);
    none(&run, "left");
}
