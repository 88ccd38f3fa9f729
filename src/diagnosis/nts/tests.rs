use super::failed::Failed;
use super::key_exchange::key_exchange;
use crate::diagnosis::code::Code;
use crate::diagnosis::found::Certainty::{Likely, Possible};
use crate::diagnosis::found::Diagnosis;
use crate::net::{Fault, FaultKind};
use crate::nts::{KeyFailure, Stage};
use crate::time::Time;
use crate::wire::nts::ResponseFault;

/// Seconds.
const DAY: i64 = 86_400;

fn diagnosis(failure: &KeyFailure, answers_plainly: Option<bool>) -> Diagnosis {
    let now = Time::from_unix(100 * DAY, 0);
    key_exchange(&Failed { name: "nts.example", port: 4460, failure, now, answers_plainly })
}

#[test]
fn each_failure_has_its_code_and_says_what_to_do() {
    let time = |days| Time::from_unix(days * DAY, 0);
    let cases = [
        (KeyFailure::Tcp(Fault::here(FaultKind::Refused)), Code::NtsNothingListens, "nothing listens on TCP 4460"),
        (KeyFailure::Tcp(Fault::here(FaultKind::HostUnreachable)), Code::NtsFiltered, "barred"),
        (KeyFailure::Silent(Stage::Connect), Code::NtsFiltered, "a firewall drops TCP 4460"),
        (KeyFailure::Silent(Stage::Handshake), Code::NtsFiltered, "says nothing"),
        (KeyFailure::Closed(Stage::Handshake), Code::NtsNoServer, "no NTS server"),
        (KeyFailure::Closed(Stage::Response), Code::NtsResponse, "does not like the request"),
        (KeyFailure::NotTls, Code::NtsNoServer, "another service's"),
        (KeyFailure::Alert("HandshakeFailure".to_owned()), Code::NtsNoServer, "refuses this client"),
        (KeyFailure::TooOld, Code::NtsTooOld, "TLS 1.3"),
        (KeyFailure::NoAlpn, Code::NtsNoServer, "ntske/1"),
        (
            KeyFailure::UnknownIssuer { issuer: "CN=x".to_owned(), roots: 7, file: "/f.pem".to_owned() },
            Code::NtsUnknownIssuer,
            "issuer \"CN=x\" is not among the 7 authorities of /f.pem",
        ),
        (
            KeyFailure::OtherHost { names: vec!["a".to_owned(), "b".to_owned()] },
            Code::NtsOtherHost,
            "for a, b, not for nts.example",
        ),
        (KeyFailure::Expired { since: time(90) }, Code::NtsExpired, "(10 days later)"),
        (KeyFailure::NotYetValid { begins: time(120) }, Code::NtsNotYetValid, "(20 days earlier)"),
        (KeyFailure::Certificate("x".to_owned()), Code::NtsCertificate, "does not fit"),
        (KeyFailure::NoRoots("x".to_owned()), Code::NtsNoRoots, "authorities"),
        (KeyFailure::Response(ResponseFault::Error(1)), Code::NtsResponse, "does not take the request"),
        (KeyFailure::Response(ResponseFault::NoAead), Code::NtsResponse, "nothing in common"),
        (KeyFailure::Response(ResponseFault::NoCookie), Code::NtsResponse, "breaks RFC 8915"),
        (KeyFailure::TooSoon { again: time(101) }, Code::NtsTooSoon, "an earlier run failed"),
    ];
    for (failure, code, cause) in cases {
        let found = diagnosis(&failure, None);
        assert_eq!(found.code, code, "{failure:?}");
        assert!(found.cause.contains(cause), "{failure:?}: {}", found.cause);
        assert!(found.seen.starts_with("NTS: "), "{}", found.seen);
        assert!(found.here.is_some() || found.there.is_some(), "{failure:?} leaves its reader alone");
    }
}

#[test]
fn plain_ntp_that_would_work_is_named_and_not_used() {
    let silent = KeyFailure::Silent(Stage::Connect);
    let found = diagnosis(&silent, Some(true));
    assert!(found.seen.contains("is not used without --no-nts"), "{}", found.seen);
    assert_eq!(found.certainty, Likely);
    assert_eq!(diagnosis(&silent, Some(false)).certainty, Possible);
}
