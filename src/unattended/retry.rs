//! Which failures pass by themselves, and how long to wait for that. Pure.
#![forbid(unsafe_code)]

use std::time::Duration;

use crate::estimate::{DropReason, NoEstimate, Verdict};
use crate::outcome::{Conclusion, Outcome, Server};

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
}

impl Obstacle {
    /// Why a run failed, if it may succeed later.
    pub(super) fn in_outcome(outcome: &Outcome) -> Option<Obstacle> {
        match &outcome.conclusion {
            Conclusion::NobodyToAsk => Some(Obstacle::Names),
            Conclusion::NoEstimate(NoEstimate::NoServer) => {
                let unsynchronised = |server: &Server| {
                    matches!(
                        server.verdict,
                        Verdict::Dropped(
                            DropReason::StrataTooHigh | DropReason::LeapNotInSync | DropReason::TooLongWithoutSync
                        )
                    )
                };
                let unheard = |server: &&Server| server.verdict == Verdict::Dropped(DropReason::NoData);
                let mut silent = outcome.servers.iter().filter(unheard).peekable();
                if outcome.servers.iter().any(unsynchronised) {
                    Some(Obstacle::Unsynchronised)
                } else if silent.peek().is_none() {
                    // They answered, with what time does not mend.
                    None
                } else if silent.any(|server| server.contact.fault.is_none()) {
                    Some(Obstacle::Silence)
                } else {
                    Some(Obstacle::Route)
                }
            }
            _ => None,
        }
    }

    /// For the user: "waiting for …".
    pub(super) fn awaited(self) -> &'static str {
        match self {
            Obstacle::Names => "names to resolve",
            Obstacle::Route => "the network",
            Obstacle::Silence => "an answer",
            Obstacle::Unsynchronised => "a server to be synchronised",
        }
    }

    /// The pause before the next try, the `tries`-th since anything changed, from 0. What costs servers nothing is tried
    /// each second; what does, ever less often.
    pub(super) fn pause(self, tries: u32) -> Duration {
        let (first, most) = match self {
            Obstacle::Names | Obstacle::Route => (100, 700),
            Obstacle::Silence => (500, 8000),
            Obstacle::Unsynchronised => (2000, 16_000),
        };
        Duration::from_millis((first << tries.min(10)).min(most))
    }
}

/// How long one try may wait for an answer: longer each time, for slow lines.
pub(super) fn patience(tries: u32) -> Duration {
    Duration::from_millis(700 + 300 * u64::from(tries.min(10)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_a_limit() {
        let pauses = |obstacle: Obstacle| [0, 1, 2, 3, 4, 99].map(|tries| obstacle.pause(tries).as_millis());
        assert_eq!(pauses(Obstacle::Names), [100, 200, 400, 700, 700, 700]);
        assert_eq!(pauses(Obstacle::Silence), [500, 1000, 2000, 4000, 8000, 8000]);
        assert_eq!(pauses(Obstacle::Unsynchronised), [2000, 4000, 8000, 16_000, 16_000, 16_000]);
        assert_eq!([0, 1, 10, 99].map(|tries| patience(tries).as_millis()), [700, 1000, 3700, 3700]);
    }
}
