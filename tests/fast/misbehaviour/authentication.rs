//! Servers that prove that they know our key, and those that do not.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rntpdate::internals::estimate::{DropReason, Kiss, Rejection, Verdict};
use rntpdate::internals::exchange::{Authentication, TraceEvent};
use rntpdate::internals::linux::SystemClock;
use rntpdate::internals::machine::DryClock;
use rntpdate::internals::outcome::Outcome;
use rntpdate::internals::wire::{Algorithm, Key, KeyId, MacFault};
use zeroize::Zeroizing;

use super::{assert_offset, dropped, plan, run_with_key, start_all};
use crate::support::ntpserver::{Behaviour, Builder, DAY, ReceivedRequest, SECOND, Server};

fn key_of(id: u32, algorithm: Algorithm, secret: &[u8]) -> Key {
    let id = KeyId::new(id).expect("not 0");
    Key::new(id, algorithm, Zeroizing::new(secret.to_vec())).expect("a secret of a fitting length")
}

fn key() -> Key {
    key_of(3, Algorithm::Sha1, b"sesame")
}

/// Runs with our key against these servers.
fn ask(servers: &[&Server], options: &[&str]) -> Outcome {
    run_with_key(&mut DryClock::new(SystemClock), &plan(servers, options), Some(&key()))
}

const QUICK: [&str; 3] = ["-p2", "-t0.3", "--interval=0.02"];

/// Against one server that makes this of its replies; two requests.
fn ask_one(edit: impl Fn(&ReceivedRequest, &mut Vec<u8>) + Send + Sync + 'static) -> Outcome {
    ask(&[&Server::builder().edit(edit).start()], &QUICK)
}

/// A server that signs with this key whatever it sends.
fn signing(key: Key) -> Builder {
    Server::builder().edit(move |_, reply| key.sign(reply))
}

fn record(outcome: &Outcome) -> Authentication {
    outcome.servers[0].contact.authentication.expect("a run with a key")
}

/// Both replies counted for nothing, for this reason, and the requests stayed open.
#[track_caller]
fn assert_untrusted(outcome: &Outcome, fault: MacFault) {
    let contact = &outcome.servers[0].contact;
    assert_eq!(dropped(outcome), Some(DropReason::Untrusted));
    assert_eq!(contact.rejected, (2, Some(Rejection::Unauthentic(fault))));
    assert_eq!((contact.sent, contact.answered, contact.reach), (2, 0, 0));
    assert!(contact.candidate.samples.is_empty());
    let record = record(outcome);
    assert_eq!((record.passed, record.failed, record.last_failure, record.trust), (0, 2, Some(fault), 0o3));
    assert!(outcome.trace.events.iter().all(|(_, event)| *event != TraceEvent::Authenticated));
}

#[test]
fn each_algorithm_proves_the_server_and_the_requests_carry_it_too() {
    for algorithm in Algorithm::ALL {
        for version in ["-o4", "-o3"] {
            let secret: Vec<u8> = (0..algorithm.secret_len().unwrap_or(9) as u8).collect();
            let key = key_of(u32::MAX, algorithm, &secret);
            let server = signing(key.clone()).offset(SECOND).start();
            let plan = plan(&[&server], &["-p2", "-t1", "--interval=0.02", version]);
            let outcome = run_with_key(&mut DryClock::new(SystemClock), &plan, Some(&key));
            assert_offset(&outcome, SECOND);
            let record = record(&outcome);
            assert_eq!((record.key.get(), record.algorithm), (u32::MAX, algorithm));
            assert_eq!((record.passed, record.failed, record.last_failure, record.trust), (2, 0, None, 0));
            for request in server.requests() {
                assert_eq!(key.verify(&request.bytes), Ok(()), "{algorithm} {version}");
            }
            let passed = outcome.trace.events.iter().filter(|(_, event)| *event == TraceEvent::Authenticated);
            assert_eq!(passed.count(), 2);
        }
    }
}

#[test]
fn a_reply_without_proof_counts_for_nothing() {
    assert_untrusted(&ask_one(|_, _| {}), MacFault::Missing);
    assert_untrusted(&ask_one(|_, reply| reply.extend([0; 4])), MacFault::CryptoNak);
}

#[test]
fn another_secret_type_or_number_is_told_apart() {
    let signed = |key: Key| ask_one(move |_, reply| key.sign(reply));
    assert_untrusted(&signed(key_of(3, Algorithm::Sha1, b"sesamE")), MacFault::Digest);
    assert_untrusted(&signed(key_of(4, Algorithm::Sha1, b"sesame")), MacFault::OtherKey(4));
    assert_untrusted(&signed(key_of(3, Algorithm::Md5, b"sesame")), MacFault::Length(16));
    assert_untrusted(&signed(key_of(3, Algorithm::Sha256, b"sesame")), MacFault::Digest);
}

#[test]
fn a_code_that_is_cut_off_or_longer_is_none() {
    let cut = |length: usize| {
        ask_one(move |_, reply| {
            key().sign(reply);
            reply.truncate(length);
        })
    };
    assert_untrusted(&cut(52), MacFault::Length(0));
    assert_untrusted(&cut(64), MacFault::Length(12));
    let outcome = ask_one(|_, reply| {
        key().sign(reply);
        reply.extend([0; 4]);
    });
    assert_untrusted(&outcome, MacFault::Length(24));
}

#[test]
fn a_code_of_another_packet_or_of_the_request_is_none() {
    // The time is changed after the signature.
    let outcome = ask_one(|_, reply| {
        key().sign(reply);
        reply[43] ^= 1;
    });
    assert_untrusted(&outcome, MacFault::Digest);
    let outcome = ask_one(|request, reply| reply.extend_from_slice(&request.bytes[48..]));
    assert_untrusted(&outcome, MacFault::Digest);
}

