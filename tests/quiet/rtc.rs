//! `rntpdate -w` in a guest, with chronyd outside it: the RTC after a step and during a slew, failures, dry runs, a reboot.

use std::time::Duration;

use crate::support::guest::{Guest, GuestRun};
use crate::support::hurry;
use crate::support::netns::Netns;
use crate::support::peers::Peer;
use crate::support::require::{self, Cache};

/// A network with a server in it, at 10.0.2.2 for the guest.
struct Net {
    cache: Cache,
    network: Netns,
    _server: Peer,
}

impl Net {
    fn new() -> Option<Net> {
        let cache = require::guest()?;
        require::servers()?;
        let network = Netns::new();
        let server = Peer::chronyd(&cache, &network, "local stratum 5\nallow all");
        server.wait_synchronised(&network, "127.0.0.1");
        Some(Net { cache, network, _server: server })
    }

    fn guest(&self) -> Guest<'_> {
        Guest::new(&self.cache)
            .network(&self.network)
            .program(env!("CARGO_BIN_EXE_rntpdate"))
            .program(env!("CARGO_BIN_EXE_rhwclock"))
            .timeout(Duration::from_secs(240))
    }
}

fn run(guest: Guest<'_>, script: &str) -> GuestRun {
    let run = guest.script(script).run();
    assert_eq!(run.status, 0, "{}", run.console);
    run
}

#[test]
fn the_rtc_is_within_milliseconds_after_a_step() {
    let Some(net) = Net::new() else { return };
    let _first = hurry::right_of_way();
    let script = "i=0
        while [ $i -lt 30 ]; do
            probe step $(awk 'BEGIN { srand('$(tr -dc 1-9 </dev/urandom | head -c 6)'); print 20 * rand() - 10 }')
            rntpdate -b -w -p 2 10.0.2.2 >/dev/null || exit
            for try in 1 2 3; do
                set -- $(probe rtc-edge /dev/rtc0)
                [ $6 -lt 1000000 ] && break
            done
            echo error $4
            i=$((i + 1))
        done";
    let run = run(net.guest(), script);
    let mut errors: Vec<f64> = run
        .console
        .lines()
        .filter_map(|line| line.strip_prefix("error ")?.parse::<f64>().ok())
        .map(|nanos| nanos / 1e6)
        .collect();
    assert_eq!(errors.len(), 30, "{}", run.console);
    errors.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
    let line = format!(
        "RTC - clock at the tick, rntpdate -b -w, Intel: median {:+.3} ms, max {:+.3} ms\n",
        errors[15], errors[29]
    );
    let _ = std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes());
    assert!(errors[15].abs() < 1.0 && errors[29].abs() < 5.0, "{errors:?}");
}

#[test]
fn during_a_slew_the_rtc_gets_the_time_that_is_slewed_to() {
    let Some(net) = Net::new() else { return };
    let _first = hurry::right_of_way();
    for offset in ["0.3", "-0.4"] {
        let script = format!(
            "rntpdate -b 10.0.2.2 >/dev/null
            probe step {offset}
            rntpdate -w -v 10.0.2.2
            probe rtc-edge /dev/rtc0
            probe adjtimex
            cat /etc/adjtime"
        );
        let run = run(net.guest(), &script);
        assert!(run.console.contains("adjust time server 10.0.2.2 offset"), "{}", run.console);
        // What the RTC is ahead of the clock is what the clock still has to make good, but for the last second's part.
        let (ahead, rest) = (run.number("rtc_error") / 1e9, run.number("adjtime_us") / 1e6);
        assert!((ahead - rest).abs() < 0.003, "{ahead} {rest}\n{}", run.console);
        assert!((rest + offset.parse::<f64>().unwrap_or(0.0)).abs() < 0.02, "{rest}");
    }
}

