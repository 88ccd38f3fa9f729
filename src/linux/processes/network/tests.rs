//! Whoever has taken over the process that speaks with the servers says what they like: the run ends, in time, and knows no lie that
//! a server could not have told.

use std::io::Write as _;
use std::net::SocketAddr;
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

use super::process::{NetworkProcess, Source};
use crate::estimate::{Kiss, LocalTimes};
use crate::exchange::{Contact, News, Order, Pace, Report};
use crate::linux::SystemClock;
use crate::linux::processes::channel::{receive, send};
use crate::linux::processes::child::Child;
use crate::machine::{Clock as _, Progressed, Servers as _};
use crate::nts::{Established, KeyFailure, KeyOrder};
use crate::time::{Interval, Time};
use crate::wire::{Header, Mode, NtpShort, NtpTimestamp, RefId, Stratum};

fn pace() -> Pace {
    Pace {
        samples: 4,
        timeout: Duration::from_secs(1),
        burst: Duration::from_millis(60),
        polite: Duration::from_secs(2),
        most_lost: 2,
        version: 4,
        precision: Interval::from_micros(1),
        era: Time::UNIX_EPOCH,
    }
}

/// What came of a dialogue with one server, 127.0.0.1 port 9, in which `forge` plays the other process; it is given its end of the
/// line once it knows of the server. `seconds`: the deadline.
fn heard(seconds: u64, forge: impl FnOnce(UnixStream) + Send) -> Result<Vec<Contact>, String> {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let process = NetworkProcess::new(Child::played(ours), Source { address: None, port: None });
    thread::scope(|scope| {
        scope.spawn(|| {
            let end = || Some(Instant::now() + Duration::from_secs(30));
            assert!(matches!(receive::<Order>(&theirs, end()), Ok(Some(Order::Begin { .. }))));
            assert!(matches!(receive::<Order>(&theirs, end()), Ok(Some(Order::Ask(_)))));
            crate::linux::ffi::receive_descriptors(theirs.as_fd()).unwrap();
            forge(theirs);
        });
        let (clock, mut servers) = (SystemClock, &process);
        let now = clock.now();
        let deadline = now.raw + Duration::from_secs(seconds);
        let mut dialogue = servers.begin(&pace(), deadline, &now);
        dialogue.ask("127.0.0.1:9".parse().unwrap(), None, now.raw);
        loop {
            match dialogue.proceed(&clock, clock.now().raw) {
                Progressed::Waits(until) => dialogue.wait(&clock, until.saturating_sub(clock.now().raw)),
                Progressed::Sent => {}
                Progressed::Done | Progressed::Broken => break,
            }
        }
        let heard = dialogue.finish(&clock).map(|(contacts, _)| contacts).map_err(|error| error.to_string());
        let _ = process.child.stream().and_then(|stream| stream.shutdown(std::net::Shutdown::Both));
        heard
    })
}

/// What the real process would say of a server whose clock is ahead by so much.
fn news(ahead: Interval) -> News {
    let before = SystemClock.now();
    thread::sleep(Duration::from_millis(1));
    let after = SystemClock.now();
    let local =
        LocalTimes { sent: before.real, received: after.real, before, after, precision: Interval::from_micros(1) };
    let stamp = |time: Time| NtpTimestamp::from_time(time + ahead);
    let header = Header {
        mode: Mode::SERVER,
        stratum: Stratum(1),
        precision: -20,
        root_dispersion: NtpShort::from_bits(1),
        refid: RefId(*b"GPS\0"),
        receive: stamp(before.real + Interval::from_micros(400)),
        transmit: stamp(before.real + Interval::from_micros(500)),
        ..Header::request(4, NtpTimestamp::ZERO)
    };
    News {
        server: 0,
        measured: vec![(local, header)],
        kiss: None,
        untrusted: false,
        renewal: None,
        is_renewed: false,
        contested: None,
        answered: 1,
        wanted: 4,
        is_active: false,
        is_refreshing: false,
    }
}

fn contact(address: &str, sent: usize) -> Contact {
    Contact { sent, answered: 1, reach: 1, ..Contact::none(address.parse().unwrap()) }
}

