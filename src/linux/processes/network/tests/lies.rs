//! What no server can have said, and whoever says it is heard no longer.

use super::*;

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
fn an_order_to_leave_a_server_alone_is_believed_of_servers_that_were_asked() {
    let denied = News { measured: Vec::new(), kiss: Some(Kiss::Deny), ..news(Interval::ZERO) };
    let contacts =
        heard(20, |stream| say_and_finish(&stream, vec![Report::News(vec![denied])], &[contact("127.0.0.1:9", 1)]));
    assert_eq!(contacts.unwrap()[0].candidate.kiss, Some(Kiss::Deny));
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
