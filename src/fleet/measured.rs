//! What a look at a clock comes to.

use std::net::IpAddr;

use crate::estimate::{Kiss, Rejection, Sample};
use crate::net::Fault;
use crate::time::Interval;
use crate::wire::{Leap, RefId, Stratum};

/// One clock's offset and how it was come by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measured {
    /// The clock minus the reference, which is this machine's clock where no other is named.
    pub offset: Interval,
    /// How far the offset may be from the truth about these two clocks: half the round trip, and the error of reading both.
    pub bound: Interval,
    /// The round trip.
    pub delay: Interval,
    /// The error that the clock claims against true time, seen from here (RFC 5905 A.5.5.2).
    pub root_distance: Interval,
    /// As it says.
    pub stratum: Stratum,
    /// As it says.
    pub leap: Leap,
    /// What it follows, as it says.
    pub refid: RefId,
}

impl Measured {
    /// Whether the clock says of itself that it follows nothing.
    pub fn is_unsynchronised(&self) -> bool {
        self.leap == Leap::Unsynchronised || self.stratum.effective() > 15
    }
}

/// Why a clock could not be measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The run ended before.
    NotAsked,
    /// No reply came to so many requests.
    Silent(usize),
    /// The kernel or a router says why.
    Fault(Fault),
    /// The server gives no time, and says so.
    Kiss(Kiss),
    /// The reply counts for nothing.
    Rejected(Rejection),
    /// The reply came from another address, which a firewall on the way may take for a stranger's.
    Elsewhere(IpAddr),
    /// The reference follows nothing itself.
    Unsynchronised,
    /// This machine's clock was set since the reference was asked.
    ClockMoved(Interval),
    /// The name leads to no address.
    NoAddress(String),
}

impl Measured {
    /// Against this machine's clock.
    pub(super) fn of(sample: &Sample) -> Measured {
        Measured {
            offset: sample.offset,
            bound: sample.delay / 2 + sample.dispersion,
            delay: sample.delay,
            root_distance: sample.root_distance(),
            stratum: sample.header.stratum,
            leap: sample.header.leap,
            refid: sample.header.refid,
        }
    }
}