/// Says this, and then what is asked for.
fn say_and_finish(stream: &UnixStream, reports: Vec<Report>, contacts: &[Contact]) {
    for report in reports {
        // Nobody may be listening any more.
        if send(stream, &report, Some(Instant::now() + Duration::from_secs(30))).is_err() {
            return;
        }
    }
    while let Ok(Some(order)) = receive::<Order>(stream, Some(Instant::now() + Duration::from_secs(30))) {
        let report = match order {
            Order::Finish => Report::Finished(contacts.to_vec()),
            Order::Answer => Report::Here,
            _ => continue,
        };
        let _ = send(stream, &report, None);
    }
}

#[test]
fn what_a_server_says_arrives_with_what_follows_from_it() {
    let ahead = Interval::from_secs(1000);
    let contacts = heard(20, |stream| {
        say_and_finish(&stream, vec![Report::News(vec![news(ahead)])], &[contact("127.0.0.1:9", 1)]);
    })
    .unwrap();
    let samples = &contacts[0].candidate.samples;
    // The policy of the process that decides sees the offset, and its limits are out of the other's reach.
    assert!(samples.len() == 1 && (samples[0].offset - ahead).abs() < Interval::from_micros(100_000), "{samples:?}");
    assert!(!samples[0].delay.is_negative());
}