#[test]
fn extension_fields_before_the_code_are_covered_by_it() {
    let field = |reply: &mut Vec<u8>| reply.extend([&[0x7f, 1, 0, 28][..], &[1; 24]].concat());
    let server = Server::builder().offset(SECOND).edit(move |_, reply| {
        field(reply);
        key().sign(reply);
    });
    assert_offset(&ask(&[&server.start()], &QUICK), SECOND);
    let outcome = ask_one(move |_, reply| {
        key().sign(reply);
        let code = reply.split_off(48);
        field(reply);
        reply.extend(code);
    });
    assert_untrusted(&outcome, MacFault::Digest);
}

#[test]
fn a_forgery_does_not_use_up_the_request() {
    for forge in [|reply: &mut Vec<u8>| reply.truncate(48), |reply: &mut Vec<u8>| reply[41] ^= 0x10] {
        let decoy = Behaviour::Decoy(Arc::new(move |_, reply| forge(reply)));
        let server = signing(key()).offset(SECOND).behave(decoy).start();
        let outcome = ask(&[&server], &QUICK);
        assert_offset(&outcome, SECOND);
        let (contact, record) = (&outcome.servers[0].contact, record(&outcome));
        assert_eq!((contact.answered, contact.reach, contact.candidate.samples.len()), (2, 0o3, 2));
        // The last reply ends the run, so that every forgery before it was seen.
        assert_eq!((record.passed, record.failed, record.trust), (2, 2, 0o12));
    }
}

#[test]
fn a_kiss_without_proof_does_not_silence_us_and_one_with_it_does() {
    for (code, kiss) in [(*b"DENY", Kiss::Deny), (*b"RATE", Kiss::Rate), (*b"RSTR", Kiss::Restrict)] {
        // The first reply is the kiss of somebody on the way, then the server's own comes.
        let decoy = Behaviour::Decoy(Arc::new(move |_, reply| {
            reply.truncate(48);
            reply[1] = 0;
            reply[12..16].copy_from_slice(&code);
        }));
        let server = signing(key()).behave(decoy).start();
        let outcome = ask(&[&server], &QUICK);
        assert_offset(&outcome, 0);
        assert_eq!((outcome.servers[0].contact.candidate.kiss, server.requests().len()), (None, 2));
        let server = signing(key()).behave(Behaviour::Kiss(code)).start();
        let outcome = ask(&[&server], &QUICK);
        assert_eq!((dropped(&outcome), server.requests().len()), (Some(DropReason::Kiss(kiss)), 1));
        assert_eq!(record(&outcome).passed, 1);
    }
    let server = Server::builder().behave(Behaviour::Kiss(*b"DENY")).start();
    assert_untrusted(&ask(&[&server], &QUICK), MacFault::Missing);
}

#[test]
fn one_untrusted_among_three_has_no_vote() {
    let liar = Server::builder().offset(DAY).root_dispersion(0.0);
    let servers = start_all(vec![signing(key()), liar, signing(key())]);
    let outcome = ask(&servers.iter().collect::<Vec<_>>(), &QUICK);
    let verdicts: Vec<Verdict> = outcome.servers.iter().map(|server| server.verdict).collect();
    assert_eq!(verdicts[1], Verdict::Dropped(DropReason::Untrusted));
    assert!(matches!(verdicts[0], Verdict::Truechimer | Verdict::Outlier), "{verdicts:?}");
    assert_offset(&outcome, 0);
    // Two liars together could outvote a good server, were they believed.
    let liar = || Server::builder().offset(DAY).root_dispersion(0.0);
    let servers = start_all(vec![signing(key()), liar(), liar()]);
    assert_offset(&ask(&servers.iter().collect::<Vec<_>>(), &QUICK), 0);
}

#[test]
fn the_wait_for_proof_ends_as_for_a_silent_server() {
    let server = Server::builder().start();
    let started = Instant::now();
    let outcome = ask(&[&server], &["-p8", "-t0.3", "--interval=0.3"]);
    assert_eq!((dropped(&outcome), server.requests().len()), (Some(DropReason::Untrusted), 2));
    assert!(started.elapsed() < Duration::from_millis(1500), "{:?}", started.elapsed());
}

#[test]
fn a_server_that_falls_silent_about_its_key_keeps_its_samples() {
    let server = Server::builder()
        .offset(SECOND)
        .nth(1, Behaviour::Edit(Arc::new(|_, reply| key().sign(reply))))
        .nth(2, Behaviour::Edit(Arc::new(|_, reply| key().sign(reply))))
        .start();
    let outcome = ask(&[&server], &["-p4", "-t0.2", "--interval=0.02"]);
    assert_offset(&outcome, SECOND);
    let record = record(&outcome);
    assert_eq!((record.passed, record.failed, record.last_failure), (2, 3, Some(MacFault::Missing)));
}

#[test]
fn without_a_key_codes_are_neither_sent_nor_looked_at() {
    let server = Server::builder().edit(|_, reply| reply.extend([0, 0, 0, 3, 1, 2, 3, 4, 5, 6, 7, 8])).start();
    let outcome = run_with_key(&mut DryClock::new(SystemClock), &plan(&[&server], &QUICK), None);
    assert_offset(&outcome, 0);
    assert_eq!(outcome.servers[0].contact.authentication, None);
    assert!(server.requests().iter().all(|request| request.bytes.len() == 48));
}
