//! From what passed between us and a server, and what was found out besides, to what is wrong and what to do. Pure.
//!
//! A cause is named where the evidence tells it from the others; where it does not, all that fit are named.
#![forbid(unsafe_code)]

mod authentication;
mod distance;
mod evidence;
mod fault;
mod names;
mod reply;
mod silence;
pub(crate) mod sync_state;

pub(crate) use distance::usual_cause;
pub use names::{NameAnswer, NameEvidence, diagnose_name};

pub use evidence::{Evidence, KeyUse, LowPort, NextHop, Sign, Signs};

use crate::estimate::{DropReason, Verdict};
use crate::exchange::Contact;
use crate::outcome::{Conclusion, Outcome, Server};
use crate::policy::{Decision, Refusal};
use crate::time::{Interval, Time};

/// How sure the cause is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certainty {
    /// Nothing else can have been seen so.
    Certain,
    /// Another cause is possible and rare.
    Likely,
    /// One of several.
    Possible,
}

impl Certainty {
    /// As it is printed.
    pub const fn as_str(self) -> &'static str {
        match self {
            Certainty::Certain => "certain",
            Certainty::Likely => "likely",
            Certainty::Possible => "possible",
        }
    }
}

/// A verdict in a form that programs read; the texts are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// It has a part in the result.
    Fit,
    /// It agrees with the majority, and has no part in the result.
    Outlier,
    /// It could not change the result any more, and was not waited for.
    NotAwaited,
    /// Some replies got lost; it is fit all the same.
    Loss,
    /// Replies came after the time-out; it is fit all the same.
    Late,
    /// Nothing listens on the port.
    NothingListens,
    /// A firewall on this machine forbids it.
    OwnFirewall,
    /// A firewall elsewhere says that it forbids it.
    Prohibited,
    /// No route.
    NoRoute,
    /// The last router gets no answer from the host.
    HostUnreachable,
    /// The host is on this network and does not exist or is down.
    NoNeighbour,
    /// The next router does not exist or is down.
    NoGateway,
    /// The link has no carrier.
    NoCarrier,
    /// The source port that was asked for is in use.
    SourcePortInUse,
    /// The right to use the source port is missing.
    SourcePortDenied,
    /// The kernel has another reason.
    SendFailed,
    /// The host is up; a firewall drops the packets or the server ignores us.
    FilteredOrIgnored,
    /// The server runs and keeps the time from us.
    NotServing,
    /// Only packets from port 123 come through.
    SourcePortFiltered,
    /// Replies come from another address or port.
    OtherAddress,
    /// The host does not answer at all.
    HostSilent,
    /// It did not answer at first, and then it did.
    SlowOrLossy,
    /// What came is no reply to our requests.
    BadReplies,
    /// The server was started lately.
    JustStarted,
    /// The server is not synchronised any more.
    LostSources,
    /// The server is not synchronised, and no more is known.
    Unsynchronised,
    /// Kiss code DENY or RSTR.
    AccessDenied,
    /// Kiss code RATE.
    RateLimited,
    /// The server does not accept our key, or its replies do not prove that it has it.
    NotAuthentic,
    /// This machine's clock was set during the run.
    ClockSetHere,
    /// The offset jumped during the run: a clock was set, or stood still, there or here.
    OffsetJump,
    /// Somebody else answers in the server's place.
    TwoAnswers,
    /// The server's samples cannot all be true.
    Contradiction,
    /// It contradicts the majority.
    Falseticker,
    /// The servers contradict each other.
    NoMajority,
    /// The round trip or the error bound is too large.
    TooFar,
    /// The server's own times contradict each other or are stale.
    Broken,
    /// A name, not a server: no name server is configured.
    NoNameServer,
    /// The name server does not answer.
    NameServerSilent,
    /// It answers that it has failed.
    NameServerFailed,
    /// It answers that it does not serve us.
    NameServerRefused,
    /// The name does not exist, or has no such address.
    NoSuchName,
    /// There is no address, and no more is known.
    NameUnresolved,
}

