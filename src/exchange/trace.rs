//! What happened in which order, for -d.

use crate::estimate::{Kiss, Rejection};
use crate::net::Fault;

/// The most that is kept of one run, so that a flood does not fill the memory.
const MAX_EVENTS: usize = 10_000;

/// One thing that happened with a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TraceEvent {
    /// A request went out.
    Transmit,
    /// A datagram came in.
    Receive,
    /// The reply carries the code of our key.
    Authenticated,
    /// The reply was not used.
    Rejected(Rejection),
    /// The reply is kept to be shown, but its literal stratum is above 15.
    Unsynchronised(u8),
    /// The reply was an order (a kiss code).
    Kiss(Kiss),
    /// Much came in that answers no request: what more of it comes is dropped unseen and not counted.
    Flooded,
    /// The kernel reported that packets do not get through.
    Failed(Fault),
}

/// The course of a run, in order; each event with the place of its server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// The first events.
    pub events: Vec<(usize, TraceEvent)>,
    /// How many came after them.
    pub left_out: usize,
}

impl Trace {
    pub(super) fn push(&mut self, server: usize, event: TraceEvent) {
        if self.events.len() < MAX_EVENTS {
            self.events.push((server, event));
        } else {
            self.left_out += 1;
        }
    }
}
