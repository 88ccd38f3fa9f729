//! Something comes back, and it is not the time, or not one to believe.

use std::time::{Duration, Instant};

use super::wire::{SERVER, Wire};
use crate::support::ntpserver::{Behaviour, MILLISECOND, SECOND, Server, unix_now};
use crate::support::peers::Peer;
use crate::support::require;

#[test]
fn ntpd_freshly_started_one_without_sources_and_one_that_cannot_reach_them() {
    let Some(cache) = require::servers() else { return };
    let open = "restrict default limited\nrestrict 127.0.0.1\nrestrict 10.78.0.1\n";
    // Its source answers; without iburst it takes five polls.
    let fresh = Wire::new();
    let _upstream = fresh.client.enter(|| Server::builder().bind("10.78.0.1:123").start());
    let ntpd = Peer::ntpd(&cache, &fresh.server, &format!("{open}server 10.78.0.1 minpoll 3 maxpoll 3"));
    ntpd.wait_ready(&fresh.server, "127.0.0.1");
    let started = Instant::now();
    loop {
        let answer = fresh.ask(&["-p1", SERVER]);
        assert_eq!(answer.code(0), "just-started", "{}", answer.report);
        if answer.report["servers"][0]["view"]["peers"][0]["reach"] != "000" {
            assert!(answer.text(0).contains("10.78.0.1 has answered (reach 001)"), "{}", answer.text(0));
            assert!(answer.text(0).contains("run it again in about 32 s"), "{}", answer.text(0));
            break;
        }
        assert!(answer.text(0).contains("its sources have not answered it yet"), "{}", answer.text(0));
        assert!(started.elapsed() < Duration::from_secs(60), "{}", answer.report);
        std::thread::sleep(Duration::from_secs(4));
    }
    // The same reply from one whose source is not there.
    let lost = Wire::new();
    let ntpd = Peer::ntpd(&cache, &lost.server, &format!("{open}server 10.78.0.77 minpoll 3 maxpoll 3"));
    ntpd.wait_ready(&lost.server, "127.0.0.1");
    // Until it has polled it in vain twice.
    let started = Instant::now();
    let mut answer = lost.ask(&["-p1", SERVER]);
    while answer.code(0) == "just-started" && started.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_secs(4));
        answer = lost.ask(&["-p1", SERVER]);
    }
    assert_eq!(answer.code(0), "lost-sources", "{}", answer.report);
    assert!(answer.text(0).contains("none of its sources has ever answered it: 10.78.0.77"), "{}", answer.text(0));
    // And where it does not let itself be asked, only its reply tells.
    let closed = Wire::new();
    let ntpd = Peer::ntpd(&cache, &closed.server, "restrict default noquery\nserver 10.78.0.77 iburst");
    ntpd.wait_ready(&closed.server, "127.0.0.1");
    let answer = closed.ask(&[SERVER]);
    assert_eq!(answer.code(0), "just-started", "{}", answer.report);
    assert!(answer.text(0).contains("about five polls"), "{}", answer.text(0));
}

#[test]
fn chronyd_without_sources_and_a_server_that_lost_them() {
    let Some(cache) = require::servers() else { return };
    let wire = Wire::new();
    let chronyd = Peer::chronyd(&cache, &wire.server, "allow all");
    chronyd.wait_ready(&wire.server, "127.0.0.1");
    assert_eq!(wire.code(&[SERVER]), "unsynchronised");
    let wire = Wire::new();
    let lost = || Server::builder().bind("10.78.0.2:123").leap(3).stratum(3).ref_age(7200 * SECOND);
    let _ntp = wire.server.enter(|| lost().start());
    let answer = wire.ask(&[SERVER]);
    assert_eq!(answer.code(0), "lost-sources");
    assert!(answer.text(0).contains("last set 2 hours before"), "{}", answer.text(0));
}

#[test]
fn access_rules() {
    if require::servers().is_none() {
        return;
    }
    for (code, told) in [(*b"DENY", "access-denied"), (*b"RSTR", "access-denied"), (*b"RATE", "rate-limited")] {
        let wire = Wire::new();
        let server = Server::builder().bind("10.78.0.2:123").behave(Behaviour::Kiss(code));
        let _ntp = wire.server.enter(|| server.start());
        assert_eq!(wire.code(&["--interval=0.2", SERVER]), told);
    }
    // RATE after good samples.
    let wire = Wire::new();
    let server = Server::builder().bind("10.78.0.2:123").since(3, Behaviour::Kiss(*b"RATE"));
    let _ntp = wire.server.enter(|| server.start());
    let answer = wire.ask(&["--interval=0.2", SERVER]);
    assert_eq!((answer.code(0).as_str(), answer.report["exit_status"].as_i64()), ("rate-limited", Some(0)));
}

