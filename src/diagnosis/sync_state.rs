//! The server answers, and says that it is not synchronised itself.

use super::code::Code;
use super::found::{Certainty, Diagnosis};
use crate::control::ServerView;
use crate::outcome::Server;
use crate::time::Interval;
use crate::wire::{Header, Leap};

const ADVICE_HERE: &str = "run it again later, or ask another server";

pub(super) fn diagnose(server: &Server) -> Diagnosis {
    // The last reply may be an order in place of the time.
    let sample = server.contact.candidate.samples.last().map(|sample| &sample.header);
    let Some(reply) = sample.or(server.contact.last_reply.as_ref()) else {
        return Diagnosis::new(Code::Unsynchronised, Certainty::Likely, "not synchronised", "it says so itself");
    };
    if let Some((code, cause, here)) = kiss(reply) {
        let seen = format!("it answers with kiss code {code} in place of the time");
        return Diagnosis::new(Code::NotServing, Certainty::Likely, seen, cause).here(here);
    }
    let refid = reply.refid.display(reply.stratum).to_string();
    let then = server.contact.candidate.kiss.map_or(String::new(), |kiss| format!("; and then {kiss}"));
    let seen = format!("it answers, and is not synchronised itself ({}){then}", state(reply));
    let view = match &server.evidence.view {
        Some(Ok(view)) => Some(view),
        _ => None,
    };
    match view {
        Some(view) => by_its_view(&seen, view),
        None => by_its_reply(&seen, reply, &refid),
    }
}

/// What a reply says of its sender's state: `stratum 16, leap 11, refid INIT`.
pub(crate) fn state(reply: &Header) -> String {
    let leap = if reply.leap == Leap::Unsynchronised { ", leap 11" } else { "" };
    let stratum = match reply.stratum.0 {
        0 if reply.leap != Leap::Unsynchronised => "stratum 0, which stands for none".to_owned(),
        // Who has no source is at stratum 16, and sends it as 0 (RFC 5905 §7.3).
        _ => format!("stratum {}", reply.stratum.effective()),
    };
    let refid = match reply.refid.0 {
        [0, 0, 0, 0] if reply.leap == Leap::Unsynchronised => String::new(),
        [0, 0, 0, 0] => ", no refid".to_owned(),
        _ => format!(", refid {}", reply.refid.display(reply.stratum)),
    };
    format!("{stratum}{leap}{refid}")
}

/// What stands in place of the time, and is not one of the three that every client has to follow (RFC 5905 §7.4, RFC 8915
/// §5.7): its code, what it says, and what to do.
pub(crate) fn kiss(reply: &Header) -> Option<(&str, &'static str, &'static str)> {
    let (code, key) = (reply.refid.as_name()?, "compare the keys here and there; -a and -k say which is used");
    let (cause, here) = match (reply.stratum.0, code) {
        (0, "NKEY") => ("it wants requests with a key that it knows, and ours has none or another one", key),
        (0, "AUTH" | "CRYP") => ("it could not authenticate the request: the key differs, or it wants one", key),
        (0, "NTSN") => ("it wants NTS, or does not accept our cookie", "ask it with NTS"),
        (0, "AUTO" | "BCST" | "MCST" | "ACST") => (
            "it serves by broadcast, multicast, manycast or Autokey, and does not answer single clients",
            "ask another server",
        ),
        (0, "DROP" | "RMOT") => ("it has cut off this client", "leave it alone and ask another server"),
        _ => return None,
    };
    Some((code, cause, here))
}

/// Judges an unsynchronised server by what its sources tell.
fn by_its_view(seen: &str, view: &ServerView) -> Diagnosis {
    let servers: Vec<_> = view.peers.iter().filter(|peer| !matches!(peer.kind, crate::control::Kind::Pool)).collect();
    if let Some((peer, wait)) = view.ready_in() {
        let cause =
            format!("it was started lately; its source {} has answered (reach {:03o})", peer.remote, peer.reach);
        return Diagnosis::new(Code::JustStarted, Certainty::Likely, seen, cause)
            .here(format!("run it again in about {}", wait.max(Interval::from_secs(10)).in_words()))
            .there("`iburst` on its server lines makes this a matter of seconds");
    }
    if servers.is_empty() {
        return Diagnosis::new(Code::LostSources, Certainty::Certain, seen, "it has no time sources")
            .here(ADVICE_HERE)
            .there("give it `server` lines (or `refclock local`, `local stratum 10`)");
    }
    // After one poll its source may still answer; after two in a row it does not.
    if servers.iter().all(|peer| peer.when <= 0 && peer.unanswered < 2) {
        let cause = "it was started lately: its sources have not answered it yet, which takes about five polls";
        return Diagnosis::new(Code::JustStarted, Certainty::Likely, seen, cause)
            .here("run it again in 5 minutes; --peers shows how far it is")
            .there("`iburst` on its server lines makes this a matter of seconds");
    }
    let heard = servers.iter().any(|peer| peer.when > 0);
    let names: Vec<&str> = servers.iter().take(3).map(|peer| peer.remote.as_str()).collect();
    let (code, cause) = if heard {
        (Code::LostSources, format!("it has lost its sources: {} answer no more (reach 000)", names.join(", ")))
    } else {
        (Code::LostSources, format!("none of its sources has ever answered it: {}", names.join(", ")))
    };
    Diagnosis::new(code, Certainty::Certain, seen, cause)
        .here(ADVICE_HERE)
        .there("see why it does not reach them: run rntpdate -d with their addresses there")
}

/// Only its reply tells: words for the state in the reference id (ntpd), and whether its clock was ever set.
fn by_its_reply(seen: &str, reply: &Header, refid: &str) -> Diagnosis {
    if matches!(refid, "INIT" | "STEP") {
        let cause = "it was started lately (or has stepped its clock): it needs about five polls of its sources";
        return Diagnosis::new(Code::JustStarted, Certainty::Likely, seen, cause)
            .here("run it again in 5 minutes (with iburst on its side, in some seconds)")
            .there("watch reach in `ntpq -pn`: from 37 on it is ready, at 0 its sources do not answer");
    }
    if reply.reference.is_zero() {
        let cause = "its clock was not set since its start: started lately, or its sources do not answer";
        return Diagnosis::new(Code::Unsynchronised, Certainty::Possible, seen, cause)
            .here("run it again in 5 minutes")
            .there("see `chronyc sources` or `ntpq -pn`; without any sources, `local stratum 10`");
    }
    let age = reply.transmit.since(reply.reference);
    let cause = format!("its clock was last set {} before: it has lost its sources", age.in_words());
    Diagnosis::new(Code::LostSources, Certainty::Likely, seen, cause)
        .here(ADVICE_HERE)
        .there("`ntpq -pn` or `chronyc sources` show which of its sources it still reaches")
}
