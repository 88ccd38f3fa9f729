//! Replies to requests with NTS: why they proved nothing, and what proved the others.

use crate::plural::counted;
use Certainty::Likely;

use crate::diagnosis::code::Code;
use crate::diagnosis::found::{Certainty, Diagnosis};
use crate::estimate::{DropReason, WrongTime};
use crate::exchange::{Contact, NtsRecord};
use crate::outcome::Server;
use crate::wire::nts::NtsFault;

/// Replies came, and not one proved anything.
pub(in crate::diagnosis) fn unproven(server: &Server, record: &NtsRecord) -> Diagnosis {
    if record.refused > 0 && record.refused >= record.plain {
        return refused(server);
    }
    let found = |code, cause: &str| {
        let fault = record.last_failure.map_or(String::new(), |fault| format!(": {fault}"));
        Diagnosis::new(code, Likely, format!("NTS: {} not used{fault}", counted(record.failed, "reply")), cause)
    };
    match record.last_failure {
        Some(NtsFault::Plain) => found(
            Code::NtsStripped,
            "something on the way (a router that intercepts NTP) answers in the server's place, or the time server has no NTS and its key \
             server names it wrongly",
        )
        .here("what it says is not used; another network, or a tunnel, may reach the server itself")
        .there("does the time server have the same keys as the server that exchanges them?"),
        Some(NtsFault::Authenticator | NtsFault::Identifier) => {
            found(Code::NtsForged, "forged, or damaged on the way; or the server seals with other keys").here("run it again")
        }
        Some(NtsFault::Malformed) | None => {
            found(Code::NtsForged, "the server breaks RFC 8915, or the replies were damaged on the way")
        }
    }
}

/// Whether all that came is that it does not know the cookie.
pub(in crate::diagnosis) fn is_refused(contact: &Contact) -> bool {
    contact.nts.as_ref().is_some_and(|record| record.refused > 0 && record.passed == 0 && record.failed == 0)
}

/// The server does not know cookies, also of keys that were just made.
pub(in crate::diagnosis) fn refused(server: &Server) -> Diagnosis {
    let requests = counted(server.contact.sent, "request");
    let seen = format!("NTS: no answer to {requests} but that it does not know the cookie (NTSN)");
    let cause = if server.contact.nts.as_ref().is_some_and(|record| record.is_saved) {
        "the server has lost or changed its keys, and new ones could not be had"
    } else {
        "right after a key exchange: the servers for keys and for time do not share their keys, or somebody on the way says so in \
         the server's place"
    };
    Diagnosis::new(Code::NtsRefused, Likely, seen, cause)
        .here("run it again: a server that has just changed its keys is done with it then")
        .there("several servers behind one name need the same keys (chronyd: `ntsdumpdir`, `ntsrotate 0`); chrony 4.4 to 4.6 has an error with AES-GCM-SIV, 4.6.1 has not")
}

/// The server's certificate was not valid at the time that the servers agree on.
pub(in crate::diagnosis) fn wrong_dates(wrong: WrongTime, server: &Server) -> Diagnosis {
    let (sent, answered) = (counted(server.contact.sent, "request"), server.contact.answered);
    let seen = format!("NTS: {}; {answered} of {sent} answered", DropReason::Certificate(wrong));
    let cause = "it was taken at first, as this clock may be wrong, and does not fit the time that was obtained: an old certificate, \
                 or a stolen one; what it proves is not believed";
    Diagnosis::new(Code::NtsWrongDates, Likely, seen, cause)
        .here("ask another server")
        .there("renew the certificate (certbot renew), and restart the daemon")
}

/// Not one reply came to requests with NTS, and one without it was answered.
pub(in crate::diagnosis) fn deaf(silence: &str) -> Diagnosis {
    let seen = format!("{silence} with NTS; a request without it was answered");
    Diagnosis::new(
        Code::NtsSilent,
        Likely,
        seen,
        "long NTP packets are dropped on the way, or the time server has no NTS, or not the keys of the server that exchanges them",
    )
    .here("ask another server; what the plain answer says is not used without --no-nts")
    .there("chronyd answers no request with NTS if it has no `ntsserverkey`; packets of 228 bytes have to come through")
}

/// By what it was proved that the replies are the server's.
pub(in crate::diagnosis) fn proven(record: &NtsRecord) -> String {
    let from = if record.is_saved { "keys of an earlier run" } else { "new keys" };
    format!(", proven by NTS ({}, {from})", record.aead.as_str())
}

/// Besides replies that were proved.
pub(in crate::diagnosis) fn also_came(record: &NtsRecord) -> String {
    let fault = record.last_failure.map_or(String::new(), |fault| format!(": {fault}"));
    format!("; {} more came that NTS did not prove, and were not used{fault}", record.failed)
}
