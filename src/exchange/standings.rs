//! What is known of the servers while they are asked, in whichever process that happens.

use super::{Exchange, Renewal};
use crate::estimate::Candidate;

/// What a run looks at to see whether it has heard enough.
pub trait Standings {
    /// How many servers there are.
    fn servers(&self) -> usize;

    /// What has been measured so far of each server, and whether its own part still goes on.
    fn measured(&self) -> Vec<(&Candidate, bool)>;

    /// How many requests have been answered, and how many there will be at the most.
    fn progress(&self) -> (usize, usize);

    /// With how many servers the exchange still goes on.
    fn active(&self) -> usize;

    /// Whether any server has measured something.
    fn is_served(&self) -> bool;

    /// Whether a server that was asked once more has not answered yet.
    fn is_refreshing(&self) -> bool;

    /// The servers whose keys should be exchanged anew.
    fn renewals(&self) -> Vec<(usize, Renewal)>;
}

impl Standings for Exchange {
    fn servers(&self) -> usize {
        Exchange::servers(self)
    }

    fn measured(&self) -> Vec<(&Candidate, bool)> {
        self.standings().collect()
    }

    fn progress(&self) -> (usize, usize) {
        Exchange::progress(self)
    }

    fn active(&self) -> usize {
        Exchange::active(self)
    }

    fn is_served(&self) -> bool {
        Exchange::is_served(self)
    }

    fn is_refreshing(&self) -> bool {
        Exchange::is_refreshing(self)
    }

    fn renewals(&self) -> Vec<(usize, Renewal)> {
        Exchange::renewals(self).collect()
    }
}
