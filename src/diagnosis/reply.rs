//! Something came, and it is not what was wanted.

use super::code::Code;
use super::found::{Certainty, Diagnosis};
use super::{distance, sync_state};
use crate::estimate::{DropReason, Kiss, Rejection, Sample};
use crate::exchange::Contact;
use crate::outcome::Server;
use crate::plural::counted;
use crate::time::{Interval, Time};
use crate::wire::NtpTimestamp;

/// What two clocks may drift apart, in millionths: the kernel's fastest slew and frequency on one side.
const DRIFT_PPM: i128 = 1000;
/// Below this a jump is no setting of a clock.
const LEAST_JUMP: Interval = Interval::from_micros(1000);

pub(super) fn kiss(kiss: Kiss, contact: &Contact) -> Diagnosis {
    match kiss {
        Kiss::Rate => rate(format!("kiss code RATE after {}", counted(contact.sent, "request"))),
        Kiss::Deny | Kiss::Restrict => {
            let seen = kiss.to_string();
            Diagnosis::new(Code::AccessDenied, Certainty::Certain, seen, "its access rules turn this client away")
                .here("leave it alone and ask another server")
                .there("permit this client: `restrict` in ntp.conf, `allow` in chrony.conf")
        }
    }
}

pub(super) fn rate(seen: impl Into<String>) -> Diagnosis {
    let cause = "it was asked too often, by this machine or by others behind the same address";
    Diagnosis::new(Code::RateLimited, Certainty::Certain, seen, cause)
        .here("wait some minutes; use --interval 2 or more, and fewer cron jobs at the same second")
        .there("`restrict … limited kod` does this; `discard`, `limit` or `ratelimit` set how soon")
}

/// Packets came, and not one could be used.
pub(super) fn rejected(rejection: Rejection, count: usize, server: &Server) -> Diagnosis {
    if server.contact.last_reply.as_ref().is_some_and(|reply| sync_state::kiss(reply).is_some()) {
        return sync_state::diagnose(server);
    }
    match rejection {
        Rejection::ClockMoved(moved) => clock_set_here(moved),
        Rejection::NegativeDelay(_) | Rejection::Order | Rejection::NoTime => {
            times_that_cannot_be(rejection, count, server)
        }
        Rejection::Origin | Rejection::Duplicate => {
            let seen = format!("{} came, and no answer to our requests ({rejection})", counted(count, "packet"));
            let cause = "forged or replayed packets, or a server that does not copy our timestamp as it has to";
            Diagnosis::new(Code::BadReplies, Certainty::Possible, seen, cause)
                .here("ask another server")
                .there("`tcpdump -vn udp port 123` shows what it sends")
        }
        _ => {
            let seen = format!("{} came, and no proper reply ({rejection})", counted(count, "packet"));
            let port = server.contact.address.port();
            Diagnosis::new(
                Code::BadReplies,
                Certainty::Likely,
                seen,
                format!("what listens on UDP {port} is no sound time server"),
            )
            .here("ask another server")
            .there(format!("`ss -ulpn 'sport = {port}'` shows what listens there"))
        }
    }
}

/// The times of the server contradict each other in each reply.
fn times_that_cannot_be(rejection: Rejection, count: usize, server: &Server) -> Diagnosis {
    let seen = format!("{} came whose times cannot be ({rejection})", counted(count, "reply"));
    let dates = server.contact.last_reply.as_ref().map_or(String::new(), |reply| {
        let date = |stamp: NtpTimestamp| match stamp.is_zero() {
            true => "none".to_owned(),
            false => stamp.unfold(Time::UNIX_EPOCH).utc(),
        };
        format!(": received {}, sent {}", date(reply.receive), date(reply.transmit))
    });
    let cause =
        format!("its own times contradict each other{dates}: its clock was set in between, or its program is broken");
    Diagnosis::new(Code::Broken, Certainty::Likely, seen, cause)
        .here("ask another server")
        .there("restart its time service when its clock is right")
}

