//! Which failures pass by themselves, and how long to wait for that. Pure.
#![forbid(unsafe_code)]

use std::collections::HashSet;
use std::time::Duration;

use crate::estimate::{DropReason, Verdict};
use crate::net::ResolveError;
use crate::outcome::{Conclusion, Host, Outcome, Server};
use crate::policy::{Decision, Refusal};

/// What a run waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Obstacle {
    /// No name resolves.
    Names,
    /// No packet gets out, or routers send it back.
    Route,
    /// Packets get out and nothing comes back.
    Silence,
    /// The servers are not synchronised themselves.
    Unsynchronised,
    /// One server with NTS alone vouches for the time, and another one may.
    Witness,
}

impl Obstacle {
    /// Why a run failed, if it may succeed later.
    pub(super) fn in_outcome(outcome: &Outcome) -> Option<Obstacle> {
        match &outcome.conclusion {
            // Where a name resolved its servers are those that are to be left alone, for longer than anybody waits.
            Conclusion::NobodyToAsk if outcome.hosts.iter().any(resolved) => None,
            Conclusion::NobodyToAsk if outcome.hosts.iter().any(ended) || outcome.hosts.iter().all(is_lost) => None,
            Conclusion::NobodyToAsk => Some(Obstacle::Names),
            Conclusion::NoEstimate(_) => {
                let unsynchronised = |server: &Server| {
                    matches!(
                        server.verdict,
                        Verdict::Dropped(
                            DropReason::StrataTooHigh | DropReason::LeapNotInSync | DropReason::TooLongWithoutSync
                        )
                    )
                };
                // What proves nothing is as good as not sent: the right server may still come through.
                let unheard = |server: &&Server| {
                    matches!(server.verdict, Verdict::Dropped(DropReason::NoData | DropReason::Untrusted))
                };
                let mut silent = outcome.servers.iter().filter(unheard).peekable();
                if outcome.servers.iter().any(unsynchronised) {
                    Some(Obstacle::Unsynchronised)
                } else if silent.peek().is_none() {
                    // They answered, with what time does not mend; a name that is missing may yet resolve.
                    let is_missing = |host: &Host| host.addresses.is_err() && !is_lost(host);
                    outcome.hosts.iter().any(is_missing).then_some(Obstacle::Names)
                } else if silent.any(|server| server.contact.fault.is_none()) {
                    Some(Obstacle::Silence)
                } else {
                    Some(Obstacle::Route)
                }
            }
            Conclusion::Decided { decision: Decision::Refuse(Refusal::LoneCertificate), .. } => {
                let with_nts = outcome.hosts.iter().filter(|host| host.nts.is_some() && !is_lost(host));
                let names: HashSet<String> =
                    with_nts.map(|host| host.name.trim_end_matches('.').to_lowercase()).collect();
                (names.len() > 1).then_some(Obstacle::Witness)
            }
            Conclusion::Decided { .. } => None,
        }
    }

    /// For the user: "waiting for …".
    pub(super) fn awaited(self) -> &'static str {
        match self {
            Obstacle::Names => "names to resolve",
            Obstacle::Route => "the network",
            Obstacle::Silence => "an answer",
            Obstacle::Unsynchronised => "a server to be synchronised",
            Obstacle::Witness => "a second server with NTS",
        }
    }

    /// How many tries there were since anything changed, after another one and a pause in which the network did or did not
    /// change. Servers that are reached and do not answer are not asked more often for an interface that comes and goes.
    pub(super) fn tries(self, before: u32, changed: bool) -> u32 {
        if changed && matches!(self, Obstacle::Names | Obstacle::Route) { 0 } else { before.saturating_add(1) }
    }

    /// The pause before the next try, the `tries`-th since anything changed, from 0, after a try that `took` so long. What costs
    /// servers nothing is tried each second, whether a try fails at once or waits for a silent name server; what does, ever less
    /// often.
    pub(super) fn pause(self, tries: u32, took: Duration) -> Duration {
        let growing = |first: u64, most: u64| Duration::from_millis((first << tries.min(10)).min(most));
        match self {
            Obstacle::Names | Obstacle::Route => growing(100, 700).saturating_sub(took).max(Duration::from_millis(100)),
            Obstacle::Silence => growing(500, 8000),
            Obstacle::Unsynchronised | Obstacle::Witness => growing(2000, 16_000),
        }
    }
}

fn resolved(host: &Host) -> bool {
    host.addresses.as_ref().is_ok_and(|addresses| !addresses.is_empty())
}

/// No further try finds any name.
fn ended(host: &Host) -> bool {
    matches!(host.addresses, Err(ResolveError::Ended(_)))
}

/// No further try finds this name, or a key for its servers, or a clock of this machine: keys are read once in a run, and clocks
/// opened once.
fn is_lost(host: &Host) -> bool {
    matches!(
        host.addresses,
        Err(ResolveError::Ended(_)
            | ResolveError::NoKey(_)
            | ResolveError::NoClock(_)
            | ResolveError::MisplacedInterface(_))
    )
}

