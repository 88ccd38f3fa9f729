//! rhwclock in a guest with a real kernel and an emulated chip: what goes wrong, local time, the limits of the chip.

use crate::support::guest::{Guest, GuestRun};
use crate::support::require::{self, Cache};

/// In front of each script: `t NAME COMMAND…` prints each output line after the name, then status and milliseconds.
const PRELUDE: &str = r#"
t() {
    name=$1
    shift
    begun=$(cut -d' ' -f1 /proc/uptime)
    "$@" >/tmp/out 2>&1
    status=$?
    sed "s/^/$name-text /" /tmp/out
    echo "$name-status $status"
    echo "$name-seconds $(awk -v a="$begun" '{ printf "%.2f", $1 - a }' /proc/uptime)"
}
"#;

fn guest(cache: &Cache) -> Guest<'_> {
    Guest::new(cache).program(env!("CARGO_BIN_EXE_rhwclock"))
}

fn run(guest: Guest<'_>, script: &str) -> GuestRun {
    let run = guest.script(&format!("{PRELUDE}{script}")).run();
    assert_eq!(run.status, 0, "{}", run.console);
    run
}

/// The command `name` failed with exit status 1, in words that contain `text`, within five seconds and a bit.
#[track_caller]
fn failed(run: &GuestRun, name: &str, text: &str) {
    assert_eq!(run.value(&format!("{name}-status")), "1", "{}", run.console);
    let said = run.value(&format!("{name}-text"));
    assert!(said.starts_with("rhwclock: ") && said.contains(text), "{name}: {said}");
    let seconds = run.number(&format!("{name}-seconds"));
    assert!(seconds < 5.5, "{name} took {seconds} s");
}

#[track_caller]
fn succeeded(run: &GuestRun, name: &str) {
    assert_eq!(run.value(&format!("{name}-status")), "0", "{}", run.console);
}

#[test]
fn no_chip_at_all() {
    let Some(cache) = require::guest() else { return };
    let script = "t show rhwclock; t write rhwclock -w; t clock rhwclock -s; t file rhwclock -f /dev/rtc7 -w
        t predict rhwclock --predict --date @0
        ls /etc/adjtime 2>/dev/null && echo adjtime there || echo adjtime absent";
    let run = run(guest(&cache).kernel_arg("initcall_blacklist=cmos_init"), script);
    for name in ["show", "write", "clock"] {
        failed(&run, name, "no RTC: there is none of /dev/rtc, /dev/rtc0, /dev/misc/rtc");
    }
    failed(&run, "file", "no RTC at /dev/rtc7: No such file or directory");
    assert_eq!(run.value("predict-text"), "1970-01-01 00:00:00.000000+00:00");
    assert_eq!(run.value("adjtime"), "absent");
}

#[test]
fn a_chip_that_goes_while_it_is_waited_for_and_comes_back_under_another_name() {
    let Some(cache) = require::guest() else { return };
    let script = "
        driver=/sys/bus/pnp/drivers/rtc_cmos
        device=$(basename $driver/00:*)
        probe rtc /dev/rtc0 >/dev/null
        (
            until ls -l /proc/[0-9]*/fd 2>/dev/null | grep -q rtc0; do sleep 0.02; done
            sleep 0.1
            echo $device >$driver/unbind
        ) &
        t during rhwclock -s
        wait
        t after rhwclock
        echo $device >$driver/bind
        until ls /dev/rtc* >/dev/null 2>&1; do sleep 0.1; done
        ls /dev/rtc* | sed 's/^/device /'
        t again rhwclock -v";
    let run = run(guest(&cache), script);
    failed(&run, "during", "the RTC /dev/rtc0 has gone");
    failed(&run, "after", "no RTC");
    succeeded(&run, "again");
    assert!(run.console.contains(&format!("again-text Trying to open: {}\n", run.value("device"))), "{}", run.console);
    assert_ne!(run.value("device"), "/dev/rtc0");
}

