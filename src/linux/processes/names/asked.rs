//! A question for addresses, and what of the answers to it counts.

use std::io;
use std::os::fd::{AsFd as _, BorrowedFd};
use std::time::{Duration, Instant};

use super::messages::{Answer, Found, What};
use super::process::Names;
use crate::machine;
use crate::machine::Lookups;
use crate::net::{Family, ResolveError, Resolved};

/// How long what has come is taken in at a time.
const SLICE: Duration = Duration::from_millis(500);

/// Without addresses that were not asked for.
pub(super) fn of_family(mut found: Resolved, family: Family) -> Resolved {
    if let Ok(addresses) = &mut found {
        addresses.retain(|address| match family {
            Family::Any => true,
            Family::V4 => address.is_ipv4(),
            Family::V6 => address.is_ipv6(),
        });
    }
    found
}

/// One question for addresses.
pub(super) struct Asked<'a> {
    pub(super) names: &'a Names,
    pub(super) family: Family,
    pub(super) number: u32,
    /// Whether there is anything to look up.
    pub(super) is_asked: bool,
    /// What is known without an answer: addresses among the names, and that nobody looks up names any more.
    pub(super) literals: Vec<machine::Answer>,
    pub(super) open: Vec<bool>,
    /// The numbers of the questions for names that were added, which begin at this place.
    pub(super) added: Vec<u32>,
    pub(super) first_added: usize,
    pub(super) timeout: Duration,
    /// How many answers may still come, those to earlier questions counted.
    pub(super) left: usize,
}

/// Answers to earlier questions that may come besides those to this one, of which each name has at most three.
pub(super) const MOST_LATE: usize = 4096;
/// Addresses of one answer that are looked at; the run asks fewer.
const MOST_ADDRESSES: usize = 256;

impl Asked<'_> {
    pub(super) fn is_open(&self) -> bool {
        self.open.contains(&true)
    }

    /// What an answer says of a name that is still open.
    pub(super) fn take_in(&mut self, answer: Answer) -> Option<machine::Answer> {
        let Found::Addresses(place, resolved, is_last) = answer.found else { return None };
        // The same names are asked for each time: a late answer counts, but what an earlier question failed with says nothing of
        // now. And what was asked by the way has no say in addresses that were given.
        let counts = match place.checked_sub(self.first_added) {
            Some(added) => self.added.get(added) == Some(&answer.number),
            None => answer.number == self.number || resolved.is_ok(),
        };
        let open = self.open.get_mut(place).filter(|open| **open && counts)?;
        *open = !is_last;
        let few = |addresses: Vec<_>| addresses.into_iter().take(MOST_ADDRESSES).collect();
        Some(machine::Answer { place, resolved: of_family(resolved.map(few), self.family), is_last })
    }
}

impl Lookups for Asked<'_> {
    fn take(&mut self) -> Vec<machine::Answer> {
        let mut answers = std::mem::take(&mut self.literals);
        // What goes on talking has no more say than what is silent.
        let end = Instant::now() + SLICE;
        while self.is_open() && Instant::now() < end {
            match self.names.next(Instant::now()) {
                Ok(Some(_)) if self.left == 0 => {
                    let error = self.names.end(&io::Error::other("it answers what it was not asked"));
                    answers.extend(fail(&mut self.open, &error));
                }
                Ok(Some(answer)) => {
                    self.left -= 1;
                    answers.extend(self.take_in(answer));
                }
                Ok(None) => break,
                Err(error) => answers.extend(fail(&mut self.open, &error)),
            }
        }
        answers
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.is_asked.then(|| self.names.child.stream().ok()).flatten().map(|stream| stream.as_fd())
    }

    fn add(&mut self, name: &str) -> Option<usize> {
        let place = self.open.len();
        let what = What::Addresses(vec![name.to_owned()], self.family);
        let number = self.names.ask(what, place, self.timeout).ok()?;
        self.added.push(number);
        self.open.push(true);
        self.left += 3;
        self.is_asked = true;
        Some(place)
    }
}

/// The last answer for all names that are open, which are closed by that.
pub(super) fn fail(open: &mut [bool], error: &ResolveError) -> Vec<machine::Answer> {
    let failed = open.iter_mut().enumerate().filter(|(_, open)| **open);
    failed
        .map(|(place, open)| {
            *open = false;
            machine::Answer { place, resolved: Err(error.clone()), is_last: true }
        })
        .collect()
}