#[test]
fn a_real_ntpd_with_limited_kod_says_rate() {
    let Some(cache) = require::servers() else { return };
    let wire = Wire::new();
    let config =
        "limit average 0.01 burst 2 kod 10\nrestrict default limited kod\nrefclock local unit 0 stratum 4 prefer";
    let ntpd = Peer::ntpd(&cache, &wire.server, config);
    ntpd.wait_ready(&wire.server, "127.0.0.1");
    // It may have one answer left at first.
    let first = wire.ask(&["--interval=0.05", "-t0.5", SERVER]);
    assert!(first.text(0).contains("kiss code RATE"), "{}", first.report);
    assert_eq!(wire.code(&["--interval=0.05", "-t0.5", SERVER]), "rate-limited");
}

#[test]
fn lost_replies_are_counted() {
    if require::servers().is_none() {
        return;
    }
    let wire = Wire::new();
    let server = Server::builder().bind("10.78.0.2:123").behave(Behaviour::LossPattern(".x.."));
    let _ntp = wire.server.enter(|| server.start());
    let answer = wire.ask(&["-t0.3", "--interval=0.05", SERVER]);
    assert_eq!(answer.code(0), "loss");
    let (server, text) = (&answer.report["servers"][0], answer.text(0));
    assert_eq!(
        (server["reach"].as_str(), server["sent"].as_i64(), server["received"].as_i64()),
        (Some("013"), Some(4), Some(3))
    );
    assert!(text.contains("3 of 4 requests answered (reach 013)") && text.contains("25 %"), "{text}");
}

#[test]
fn a_clock_that_is_set_at_the_other_end() {
    if require::servers().is_none() {
        return;
    }
    let wire = Wire::new();
    let server = Server::builder().bind("10.78.0.2:123").since(3, Behaviour::Shift(40 * MILLISECOND));
    let _ntp = wire.server.enter(|| server.start());
    let answer = wire.ask(&[SERVER]);
    assert_eq!(answer.code(0), "offset-jump", "{}", answer.report);
    assert!(answer.text(0).contains("jumps by +0.0"), "{}", answer.text(0));
    // A bad line is none: offsets differ there as well, within what the round trips explain.
    let wire = Wire::new();
    let jitter = Behaviour::Jitter { max: Duration::from_millis(80), seed: 7 };
    let _ntp = wire.server.enter(|| Server::builder().bind("10.78.0.2:123").behave(jitter).start());
    assert_eq!(wire.code(&["-p8", SERVER]), "fit");
}

#[test]
fn who_stands_with_whom() {
    if require::servers().is_none() {
        return;
    }
    let wire = Wire::new();
    let others = ["10.78.0.3", "10.78.0.4", "10.78.0.5"];
    others.iter().for_each(|address| wire.server.add_link_address(&format!("{address}/24")));
    let start = |address: &str, seconds: i128| {
        let server = Server::builder().bind(&format!("{address}:123")).offset(seconds * SECOND);
        wire.server.enter(|| server.start())
    };
    let _servers = [start(SERVER, 0), start(others[0], 0), start(others[1], -10), start(others[2], -10)];
    let majority = wire.ask(&[SERVER, others[0], others[1]]);
    assert_eq!([0, 1, 2].map(|place| majority.code(place)), ["fit", "fit", "falseticker"]);
    let text = majority.text(2);
    assert!(text.contains("s behind the majority (10.78.0.2, 10.78.0.3)"), "{text}");
    let split = wire.ask(&[SERVER, others[0], others[1], others[2]]);
    assert_eq!([0, 1, 2, 3].map(|place| split.code(place)), ["no-majority"; 4]);
    let text = split.text(0);
    assert!(text.contains("with 10.78.0.3") && text.contains("s from 10.78.0.4"), "{text}");
}