#[test]
fn what_no_server_could_have_brought_about_ends_the_run() {
    type Case = (fn(&mut News), &'static str);
    let cases: &[Case] = &[
        (|news| news.server = 1, "a server that was not asked"),
        (|news| news.server = usize::MAX, "a server that was not asked"),
        (|news| news.answered = 0, "more replies or requests"),
        (|news| (news.answered, news.wanted) = (9, 9), "more replies or requests"),
        (|news| news.wanted = usize::MAX, "more replies or requests"),
        (|news| news.measured = vec![news.measured[0].clone(); 9], "more replies or requests"),
        (|news| news.measured[0].0.after.raw += HOUR, "nothing can have happened"),
        (|news| news.measured[0].0.before.raw = Duration::ZERO, "nothing can have happened"),
        (|news| news.measured[0].1.mode = Mode::CLIENT, "a reply that cannot count"),
        (|news| news.measured[0].1.version = 0, "a reply that cannot count"),
        (|news| (news.measured[0].1.stratum, news.measured[0].1.refid) = (Stratum(0), RefId(*b"RATE")), "cannot count"),
        (|news| news.measured[0].1.receive = NtpTimestamp::ZERO, "a reply that cannot count"),
        // It was there before it was sent.
        (|news| news.measured[0].0.sent = news.measured[0].0.received + Interval::from(HOUR), "cannot count"),
    ];
    for (place, (change, why)) in cases.iter().enumerate() {
        refuted(place, why, || {
            let mut news = news(Interval::ZERO);
            change(&mut news);
            vec![Report::News(vec![news])]
        });
    }
}

const HOUR: Duration = Duration::from_secs(3600);

/// Checks that these reports end the run, with this reason.
fn refuted(place: usize, why: &str, reports: impl FnOnce() -> Vec<Report> + Send) {
    let error = heard(60, |stream| say_and_finish(&stream, reports(), &[contact("127.0.0.1:9", 1)])).unwrap_err();
    assert!(error.contains("cannot be believed: ") && error.contains(why), "{place}: {error}");
    assert!(error.ends_with("the clock is not set"), "{place}: {error}");
}

#[test]
fn whoever_says_too_much_or_what_was_not_asked_for_is_heard_no_longer() {
    let unchanged = || News { measured: Vec::new(), answered: 0, is_active: true, ..news(Interval::ZERO) };
    refuted(0, "what it was not asked", || vec![Report::Here]);
    refuted(1, "what it was not asked", || vec![Report::Refreshed]);
    refuted(2, "what it was not asked", || vec![Report::Finished(vec![contact("127.0.0.1:9", 1)])]);
    refuted(3, "what it was not asked", || vec![Report::Confined(vec!["x".repeat(1 << 16); 9])]);
    refuted(4, "too much", || vec![Report::News(Vec::new()); 1_000_000]);
    refuted(5, "too much", || vec![Report::News(vec![unchanged(); 1000])]);
}

#[test]
fn the_end_of_an_exchange_has_to_fit_what_was_said_before() {
    let many = Contact { rejected: (usize::MAX, None), ..contact("127.0.0.1:9", 1) };
    let nothing_answered = Contact { answered: 0, reach: 0, ..contact("127.0.0.1:9", 1) };
    for (contacts, why) in [
        (Vec::new(), "a server that was not asked"),
        (vec![contact("127.0.0.1:9", 1); 2], "a server that was not asked"),
        (vec![contact("192.0.2.1:9", 1)], "a server that was not asked"),
        (vec![contact("127.0.0.1:9", 0)], "more replies or requests"),
        (vec![contact("127.0.0.1:9", usize::MAX)], "more replies or requests"),
        (vec![nothing_answered], "more replies or requests"),
        (vec![many], "more replies or requests"),
    ] {
        let error = heard(20, |stream| {
            say_and_finish(&stream, vec![Report::News(vec![news(Interval::ZERO)])], &contacts);
        });
        let error = error.unwrap_err();
        assert!(error.contains("cannot be believed: ") && error.contains(why), "{error}");
    }
}

#[test]
fn a_clock_that_was_moved_is_seen_by_who_sets_it() {
    // The other process pretends that this machine's clock stood an hour away when it heard the server.
    let contacts = heard(20, |stream| {
        let mut forged = news(Interval::ZERO);
        let local = &mut forged.measured[0].0;
        for reading in [&mut local.before, &mut local.after] {
            reading.real = reading.real - Interval::from(HOUR);
        }
        say_and_finish(&stream, vec![Report::News(vec![forged])], &[contact("127.0.0.1:9", 1)]);
    })
    .unwrap();
    assert!(contacts[0].candidate.samples.is_empty() && contacts[0].candidate.is_overtaken, "{contacts:?}");
}

#[test]
fn our_own_times_have_to_fit_the_readings_around_them() {
    let century = Interval::from_secs(100 * 31_557_600);
    let forge: [fn(&mut LocalTimes, Interval); 4] = [
        |local, far| (local.sent, local.received) = (local.sent - far, local.received - far),
        |local, far| (local.sent, local.received) = (local.sent + far, local.received + far),
        |local, far| local.before.real = local.before.real - far,
        |local, _| local.received = local.sent - Interval::from_micros(1001),
    ];
    for change in forge {
        let contacts = heard(20, |stream| {
            let mut forged = news(Interval::ZERO);
            change(&mut forged.measured[0].0, century);
            say_and_finish(&stream, vec![Report::News(vec![forged])], &[contact("127.0.0.1:9", 1)]);
        });
        // Either it is no reply at all, or it is taken for one from before a movement of the clock.
        let samples = contacts.map(|contacts| contacts[0].candidate.samples.len());
        assert!(samples.as_ref().is_ok_and(|count| *count == 0) || samples.is_err(), "{samples:?}");
    }
}

#[test]
fn a_server_without_a_socket_says_nothing() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let process = NetworkProcess::new(Child::played(ours), Source { address: None, port: None });
    let nowhere = "255.255.255.255:9";
    thread::scope(|scope| {
        scope.spawn(move || {
            let end = || Some(Instant::now() + Duration::from_secs(30));
            assert!(matches!(receive::<Order>(&theirs, end()), Ok(Some(Order::Begin { .. }))));
            assert!(
                matches!(receive::<Order>(&theirs, end()), Ok(Some(Order::Ask(servers))) if servers[0].fault.is_some())
            );
            say_and_finish(&theirs, vec![Report::News(vec![news(Interval::ZERO)])], &[contact(nowhere, 1)]);
        });
        let (clock, mut servers) = (SystemClock, &process);
        let now = clock.now();
        let mut dialogue = servers.begin(&pace(), now.raw + Duration::from_secs(20), &now);
        dialogue.ask(nowhere.parse().unwrap(), None, now.raw);
        while let Progressed::Waits(until) = dialogue.proceed(&clock, clock.now().raw) {
            dialogue.wait(&clock, until.saturating_sub(clock.now().raw));
        }
        let error = dialogue.finish(&clock).unwrap_err().to_string();
        assert!(error.contains("a server that was not asked"), "{error}");
        let _ = process.child.stream().and_then(|stream| stream.shutdown(std::net::Shutdown::Both));
    });
}

