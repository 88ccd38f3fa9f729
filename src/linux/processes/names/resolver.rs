//! Names to addresses and back, by the helper.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use super::asked::{Asked, MOST_LATE, fail};
use super::messages::{Found, What};
use super::process::Names;
use crate::evidence::NameEvidence;
use crate::linux::net::lookup::literal;
use crate::linux::net::resolver::Collected;
use crate::linux::processes::channel::is_readable;
use crate::machine;
use crate::machine::{Lookups, Resolver};
use crate::net::{Family, ResolveError, Resolved};

impl Resolver for Names {
    fn begin(&self, names: &[String], family: Family, timeout: Duration) -> Box<dyn Lookups + '_> {
        let known = names.iter().map(|name| literal(name, family));
        let mut literals = Vec::new();
        for (place, resolved) in known.enumerate() {
            literals.extend(resolved.map(|resolved| machine::Answer { place, resolved, is_last: true }));
        }
        let mut open = vec![true; names.len()];
        literals.iter().for_each(|answer| open[answer.place] = false);
        let (mut number, is_asked) = (0, open.contains(&true));
        if is_asked {
            match self.ask(What::Addresses(names.to_vec(), family), 0, timeout) {
                Ok(asked) => number = asked,
                Err(error) => literals.extend(fail(&mut open, &error)),
            }
        }
        let left = MOST_LATE + 3 * open.len();
        let (added, first_added) = (Vec::new(), open.len());
        Box::new(Asked { names: self, family, number, is_asked, literals, open, added, first_added, timeout, left })
    }

    fn resolve(&self, names: &[String], family: Family, timeout: Duration) -> Vec<Resolved> {
        let end = Instant::now() + timeout;
        let mut lookups = self.begin(names, family, timeout);
        let mut found = Collected::new(names.len());
        loop {
            lookups.take().into_iter().for_each(|answer| found.add(answer));
            let stream = self.child.stream().ok().filter(|_| !found.is_complete());
            if !stream.is_some_and(|stream| is_readable(stream, end)) {
                return found.into_results(&ResolveError::TimedOut(timeout));
            }
        }
    }

    fn reverse(&self, addresses: &[IpAddr], timeout: Duration) -> Vec<Option<String>> {
        match self.wait_for(What::Names(addresses.to_vec()), timeout) {
            Some(Found::Names(names)) if names.len() == addresses.len() => names,
            _ => vec![None; addresses.len()],
        }
    }

    fn examine(&self, names: &[String], timeout: Duration) -> Vec<NameEvidence> {
        match self.wait_for(What::Examined(names.to_vec()), timeout) {
            Some(Found::Examined(found)) => found,
            _ => Vec::new(),
        }
    }
}
