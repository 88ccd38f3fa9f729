//! A key is used, and the server does not accept it, or does not prove that it has it.

#[cfg(test)]
mod tests;

use super::code::Code;
use super::found::{Certainty, Diagnosis};
use crate::estimate::Kiss;
use crate::exchange::Authentication;
use crate::outcome::Server;
use crate::plural::counted;
use crate::wire::MacFault;

/// The digest that version 4 has room for, in bytes; see [`KeyUse`](super::KeyUse).
const CUT_DIGEST: usize = 20;
const NEWEST_VERSION: u8 = 4;

/// Replies came, and not one proved anything.
pub(super) fn unproven(server: &Server, used: &Authentication) -> Diagnosis {
    let key = name(used);
    let count = used.failed;
    let order = server.contact.last_reply.as_ref().and_then(Kiss::in_header);
    let order = order.map_or(String::new(), |kiss| format!("; and it is an order: {kiss}"));
    let came = counted(count, "reply");
    let found = |certainty, seen: &str, cause: String| {
        Diagnosis::new(Code::NotAuthentic, certainty, format!("{came} {seen}{order}"), cause)
    };
    match used.last_failure {
        Some(MacFault::CryptoNak) => {
            let cause = format!(
                "the server refuses {key}: it lacks that number or does not trust it, or secret or type differ"
            );
            found(Certainty::Likely, "with a crypto-NAK in place of a MAC", cause).here(compare(server, used))
        }
        Some(MacFault::Missing) => {
            let cause = format!(
                "the server knows nothing of {key}: it has no keys, or cannot have any; or somebody else answers in its place"
            );
            found(Certainty::Likely, "without a MAC", cause)
                .here("ask a server that has the key; without -a anybody on the way could tell the time")
        }
        Some(MacFault::OtherKey(other)) => {
            let cause = format!("the server signs with key {other}, and we asked with {key}");
            found(Certainty::Likely, &format!("signed with key {other}"), cause)
                .here(format!("-a {other}, if {} has that key", file(server)))
        }
        Some(MacFault::Length(length)) => {
            let cause = format!("the type differs: {key} here, and there {}", types(length));
            found(Certainty::Likely, &format!("with a MAC of {length} bytes"), cause).here(compare(server, used))
        }
        Some(MacFault::Digest) | None => {
            let cause = format!(
                "secret or type of {key} differ, and the server did not check ours; or the replies were changed or forged"
            );
            found(Certainty::Possible, &format!("whose MAC is not that of {key}"), cause).here(compare(server, used))
        }
    }
    .there(advice(used))
}

/// By which key it was proved that the replies are the server's.
pub(super) fn proven(server: &Server, used: &Authentication) -> String {
    format!(", proven by {} of {}", name(used), file(server))
}

/// Besides replies with the right code.
pub(super) fn also_came(used: &Authentication) -> String {
    let (count, key) = (used.failed, name(used));
    let fault = used.last_failure.map_or(String::new(), |fault| format!(": {fault}"));
    format!("; {count} more came without the code of {key}, and were not used{fault}")
}

/// Requests with a key are dropped, one without is answered.
pub(super) fn refused(silence: &str, server: &Server, used: &Authentication) -> Diagnosis {
    let key = name(used);
    let seen = format!("{silence} signed with {key}; a request without a MAC was answered");
    let old = server.evidence.key.as_ref().is_some_and(|key| key.version < NEWEST_VERSION);
    if old && used.algorithm.digest_len() > CUT_DIGEST {
        let cause = format!(
            "before version 4 ntpd and chronyd send {} in different lengths; or the keys differ",
            used.algorithm
        );
        return Diagnosis::new(Code::NotAuthentic, Certainty::Likely, seen, cause)
            .here(format!("leave out -o; if that does not help, {}", compare(server, used)))
            .there(advice(used));
    }
    let cause = format!(
        "the server does not accept {key}: it lacks that number or does not trust it, or secret or type differ \
         (seldom: a filter drops NTP packets above 48 bytes)"
    );
    Diagnosis::new(Code::NotAuthentic, Certainty::Likely, seen, cause).here(compare(server, used)).there(advice(used))
}

/// As it is named in all texts.
pub(super) fn name(used: &Authentication) -> String {
    format!("key {} ({})", used.key, used.algorithm)
}

fn file(server: &Server) -> String {
    server.evidence.key.as_ref().map_or("the key file".to_owned(), |key| key.file.display().to_string())
}

fn compare(server: &Server, used: &Authentication) -> String {
    let (id, file) = (used.key, file(server));
    format!(
        "compare key {id} in {file} with the server's: number, type, secret (for chronyd digits need HEX: before them)"
    )
}

fn advice(used: &Authentication) -> String {
    let id = used.key;
    format!("ntpd: `keys` and `trustedkey {id}`, then a restart; chronyd: `keyfile`, then `chronyc rekey`")
}

/// What makes codes of this length, in bytes without the key's number.
fn types(length: usize) -> &'static str {
    match length {
        16 => "MD5 or AES",
        20 => "SHA1 or longer",
        _ => "another one",
    }
}
