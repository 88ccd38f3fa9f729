//! Clocks that are years off, and replies that hold no time: the cause in a user's units.

use super::wire::{SERVER, Wire};
use super::{rntpdate, run};
use crate::support::ntpserver::{Behaviour, Builder, SECOND, Server};
use crate::support::require;

/// The verdict's code and words on such a server, and what a query prints.
fn ask(builder: Builder) -> (String, String, String) {
    let wire = Wire::new();
    let _ntp = wire.server.enter(|| builder.bind("10.78.0.2:123").start());
    let answer = wire.ask(&["-p2", "-t0.5", "--interval=0.1", SERVER]);
    let (_, output, errors) = run(rntpdate(&wire.client, &["-q", "-t0.5", SERVER]));
    (answer.code(0), answer.text(0), output + &errors)
}

#[test]
fn wrong_dates_are_dates() {
    if require::servers().is_none() {
        return;
    }
    let weeks = 1024 * 7 * 86_400 * SECOND;
    let (code, text, lines) = ask(Server::builder().offset(-weeks));
    assert!(code == "broken" && text.contains("its clock shows 20") && text.contains("GPS"), "{code} {text}");
    assert!(lines.contains("GPS receiver") && lines.contains("UTC, before this program's release"), "{lines}");
    let now = crate::support::ntpserver::unix_now();
    let (code, text, _) = ask(Server::builder().offset(-now + 1000 * SECOND));
    assert!(code == "broken" && text.contains("its clock shows 1970-01-01") && text.contains("switched on"), "{text}");
    let (code, text, lines) = ask(Server::builder().behave(Behaviour::Receive([0x83, 0xaa, 0x7e, 0x80, 0, 0, 0, 0])));
    assert!(code == "broken" && text.contains("received 1970-01-01 00:00:00 UTC"), "{code} {text}");
    assert!(lines.contains("years longer than the round trip"), "{lines}");
}

#[test]
fn what_stands_in_place_of_the_time_is_named() {
    if require::servers().is_none() {
        return;
    }
    for (code, words) in [(*b"NKEY", "a key that it knows"), (*b"AUTH", "could not authenticate"), (*b"NTSN", "NTS")] {
        let (verdict, text, lines) = ask(Server::builder().behave(Behaviour::Kiss(code)));
        let code = String::from_utf8_lossy(&code).into_owned();
        assert!(verdict == "not-serving" && text.contains(words) && text.contains(&code), "{verdict} {text}");
        assert!(lines.contains(words) || lines.contains("no receive or transmit time"), "{lines}");
    }
    let (code, text, lines) = ask(Server::builder().behave(Behaviour::Stratum(0)).behave(Behaviour::RefId([0; 4])));
    assert!(code == "unsynchronised" || code == "lost-sources", "{code}");
    for words in [&text, &lines] {
        assert!(words.contains("stratum 0, which stands for none") && words.contains("no refid"), "{words}");
    }
}
