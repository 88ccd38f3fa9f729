//! Why a name or a server is of no use, in one line each.

use crate::plural::{counted, verb};
use std::net::SocketAddr;

use super::Context;
use crate::diagnosis;
use crate::diagnosis::{smear, sync_state};
use crate::estimate::{Consistency, DropReason, NoMajority, Verdict};
use crate::exchange::{Contact, Renewal};
use crate::line::{Channel, Line, Priority};
use crate::net::{FaultKind, ResolveError};
use crate::nts::KeyFailure;
use crate::outcome::{Conclusion, Host, KeySource, Outcome, Server};

/// The names without an address, and those with too many.
pub fn host_lines(hosts: &[Host]) -> Vec<Line> {
    let line = |host: &Host, priority, text| Line { channel: Channel::Log(priority), at: host.known_at, text };
    let troubles = hosts.iter().filter_map(|host| match &host.addresses {
        _ if host.key_failure().is_some() => {
            let failure = host.key_failure()?;
            Some(line(
                host,
                Priority::Error,
                format!("host {} is not asked: NTS: {failure}{}", host.name, dates(failure, host)),
            ))
        }
        Err(error @ ResolveError::NotAwaited(_)) => {
            Some(line(host, Priority::Warning, format!("host {}: {error}", host.name)))
        }
        Err(error @ ResolveError::NoKey(_)) => {
            Some(line(host, Priority::Error, format!("host {} is not asked: {error}", host.name)))
        }
        Err(error @ ResolveError::NoClock(_)) => {
            Some(line(host, Priority::Error, format!("clock {} is not used: {error}", host.name)))
        }
        Err(error) => Some(line(host, Priority::Error, format!("Can't find host {}: {error}", host.name))),
        Ok(asked) if host.left_out > 0 => Some(line(
            host,
            Priority::Warning,
            format!(
                "{} has too many addresses: {} are asked, {} {} not",
                host.name,
                asked.len(),
                host.left_out,
                verb(host.left_out, "is", "are")
            ),
        )),
        Ok(_) => None,
    });
    troubles.collect()
}

/// What this clock shows, where a certificate's dates and the clock do not go together.
fn dates(failure: &KeyFailure, host: &Host) -> String {
    match failure {
        KeyFailure::Expired { .. } | KeyFailure::NotYetValid { .. } => {
            format!("; the clock here shows {}", host.known_at.utc())
        }
        _ => String::new(),
    }
}

/// What there is to say of keys, with -v.
pub(super) fn keys(outcome: &Outcome, context: &Context<'_>) -> Vec<Line> {
    let hosts = outcome.hosts.iter().filter(|_| context.output().verbose);
    let said = hosts.filter_map(|host| {
        let nts = host.nts.as_ref()?;
        let from = match (nts.source, nts.renewal) {
            (KeySource::None, _) => return None,
            (KeySource::Saved, _) => "with cookies of an earlier run",
            (KeySource::Exchanged, None) => "with new keys",
            (KeySource::Exchanged, Some(Renewal::Refused)) => {
                "with new keys, as the server did not know its cookies any more"
            }
            (KeySource::Exchanged, Some(Renewal::Silence)) => {
                "with new keys, as the server was silent to cookies of an earlier run"
            }
            (KeySource::Exchanged, Some(Renewal::NoCookie)) => "with new keys, as there was no cookie left",
        };
        let checked = if nts.provisional.is_some() { "; its certificate was checked at the obtained time" } else { "" };
        Some(format!("{} is asked by NTS, {from}{checked}", host.name))
    });
    said.map(|text| Line { channel: Channel::Log(Priority::Info), at: outcome.finished, text }).collect()
}

/// Names that lead to one server, which has one voice however many names it has: said where there is no other server (a portal, a
/// name server that lies), and with -v.
pub(super) fn one_server(outcome: &Outcome, context: &Context<'_>) -> Vec<Line> {
    let is_lone = outcome.servers.len() == 1;
    let shared = outcome.servers.iter().filter_map(|server| {
        // With NTS the key exchange names the port.
        let is_to = |host: &&Host| {
            let is_it = |to: &SocketAddr| {
                to.ip() == server.contact.address.ip() && (host.nts.is_none() || *to == server.contact.address)
            };
            host.addresses.iter().flatten().any(is_it)
        };
        let mut names: Vec<&str> = outcome.hosts.iter().filter(is_to).map(|host| host.name.as_str()).collect();
        names.dedup_by_key(|name| name.trim_end_matches('.').to_lowercase());
        (names.len() > 1 && (is_lone || context.output().verbose))
            .then(|| format!("{} lead to one server, {}: it counts once", names.join(" and "), outcome.shown(server)))
    });
    let priority = if is_lone { Priority::Warning } else { Priority::Info };
    shared.map(|text| Line { channel: Channel::Log(priority), at: outcome.finished, text }).collect()
}

