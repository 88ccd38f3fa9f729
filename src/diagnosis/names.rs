//! A name has no address: whose fault that is.

use super::code::Code;
use super::found::{Certainty, Diagnosis};
use super::nts;
use crate::evidence::{NameAnswer, NameEvidence};
use crate::net::ResolveError;
use crate::outcome::Host;
use crate::time::Time;
use crate::wire::nts::KE_PORT;

use Certainty::{Certain, Likely, Possible};

/// A clock that shows an earlier time was never set: signatures (DNSSEC) are not valid yet at its date.
const PLAUSIBLE: Time = Time::from_unix(1_577_836_800, 0);

/// Where this machine's name servers are to be seen.
const CHECK: &str = "see /etc/resolv.conf (and \"resolvectl status\", \"nmcli dev show\")";

/// Names the cause for a name without an address, or without keys; nothing for one that has what it needs. `now`: this machine's clock.
pub fn diagnose_name(host: &Host, now: Time) -> Option<Diagnosis> {
    if let Some(failure) = host.key_failure() {
        let found = host.nts.as_ref();
        let port = found.map_or(KE_PORT, |nts| nts.port);
        let answers_plainly = found.and_then(|nts| nts.answers_plainly);
        return Some(nts::key_exchange(&nts::Failed { name: &host.name, port, failure, now, answers_plainly }));
    }
    let error = host.addresses.as_ref().err()?;
    let seen = error.to_string();
    let found = |code, certainty, cause: &str| Diagnosis::new(code, certainty, seen.clone(), cause);
    Some(match (error, &host.evidence) {
        (ResolveError::NotAwaited(_), _) => {
            found(Code::NotAwaited, Certain, "the others settled the time before the name server answered")
        }
        (ResolveError::NoKey(_), _) => {
            let cause = "a file wants it to prove itself by a key that cannot be had: without that anybody on the way could answer";
            found(Code::NoKey, Certain, cause).here("mend the key file; -a and -k give one key for all servers")
        }
        (ResolveError::NoClock(_), _) => {
            found(Code::NoClock, Certain, "a hardware clock of this machine is not there, or not to be used")
                .here("\"grep . /sys/class/ptp/*/clock_name\" lists the clocks; chronyd, ptp4l and phc2sys set those of network cards")
        }
        (ResolveError::NoThread(_) | ResolveError::Ended(_), _) => {
            found(Code::NameUnresolved, Certain, "this machine cannot look names up at the moment").here("run it again")
        }
        (ResolveError::NoInterface(_), _) => {
            let cause = "the address holds on one link only, and the interface behind its % is not there";
            found(Code::NameUnresolved, Certain, cause).here("\"ip -br link\" lists the interfaces")
        }
        (ResolveError::MisplacedInterface(interface), _) => {
            found(Code::NameUnresolved, Certain, "the address is the same on every interface")
                .here(format!("leave out %{interface}"))
        }
        // Whoever answered, or nobody: the name server has done its part.
        (ResolveError::NoServer(_), _) => {
            found(Code::NameUnresolved, Certain, "no server can have the address").here("give another server")
        }
        (_, None) => found(Code::NameUnresolved, Possible, "the name server or the name is at fault").here(CHECK),
        (_, Some(evidence)) => by_evidence(error, evidence, &seen, now),
    })
}

/// Whether this machine has no name server to ask.
fn unconfigured(evidence: &NameEvidence, seen: &str) -> Option<Diagnosis> {
    let found = |certainty, cause: &str| Diagnosis::new(Code::NoNameServer, certainty, said(seen, evidence), cause);
    match &evidence.configured {
        Err(why) => Some(
            found(Likely, &format!("no name server is configured: /etc/resolv.conf: {why}"))
                .here(format!("{CHECK}; or give an address in place of the name")),
        ),
        Ok(servers) if servers.is_empty() => {
            Some(found(Certain, "no name server is configured: /etc/resolv.conf names none").here(format!(
                "{CHECK}; the network may not be up yet (--wait); or give an address in place of the name"
            )))
        }
        Ok(_) => None,
    }
}

/// What the name servers answered, from the plainest answer to none that is of use.
fn by_evidence(error: &ResolveError, evidence: &NameEvidence, seen: &str, now: Time) -> Diagnosis {
    let found = |code, certainty, cause: &str| Diagnosis::new(code, certainty, said(seen, evidence), cause);
    if let Some(found) = unconfigured(evidence, seen) {
        return found;
    }
    let any = |wanted: &dyn Fn(&NameAnswer) -> bool| evidence.answers.iter().any(|(_, answer)| wanted(answer));
    let is_no_address = matches!(error, ResolveError::NoAddress { .. });
    if any(&|answer| *answer == NameAnswer::Code(3)) {
        return found(Code::NoSuchName, Certain, "the name does not exist, says the name server")
            .here("check its spelling");
    }
    if is_no_address && any(&|answer| *answer == NameAnswer::Code(0)) {
        let cause = "the name has no address of the family that is asked for, or none at all";
        return found(Code::NoSuchName, Likely, cause)
            .here("leave out -4 and -6; \"getent ahosts NAME\" shows what there is");
    }
    if any(&|answer| *answer == NameAnswer::Code(2)) {
        let early = "its answer cannot be proven (DNSSEC) at the date that this clock shows, or it reaches no other name server";
        let late = "it reaches no other name server, or the name's own servers are broken (DNSSEC among other things)";
        let cause = if now < PLAUSIBLE { early } else { late };
        return found(Code::NameServerFailed, Likely, &format!("the name server fails (SERVFAIL): {cause}")).here(
            "ask another name server, or give an address in place of the name; with a wrong clock that sets it right",
        );
    }
    if any(&|answer| *answer == NameAnswer::Code(5)) {
        let cause = "the name server refuses this client (REFUSED): it does not serve this network, or not this name";
        return found(Code::NameServerRefused, Certain, cause).here(CHECK);
    }
    if any(&|answer| *answer == NameAnswer::Code(0)) {
        let cause = "the name server answers now: a question got lost before, or answers for IPv6 do not come";
        return found(Code::SlowOrLossy, Likely, cause).here("run it again; -4 asks for IPv4 alone");
    }
    unhelpful(evidence, seen)
}