/// How long one try may wait for an answer: longer each time, for slow lines.
pub(super) fn timeout_of_try(tries: u32) -> Duration {
    Duration::from_millis(700 + 300 * u64::from(tries.min(10)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::{Estimate, Span};
    use crate::exchange::Trace;
    use crate::outcome::{HostNts, KeySource};
    use crate::time::{Interval, Time};

    #[test]
    fn pauses_grow_up_to_a_limit() {
        let pauses = |obstacle: Obstacle, took| {
            [0, 1, 2, 3, 4, 99].map(|tries| obstacle.pause(tries, Duration::from_millis(took)).as_millis())
        };
        assert_eq!(pauses(Obstacle::Names, 0), [100, 200, 400, 700, 700, 700]);
        assert_eq!(pauses(Obstacle::Names, 350), [100, 100, 100, 350, 350, 350]);
        assert_eq!(pauses(Obstacle::Route, 5000), [100; 6]);
        assert_eq!(pauses(Obstacle::Silence, 700), [500, 1000, 2000, 4000, 8000, 8000]);
        assert_eq!(pauses(Obstacle::Unsynchronised, 700), [2000, 4000, 8000, 16_000, 16_000, 16_000]);
        assert_eq!([0, 1, 10, 99].map(|tries| timeout_of_try(tries).as_millis()), [700, 1000, 3700, 3700]);
    }

    /// What came of a run that asked nobody.
    fn outcome(hosts: Vec<Host>, conclusion: Conclusion) -> Outcome {
        Outcome {
            started: Time::from_unix(0, 0),
            finished: Time::from_unix(0, 0),
            port: 123,
            hosts,
            clocks: Vec::new(),
            servers: Vec::new(),
            trace: Trace::default(),
            conclusion,
            rtc: None,
            warnings: Vec::new(),
            taught: None,
        }
    }

    #[test]
    fn only_missing_names_are_waited_for() {
        let host = |addresses| Host {
            name: "a".to_owned(),
            addresses,
            known_at: Time::from_unix(0, 0),
            left_out: 0,
            reverse: Vec::new(),
            evidence: None,
            nts: None,
        };
        let missing = || host(Err(ResolveError::TimedOut(Duration::ZERO)));
        let there = || host(Ok(vec!["192.0.2.1:0".parse().unwrap()]));
        let obstacle = |hosts| Obstacle::in_outcome(&outcome(hosts, Conclusion::NobodyToAsk));
        assert_eq!(obstacle(vec![missing(), missing()]), Some(Obstacle::Names));
        assert_eq!(obstacle(vec![there()]), None, "all its addresses are to be left alone");
        assert_eq!(obstacle(vec![missing(), there()]), None);
        let ended = host(Err(ResolveError::Ended("the process that looks up names has ended".to_owned())));
        assert_eq!(obstacle(vec![missing(), ended]), None, "nobody looks them up any more");
        let no_key = || host(Err(ResolveError::NoKey("no such file".to_owned())));
        assert_eq!(obstacle(vec![no_key(), missing()]), Some(Obstacle::Names), "the other one may come");
        assert_eq!(obstacle(vec![no_key(), no_key()]), None, "keys are read once");
    }

    #[test]
    fn another_server_with_nts_is_waited_for_where_one_alone_vouches() {
        let host = |name: &str, with_nts: bool| Host {
            name: name.to_owned(),
            addresses: Err(ResolveError::NoNts("nothing listens".to_owned())),
            known_at: Time::from_unix(0, 0),
            left_out: 0,
            reverse: Vec::new(),
            evidence: None,
            nts: with_nts.then_some(HostNts {
                port: 4460,
                source: KeySource::None,
                renewal: None,
                provisional: None,
                failure: None,
                answers_plainly: None,
            }),
        };
        let obstacle = |hosts, refusal| {
            let span = Span { low: Interval::ZERO, high: Interval::ZERO };
            let (offset, bound, jitter) = (Interval::ZERO, Interval::ZERO, Interval::ZERO);
            let estimate = Estimate { offset, bound, span, jitter, system_peer: 0, agreeing: 1, voters: 1 };
            let decision = Decision::Refuse(refusal);
            Obstacle::in_outcome(&outcome(hosts, Conclusion::Decided { estimate, decision, failure: None }))
        };
        let two = || vec![host("a.example", true), host("b.example", true)];
        assert_eq!(obstacle(two(), Refusal::LoneCertificate), Some(Obstacle::Witness));
        assert_eq!(obstacle(two(), Refusal::Backward), None);
        let twice = vec![host("a.example", true), host("A.example.", true), host("plain.example", false)];
        assert_eq!(obstacle(twice, Refusal::LoneCertificate), None, "nobody else can vouch for it");
    }

    #[test]
    fn a_change_of_the_network_is_no_reason_to_hurry_servers() {
        for obstacle in [Obstacle::Names, Obstacle::Route] {
            assert_eq!([true, false].map(|changed| obstacle.tries(5, changed)), [0, 6]);
        }
        for obstacle in [Obstacle::Silence, Obstacle::Unsynchronised, Obstacle::Witness] {
            assert_eq!([true, false].map(|changed| obstacle.tries(5, changed)), [6, 6]);
        }
    }
}
