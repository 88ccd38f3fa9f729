//! Each finding alone, on a machine that is otherwise well.

use super::findings::NameError;
use super::*;
use crate::time::Interval;

fn well() -> Findings {
    Findings {
        may_set: Ok(()),
        filter: Ok(()),
        kernel: Ok(KernelClock {
            synchronised: true,
            max_error: Interval::from_micros(20_000),
            frequency_ppm: -12.5,
            pending_slew: Interval::ZERO,
            leap: 0,
        }),
        daemons: Vec::new(),
        rtc: rtc(-1, 7200),
        adjfile: Adjfile::Read { local: false, factor: 0.25, problems: Vec::new() },
        stamps: Stamps { sent: true, received: true },
        routes: Routes { v4: Some([192, 0, 2, 1].into()), v6: None },
        name: Name { name: "ntp.example".into(), configured: true, found: Ok((2, 1)) },
        configured: vec![file("/etc/ntp.conf", 4)],
        schedules: Vec::new(),
    }
}

fn file(name: &str, servers: usize) -> ConfigFile {
    ConfigFile { file: name.into(), servers, faults: Vec::new(), passed_over: Vec::new() }
}

#[test]
fn the_files_that_are_passed_over_are_named() {
    let mut configured =
        vec![file("/etc/default/ntpdate", 0), file("/etc/ntp/step-tickers", 1), file("/etc/chrony.conf", 3)];
    configured[2].passed_over.push("x: this lease is over".into());
    let checks = judge(&Findings { configured, ..well() });
    let texts: Vec<&str> = checks.iter().filter(|c| c.topic == "servers").map(|c| c.text.as_str()).collect();
    assert_eq!(
        texts,
        [
            "named in /etc/ntp/step-tickers (1); passed over, as they come later: /etc/chrony.conf (3)",
            "x: this lease is over"
        ]
    );
    assert!(!is_bad(&checks));
}

fn rtc(as_utc: i64, as_local: i64) -> RtcFinding {
    let [as_utc, as_local] = [as_utc, as_local].map(Interval::from_secs);
    RtcFinding::Read(RtcReading { device: "/dev/rtc0".into(), as_utc, as_local })
}

fn daemon(name: &str, sets_clock: bool) -> Daemon {
    Daemon { name: name.into(), pid: 7, sets_clock }
}

/// What is not good.
#[track_caller]
fn only(findings: &Findings) -> Check {
    let checks = judge(findings);
    let mut wrong = checks.iter().filter(|check| check.mark != Mark::Good);
    let found = wrong.next().expect("something that is not good").clone();
    assert_eq!(wrong.next(), None);
    assert!(found.advice.is_some(), "{found:?}");
    found
}

#[test]
fn a_machine_that_is_well_has_ten_good_lines() {
    let checks = judge(&well());
    assert!(checks.iter().all(|check| check.mark == Mark::Good && check.advice.is_none()), "{checks:?}");
    assert!(!is_bad(&checks) && checks.len() >= 10);
}

#[test]
fn a_clock_that_may_not_be_set_is_bad() {
    let check = only(&Findings { may_set: Err("Operation not permitted".into()), ..well() });
    assert_eq!((check.mark, check.topic), (Mark::Bad, "setting"));
    assert!(check.advice.unwrap().contains("CAP_SYS_TIME"));
}

#[test]
fn the_kernels_clock() {
    let with = |change: fn(&mut KernelClock)| {
        let mut findings = well();
        change(findings.kernel.as_mut().unwrap());
        only(&findings)
    };
    assert_eq!(with(|clock| clock.synchronised = false).topic, "clock");
    assert_eq!(with(|clock| clock.frequency_ppm = -499.0).topic, "frequency");
    let slew = with(|clock| clock.pending_slew = Interval::from_micros(-250_000));
    assert!(slew.text.contains("-0.250000 s are left, for 500 s"), "{}", slew.text);
    assert_eq!(only(&Findings { kernel: Err("?".into()), ..well() }).mark, Mark::Bad);
}

#[test]
fn one_daemon_is_a_warning_and_two_are_bad() {
    let chronyd = daemon("chronyd", true);
    let one = only(&Findings { daemons: vec![chronyd.clone()], ..well() });
    assert_eq!((one.mark, one.text.as_str()), (Mark::Warning, "chronyd (process 7) sets the clock"));
    let two = vec![chronyd, daemon("systemd-timesyncd", true)];
    assert_eq!(only(&Findings { daemons: two, ..well() }).mark, Mark::Bad);
    let harmless = Findings { daemons: vec![daemon("chronyd", false)], ..well() };
    assert!(judge(&harmless).iter().all(|check| check.mark == Mark::Good));
}

