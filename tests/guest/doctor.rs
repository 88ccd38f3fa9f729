//! `--doctor` on machines whose clock is set, with one thing wrong each.

use crate::support::guest::{Guest, GuestRun};
use crate::support::require;

fn guest(cache: &require::Cache, script: &str) -> GuestRun {
    Guest::new(cache).program(env!("CARGO_BIN_EXE_rntpdate")).script(script).run()
}

/// The line on a topic, the first after the line `== part`.
#[track_caller]
fn line<'a>(run: &'a GuestRun, part: &str, topic: &str) -> &'a str {
    let (_, text) = run.console.split_once(&format!("== {part}\n")).unwrap_or_else(|| panic!("{}", run.console));
    let topic = format!(" {topic} ");
    text.lines()
        .find(|line| line.get(7..).is_some_and(|rest| rest.starts_with(&topic)))
        .unwrap_or_else(|| panic!("{text}"))
}

#[test]
fn clocks_and_those_who_set_them() {
    let Some(cache) = require::guest() else { return };
    let script = r#"
        doctor() { echo "== $1"; rntpdate --doctor; echo "status $?"; }
        ip link set lo up; ip link add d0 type dummy; ip addr add 192.0.2.5/24 dev d0; ip link set d0 up
        ip route add default via 192.0.2.9
        doctor well
        probe sync; doctor synced
        echo "== denied"; setpriv --bounding-set -sys_time rntpdate --doctor
        probe adjtime 0.2; doctor slewing; probe adjtime 0
        probe setfreq 400; doctor fast; probe setfreq 0
        probe step 3600; doctor stepped; probe step -3600
        probe step -30; doctor late; probe step 30
        printf '0.25 0 0\n0\nLOCAL\n' >/etc/adjtime; doctor local
        TZ=Asia/Kathmandu; export TZ; probe step -20700; doctor kathmandu; probe step 20700; unset TZ
        printf 'what is this\n' >/etc/adjtime; doctor damaged; rm /etc/adjtime
        mkdir -p /etc/cron.d /var/spool/cron; echo '5 * * * * root ntpdate x' >/etc/cron.d/ntp; doctor cron
        chronyd -d -u root -f /dev/null >/dev/null 2>&1 & await name $! chronyd; doctor chronyd
        ntpd -n -c /dev/null >/dev/null 2>&1 & await name $! ntpd; doctor two
        echo 'server 192.0.2.7' >/etc/ntp.conf; doctor configured
        echo 00:04 >/sys/bus/pnp/drivers/rtc_cmos/unbind; doctor gone"#;
    let run = guest(&cache, script);
    let expect = |part, topic, start: &str| {
        let found = line(&run, part, topic);
        assert!(found.starts_with(start), "{part}: {found}\n{}", run.console);
    };
    expect("well", "setting   ", "ok      setting    this process may set the clock");
    expect("well", "RTC       ", "ok      RTC        /dev/rtc");
    expect("well", "daemons   ", "ok      daemons    no other time daemon runs");
    expect("well", "clock     ", "warning clock      the kernel takes it for unsynchronised");
    expect("well", "slew      ", "ok      slew       none is under way");
    expect("synced", "clock     ", "ok      clock      the kernel takes it for synchronised");
    expect("denied", "setting   ", "BAD     setting    this process may not");
    expect("slewing", "slew      ", "warning slew       one is under way: +0.");
    expect("fast", "frequency ", "warning frequency  frequency correction +400.000 ppm");
    expect("stepped", "RTC       ", "BAD     RTC        /dev/rtc");
    expect("late", "RTC       ", "warning RTC        /dev/rtc");
    expect("local", "adjtime   ", "ok      adjtime    the RTC keeps local time, and is corrected by +0.250000");
    // The clock is put back by Kathmandu's 5:45 hours: read as local time the chip is right then.
    expect("kathmandu", "RTC       ", "ok      RTC        /dev/rtc");
    expect("damaged", "adjtime   ", "warning adjtime    /etc/adjtime: the first line is not");
    expect("cron", "schedule  ", "ok      schedule   one entry starts a time client: /etc/cron.d/ntp (ntpdate)");
    expect("chronyd", "daemons   ", "warning daemons    chronyd (process");
    expect("chronyd", "schedule  ", "warning schedule   entries start a time client while chronyd sets the clock");
    expect("two", "daemons   ", "BAD     daemons    several set the clock, against each other");
    expect("configured", "servers   ", "ok      servers    named in /etc/ntp.conf (1)");
    expect("gone", "RTC       ", "warning RTC        no RTC");
    let status = |part: &str| {
        let (_, text) = run.console.split_once(&format!("== {part}\n")).expect("a part");
        text.lines().find_map(|line| line.strip_prefix("status ")).expect("a status").to_owned()
    };
    assert_eq!([status("well"), status("synced"), status("stepped"), status("two")], ["0", "0", "1", "1"]);
}