impl Code {
    /// The machine-readable form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Code::Fit => "fit",
            Code::Outlier => "outlier",
            Code::NotAwaited => "not-awaited",
            Code::Loss => "loss",
            Code::Late => "late",
            Code::NothingListens => "nothing-listens",
            Code::OwnFirewall => "own-firewall",
            Code::Prohibited => "prohibited",
            Code::NoRoute => "no-route",
            Code::HostUnreachable => "host-unreachable",
            Code::NoNeighbour => "no-neighbour",
            Code::NoGateway => "no-gateway",
            Code::NoCarrier => "no-carrier",
            Code::SourcePortInUse => "source-port-in-use",
            Code::SourcePortDenied => "source-port-denied",
            Code::SendFailed => "send-failed",
            Code::FilteredOrIgnored => "filtered-or-ignored",
            Code::NotServing => "not-serving",
            Code::SourcePortFiltered => "source-port-filtered",
            Code::OtherAddress => "other-address",
            Code::HostSilent => "host-silent",
            Code::SlowOrLossy => "slow-or-lossy",
            Code::BadReplies => "bad-replies",
            Code::JustStarted => "just-started",
            Code::LostSources => "lost-sources",
            Code::Unsynchronised => "unsynchronised",
            Code::AccessDenied => "access-denied",
            Code::RateLimited => "rate-limited",
            Code::NotAuthentic => "not-authentic",
            Code::ClockSetHere => "clock-set-here",
            Code::OffsetJump => "offset-jump",
            Code::TwoAnswers => "two-answers",
            Code::Contradiction => "contradiction",
            Code::Falseticker => "falseticker",
            Code::NoMajority => "no-majority",
            Code::TooFar => "too-far",
            Code::Broken => "broken",
            Code::NoNameServer => "no-name-server",
            Code::NameServerSilent => "name-server-silent",
            Code::NameServerFailed => "name-server-failed",
            Code::NameServerRefused => "name-server-refused",
            Code::NoSuchName => "no-such-name",
            Code::NameUnresolved => "name-unresolved",
        }
    }
}

/// What is the matter with one server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// For programs.
    pub code: Code,
    /// How sure the cause is.
    pub certainty: Certainty,
    /// What happened.
    pub seen: String,
    /// Why; empty where all is well.
    pub cause: String,
    /// What to do on this machine.
    pub here: Option<String>,
    /// What to do on the server.
    pub there: Option<String>,
}

impl Diagnosis {
    fn new(code: Code, certainty: Certainty, seen: impl Into<String>, cause: impl Into<String>) -> Diagnosis {
        Diagnosis { code, certainty, seen: seen.into(), cause: cause.into(), here: None, there: None }
    }

    fn here(mut self, text: impl Into<String>) -> Diagnosis {
        self.here = Some(text.into());
        self
    }

    fn there(mut self, text: impl Into<String>) -> Diagnosis {
        self.there = Some(text.into());
        self
    }
}

/// Names the cause for one server of a run.
pub fn diagnose(server: &Server, outcome: &Outcome) -> Diagnosis {
    match server.contact.fault {
        // Whoever answers is reached: then a report, which may be forged too, explains no more than a lost packet.
        Some(fault) if is_unanswered(server) => {
            let report = fault.to_string();
            silence::by_port(&report, server).unwrap_or_else(|| fault::diagnose(fault, server))
        }
        Some(fault) => {
            let mut diagnosis = judge(server, outcome);
            diagnosis.seen += &format!("; seen besides: {fault}");
            diagnosis
        }
        None => judge(server, outcome),
    }
}

/// Whether a fault may be all that there is to say.
fn is_unanswered(server: &Server) -> bool {
    server.contact.answered == 0 && server.verdict == Verdict::Dropped(DropReason::NoData)
}

