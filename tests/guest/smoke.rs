//! The virtual machine helpers do what the other tests rely on.

use std::time::Duration;

use crate::support::guest::{Cpu, Guest};
use crate::support::netns::Netns;
use crate::support::peers::Peer;
use crate::support::require;

#[test]
fn script_gives_output_and_status() {
    let Some(cache) = require::guest() else { return };
    let run = Guest::new(&cache).script("echo hello; echo oops >&2; exit 7").run();
    assert_eq!((run.status, run.console.as_str()), (7, "hello\noops\n"));
}

#[test]
#[should_panic(expected = "no exit status")]
fn guest_that_dies_is_a_failure() {
    let Some(cache) = require::guest() else { panic!("no exit status, as there is no guest") };
    Guest::new(&cache).script("poweroff -f").run();
}

#[test]
#[should_panic(expected = "it took too long")]
fn guest_that_hangs_is_a_failure() {
    let Some(cache) = require::guest() else { panic!("it took too long, as there is no guest") };
    Guest::new(&cache).timeout(Duration::from_secs(4)).script("sleep 100").run();
}

#[test]
fn clock_starts_at_the_rtc_and_is_carried_over() {
    let Some(cache) = require::guest() else { return };
    let first = Guest::new(&cache)
        .rtc("2036-02-07T06:28:00")
        .script("date -u +'year %Y'; probe rtc-set /dev/rtc0 1000000000; probe rtc /dev/rtc0")
        .run();
    assert_eq!(first.value("year"), "2036");
    let base = first.value("rtc");
    assert!(base.starts_with("2001-09-09T01:46:4"), "{base}");
    let second = Guest::new(&cache).rtc(base).script("date -u +'date %F'").run();
    assert_eq!(second.value("date"), "2001-09-09");
}

/// The RTC's errors in seconds after writes at 0.2 s and at 0.5 s, less what the writes' lateness accounts for.
fn rtc_errors(cpu: Cpu) -> Option<(f64, f64)> {
    let script = "
        for at in 0.2 0.5; do
            (probe rtc-sync /dev/rtc0 $at; probe rtc-edge /dev/rtc0) | sed \"s/^/$at-/\"
        done";
    let run = Guest::new(&require::guest()?).cpu(cpu).script(script).run();
    assert_eq!(run.status, 0, "{}", run.console);
    let error = |at: &str| {
        let [late, error, bound] = ["late", "rtc_error", "rtc_bound"].map(|name| run.number(&format!("{at}-{name}")));
        assert!(bound < 20e6, "{}", run.console);
        (error + late) / 1e9
    };
    Some((error("0.2"), error("0.5")))
}

#[test]
fn rtc_write_on_an_intel_cpu_is_followed_by_a_tick_half_a_second_later() {
    let Some((first, second)) = rtc_errors(Cpu::Intel) else { return };
    assert!((first - 0.3).abs() < 0.02 && second.abs() < 0.02, "{first} {second}");
}

#[test]
fn rtc_write_on_an_amd_cpu_leaves_the_tick_where_it_is() {
    let Some((first, second)) = rtc_errors(Cpu::Amd) else { return };
    // Lateness does not move the tick here; it is a matter of milliseconds.
    let moved = (second - first).rem_euclid(1.0);
    assert!(moved.min(1.0 - moved) < 0.05, "{first} {second}");
}

#[test]
fn probe_steps_slews_and_tunes_the_clock() {
    let Some(cache) = require::guest() else { return };
    let script = "
        probe clocks | sed 's/^/a_/'; probe step -3.25; probe clocks | sed 's/^/b_/'
        probe setfreq 12.5; probe adjtime 0.1; probe adjtimex; probe sync; probe adjtimex | sed 's/^/synced_/'
        probe settime 86400; date -u +'date %F'";
    let run = Guest::new(&cache).script(script).run();
    assert_eq!(run.status, 0, "{}", run.console);
    let step = (run.number("b_realtime_minus_raw") - run.number("a_realtime_minus_raw")) / 1e9;
    assert!((step + 3.25).abs() < 1e-4, "{step}");
    assert!((run.number("frequency_ppm") - 12.5).abs() < 1e-3);
    let rest = run.number("adjtime_us");
    assert!((90_000.0..=100_000.0).contains(&rest), "{rest}");
    assert_eq!((run.number("unsynchronised"), run.number("synced_unsynchronised")), (1.0, 0.0));
    assert_eq!(run.value("date"), "1970-01-02");
}

#[test]
fn tools_and_modules_are_there() {
    let Some(cache) = require::guest() else { return };
    let script = "
        set -e
        tc qdisc add dev lo root netem delay 5ms
        nft add table inet t; nft add chain inet t in '{ type filter hook input priority 0; }'
        nft add rule inet t in udp sport 123 drop; nft add rule inet t in udp dport 9 reject
        strace -e trace=ioctl -e inject=ioctl:error=EIO hwclock -r && exit 1
        hwclock --version; chronyd --version; ntpd --version; openntpd -h || true
        setpriv --bounding-set -sys_time probe settime 0 && exit 1
        unshare -n ip link
        dmesg | grep 'crng init done'
        TZ=Asia/Kathmandu date -d @0 +'kathmandu %H:%M'
        for program in rntpdate rhwclock; do test -x /usr/bin/$program; $program </dev/null || true; done";
    let run = Guest::new(&cache)
        .program(env!("CARGO_BIN_EXE_rntpdate"))
        .program(env!("CARGO_BIN_EXE_rhwclock"))
        .text("/etc/some/folder/file", "content")
        .script(&format!("{script}\ngrep content /etc/some/folder/file"))
        .run();
    assert_eq!(run.status, 0, "{}", run.console);
    assert_eq!(run.value("kathmandu"), "05:30");
}

#[test]
fn servers_outside_are_reached_over_both_protocols() {
    let (Some(cache), Some(_)) = (require::guest(), require::servers()) else { return };
    let network = Netns::new();
    let server = Peer::chronyd(&cache, &network, "local stratum 5\nallow all");
    server.wait_synchronised(&network, "127.0.0.1");
    for address in ["10.0.2.2", "fec0::2"] {
        let script = format!("probe query {address}");
        let run = Guest::new(&cache).network(&network).script(&script).run();
        assert_eq!((run.status, run.number("stratum"), run.number("leap")), (0, 5.0, 0.0), "{}", run.console);
        // The guest believes in 2019.
        assert!(run.number("offset_s") > 3e7 && run.number("delay_s") < 1.0, "{}", run.console);
    }
}
