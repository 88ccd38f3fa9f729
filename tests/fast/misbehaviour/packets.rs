//! Packets that must not count, and those that must count although something is odd.

use std::time::{Duration, Instant};

use rntpdate::internals::estimate::{DropReason, Kiss, Rejection, Verdict};
use rntpdate::internals::net::FaultKind;
use rntpdate::internals::wire::{Malformed, Mode};

use super::{ask, ask_one, assert_offset, dropped, offset, verdict};
use crate::support::ntpserver::{Behaviour, SECOND, Server, Version};

/// The one reason why no packet of this kind counts.
#[track_caller]
fn assert_rejected(behaviour: Behaviour, rejection: Rejection) {
    let outcome = ask_one(Server::builder().behave(behaviour));
    assert_eq!(dropped(&outcome), Some(DropReason::NoData));
    assert_eq!(outcome.servers[0].contact.rejected.1, Some(rejection));
}

#[test]
fn replies_to_nobody_never_count() {
    assert_rejected(Behaviour::WrongOrigin, Rejection::Origin);
    assert_rejected(Behaviour::ZeroOrigin, Rejection::Origin);
}

#[test]
fn datagrams_that_are_no_packets_never_count() {
    assert_rejected(Behaviour::Short(0), Rejection::Malformed(Malformed::Length(0)));
    assert_rejected(Behaviour::Short(47), Rejection::Malformed(Malformed::Length(47)));
    assert_rejected(Behaviour::Long(3), Rejection::Malformed(Malformed::Length(51)));
    assert_rejected(Behaviour::Long(1400), Rejection::Malformed(Malformed::Length(1448)));
    assert_rejected(Behaviour::Long(4000), Rejection::Malformed(Malformed::Length(2048)));
}

#[test]
fn packets_that_are_no_servers_replies_never_count() {
    for mode in [0, 1, 2, 3, 5, 6, 7] {
        let outcome = ask_one(Server::builder().mode(mode));
        let rejection = outcome.servers[0].contact.rejected.1;
        assert!(
            matches!(rejection, Some(Rejection::Mode(found, 2)) if found.number() == mode && found != Mode::SERVER)
        );
    }
    for version in [0, 5, 7] {
        assert_rejected(Behaviour::Version(version), Rejection::Version(version));
    }
}

#[test]
fn older_versions_are_understood() {
    for version in 1..=4 {
        let server = Server::builder().version(Version::Fixed(version)).start();
        assert_offset(&ask(&[&server], &["-q"]), 0);
    }
    let server = Server::builder().start();
    ask(&[&server], &["-q", "-o3"]);
    assert_eq!(server.requests()[0].bytes[0], 0o33, "version 3, mode 3");
}

#[test]
fn what_follows_the_header_does_not_disturb() {
    assert_offset(&ask_one(Server::builder().behave(Behaviour::Long(20))), 0);
}

#[test]
fn requests_tell_nothing_and_never_repeat() {
    let server = Server::builder().start();
    ask(&[&server], &["-p8"]);
    let requests = server.requests();
    assert_eq!(requests.len(), 8);
    for request in &requests {
        assert_eq!((request.bytes.len(), request.bytes[0]), (48, 0o43));
        assert!(request.bytes[1..40].iter().all(|&byte| byte == 0));
    }
    let mut nonces: Vec<_> = requests.iter().map(|request| request.bytes[40..].to_vec()).collect();
    nonces.sort();
    nonces.dedup();
    assert_eq!(nonces.len(), 8);
    // A random number's upper half is this minute's in one of 2^26 runs.
    let seconds = rntpdate::internals::wire::NtpTimestamp::from_time(outcome_time()).to_bits() >> 32;
    let clockwise = nonces.iter().filter(|nonce| {
        let upper = u32::from_be_bytes(nonce[..4].try_into().unwrap());
        u64::from(upper).abs_diff(seconds) < 60
    });
    assert_eq!(clockwise.count(), 0, "the clock is not sent");
}

fn outcome_time() -> rntpdate::internals::time::Time {
    use rntpdate::internals::machine::Clock;
    rntpdate::internals::linux::SystemClock.now().real
}

#[test]
fn kiss_codes_are_named_and_obeyed() {
    for (code, kiss) in [(b"DENY", Kiss::Deny), (b"RSTR", Kiss::Restrict), (b"RATE", Kiss::Rate)] {
        for behaviour in [Behaviour::Kiss(*code), Behaviour::KissEcho(*code)] {
            let server = Server::builder().behave(behaviour).start();
            let outcome = ask(&[&server], &["-p4", "--interval=0.05"]);
            assert_eq!(dropped(&outcome), Some(DropReason::Kiss(kiss)));
            assert_eq!(server.requests().len(), 1, "{kiss}");
        }
    }
}