#[test]
fn each_error_of_the_device_has_its_words() {
    let Some(cache) = require::guest() else { return };
    let script = "
        inject() { strace -o /dev/null -e trace=ioctl -e inject=ioctl:\"$@\"; }
        t eio inject error=EIO rhwclock -w
        ls /etc/adjtime 2>/dev/null && echo adjtime there || echo adjtime absent
        t readeio inject error=EIO rhwclock
        t once inject error=EIO:when=1 rhwclock
        t invalid inject error=EINVAL:when=1 rhwclock -s
        t later inject error=EIO:when=5+7 rhwclock -w --verify
        t refused inject error=EINVAL:when=3 rhwclock -w
        t range inject error=ERANGE:when=3 rhwclock -w
        sleep 60 </dev/rtc0 &
        sleep 0.2
        t busy rhwclock -w
        kill $!
        wait
        sleep 1.5 </dev/rtc0 &
        sleep 0.2
        t held rhwclock -w
        wait
        t user setpriv --reuid 1000 --clear-groups rhwclock
        chmod 666 /dev/rtc0
        t nocap setpriv --reuid 1000 --clear-groups rhwclock -w --noadjfile -u
        t reads setpriv --reuid 1000 --clear-groups rhwclock --noadjfile -u
        t clock setpriv --reuid 1000 --clear-groups rhwclock -s --noadjfile -u
        t systz setpriv --reuid 1000 --clear-groups rhwclock --systz -u
        mount --bind /dev/null /dev/rtc0
        t null rhwclock; t nullset rhwclock -w
        umount /dev/rtc0
        t isa rhwclock --directisa
        t param rhwclock --param-get bsm; t voltage rhwclock --vl-read";
    let run = run(guest(&cache), script);
    failed(&run, "eio", "cannot set the RTC /dev/rtc0: Input/output error");
    assert_eq!(run.value("adjtime"), "absent");
    failed(&run, "readeio", "cannot read the RTC /dev/rtc0: Input/output error");
    for name in ["once", "invalid", "later", "held"] {
        succeeded(&run, name);
    }
    failed(&run, "refused", "the RTC /dev/rtc0 does not take 20");
    assert!(run.value("refused-text").contains("its driver cannot set the chip"), "{}", run.console);
    failed(&run, "range", "the RTC /dev/rtc0 cannot hold 20");
    assert!(
        run.value("busy-text").contains("cannot open the RTC /dev/rtc0: in use by sleep (process "),
        "{}",
        run.console
    );
    assert_eq!(run.value("busy-status"), "1");
    let seconds = run.number("busy-seconds");
    assert!((4.9..7.0).contains(&seconds), "waited {seconds} s for the holder");
    failed(&run, "user", "cannot open the RTC /dev/rtc0: Permission denied");
    failed(&run, "nocap", "CAP_SYS_TIME is missing");
    succeeded(&run, "reads");
    failed(
        &run,
        "clock",
        "cannot set the kernel's timezone: Operation not permitted (os error 1) (CAP_SYS_TIME is missing: run as root",
    );
    failed(
        &run,
        "systz",
        "cannot set the kernel's timezone: Operation not permitted (os error 1) (CAP_SYS_TIME is missing: run as root",
    );
    failed(&run, "null", "/dev/rtc0 is no RTC");
    failed(&run, "nullset", "/dev/rtc0 is no RTC");
    failed(&run, "isa", "--directisa is not supported");
    failed(&run, "param", "has no parameter 0x2");
    failed(&run, "voltage", "has no report on its supply voltage");
}

/// With `-w` the third request sets the chip, and on a busy host perhaps the fourth once more.
#[test]
fn one_request_that_fails_harms_no_function_wherever_it_is() {
    let Some(cache) = require::guest() else { return };
    let script = "
        inject() { strace -o /dev/null -e trace=ioctl -e inject=ioctl:\"$@\"; }
        for place in 1 2 3 4 5; do
            t show$place inject error=EIO:when=$place rhwclock -r
            t clock$place inject error=EINVAL:when=$place rhwclock -s
        done
        for place in 1 2 3 4 5 6; do t write$place inject error=EIO:when=$place rhwclock -w --verify; done
        # One of a hundred, while the chip is read until it ticks.
        t seldom inject error=EIO:when=40+100 rhwclock -s";
    let run = run(guest(&cache).timeout(std::time::Duration::from_secs(240)), script);
    for place in ["1", "2", "3", "4", "5"] {
        for name in ["show", "clock"] {
            succeeded(&run, &format!("{name}{place}"));
        }
    }
    for place in ["1", "2", "3", "4", "5", "6"] {
        succeeded(&run, &format!("write{place}"));
    }
    succeeded(&run, "seldom");
}

#[test]
fn without_interrupts_the_chip_is_read_until_it_ticks() {
    let Some(cache) = require::guest() else { return };
    // The chip is read once, then the interrupt is asked for: the second request either fails or does nothing.
    let script = "
        inject() { strace -o /dev/null -e trace=ioctl -e inject=ioctl:\"$@\"; }
        t unknown inject error=EINVAL:when=2 rhwclock -v
        t broken inject error=EIO:when=2 rhwclock -v
        t silent inject retval=0:when=2 rhwclock -v
        t plain rhwclock -v";
    let run = run(guest(&cache), script);
    for name in ["unknown", "broken", "silent"] {
        succeeded(&run, name);
        assert!(run.console.contains(&format!("{name}-text ...got clock tick (by polling")), "{}", run.console);
        assert!(run.number(&format!("{name}-seconds")) < 5.5, "{}", run.console);
    }
    assert!(run.console.contains("plain-text ...got clock tick\n"), "{}", run.console);
}

#[test]
fn a_chip_that_was_never_set_says_so_and_is_cured_by_a_write() {
    let Some(cache) = require::guest() else { return };
    // The SET bit in register B halts the update, so that month 0 in register 8 stays; at last it may go on.
    let script = "probe cmos 11 130; probe cmos 8 0
        t show rhwclock; t clock rhwclock -s; t drift rhwclock -w --update-drift
        t write rhwclock -w
        probe cmos 11 2
        t again rhwclock";
    let run = run(guest(&cache).rtc("2026-11-23T10:00:00"), script);
    for name in ["show", "clock", "drift"] {
        failed(&run, name, "holds no valid time: it was never set, or its battery is empty");
    }
    // Written, and halted still.
    failed(&run, "write", "does not tick");
    assert!(run.value("again-text").starts_with("2026-11-23 10:0"), "{}", run.console);
}

#[test]
fn a_chip_that_stands_still_is_an_error_in_time() {
    let Some(cache) = require::guest() else { return };
    // The SET bit in register B halts the update; the kernel leaves it as it is.
    let script = "probe cmos 11 130
        t show rhwclock; t clock rhwclock -s; t plain rhwclock -w; t write rhwclock -w --verify
        probe cmos 11 2
        t again rhwclock -w --verify";
    let run = run(guest(&cache), script);
    failed(&run, "show", "does not tick: its second did not change");
    failed(&run, "clock", "does not tick: its second did not change");
    // Its first write looks at it, asked or not.
    failed(&run, "plain", "does not tick");
    assert!(run.value("write-text").contains("does not tick"), "{}", run.console);
    assert_eq!(run.value("write-status"), "1");
    assert!(
        run.value("again-text").starts_with("Verified: at its next tick the Hardware Clock is "),
        "{}",
        run.console
    );
}

#[test]
fn local_time_on_both_sides_of_a_change() {
    let Some(cache) = require::guest() else { return };
    let at = |name: &str, utc: &str| {
        format!(
            "date -u -s '{utc}' >/dev/null
            t {name}-write rhwclock -w
            probe rtc /dev/rtc0 | sed 's/^rtc/{name}-rtc/'
            t {name}-show rhwclock
            date -u -s '2020-01-01' >/dev/null
            t {name}-clock rhwclock -s
            date -u '+{name}-now %F %T'
            "
        )
    };
    let script = [
        "export TZ=Europe/Berlin; printf '0 0 0\\n0\\nLOCAL\\n' >/etc/adjtime\n".to_owned(),
        at("winter", "2026-03-29 00:58:00"),
        at("summer", "2026-03-29 01:02:00"),
        at("early", "2026-10-24 23:58:00"),
        at("first", "2026-10-25 00:30:00"),
        at("second", "2026-10-25 01:30:00"),
        at("late", "2026-10-25 02:02:00"),
    ]
    .concat();
    let run = run(guest(&cache).timeout(std::time::Duration::from_secs(180)), &script);
    let expect = |name: &str, rtc: &str, shown: &str, now: &str| {
        assert!(run.value(&format!("{name}-rtc")).starts_with(rtc), "{name}\n{}", run.console);
        let text = run.value(&format!("{name}-show-text"));
        assert!(text.starts_with(&shown[..16]) && text.ends_with(&shown[16..]), "{name}: {text}");
        assert!(run.value(&format!("{name}-now")).starts_with(now), "{name}\n{}", run.console);
    };
    expect("winter", "2026-03-29T01:58", "2026-03-29 01:58+01:00", "2026-03-29 00:58");
    expect("summer", "2026-03-29T03:02", "2026-03-29 03:02+02:00", "2026-03-29 01:02");
    expect("early", "2026-10-25T01:58", "2026-10-25 01:58+02:00", "2026-10-24 23:58");
    // In the hour shown twice: near the system clock, else (the clock was set to 2020) standard time.
    expect("first", "2026-10-25T02:30", "2026-10-25 02:30+02:00", "2026-10-25 01:30");
    expect("second", "2026-10-25T02:30", "2026-10-25 02:30+01:00", "2026-10-25 01:30");
    expect("late", "2026-10-25T03:02", "2026-10-25 03:02+01:00", "2026-10-25 02:02");
}

#[test]
fn the_years_that_the_chip_can_hold() {
    let Some(cache) = require::guest() else { return };
    let script = "
        t set rhwclock --set --date '2069-12-31 23:59:50Z'
        t before rhwclock
        sleep 11
        t after rhwclock
        t far rhwclock --set --date '2155-12-31 23:59:00Z'; t faraway rhwclock
        t beyond rhwclock --set --date '2156-01-01Z'
        t early rhwclock --set --date '1970-01-01 00:00:00Z'; t first rhwclock
        t past rhwclock --set --date '1969-12-31Z'";
    let run = run(guest(&cache), script);
    assert!(run.value("before-text").starts_with("2069-12-31 23:59:5"), "{}", run.console);
    assert!(run.value("after-text").starts_with("2070-01-01 00:00:"), "{}", run.console);
    assert!(run.value("faraway-text").starts_with("2155-12-31 23:59:0"), "{}", run.console);
    failed(&run, "beyond", "the RTC /dev/rtc0 does not take 2156/01/01");
    assert!(run.value("first-text").starts_with("1970-01-01 00:00:0"), "{}", run.console);
    failed(&run, "past", "the RTC /dev/rtc0 does not take 1969/12/31");
}

#[test]
fn through_a_link_it_is_hwclock() {
    let Some(cache) = require::guest() else { return };
    let script = "mkdir /tmp/link; ln -s /usr/bin/rhwclock /tmp/link/hwclock; PATH=/tmp/link:$PATH
        hwclock -w -r 2>&1; hwclock --set 2>&1; hwclock -v | head -1; hwclock -V; rhwclock -V; hwclock --help | head -3";
    let run = run(guest(&cache), script);
    let lines: Vec<&str> = run.console.lines().collect();
    assert!(lines[0].starts_with("hwclock: --systohc does not go with --show"), "{}", run.console);
    assert_eq!(lines[1], "hwclock: --date is required for --set or --predict");
    let version =
        |line: &str| line.starts_with("rhwclock 0.") && line.ends_with(", in place of hwclock from util-linux 2.38.1");
    assert!(version(lines[2]) && version(lines[3]), "{}", run.console);
    assert!(lines[4].starts_with("rhwclock 0.") && lines[4].split(' ').count() == 2, "{}", run.console);
    assert!(run.console.contains("Usage: hwclock [OPTIONS]"), "{}", run.console);
}
