//! What came of the exchange with one server.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::authentication::Authentication;
use super::nts::NtsRecord;
use crate::estimate::{Candidate, Rejection};
use crate::net::Fault;
use crate::time::{Reading, Time};
use crate::wire::Header;

/// All that passed between us and one server.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Contact {
    /// The server.
    pub address: SocketAddr,
    /// Requests sent.
    pub sent: usize,
    /// Requests answered, in whatever way.
    pub answered: usize,
    /// The newest eight requests as bits, the newest lowest: set if it was answered.
    pub reach: u8,
    /// Datagrams that were not used, and the reason of the last.
    pub rejected: (usize, Option<Rejection>),
    /// What the kernel reported first.
    pub fault: Option<Fault>,
    /// Whether nothing shows that this report is about our packets: anybody may have made it up.
    pub is_rumour: bool,
    /// Requests that such a report ended, or kept from leaving.
    pub failed: usize,
    /// Requests whose reply came when it was not waited for any more; it counts all the same.
    pub late: usize,
    /// When the last request was sent, by this machine's clock.
    pub last_sent: Option<Time>,
    /// The last reply to a request of ours, whatever it was worth.
    pub last_reply: Option<Header>,
    /// What the replies proved, of a server that has to prove that it knows a key.
    pub authentication: Option<Authentication>,
    /// What the replies proved, of a server with NTS, and the cookies that are left.
    #[cfg_attr(not(feature = "nts"), serde(skip))]
    pub nts: Option<NtsRecord>,
    /// Whether the exchange came to its own end; the run ended before where it did not.
    pub is_finished: bool,
    /// What it measured, which crosses no border between processes with the rest.
    #[serde(skip)]
    pub candidate: Candidate,
}

impl Contact {
    /// The contact with a server to which nothing was sent, and of which nothing came.
    pub fn none(address: SocketAddr) -> Contact {
        Contact {
            address,
            sent: 0,
            answered: 0,
            reach: 0,
            rejected: (0, None),
            fault: None,
            is_rumour: false,
            failed: 0,
            late: 0,
            last_sent: None,
            last_reply: None,
            authentication: None,
            nts: None,
            is_finished: true,
            candidate: Candidate::default(),
        }
    }
}

impl Contact {
    /// Takes out the samples from before a movement of this machine's clock by something else, as the reading `now` shows it.
    pub(super) fn forget_overtaken(&mut self, now: &Reading) {
        let samples = &mut self.candidate.samples;
        let Some(moved) = samples.iter().find_map(|sample| sample.clock_moved(now)) else { return };
        let before = samples.len();
        samples.retain(|sample| sample.clock_moved(now).is_none());
        self.rejected = (self.rejected.0 + before - samples.len(), Some(Rejection::ClockMoved(moved)));
        self.candidate.is_overtaken = samples.is_empty();
    }
}
