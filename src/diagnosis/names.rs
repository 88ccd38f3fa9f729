//! A name has no address: whose fault that is.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{Certainty, Code, Diagnosis};
use crate::net::ResolveError;
use crate::outcome::Host;
use crate::time::Time;

use Certainty::{Certain, Likely, Possible};

/// What a name server answered to a question for the name's IPv4 address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NameAnswer {
    /// This response code (RFC 1035 §4.1.1): 0 no error, 2 server failure, 3 no such name, 5 refused.
    Code(u8),
    /// Nothing, in the time that there was.
    Silent,
    /// The question could not be sent, or was refused by the host; the kernel's words.
    Unreachable(String),
}

/// What was found out about a name after the C library had no address for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NameEvidence {
    /// The name servers that /etc/resolv.conf names, or why it could not be read.
    pub configured: Result<Vec<IpAddr>, String>,
    /// What each of them says.
    pub answers: Vec<(IpAddr, NameAnswer)>,
}

/// A clock that shows an earlier time was never set: signatures (DNSSEC) are not valid yet at its date.
const PLAUSIBLE: Time = Time::from_unix(1_577_836_800, 0);

/// Names the cause for a name without an address; nothing for one that has any. `now`: this machine's clock.
pub fn diagnose_name(host: &Host, now: Time) -> Option<Diagnosis> {
    let error = host.addresses.as_ref().err()?;
    let seen = error.to_string();
    let found = |code, certainty, cause: &str| Diagnosis::new(code, certainty, seen.clone(), cause);
    let check = "see /etc/resolv.conf (and \"resolvectl status\", \"nmcli dev show\")";
    Some(match (error, &host.evidence) {
        (ResolveError::NotAwaited(_), _) => {
            found(Code::NotAwaited, Certain, "the others settled the time before the name server answered")
        }
        (ResolveError::NoThread(_) | ResolveError::Ended(_), _) => {
            found(Code::NameUnresolved, Certain, "this machine cannot look names up at the moment").here("run it again")
        }
        (_, None) => found(Code::NameUnresolved, Possible, "the name server or the name is at fault").here(check),
        (_, Some(evidence)) => by_evidence(error, evidence, &seen, now),
    })
}

fn by_evidence(error: &ResolveError, evidence: &NameEvidence, seen: &str, now: Time) -> Diagnosis {
    let found = |code, certainty, cause: &str| Diagnosis::new(code, certainty, said(seen, evidence), cause);
    let check = "see /etc/resolv.conf (and \"resolvectl status\", \"nmcli dev show\")";
    match &evidence.configured {
        Err(why) => {
            return found(
                Code::NoNameServer,
                Likely,
                &format!("no name server is configured: /etc/resolv.conf: {why}"),
            )
            .here(format!("{check}; or give an address in place of the name"));
        }
        Ok(servers) if servers.is_empty() => {
            return found(Code::NoNameServer, Certain, "no name server is configured: /etc/resolv.conf names none")
                .here(format!(
                    "{check}; the network may not be up yet (--wait); or give an address in place of the name"
                ));
        }
        Ok(_) => {}
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
        return found(Code::NameServerRefused, Certain, cause).here(check);
    }
    if any(&|answer| *answer == NameAnswer::Code(0)) {
        let cause = "the name server answers now: a question got lost before, or answers for IPv6 do not come";
        return found(Code::SlowOrLossy, Likely, cause).here("run it again; -4 asks for IPv4 alone");
    }
    if any(&|answer| matches!(answer, NameAnswer::Unreachable(_))) {
        let cause = "no name server can be reached: the network is not up, or nothing listens there";
        return found(Code::NameServerSilent, Likely, cause).here(format!("{check}; --wait waits for the network"));
    }
    let cause = "the name servers do not answer: they are down, the address is wrong, or a firewall drops UDP 53";
    found(Code::NameServerSilent, Likely, cause).here(format!("{check}; or give an address in place of the name"))
}

/// Who said what.
fn said(seen: &str, evidence: &NameEvidence) -> String {
    let word = |answer: &NameAnswer| match answer {
        NameAnswer::Code(0) => "answers".to_owned(),
        NameAnswer::Code(2) => "says SERVFAIL".to_owned(),
        NameAnswer::Code(3) => "says NXDOMAIN".to_owned(),
        NameAnswer::Code(5) => "says REFUSED".to_owned(),
        NameAnswer::Code(other) => format!("answers with code {other}"),
        NameAnswer::Silent => "does not answer".to_owned(),
        NameAnswer::Unreachable(why) => format!("cannot be reached: {why}"),
    };
    let words: Vec<String> =
        evidence.answers.iter().map(|(server, answer)| format!("{server} {}", word(answer))).collect();
    if words.is_empty() { seen.to_owned() } else { format!("{seen}; {}", words.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_never_set_is_a_likely_cause_of_servfail() {
        let server: IpAddr = "192.0.2.53".parse().unwrap();
        let evidence = NameEvidence { configured: Ok(vec![server]), answers: vec![(server, NameAnswer::Code(2))] };
        let host = Host {
            name: "ntp.example".to_owned(),
            addresses: Err(ResolveError::NameServer { text: "failed".to_owned(), code: -3 }),
            known_at: Time::UNIX_EPOCH,
            left_out: 0,
            reverse: Vec::new(),
            evidence: Some(evidence),
        };
        let cause = |now| diagnose_name(&host, Time::from_unix(now, 0)).unwrap().cause;
        assert!(cause(1000).contains("at the date that this clock shows"), "{}", cause(1000));
        assert!(!cause(1_800_000_000).contains("this clock"), "{}", cause(1_800_000_000));
    }
}