/// The server's replies are proper, and say or show that it is not to be believed.
pub(super) fn unfit(reason: DropReason, contact: &Contact) -> Diagnosis {
    let seen = match contact.candidate.kiss {
        Some(kiss) => format!("{reason}; and then {kiss}"),
        None => reason.to_string(),
    };
    match reason {
        DropReason::RootDistance(too_distant) => distance::diagnose(&too_distant, &seen),
        DropReason::TooFarAway => Diagnosis::new(Code::TooFar, Certainty::Likely, seen, distance::SLOW_WAY)
            .here("ask a nearer server; `tracepath` shows where the time goes"),
        DropReason::NoVote => {
            let cause =
                "whoever is on the way can answer in its place, and is not to have a say where others prove themselves";
            Diagnosis::new(Code::NoVote, Certainty::Certain, seen, cause)
                .here("nothing; or have it prove itself too: with NTS, or by a key")
        }
        DropReason::Contested(_) => {
            let cause = "two clocks answer under this address: a box on the way that catches NTP, somebody who forges, or two \
                         machines with one address; nothing here tells which is the server";
            Diagnosis::new(Code::TwoAnswers, Certainty::Certain, seen, cause)
                .here("use a key (-a), which nobody else has; or ask servers by another way")
                .there("see with `tcpdump -evn udp port 123` there whether it gets the requests, and answers once")
        }
        DropReason::Contradiction { .. } => contradiction(seen),
        DropReason::TooLongWithoutSync => {
            let cause = "its own clock has not been set for a day: it has lost its sources and does not say so";
            Diagnosis::new(Code::Broken, Certainty::Likely, seen, cause)
                .here("ask another server")
                .there("see what it is synchronised to (ntpq -pn, chronyc sources)")
        }
        _ => Diagnosis::new(Code::Broken, Certainty::Likely, seen, "its own times contradict each other")
            .here("ask another server")
            .there("restart its time service when its clock is right"),
    }
}

/// Whether a clock was set, or stood still, between samples. Our own cannot be set unseen, for the raw monotonic clock goes on;
/// but it stands still with the machine.
pub(super) fn clock_moved(server: &Server) -> Option<Diagnosis> {
    if let (_, Some(Rejection::ClockMoved(moved))) = server.contact.rejected {
        return Some(clock_set_here(moved));
    }
    let samples = &server.contact.candidate.samples;
    let jump = samples.windows(2).filter_map(|pair| jump(&pair[0], &pair[1])).max_by_key(|jump| jump.abs())?;
    let counted = server.peer.as_ref().map_or(samples.len(), |peer| peer.counted);
    let newest = if counted < samples.len() {
        format!("; the newest {counted} of {} samples count", samples.len())
    } else {
        String::new()
    };
    let seen = format!("the offset jumps by {jump:+.6} s{newest}");
    let cause =
        "the server's clock was set; or this machine stood still in between (a paused or migrated virtual machine)";
    Some(
        Diagnosis::new(Code::OffsetJump, Certainty::Possible, seen, cause)
            .here("run it again in a minute; what pauses this machine shows in its hypervisor's log")
            .there("find what sets its clock; there should be one time program"),
    )
}

fn contradiction(seen: String) -> Diagnosis {
    let cause = "several clocks behind one address (anycast, a load balancer); or a clock was set, or this machine stood still, \
                 while it was asked";
    Diagnosis::new(Code::Contradiction, Certainty::Possible, seen, cause)
        .here("run it again: if it is the same, ask the machines behind that address by their own, or another server")
        .there("make the clocks behind the address agree; find what sets them")
}

fn clock_set_here(moved: Interval) -> Diagnosis {
    let seen = format!("the clock of this machine was moved by {moved:+.6} s during the run");
    Diagnosis::new(Code::ClockSetHere, Certainty::Certain, seen, "something else sets this clock")
        .here("rntpdate --doctor lists who may: daemons, timers, cron; leave one of them")
}

/// The change of the offset where it is more than both measurements' errors and the clocks' drift can explain.
fn jump(first: &Sample, second: &Sample) -> Option<Interval> {
    let change = second.offset - first.offset;
    let error = (first.delay + second.delay) / 2 + first.dispersion + second.dispersion;
    let passed = Interval::from(second.taken.raw) - Interval::from(first.taken.raw);
    let drift = Interval::from_units(passed.abs().units() * DRIFT_PPM / 1_000_000);
    (change.abs() > error + drift + LEAST_JUMP).then_some(change)
}
