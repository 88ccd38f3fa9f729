//! Names of which some are those of clocks.

use std::net::IpAddr;
use std::os::fd::BorrowedFd;
use std::time::Duration;

use super::Clocks;
use crate::evidence::NameEvidence;
use crate::machine::{Answer, Lookups, Resolver};
use crate::net::phc;
use crate::net::{Family, Resolved};

/// Names of servers by one way, those of clocks by the other.
pub struct WithClockNames<'a> {
    /// For the names of servers.
    pub names: &'a dyn Resolver,
    /// For those of clocks.
    pub clocks: &'a Clocks,
}

impl WithClockNames<'_> {
    /// The servers among the names, and their places.
    fn of_servers(names: &[String]) -> (Vec<usize>, Vec<String>) {
        names.iter().cloned().enumerate().filter(|(_, name)| !phc::is_clock(name)).unzip()
    }

    fn of_clocks(&self, names: &[String]) -> Vec<Answer> {
        let clocks = names.iter().enumerate().filter(|(_, name)| phc::is_clock(name));
        clocks.map(|(place, name)| Answer { place, resolved: self.clocks.resolve(name), is_last: true }).collect()
    }
}

impl Resolver for WithClockNames<'_> {
    fn resolve(&self, names: &[String], family: Family, timeout: Duration) -> Vec<Resolved> {
        let (_, servers) = Self::of_servers(names);
        let found = if servers.is_empty() { Vec::new() } else { self.names.resolve(&servers, family, timeout) };
        let mut found = found.into_iter();
        let resolve = |name: &String| {
            if phc::is_clock(name) { self.clocks.resolve(name) } else { found.next().unwrap_or_else(|| Ok(Vec::new())) }
        };
        names.iter().map(resolve).collect()
    }

    fn begin(&self, names: &[String], family: Family, timeout: Duration) -> Box<dyn Lookups + '_> {
        let (places, servers) = Self::of_servers(names);
        if servers.len() == names.len() {
            return self.names.begin(names, family, timeout);
        }
        let others = (!servers.is_empty()).then(|| self.names.begin(&servers, family, timeout));
        Box::new(MixedLookups { clocks: self.of_clocks(names), others, places, next: names.len() })
    }

    fn reverse(&self, addresses: &[IpAddr], timeout: Duration) -> Vec<Option<String>> {
        let is_server = |address: &&IpAddr| phc::number_of(**address).is_none();
        let servers: Vec<IpAddr> = addresses.iter().filter(is_server).copied().collect();
        let found = if servers.is_empty() { Vec::new() } else { self.names.reverse(&servers, timeout) };
        let mut found = found.into_iter();
        addresses.iter().map(|address| is_server(&address).then(|| found.next().flatten()).flatten()).collect()
    }

    fn examine(&self, names: &[String], timeout: Duration) -> Vec<NameEvidence> {
        self.names.examine(names, timeout)
    }
}

/// Look-ups of which some are answered from the start.
struct MixedLookups<'a> {
    clocks: Vec<Answer>,
    others: Option<Box<dyn Lookups + 'a>>,
    /// Where those stand among all names.
    places: Vec<usize>,
    /// The place of a name that is added.
    next: usize,
}

impl Lookups for MixedLookups<'_> {
    fn take(&mut self) -> Vec<Answer> {
        let mut answers = std::mem::take(&mut self.clocks);
        for answer in self.others.iter_mut().flat_map(|others| others.take()) {
            answers.extend(self.places.get(answer.place).map(|place| Answer { place: *place, ..answer }));
        }
        answers
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.others.as_ref()?.descriptor()
    }

    fn add(&mut self, name: &str) -> Option<usize> {
        let other = self.others.as_mut()?.add(name)?;
        let place = self.next;
        self.next += 1;
        // Names that are added stand behind the others there too.
        self.places.resize(other, usize::MAX);
        self.places.push(place);
        Some(place)
    }
}
