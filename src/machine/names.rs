//! From names to addresses and back, as a run asks for it.

use std::net::IpAddr;
use std::os::fd::BorrowedFd;
use std::time::Duration;

use crate::evidence::NameEvidence;
use crate::net::{Family, Resolved};

/// A source of addresses.
pub trait Resolver {
    /// All addresses of each name, in the order of the names, found in parallel and within `timeout`.
    fn resolve(&self, names: &[String], family: Family, timeout: Duration) -> Vec<Resolved>;

    /// Begins to look up the names, and does not wait where it need not.
    fn begin(&self, names: &[String], family: Family, timeout: Duration) -> Box<dyn Lookups + '_> {
        known(self.resolve(names, family, timeout))
    }

    /// The name of each address, where there is one and it is found within `timeout`.
    fn reverse(&self, addresses: &[IpAddr], timeout: Duration) -> Vec<Option<String>>;

    /// What name servers say of names that have no address, in their order, as far as it is known within `timeout`.
    fn examine(&self, _names: &[String], _timeout: Duration) -> Vec<NameEvidence> {
        Vec::new()
    }
}

/// Look-ups that are under way.
pub trait Lookups {
    /// What has come since the last call; does not wait for more.
    fn take(&mut self) -> Vec<Answer>;

    /// What can be read from when there is more to take.
    fn descriptor(&self) -> Option<BorrowedFd<'_>>;

    /// Looks up one more name; the place of its answers. Nothing where that cannot be.
    fn add(&mut self, _name: &str) -> Option<usize> {
        None
    }
}

/// Answers that are there from the start.
#[derive(Debug)]
struct Known(Vec<Answer>);

/// Look-ups that have come to these results, in the order of the names.
pub fn known(resolved: Vec<Resolved>) -> Box<dyn Lookups> {
    let answers = resolved.into_iter().enumerate();
    Box::new(Known(answers.map(|(place, resolved)| Answer { place, resolved, is_last: true }).collect()))
}

impl Lookups for Known {
    fn take(&mut self) -> Vec<Answer> {
        std::mem::take(&mut self.0)
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        None
    }
}

/// What is known of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Which of the names.
    pub place: usize,
    /// Addresses, besides those that came before; an error only where none came and none will.
    pub resolved: Resolved,
    /// No more will come.
    pub is_last: bool,
}