/// No name server has given an answer that is of use.
fn unhelpful(evidence: &NameEvidence, seen: &str) -> Diagnosis {
    let found = |code, certainty, cause: &str| Diagnosis::new(code, certainty, said(seen, evidence), cause);
    let any = |wanted: &dyn Fn(&NameAnswer) -> bool| evidence.answers.iter().any(|(_, answer)| wanted(answer));
    if any(&|answer| *answer == NameAnswer::Cut) {
        let cause = "the name server's answer is too long for one packet, and TCP 53, over which the whole of it comes, \
                     does not get through: a firewall, or a name server that has none";
        return found(Code::NameServerFailed, Likely, cause)
            .here("let TCP to port 53 out, or ask another name server; or give an address in place of the name");
    }
    if any(&|answer| matches!(answer, NameAnswer::Code(_))) {
        let cause =
            "the name server does not understand the question, or does not answer such (FORMERR, NOTIMP and the like)";
        return found(Code::NameServerFailed, Likely, cause).here(format!("ask another name server: {CHECK}"));
    }
    if any(&|answer| matches!(answer, NameAnswer::Unreachable(_))) {
        let cause = "no name server can be reached: the network is not up, or nothing listens there";
        return found(Code::NameServerSilent, Likely, cause).here(format!("{CHECK}; --wait waits for the network"));
    }
    let cause = "the name servers do not answer: they are down, the address is wrong, or a firewall drops UDP 53";
    found(Code::NameServerSilent, Likely, cause).here(format!("{CHECK}; or give an address in place of the name"))
}

/// Says which name server said what.
fn said(seen: &str, evidence: &NameEvidence) -> String {
    let word = |answer: &NameAnswer| match answer {
        NameAnswer::Code(0) => "answers".to_owned(),
        NameAnswer::Code(1) => "says FORMERR".to_owned(),
        NameAnswer::Code(2) => "says SERVFAIL".to_owned(),
        NameAnswer::Code(3) => "says NXDOMAIN".to_owned(),
        NameAnswer::Code(4) => "says NOTIMP".to_owned(),
        NameAnswer::Code(5) => "says REFUSED".to_owned(),
        NameAnswer::Code(other) => format!("answers with code {other}"),
        NameAnswer::Cut => "answers with a part".to_owned(),
        NameAnswer::Silent => "does not answer".to_owned(),
        NameAnswer::Unreachable(why) => format!("cannot be reached: {why}"),
    };
    let words: Vec<String> =
        evidence.answers.iter().map(|(server, answer)| format!("{server} {}", word(answer))).collect();
    if words.is_empty() { seen.to_owned() } else { format!("{seen}; {}", words.join(", ")) }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    /// A name that the C library has no address for, and what its name server says.
    fn nameless(answer: NameAnswer) -> Host {
        let server: IpAddr = "192.0.2.53".parse().unwrap();
        Host {
            name: "ntp.example".to_owned(),
            addresses: Err(ResolveError::NameServer { text: "failed".to_owned(), code: -3 }),
            known_at: Time::UNIX_EPOCH,
            left_out: 0,
            reverse: Vec::new(),
            evidence: Some(NameEvidence { configured: Ok(vec![server]), answers: vec![(server, answer)] }),
            nts: None,
        }
    }

    /// A name server that says something is not one that does not answer.
    #[test]
    fn the_cause_is_what_was_seen() {
        for (answer, seen, cause) in [
            (NameAnswer::Code(1), "says FORMERR", "does not understand the question"),
            (NameAnswer::Code(4), "says NOTIMP", "does not understand the question"),
            (NameAnswer::Code(9), "answers with code 9", "does not understand the question"),
            (NameAnswer::Cut, "answers with a part", "TCP 53"),
            (NameAnswer::Silent, "does not answer", "do not answer"),
        ] {
            let found = diagnose_name(&nameless(answer.clone()), Time::from_unix(1_800_000_000, 0)).unwrap();
            assert!(found.seen.contains(seen) && found.cause.contains(cause), "{answer:?}: {found:?}");
        }
    }

    #[test]
    fn a_clock_that_was_never_set_is_a_likely_cause_of_servfail() {
        let host = nameless(NameAnswer::Code(2));
        let cause = |now| diagnose_name(&host, Time::from_unix(now, 0)).unwrap().cause;
        assert!(cause(1000).contains("at the date that this clock shows"), "{}", cause(1000));
        assert!(!cause(1_800_000_000).contains("this clock"), "{}", cause(1_800_000_000));
    }
}
