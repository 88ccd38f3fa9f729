//! Nobody to speak with.

use std::net::SocketAddr;
use std::os::fd::BorrowedFd;
use std::time::Duration;

use crate::estimate::Candidate;
use crate::exchange::{Contact, Pace, Renewal, Standings, Trace, WithNts};
use crate::machine::Clock;
use crate::machine::servers::{Dialogue, DialogueError, Progressed, Servers};
use crate::nts::{Established, KeyFailure, KeyOrder};
use crate::time::{Reading, Time};
use crate::wire::KeyId;

/// No servers at all: where only clocks are read, nothing speaks with the network.
#[derive(Debug, Default)]
pub struct NoServers;

impl Servers for NoServers {
    fn begin(&mut self, _: &Pace, _: Duration, _: &Reading) -> Box<dyn Dialogue + '_> {
        Box::new(Silence)
    }

    fn check_chains(&mut self, questions: &[(usize, Time)]) -> Result<Vec<Result<(), KeyFailure>>, DialogueError> {
        Ok(questions.iter().map(|_| Err(no_way())).collect())
    }

    fn dismiss(&mut self) {}
}

/// Where there are no servers there are no keys.
fn no_way() -> KeyFailure {
    KeyFailure::Here("only clocks of this machine are read".to_owned())
}

struct Silence;

impl Standings for Silence {
    fn servers(&self) -> usize {
        0
    }

    fn measured(&self) -> Vec<(&Candidate, bool)> {
        Vec::new()
    }

    fn progress(&self) -> (usize, usize) {
        (0, 0)
    }

    fn active(&self) -> usize {
        0
    }

    fn is_served(&self) -> bool {
        false
    }

    fn is_refreshing(&self) -> bool {
        false
    }

    fn renewals(&self) -> Vec<(usize, Renewal)> {
        Vec::new()
    }
}

impl Dialogue for Silence {
    fn standings(&self) -> &dyn Standings {
        self
    }

    fn ask(&mut self, _: SocketAddr, _: Option<KeyId>, _: Duration) {}

    fn ask_with_nts(&mut self, _: SocketAddr, _: WithNts, _: Duration) {}

    fn renew(&mut self, _: usize, _: WithNts, _: Duration) {}

    fn exchange_keys(&mut self, _: KeyOrder, _: Duration) -> Result<(), KeyFailure> {
        Err(no_way())
    }

    fn established(&mut self) -> Vec<Established> {
        Vec::new()
    }

    fn proceed(&mut self, _: &dyn Clock, _: Duration) -> Progressed {
        Progressed::Done
    }

    fn watch(&mut self, _: BorrowedFd<'_>) {}

    fn unwatch(&mut self, _: BorrowedFd<'_>) {}

    fn wait(&mut self, clock: &dyn Clock, timeout: Duration) {
        clock.sleep(timeout);
    }

    fn refresh(&mut self, _: Duration, _: &dyn Clock) -> bool {
        false
    }

    fn finish(self: Box<Self>, _: &dyn Clock) -> Result<(Vec<Contact>, Trace), DialogueError> {
        Ok((Vec::new(), Trace::default()))
    }
}
