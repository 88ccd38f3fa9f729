//! From host names to addresses, and back.

use std::net::{IpAddr, SocketAddr};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use super::lookup::{STACK, literal};
use super::lookups::look_up_all;
use crate::machine::{Answer, Resolver};
use crate::net::{Family, ResolveError, Resolved};

/// The C library's resolver, with all that /etc/nsswitch.conf names.
#[derive(Debug, Default)]
pub struct SystemResolver;

impl Resolver for SystemResolver {
    fn resolve(&self, names: &[String], family: Family, timeout: Duration) -> Vec<Resolved> {
        let end = Instant::now() + timeout;
        let (sender, receiver) = mpsc::channel();
        let mut found = Collected::new(names.len());
        // Addresses need neither a thread nor a name server.
        for (place, name) in names.iter().enumerate() {
            if let Some(resolved) = literal(name, family) {
                found.add(Answer { place, resolved, is_last: true });
            }
        }
        if !found.is_complete() {
            let all = names.to_vec();
            let work = move || look_up_all(&all, family, usize::MAX, |answer| sender.send(answer).is_ok());
            if let Err(error) = thread::Builder::new().stack_size(STACK).spawn(work) {
                return found.into_results(&ResolveError::NoThread(error.to_string()));
            }
        }
        while !found.is_complete()
            && let Ok(answer) = receiver.recv_timeout(end.saturating_duration_since(Instant::now()))
        {
            found.add(answer);
        }
        found.into_results(&ResolveError::TimedOut(timeout))
    }

    fn reverse(&self, addresses: &[IpAddr], timeout: Duration) -> Vec<Option<String>> {
        let end = Instant::now() + timeout;
        let (sender, receiver) = mpsc::channel();
        let mut names = vec![None; addresses.len()];
        for (place, address) in addresses.iter().copied().enumerate() {
            let sender = sender.clone();
            // A thread that still waits when the time is up ends with the process. One that cannot be had finds no name.
            let _ = thread::Builder::new().stack_size(STACK).spawn(move || {
                let found = dns_lookup::getnameinfo(&SocketAddr::new(address, 0), libc::NI_NAMEREQD);
                sender.send((place, found.ok().map(|(host, _)| host)))
            });
        }
        drop(sender);
        while let Ok((place, name)) = receiver.recv_timeout(end.saturating_duration_since(Instant::now())) {
            names[place] = name;
        }
        names
    }
}

/// The answers of a run of look-ups, put together for each name.
pub(crate) struct Collected {
    found: Vec<(Option<Resolved>, bool)>,
}

impl Collected {
    pub(crate) fn new(names: usize) -> Collected {
        Collected { found: vec![(None, false); names] }
    }

    pub(crate) fn add(&mut self, answer: Answer) {
        let Some((found, is_complete)) = self.found.get_mut(answer.place) else { return };
        match (&mut *found, answer.resolved) {
            (Some(Ok(known)), Ok(more)) => known.extend(more),
            (Some(Ok(_)), Err(_)) => {}
            (found, resolved) => *found = Some(resolved),
        }
        *is_complete |= answer.is_last;
    }

    pub(crate) fn is_complete(&self) -> bool {
        self.found.iter().all(|(_, is_complete)| *is_complete)
    }

    /// What came; this error for names without any answer.
    pub(crate) fn into_results(self, otherwise: &ResolveError) -> Vec<Resolved> {
        self.found.into_iter().map(|(found, _)| found.unwrap_or_else(|| Err(otherwise.clone()))).collect()
    }
}