#[test]
fn the_clock_chip_by_its_difference_and_scale() {
    let mark = |found| judge(&Findings { rtc: found, ..well() }).iter().map(|check| check.mark).max();
    assert_eq!(mark(rtc(2, 7202)), Some(Mark::Good));
    assert_eq!(mark(rtc(-30, 7170)), Some(Mark::Warning));
    assert_eq!(mark(rtc(-400, 6800)), Some(Mark::Bad));
    assert_eq!(mark(RtcFinding::None("no RTC".into())), Some(Mark::Warning));
    assert_eq!(mark(RtcFinding::Broken("never set".into())), Some(Mark::Bad));
    let local = only(&Findings { rtc: rtc(7200, 0), ..well() });
    assert!(local.mark == Mark::Warning && local.text.contains("it would be right as local time"), "{local:?}");
    let kept = Adjfile::Read { local: true, factor: 0.0, problems: Vec::new() };
    let right = judge(&Findings { rtc: rtc(7200, 0), adjfile: kept, ..well() });
    assert!(right.iter().all(|check| check.mark == Mark::Good), "{right:?}");
}

#[test]
fn the_network_and_the_names() {
    let no_way = Routes { v4: None, v6: None };
    assert_eq!(only(&Findings { routes: no_way, ..well() }).mark, Mark::Bad);
    let narrow = Routes { v6: Some("fd00::1".parse().unwrap()), ..well().routes };
    assert!(only(&Findings { routes: narrow, ..well() }).advice.unwrap().contains("-4"));
    let name = |configured, error| Name { name: "x".into(), configured, found: Err(error) };
    let marks = |name| judge(&Findings { name, ..well() }).iter().map(|check| check.mark).max();
    assert_eq!(marks(name(true, NameError::NoNameServer("?".into()))), Some(Mark::Bad));
    assert_eq!(marks(name(false, NameError::NoNameServer("?".into()))), Some(Mark::Warning));
    assert_eq!(marks(name(true, NameError::NoSuchName("?".into()))), Some(Mark::Bad));
    assert_eq!(marks(name(false, NameError::NoSuchName("?".into()))), Some(Mark::Warning));
    assert_eq!(only(&Findings { configured: Vec::new(), ..well() }).topic, "servers");
    assert_eq!(only(&Findings { filter: Err("EPERM".into()), ..well() }).topic, "filter");
    assert_eq!(only(&Findings { stamps: Stamps { sent: false, received: true }, ..well() }).topic, "timestamps");
}

#[test]
fn time_clients_in_crontabs_and_units() {
    for (line, client) in [
        ("*/15 * * * * root /usr/sbin/ntpdate pool.example", Some("ntpdate")),
        ("10 3 * * 3 rntpdate ntp.example && hwclock -w", Some("rntpdate")),
        ("ExecStart=/usr/sbin/chronyd -q 'server x iburst'", Some("chronyd")),
        ("ExecStart=/usr/sbin/chronyd -d", None),
        ("@daily ntpd -gq", Some("ntpd")),
        ("# ntpdate x", None),
        ("cd /srv/ntpdate-logs && rm x", None),
        ("test -x /usr/bin/sntp; sntp -S x", Some("sntp")),
    ] {
        assert_eq!(client_in(line), client, "{line}");
    }
    let entry = |place: &str| Schedule { place: place.into(), client: "ntpdate".into() };
    let one = Findings { schedules: vec![entry("/etc/cron.daily/ntp")], ..well() };
    assert!(judge(&one).iter().all(|check| check.mark == Mark::Good));
    let two = Findings { schedules: vec![entry("a"), entry("b")], ..well() };
    assert_eq!(only(&two).topic, "schedule");
}

#[test]
fn marks_are_words_without_colour() {
    let checks = judge(&Findings { may_set: Err("no".into()), ..well() });
    let plain = render(&checks, Style::Plain);
    assert!(plain[0].starts_with("BAD     setting    this process may not"), "{}", plain[0]);
    assert!(plain.iter().all(|line| line.is_ascii()), "{plain:?}");
    assert!(plain[1..].iter().all(|line| line.starts_with("ok ") && !line.contains("->")), "{plain:?}");
    assert!(render(&checks, Style::Colour)[0].starts_with("\x1b[31m"));
}
