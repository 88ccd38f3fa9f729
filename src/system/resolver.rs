//! From host names to addresses, and back.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use dns_lookup::AddrInfoHints;

use crate::net::{Family, ResolveError, Resolved};

/// A source of addresses.
pub trait Resolver {
    /// All addresses of each name, in the order of the names, found in parallel and within `timeout`.
    fn resolve(&self, names: &[String], family: Family, timeout: Duration) -> Vec<Resolved>;

    /// The name of each address, where there is one and it is found within `timeout`.
    fn reverse(&self, addresses: &[IpAddr], timeout: Duration) -> Vec<Option<String>>;
}

/// The C library's resolver, with all that /etc/nsswitch.conf names.
#[derive(Debug, Default)]
pub struct SystemResolver;

impl Resolver for SystemResolver {
    fn resolve(&self, names: &[String], family: Family, timeout: Duration) -> Vec<Resolved> {
        // An address needs no thread and no name server.
        let mut resolved: Vec<Option<Resolved>> = names.iter().map(|name| literal(name, family)).collect();
        let open: Vec<usize> = (0..names.len()).filter(|place| resolved[*place].is_none()).collect();
        let questions: Vec<String> = open.iter().map(|place| names[*place].clone()).collect();
        let no_thread = |error: &io::Error| Err(ResolveError::NoThread(error.to_string()));
        let answers = in_parallel(&questions, timeout, move |name| lookup(&name, family), no_thread);
        for (place, answer) in open.into_iter().zip(answers) {
            resolved[place] = answer;
        }
        resolved.into_iter().map(|answer| answer.unwrap_or(Err(ResolveError::TimedOut(timeout)))).collect()
    }

    fn reverse(&self, addresses: &[IpAddr], timeout: Duration) -> Vec<Option<String>> {
        let work = |address| {
            dns_lookup::getnameinfo(&SocketAddr::new(address, 0), libc::NI_NAMEREQD).ok().map(|(host, _)| host)
        };
        let found = in_parallel(addresses, timeout, work, |_| None);
        found.into_iter().map(Option::flatten).collect()
    }
}

/// What `work` makes of each item within `timeout`, or `no_thread` of why there is no thread for it. The C library offers no way to stop a thread that still waits then: it
/// ends with the process.
fn in_parallel<T, R>(
    items: &[T],
    timeout: Duration,
    work: impl Fn(T) -> R + Copy + Send + 'static,
    no_thread: impl Fn(&io::Error) -> R,
) -> Vec<Option<R>>
where
    T: Clone + Send + 'static,
    R: Send + 'static,
{
    let end = Instant::now() + timeout;
    let (sender, receiver) = mpsc::channel();
    let mut results: Vec<Option<R>> = items.iter().map(|_| None).collect();
    for (place, item) in items.iter().cloned().enumerate() {
        let sender = sender.clone();
        let started = thread::Builder::new().stack_size(256 * 1024).spawn(move || sender.send((place, work(item))));
        // A machine without room for a thread still resolves the other names.
        results[place] = started.err().map(|error| no_thread(&error));
    }
    drop(sender);
    while let Ok((place, result)) = receiver.recv_timeout(end.saturating_duration_since(Instant::now())) {
        results[place] = Some(result);
    }
    results
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
