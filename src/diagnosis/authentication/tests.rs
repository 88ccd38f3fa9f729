use std::time::Duration;

use super::super::fit::fit;
use super::super::silence;
use super::*;
use crate::estimate::{DropReason, Verdict};
use crate::evidence::{Evidence, KeyUse, LowPort, Sign, Signs};
use crate::exchange::Contact;
use crate::wire::{Algorithm, KeyId};

const ADDRESS: &str = "192.0.2.1:123";

fn server(algorithm: Algorithm, failed: usize, last_failure: Option<MacFault>) -> Server {
    let key = KeyId::new(5).unwrap();
    let contact = Contact {
        sent: 2,
        rejected: (failed, None),
        authentication: Some(Authentication { key, algorithm, passed: 0, failed, last_failure, trust: 0 }),
        ..Contact::none(ADDRESS.parse().unwrap())
    };
    let key = Some(KeyUse { file: "/etc/ntp.keys".into(), version: 4 });
    let evidence = Evidence { key, ..Evidence::default() };
    Server { contact, peer: None, verdict: Verdict::Dropped(DropReason::Untrusted), evidence }
}

/// Silence during the exchange; afterwards the plain request, the signed one and ICMP echo.
fn silent(algorithm: Algorithm, plain: bool, signed: Sign, echo: Sign) -> Server {
    let mut server = server(algorithm, 0, None);
    server.evidence.signs = Some(Signs {
        waited: Duration::from_millis(300),
        echo,
        tcp: Sign::Silent,
        udp: Sign::Silent,
        answered_by: plain.then(|| ADDRESS.parse().unwrap()),
        low_port: LowPort::Silent,
        signed: Some(signed),
    });
    server
}

fn unproven_by(fault: MacFault) -> Diagnosis {
    let server = server(Algorithm::Sha1, 2, Some(fault));
    let diagnosis = unproven(&server, server.contact.authentication.as_ref().unwrap());
    assert_eq!(diagnosis.code, Code::NotAuthentic);
    assert!(diagnosis.seen.starts_with("2 replies "), "{diagnosis:?}");
    diagnosis
}

#[test]
fn each_failure_of_a_reply_has_its_own_cause() {
    let faults = [
        (MacFault::CryptoNak, Certainty::Likely, "the server refuses key 5 (SHA1)"),
        (MacFault::Missing, Certainty::Likely, "it has no keys"),
        (MacFault::OtherKey(9), Certainty::Likely, "the server signs with key 9"),
        (MacFault::Length(16), Certainty::Likely, "MD5 or AES"),
        (MacFault::Digest, Certainty::Possible, "changed or forged"),
    ];
    for (fault, certainty, cause) in faults {
        let diagnosis = unproven_by(fault);
        assert_eq!(diagnosis.certainty, certainty);
        assert!(diagnosis.cause.contains(cause), "{diagnosis:?}");
        assert!(diagnosis.here.is_some(), "{diagnosis:?}");
        assert!(diagnosis.there.is_some_and(|there| there.contains("`trustedkey 5`")));
    }
    for fault in [MacFault::CryptoNak, MacFault::Digest, MacFault::Length(16)] {
        assert!(unproven_by(fault).here.is_some_and(|here| here.contains("/etc/ntp.keys")));
    }
}

#[test]
fn an_order_without_proof_is_shown() {
    let mut server = server(Algorithm::Sha1, 1, Some(MacFault::Missing));
    let mut reply = crate::wire::Header::request(4, crate::wire::NtpTimestamp::ZERO);
    reply.refid = crate::wire::RefId(*b"RATE");
    server.contact.last_reply = Some(reply);
    let diagnosis = unproven(&server, server.contact.authentication.as_ref().unwrap());
    assert!(diagnosis.seen.starts_with("1 reply without a MAC; and it is an order: kiss code RATE"));
}

#[test]
fn silence_is_the_keys_fault_only_if_a_plain_request_alone_is_answered() {
    let code = |plain, signed, echo| silence::diagnose(&silent(Algorithm::Sha1, plain, signed, echo)).code;
    assert_eq!(code(true, Sign::Silent, Sign::Answered), Code::NotAuthentic);
    assert_eq!(code(true, Sign::Answered, Sign::Answered), Code::SlowOrLossy);
    assert_eq!(code(true, Sign::NotTried("no".to_owned()), Sign::Answered), Code::SlowOrLossy);
    assert_eq!(code(false, Sign::Silent, Sign::Answered), Code::FilteredOrIgnored);
    assert_eq!(code(false, Sign::Silent, Sign::Silent), Code::HostSilent);
    assert_eq!(code(false, Sign::Answered, Sign::Answered), Code::SlowOrLossy);
}

#[test]
fn silence_that_nobody_has_looked_into_names_the_key_among_others() {
    let mut server = silent(Algorithm::Sha1, false, Sign::Silent, Sign::Silent);
    server.evidence.signs = None;
    let diagnosis = silence::diagnose(&server);
    assert_eq!((diagnosis.code, diagnosis.certainty), (Code::HostSilent, Certainty::Possible));
    assert!(diagnosis.cause.ends_with("or the server ignores this client or does not accept key 5 (SHA1)"));
    server.contact.authentication = None;
    assert!(!silence::diagnose(&server).cause.contains("key"));
}

#[test]
fn long_digests_before_version_4_have_a_cause_of_their_own() {
    for (algorithm, version, is_length) in
        [(Algorithm::Sha256, 3, true), (Algorithm::Sha256, 4, false), (Algorithm::Sha1, 3, false)]
    {
        let mut server = silent(algorithm, true, Sign::Silent, Sign::Answered);
        server.evidence.key.as_mut().unwrap().version = version;
        let diagnosis = silence::diagnose(&server);
        assert_eq!(diagnosis.cause.contains("different lengths"), is_length, "{diagnosis:?}");
        assert_eq!(diagnosis.code, Code::NotAuthentic);
    }
}

#[test]
fn a_fit_server_tells_of_replies_that_prove_nothing() {
    let mut server = server(Algorithm::Sha1, 3, Some(MacFault::Digest));
    server.contact.answered = 2;
    server.verdict = Verdict::Truechimer;
    let diagnosis = fit(&server);
    assert_eq!(diagnosis.code, Code::Fit);
    assert!(
        diagnosis.seen.ends_with("; 3 more came without the code of key 5 (SHA1), and were not used: wrong digest")
    );
    server.contact.answered = 1;
    assert!(fit(&server).cause.contains("or a forger"));
}