fn judge(server: &Server, outcome: &Outcome) -> Diagnosis {
    let contact = &server.contact;
    match server.verdict {
        Verdict::Dropped(DropReason::Kiss(kiss)) => reply::kiss(kiss, contact),
        Verdict::Dropped(DropReason::NoData) => match contact.rejected {
            (count, Some(rejection)) => reply::rejected(rejection, count, server),
            _ => silence::diagnose(server),
        },
        Verdict::Dropped(DropReason::StrataTooHigh | DropReason::LeapNotInSync) => sync_state::diagnose(server),
        Verdict::Dropped(reason) => match &contact.authentication {
            Some(used) if reason == DropReason::Untrusted => authentication::unproven(server, used),
            _ => reply::unfit(reason, contact),
        },
        Verdict::Falseticker => falseticker(server, outcome),
        Verdict::Undecided => no_majority(server, outcome),
        Verdict::Truechimer => wrong_date(server, outcome).unwrap_or_else(|| fit(server)),
        Verdict::Outlier => {
            let seen = format!("it agrees with the majority, and has no part in the offset: {}", answers(server));
            Diagnosis::new(Code::Outlier, Certainty::Certain, seen, outlier(server, outcome))
        }
        Verdict::NotAwaited => {
            let cause = "the others settled the time: whatever it says, the result stays within its bound";
            Diagnosis::new(Code::NotAwaited, Certainty::Certain, answers(server), cause)
        }
    }
}

/// A server that nobody contradicts, and whose date cannot be.
fn wrong_date(server: &Server, outcome: &Outcome) -> Option<Diagnosis> {
    let Conclusion::Decided { decision: Decision::Refuse(Refusal::BeforeRelease(time, _)), .. } = outcome.conclusion
    else {
        return None;
    };
    let offset = server.peer.as_ref()?.offset;
    let seen = format!("{}; its clock shows {}", answers(server), time.utc());
    let cause = match offset {
        offset if offset.is_gps_rollover() => ROLLOVER,
        _ if time < Time::from_unix(86_400 * 366, 0) => {
            "its clock has not been set since it was switched on: it began at 1970"
        }
        _ => "its clock is wrong: that is before this program's release",
    };
    let found = Diagnosis::new(Code::Broken, Certainty::Likely, seen, cause).here("ask another server");
    Some(found.there("set its clock right; see what it is synchronised to (ntpq -pn, chronyc sources)"))
}

const ROLLOVER: &str =
    "it follows a GPS receiver that has begun to count its 1024 weeks anew (19.6 years): its firmware is too old";

fn fit(server: &Server) -> Diagnosis {
    if let Some(moved) = reply::clock_moved(server) {
        return moved;
    }
    let contact = &server.contact;
    let (sent, answered) = (contact.sent, contact.answered);
    let unproven = contact.authentication.as_ref().filter(|used| used.failed > 0);
    let seen = answers(server);
    if server.contact.candidate.kiss.is_some() {
        return reply::rate(format!("{seen}, then kiss code RATE"));
    }
    if contact.late > 0 {
        return late(&seen, contact);
    }
    // What a report explains is no bad line.
    if answered + contact.failed < sent {
        let lost = 100 * (sent - answered) / sent;
        let cause = match unproven {
            Some(_) => format!("{lost} % of its replies get lost or are changed on the way: a bad line, or a forger"),
            None => format!("{lost} % of the packets get lost: a bad line, or the server drops what it finds too much"),
        };
        return Diagnosis::new(Code::Loss, Certainty::Likely, format!("fit, and {seen}"), cause)
            .here("more samples help (-p 8); --interval 2 asks no faster than servers with `limited` allow");
    }
    Diagnosis::new(Code::Fit, Certainty::Certain, format!("fit, {seen}"), "")
}