/// Each message's end comes with the first byte of the next one, so that there is always something to read.
#[test]
fn what_drips_keeps_no_run_beyond_its_deadline_for_long() {
    let begun = Instant::now();
    let result = heard(1, |mut stream| {
        let body = br#"{"News":[]}"#;
        let mut frame = u32::try_from(body.len()).unwrap().to_be_bytes().to_vec();
        frame.extend(body);
        frame.push(0);
        let mut is_heard = stream.write_all(&frame[..1]).is_ok();
        while is_heard && begun.elapsed() < Duration::from_secs(60) {
            thread::sleep(Duration::from_millis(700));
            is_heard = stream.write_all(&frame[1..]).is_ok();
        }
    });
    assert!(result.is_err() && begun.elapsed() < Duration::from_secs(20), "{:?} {result:?}", begun.elapsed());
}

#[test]
fn what_is_no_message_is_not_quoted() {
    let error = heard(20, |mut stream| {
        let body = format!("{{\"{}\":1}}", "forged words ".repeat(100_000));
        stream.write_all(&u32::try_from(body.len()).unwrap().to_be_bytes()).unwrap();
        stream.write_all(body.as_bytes()).unwrap();
        thread::sleep(Duration::from_secs(1));
    });
    let error = error.unwrap_err();
    assert!(error.len() < 300 && !error.contains("forged"), "{} {:.300}", error.len(), error);
}

#[test]
fn an_order_to_leave_a_server_alone_is_believed_of_servers_that_were_asked() {
    let denied = News { measured: Vec::new(), kiss: Some(Kiss::Deny), ..news(Interval::ZERO) };
    let contacts =
        heard(20, |stream| say_and_finish(&stream, vec![Report::News(vec![denied])], &[contact("127.0.0.1:9", 1)]));
    assert_eq!(contacts.unwrap()[0].candidate.kiss, Some(Kiss::Deny));
}

#[test]
fn silence_half_a_message_and_noise_end_a_run_in_time() {
    let texts: [(&[u8], &str); 6] = [
        (b"", "has ended"),
        (&[0, 0], "has ended"),
        (&[0, 0, 0, 9, b'"'], "has ended"),
        (&[255; 64], "too long"),
        (b"\0\0\0\x04NaN!", "cannot be understood"),
        (b"\0\0\0\x1a{\"News\":[{\"server\":1e999}]}", "cannot be understood"),
    ];
    for (bytes, why) in texts {
        let error = heard(60, |mut stream| stream.write_all(bytes).unwrap()).unwrap_err();
        assert!(error.contains(why), "{bytes:?}: {error}");
    }
    // It hangs, and keeps the line; in the second case in the middle of a message.
    for (bytes, why) in [(&b""[..], "does not answer"), (&[0, 0, 0, 9, b'"'], "cannot be understood")] {
        let begun = Instant::now();
        let (done, wait) = std::sync::mpsc::channel::<()>();
        let error = heard(60, |mut stream| {
            stream.write_all(bytes).unwrap();
            drop(thread::spawn(move || {
                let _ = wait.recv_timeout(Duration::from_secs(50));
                drop(stream);
            }));
        });
        drop(done);
        let error = error.unwrap_err();
        assert!(error.contains(why) && begun.elapsed() < Duration::from_secs(40), "{error}");
    }
}

#[test]
fn times_beyond_all_measure_are_no_times() {
    let report = serde_json::to_string(&Report::News(vec![news(Interval::ZERO)])).unwrap();
    let sent = news(Interval::ZERO).measured[0].0.sent.units();
    let digits = &sent.to_string()[..6];
    // The first number that begins as the time of sending does.
    let at = report.find(digits).unwrap();
    let end = at + report[at..].find(|c: char| !c.is_ascii_digit()).unwrap();
    for number in
        [i128::MAX.to_string(), i128::MIN.to_string(), "1e400".to_owned(), "null".to_owned(), "NaN".to_owned()]
    {
        let forged = format!("{}{number}{}", &report[..at], &report[end..]);
        assert!(serde_json::from_str::<Report>(&forged).is_err(), "{number}");
    }
    assert!(serde_json::from_str::<Report>(&report).is_ok());
}