#[test]
fn other_kiss_codes_are_a_server_without_sync() {
    for code in [b"INIT", b"STEP", b"NKEY"] {
        let outcome = ask_one(Server::builder().behave(Behaviour::Kiss(*code)));
        assert_eq!(dropped(&outcome), Some(DropReason::StrataTooHigh));
    }
}

#[test]
fn a_forged_kiss_does_not_silence_us() {
    let forged = Server::builder().nth(1, Behaviour::Kiss(*b"DENY")).nth(1, Behaviour::WrongOrigin).start();
    let outcome = ask(&[&forged], &["-p3", "-t0.2", "--interval=0.02"]);
    assert_eq!(outcome.servers[0].contact.candidate.kiss, None);
    assert_offset(&outcome, 0);
}

#[test]
fn rate_after_samples_ends_the_asking_and_keeps_the_samples() {
    let server = Server::builder().since(3, Behaviour::Kiss(*b"RATE")).start();
    let outcome = ask(&[&server], &["-p8", "--interval=0.02"]);
    assert_offset(&outcome, 0);
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn a_duplicate_is_no_second_sample() {
    let outcome = ask_one(Server::builder().behave(Behaviour::Duplicate(2)));
    assert_eq!(outcome.servers[0].contact.candidate.samples.len(), 2);
    assert_eq!(outcome.servers[0].contact.rejected.1, Some(Rejection::Duplicate));
}

#[test]
fn a_replayed_reply_never_counts() {
    let server = Server::builder().nth(2, Behaviour::Replay).start();
    let outcome = ask(&[&server], &["-p3", "-t0.5", "--interval=0.02"]);
    assert_eq!((outcome.servers[0].contact.candidate.samples.len(), outcome.servers[0].contact.reach), (2, 0o5));
    assert_eq!(outcome.servers[0].contact.rejected.1, Some(Rejection::Duplicate));
}

#[test]
fn a_late_reply_counts_for_its_own_request() {
    let server = Server::builder().nth(1, Behaviour::ReplyDelay(Duration::from_millis(300))).start();
    let outcome = ask(&[&server], &["-p4", "-t0.2", "--interval=0.2"]);
    let contact = &outcome.servers[0].contact;
    assert_eq!((contact.answered, contact.candidate.samples.len()), (4, 4));
    assert!(contact.candidate.samples.iter().any(|sample| sample.delay.micros() > 299_000));
    assert_offset(&outcome, 0);
}

#[test]
fn a_lossy_server_still_gives_an_offset_and_its_reach() {
    let server = Server::builder().offset(SECOND).behave(Behaviour::LossPattern(".x..")).start();
    let outcome = ask(&[&server], &["-p4", "-t0.2", "--interval=0.02"]);
    assert_offset(&outcome, SECOND);
    assert_eq!(outcome.servers[0].contact.reach, 0o13);
}

#[test]
fn replies_from_elsewhere_never_count() {
    for elsewhere in [Behaviour::FromOtherPort, Behaviour::FromAddress("127.0.0.77".parse().unwrap())] {
        let outcome = ask_one(Server::builder().behave(elsewhere));
        assert_eq!(dropped(&outcome), Some(DropReason::NoData));
        assert_eq!(outcome.servers[0].contact.answered, 0);
    }
}

#[test]
fn forgeries_in_masses_change_nothing() {
    let forged = Behaviour::Forged { count: 150, shift: 100 * SECOND };
    let server = Server::builder().behave(Behaviour::Premature(50)).behave(forged).start();
    let outcome = ask(&[&server], &["-p4", "-t2", "--interval=0.02"]);
    assert!(offset(&outcome).abs() < 100_000_000, "queueing apart");
    assert!(outcome.servers[0].contact.rejected.0 > 100, "they did arrive");
}

#[test]
fn refusal_ends_the_exchange_at_once_with_the_kernels_word() {
    let server = Server::builder().start();
    let address = server.addr();
    let port = address.port().to_string();
    drop(server);
    let started = Instant::now();
    let cli = rntpdate::internals::cli::parse("rntpdate", ["--port", &port, "127.0.0.1"].map(Into::into)).unwrap();
    let plan = rntpdate::internals::plan::Plan::new("rntpdate", &cli).unwrap();
    let outcome = super::run(&plan);
    let fault = outcome.servers[0].contact.fault.expect("an ICMP message");
    assert_eq!((fault.kind, fault.reporter), (FaultKind::Refused, Some("127.0.0.1".parse().unwrap())));
    assert_eq!(verdict(&outcome), Verdict::Dropped(DropReason::NoData));
    assert!(started.elapsed() < Duration::from_secs(1));
}

#[test]
fn both_address_families_and_an_address_given_twice() {
    let server = Server::builder().bind("[::1]:0").offset(SECOND).start();
    assert_offset(&ask(&[&server, &server], &["-p2"]), SECOND);
    assert_eq!(server.requests().len(), 2, "asked as one server");
}