#[test]
fn a_clock_set_and_an_rtc_not_set_is_status_3() {
    let Some(net) = Net::new() else { return };
    let script = "
        failing() { probe settime 1000000000; \"$@\" >/tmp/out 2>/tmp/err; echo $1-status $?
            sed 's/^/out /' /tmp/out; sed 's/^/err /' /tmp/err; date -u +\"$1-year %Y\"; }
        held() { sleep 60 </dev/rtc0 & sleep 0.2; rntpdate -b -w 10.0.2.2; s=$?; kill $!; return $s; }
        eio() { strace -f -o /dev/null -e trace=ioctl -e inject=ioctl:error=EIO rntpdate -b -w 10.0.2.2; }
        null() { rntpdate -b -w --rtc /dev/null --rtc-optional 10.0.2.2; }
        missing() { rntpdate -b -w --rtc /dev/rtc9 10.0.2.2; }
        optional() { rntpdate -b -w --rtc /dev/rtc9 --rtc-optional 10.0.2.2; }
        frozen() { mount -t tmpfs -o ro tmpfs /mnt; rntpdate -b -w --adjfile /mnt/adjtime 10.0.2.2; }
        for case in held eio null missing optional frozen; do failing $case; done";
    let run = run(net.guest(), script);
    let now = run.value("optional-year").to_owned();
    assert_ne!(now, "2001", "{}", run.console);
    for (case, status) in
        [("held", "3"), ("eio", "3"), ("null", "3"), ("missing", "3"), ("optional", "0"), ("frozen", "0")]
    {
        assert_eq!(run.value(&format!("{case}-status")), status, "{case}\n{}", run.console);
        assert_eq!(run.value(&format!("{case}-year")), now, "the clock is not set: {case}\n{}", run.console);
    }
    for text in [
        "cannot open the RTC /dev/rtc0: in use by sleep (process ",
        "cannot set the RTC /dev/rtc0: Input/output error",
        "/dev/null is no RTC",
        "no RTC at /dev/rtc9: No such file or directory",
        "Warning: cannot write /mnt/adjtime: Read-only file system",
    ] {
        assert!(
            run.console.lines().any(|line| line.starts_with("err ") && line.contains(text)),
            "{text}\n{}",
            run.console
        );
    }
    // The result comes last on standard output, whatever else is said.
    let results =
        run.console.lines().filter(|line| line.starts_with("out ") && line.contains("step time server")).count();
    assert_eq!(results, 6, "{}", run.console);
    assert!(run.console.contains("-w has nothing to do\n"), "{}", run.console);
}

#[test]
fn an_rtc_that_is_held_for_a_second_is_waited_for_within_the_deadline() {
    let Some(net) = Net::new() else { return };
    let script = "
        held() { sleep $1 </dev/rtc0 & holder=$!; sleep 0.2; shift
            begun=$(cut -d' ' -f1 /proc/uptime); rntpdate -b -w \"$@\" 10.0.2.2 2>&1; status=$?
            echo \"$name-seconds $(awk -v a=$begun '{ printf \"%.2f\", $1 - a }' /proc/uptime)\"
            echo \"$name-status $status\"; kill $holder 2>/dev/null; wait; }
        name=short; held 1.2; name=long; held 60 --deadline 2";
    let run = run(net.guest(), script);
    assert_eq!((run.value("short-status"), run.value("long-status")), ("0", "3"), "{}", run.console);
    assert!(run.console.contains("in use by sleep (process "), "{}", run.console);
    assert!(run.number("long-seconds") < 2.5, "{}", run.console);
}

#[test]
fn a_machine_without_rtc_is_a_failure_or_a_note() {
    let Some(net) = Net::new() else { return };
    let script = "rntpdate -b -w 10.0.2.2 2>&1; echo plain $?; rntpdate -w --rtc-optional 10.0.2.2 2>&1 | tail -1
        rntpdate -q -w --rtc-optional 10.0.2.2; echo optional $?";
    let run = run(net.guest().kernel_arg("initcall_blacklist=cmos_init"), script);
    assert_eq!((run.value("plain"), run.value("optional")), ("3", "0"), "{}", run.console);
    assert!(run.console.contains("no RTC: there is none of /dev/rtc, /dev/rtc0, /dev/misc/rtc"), "{}", run.console);
}

#[test]
fn dry_runs_say_what_would_be_written() {
    let Some(net) = Net::new() else { return };
    let script = "export TZ=Europe/Berlin
        for option in -q -d; do
            rntpdate $option -w --localtime 10.0.2.2 >/tmp/out; echo status $?
            grep 'would set' /tmp/out; tail -1 /tmp/out
        done
        ls /etc/adjtime 2>/dev/null && echo adjtime there || echo adjtime absent
        probe rtc /dev/rtc0
        rntpdate -b -w -v --localtime --verify 10.0.2.2
        date '+local %F %H:%M'; date -u '+utc %F %H:%M'
        probe rtc /dev/rtc0 | sed 's/^/after-/'
        tail -1 /etc/adjtime | sed 's/^/kept /'
        rntpdate -b -w 10.0.2.2; probe rtc /dev/rtc0 | sed 's/^/again-/'";
    let run = run(net.guest(), script);
    let would: Vec<&str> =
        run.console.lines().filter(|line| line.contains("would set the RTC /dev/rtc0 to ")).collect();
    assert_eq!(would.len(), 2, "{}", run.console);
    assert!(would.iter().all(|line| line.ends_with("(local time)")), "{would:?}");
    assert_eq!(run.value("adjtime"), "absent");
    assert!(run.value("rtc").starts_with("2019-01-01T00:0"), "the dry run wrote the RTC: {}", run.console);
    let local = run.value("local").replace(' ', "T");
    assert_ne!(local, run.value("utc").replace(' ', "T"));
    let near = |rtc: &str| rtc[..13] == local[..13];
    assert!(near(run.value("after-rtc")), "{}", run.console);
    assert_eq!(run.value("kept"), "LOCAL");
    // The file says so from now on.
    assert!(near(run.value("again-rtc")), "{}", run.console);
    assert!(run.console.contains(" sec off at its next tick (measured within "), "{}", run.console);
}

#[test]
fn the_time_survives_a_reboot() {
    let Some(net) = Net::new() else { return };
    let _first = hurry::right_of_way();
    let script = "
        probe settime 1500000000
        rhwclock -s
        for try in 1 2 3 4 5; do
            probe rtc-edge /dev/rtc0 >/tmp/edge
            [ $(awk '/bound/ { print $2 }' /tmp/edge) -lt 1000000 ] && break
        done
        cat /tmp/edge; date -u '+first %Y'
        rntpdate -b -w 10.0.2.2 && date -u '+set %F %H'
        probe query 10.0.2.2
        probe rtc /dev/rtc0";
    let first = run(net.guest().rtc("2022-02-02T02:02:02"), script);
    assert_eq!(first.value("first"), "2022");
    let error = first.number("rtc_error") / 1e6;
    assert!(error.abs() < 2.0, "the clock is {error} ms from the RTC after --hctosys");
    assert!(first.number("offset_s").abs() < 0.05, "{}", first.console);
    let base = first.value("rtc");

    let second =
        run(net.guest().rtc(base), "date -u '+booted %F %H'; rhwclock -u | sed 's/^/rtc /'; probe query 10.0.2.2");
    assert!(second.value("rtc").starts_with(&base.replace('T', " ")[..13]), "{base}\n{}", second.console);
    assert!(second.value("booted").starts_with(&base[..10]), "{}", second.console);
    // The seconds between the two machines are lost; without the RTC it would be years.
    assert!(second.number("offset_s").abs() < 60.0, "{}", second.console);
}