/// The servers that have no part in the result.
pub(super) fn servers(outcome: &Outcome, context: &Context<'_>) -> Vec<Line> {
    let said = |server| Some(line(outcome, server, &cause(server, outcome, context)?));
    outcome.servers.iter().filter_map(said).collect()
}

/// The servers whose samples contradict each other, and that have a part in the result all the same.
pub(super) fn contradictions(outcome: &Outcome) -> Vec<Line> {
    let parts = outcome.servers.iter().filter(|server| server.verdict == Verdict::Truechimer);
    parts.filter_map(|server| Some(line(outcome, server, &jumped(server)?))).collect()
}

fn line(outcome: &Outcome, server: &Server, text: &str) -> Line {
    Line {
        channel: Channel::Log(Priority::Warning),
        at: outcome.finished,
        text: format!("{}: {text}", outcome.shown(server)),
    }
}

fn cause(server: &Server, outcome: &Outcome, context: &Context<'_>) -> Option<String> {
    match server.verdict {
        Verdict::Truechimer => jumped(server),
        Verdict::Outlier => context.output().verbose.then(|| diagnosis::outlier(server, outcome)),
        Verdict::NotAwaited => not_awaited(server, context),
        Verdict::Undecided => None,
        Verdict::Falseticker => Some(falseticker(server, outcome, context)),
        Verdict::Dropped(DropReason::NoData) if !context.output().verbose && is_spared(server, outcome) => None,
        Verdict::Dropped(DropReason::NoData) => Some(no_data(&server.contact) + &hint(server, outcome)),
        Verdict::Dropped(reason @ (DropReason::StrataTooHigh | DropReason::LeapNotInSync)) => {
            Some(format!("Server dropped: {reason}{}", own_words(&server.contact)))
        }
        Verdict::Dropped(DropReason::Untrusted) => {
            Some(format!("Server dropped: {}{}", DropReason::Untrusted, untrusted(&server.contact)))
        }
        Verdict::Dropped(reason @ DropReason::RootDistance(too_distant)) => {
            Some(format!("Server dropped: {reason}: {}", diagnosis::usual_cause(&too_distant)))
        }
        // One line says it of all of them, where those that have a vote gave the time.
        Verdict::Dropped(DropReason::NoVote)
            if !context.output().verbose && matches!(outcome.conclusion, Conclusion::Decided { .. }) =>
        {
            None
        }
        Verdict::Dropped(reason) => Some(format!("Server dropped: {reason}")),
    }
}

/// Whether the run succeeded without this address, which a name has beside others, and which this machine has no way to: that is
/// how a name with IPv6 addresses looks where there is no IPv6, and nobody is to be told in every run.
fn is_spared(server: &Server, outcome: &Outcome) -> bool {
    let address = server.contact.address.ip();
    let is_beside = |host: &Host| {
        let mut addresses = host.addresses.iter().flatten();
        addresses.clone().any(|other| other.ip() == address)
            && addresses.any(|other| other.is_ipv4() != address.is_ipv4())
    };
    let no_way = server.contact.fault.is_some_and(|fault| {
        fault.reporter.is_none()
            && matches!(fault.kind, FaultKind::NetworkUnreachable | FaultKind::NoAddress | FaultKind::NoFamily)
    });
    let is_done = matches!(outcome.conclusion, Conclusion::Decided { failure: None, .. });
    is_done && no_way && outcome.hosts.iter().any(is_beside)
}

/// Samples that do not count, for they contradict the others.
fn jumped(server: &Server) -> Option<String> {
    let peer = server.peer.as_ref()?;
    let (counted, all) = (peer.counted, server.contact.candidate.samples.len());
    match peer.consistency {
        Consistency::Changed { before, after, .. } => Some(format!(
            "its offset jumped from {before:+.6} to {after:+.6} sec: the newest {counted} of {all} samples count"
        )),
        Consistency::Stray { offset, .. } => Some(format!(
            "one of its {all} samples, offset {offset:+.6} sec, contradicts the others and is passed over"
        )),
        Consistency::Agree | Consistency::Contradict { .. } => None,
    }
}

