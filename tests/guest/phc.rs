//! Hardware clocks (phc:) in a guest whose network card has one. Other programs read it besides: chronyd, which sets nothing.

use std::time::Duration;

use crate::support::guest::{Guest, GuestRun};
use crate::support::require;

/// Runs a script where /dev/ptp0 is a clock that was set to the system clock at the start.
fn run(script: &str) -> Option<GuestRun> {
    let (cache, tree) = (require::guest()?, require::more("phc")?);
    // The clock itself says by how much the system clock is wrong, read by another program.
    let words = "
        wrong() { chronyd -Q -u root -t 5 'refclock PHC /dev/ptp0 poll 0 dpoll -2' 2>&1 |
            sed -n \"s/.*System clock wrong by \\([-0-9.]*\\) seconds.*/$1-wrong \\1/p\"; }
        t() { name=$1; shift; begun=$(cut -d' ' -f1 /proc/uptime); \"$@\" >/tmp/out 2>&1; echo \"$name-status $?\"
            awk -v a=$begun -v n=$name '{ printf \"%s-seconds %.2f\\n\", n, $1 - a }' /proc/uptime
            sed \"s/^/$name-text /\" /tmp/out; }
        clock=phc:/dev/ptp0@utc
    ";
    let guest = Guest::new(&cache).hardware_clock(&tree).rtc("2026-11-27T18:00:00").timeout(Duration::from_secs(240));
    let guest = guest.program(env!("CARGO_BIN_EXE_rntpdate")).script(&format!("{words}{script}"));
    let run = guest.run();
    assert_eq!(run.status, 0, "{}", run.console);
    Some(run)
}

#[track_caller]
fn said(run: &GuestRun, name: &str, status: &str, text: &str) {
    assert_eq!(run.value(&format!("{name}-status")), status, "{name}\n{}", run.console);
    let lines = run.console.lines().filter(|line| line.starts_with(&format!("{name}-text ")));
    assert!(lines.clone().any(|line| line.contains(text)), "{name}: {text}\n{}", run.console);
}

#[test]
fn a_machine_without_a_network_is_set_by_its_clock() {
    let script = "
        ip link set lo down
        for by in -100.1 3.7 86400 -0.9; do probe step $by; t by$by rntpdate -b $clock; wrong by$by; done
        probe step 0.2; t slew rntpdate $clock; probe adjtimex
        t calls strace -f -o /tmp/calls rntpdate -b $clock
        # A call that another thread interrupts has a second line, \"<... clone3 resumed>\", without the flags: it is none of its own.
        grep -E 'socket|clone|fork' /tmp/calls; echo sockets $(grep -c 'socket(' /tmp/calls)
        echo processes $(grep -E '(clone3?|fork)[(]' /tmp/calls | grep -vc CLONE_THREAD)
        # With a wrong scale it is wrong by as much, and no more.
        t tai rntpdate -b phc:/dev/ptp0@tai; wrong tai; t given rntpdate -b --phc-offset -2.5 phc:/dev/ptp0; wrong given";
    let Some(run) = run(script) else { return };
    for by in ["-100.1", "3.7", "86400", "-0.9"] {
        said(&run, &format!("by{by}"), "0", "step time server phc:/dev/ptp0 offset ");
        let wrong = run.number(&format!("by{by}-wrong"));
        let seconds = run.number(&format!("by{by}-seconds"));
        let line = format!("after {by} s and -b the clock is {wrong:+.6} s off, by chronyd; {seconds} s\n");
        let _ = std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes());
        assert!(wrong.abs() < 0.005, "{}", run.console);
    }
    said(&run, "slew", "0", "adjust time server phc:/dev/ptp0 offset -0.");
    assert!((run.number("adjtime_us") + 200_000.0).abs() < 10_000.0, "{}", run.console);
    said(&run, "calls", "0", "step time server");
    assert_eq!((run.value("sockets"), run.value("processes")), ("0", "0"), "{}", run.console);
    assert!((run.number("tai-wrong") - 37.0).abs() < 0.005 && (run.number("given-wrong") + 2.5).abs() < 0.005);
}

#[test]
fn what_keeps_a_clock_from_being_used_is_said() {
    let script = "
        t scale rntpdate -q phc:/dev/ptp0
        t missing rntpdate -q phc:/dev/ptp9@utc
        t other rntpdate -q phc:/dev/rtc0@utc
        t name rntpdate -q phc:hyperv
        t mine rntpdate -q phc:$(cat /sys/class/ptp/ptp0/clock_name)@utc
        t denied setpriv --reuid 1000 --clear-groups rntpdate -q $clock
        t unset rntpdate -q phc:/dev/ptp0@1795000000
        t confined rntpdate -U nobody -b $clock
        # Those that are left are enough.
        t rest rntpdate -q phc:/dev/ptp9@utc $clock
        printf 'refclock PHC /dev/ptp0 poll 0\\nrefclock PPS /dev/pps0\\n' >/etc/chrony.conf
        t config rntpdate -q -v
        strace -o /dev/null -e trace=ioctl -e inject=ioctl:error=EIO:when=1+ rntpdate -q $clock >/tmp/out 2>&1; sed 's/^/broken-text /' /tmp/out; echo broken-status 1
        ip link set lo up; t json rntpdate --json -d $clock";
    let Some(run) = run(script) else { return };
    said(&run, "scale", "1", "may keep UTC or TAI, 37 s apart: say which, by phc:/dev/ptp0@utc or phc:/dev/ptp0@tai");
    said(&run, "missing", "1", "cannot open /dev/ptp9: No such file or directory");
    said(&run, "other", "1", "/dev/rtc0 is no PTP hardware clock");
    said(&run, "name", "1", "no clock is called so (this machine has /dev/ptp0 \"");
    said(&run, "mine", "0", "server phc:/dev/ptp0, stratum 1, offset ");
    said(&run, "denied", "1", "cannot open /dev/ptp0: Permission denied");
    assert_eq!(run.value("unset-status"), "2", "further from UTC than a day\n{}", run.console);
    said(&run, "confined", "0", "step time server phc:/dev/ptp0");
    said(&run, "rest", "0", "clock phc:/dev/ptp9@utc is not used: ");
    said(&run, "config", "0", "servers from /etc/chrony.conf: phc:/dev/ptp0@utc");
    said(&run, "broken", "1", "cannot read /dev/ptp0: Input/output error");
    said(&run, "json", "0", "\"method\":\"extended\",\"scale\":\"utc\",\"ahead_of_utc\":0.000000000");
}

#[test]
fn a_clock_and_a_server_outvote_a_server_that_lies() {
    let script = "
        probe step 5; probe serve 1123 >/dev/null & await port 1123
        probe step -5; probe serve 1124 >/dev/null & await port 1124
        probe step -60
        t two rntpdate -q -p 4 127.0.0.1:1123 127.0.0.1:1124
        t three rntpdate -b -v 127.0.0.1:1123 127.0.0.1:1124 $clock; wrong three
        t liar rntpdate -b 127.0.0.1:1123 $clock
        kill $(pidof probe)";
    let Some(run) = run(script) else { return };
    assert_eq!((run.value("two-status"), run.value("liar-status")), ("1", "1"), "one against one\n{}", run.console);
    said(&run, "three", "0", "2 of 3 names agree");
    said(&run, "three", "0", "step time server");
    assert!(run.number("three-wrong").abs() < 0.01, "{}", run.console);
}

/// What a driver does not offer is passed over; an older kernel does not even know of it.
#[test]
fn a_clock_without_the_better_methods_is_read_by_the_basic_one() {
    let script = "
        # The place of each way's first call among all calls of a run.
        strace -o /tmp/calls -e trace=ioctl -e raw=ioctl rntpdate -q $clock >/dev/null
        place() { grep -n $1 /tmp/calls | head -n 1 | cut -d: -f1; }
        best=$(place 0xc0403d08) good=$(place 0xc4c03d09)
        without() { name=$1 calls=$2; shift 2; probe step 0.7
            t $name strace -o /tmp/trace -e trace=ioctl -e raw=ioctl -e inject=ioctl:error=$1:when=$calls rntpdate -b --json $clock
            wrong $name; echo $name-calls $(grep -c 0x43403d05 /tmp/trace); }
        without extended $good EOPNOTSUPP
        without both $best..$good ENOTTY
        # By a name that a host's clock has, which says what it keeps, too.
        echo 'KVM virtual PTP' >/tmp/name; mount --bind /tmp/name /sys/class/ptp/ptp0/clock_name
        probe step -3; t kvm rntpdate -b --json phc:kvm; wrong kvm";
    let Some(run) = run(script) else { return };
    for name in ["extended", "both"] {
        said(&run, name, "0", "\"method\":\"basic\"");
        assert!(run.number(&format!("{name}-calls")) >= 4.0, "PTP_SYS_OFFSET\n{}", run.console);
    }
    said(&run, "kvm", "0", "\"name\":\"KVM virtual PTP\"");
    for name in ["extended", "both", "kvm"] {
        assert!(run.number(&format!("{name}-wrong")).abs() < 0.005, "{name}\n{}", run.console);
    }
}

/// A driver that is loaded after the run began, at boot.
#[test]
fn a_clock_that_appears_later_is_waited_for() {
    let script = "
        card=$(basename /sys/bus/pci/drivers/igb/0000:*); driver=/sys/bus/pci/drivers/igb
        echo $card >$driver/unbind
        t never rntpdate -b --wait 2 $clock
        t once rntpdate -b $clock
        t liar rntpdate -b --wait 30 phc:/dev/null@utc
        (sleep 3; echo $card >$driver/bind) & t late rntpdate -b -v --wait 60 $clock; wrong late";
    let Some(run) = run(script) else { return };
    said(&run, "never", "1", "cannot open /dev/ptp0: No such file or directory");
    said(&run, "once", "1", "cannot open /dev/ptp0: No such file or directory");
    said(&run, "liar", "1", "/dev/null is no PTP hardware clock");
    assert!((2.0..5.0).contains(&run.number("never-seconds")) && run.number("liar-seconds") < 5.0, "{}", run.console);
    said(&run, "late", "0", "waiting up to 60 s for a clock");
    said(&run, "late", "0", "time server phc:/dev/ptp0");
    assert!((2.0..30.0).contains(&run.number("late-seconds")), "{}", run.console);
    assert!(run.number("late-wrong").abs() < 0.005, "{}", run.console);
}