/// A dialogue without a server, to its end.
fn measured(process: &NetworkProcess, exchange: Option<SocketAddr>) -> Result<(), String> {
    let (clock, mut servers) = (SystemClock, process);
    let now = clock.now();
    let mut dialogue = servers.begin(&pace(), now.raw + Duration::from_millis(300), &now);
    if let Some(address) = exchange {
        let order = KeyOrder {
            number: 7,
            name: "a.example".to_owned(),
            trust: 0,
            address,
            at: now.real,
            floor: None,
            deadline: now.raw + Duration::from_millis(200),
        };
        dialogue.exchange_keys(order, now.raw).unwrap();
    }
    while let Progressed::Waits(until) = dialogue.proceed(&clock, clock.now().raw) {
        dialogue.wait(&clock, until.saturating_sub(clock.now().raw));
    }
    dialogue.finish(&clock).map(drop).map_err(|error| error.to_string())
}

#[test]
fn a_key_exchange_that_was_left_open_does_no_harm_to_the_next_measurement() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (ours, theirs) = UnixStream::pair().unwrap();
    let process = NetworkProcess::new(Child::played(ours), Source { address: None, port: None });
    thread::scope(|scope| {
        scope.spawn(move || {
            let end = || Some(Instant::now() + Duration::from_secs(30));
            let mut begun = 0;
            let late = || Report::Established(vec![Established { number: 7, result: Err(KeyFailure::NotTls) }]);
            while let Ok(Some(order)) = receive::<Order>(&theirs, end()) {
                let report = match order {
                    Order::Begin { .. } => {
                        begun += 1;
                        // Once it is late, and once it is told of for the second time.
                        if begun == 1 { continue } else { late() }
                    }
                    Order::ExchangeKeys(_) => {
                        crate::linux::ffi::receive_descriptors(theirs.as_fd()).unwrap();
                        continue;
                    }
                    Order::Finish => Report::Finished(Vec::new()),
                    Order::Answer => Report::Here,
                    _ => continue,
                };
                let _ = send(&theirs, &report, None);
            }
        });
        assert_eq!(measured(&process, Some(address)), Ok(()));
        assert_eq!(measured(&process, None), Ok(()), "late");
        assert!(measured(&process, None).is_err_and(|why| why.contains("that cannot have been")), "twice");
        let _ = process.child.stream().and_then(|stream| stream.shutdown(std::net::Shutdown::Both));
    });
}

/// Each message begins before the end of the time that one message has.
#[test]
fn questions_about_chains_are_not_answered_for_ever() {
    let begun = Instant::now();
    let (ours, theirs) = UnixStream::pair().unwrap();
    let process = NetworkProcess::new(Child::played(ours), Source { address: None, port: None });
    thread::scope(|scope| {
        scope.spawn(move || {
            let late = Report::Established(Vec::new());
            while begun.elapsed() < Duration::from_secs(60) && send(&theirs, &late, None).is_ok() {
                thread::sleep(Duration::from_millis(500));
            }
        });
        let error = (&process).check_chains(&[(7, SystemClock.now().real)]).unwrap_err().to_string();
        let took = begun.elapsed();
        let _ = process.child.stream().and_then(|stream| stream.shutdown(std::net::Shutdown::Both));
        assert!(error.contains("does not answer") && took < Duration::from_secs(10), "{took:?} {error}");
    });
}

#[test]
fn the_rounds_of_questions_about_chains_end_together() {
    let begun = Instant::now();
    let (ours, theirs) = UnixStream::pair().unwrap();
    let process = NetworkProcess::new(Child::played(ours), Source { address: None, port: None });
    thread::scope(|scope| {
        scope.spawn(move || {
            while let Ok(Some(Order::CheckChains(_))) = receive::<Order>(&theirs, None) {
                thread::sleep(Duration::from_millis(1500));
                let _ = send(&theirs, &Report::Checked(vec![Err(KeyFailure::NotTls)]), None);
            }
        });
        let mut servers = &process;
        let rounds = (0..8).take_while(|_| servers.check_chains(&[(7, SystemClock.now().real)]).is_ok()).count();
        let _ = process.child.stream().and_then(|stream| stream.shutdown(std::net::Shutdown::Both));
        assert!((2..6).contains(&rounds) && begun.elapsed() < Duration::from_secs(15), "{rounds}");
    });
}