/// A server that is merely slow is no trouble; one that has said nothing may be dead.
fn not_awaited(server: &Server, context: &Context<'_>) -> Option<String> {
    let (sent, answered) = (server.contact.sent, server.contact.answered);
    let is_silent = answered == 0;
    (is_silent || context.output().verbose).then(|| {
        let heard = if is_silent { "no reply yet".to_owned() } else { format!("{answered} of {sent} answered") };
        format!("{heard}, and not waited for: the others settle the time (-d waits, and looks for the cause)")
    })
}

/// How far a falseticker lies from the majority.
pub(super) fn falseticker(server: &Server, outcome: &Outcome, context: &Context<'_>) -> String {
    let Some(peer) = &server.peer else { return "falseticker".to_owned() };
    let mut text = format!("falseticker: offset {} sec", context.offset(peer.offset));
    if let Conclusion::Decided { estimate, .. } = &outcome.conclusion {
        text += &format!(", {:.6} sec from the majority", (peer.offset - estimate.offset).abs());
    }
    match smear::find(server, outcome) {
        Some(smear) if smear.is_smearing => text += &format!("; it seems to smear the leap second of {}", smear.day),
        Some(smear) => text += &format!("; the majority seems to smear the leap second of {}", smear.day),
        None => {}
    }
    text
}

/// What a server without sync says of itself.
fn own_words(contact: &Contact) -> String {
    let Some(reply) = &contact.last_reply else { return String::new() };
    match sync_state::kiss(reply) {
        Some((code, cause, _)) => format!(" (kiss code {code}: {cause})"),
        None => format!(" ({}: the server is not synchronised itself)", sync_state::state(reply)),
    }
}

/// Which key, and what failed.
fn untrusted(contact: &Contact) -> String {
    if let Some(record) = &contact.nts {
        return match record.last_failure {
            _ if record.refused > 0 && record.failed <= record.refused => {
                " (NTS: it does not know the cookie)".to_owned()
            }
            Some(fault) => format!(" (NTS: {fault})"),
            None => String::new(),
        };
    }
    let Some(authentication) = &contact.authentication else { return String::new() };
    let Some(fault) = authentication.last_failure else { return String::new() };
    format!(" (key {}, {}: {fault})", authentication.key, authentication.algorithm)
}

/// Silence has many causes, which take some more packets to tell apart; a forgotten bracket takes none.
fn hint(server: &Server, outcome: &Outcome) -> String {
    let contact = &server.contact;
    match diagnosis::with_port(server, outcome).filter(|_| contact.answered == 0) {
        Some(meant) => format!(" (an IPv6 address: if a port was meant, write {meant})"),
        None if contact.fault.is_none() && contact.rejected.1.is_none() => " (-d looks for the cause)".to_owned(),
        None => String::new(),
    }
}

/// Why nothing usable came.
pub(super) fn no_data(contact: &Contact) -> String {
    if let Some(fault) = contact.fault.filter(|_| contact.answered == 0) {
        return format!("no data: {fault}");
    }
    if contact.sent == 0 {
        return "no data: not asked, the time was up before".to_owned();
    }
    let requests = counted(contact.sent, "request");
    match contact.rejected {
        (count, Some(rejection)) => {
            let packets = format!("{} {}", counted(count, "packet"), verb(count, "was", "were"));
            format!("no data: {requests} sent, {packets} not usable: {rejection}")
        }
        _ => format!("no data: no reply to {requests}"),
    }
}

/// Says which servers contradict which, and by how much.
pub(super) fn disagreement(split: &NoMajority, outcome: &Outcome, context: &Context<'_>) -> String {
    let sides: Vec<String> = split
        .offsets
        .iter()
        .filter_map(|(server, offset)| {
            Some(format!("{} offset {}", outcome.shown_at(*server)?, context.offset(*offset)))
        })
        .collect();
    let spread = match (split.offsets.first(), split.offsets.last()) {
        (Some((_, first)), Some((_, last))) => *last - *first,
        _ => return "servers disagree".to_owned(),
    };
    if let [alone] = &sides[..] {
        return format!("no majority: {alone} stands alone against servers that contradict themselves");
    }
    let smear = outcome.servers.iter().find_map(|server| smear::find(server, outcome)).map_or(String::new(), |smear| {
        format!("; some seem to smear the leap second of {} and others do not: ask servers of one kind only", smear.day)
    });
    format!("servers disagree and none has a majority: {}; {spread:.6} sec apart{smear}", sides.join(", "))
}
