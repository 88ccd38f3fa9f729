//! From host names to addresses, and back.

use std::net::{IpAddr, SocketAddr};
use std::os::fd::BorrowedFd;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use dns_lookup::AddrInfoHints;

use super::lookups::{Answer, look_up_all};
use crate::diagnosis::NameEvidence;
use crate::net::{Family, ResolveError, Resolved};

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

/// What the C library's resolver has room in.
pub(super) const STACK: usize = 256 * 1024;

/// The answers of a run of look-ups, put together for each name.
pub(super) struct Collected {
    found: Vec<(Option<Resolved>, bool)>,
}

impl Collected {
    pub(super) fn new(names: usize) -> Collected {
        Collected { found: vec![(None, false); names] }
    }

    pub(super) fn add(&mut self, answer: Answer) {
        let Some((found, is_complete)) = self.found.get_mut(answer.place) else { return };
        match (&mut *found, answer.resolved) {
            (Some(Ok(known)), Ok(more)) => known.extend(more),
            (Some(Ok(_)), Err(_)) => {}
            (found, resolved) => *found = Some(resolved),
        }
        *is_complete |= answer.is_last;
    }

    pub(super) fn is_complete(&self) -> bool {
        self.found.iter().all(|(_, is_complete)| *is_complete)
    }

    /// What came; this error for names without any answer.
    pub(super) fn into_results(self, otherwise: &ResolveError) -> Vec<Resolved> {
        self.found.into_iter().map(|(found, _)| found.unwrap_or_else(|| Err(otherwise.clone()))).collect()
    }
}

/// The answer for a name that is an address itself.
pub(super) fn literal(name: &str, family: Family) -> Option<Resolved> {
    let address: IpAddr = name.parse().ok()?;
    Some(if matches!((family, address), (Family::V4, IpAddr::V6(_)) | (Family::V6, IpAddr::V4(_))) {
        let text = format!("it is not an IPv{} address", if family == Family::V4 { 4 } else { 6 });
        Err(ResolveError::NoAddress { text, code: libc::EAI_FAMILY })
    } else {
        Ok(vec![SocketAddr::new(address, 0)])
    })
}

pub(super) fn lookup(name: &str, family: Family) -> Resolved {
    if let Some(answer) = literal(name, family) {
        return answer;
    }
    let address = match family {
        Family::Any => libc::AF_UNSPEC,
        Family::V4 => libc::AF_INET,
        Family::V6 => libc::AF_INET6,
    };
    let hints = AddrInfoHints { socktype: libc::SOCK_DGRAM, address, ..AddrInfoHints::default() };
    let found = dns_lookup::getaddrinfo(Some(name), None, Some(hints)).map_err(|error| explain(&error))?;
    Ok(found.filter_map(Result::ok).map(|info| info.sockaddr).collect())
}

fn explain(error: &dns_lookup::LookupError) -> ResolveError {
    let code = error.error_num();
    let text = std::io::Error::from(dns_lookup::LookupError::new(code)).to_string();
    let text = text.rsplit_once("information: ").map_or(text.clone(), |(_, cause)| cause.to_owned());
    match code {
        libc::EAI_AGAIN | libc::EAI_FAIL | libc::EAI_SYSTEM | libc::EAI_MEMORY => {
            ResolveError::NameServer { text, code }
        }
        _ => ResolveError::NoAddress { text, code },
    }
}
