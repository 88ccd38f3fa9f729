//! The server answers, and says that it is not synchronised itself.

use super::{Certainty, Code, Diagnosis};
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
    let leap = if reply.leap == Leap::Unsynchronised { ", leap 11" } else { "" };
    let refid = reply.refid.display(reply.stratum).to_string();
    let then = server.contact.candidate.kiss.map_or(String::new(), |kiss| format!("; and then {kiss}"));
    let stratum = reply.stratum.effective();
    let seen = format!("it answers, and is not synchronised itself (stratum {stratum}{leap}, refid {refid}){then}");
    let view = match &server.evidence.view {
        Some(Ok(view)) => Some(view),
        _ => None,
    };
    match view {
        Some(view) => by_its_view(&seen, view),
        None => by_its_reply(&seen, reply, &refid),
    }
}

/// Its sources tell.
fn by_its_view(seen: &str, view: &ServerView) -> Diagnosis {
    let servers: Vec<_> = view.peers.iter().filter(|peer| !matches!(peer.kind, crate::control::Kind::Pool)).collect();
    if let Some((peer, wait)) = view.ready_in() {
        let cause =
            format!("it was started lately; its source {} has answered (reach {:03o})", peer.remote, peer.reach);
        return Diagnosis::new(Code::JustStarted, Certainty::Likely, seen, cause)
            .here(format!("run it again in about {}", duration(wait.max(Interval::from_secs(10)))))
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
    let cause = format!("its clock was last set {} before: it has lost its sources", duration(age));
    Diagnosis::new(Code::LostSources, Certainty::Likely, seen, cause)
        .here(ADVICE_HERE)
        .there("`ntpq -pn` or `chronyc sources` show which of its sources it still reaches")
}

fn duration(interval: Interval) -> String {
    let seconds = interval.abs().units() / Interval::from_secs(1).units();
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} minutes", seconds / 60),
        7200..172_800 => format!("{} hours", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}