#[test]
fn a_smeared_leap_second_among_plain_ones() {
    if require::servers().is_none() {
        return;
    }
    /// 2027-06-30 18:00:00 UTC: six hours before, a quarter of the smear from noon to noon is done.
    const EVENING: i128 = 1_814_378_400;
    let wire = Wire::new();
    let others = ["10.78.0.3", "10.78.0.4", "10.78.0.5"];
    others.iter().for_each(|address| wire.server.add_link_address(&format!("{address}/24")));
    let offset = EVENING * SECOND - unix_now();
    let start = |address: &str, behind: i128, leap: u8| {
        let server = Server::builder().bind(&format!("{address}:123")).offset(offset - behind * MILLISECOND).leap(leap);
        wire.server.enter(|| server.start())
    };
    let _servers = [start(SERVER, 0, 1), start(others[0], 0, 1), start(others[1], 250, 0), start(others[2], 250, 0)];
    let codes = |answer: &super::wire::Answer, count: usize| -> Vec<String> {
        (0..count).map(|place| answer.code(place)).collect()
    };
    let split = wire.ask(&[SERVER, others[0], others[1], others[2]]);
    assert_eq!(codes(&split, 4), ["leap-smear"; 4], "{}", split.report);
    assert!(split.text(2).contains("it smears the leap second at the end of 2027-06-30"), "{}", split.text(2));
    assert!(
        split.text(0).contains("is smeared by 10.78.0.4, 10.78.0.5, evenly from noon to noon"),
        "{}",
        split.text(0)
    );
    let outvoted = wire.ask(&[SERVER, others[0], others[1]]);
    assert_eq!(codes(&outvoted, 3), ["fit", "fit", "leap-smear"], "{}", outvoted.report);
    assert!(outvoted.text(2).contains("from noon to noon"), "{}", outvoted.text(2));
    let minority = wire.ask(&[SERVER, others[1], others[2]]);
    assert_eq!(codes(&minority, 3), ["leap-smear", "fit", "fit"], "{}", minority.report);
    // Without -d the log has the name as well.
    let log = |servers: &[&str]| {
        let (_, stdout, stderr) = super::run(super::rntpdate(&wire.client, &[&["-q"], servers].concat()));
        stdout + &stderr
    };
    let lines = log(&[SERVER, others[0], others[1]]);
    assert!(lines.contains("from the majority; it seems to smear the leap second of 2027-06-30"), "{lines}");
    let lines = log(&[SERVER, others[1], others[2]]);
    assert!(lines.contains("; the majority seems to smear the leap second of 2027-06-30"), "{lines}");
    let lines = log(&[SERVER, others[0], others[1], others[2]]);
    assert!(lines.contains("some seem to smear the leap second of 2027-06-30 and others do not"), "{lines}");
    // Who is ahead smears nothing, and who announces the leap second neither.
    let _ahead = wire.server.enter(|| {
        wire.server.add_link_address("10.78.0.6/24");
        Server::builder().bind("10.78.0.6:123").offset(offset + 250 * MILLISECOND).start()
    });
    assert_eq!(codes(&wire.ask(&[SERVER, others[0], "10.78.0.6"]), 3), ["fit", "fit", "falseticker"]);
}

#[test]
fn a_leap_second_is_warned_of_on_its_day_and_the_day_before() {
    if require::servers().is_none() {
        return;
    }
    let wire = Wire::new();
    // 2027-06-30 00:00:00 UTC, and an hour before or after it.
    for (hours, is_said) in [(-25, false), (-23, true), (-1, true), (1, true), (23, true), (25, false)] {
        let offset = (1_814_313_600 + hours * 3600) * SECOND - unix_now();
        let server = wire.server.enter(|| Server::builder().bind("10.78.0.2:123").offset(offset).leap(1).start());
        let (_, stdout, stderr) = super::run(super::rntpdate(&wire.client, &["-q", SERVER]));
        let lines = stdout + &stderr;
        let text = "a leap second is announced: 2027-06-30 (UTC) is one second longer: the clock will be wrong";
        assert_eq!(lines.contains(text), is_said, "{hours}: {lines}");
        drop(server);
    }
}

#[test]
fn what_is_no_time_server() {
    if require::servers().is_none() {
        return;
    }
    for behaviour in [Behaviour::Garbage(60), Behaviour::Short(20), Behaviour::WrongOrigin] {
        let wire = Wire::new();
        let server = Server::builder().bind("10.78.0.2:123").behave(behaviour);
        let _ntp = wire.server.enter(|| server.start());
        assert_eq!(wire.code(&["-t0.3", SERVER]), "bad-replies");
    }
}

#[test]
fn two_different_answers_to_one_request() {
    if require::servers().is_none() {
        return;
    }
    let hour = |seconds: u32| {
        Behaviour::Before(
            1,
            std::sync::Arc::new(move |_, reply| {
                for place in [32, 40] {
                    let field: [u8; 4] = reply[place..place + 4].try_into().expect("four bytes");
                    reply[place..place + 4].copy_from_slice(&(u32::from_be_bytes(field) + seconds).to_be_bytes());
                }
            }),
        )
    };
    let wire = Wire::new();
    let _ntp = wire.server.enter(|| Server::builder().bind("10.78.0.2:123").behave(hour(3600)).start());
    for samples in ["-p4", "-p1"] {
        let answer = wire.ask(&["--interval=0.1", samples, SERVER]);
        assert_eq!((answer.code(0).as_str(), answer.report["exit_status"].as_i64()), ("two-answers", Some(1)));
        assert!(answer.text(0).contains("sec apart") && answer.text(0).contains("use a key"), "{}", answer.text(0));
    }
    // A request that the network has doubled is answered twice, and truly.
    let wire = Wire::new();
    let _ntp = wire.server.enter(|| Server::builder().bind("10.78.0.2:123").behave(hour(0)).start());
    assert_eq!(wire.code(&["--interval=0.1", SERVER]), "fit");
}