/// Replies that take longer than the time-out: the way is slow and loses nothing.
fn late(seen: &str, contact: &Contact) -> Diagnosis {
    let longest = contact.candidate.samples.iter().map(|sample| sample.delay).max().unwrap_or_default();
    let words = if contact.late == 1 { "1 reply".to_owned() } else { format!("{} replies", contact.late) };
    let cause = format!("the way is slow: {words} came after the time-out of -t, the slowest after {longest:.3} s");
    let enough = longest.as_secs_f64().ceil() + 1.0;
    Diagnosis::new(Code::Late, Certainty::Likely, format!("fit, and {seen}, {words} of them late"), cause)
        .here(format!("-t {enough:.0} waits long enough; a nearer server is better"))
}

/// How many of our requests it answered.
fn answers(server: &Server) -> String {
    let contact = &server.contact;
    let unproven = contact.authentication.as_ref().filter(|used| used.failed > 0);
    let others = unproven.map_or(String::new(), authentication::also_came);
    format!("{} of {} requests answered (reach {:03o}){others}", contact.answered, contact.sent, contact.reach)
}

/// Why a server that agrees has no part in the offset.
pub(crate) fn outlier(server: &Server, outcome: &Outcome) -> String {
    let (Some(peer), Conclusion::Decided { estimate, .. }) = (&server.peer, &outcome.conclusion) else {
        return "it agrees, without a part in the offset".to_owned();
    };
    let offset = format!("its offset {:+.6} sec, good to {:.6},", peer.offset, peer.root_distance);
    let (low, high) = (estimate.span.low, estimate.span.high);
    if estimate.span.holds(peer.offset) {
        format!("{offset} does not fit to the point that the others agree on best; nobody can tell which is right")
    } else {
        format!(
            "{offset} is too vague to count: it lies outside of {low:+.6} to {high:+.6}, which a majority has in common"
        )
    }
}

/// The servers of this standing, by their addresses.
fn with_verdict(outcome: &Outcome, wanted: impl Fn(Verdict) -> bool) -> Vec<String> {
    let chosen = outcome.servers.iter().filter(|server| wanted(server.verdict));
    chosen.map(|server| outcome.shown(server)).collect()
}

fn falseticker(server: &Server, outcome: &Outcome) -> Diagnosis {
    let (Some(peer), Conclusion::Decided { estimate, .. }) = (&server.peer, &outcome.conclusion) else {
        return no_majority(server, outcome);
    };
    let apart = peer.offset - estimate.offset;
    let side = if apart.is_negative() { "behind" } else { "ahead of" };
    let majority = with_verdict(outcome, |verdict| matches!(verdict, Verdict::Truechimer | Verdict::Outlier));
    let words =
        if apart.abs() < Interval::from_secs(86_400) { String::new() } else { format!(" ({})", apart.in_words()) };
    let by = format!("{:.6} s{words} {side}", apart.abs());
    let seen = format!("it is outvoted: its clock is {by} the majority ({})", majority.join(", "));
    let cause = if apart.is_gps_rollover() { ROLLOVER } else { "its clock is wrong; it has no part in the result" };
    Diagnosis::new(Code::Falseticker, Certainty::Likely, seen, cause)
        .there("see what it is synchronised to (ntpq -pn, chronyc sources)")
}

fn no_majority(server: &Server, outcome: &Outcome) -> Diagnosis {
    let own = server.peer.as_ref();
    let others = outcome.servers.iter().filter(|other| other.verdict == Verdict::Undecided);
    let others = others.filter(|other| other.contact.address != server.contact.address);
    let mut stands: Vec<String> = Vec::new();
    for other in others {
        let (Some(own), Some(peer)) = (own, &other.peer) else { continue };
        let apart = peer.offset - own.offset;
        let together = apart.abs() <= own.root_distance + peer.root_distance;
        let address = outcome.shown(other);
        stands.push(if together { format!("with {address}") } else { format!("{:.6} s from {address}", apart.abs()) });
    }
    let seen = format!("the servers disagree and no side has the majority: it stands {}", stands.join(", "));
    Diagnosis::new(Code::NoMajority, Certainty::Certain, seen, "one of them is wrong, and nothing here tells which")
        .here("ask more servers, four at least; or only the one that you trust")
        .there("see what it is synchronised to (ntpq -pn, chronyc sources)")
}
